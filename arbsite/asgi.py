"""The site's entry for the web server: pages over http, pictures over websockets."""

from __future__ import annotations

import importlib
import importlib.util
import os

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "arbsite.settings")
http = get_asgi_application()

if importlib.util.find_spec("trading.routing"):
    patterns = importlib.import_module("trading.routing").websocket_urlpatterns
else:
    patterns = []

application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(patterns))),
    }
)
