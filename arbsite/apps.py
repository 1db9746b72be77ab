"""Registers the site, its system checks and its job queue."""

from django.apps import AppConfig


class ArbsiteConfig(AppConfig):
    """The site."""

    name = "arbsite"

    def ready(self) -> None:
        """Register the system checks, and the job queue that `delay()` sends to."""
        from arbsite import celery, checks  # noqa: F401  registering is their effect
