"""Whose a job is: a browser's session, an account, or the address of who has neither."""

from __future__ import annotations

import uuid
from urllib.request import urlopen

import pytest
from websockets.exceptions import InvalidStatus

from tests.server.client import connect
from tests.stack import Stack, job_rows


def new_browser(stack: Stack) -> str:
    """The cookie that the page gives."""
    with urlopen(stack.url + "/") as answer:
        cookie: str = answer.headers["Set-Cookie"].split(";")[0]
    assert cookie.startswith("sessionid=")
    return cookie


async def test_two_browsers_cannot_attach_to_each_others_jobs(codr: Stack) -> None:
    mine, theirs = new_browser(codr), new_browser(codr)
    assert mine != theirs
    async with connect(codr.socket_url, cookie=mine) as client:
        job = await client.execute("python", "print(input('secret? '))")
        await client.until("input_request")
        for cookie in (theirs, "", "sessionid=" + "x" * 32):
            async with connect(codr.socket_url, cookie=cookie) as other:
                await other.send({"type": "attach", "job_id": job["job_id"]})
                assert await other.refused() == ("no_such_job", 4404)
                assert [frame["type"] for frame in other.frames] == ["error"]
        async with connect(codr.socket_url, cookie=mine) as again:
            await again.send({"type": "attach", "job_id": job["job_id"]})
            await again.until("input_request")
            await again.answer("mine")
            await again.until("complete")
        await client.until("complete")
    assert client.text() == "mine\n"


async def test_the_same_request_id_of_two_browsers_is_two_jobs(codr: Stack) -> None:
    fields = {"request_id": uuid.uuid4().hex}
    jobs = set()
    for cookie in (new_browser(codr), new_browser(codr), ""):
        async with connect(codr.socket_url, cookie=cookie) as client:
            jobs.add((await client.execute("python", "print(1)", **fields))["job_id"])
            await client.until("complete")
    assert len(jobs) == 3


async def test_a_jobs_row_does_not_give_the_session_away(codr: Stack) -> None:
    cookie = new_browser(codr)
    async with connect(codr.socket_url, cookie=cookie) as client:
        job = await client.execute("python", "print(1)")
        await client.until("complete")
    owner = job_rows(codr.state)[job["job_id"]]["owner_key"]
    assert owner.startswith("session:")
    assert cookie.removeprefix("sessionid=") not in owner


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:1",  # another port is another site
        "http://localhost:{port}",  # so is another name
        "https://127.0.0.1.evil.example:{port}",
        "file://",
        "null",
        "ftp://127.0.0.1:{port}",
    ],
)
async def test_a_page_from_elsewhere_may_not_run_programs_here(codr: Stack, origin: str) -> None:
    origin = origin.format(port=codr.port)
    async with connect(codr.socket_url, origin=origin) as client:
        assert await client.refused() == ("wrong_origin", 4403)


@pytest.mark.parametrize("origin", ["http://[", "http://127.0.0.1:port"])
async def test_an_origin_that_is_no_address_is_turned_away_at_the_door(
    codr: Stack, origin: str
) -> None:
    with pytest.raises(InvalidStatus, match="400"):
        async with connect(codr.socket_url, origin=origin):
            pass


async def test_our_own_page_may(codr: Stack) -> None:
    for host in ("127.0.0.1", "localhost"):
        url = f"ws://{host}:{codr.port}/ws/execute"
        async with connect(url, origin=f"http://{host}:{codr.port}") as client:
            await client.execute("python", "print(1)")
            await client.until("complete")
