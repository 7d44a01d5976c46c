"""Who may do what over the socket: by keys, as readers, and when it is not theirs."""

from __future__ import annotations

import asyncio
import uuid

import pytest

from executor_app.access import NOT_TYPING
from executor_app.api_keys import NOT_VALID
from tests.access.live.conftest import Cast, ask, make_accounts
from tests.server.client import connect
from tests.stack import Stack

pytestmark = pytest.mark.slow

ASKS = "print(input('name? '))"
# Whatever a reader might send to a job.
INTERFERENCE = (
    {"type": "input_response", "data": "x"},
    {"type": "stdin", "data": "x"},
    {"type": "eof"},
    {"type": "resize", "cols": 100, "rows": 30},
    {"type": "signal", "signal": "SIGKILL"},
    {"type": "cancel"},
)


async def test_a_key_runs_programs_for_its_account(codr: Stack, cast: Cast) -> None:
    async with connect(codr.socket_url, headers=cast.ada.headers) as client:
        job = await client.execute("python", "print('hello')")
        await client.until("complete")
    _, facts = await asyncio.to_thread(
        ask, codr, "GET", f"/api/jobs/{job['job_id']}", cast.ada.headers
    )
    assert facts["access"] == "owner"
    assert cast.ada.secret.rpartition("_")[2] not in codr.log


@pytest.mark.parametrize("key", ["", "codr_1_2", "codr_00000000_" + "0" * 48])
async def test_a_wrong_key_is_refused_at_the_socket(codr: Stack, key: str) -> None:
    async with connect(codr.socket_url, headers={"Authorization": f"Bearer {key}"}) as client:
        assert await client.refused() == ("bad_key", 4401)
        assert client.frames[0]["message"] == NOT_VALID
    for character in ("\r", "\x00"):
        assert character not in codr.log


async def test_a_key_does_not_open_the_socket_to_another_site(codr: Stack, cast: Cast) -> None:
    headers = cast.ada.headers
    async with connect(codr.socket_url, origin="http://evil.example", headers=headers) as client:
        assert await client.refused() == ("wrong_origin", 4403)


@pytest.mark.parametrize("who", ["bob", "sam"])
async def test_a_reader_sees_all_and_touches_nothing(codr: Stack, cast: Cast, who: str) -> None:
    reader = {"bob": cast.bob, "sam": cast.sam}[who]
    async with connect(codr.socket_url, headers=cast.ada.headers) as owner:
        job = await owner.execute("python", ASKS)
        await owner.until("input_request")
        address = f"/api/jobs/{job['job_id']}"
        if who == "bob":
            body = {"user": cast.bob.name}
            await asyncio.to_thread(ask, codr, "POST", f"{address}/shares", cast.ada.headers, body)
        async with connect(codr.socket_url, headers=reader.headers) as other:
            await other.send({"type": "attach", "job_id": job["job_id"]})
            await other.until("input_request")
            for message in INTERFERENCE:
                await other.send(dict(message))
                assert (await other.error())["code"] == "read_only"
            status, answer = await asyncio.to_thread(
                ask, codr, "POST", f"{address}/cancel", reader.headers
            )
            assert (status, answer["code"]) == (403, "read_only")
            await owner.answer("Ada")
            end = await other.until("complete")
        await owner.until("complete")
    assert end["status"] == "completed"
    assert other.text() == owner.text() == "Ada\n"


async def test_who_may_type_does_until_it_is_taken_back(codr: Stack, cast: Cast) -> None:
    async def let_bob(**type_or_not: bool) -> None:
        body = {"user": cast.bob.name, **type_or_not}
        await asyncio.to_thread(ask, codr, "POST", shares, cast.ada.headers, body)

    code = "while (line := input('? ')): print('got', line)"
    async with connect(codr.socket_url, headers=cast.ada.headers) as owner:
        job = await owner.execute("python", code)
        shares = f"/api/jobs/{job['job_id']}/shares"
        await owner.until("input_request")
        await let_bob()
        async with connect(codr.socket_url, headers=cast.bob.headers) as other:
            await other.send({"type": "attach", "job_id": job["job_id"]})
            await other.until("accepted")
            await other.send({"type": "input_response", "data": "no"})
            refused = await other.error()
            assert (refused["code"], refused["message"]) == ("read_only", NOT_TYPING)
            await let_bob(may_type=True)
            await other.answer("Bob's")
            await owner.until_output("got Bob's\n")
            for message in INTERFERENCE[3:]:
                await other.send(dict(message))
                assert (await other.error())["code"] == "read_only"
            # Two who type at once: each one's own is in order, and nothing is lost.
            for n in range(20):
                await asyncio.gather(owner.answer(f"a{n}"), other.answer(f"b{n}"))
            for last in ("a19", "b19"):
                await owner.until_output(f"got {last}\n")
            await let_bob()
            await other.answer("late")
            assert (await other.error())["code"] == "read_only"
            await owner.answer("")
            await other.until("complete")
        await owner.until("complete")
    given = owner.text().replace("got ", "").split()
    assert given[0] == "Bob's"
    for who in "ab":
        assert [line for line in given if line[0] == who] == [f"{who}{n}" for n in range(20)]
    assert len(given) == 41
    assert other.text() == owner.text()


async def test_whose_it_is_not_gets_the_same_as_for_no_job_at_all(codr: Stack, cast: Cast) -> None:
    async with connect(codr.socket_url, headers=cast.ada.headers) as owner:
        job = await owner.execute("python", ASKS)
        await owner.until("input_request")
        said = []
        for job_id in (job["job_id"], str(uuid.uuid4()), "nonsense", "\0"):
            async with connect(codr.socket_url, headers=cast.bob.headers) as other:
                await other.send({"type": "attach", "job_id": job_id})
                assert await other.closed() == 4404
                said.append(other.frames)
        assert said[0] == said[1] == said[2] == said[3]
        assert [frame["code"] for frame in said[0]] == ["no_such_job"]
        await owner.answer("Ada")
        await owner.until("complete")


async def test_its_owner_cancels_over_http(codr: Stack, cast: Cast) -> None:
    async with connect(codr.socket_url, headers=cast.ada.headers) as owner:
        job = await owner.execute("python", ASKS)
        await owner.until("input_request")
        status, answer = await asyncio.to_thread(
            ask, codr, "POST", f"/api/jobs/{job['job_id']}/cancel", cast.ada.headers
        )
        assert (status, answer) == (200, {"id": job["job_id"], "cancelling": True})
        assert (await owner.until("complete"))["status"] == "cancelled"


async def test_a_reader_does_not_keep_an_abandoned_program_running(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    state = tmp_path_factory.mktemp("readers")
    stack = Stack(state, {"CODR_CLIENT_GRACE_S": "1", "CODR_ALLOW_ANONYMOUS": "off"})
    stack.start()
    try:
        made = await asyncio.to_thread(make_accounts, stack, ada=False, sam=True)
        async with connect(stack.socket_url) as stranger:
            assert await stranger.refused() == ("not_signed_in", 4401)
        async with connect(stack.socket_url, headers=made["sam"].headers) as reader:
            async with connect(stack.socket_url, headers=made["ada"].headers) as owner:
                job = await owner.execute("python", ASKS)
                await owner.until("input_request")
                await reader.send({"type": "attach", "job_id": job["job_id"]})
                await reader.until("input_request")
            assert (await reader.until("complete"))["status"] == "cancelled"
    finally:
        stack.stop()
