"""scripts/run.py with a Procfile of its own: what a person at a terminal sees, and what remains."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from executor_app.conf import conf
from scripts.embedded_redis import free_port
from scripts.run import read_procfile

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[2]

WEB = """\
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
    def log_message(self, *args):
        pass
address = os.environ["HOST"], int(os.environ["PORT"])
http.server.HTTPServer(address, Handler).serve_forever()
"""


class Run:
    """One `make run`, with a port and a state directory of its own."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.port = free_port()
        self.procfile = folder / "Procfile"
        (folder / "web.py").write_text(WEB)
        self.web = f"web: exec python {folder}/web.py"
        self.process: subprocess.Popen[str] | None = None

    def start(self, *lines: str, files: int | None = None) -> subprocess.Popen[str]:
        self.procfile.write_text("\n".join(lines) + "\n")
        environment = {k: v for k, v in os.environ.items() if k not in ("REDIS_URL", "HOST")}
        few = ["prlimit", f"--nofile={files}:"] if files else []
        self.process = subprocess.Popen(
            [
                *few,
                sys.executable,
                "-m",
                "scripts.run",
                "--no-prepare",
                "--procfile",
                self.procfile,
            ],
            cwd=CHECKOUT,
            env={**environment, "PORT": str(self.port), "CODR_STATE_DIR": str(self.state)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return self.process

    def read_until(self, text: str) -> list[str]:
        assert self.process is not None
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        raise AssertionError(f"{text!r} was not printed: {lines}")

    def processes(self) -> list[str]:
        """The command lines of all that got this run's state directory, or work in it."""
        mark = f"CODR_STATE_DIR={self.state}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                # Redis writes its title over its environment, but has changed into its folder.
                ours = mark in (folder / "environ").read_bytes().split(b"\0")
                if ours or (folder / "cwd").readlink().is_relative_to(self.state):
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run(tmp_path)
    yield run
    if run.process and run.process.poll() is None:
        run.process.terminate()
        run.process.wait(30)


def _number(line: str) -> int:
    return int(line.partition("pid=")[2])


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def wait_until(condition: Callable[[], bool], timeout_s: float = 15.0) -> None:
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < give_up_at, "it did not come about"
        time.sleep(0.02)


def test_the_address_is_printed_once_the_page_is_ready(run: Run) -> None:
    run.start(run.web)

    lines = run.read_until("Codr is ready")

    assert lines[-1] == f"Codr is ready: http://127.0.0.1:{run.port}/"


def test_what_all_users_share_goes_before_what_they_compute(run: Run) -> None:
    run.start(run.web, "executor: exec sleep 600.25")
    run.read_until("Codr is ready")

    (pid,) = (
        folder.name
        for folder in Path("/proc").glob("[0-9]*")
        if b"600.25" in (folder / "cmdline").read_bytes().split(b"\0")
    )

    file = Path(f"/proc/{pid}/autogroup")
    # A kernel without the file shares processors by groups alone, and there is nothing to say.
    assert not file.exists() or "nice -5" in file.read_text()


def test_more_sessions_fit_than_a_shell_allows_files(run: Run) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    run.start(run.web, "executor: echo files=$(ulimit -n); exec sleep 600", files=256)

    lines = run.read_until("files=")

    assert lines[-1].endswith(f"files={most}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_remains_after_a_stop(run: Run, number: signal.Signals) -> None:
    escaped = "executor: setsid sh -c 'sleep 600 & sleep 600' & echo escaped; exec sleep 600"
    process = run.start(run.web, escaped)
    run.read_until("Codr is ready")
    assert any("redis-server" in command for command in run.processes())

    process.send_signal(number)

    assert process.wait(15) == 0
    assert run.processes() == []
    assert not (run.state / "redis-url").exists()


def test_nothing_remains_after_the_supervisor_was_killed(run: Run) -> None:
    process = run.start(run.web, "executor: exec sleep 600")
    run.read_until("Codr is ready")

    process.kill()

    wait_until(lambda: run.processes() == [])


def test_a_second_stop_does_not_wait_for_anybody(run: Run) -> None:
    process = run.start(run.web, "executor: trap '' TERM; echo deaf; while :; do sleep 1; done")
    run.read_until("deaf")
    process.terminate()
    run.read_until("Codr is stopping")

    process.terminate()

    assert process.wait(5) == 0
    assert run.processes() == []


def test_a_process_that_is_killed_is_started_again(run: Run) -> None:
    run.start(run.web, "executor: echo pid=$$; exec sleep 600")
    first = _number(run.read_until("pid=")[-1])
    run.read_until("Codr is ready")

    os.kill(first, signal.SIGKILL)

    lines = run.read_until("pid=")
    assert "executor was ended by SIGKILL; it is started again." in lines
    assert Path(f"/proc/{_number(lines[-1])}").exists()


def test_a_redis_that_is_killed_comes_back_at_its_address_with_what_it_had(run: Run) -> None:
    run.start(run.web)
    run.read_until("Codr is ready")
    client = redis.Redis.from_url(
        (run.state / "redis-url").read_text(), retry=Retry(NoBackoff(), 0)
    )
    client.set("kept", "yes")
    client.bgrewriteaof()
    wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"])

    os.kill(client.info("server")["process_id"], signal.SIGKILL)

    run.read_until("redis was ended by SIGKILL; it is started again.")
    wait_until(lambda: _answers(client))
    assert client.get("kept") == b"yes"
    client.close()


def test_redis_does_not_write_all_that_it_has_anew_after_each_job_that_wrote_much(
    run: Run,
) -> None:
    run.start(run.web)
    run.read_until("Codr is ready")
    client = redis.Redis.from_url((run.state / "redis-url").read_text())
    said: Any = client.config_get("auto-aof-rewrite-min-size")
    size = int(said["auto-aof-rewrite-min-size"])
    client.close()

    assert size == 4 * conf().journal_bytes
    deployed = (CHECKOUT / "deploy/redis/codr.conf").read_text()
    assert f"\nauto-aof-rewrite-min-size {size >> 20}mb\n" in deployed


def test_a_process_that_keeps_ending_takes_the_rest_down(run: Run) -> None:
    wait_for_ready = f"while ! [ -e {run.state}/go ]; do sleep 0.1; done"
    process = run.start(run.web, f"executor: {wait_for_ready}; exit 3")
    run.read_until("Codr is ready")

    (run.state / "go").touch()

    output, _ = process.communicate(timeout=30)
    assert output.count("executor ended with exit code 3; it is started again.\n") == 3
    assert output.endswith("executor ended with exit code 3; the rest is stopped.\n")
    assert process.returncode == 1
    assert run.processes() == []


def test_one_process_that_ends_before_all_is_ready_takes_the_rest_down_and_is_named(
    run: Run,
) -> None:
    process = run.start(run.web, "recorder: echo no luck; exit 3")

    output, _ = process.communicate(timeout=30)

    assert "recorder | no luck\n" in output
    assert "recorder ended with exit code 3; the rest is stopped.\n" in output
    assert process.returncode == 1
    assert run.processes() == []


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("CODR_SANDBOX", "chroot", "CODR_SANDBOX is 'chroot'; it can be firejail or bubblewrap"),
        ("DATABASE_URL", "postgres://u:p@127.0.0.1:1/x", "The database that DATABASE_URL names"),
    ],
)
def test_a_wrong_setting_is_one_line(name: str, value: str, line: str) -> None:
    prepared = subprocess.run(
        [sys.executable, "-m", "scripts.prepare"],
        cwd=CHECKOUT,
        env={**os.environ, name: value},
        capture_output=True,
        text=True,
        check=False,
    )

    assert prepared.returncode == 1
    assert prepared.stderr.startswith(line)
    assert prepared.stderr.count("\n") == 1


def test_a_taken_port_is_one_line_and_starts_nothing(run: Run) -> None:
    with socket.create_server(("127.0.0.1", run.port)):
        process = run.start(run.web)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 1
    assert output.count("\n") == 1
    assert f"cannot listen on 127.0.0.1 port {run.port} (Address already in use)" in output
    assert not run.state.exists()


def test_redis_refuses_who_does_not_know_its_password(run: Run) -> None:
    run.start(run.web, 'asks: redis-cli -u "${REDIS_URL#*@}" ping; exec sleep 600')
    run.read_until("Codr is ready")
    secret = run.state / "redis-url"
    host, port = secret.read_text().split("@")[1].split("/")[0].split(":")

    with socket.create_connection((host, int(port))) as stranger:
        stranger.sendall(b"PING\r\n")
        answer = stranger.recv(100)

    assert answer.startswith(b"-NOAUTH")
    assert secret.stat().st_mode & 0o777 == 0o600
    assert not any(secret.read_text().split(":")[2].split("@")[0] in c for c in run.processes())


def test_the_key_is_kept_from_one_start_to_the_next(run: Run) -> None:
    show_key = "shows: echo key=$CODR_SECRET_KEY.; exec sleep 600"
    keys = []
    for _ in range(2):
        process = run.start(run.web, show_key)
        keys.append(run.read_until("key=")[-1])
        process.terminate()
        process.wait(15)

    assert keys[0] == keys[1]
    assert len(keys[0]) > 40
    assert (run.state / "secret-key").stat().st_mode & 0o777 == 0o600


def test_the_executor_gets_no_secret_of_the_web_process(tmp_path: Path) -> None:
    celery = tmp_path / "celery"
    celery.write_text("#!/bin/sh\nexec env\n")
    celery.chmod(0o755)
    secrets = {"DATABASE_URL": "postgresql://somewhere", "CODR_SECRET_KEY": "key"}

    shown = subprocess.run(
        ["/bin/sh", "-c", read_procfile(CHECKOUT / "Procfile")["executor"]],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "REDIS_URL": "redis://here", **secrets},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    names = {line.split("=")[0] for line in shown}
    assert names.isdisjoint(secrets)
    assert {"REDIS_URL=redis://here", "CODR_ROLE=executor"} <= set(shown)
