"""The site of a chaos run: one of `tests/hosts` with both sandboxes, whose parts can be harmed by
their names and asked for all that they keep."""

from __future__ import annotations

import json
import random
import signal
import socket
import zlib
from pathlib import Path
from typing import Any, Final

from psycopg.rows import dict_row

from tests.hosts import site

SETTINGS: Final = {
    "CODR_LEASE_S": "5",
    # A job ends as `failed` when so many executors were lost with it: here that is rare.
    "CODR_ATTEMPTS": "6",
    "CODR_STOP_GRACE_S": "1",
    "CODR_JOURNAL_KEEP_S": "15",
    # All of every transcript, so that it can be compared too.
    "CODR_TRANSCRIPT_BYTES": str(64 * 1024 * 1024),
}
SANDBOXES: Final = {"executor1": "firejail"}
ROWS: Final = """
    SELECT job.id::text, job.request_id, job.status, job.attempt, job.worker, job.message,
           transcript.content
    FROM executor_app_job job
    LEFT JOIN executor_app_transcript transcript ON transcript.job_id = job.id
"""


class Site(site.Site):
    def __init__(self, folder: Path) -> None:
        super().__init__(SETTINGS, folder=folder)

    def settings(self, name: str) -> dict[str, str]:
        return {**super().settings(name), "CODR_SANDBOX": SANDBOXES.get(name, "bubblewrap")}

    async def connect(self, chance: random.Random) -> tuple[str, socket.socket]:
        """The address of a web process, and a connection to it from where the clients are."""
        web = chance.choice(self.webs)
        address = self.host(web).address("people")
        return self.url(web), await self.host("clients").connect(address, site.WEB_PORT)

    def freeze(self, name: str) -> None:
        """To everybody else it is as if its host had been cut off; to itself no time passes."""
        self.processes[name].send(signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        self.processes[name].send(signal.SIGCONT)

    def interrupt(self, name: str) -> None:
        """PostgreSQL's word for an end that waits for nobody's session."""
        self.stop(name, signal.SIGINT)

    def begin(self, name: str) -> None:
        self.start_host(name, wait=False)

    def stop_all(self) -> None:
        """In order: each process has the time to tidy up."""
        last = ("redis", "postgres")
        for name in [name for name in self.processes if name not in last]:
            self.stop(name)
        self.stop("redis")
        self.interrupt("postgres")

    def rows(self) -> list[dict[str, Any]]:
        """Every job, and of its transcript what the program wrote."""
        with self.database() as database, database.cursor(row_factory=dict_row) as cursor:
            cursor.execute(ROWS)
            return [row | {"transcript": _output(row.pop("content"))} for row in cursor]


def _output(content: bytes | None) -> dict[str, bytes] | None:
    if content is None:
        return None
    found = {"stdout": b"", "stderr": b""}
    for item in json.loads(zlib.decompress(content)):
        if item["stream"] in found and item["stage"] == "run" and "encoding" not in item:
            found[item["stream"]] += item["data"].encode()
    return found
