"""What is ready before the first request."""

from __future__ import annotations

from typing import Any

from django.template import engines
from django.urls import clear_url_caches, get_resolver

from arbsite import warm


def test_addresses_and_templates_are_ready_before_the_first_request() -> None:
    engine: Any = engines["django"]
    loader = engine.engine.template_loaders[0]
    loader.reset()
    clear_url_caches()

    count = warm.warm()

    resolver: Any = get_resolver()
    assert resolver._populated
    read = {key for key, found in loader.get_template_cache.items() if not isinstance(found, type)}
    assert {"trading/edges.html", "base.html", "admin/change_list.html"} <= read
    assert len(read) >= count
