"""Taking up the jobs of executors that are gone: the next attempt, or after too many an end.

Every executor looks for them, and where there is none the recorder does. What happens to a job is
one step in Redis each time, so however many look, it happens once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from . import dispatch
from .conf import conf
from .protocol import Complete, FinalStatus
from .relay import leases, quotas
from .relay.events import publish_end, publish_restart, read_end
from .relay.leases import TakenBack

logger = logging.getLogger(__name__)

LOST: Final = "The machine that ran this program stopped answering; it starts again on another."
HANDED_OVER: Final = (
    "The machine that ran this program is being stopped; it starts again on another."
)


async def take_up_lost(*, for_s: float = 0.0, well_for_s: float | None = None) -> None:
    """Puts every job back into the queue that nobody has said to run for its lease and `for_s`.

    `well_for_s`: as `leases.expired` has it.
    """
    for job_id in await leases.expired(for_s, well_for_s=well_for_s):
        taken = await leases.take_back(job_id, most_losses=conf().attempts - 1, for_s=for_s)
        if taken is not None and taken.what == "queued":
            logger.warning("job %s lost its executor %s", job_id, taken.executor)
            await _begin_again(job_id, taken, LOST)
        elif taken is not None:
            await _give_up(job_id, taken)


async def hand_over(job_id: str, executor: str) -> None:
    """An executor that stops gives a job of its own to the others, at once."""
    taken = await leases.take_back(job_id, given_by=executor)
    if taken is not None:
        await _begin_again(job_id, taken, HANDED_OVER)


async def _begin_again(job_id: str, taken: TakenBack, reason: str) -> None:
    # Said before there is a ticket for it: from now on the old attempt is not heard any more.
    if await publish_restart(job_id, taken.attempt, reason):
        await asyncio.to_thread(dispatch.send_tickets, 1)
    elif await read_end(job_id) is not None:
        await dispatch.withdraw(job_id)  # it had said its end, and only that was not noted any more


async def _give_up(job_id: str, taken: TakenBack) -> None:
    times = f"{taken.attempt} machines" if taken.attempt > 1 else "The machine"
    message = (
        f"{times} that ran this program stopped answering, so it is not tried again. If the "
        "program does nothing unusual, run it once more, and tell whoever looks after this server."
    )
    complete = Complete(status=FinalStatus.FAILED, message=message)
    # First: whoever hears of the end may begin the next at once.
    await quotas.release(job_id, dispatch.payers_of(taken.order))
    ended = await publish_end(job_id, complete)
    if ended:
        logger.error("job %s was lost %s times: %s", job_id, taken.attempt, taken.executor)
        facts = {
            "complete": complete.model_dump(mode="json"),
            "worker": taken.executor,
            "attempt": taken.attempt,
            "output_bytes": 0,
            "started_at": None,
            "finished_at": time.time(),
        }
        await asyncio.to_thread(dispatch.send_record, dispatch.RECORD_RESULT, job_id, facts)
