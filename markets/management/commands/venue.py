"""`manage.py venue SLUG`: shows or changes one venue's configuration."""

from __future__ import annotations

ADDRESSES = ("rest_url", "ws_url", "gamma_url", "data_url", "site_url")
OPTIONS = (*ADDRESSES, "mode", "name", "short", "rate_tier")
