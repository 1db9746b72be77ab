"""Addresses of settings and audit."""

from django.urls import path

from risk import holdings_view, own_views, rows_views, views

urlpatterns = [
    path("positions/", holdings_view.positions, name="positions"),
    path("settings/", views.limits, name="settings"),
    path("settings/override/", views.override, name="override"),
    path("settings/profile/", views.use_profile, name="use-profile"),
    path("settings/changes/<int:number>/", views.decide, name="decide-change"),
    path("settings/strategies/", rows_views.strategies, name="strategies"),
    path("settings/stops/", views.stops, name="stops"),
    path("settings/alerts/", own_views.alerts, name="settings-alerts"),
    path("settings/me/", own_views.me, name="settings-me"),
    path("audit/", views.audit, name="audit"),
    path("audit.csv", own_views.audit_csv, name="audit-csv"),
    path("audit/<int:number>/revert/", views.revert, name="revert"),
]
