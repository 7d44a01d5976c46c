"""The addresses of WebSocket."""

from __future__ import annotations

from typing import Any

from django.urls import path

from .consumers import ExecuteConsumer

# Channels' own types know of no Django URL pattern, which its documentation asks for.
websocket_urlpatterns: list[Any] = [path("ws/execute", ExecuteConsumer.as_asgi())]  # type: ignore[arg-type]
