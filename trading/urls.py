"""Addresses of the trading pages."""

from django.urls import path

from trading import opportunities, views

urlpatterns = [
    path("", views.edges, name="edges"),
    path("edges/<str:name>/explain/", views.explanation, name="explanation"),
    path("deals/", views.deals, name="deals"),
    path("deals/<path:deal_id>/choose/", views.choose, name="choose"),
    path("deals/<path:deal_id>/naked/", views.naked, name="naked"),
    path("deals/<path:deal_id>/trace/", views.trace, name="trace"),
    path("deals/<path:deal_id>/unwind/", views.unwind, name="unwind"),
    path("deals/<path:deal_id>/", views.deal, name="deal"),
    path("opportunities/", opportunities.opportunities, name="opportunities"),
    path("opportunities.csv", opportunities.opportunities_csv, name="opportunities-csv"),
    path("more/", views.more, name="more"),
    path("halt/", views.halt, name="halt"),
    path("resume/", views.resume, name="resume"),
    path("pairs/<path:slug>/approve/", views.approve, name="approve-pair"),
    path("pairs/<path:slug>/exposed/", views.exposed, name="exposed-pair"),
    path("pairs/<path:slug>/block/", views.block, name="block-pair"),
    path("styleguide/", views.styleguide, name="styleguide"),
]
