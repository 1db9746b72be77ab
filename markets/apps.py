"""Registers the markets app."""

from django.apps import AppConfig


class MarketsConfig(AppConfig):
    """The markets app."""

    name = "markets"
    default_auto_field = "django.db.models.BigAutoField"
