"""Registers the feeds app."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    """The feeds app."""

    name = "feeds"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the pages' socket of the page that this app renews."""
        from feeds.venue_page import venues_html
        from trading.consumers import SLOW_PAGES

        SLOW_PAGES["venues"] = venues_html
