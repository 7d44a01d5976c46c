"""A web process that is stopped or killed: its clients hear of it, come back, and go on."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest

from tests.edge.raw import handshake
from tests.server.client import connect
from tests.server.parts import Parts
from tests.stack import free_port

pytestmark = pytest.mark.slow
ASKS_TWICE = "print(input('first? '))\nprint(input('second? '))"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """All of Codr, and another web process beside the first."""
    parts = Parts(
        tmp_path_factory.mktemp("codr-web"), {"CODR_EXECUTOR_NAME": f"web-stops-{free_port()}"}
    )
    try:
        parts.start("redis")
        for name in ("executor", "recorder", "web"):
            parts.start(name)
        parts.start("web", "other")
        parts.until_ready()
        yield parts
    finally:
        parts.stop_all()


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 1012), (signal.SIGINT, 1012), (signal.SIGKILL, 1006)],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_a_client_of_a_stopped_web_process_goes_on_at_another(
    parts: Parts, number: signal.Signals, code: int
) -> None:
    async with connect(parts.url()) as client:
        job = await client.execute("python", ASKS_TWICE)
        await client.until("input_request")
        await client.answer("one")
        await client.until("input_request")
        stopping = asyncio.to_thread(parts.stop, "web", number)
        assert (await asyncio.gather(stopping, client.closed()))[1] == code
    seen = client.frames[-1]["seq"]
    async with connect(parts.url("other"), after=seen) as again:
        await again.send({"type": "attach", "job_id": job["job_id"], "after": seen})
        await again.until("accepted")
        await again.answer("two")
        assert (await again.until("complete"))["status"] == "completed"
    assert client.text() + again.text() == "one\ntwo\n"
    assert "Traceback" not in parts.log("web")
    parts.start("web")


async def test_a_stopped_web_process_waits_for_no_client_that_does_not_listen(
    parts: Parts,
) -> None:
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", parts.ports["web"])
        writer.write(handshake())
        await reader.readuntil(b"\r\n\r\n")
        began = time.monotonic()
        await asyncio.to_thread(parts.stop, "web")
        assert time.monotonic() - began < 10
        # A close frame with its code, and then nothing for who has not answered it.
        assert (await reader.read())[2:4] == (1012).to_bytes(2, "big")
        writer.close()
    parts.start("web")
