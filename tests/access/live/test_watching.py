"""Several people at one job by its link: who sees what, who types, and what is told of typing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from executor_app.access import NOT_TYPING
from tests.access.live.conftest import Cast, ask
from tests.server.client import Client, connect
from tests.stack import Stack

pytestmark = pytest.mark.slow

ASKS = "while (line := input('? ')): print('got', line)"
SECRET = """\
import getpass
print('hello', input('name? '))
print(len(getpass.getpass('password? ')))
print('bye', input('again? '))
"""
Link = Callable[..., Awaitable[str]]


@pytest.fixture
def link(codr: Stack, cast: Cast) -> Link:
    """Gives Ada's job a link, or changes what it allows; without `may_type` takes it back."""

    async def link(job_id: str, may_type: bool | None = False) -> str:
        method = "DELETE" if may_type is None else "PUT"
        body = None if may_type is None else {"may_type": may_type}
        address, headers = f"/api/jobs/{job_id}/link", cast.ada.headers
        status, answer = await asyncio.to_thread(ask, codr, method, address, headers, body)
        assert status == 200, answer
        return str(answer["link"])

    return link


async def watch(client: Client, job_id: str, link: str, **fields: Any) -> dict[str, Any]:
    """As somebody without an account."""
    await client.send(
        {"type": "attach", "job_id": job_id, "link": link, "show_input": True, **fields}
    )
    return await client.until("accepted")


def given(client: Client) -> list[str]:
    return [frame["data"] for frame in client.of("input_given")]


async def test_who_has_the_link_watches_and_types_when_let(
    codr: Stack, cast: Cast, link: Link
) -> None:
    async with connect(codr.socket_url, headers=cast.ada.headers) as owner:
        fields = {"show_input": True, "senders": ["ada's page"]}
        job_id = (await owner.execute("python", ASKS, **fields))["job_id"]
        await owner.until("input_request")
        token = await link(job_id)
        async with connect(codr.socket_url) as visitor:
            assert (await watch(visitor, job_id, token))["may_type"] is False
            await visitor.until("input_request")
            await visitor.answer("too soon")
            assert (await visitor.error())["message"] == NOT_TYPING
            await link(job_id, may_type=True)
            await visitor.until("access", may_type=True)
            await visitor.send(
                {"type": "input_response", "data": "v1", "sender": "v", "input_id": 1}
            )
            await owner.until("input_given", data="v1\n")
            await owner.until_output("got v1\n")
            await owner.send(
                {"type": "input_response", "data": "a1", "sender": "ada's page", "input_id": 1}
            )
            await visitor.until("input_given", data="a1\n")
            await link(job_id, may_type=False)
            await visitor.until("access", may_type=False)
            await visitor.answer("too late")
            await visitor.error()
            for message in ({"type": "cancel"}, {"type": "resize", "cols": 100, "rows": 30}):
                await visitor.send(message)
                assert (await visitor.error())["code"] == "read_only"
            await owner.answer("")
            await visitor.until("complete")
        await owner.until("complete")
    assert owner.text() == visitor.text() == "got v1\ngot a1\n"
    # One's own is not repeated to one; what has no sender may be anybody's.
    assert given(owner) == ["v1\n", "\n"]
    assert given(visitor) == ["v1\n", "a1\n", "\n"]


async def test_a_link_that_is_taken_back_ends_what_it_showed(
    codr: Stack, cast: Cast, link: Link
) -> None:
    async with connect(codr.socket_url, headers=cast.ada.headers) as owner:
        job_id = (await owner.execute("python", ASKS))["job_id"]
        await owner.until("input_request")
        token = await link(job_id)
        async with connect(codr.socket_url) as visitor:
            await watch(visitor, job_id, token)
            await visitor.until("input_request")
            await link(job_id, may_type=None)
            assert await visitor.refused() == ("no_such_job", 4404)
        for wrong in (token, "x" * 22, ""):
            async with connect(codr.socket_url) as visitor:
                await visitor.send({"type": "attach", "job_id": job_id, "link": wrong})
                assert await visitor.refused() == ("no_such_job", 4404)
        await owner.answer("")
        await owner.until("complete")


async def test_passwords_are_shown_to_nobody_and_the_rest_in_its_place(
    codr: Stack, cast: Cast, link: Link
) -> None:
    async with connect(codr.socket_url, headers=cast.ada.headers) as owner:
        job_id = (await owner.execute("python", SECRET))["job_id"]
        token = await link(job_id)
        async with connect(codr.socket_url) as visitor:
            await watch(visitor, job_id, token)
            for answer in ("Ada", "swordfish"):
                await owner.until("input_request")
                await owner.answer(answer)
            again = await owner.until("input_request")
            # Who comes back in the middle, after what they had.
            async with connect(codr.socket_url, after=again["seq"]) as late:
                await watch(late, job_id, token, after=again["seq"], inputs_after=2)
                await owner.answer("Lovelace")
                await late.until("complete")
            await visitor.until("complete")
        await owner.until("complete")
    assert (given(visitor), given(late)) == (["Ada\n", "Lovelace\n"], ["Lovelace\n"])
    # As replayed from the journal, and from the database once that is all there is.
    async with connect(codr.socket_url) as replayed:
        await watch(replayed, job_id, token)
        await replayed.until("complete")
    story = [
        frame["data"] for frame in replayed.frames if frame["type"] in ("output", "input_given")
    ]
    assert "".join(story) == (
        "name? Ada\nhello Ada\npassword? \n9\nagain? Lovelace\nbye Lovelace\n"
    )
    assert "swordfish" not in str(replayed.frames) + str(visitor.frames)
