"""How the admin looks and what stands in its sidebar: the `UNFOLD` setting.

Callbacks are dotted paths, called when a page is shown.
"""

from __future__ import annotations

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy


def _item(title: str, icon: str, model: str, badge: str = "") -> dict[str, Any]:
    app, name = model.split(".")
    found = {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": _may_view(app, name),
    }
    return {**found, "badge": badge} if badge else found


def _may_view(app: str, name: str) -> Any:
    return lambda request: request.user.has_perm(f"{app}.view_{name}")


def _navigation() -> list[dict[str, Any]]:
    return [
        {
            "title": "Watch",
            "items": [
                {
                    "title": "Live edges",
                    "icon": "monitoring",
                    "link": "/",
                    "active": lambda request: False,
                },
                _item("Workers", "ecg_heart", "trading.workerheartbeat"),
            ],
        },
        {
            "title": "Decide",
            "items": [
                _item("Pairs", "link", "markets.marketpair", "arbsite.admin_site.pairs_waiting"),
                _item("Block rules", "block", "markets.blockrule"),
                _item("Matching policy", "rule_settings", "markets.matchpolicy"),
                _item("Allowed sources", "verified", "markets.sourceallow"),
                _item("Categories", "category", "markets.categoryrule"),
                _item("Limits", "tune", "risk.threshold"),
                _item("Strategies", "experiment", "risk.feature"),
                _item("Jurisdictions", "gavel", "risk.jurisdiction"),
                _item("Maintenance", "event_busy", "markets.maintenance"),
                _item("Friction", "toll", "markets.frictionpack"),
                _item("Engine mode", "toggle_on", "risk.enginesetting"),
                _item("Armings", "key_vertical", "feeds.arming"),
                _item("Credentials", "vpn_key", "feeds.credential"),
                _item("Change sets", "difference", "risk.changeset"),
                _item("Venues", "hub", "markets.venue"),
                _item("Place checks", "location_on", "risk.geocheck"),
                _item("Revisions", "history", "markets.configrevision"),
            ],
        },
        {
            "title": "Traded",
            "items": [
                _item("Deals", "handshake", "trading.deal"),
                _item("Orders", "receipt_long", "trading.order"),
                _item("Fills", "done_all", "trading.fill"),
                _item("Positions", "account_balance_wallet", "trading.position"),
                _item("Decisions", "rule", "trading.decision"),
                _item("Edge samples", "query_stats", "trading.edgesample"),
                _item("Commands", "terminal", "trading.command"),
                _item("Statistics", "insights", "trading.workerstats"),
            ],
        },
        {
            "title": "Site",
            "items": [
                _item("Markets", "storefront", "markets.market"),
                _item("Catalogue runs", "sync", "markets.syncrun"),
                _item("Matching runs", "join_inner", "markets.matchrun"),
                _item("Refused matches", "close", "markets.matchcandidate"),
                _item("Match cases", "school", "markets.teachcase"),
                _item("Fee schedules", "receipt", "markets.feeschedule"),
                _item("Jobs", "schedule", "django_celery_beat.periodictask"),
                _item("Users", "person", "auth.user"),
                _item("API tokens", "key", "trading.apitoken"),
                _item("Second factors", "phonelink_lock", "otp_totp.totpdevice"),
                _item("Sign-ins", "login", "axes.accesslog"),
                _item("Failed sign-ins", "no_accounts", "axes.accessfailurelog"),
                _item("Sign-in locks", "lock_clock", "axes.accessattempt"),
            ],
        },
    ]


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Arbsite",
    "SITE_HEADER": "Arbsite",
    "SITE_SUBHEADER": "Control",
    "SITE_SYMBOL": "balance",
    "SITE_URL": "/",
    "SHOW_HISTORY": False,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("favicon.svg"),
        }
    ],
    # Colours stand in static/admin.css. A dictionary here would be merged into the theme's own and
    # written into every page as an inline style.
    "COLORS": lambda request: {},
    "STYLES": [lambda request: static("admin.css")],
    "ENVIRONMENT": "arbsite.admin_site.environment",
    "COMMAND": {"search_models": ["markets.market", "markets.marketpair", "trading.deal"]},
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": True,
        "navigation": _navigation(),
    },
}
