"""An honest job that runs beside every attack, with secrets in all the places a job has.

It answers each line that it is given, so it also shows that nobody disturbed it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from websockets.exceptions import WebSocketException

from executor_app.runner.host import safe_name
from tests.hostile.canaries import Canaries
from tests.server.client import Client, connect
from tests.stack import Stack

# Its first life gives it the environment of its second.
CODE = """
import ctypes, os, socket, sys
argument, environment, home, tmp, shm, segment, queue, name, key = sys.argv[1:]
if "NEIGHBOUR_SECRET" not in os.environ:
    os.environ["NEIGHBOUR_SECRET"] = environment
    os.execv("/usr/bin/python3", ["python3", __file__, *sys.argv[1:]])
os.umask(0)
for place, secret in ((".", home), ("/tmp", tmp), ("/dev/shm", shm)):
    with open(f"{place}/{name}", "w") as file: file.write(secret)
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
at = libc.shmat(libc.shmget(int(key), 4096, 0o1666), None, 0)
ctypes.memmove(at, segment.encode(), len(segment))
messages = libc.mq_open(f"/{name}".encode(), os.O_RDWR | os.O_CREAT, 0o666, None)
libc.mq_send(messages, queue.encode(), len(queue), 0)
listener = socket.socket(socket.AF_UNIX)
listener.bind(chr(0) + name)
listener.listen()
listener.setblocking(False)
while (line := input()) != "end":
    try: listener.accept(); print("somebody came")
    except BlockingIOError: print("well", line)
"""
SECRETS = ("argument", "environment", "home", "/tmp", "/dev/shm", "System V segment", "queue")


class Neighbour:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._asked = 0
        self._well = True
        self._lock = asyncio.Lock()

    async def is_well(self) -> bool:
        """Whether it answers as it should."""
        async with self._lock:
            self._asked += 1
            try:
                if self._well:
                    await self._client.answer(str(self._asked))
                    await self._client.until_output(f"well {self._asked}\n")
            except (TimeoutError, OSError, WebSocketException):
                self._well = False
            return self._well and "somebody came" not in self._client.text()


@asynccontextmanager
async def living(stack: Stack, canaries: Canaries) -> AsyncIterator[Neighbour]:
    """Runs it, and adds what is secret there and where it is to the canaries."""
    name, key = f"neighbour-{secrets.token_hex(4)}", secrets.randbelow(1 << 30) + 1
    held = [canaries.secret(f"the neighbour's {what}") for what in SECRETS]
    async with connect(stack.socket_url) as client:
        accepted = await client.execute("python", CODE, args=[*held, name, str(key)])
        await client.until("input_request")
        folder = next(stack.state.glob(f"executors/*/jobs/{safe_name(accepted['job_id'])}"))
        canaries.places |= {
            "neighbour_pid": str(_pid_with(held[0])),
            "neighbour_folder": str(folder.resolve()),
            "neighbour_name": name,
            "neighbour_key": str(key),
        }
        yield Neighbour(client)
        await client.answer("end")
        assert (await client.until("complete"))["status"] == "completed", client.frames[-5:]


def _pid_with(argument: str) -> int:
    """The process that has it among its arguments, as this host numbers it."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                if argument.encode() in (folder / "cmdline").read_bytes():
                    return int(folder.name)
            except OSError:
                continue
    raise LookupError("the neighbour does not run")
