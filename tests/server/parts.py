"""Codr's processes started one by one, so that a test can leave one out, change it or kill it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import redis

from executor_app.runner import mounts
from scripts.embedded_redis import configuration, find_server
from scripts.run import read_procfile
from tests.stack import CHECKOUT, Stack, free_port, give_prepared

PASSWORD = "known-to-the-tests"
PATIENCE_S = 40.0
# Who starts the tests in the background has them ignore SIGINT, and all that they start.
HEARS_CTRL_C = ("env", "--default-signal=INT")


@dataclass
class Parts:
    """`start` takes a name of the Procfile or `redis`; further settings are that process's own."""

    state: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    redis_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        (self.state / "redis").mkdir()
        give_prepared(self.state)

    @property
    def settings(self) -> dict[str, str]:
        return {
            **Stack(self.state).settings,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "REDIS_URL": f"redis://default:{PASSWORD}@127.0.0.1:{self.redis_port}/0",
            **self.environment,
        }

    def start(self, name: str, called: str = "", **settings: str) -> None:
        called = called or name
        environment = {**self.settings, **settings}
        if name == "web":
            self.ports.setdefault(called, free_port())  # who comes back finds it where it was
            environment["PORT"] = str(self.ports[called])
        with open(self.state / f"{called}.log", "ab") as log:
            self.processes[called] = subprocess.Popen(
                [str(find_server()), "-"]
                if name == "redis"
                else [*HEARS_CTRL_C, "/bin/sh", "-c", PROCFILE[name]],
                cwd=CHECKOUT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        told = self.processes[called].stdin
        assert told is not None
        if name == "redis":
            told.write(configuration(self.redis_port, PASSWORD, self.state / "redis").encode())
        told.close()
        if name == "redis":
            until(lambda: redis_answers(self.redis_port), "Redis answers")
        if name == "web":
            until(lambda: self.ask("/healthz", called)[0] == 200, "the web process answers")

    def stop(self, called: str, number: signal.Signals = signal.SIGTERM) -> None:
        process = self.processes.pop(called)
        if process.poll() is None:
            process.send_signal(number)
        process.wait(30)

    def stop_all(self) -> None:
        for called in sorted(self.processes, key=lambda name: name == "redis"):
            self.stop(called)
        mounts.unmount_below(self.state)  # those of executors that were killed

    def url(self, called: str = "web") -> str:
        return f"ws://127.0.0.1:{self.ports[called]}/ws/execute"

    def ask(self, path: str, called: str = "web") -> tuple[int, bytes]:
        """Status and body; 0 where nobody answers."""
        try:
            with urlopen(f"http://127.0.0.1:{self.ports[called]}{path}", timeout=10) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()
        except (URLError, ConnectionError):
            return 0, b""

    def unready(self, called: str = "web") -> dict[str, str]:
        """What /readyz complains about."""
        status, body = self.ask("/readyz", called)
        answer = json.loads(body)
        wrong = {name: said for name, said in answer["checks"].items() if said != "ok"}
        assert (status == 200) == answer["ready"] == (not wrong)
        return wrong

    def until_ready(self) -> None:
        until(lambda: not self.unready(), "all is ready")

    def log(self, called: str) -> str:
        return (self.state / f"{called}.log").read_text(errors="replace")

    def name_of(self, called: str) -> str:
        """What an executor started under that name calls itself."""
        own = self.environment["CODR_EXECUTOR_NAME"]
        return own if called == "executor" else f"{own}-{called}"

    def holder_of(self, job_id: str) -> str:
        """Which of our executors has the job."""
        with redis.Redis(port=self.redis_port, password=PASSWORD) as server:
            holder = server.hget(f"codr:held:{job_id}", "executor")
        assert isinstance(holder, bytes), f"nobody holds {job_id}"
        own = [name for name in self.processes if self.name_of(name) == holder.decode()]
        assert len(own) == 1, (holder, self.processes)
        return own[0]

    def remains(self) -> dict[str, list[str]]:
        """What is left on this host of executors that worked here."""
        here = str(self.state)
        processes = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                environment = (folder / "environ").read_bytes()
                cwd = os.readlink(folder / "cwd")
                if f"CODR_STATE_DIR={here}\0".encode() in environment or cwd.startswith(here):
                    processes.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        mounts = [line for line in Path("/proc/mounts").read_text().splitlines() if here in line]
        folders = [str(path) for path in (self.state / "executors").glob("*/jobs/*")]
        name = self.environment["CODR_EXECUTOR_NAME"]
        # Others' come and go meanwhile, which `os.walk` passes over.
        groups = [folder for folder, _, _ in os.walk("/sys/fs/cgroup") if name in folder]
        return {"processes": processes, "mounts": mounts, "folders": folders, "cgroups": groups}


PROCFILE = read_procfile(CHECKOUT / "Procfile")


def redis_answers(port: int) -> bool:
    try:
        with redis.Redis(port=port, password=PASSWORD) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        time.sleep(0.05)
