"""What a web process does before it takes its first request, so that nobody waits for it: every
address imported, every template of a page read.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.template.loader import get_template
from django.urls import reverse

PAGES: Path = settings.BASE_DIR / "templates"
# Of the admin's theme only what every page of it is made of; the rest is read when asked for.
ADMIN = ("admin/change_list.html", "admin/change_form.html")


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
