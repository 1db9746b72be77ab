"""Registers the site and its system checks."""

from django.apps import AppConfig


class ArbsiteConfig(AppConfig):
    """The site."""

    name = "arbsite"

    def ready(self) -> None:
        """Register the system checks."""
        from arbsite import checks  # noqa: F401  registering is its effect
