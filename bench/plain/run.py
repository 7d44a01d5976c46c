"""Starts and stops the plain relay."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.embedded_redis import configuration, find_server
from tests.stack import CHECKOUT, free_port

PASSWORD = "known-to-the-bench"
START_S = 20.0


@contextlib.contextmanager
def plain_relay(folder: Path, code: str) -> Iterator[str]:
    """Its address while it runs `code`."""
    redis_port, port = free_port(), free_port()
    url = f"redis://default:{PASSWORD}@127.0.0.1:{redis_port}/0"
    env = {**os.environ, "PLAIN_REDIS_URL": url, "DJANGO_SETTINGS_MODULE": "bench.plain.settings"}
    with contextlib.ExitStack() as ending:

        def start(command: Sequence[str], stdin: int | None = None) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                command, cwd=CHECKOUT, env=env, stdin=stdin, stdout=subprocess.PIPE
            )
            ending.callback(process.wait, 10)
            ending.callback(process.terminate)
            return process

        server = start([str(find_server()), "-"], stdin=subprocess.PIPE)
        assert server.stdin is not None
        server.stdin.write(configuration(redis_port, PASSWORD, folder).encode())
        server.stdin.close()
        _until_open(redis_port)
        daphne = [
            "-m",
            "daphne",
            "--verbosity",
            "0",
            "-p",
            str(port),
            "bench.plain.web:application",
        ]
        start([sys.executable, *daphne])
        executor = start([sys.executable, "-m", "bench.plain.executor", code])
        assert executor.stdout is not None
        if executor.stdout.readline() != b"ready\n":
            raise RuntimeError("the plain relay did not start")
        _until_open(port)
        yield f"http://127.0.0.1:{port}"


def _until_open(port: int) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
