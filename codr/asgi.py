"""What Daphne serves: Django for HTTP, the consumer for the socket."""

from __future__ import annotations

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from channels.sessions import CookieMiddleware
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codr.settings")
django_application = get_asgi_application()

from executor_app.routing import websocket_urlpatterns  # noqa: E402 - after Django is set up

application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": CookieMiddleware(URLRouter(websocket_urlpatterns)),
    }
)
