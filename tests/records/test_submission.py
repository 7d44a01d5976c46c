"""From a checked message to a row and an order; and ending what nobody runs, from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from redis.exceptions import ConnectionError

from executor_app import dispatch, jobs, submission
from executor_app.control import cancel_job
from executor_app.models import Job
from executor_app.protocol import Cancel, CloseCode, Complete, Execute, FinalStatus, parse_client
from executor_app.records import record_start
from executor_app.relay import keys, leases, presence, queue
from executor_app.relay.client import client, wait_for
from executor_app.relay.events import SupersededError, last_event, read_end, read_events
from executor_app.relay.inputs import read_inputs
from tests.records.cast import ADA, WELL, new_job, row, speak, started

pytestmark = pytest.mark.usefixtures("database", "no_jobs", "redis")

OFFERED = {"python": {"version": "3.11.2", "reason": ""}, "c": {"version": "", "reason": "no gcc"}}


@pytest.fixture(autouse=True)
def an_executor_that_offers_python(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(submission, "_executors", (0.0, {}))
    wait_for(presence.announce_executor("one", {"languages": OFFERED}))
    yield
    wait_for(presence.remove_executor("one"))


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[dispatch.Order]:
    """What was put into the queue, as it would be taken out."""
    sent: list[dispatch.Order] = []

    put = queue.put

    async def put_and_take(*order: str) -> None:
        await put(*order)
        assert await client().rpop(keys.TICKETS)
        taken = await dispatch.take("one")
        assert taken is not None
        sent.append(taken)

    monkeypatch.setattr(queue, "put", put_and_take)
    return sent


def execute(**fields: Any) -> Execute:
    values = {"type": "execute", "language": "python", "code": "print('hello')", **fields}
    message = parse_client(json.dumps(values))
    assert isinstance(message, Execute)
    return message


def check(**fields: Any) -> submission.Checked:
    return wait_for(submission.check(execute(**fields), ADA, []))


def submit(**fields: Any) -> Job:
    checked = check(**fields)
    job, is_new = submission.record(checked)
    assert is_new
    wait_for(submission.enqueue(job, checked))
    return job


def test_a_row_and_an_order_say_the_same(orders: list[dispatch.Order]) -> None:
    job = submit(args=["a", "🦄"], request_id="one", code="print('\0🦄')", stdin="in\0put")
    kept, [order] = Job.objects.get(pk=job.pk), orders
    assert (kept.status, kept.owner_key, kept.user_agent) == ("queued", ADA.key, ADA.user_agent)
    assert (kept.language, kept.version, kept.policy) == ("python", "3.11.2", "standard")
    assert (kept.request_id, kept.arguments, kept.tty) == ("one", ["a", "🦄"], False)
    assert [(file.name, file.raw) for file in kept.files] == list(order.files)
    assert order.files[0][1] == "print('\0🦄')".encode()
    assert (order.job_id, order.language, order.tty) == (str(job.pk), "python", False)
    assert (order.args, order.stdin) == (["a", "🦄"], b"in\0put")


def test_the_order_goes_on_where_the_journal_is(orders: list[dispatch.Order]) -> None:
    job = submit()
    last = wait_for(last_event(str(job.pk)))
    assert last is not None
    assert json.loads(last.frame)["status"] == "queued"
    assert orders[0].seq == last.seq == 1
    wait_for(speak(str(job.pk), end=WELL, attempt=orders[0].attempt, seq=orders[0].seq))


@pytest.mark.parametrize(
    ("language", "code"), [("cobol", "unknown_language"), ("c", "language_unavailable")]
)
def test_what_nobody_can_run_makes_no_row(language: str, code: str) -> None:
    with pytest.raises(submission.RefusedError) as refused:
        check(language=language)
    assert refused.value.code == code
    assert not Job.objects.exists()


def test_without_an_executor_there_is_no_row() -> None:
    wait_for(presence.remove_executor("one"))
    with pytest.raises(submission.RefusedError) as refused:
        check()
    assert (refused.value.code, refused.value.close_code) == ("no_worker", CloseCode.NO_WORKER)


def test_what_the_policy_refuses_is_a_rejected_job_with_its_source() -> None:
    checked = check(code="import socket")
    assert checked.findings
    job, _ = submission.record(checked)
    wait_for(submission.reject(job, checked))
    kept = Job.objects.get(pk=job.pk)
    assert (kept.status, kept.message) == ("rejected", submission.rejection(checked))
    assert kept.message.startswith("The program was not started, because of line 1, column ")
    assert kept.files[0].content == "import socket"
    end = wait_for(read_end(str(job.pk)))
    assert end == jobs.ending(kept).model_copy(update={"seq": 1})


def test_a_job_that_cannot_be_queued_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, orders: list[dispatch.Order]
) -> None:
    """The network's failure; whoever repeats the request is not left with a job that waits."""

    async def cannot_be_put(*order: str) -> int:
        raise ConnectionError("away")

    monkeypatch.setattr(queue, "put", cannot_be_put)
    with pytest.raises(ConnectionError):
        submit()
    kept = Job.objects.get()
    assert (kept.status, kept.message) == ("failed", submission.NOT_QUEUED)
    end = wait_for(read_end(str(kept.pk)))
    assert end is not None
    assert end.message == submission.NOT_QUEUED


def test_a_job_cancelled_before_it_is_queued_is_not_queued(orders: list[dispatch.Order]) -> None:
    checked = check()
    job, _ = submission.record(checked)
    wait_for(cancel_job(str(job.pk), "enough"))
    wait_for(submission.enqueue(job, checked))
    assert not orders
    assert (row(str(job.pk))["status"], row(str(job.pk))["message"]) == ("cancelled", "enough")


def test_a_job_that_nobody_has_taken_is_cancelled_at_once() -> None:
    job_id = new_job()
    wait_for(cancel_job(job_id))
    assert (row(job_id)["status"], row(job_id)["message"]) == (
        "cancelled",
        "The job was cancelled.",
    )
    end = wait_for(read_end(job_id))
    assert end is not None
    assert end.status == FinalStatus.CANCELLED
    with pytest.raises(SupersededError):
        wait_for(speak(job_id, end=WELL))


def test_a_job_that_is_held_is_told_and_ends_by_itself() -> None:
    job_id = new_job()
    record_start(job_id, started())
    wait_for(leases.restore(job_id, ADA.key, "{}", 1, "one"))
    wait_for(cancel_job(job_id, "enough"))
    assert row(job_id)["status"] == "running"
    [(_, message)] = wait_for(read_inputs(job_id))
    assert message == Cancel(type="cancel", reason="enough")


def test_cancelling_what_is_over_changes_nothing() -> None:
    job_id = new_job()
    wait_for(speak(job_id, end=WELL))
    assert jobs.finish(job_id, WELL)
    before = row(job_id)
    wait_for(cancel_job(job_id, "enough"))
    assert row(job_id) == before
    wait_for(cancel_job(job_id, "enough"))
    assert wait_for(_ends(job_id)) == [WELL.status]


def test_cancelling_what_has_just_ended_leaves_its_row_to_its_result() -> None:
    job_id = new_job()
    record_start(job_id, started())
    wait_for(speak(job_id, end=WELL))
    wait_for(cancel_job(job_id, "enough"))
    assert row(job_id)["status"] == "running"


def test_a_reason_with_nul_cancels_all_the_same() -> None:
    job_id = new_job()
    message = parse_client('{"type": "cancel", "reason": "en\\u0000ough"}')
    assert isinstance(message, Cancel)
    wait_for(cancel_job(job_id, message.reason))
    assert (row(job_id)["status"], row(job_id)["message"]) == ("cancelled", "enough")


def test_half_of_a_surrogate_pair_never_gets_as_far_as_a_row() -> None:
    for frame in ('"code": "\\ud800"', '"code": "", "request_id": "\\udc00"'):
        with pytest.raises(ValueError, match=r"surrogate|JSON|request_id"):
            parse_client(f'{{"type": "execute", "language": "python", {frame}}}')


async def _ends(job_id: str) -> list[FinalStatus]:
    frames = [json.loads(entry.frame) async for entry in read_events(job_id, 0)]
    return [
        Complete.model_validate(frame, strict=False).status
        for frame in frames
        if frame["type"] == "complete"
    ]


def test_a_job_whose_order_cannot_be_sent_has_failed_and_says_so() -> None:
    checked = check()
    job, _ = submission.record(checked)
    wait_for(submission.give_up(job, checked))
    assert row(str(job.pk))["status"] == "failed"
    end = wait_for(read_end(str(job.pk)))
    assert end is not None
    assert end.message == submission.NOT_QUEUED
