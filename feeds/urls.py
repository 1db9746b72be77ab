"""Addresses of the venues' page."""

from django.urls import path

from feeds import views

urlpatterns = [
    path("venues/", views.venues, name="venues"),
    path("venues/<slug:slug>/halt/", views.halt_venue, name="halt-venue"),
]
