"""What a web process does before it takes its first request, so that nobody waits for it: the
files it serves collected, every address imported, every template of a page read.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.storage import ManifestFilesMixin, staticfiles_storage
from django.core.management import call_command
from django.template.loader import get_template
from django.urls import reverse

PAGES: Path = settings.BASE_DIR / "templates"
# Of the admin's theme only what every page of it is made of; the rest is read when asked for.
ADMIN = ("admin/change_list.html", "admin/change_form.html")


def collect() -> bool:
    """Collects the files that pages name, where that was never done or a file is newer; whether it
    was needed.

    Errors: `SystemExit` with a sentence where they cannot be written.
    """
    try:
        if not is_old():
            return False
        call_command("collectstatic", interactive=False, verbosity=0)
    except OSError as problem:
        raise SystemExit(
            f"The files of the pages cannot be written to {settings.STATIC_ROOT}: {problem}. Make "
            "it writable, or run `manage.py collectstatic` as somebody who may."
        ) from None
    return True


def is_old() -> bool:
    """Whether what is collected is not there, or older than one of our files."""
    if not isinstance(staticfiles_storage, ManifestFilesMixin):
        return False
    manifest = settings.STATIC_ROOT / staticfiles_storage.manifest_name
    return not manifest.exists() or manifest.stat().st_mtime < newest()


def newest() -> float:
    """When the newest of our own static files, or the list of what is installed, was changed."""
    ours = [path for folder in settings.STATICFILES_DIRS for path in Path(folder).rglob("*.*")]
    return max(path.stat().st_mtime for path in (*ours, settings.BASE_DIR / "requirements.lock"))


def warm() -> int:
    """Imports and reads it all; the number of templates. Errors: whatever is wrong with them."""
    reverse("login")  # imports every address, and sorts them
    names = [*template_names(), *ADMIN]
    for name in names:
        get_template(name)
    return len(names)


def template_names() -> list[str]:
    """Our own pages and parts of pages, by the names they are asked for under."""
    found = sorted(PAGES.rglob("*.html"))
    return [path.relative_to(PAGES).as_posix() for path in found]
