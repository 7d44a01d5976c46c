"""PostgreSQL cut off, frozen or stopped: what runs goes on, and who comes is told at once."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from typing import Final

import pytest

from tests.hosts.site import Site
from tests.server.client import Client

pytestmark = pytest.mark.slow

AWAY_S: Final = 8.0
# How long somebody may wait for being told that it cannot be done now.
TOLD_S: Final = 10.0
ECHOES: Final = """
while (line := input("> ")) != "end":
    print(line)
"""


def _cut(site: Site) -> None:
    site.host("postgres").cut()


def _restore(site: Site) -> None:
    site.host("postgres").restore()


def _freeze(site: Site) -> None:
    """Connections are taken and bytes acknowledged, but nobody reads them."""
    site.host("postgres").send_all(signal.SIGSTOP)


def _thaw(site: Site) -> None:
    site.host("postgres").send_all(signal.SIGCONT)


def _stop(site: Site) -> None:
    site.stop("postgres", signal.SIGINT)  # "fast": does not wait for who is connected


def _start(site: Site) -> None:
    site.start_host("postgres")


@pytest.mark.parametrize(
    ("take_away", "bring_back"),
    [
        pytest.param(_cut, _restore, id="cut_off"),
        pytest.param(_freeze, _thaw, id="frozen"),
        pytest.param(_stop, _start, id="stopped"),
    ],
)
async def test_while_postgres_is_away_jobs_go_on_and_who_comes_is_told(
    site: Site, take_away: Callable[[Site], None], bring_back: Callable[[Site], None]
) -> None:
    async with site.client("web1") as running, site.client("web2") as ending:
        job = await running.execute("python", ECHOES)
        other = await ending.execute("python", ECHOES)
        await running.until("input_request")
        await ending.until("input_request")
        take_away(site)
        back_at = time.monotonic() + AWAY_S
        try:
            await ending.answer("end")
            assert (await ending.until("complete", patience_s=5))["status"] == "completed"
            # Two at each: the second comes while the first is still waiting.
            told = asyncio.gather(*(_is_told(site, web) for web in site.webs * 2))
            while time.monotonic() < back_at or not told.done():
                assert await _echo_s(running) < 2
                await asyncio.sleep(0.1)
            await told
        finally:
            bring_back(site)
        assert await _echo_s(running) < 2
        await running.answer("end")
        await running.until("complete")
    for job_id in (job["job_id"], other["job_id"]):
        row = await site.final_row(job_id)
        assert (row["status"], row["attempt"]) == ("completed", 1)
        ends = [frame for _, frame in site.journal(job_id) if frame["type"] == "complete"]
        assert len(ends) == 1
    for web in site.webs:
        await _says_hello(site, web)


async def _echo_s(client: Client) -> float:
    said_at = time.monotonic()
    await client.answer("echo")
    await client.until("input_request")
    return time.monotonic() - said_at


async def _says_hello(site: Site, web: str) -> None:
    async with site.client(web) as client:
        await client.execute("python", "print('hello')")
        await client.until("complete")
    assert client.text() == "hello\n"


async def _is_told(site: Site, web: str) -> None:
    asked_at = time.monotonic()
    async with site.client(web) as client:
        await client.send({"type": "execute", "language": "python", "code": "print(1)"})
        assert await client.refused() == ("unavailable", 4503)
    assert time.monotonic() - asked_at < TOLD_S
