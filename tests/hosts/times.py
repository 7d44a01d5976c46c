"""How long a job is without an executor when its own is lost: from then to `restarted` received.

    python -m tests.hosts.times [ROUNDS]

In each round the process of one executor is killed and the link of another is cut, each with a job
that waits for input, while two others at least have been well for longer than a lease.
docs/reliability.md has what came out.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import statistics
import sys
import time
from collections.abc import Callable
from typing import Final

from tests.hosts.site import Site
from tests.server.client import Client

EXECUTORS: Final = 7
# The two that are lost, and two that take up what they had.
WELL: Final = 4
# Who has just begun, or was away, takes nothing up for a lease.
WELL_AFTER_S: Final = 7.0
ASKS: Final = "input('? ')"


async def measure(site: Site, rounds: int) -> None:
    killed: list[float] = []
    cut: list[float] = []
    ready_at = dict.fromkeys(site.executors, time.monotonic())
    starting: dict[str, int] = {}
    for _ in range(rounds):
        await until_well(site, starting, ready_at)
        async with contextlib.AsyncExitStack() as clients:
            jobs = await jobs_on_two_executors(site, clients)
            (one, its_client), (other, others_client) = jobs.items()

            def kill(name: str = one) -> None:
                site.stop(name, signal.SIGKILL)

            killed_s, cut_s = await asyncio.gather(
                without_executor_s(its_client, kill),
                without_executor_s(others_client, site.host(other).cut),
            )
        killed.append(killed_s)
        cut.append(cut_s)
        say(f"killed {killed_s:.2f} s, cut off {cut_s:.2f} s")
        site.host(other).restore()
        ready_at[other] = time.monotonic()
        starting[one] = len(site.host(one).log(one))
        site.start_host(one, wait=False)
    for what, seconds in (("killed", killed), ("cut off", cut)):
        say(
            f"{what}: {len(seconds)} times, min {min(seconds):.2f} s, "
            f"median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s"
        )


async def until_well(site: Site, starting: dict[str, int], ready_at: dict[str, float]) -> None:
    """`starting`: how much those had said before they were started again."""
    while True:
        now = time.monotonic()
        for name, said in list(starting.items()):
            if " ready." in site.host(name).log(name)[said:]:
                ready_at[name] = now
                del starting[name]
        well = [n for n, at in ready_at.items() if n not in starting and now - at > WELL_AFTER_S]
        if len(well) >= WELL:
            return
        await asyncio.sleep(0.5)


async def jobs_on_two_executors(
    site: Site, clients: contextlib.AsyncExitStack
) -> dict[str, Client]:
    """By the host that has them."""
    jobs: dict[str, Client] = {}
    while len(jobs) < 2:
        client = await clients.enter_async_context(site.client())
        job = await client.execute("python", ASKS)
        await client.until("input_request", patience_s=120)
        jobs.setdefault(site.holder_of(job["job_id"]), client)
    return jobs


async def without_executor_s(client: Client, lose: Callable[[], None]) -> float:
    lost_at = time.monotonic()
    lose()
    await client.until("restarted", patience_s=60)
    seconds = time.monotonic() - lost_at
    await client.send({"type": "cancel"})
    await client.until("complete", patience_s=60)
    return seconds


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    with Site({"CODR_SANDBOX": "bubblewrap"}, executors=EXECUTORS) as site:
        site.start()
        asyncio.run(measure(site, rounds))


if __name__ == "__main__":
    main()
