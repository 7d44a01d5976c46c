"""The plain relay's other end: one program on a terminal. Says "ready" when it listens."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import django
import uvloop

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.plain.settings")
django.setup()

from channels.layers import get_channel_layer  # noqa: E402 - needs the settings

from bench import bare  # noqa: E402


async def relay(code: str) -> None:
    layer = get_channel_layer()
    assert layer is not None
    channel = await layer.new_channel()
    await layer.group_add("input", channel)
    with bare.on_terminal([bare.PYTHON, "-c", code]) as master:
        written: asyncio.Queue[bytes] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        loop.add_reader(master, lambda: written.put_nowait(bare.read(master)))
        sending = asyncio.create_task(_send(layer, written))
        print("ready", flush=True)
        try:
            while True:
                message = await layer.receive(channel)
                os.write(master, message["data"].encode())
        finally:
            sending.cancel()


async def _send(layer: Any, written: asyncio.Queue[bytes]) -> None:
    while True:
        data = (await written.get()).decode()
        await layer.group_send("output", {"type": "job.output", "data": data})


if __name__ == "__main__":
    uvloop.install()
    asyncio.run(relay(sys.argv[1]))
