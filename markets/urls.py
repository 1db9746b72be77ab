"""Addresses of the pairs pages."""

from django.urls import path

from markets import views

urlpatterns = [
    path("pairs/", views.pairs, name="pairs"),
    path("pairs/<path:slug>/approve/", views.approve, name="approve-pair"),
    path("pairs/<path:slug>/block/", views.block, name="block-pair"),
    path("pairs/<path:slug>/", views.pair, name="pair"),
]
