"""`make run`: Redis if none is given, the database, and every process of the Procfile, in front.

A process that ends once all was ready is started again. Ends with 0 on Ctrl-C or SIGTERM, and with
1 when something cannot start or does not stay.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.embedded_redis import EmbeddedRedis, RedisError
from scripts.supervisor import Child, Supervisor

CHECKOUT = Path(__file__).resolve().parent.parent
GRACE_S = 10.0
REDIS_GRACE_S = 5.0
READY_POLL_S = 0.1
READY_ANSWER_S = 5.0
READY_LATE_S = 60.0
READY_LATE_POLL_S = 5.0
LOCK_WAIT_S = 5.0
# Time for its port to be free again, and for a reader to see why it ended.
RESTART_PAUSE_S = 0.5


class StartError(Exception):
    """Nothing was or stays started; the message is the one line that a person gets."""


@dataclass(frozen=True)
class Address:
    host: str
    port: int

    @property
    def reachable_host(self) -> str:
        """Where to knock: an address that means "all of this machine's" cannot be called."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def url(self) -> str:
        host = self.reachable_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--procfile", type=Path, default=CHECKOUT / "Procfile")
    parser.add_argument(
        "--no-prepare", action="store_true", help="leave the database and static files as they are"
    )
    options = parser.parse_args()
    os.chdir(CHECKOUT)
    raise_file_limit()
    try:
        return asyncio.run(run(options.procfile, prepare=not options.no_prepare))
    except (StartError, RedisError) as error:
        print(error, file=sys.stderr)
        return 1


def raise_file_limit() -> None:
    """A session takes several descriptors in each process on its way; many a shell allows 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def run(procfile: Path, *, prepare: bool) -> int:
    commands = read_procfile(procfile)
    address = read_address(os.environ)
    refuse_taken_port(address)
    state = Path(os.environ.get("CODR_STATE_DIR") or CHECKOUT / "var").resolve()
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock_fd = await lock_state(state)
    environment = child_environment(os.environ, address, state)

    supervisor = Supervisor(name_width=max(len("prepare"), *map(len, commands)))
    stop = asyncio.Event()
    stop_on_signals(stop, supervisor)
    life = asyncio.create_task(
        live(supervisor, commands, address, environment, lock_fd=lock_fd, prepare=prepare)
    )
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([life, stopped], return_when=asyncio.FIRST_COMPLETED)
        if life.done():
            return life.result()
        supervisor.say("Codr is stopping.")
        return 0
    finally:
        life.cancel()
        stopped.cancel()
        await take_down(supervisor, state)


async def live(
    supervisor: Supervisor,
    commands: Mapping[str, str],
    address: Address,
    environment: dict[str, str],
    *,
    lock_fd: int,
    prepare: bool,
) -> int:
    """Start everything and keep it running; return only when something does not stay."""
    state = Path(environment["CODR_STATE_DIR"])
    starts: dict[str, Callable[[], Awaitable[Child]]] = {}
    if not environment.get("REDIS_URL"):
        redis = EmbeddedRedis.new(supervisor, state / "redis", environment, lock_fd=lock_fd)
        await redis.start()
        starts["redis"] = redis.start
        environment["REDIS_URL"] = redis.url
        # For a person with redis-cli, or a manage.py beside this; not there when we are not.
        write_private(state / "redis-url", redis.url)
    if prepare:
        await prepare_application(supervisor, environment)
    for name, command in commands.items():
        starts[name] = partial(start_command, supervisor, name, command, environment)
        await starts[name]()

    announcement = asyncio.create_task(announce_when_ready(supervisor, address))
    try:
        ended = await supervisor.child_ended.get()
        while announcement.done() and supervisor.may_start_again(ended):
            supervisor.say(f"{ended.name} {ended.verdict}; it is started again.")
            await asyncio.sleep(RESTART_PAUSE_S)
            await starts[ended.name]()
            ended = await supervisor.child_ended.get()
    finally:
        announcement.cancel()
    supervisor.say(f"{ended.name} {ended.verdict}; the rest is stopped.")
    return 1


async def start_command(
    supervisor: Supervisor, name: str, command: str, environment: Mapping[str, str]
) -> Child:
    return supervisor.start(name, command, environment)


async def prepare_application(supervisor: Supervisor, environment: Mapping[str, str]) -> None:
    preparation = supervisor.start(
        "prepare", [sys.executable, "-m", "scripts.prepare"], environment
    )
    ended = await supervisor.child_ended.get()
    if ended is not preparation or ended.exit_code != 0:
        raise StartError(f"{ended.name} {ended.verdict}; nothing was started.")


async def take_down(supervisor: Supervisor, state: Path) -> None:
    """The application first, as it needs Redis to finish; Redis then; then whatever escaped."""
    redis = [child for child in supervisor.children if child.name == "redis"]
    rest = [child for child in supervisor.children if child.name != "redis"]
    await supervisor.stop(rest, grace_s=GRACE_S)
    await supervisor.stop(redis, grace_s=REDIS_GRACE_S)
    await supervisor.sweep()
    if redis:
        (state / "redis-url").unlink(missing_ok=True)


def stop_on_signals(stop: asyncio.Event, supervisor: Supervisor) -> None:
    """The first Ctrl-C stops in order; a second one does not wait for anybody."""

    def handle() -> None:
        if stop.is_set():
            supervisor.kill()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, handle)


async def announce_when_ready(supervisor: Supervisor, address: Address) -> None:
    late_at = time.monotonic() + READY_LATE_S
    while True:
        status, body = await ask_ready(address)
        if status == 200:
            supervisor.say(f"Codr is ready: {address.url}")
            return
        if time.monotonic() >= late_at:
            supervisor.say(f"Codr is not ready after {READY_LATE_S:g} s: {body or 'no answer'}")
            late_at = float("inf")
        is_late = late_at == float("inf")
        await asyncio.sleep(READY_LATE_POLL_S if is_late else READY_POLL_S)


async def ask_ready(address: Address) -> tuple[int, str]:
    """Status and body of /readyz; status 0 when there is no answer."""
    try:
        async with asyncio.timeout(READY_ANSWER_S):
            reader, writer = await asyncio.open_connection(address.reachable_host, address.port)
            try:
                host = address.url.split("/")[2]
                writer.write(f"GET /readyz HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return 0, ""
    match = re.match(rb"HTTP/1\.\d (\d{3})", head)
    return (int(match[1]) if match else 0), one_line(body)


def one_line(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body))
    except ValueError:
        return ""


def read_procfile(path: Path) -> dict[str, str]:
    lines = re.findall(r"^([A-Za-z0-9_-]+):[ \t]*(\S.*)$", path.read_text(), re.MULTILINE)
    if not lines:
        raise StartError(f"{path} has no process in it.")
    return dict(lines)


def read_address(environment: Mapping[str, str]) -> Address:
    text = environment.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise StartError(f"PORT is a number from 1 to 65535, not {text!r}.")
    return Address(environment.get("HOST") or "127.0.0.1", int(text))


def refuse_taken_port(address: Address) -> None:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: a connection that was closed a moment ago does not take the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except OSError as error:
        raise StartError(
            f"Codr cannot listen on {address.host} port {address.port} ({error.strerror}); "
            f"another port: PORT={address.port + 1} make run"
        ) from None


async def lock_state(state: Path) -> int:
    """Take the state directory for ourselves: two Redis with one file would ruin it."""
    fd = os.open(state / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    give_up_at = time.monotonic() + LOCK_WAIT_S  # a killed run's Redis may be on its way out
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return fd
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                raise StartError(
                    f"Codr already runs with the state directory {state}; "
                    "another one: CODR_STATE_DIR=... make run"
                ) from None
            await asyncio.sleep(0.1)


def child_environment(
    environment: Mapping[str, str], address: Address, state: Path
) -> dict[str, str]:
    """What every process gets; the Procfile takes away what its line must not have."""
    return {
        **environment,
        "PATH": f"{Path(sys.executable).parent}:{environment.get('PATH') or os.defpath}",
        "HOST": address.host,
        "PORT": str(address.port),
        "PYTHONUNBUFFERED": "1",
        "CODR_STATE_DIR": str(state),
        "CODR_SECRET_KEY": environment.get("CODR_SECRET_KEY") or kept_secret(state / "secret-key"),
    }


def kept_secret(path: Path) -> str:
    """A key made on the first start and kept, so that sessions outlive a restart."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Write a file that nobody else may read, whole or not at all."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(text)
    draft.replace(path)


if __name__ == "__main__":
    if not shutil.which("setpriv"):
        sys.exit("Codr needs setpriv, of the Debian package util-linux.")
    sys.exit(main())
