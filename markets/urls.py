"""Addresses of the pairs pages."""

from django.urls import path

from markets import calculators, views

urlpatterns = [
    path("tools/", calculators.calculator, name="tools"),
    path("tools/<slug:name>/", calculators.calculator, name="tool"),
    path("pairs/", views.pairs, name="pairs"),
    path("pairs/<path:slug>/", views.pair, name="pair"),
]
