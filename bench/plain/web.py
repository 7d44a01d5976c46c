"""The plain relay's socket: every line to the one program, all that it writes to everybody."""

from __future__ import annotations

import json
import os
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.plain.settings")
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402 - needs the settings
from channels.routing import ProtocolTypeRouter  # noqa: E402


class PlainConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add("output", self.channel_name)
        await self.accept()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        line = json.loads(text_data or "{}")["data"] + "\n"
        await self.channel_layer.group_send("input", {"type": "job.input", "data": line})

    async def job_output(self, message: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps({"type": "output", "data": message["data"]}))


application = ProtocolTypeRouter({"websocket": PlainConsumer.as_asgi()})
