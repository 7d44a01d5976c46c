"""The harness notices what it is for: an attack that gets through, and what is left behind."""

from __future__ import annotations

import asyncio
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import pytest
import redis

from executor_app.languages import find, languages
from executor_app.runner import mounts
from executor_app.runner.cgroups import find_hierarchy
from tests.hostile import traces
from tests.hostile.attempt import Seen, attempt, judge
from tests.hostile.campaign import Campaign
from tests.hostile.canaries import Canaries
from tests.hostile.corpus import Attack, load
from tests.hostile.neighbour import living
from tests.stack import Stack

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.parametrize("campaign", ["firejail"], indirect=True, scope="session"),
]


def attack(code: str, **fields: Any) -> Attack:
    fields.setdefault("expect", ("completed",))
    return Attack(name="x", group="x", language="python", about="x", code=code, **fields)


async def faults_of(campaign: Campaign, made: Attack, **places: str) -> list[str]:
    seen = await attempt(campaign.stack.socket_url, made, campaign.canaries.places | places)
    return judge(made, seen, campaign.canaries)


async def test_an_attack_that_holds_has_no_faults(campaign: Campaign) -> None:
    assert await faults_of(campaign, attack("print('HELD')")) == []


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_an_attack_that_says_it_got_through_is_reported(
    campaign: Campaign, stream: str
) -> None:
    code = f"import sys\nprint('HELD first')\nprint('ESCAPED then', file=sys.{stream})"
    assert await faults_of(campaign, attack(code)) == ["ESCAPED then"]


@pytest.mark.parametrize("way", ["buffer.write(secret)", "buffer.write(b'\\xff' + secret)"])
async def test_a_secret_that_is_told_is_reported(campaign: Campaign, way: str) -> None:
    for what in ("a file outside", "the neighbour's environment", "the password of Redis"):
        code = f"import sys\nprint('HELD')\nsecret = sys.argv[1].encode()\nsys.stdout.{way}"
        secret = campaign.canaries.values[what]
        assert await faults_of(campaign, attack(code, args=("{told}",)), told=secret) == [
            f"leaked {what}"
        ]


@pytest.mark.parametrize(
    ("code", "fields", "fault"),
    [
        ("pass", {}, "did not say that anything was refused"),
        ("print('HELD')", {"says": ("other",)}, "did not say 'other'"),
        ("print('HELD')", {"expect": ("signaled",)}, "ended as completed (), not as signaled"),
        ("print('HELD')", {"reason": "limit"}, "gave '' as the reason"),
    ],
)
async def test_an_attack_that_does_not_end_as_expected_is_reported(
    campaign: Campaign, code: str, fields: dict[str, Any], fault: str
) -> None:
    assert await faults_of(campaign, attack(code, **fields)) == [fault]


async def test_an_attack_is_answered_and_sent_what_belongs_to_it(campaign: Campaign) -> None:
    code = "import sys, time\nprint('HELD', input('? '), sys.argv[1])\ntime.sleep(20)"
    made = attack(
        code,
        args=("{tcp_port}",),
        answers=("typed",),
        ready="HELD typed",
        then=({"type": "cancel"},),
        expect=("cancelled",),
        says=(f"HELD typed {campaign.canaries.places['tcp_port']}",),
    )
    assert await faults_of(campaign, made) == []


def test_no_end_at_all_is_reported(campaign: Campaign) -> None:
    seen = Seen(0.0, 1.0, broken="TimeoutError: ")
    assert judge(attack(""), seen, campaign.canaries) == ["no proper end: TimeoutError: "]


# --- where there is no jail --------------------------------------------------------------------


async def test_an_attack_gets_through_where_there_is_no_jail(
    campaign: Campaign, tmp_path: Path
) -> None:
    """So it is the jail that holds it, and not a mistake in the attack."""
    made = [attack for attack in load() if attack.bare]
    assert {attack.language for attack in made} == set(languages())
    async with living(campaign.stack, campaign.canaries):
        outputs = await asyncio.gather(
            *(asyncio.to_thread(run_bare, attack, campaign.canaries, tmp_path) for attack in made)
        )
    got = {attack.id for attack, output in zip(made, outputs, strict=True) if b"ESCAPED" in output}
    assert got == {attack.id for attack in made}


def run_bare(made: Attack, canaries: Canaries, folder: Path) -> bytes:
    """The output of a program that runs as ours do: as the user of this test."""
    language, home = find(made.language), folder / made.id
    home.mkdir()
    message = made.message(canaries.places)
    (home / language.file_name).write_text(message["code"])
    compiling = language.compile_argv([language.file_name])
    if compiling:
        subprocess.run(compiling, cwd=home, check=True, capture_output=True, timeout=60)
    running = language.run_argv(message["args"], language.file_name)
    done = subprocess.run(running, cwd=home, capture_output=True, timeout=60, check=False)
    return done.stdout


# --- what the listeners hear -------------------------------------------------------------------


def speak(canaries: Canaries, to: str) -> None:
    places = canaries.places
    inet, inet6, unix = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX
    stream, dgram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    family, kind, address = {
        "tcp": (inet, stream, ("127.0.0.1", places["tcp_port"])),
        "tcp6": (inet6, stream, ("::1", places["tcp6_port"])),
        "udp": (inet, dgram, ("127.0.0.1", places["udp_port"])),
        "udp6": (inet6, dgram, ("::1", places["udp6_port"])),
        "ns": (inet, stream, (places["ns_address"], places["ns_port"])),
        "ns6": (inet6, stream, (places["ns6_address"], places["ns6_port"])),
        "ns_udp": (inet, dgram, (places["ns_address"], places["ns_udp_port"])),
        "unix": (unix, stream, places["unix_path"]),
        "abstract": (unix, stream, "\0" + places["abstract"]),
        "abstract_dgram": (unix, dgram, "\0" + places["abstract_dgram"]),
    }[to]
    target = address if isinstance(address, str) else (address[0], int(address[1]))
    with socket.socket(family, kind) as client:
        client.connect(target)
        if kind == dgram:
            client.send(b"x")


LISTENERS = ("tcp", "tcp6", "udp", "udp6", "ns", "ns6", "ns_udp", "unix", "abstract",
             "abstract_dgram")  # fmt: skip


@pytest.mark.parametrize("what", LISTENERS)
def test_a_listener_that_hears_something_fails_the_attack_that_ran_then(
    campaign: Campaign, what: str
) -> None:
    listeners, known = campaign.canaries.listeners, len(campaign.canaries.listeners.heard)
    start = time.monotonic()

    speak(campaign.canaries, what)

    deadline = start + 5
    while len(listeners.heard) == known and time.monotonic() < deadline:
        time.sleep(0.01)
    held: dict[str, Any] = {"complete": {"status": "completed"}, "output": b"HELD"}
    end = time.monotonic()
    during, later = Seen(start, end, **held), Seen(end, end + 1, **held)
    assert judge(attack(""), during, campaign.canaries) == [f"was heard by the listener {what}"]
    assert judge(attack(""), later, campaign.canaries) == []


# --- what is left behind -----------------------------------------------------------------------


@contextmanager
def left(what: str, stack: Stack) -> Iterator[None]:
    executor = next(stack.state.glob("executors/*"))
    place = executor / "jobs" / "left"
    if what == "folders":
        place.mkdir()
        yield
        place.rmdir()
    elif what == "mounts":
        mounts.mount_tmpfs(executor / "jobs", size=4096, inodes=4, mode=0o700)
        yield
        mounts.unmount(executor / "jobs")
    elif what == "groups":
        group = find_hierarchy(executor.name).create("left")
        yield
        group.remove()
    elif what == "orphans":
        command = ["setpriv", "--reuid=1200000000", "sh", "-c", "sleep 60 >&- 2>&- & echo $!"]
        made = subprocess.run(command, check=True, capture_output=True, text=True)
        yield
        os.kill(int(made.stdout), signal.SIGKILL)
    elif what == "ipc":
        command = ["setpriv", "--reuid=1200000000", "ipcmk", "-S", "1"]
        made = subprocess.run(command, check=True, capture_output=True, text=True)
        yield
        subprocess.run(["ipcrm", "-s", made.stdout.split()[-1]], check=True)
    elif what == "files":
        with ExitStack() as files:
            for folder in traces.OPEN_FOLDERS:
                file = files.enter_context(NamedTemporaryFile(dir=folder))
                os.chown(file.name, 1_200_000_000, -1)
            yield
    elif what == "keys":
        with redis.Redis.from_url(stack.redis_url) as client:
            client.set("codr:job:left:lease", "x")
            yield
            client.delete("codr:job:left:lease")


KINDS = ("folders", "mounts", "groups", "orphans", "ipc", "files", "keys")


@pytest.mark.parametrize("what", KINDS)
def test_what_an_attack_leaves_behind_is_noticed(
    campaign: Campaign, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traces.at_rest(campaign.stack)
    before = traces.take(campaign.stack)
    monkeypatch.setattr(traces, "PATIENCE_S", 0.5)
    with left(what, campaign.stack):
        # A jail that is too old is replaced meanwhile, and Codr's own rounds go on.
        deadline = time.monotonic() + 20
        while (kinds := kinds_left(campaign, before)) != {what} and time.monotonic() < deadline:
            pass
    assert kinds == {what}


def kinds_left(campaign: Campaign, before: traces.Traces) -> set[str]:
    return {line.split(":")[0] for line in traces.left_since(campaign.stack, before)}


KINDS_OF_POOL = [("unix", 0), ("tcp", 0), ("Redis", 3), ("epoll", 1)]


@pytest.mark.parametrize(("kind", "others"), KINDS_OF_POOL)
def test_a_descriptor_for_each_job_is_noticed_and_a_pool_of_connections_is_not(
    campaign: Campaign, kind: str, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of this process, which holds what it is given, in the executor's place."""
    traces.at_rest(campaign.stack)
    monkeypatch.setattr(traces, "executor_pid", lambda stack: os.getpid())
    monkeypatch.setattr(traces, "PATIENCE_S", 0.5)
    redis_port = traces._redis_port(campaign.stack)
    with ExitStack() as held, socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(others):
            held.enter_context(socket.create_connection(("127.0.0.1", redis_port)))
        before = traces.take(campaign.stack)

        def leak() -> list[str]:
            if kind == "epoll":
                held.enter_context(select.epoll())
            elif kind == "unix":
                held.enter_context(socket.socket(socket.AF_UNIX))
            else:
                port = redis_port if kind == "Redis" else server.getsockname()[1]
                held.enter_context(socket.create_connection(("127.0.0.1", port)))
            return traces.left_since(campaign.stack, before, jobs_at_once=1)

        allowed = {"Redis": traces.MOST_FOR_ONE_JOB, "epoll": 1}.get(kind, 0)
        for _ in range(allowed):
            assert leak() == []
        (found,) = leak()
        assert found.startswith("descriptors: "), found
