"""Every address of the site: each app's pages, the API, the admin, login, health."""

from __future__ import annotations

import importlib
import importlib.util

from django.contrib import admin
from django.contrib.auth import views
from django.urls import URLPattern, URLResolver, include, path

from arbsite.health import healthz, readyz

PAGES = ("trading", "markets", "risk", "feeds")

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("accounts/login/", views.LoginView.as_view(), name="login"),
    path("accounts/logout/", views.LogoutView.as_view(), name="logout"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
if importlib.util.find_spec("arbsite.api"):
    urlpatterns.append(path("api/", importlib.import_module("arbsite.api").api.urls))
urlpatterns += [
    path("", include(f"{app}.urls")) for app in PAGES if importlib.util.find_spec(f"{app}.urls")
]
