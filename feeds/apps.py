"""Registers the feeds app."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    """The feeds app."""

    name = "feeds"
    default_auto_field = "django.db.models.BigAutoField"
