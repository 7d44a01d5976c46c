"""A socket whose job ended, or that came to harm itself, out of the sight of Redis."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.test.utils import override_settings
from redis.exceptions import ConnectionError

from executor_app import consumers, submission
from executor_app.consumers import ExecuteConsumer
from executor_app.models import Job
from executor_app.protocol import Complete, FinalStatus, Status, Stdin, encode
from executor_app.relay import keys, lookout
from executor_app.relay.client import client, layer
from executor_app.relay.events import Publisher
from executor_app.shown_input import ShownInput
from tests.records.cast import new_job

KEYS = Stdin(type="stdin", data="keys")

pytestmark = pytest.mark.usefixtures("database", "no_jobs", "redis")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookout, "LOOK_AGAIN_S", 0.02)


class Socket:
    """One that its door has let in, and what its client is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[dict[str, Any]] = []
        self.consumer: Any = ExecuteConsumer()
        self._monkeypatch = monkeypatch

    async def open(self) -> None:
        async def let_in(consumer: ExecuteConsumer) -> None: ...

        self._monkeypatch.setattr(ExecuteConsumer, "_identify", let_in)
        self.consumer.scope, self.consumer.base_send = {}, self._send
        self.consumer.channel_layer = layer()
        self.consumer.channel_name = await layer().new_channel()
        await self.consumer.connect()

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def until_told_to_close(self) -> None:
        async with asyncio.timeout(20):
            while self.sent[-1]["type"] != "websocket.close":  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)

    async def until_closed(self) -> int:
        await self.until_told_to_close()
        await self.consumer.disconnect(1000)
        return int(self.sent[-1]["code"])

    @property
    def last_frame(self) -> dict[str, Any]:
        frame: dict[str, Any] = json.loads(
            [message["text"] for message in self.sent if message["type"] == "websocket.send"][-1]
        )
        return frame


@pytest.fixture
def socket(monkeypatch: pytest.MonkeyPatch) -> Socket:
    return Socket(monkeypatch)


@pytest.mark.parametrize("said_queued", [True, False])
def test_who_asked_again_hears_of_a_job_that_was_given_up_while_redis_was_away(
    socket: Socket, monkeypatch: pytest.MonkeyPatch, said_queued: bool
) -> None:
    job_id = new_job()
    job = Job.objects.get(pk=job_id)
    given_up: Any = None

    async def away(checked: object) -> None:
        raise ConnectionError("the network's failure")

    async def follow() -> int:
        await socket.open()
        if said_queued:
            await Publisher(job_id, attempt=0, seq=0).publish_status(Status(status="queued"))
        await socket.consumer._follow(job, after=0)
        await socket.consumer._replay(job)
        with monkeypatch.context() as outage:
            outage.setattr(submission, "release", away)
            await submission.give_up(job, given_up)
        return await socket.until_closed()

    assert asyncio.run(follow()) == 1000
    assert socket.last_frame["type"] == "complete"
    assert socket.last_frame["status"] == "failed"


def test_a_round_that_fails_sends_its_client_to_come_back(
    socket: Socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the client would wait for ever, and its job be cancelled as one that nobody follows."""
    job = Job.objects.get(pk=new_job())

    async def fail(job_id: str) -> None:
        raise ValueError("something that is no event")

    async def follow() -> int:
        await socket.open()
        await socket.consumer._follow(job, after=0)
        monkeypatch.setattr(consumers, "last_event", fail)
        return await socket.until_closed()

    assert asyncio.run(follow()) == 4503
    assert socket.last_frame["code"] == "unavailable"
    assert "something that is no event" in caplog.text


def test_of_a_socket_whose_consumer_fails_nothing_goes_on(
    socket: Socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be said for ever that somebody follows the job."""
    job = Job.objects.get(pk=new_job())

    async def fail(consumer: ExecuteConsumer, scope: object, receive: object, send: object) -> None:
        await socket.open()
        await consumer._follow(job, after=0)
        raise ValueError("no message of ours")

    async def live() -> bool:
        with pytest.raises(ValueError, match="no message of ours"):
            await socket.consumer({}, None, None)
        return all(task.done() for task in socket.consumer._tasks)

    monkeypatch.setattr(AsyncWebsocketConsumer, "__call__", fail)
    assert asyncio.run(live())
    assert len(socket.consumer._tasks) == 2


def test_somebody_is_said_to_be_there_until_the_job_is_over_and_no_longer(socket: Socket) -> None:
    job_id = new_job()
    job = Job.objects.get(pk=job_id)

    async def said_again(within: int) -> bool:
        await client().delete(keys.presence(job_id))
        for _ in range(within):
            await asyncio.sleep(lookout.LOOK_AGAIN_S)
            if await client().exists(keys.presence(job_id)):
                return True
        return False

    async def follow() -> None:
        await socket.open()
        publisher = Publisher(job_id, attempt=1, seq=0)
        await publisher.publish_status(Status(status="running"))
        await socket.consumer._follow(job, after=0)
        await socket.consumer._replay(job)
        assert await said_again(within=1000)
        await publisher.publish_complete(Complete(status=FinalStatus.COMPLETED))
        await socket.consumer._catch_up()
        await socket.until_told_to_close()
        assert not await said_again(within=10)
        await socket.consumer.disconnect(1000)

    with override_settings(CODR={**settings.CODR, "client_grace_s": 1.0}):
        asyncio.run(follow())


def test_who_watches_is_told_of_what_comes_after_input_that_is_not_known_here(
    socket: Socket,
) -> None:
    """As of a later release, from the group or the journal. Else the socket would end with it."""
    job = Job.objects.get(pk=new_job())

    async def follow() -> list[tuple[int, str]]:
        await socket.open()
        await socket.consumer._follow(job, after=0)
        socket.consumer._shown = ShownInput("", [])
        for number, frame in enumerate(('{"type":"paste"}', encode(KEYS)), 1):
            await socket.consumer.job_input({"n": number, "frame": frame})
        await socket.consumer.disconnect(1000)
        frames = [json.loads(each["text"]) for each in socket.sent if "text" in each]
        told = [frame for frame in frames if frame["type"] == "input_given"]
        return [(frame["number"], frame["data"]) for frame in told]

    assert asyncio.run(follow()) == [(2, "keys")]
