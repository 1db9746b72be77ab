"""The site's entry for the web server: pages over http, pictures over websockets."""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import Any

import django
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbsite.settings")
django.setup()
ready = importlib.import_module("arbsite.warm")
ready.collect()  # before the middleware looks for them
http = get_asgi_application()
ready.warm()

if importlib.util.find_spec("trading.routing"):
    patterns = importlib.import_module("trading.routing").websocket_urlpatterns
else:
    patterns = []

pages = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(patterns)))
# Programs send no Origin; their token is in a header that no foreign page can set.
programs = importlib.import_module("arbsite.streams").Stream.as_asgi()


async def websocket(scope: Any, receive: Any, send: Any) -> None:
    """The socket of programs, or those of pages."""
    await (programs if scope["path"] == "/ws/stream" else pages)(scope, receive, send)


application = ProtocolTypeRouter({"http": http, "websocket": websocket})
