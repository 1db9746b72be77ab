"""Addresses of the venues' page."""

from django.urls import path

from feeds import views

urlpatterns = [
    path("venues/", views.venues, name="venues"),
    path("venues/latency/", views.latency, name="venue-latency"),
    path("venues/rejects/", views.rejects, name="venue-rejects"),
    path("venues/fees/", views.fees_charged, name="venue-fees"),
    path("venues/calendar/", views.calendar, name="venue-calendar"),
    path("venues/<slug:slug>/halt/", views.halt_venue, name="halt-venue"),
    path("settings/venues/", views.settings_venues, name="settings-venues"),
    path("quotes/<path:slug>/", views.quotes, name="quotes"),
]
