"""Every address of the site: each app's pages, the API, the admin, login, health."""

from __future__ import annotations

import importlib
import importlib.util

from django.contrib import admin
from django.contrib.auth import views
from django.urls import URLPattern, URLResolver, include, path

from arbsite import account
from arbsite.api import Caller, api
from arbsite.health import healthz, readyz
from arbsite.streams import view_of

PAGES = ("trading", "markets", "risk", "feeds")

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/login/", account.admin_login, name="admin-login"),
    path("admin/", admin.site.urls),
    path("accounts/login/", account.SignIn.as_view(), name="login"),
    path("accounts/logout/", views.LogoutView.as_view(), name="logout"),
    path("account/", account.account, name="account"),
    path("account/second-factor/", account.factor, name="second-factor"),
    path("account/second-factor/remove/", account.remove_factor, name="remove-second-factor"),
    path("account/tokens/", account.make_token, name="make-token"),
    path("account/tokens/<int:number>/revoke/", account.revoke_token, name="revoke-token"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("api/stream", view_of(Caller()), name="stream"),
    path("api/", api.urls),
]
urlpatterns += [
    path("", include(f"{app}.urls")) for app in PAGES if importlib.util.find_spec(f"{app}.urls")
]
