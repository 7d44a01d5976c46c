"""The recorder's tasks: delivered twice, late or for nobody, they leave what one would have."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings

from executor_app import jobs
from executor_app.conf import conf
from executor_app.models import Job, Transcript
from executor_app.protocol import InputResponse
from executor_app.records import record_result, record_start
from executor_app.relay import keys, presence
from executor_app.relay.client import client, wait_for
from executor_app.relay.events import Publisher
from executor_app.relay.inputs import publish_input_response
from executor_app.relay.versions import READ, NewerVersionError
from tests.records.cast import (
    CANCELLED,
    FINISHED_AT,
    STARTED_AT,
    WELL,
    at_once,
    ended,
    new_job,
    row,
    speak,
    started,
)

pytestmark = pytest.mark.usefixtures("database", "no_jobs", "redis")


def line(text: str) -> InputResponse:
    return InputResponse(type="input_response", data=text)


def said(job_id: str) -> list[str]:
    return [item["data"] for item in Transcript.objects.get(job_id=job_id).entries]


def journals(job_id: str) -> list[str]:
    return [keys.output_journal(job_id), keys.input_journal(job_id)]


async def seconds_left(job_id: str) -> list[int]:
    return [await client().ttl(journal) for journal in journals(job_id)]


async def delete_journals(job_id: str) -> None:
    await client().delete(*journals(job_id))


def test_a_start_and_a_result_make_the_row_and_the_transcript() -> None:
    job_id = new_job()
    record_start(job_id, started())
    assert (row(job_id)["status"], row(job_id)["started_at"]) == ("running", STARTED_AT)
    wait_for(speak(job_id, b"name? ", b"hello", end=WELL))
    record_result(job_id, ended())
    over = row(job_id)
    assert (over["started_at"], over["finished_at"]) == (STARTED_AT, FINISHED_AT)
    assert (over["worker"], over["attempt"], over["output_bytes"]) == ("one", 1, 3 * 2**31)
    assert jobs.ending(Job.objects.get(pk=job_id)) == WELL
    assert said(job_id) == ["name? ", "hello"]


@pytest.mark.parametrize(
    "order", sorted(set(permutations("ssrr")) | {("r",), ("r", "s"), ("r", "r")})
)
def test_twice_and_in_any_order_is_as_once(order: tuple[str, ...]) -> None:
    expected = new_job()
    record_start(expected, started())
    wait_for(speak(expected, b"hello", end=WELL))
    record_result(expected, ended())

    job_id = new_job()
    wait_for(speak(job_id, b"hello", end=WELL))
    for task in order:
        if task == "s":
            record_start(job_id, started())
        else:
            record_result(job_id, ended())

    def facts(of: str) -> dict[str, Any]:
        return {k: v for k, v in row(of).items() if k not in ("id", "created_at")}

    assert facts(job_id) == facts(expected)
    assert said(job_id) == said(expected) == ["hello"]


def test_a_result_many_times_at_once_makes_one_transcript() -> None:
    job_id = new_job()
    wait_for(speak(job_id, b"hello", end=WELL))
    at_once(lambda n: record_result(job_id, ended(worker=f"{n}")), 8)
    assert row(job_id)["status"] == WELL.status
    assert said(job_id) == ["hello"]


@pytest.mark.parametrize("task", [lambda i: record_start(i, started()),
                                  lambda i: record_result(i, ended())])  # fmt: skip
def test_a_job_that_is_gone_is_no_error_and_stays_gone(task: Callable[[str], None]) -> None:
    job_id = new_job()
    wait_for(speak(job_id, b"hello", end=WELL))
    Job.objects.all().delete()
    task(job_id)
    assert not Job.objects.exists()
    assert not Transcript.objects.exists()


def test_a_result_is_two_statements() -> None:
    job_id = new_job()
    wait_for(speak(job_id, b"hello", end=WELL))
    with CaptureQueriesContext(connection) as asked:
        record_result(job_id, ended())
    said = [query["sql"].split()[0] for query in asked]
    assert [word for word in said if word not in ("BEGIN", "COMMIT")] == ["UPDATE", "INSERT"]


def test_the_journals_of_a_job_that_is_gone_go_too() -> None:
    job_id = str(uuid.uuid4())
    wait_for(speak(job_id, b"hello", end=WELL))
    record_result(job_id, ended())
    assert 0 < wait_for(seconds_left(job_id))[0] <= conf().journal_keep_s


def test_a_job_deleted_while_its_transcript_is_made_is_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = new_job()
    wait_for(speak(job_id, b"hello", end=WELL))
    store = jobs.store_transcript

    def too_late(*facts: Any) -> None:
        Job.objects.all().delete()
        store(*facts)

    monkeypatch.setattr(jobs, "store_transcript", too_late)
    record_result(job_id, ended())
    assert not Transcript.objects.exists()


def test_a_transcript_goes_with_its_job() -> None:
    job_id = new_job()
    wait_for(speak(job_id, b"hello", end=WELL))
    record_result(job_id, ended())
    Job.objects.get(pk=job_id).delete()
    assert not Transcript.objects.exists()


def test_a_result_after_another_end_changes_no_row_but_its_words_are_kept() -> None:
    job_id = new_job()
    assert jobs.finish(job_id, CANCELLED)
    before = row(job_id)
    wait_for(speak(job_id, b"hello", end=CANCELLED))
    record_result(job_id, ended())
    assert row(job_id) == before
    assert said(job_id) == ["hello"]


def test_a_late_result_of_a_stale_attempt_leaves_the_running_job() -> None:
    job_id = new_job()
    record_start(job_id, started(worker="two", attempt=2))
    before = row(job_id)
    record_result(job_id, ended(worker="one", attempt=1))
    assert row(job_id) == before
    record_result(job_id, ended(worker="two", attempt=2))
    assert (row(job_id)["worker"], row(job_id)["status"]) == ("two", WELL.status)


def test_a_result_that_comes_again_when_the_journal_has_gone_keeps_the_transcript() -> None:
    job_id = new_job()
    wait_for(speak(job_id, b"hello", end=WELL))
    record_result(job_id, ended())
    wait_for(delete_journals(job_id))
    record_result(job_id, ended())
    assert said(job_id) == ["hello"]


def test_a_recorded_job_lets_its_journals_and_its_presence_go() -> None:
    job_id = new_job()
    wait_for(presence.be_present(job_id))
    wait_for(speak(job_id, b"hello", end=WELL))
    wait_for(publish_input_response(job_id, line("x")))
    assert min(wait_for(seconds_left(job_id))) > 3600
    with override_settings(CODR={**settings.CODR, "journal_keep_s": 100}):
        record_result(job_id, ended())
    assert all(0 < left <= 100 for left in wait_for(seconds_left(job_id)))
    assert wait_for(presence.abandoned([job_id])) == {job_id}


def test_what_was_typed_stands_where_it_was_said() -> None:
    job_id = new_job()

    async def talk() -> None:
        publisher = Publisher(job_id, attempt=1, seq=0)
        await publisher.publish_output("stdout", "compile", b"a warning")
        for question in (b"name? ", b"age? "):
            await publisher.publish_output("stdout", "run", question)
            await asyncio.sleep(0.002)  # times are in milliseconds
            await publish_input_response(job_id, line(f"to {question.decode()}"))
            await asyncio.sleep(0.002)
        await publisher.publish_output("stderr", "run", b"\xff")
        await publisher.publish_complete(WELL)

    wait_for(talk())
    record_result(job_id, ended())
    entries = Transcript.objects.get(job_id=job_id).entries
    assert [(e["stream"], e["stage"], e["data"], e.get("encoding")) for e in entries] == [
        ("stdout", "compile", "a warning", None),
        ("stdout", "run", "name? ", None),
        ("input", "run", "to name? \n", None),
        ("stdout", "run", "age? ", None),
        ("input", "run", "to age? \n", None),
        ("stderr", "run", "/w==", "base64"),
    ]
    assert [e["t"] for e in entries] == sorted(e["t"] for e in entries)


def test_a_transcript_is_bounded_by_the_setting_and_says_so() -> None:
    job_id = new_job()
    lines = [f"line {n:04}\n".encode() for n in range(2000)]
    wait_for(speak(job_id, *lines, end=WELL))
    with override_settings(CODR={**settings.CODR, "transcript_bytes": 4096}):
        record_result(job_id, ended())
    transcript = Transcript.objects.get(job_id=job_id)
    texts = [item["data"] for item in transcript.entries if item["stream"] == "stdout"]
    kept = sum(map(len, texts))
    assert 0 < kept <= 4096
    assert transcript.left_out_bytes == sum(map(len, lines)) - kept
    [note] = [item["data"] for item in transcript.entries if item["stream"] == "note"]
    assert note == f"{transcript.left_out_bytes} bytes left out here"
    assert (texts[0], texts[-1]) == ("line 0000\n", "line 1999\n")


def test_a_transcript_within_the_setting_is_whole() -> None:
    job_id = new_job()
    lines = ["nul \0 ", "🦄" * 1000, "\x1b[31mred\x1b[0m\r\n", "\ufffe\U0010ffff"]
    wait_for(speak(job_id, *(line.encode() for line in lines), end=WELL))
    record_result(job_id, ended())
    assert said(job_id) == lines
    assert Transcript.objects.get(job_id=job_id).left_out_bytes == 0


def test_a_transcript_whose_journal_lost_its_beginning_says_so() -> None:
    job_id = new_job()
    with override_settings(CODR={**settings.CODR, "journal_bytes": 2048}):
        wait_for(speak(job_id, *(b"x" * 500 for _ in range(20)), b"the end", end=WELL))
    record_result(job_id, ended())
    first, *rest = Transcript.objects.get(job_id=job_id).entries
    assert (first["stream"], first["data"]) == ("note", "The beginning was too long to be kept")
    assert rest[-1]["data"] == "the end"


def test_a_result_of_the_release_before_is_recorded_and_a_later_ones_waits() -> None:
    job_id = new_job()
    record_start(job_id, started())  # as version 0 had it
    assert "v" not in ended()
    for task, facts in ((record_start, started()), (record_result, ended())):
        with pytest.raises(NewerVersionError):
            task(job_id, {**facts, "v": READ + 1})
    assert row(job_id)["status"] == "running"
    wait_for(speak(job_id, b"hello", end=WELL))
    record_result(job_id, {**ended(), "v": READ})
    assert row(job_id)["status"] == ended()["complete"]["status"]
    assert said(job_id) == ["hello"]
