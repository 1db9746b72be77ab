"""The one socket of a page."""

from django.urls import path

from trading.consumers import LivePage

websocket_urlpatterns = [path("ws/", LivePage.as_asgi())]  # type: ignore[arg-type]
