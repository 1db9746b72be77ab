"""What is ready before the first request."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
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


def test_static_files_are_collected_once_and_again_when_one_is_newer(
    settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "from").mkdir()
    (tmp_path / "requirements.lock").touch()
    own = tmp_path / "from" / "app.css"
    own.write_text("body {}")
    settings.BASE_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "to"
    settings.STATICFILES_DIRS = [tmp_path / "from"]
    settings.INSTALLED_APPS = ["django.contrib.staticfiles"]
    manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": manifest}}

    assert [warm.collect(), warm.collect()] == [True, False]
    assert list((tmp_path / "to").glob("app.*.css"))

    later = (tmp_path / "to" / "staticfiles.json").stat().st_mtime + 10
    os.utime(own, (later, later))
    assert warm.collect()


def test_files_that_cannot_be_written_are_one_sentence(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "to").write_text("a file in the way")
    settings.BASE_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "to"
    settings.STATICFILES_DIRS = []
    manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": manifest}}
    with pytest.raises(SystemExit, match="cannot be written to"):
        warm.collect()
