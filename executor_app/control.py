"""Ending a job from outside: the person who runs it, or staff in the admin."""

from __future__ import annotations

import asyncio

from asgiref.sync import sync_to_async

from . import dispatch, jobs
from .protocol import Cancel, Complete, FinalStatus
from .relay import leases
from .relay.events import publish_end
from .relay.inputs import publish_input_response


async def cancel_job(job_id: str, reason: str = "") -> None:
    """Cancels a job wherever it is. A running one is told and ends by itself, with its figures.

    One that no executor holds ends here. The journal decides, and then the row follows: an executor
    that takes the job a moment later finds an end above its attempt and cannot say anything.
    """
    if await leases.alive([job_id]):
        cancel = Cancel(type="cancel", reason=reason)
        await publish_input_response(job_id, cancel, bounded=False)
        return
    await dispatch.withdraw(job_id)
    message = reason or "The job was cancelled."
    complete = Complete(status=FinalStatus.CANCELLED, message=message)
    if not await publish_end(job_id, complete):
        return
    # One that ran has a transcript too: the recorder finds it without a lease and keeps that.
    if await sync_to_async(jobs.finish)(job_id, complete, never_taken=True):
        facts = dispatch.result_facts(complete.model_dump(mode="json"))
        # Who comes later is told what all others were: that it was queued, and then cancelled.
        await asyncio.to_thread(dispatch.send_record, dispatch.RECORD_RESULT, job_id, facts)
