"""The addresses of WebSocket."""

from __future__ import annotations

from typing import Any

from django.urls import path, re_path

from .consumers import ExecuteConsumer


async def nothing_here(scope: Any, receive: Any, send: Any) -> None:
    """Channels makes an exception of it, with a stack trace in the log. Anybody may mistype."""
    await send({"type": "websocket.close"})


# Channels' own types know of no Django URL pattern, which its documentation asks for.
websocket_urlpatterns: list[Any] = [
    path("ws/execute", ExecuteConsumer.as_asgi()),  # type: ignore[arg-type]
    re_path("", nothing_here),  # type: ignore[arg-type]
]
