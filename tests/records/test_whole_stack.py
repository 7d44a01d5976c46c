"""Codr with PostgreSQL, as a site has it, from the first table to the last connection."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from executor_app.models import unpack
from tests.server.client import connect
from tests.stack import Stack

PATIENCE_S = 30.0
ASKING = "name = input('name? ')\nprint(f'Hello, {name}! \\0🦄')"
REQUEST_ID = uuid.uuid4().hex
ENDED_JOBS = "SELECT * FROM executor_app_job WHERE status NOT IN ('queued', 'running')"
OTHER_CONNECTIONS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture
def database_url(fresh_database: Callable[[str], str]) -> str:
    return fresh_database("postgresql")


@pytest.fixture
def site(database_url: str, state: Path) -> Iterator[Stack]:
    stack = Stack(state, {"DATABASE_URL": database_url})
    stack.start()
    yield stack
    stack.stop()


@pytest.mark.slow
async def test_a_conversation_on_postgresql_is_kept(site: Stack, database_url: str) -> None:
    async with connect(site.socket_url) as client:
        accepted = await client.execute("python", ASKING, request_id=REQUEST_ID)
        await client.until("input_request")
        await client.answer("Ada")
        complete = await client.until("complete")
    assert "Hello, Ada! \0🦄" in client.text()
    assert complete["status"] == "completed"
    async with connect(site.socket_url) as again:
        repeated = await again.execute("python", ASKING, request_id=REQUEST_ID)
        await again.until("complete")
    assert repeated["job_id"] == accepted["job_id"]
    assert again.text() == client.text()

    [job] = await until_rows(database_url, ENDED_JOBS)
    assert (str(job["id"]), job["status"]) == (accepted["job_id"], "completed")
    assert (job["exit_code"], job["attempt"], job["request_id"]) == (0, 1, REQUEST_ID)
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]
    assert job["worker"]
    assert job["memory"] == complete["memory"]
    assert [file["content"] for file in unpack(job["source"])] == [ASKING]
    [transcript] = await until_rows(database_url, "SELECT * FROM executor_app_transcript")
    said = [(item["stream"], item["data"]) for item in unpack(transcript["content"])]
    output = "".join(data for stream, data in said if stream in ("stdout", "stderr"))
    assert output == client.text("stderr") + client.text("stdout")
    assert said.index(("input", "Ada\n")) == 1
    assert not (site.state / "codr.sqlite3").exists()

    ready = json.loads(await asyncio.to_thread(site.get, "/readyz"))
    assert ready["ready"], ready
    assert "Traceback" not in site.log, site.log
    await asyncio.to_thread(site.stop)
    assert site.process is not None
    assert site.process.returncode == 0, site.log
    assert "Traceback" not in site.log, site.log
    assert rows(database_url, OTHER_CONNECTIONS) == []


async def until_rows(url: str, query: str) -> list[dict[str, Any]]:
    """Once there are some: the recorder writes them when the client has its end already."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if found := await asyncio.to_thread(rows, url, query):
                return found
            await asyncio.sleep(0.05)


def rows(url: str, query: str) -> list[dict[str, Any]]:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(query.encode())
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
