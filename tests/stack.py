"""The whole of Codr as people run it: Redis, web, executor and recorder, as `make run` has them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from executor_app.runner import mounts

CHECKOUT = Path(__file__).resolve().parent.parent
READY_S = 90.0
STOP_S = 30.0


@dataclass
class Stack:
    """One running Codr. `environment` adds to or replaces settings; see docs/configuration.md."""

    state: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
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
        return {**inherited, **own, **self.environment}

    def start(self) -> None:
        """Returns once it is ready; raises with its log if it does not become so."""
        self.port = self.port or free_port()
        with open(self.state / "log", "ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scripts.run"],
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
