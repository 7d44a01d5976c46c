"""The whole of Codr as people run it: Redis, web, executor and recorder, as `make run` has them."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from executor_app.runner import mounts

CHECKOUT = Path(__file__).resolve().parent.parent
READY_S = 90.0
STOP_S = 30.0
ENDED_S = 40.0


# What `make run` has, and a Codr of a test only where it says so.
WARM = {"CODR_WARM": "8"}


@dataclass
class Stack:
    """One running Codr. `environment` adds to or replaces settings; see docs/configuration.md.

    `prepares`: it makes its own database and static files, which takes as long as all the rest.
    Others begin with a copy; those with a DATABASE_URL have nothing to copy.
    """

    state: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    prepares: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws/execute"

    @property
    def redis_url(self) -> str:
        """Of the Redis that it started itself."""
        return (self.state / "redis-url").read_text().strip()

    @property
    def log(self) -> str:
        return (self.state / "log").read_text(errors="replace")

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a process that belongs to this Codr, such as `manage.py`."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CODR_")}
        inherited.pop("DATABASE_URL", None)
        inherited.pop("REDIS_URL", None)
        own = {"CODR_STATE_DIR": str(self.state), "PORT": str(self.port)}
        # Each would take seconds of both processors, in the background of whatever is tested.
        own["CODR_PRECOMPILED_HEADERS"] = "off"
        # So would three jails for each of these that run a job or two; those that run many have it.
        own["CODR_WARM"] = "0"
        return {**inherited, **own, **self.environment}

    def start(self) -> None:
        """Returns once it is ready; raises with its log if it does not become so."""
        self.port = self.port or free_port()
        options = []
        if not self.prepares and "DATABASE_URL" not in self.environment:
            give_prepared(self.state)
            options = ["--no-prepare"]
        with open(self.state / "log", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.run", *options],
                cwd=CHECKOUT,
                env=self.settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + READY_S
        while "Codr is ready" not in self.log:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"Codr did not start:\n{self.log}")
            time.sleep(0.05)

    def wait_for_headers(self) -> None:
        """Until this host has compiled those that it compiles beforehand."""
        deadline = time.monotonic() + READY_S
        while not [made for made in self.state.glob("headers/*-*") if made.suffix != ".new"]:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Codr compiled no headers:\n{self.log}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(STOP_S)
        if self.state.exists():
            # Those of an executor that was killed; there is no next one here to remove them.
            mounts.unmount_below(self.state)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(
            command, cwd=CHECKOUT, env=self.settings, capture_output=True, text=True, timeout=120
        )

    def get(self, path: str) -> bytes:
        with urlopen(self.url + path, timeout=10) as answer:
            content: bytes = answer.read()
        return content


def job_rows(state: Path) -> dict[str, dict[str, Any]]:
    """Every job in the database of a state folder, by its id. Cheap enough to be asked often."""
    with closing(sqlite3.connect(f"file:{state}/codr.sqlite3?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        rows = [dict(row) for row in database.execute("SELECT * FROM executor_app_job")]
    return {str(uuid.UUID(row["id"])): row for row in rows}


async def ended_row(state: Path, job_id: str) -> dict[str, Any]:
    """Of one job, once it is over."""
    return await _row(state, job_id, lambda status: status not in ("queued", "running"))


async def running_row(state: Path, job_id: str) -> dict[str, Any]:
    """Of one job, once the table knows that it runs: a moment later than who follows it."""
    return await _row(state, job_id, lambda status: status == "running")


async def _row(state: Path, job_id: str, wanted: Callable[[str], bool]) -> dict[str, Any]:
    async with asyncio.timeout(ENDED_S):
        while True:
            row = job_rows(state)[job_id]
            if wanted(row["status"]):
                return row
            await asyncio.sleep(0.05)


def give_prepared(state: Path) -> None:
    """A database with nothing in it and the static files, where there is no database yet."""
    if not (state / "codr.sqlite3").exists():
        shutil.copytree(_prepared().name, state, dirs_exist_ok=True)


@cache
def _prepared() -> TemporaryDirectory[str]:
    """A state folder as `make run` leaves it before the processes start; made once."""
    folder = TemporaryDirectory(prefix="codr-prepared.")
    command = [sys.executable, "-m", "scripts.prepare"]
    subprocess.run(command, cwd=CHECKOUT, env=Stack(Path(folder.name)).settings, check=True)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
