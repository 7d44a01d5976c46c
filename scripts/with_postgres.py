"""Runs a command beside a PostgreSQL of its own, which it finds in CODR_TEST_POSTGRES_URL.

    python -m scripts.with_postgres COMMAND [ARGUMENT...]

The server is new, listens on a socket in a folder of its own and nowhere else, and is gone with the
command. Durability is off, since nothing is kept. A test may use `temporary_postgres` itself.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import quote

VARIABLE = "CODR_TEST_POSTGRES_URL"
START_TIMEOUT_S = 30.0
# Only a machine that loses its power loses anything by it: what is committed is with the kernel.
UNSAFE_AND_FAST = ("fsync=off", "full_page_writes=off")


class PostgresError(Exception):
    """There is no server to be had; the message says why."""


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """A running server's URL; who connects is a superuser."""
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="codr-postgres."))  # for its owner alone
    try:
        user = server_user(folder)
        create_cluster(binaries, folder, user)
        server = start_server(binaries, folder, user)
        try:
            ask = [*user, f"{binaries}/pg_isready", f"--host={folder}"]
            wait_until_it_answers(server, ask)
            yield f"postgresql://codr@{quote(str(folder), safe='')}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)  # "at once"
            server.wait()
    finally:
        shutil.rmtree(folder)


def server_user(folder: Path) -> list[str]:
    """What to put before a server's command; gives it the folder."""
    if os.geteuid() != 0:
        return []
    # PostgreSQL refuses to run as root; its package has made a user for it.
    user = pwd.getpwnam("postgres")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]


def create_cluster(binaries: Path, folder: Path, user: list[str]) -> None:
    command = [*user, f"{binaries}/initdb", f"--pgdata={folder}/data", "--username=codr"]
    command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    made = subprocess.run(command, capture_output=True, text=True, cwd="/")
    if made.returncode != 0:
        raise PostgresError(f"initdb failed: {made.stderr.strip()}")


def start_server(binaries: Path, folder: Path, user: list[str]) -> subprocess.Popen[bytes]:
    options = [f"unix_socket_directories={folder}", "listen_addresses=", "max_connections=200"]
    # Gone with us, even when we are killed.
    command = [*user, "setpriv", "--pdeathsig=QUIT", f"{binaries}/postgres", f"-D{folder}/data"]
    command += [f"-c{option}" for option in (*options, *UNSAFE_AND_FAST)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,  # Ctrl-C is for the command; this one ends after it
        )


def find_binaries() -> Path:
    """The newest server that is installed."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    by_version = {int(match[0]): p for p in installed if (match := re.match(r"\d+", p.parts[4]))}
    if not by_version:
        raise PostgresError("There is no PostgreSQL server; install the package postgresql.")
    return by_version[max(by_version)].parent


def wait_until_it_answers(server: subprocess.Popen[bytes], ask: list[str]) -> None:
    give_up_at = time.monotonic() + START_TIMEOUT_S
    while subprocess.run(ask, capture_output=True, cwd="/").returncode != 0:
        if server.poll() is not None or time.monotonic() >= give_up_at:
            raise PostgresError("PostgreSQL did not start.")
        time.sleep(0.02)


def run(command: list[str]) -> int:
    """The command's exit code; SIGTERM is passed on to it, Ctrl-C it gets from the terminal."""
    process = subprocess.Popen(command)

    def pass_on(number: int, frame: FrameType | None) -> None:
        process.send_signal(number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, lambda number, frame: None)
    code = process.wait()
    return code if code >= 0 else 128 - code


def main() -> int:
    if os.environ.get(VARIABLE):
        return run(sys.argv[1:])
    try:
        with temporary_postgres() as url:
            os.environ[VARIABLE] = url
            return run(sys.argv[1:])
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
