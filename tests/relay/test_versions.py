"""Two releases side by side: what the one before wrote is read, what a later one wrote is left."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator

import pytest

from executor_app import dispatch
from executor_app.dispatch import Order
from executor_app.protocol import Complete
from executor_app.relay import keys, leases, queue
from executor_app.relay.client import client
from executor_app.relay.events import Publisher, last_event, read_end, read_events
from executor_app.relay.versions import READ, WRITTEN, NewerVersionError

# As the release before wrote them, to the byte: version 0 did not say so.
ORDER = (
    '{"job_id":"6f1c2d3e-0000-4000-8000-000000000001","owner":"user:7","payers":["user:7",'
    '"address:10.0.0.1"],"language":"python","files":[["main.py","cHJpbnQoJ2hlbGxvJykK"],'
    '["data.bin","/wA="]],"args":["a"],"stdin":"eAo=","tty":false,"cols":80,"rows":24,"limits":'
    '{"memory":1000000,"cpu_time":null},"seq":1,"attempt":1,"flow_control":true}'
)
JOB = "6f1c2d3e-0000-4000-8000-000000000001"
EVENTS = (
    '{"seq":1,"type":"status","status":"running","attempt":1,"worker":"w"}',
    '{"seq":2,"type":"output","stream":"stdout","stage":"run","data":"hello\\n"}',
    '{"seq":3,"type":"complete","status":"completed","exit_code":0,"signal":null,'
    '"execution_time":0.0,"cpu_time":0.0,"memory":0,"truncated":false,"message":""}',
)


def newer(order: str) -> str:
    return json.dumps({**json.loads(order), "v": READ + 1, "unheard_of": True})


@pytest.fixture(autouse=True)
async def empty() -> AsyncIterator[None]:
    yield
    await client().flushdb()


def test_a_version_is_read_one_release_before_it_is_written() -> None:
    assert READ - WRITTEN in (0, 1)


async def test_an_order_of_the_release_before_is_read() -> None:
    await queue.put(JOB, "user:7", ORDER)
    order = await dispatch.take("one")
    assert order is not None
    assert order.files == [("main.py", b"print('hello')\n"), ("data.bin", b"\xff\x00")]
    assert (order.stdin, order.flow_control, order.seq) == (b"x\n", True, 1)
    assert json.loads(order.as_text()) == json.loads(ORDER) | {"v": WRITTEN}
    assert Order.from_text(order.as_text()) == order


async def test_events_of_the_release_before_are_read() -> None:
    journal = keys.output_journal(JOB)
    for seq, frame in enumerate(EVENTS, 1):
        await client().xadd(journal, {"f": frame, "t": 1764042000000}, id=f"1-{seq}")
    assert [entry.frame async for entry in read_events(JOB, 0)] == list(EVENTS)
    end = await read_end(JOB)
    assert isinstance(end, Complete)
    assert end.exit_code == 0


async def test_an_order_of_a_later_release_goes_back_to_the_queue_for_others() -> None:
    await queue.put(JOB, "user:7", newer(ORDER))
    before = await client().hgetall(keys.order(JOB))
    for _ in range(2):
        with pytest.raises(NewerVersionError, match=f"an order of version {READ + 1}"):
            await dispatch.take("old")
        assert await client().hgetall(keys.order(JOB)) == before
        assert (await queue.length()).jobs == 1
        assert await leases.expired(-60) == []  # nobody holds it, and nobody lost it
    taken = await queue.take("new")
    assert taken == (newer(ORDER), 1)


async def test_an_order_that_one_cannot_read_keeps_nobody_elses_job_waiting() -> None:
    other = json.loads(ORDER) | {"job_id": uuid.uuid4().hex, "owner": "user:8"}
    await queue.put(JOB, "user:7", newer(ORDER))
    await queue.put(other["job_id"], "user:8", json.dumps(other))
    with pytest.raises(NewerVersionError):
        await dispatch.take("old")
    order = await dispatch.take("old")
    assert order is not None
    assert order.job_id == other["job_id"]


async def test_an_order_that_one_cannot_read_can_be_withdrawn() -> None:
    await queue.put(JOB, "user:7", newer(ORDER))
    assert await dispatch.withdraw(JOB)
    assert (await queue.length()).jobs == 0


async def test_only_who_took_an_order_gives_it_back() -> None:
    await queue.put(JOB, "user:7", ORDER)
    await queue.take("one")
    assert not await queue.put_back(JOB, "another")
    assert await queue.put_back(JOB, "one")
    assert not await queue.put_back(JOB, "one")


async def test_an_event_of_a_later_release_is_not_guessed_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    publisher = Publisher(JOB, attempt=1, seq=0)
    await publisher.publish_output("stdout", "run", b"known")
    monkeypatch.setattr("executor_app.relay.versions.WRITTEN", READ + 1)
    await publisher.publish_output("stdout", "run", b"unheard of")
    with pytest.raises(NewerVersionError, match="an event"):
        await last_event(JOB)
    with pytest.raises(NewerVersionError):
        [entry async for entry in read_events(JOB, 0)]
