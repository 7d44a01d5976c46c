"""The launcher by itself: what it keeps of a mount, and which orders it takes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from executor_app.runner import procfs
from executor_app.runner.host import Host
from executor_app.runner.jail import MESSAGE_BYTES, ORDER
from executor_app.runner.sandbox import seccomp

PATIENCE_S = 20
FAILED = 111
TRUE = b"/\0/usr/bin/true\0"


def test_what_is_bound_keeps_what_its_mount_forbids(host: Host, tmp_path: Path) -> None:
    """The first is a mount of its own, without set-uid programs and devices."""
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder in (first, second, third):
        folder.mkdir()
    said = subprocess.run(
        [
            *(str(host.ground.launcher), "enter", "--own-mounts", "--tmpfs", str(first)),
            *("--bind", str(first), str(second), "--ro-bind", str(first), str(third)),
            *("--", "/bin/cat", "/proc/self/mounts"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )
    fields = (line.split() for line in said.stdout.splitlines())
    flags = {at: {*options.split(",")} for _, at, _, options, *_ in fields}
    for folder, others in ((first, {"rw"}), (second, {"rw"}), (third, {"ro"})):
        assert {"nosuid", "nodev"} | others <= flags[str(folder)], folder


@contextmanager
def serving(host: Host) -> Iterator[tuple[subprocess.Popen[bytes], socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(PATIENCE_S)
    command = [str(host.ground.launcher), "serve"]
    with subprocess.Popen(command, stdin=theirs.fileno(), stderr=subprocess.PIPE) as process, ours:
        theirs.close()
        try:
            assert ours.recv(MESSAGE_BYTES)[:1] == b"R"
            yield process, ours
        finally:
            process.kill()


def give(
    control: socket.socket,
    strings: bytes,
    *,
    args: int,
    envs: int,
    rules: bytes,
    joins: int = 0,
    files: Sequence[int] = (),
) -> None:
    """`joins` is how many `files` are said to come with it, to join control groups by."""
    sizes = (len(strings) + len(rules), args, envs, 0, len(rules), len(strings), joins, 0)
    null = os.open("/dev/null", os.O_RDWR)
    try:
        socket.send_fds(control, [ORDER.pack(*sizes, 0, 0, 64, 0, 0, 0)], [null] * 3 + [*files])
        with contextlib.suppress(BrokenPipeError):  # it has seen enough, and gone
            control.sendall(strings + rules)
    finally:
        os.close(null)


def await_program(pid: int, name: str) -> None:
    """Until it is executed."""
    for _ in range(PATIENCE_S * 100):
        if Path(f"/proc/{pid}/comm").read_text().strip() == name:
            return
        time.sleep(0.01)
    raise AssertionError(f"{name} was not executed")


def test_an_order_that_is_whole_is_carried_out(host: Host) -> None:
    with serving(host) as (_, control):
        give(control, TRUE + b"A=1\0", args=1, envs=1, rules=seccomp.filter_bytes())
        assert control.recv(MESSAGE_BYTES)[:1] == b"P"
        assert control.recv(MESSAGE_BYTES)[:5] == b"X\0\0\0\0"


@pytest.mark.parametrize(
    ("strings", "args", "envs", "rules"),
    [
        (TRUE, 2, 0, b""),
        (TRUE, 1, 1, b""),
        (TRUE, 0xFFFFFFFF, 0, b""),
        (TRUE, 0xFFFFFFFF, 0xFFFFFFFF, b""),
        (TRUE, 0, 1, b""),
        (TRUE + b"A=1\0", 1, 0, b""),
        (TRUE + b"A=1", 1, 1, b""),
        (b"", 0, 0, b""),
        (b"", 1, 0, TRUE),
        (TRUE, 1, 0, bytes(7)),
        (TRUE, 1, 0, bytes(8 * 4097)),
    ],
)
def test_an_order_whose_counts_are_not_those_of_its_strings_is_not_taken(
    host: Host, strings: bytes, args: int, envs: int, rules: bytes
) -> None:
    with serving(host) as (process, control):
        give(control, strings, args=args, envs=envs, rules=rules)
        assert process.wait(PATIENCE_S) == FAILED
        assert process.stderr is not None
        assert b"wrong order" in process.stderr.read()


def test_a_program_joins_the_groups_of_its_order_before_it_is_told_of_and_its_launcher_does_not(
    host: Host,
) -> None:
    group = host.make_cgroup("launcher.joins")
    assert group is not None
    files = [os.open(file, os.O_WRONLY) for file in group.join_files]
    try:
        with serving(host) as (process, control):
            strings = b"/\0/usr/bin/sleep\x0060\0"
            give(control, strings, args=2, envs=0, rules=b"", joins=len(files), files=files)
            assert control.recv(MESSAGE_BYTES)[:1] == b"P"
            (program,) = group.pids()
            assert procfs.parent(program) == process.pid
            for folder in group.folders:
                assert (folder / "cgroup.procs").read_text().split() == [str(program)]
            # Of what came with the order, the program has its own three.
            await_program(program, "sleep")
            assert sorted(os.listdir(f"/proc/{program}/fd")) == ["0", "1", "2"]
    finally:
        for file in files:
            os.close(file)
        group.remove()


def test_a_program_that_cannot_join_its_group_is_not_started(host: Host) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with serving(host) as (_, control):
            give(control, TRUE, args=1, envs=0, rules=b"", joins=1, files=[full])
            assert control.recv(MESSAGE_BYTES)[:1] == b"E"
    finally:
        os.close(full)


@pytest.mark.parametrize(("joins", "given"), [(0, 1), (1, 0), (1, 2), (9, 9), (0xFFFFFFFF, 0)])
def test_an_order_that_comes_with_other_descriptors_than_it_says_is_not_taken(
    host: Host, joins: int, given: int
) -> None:
    null = os.open("/dev/null", os.O_WRONLY)
    try:
        with serving(host) as (process, control):
            give(control, TRUE, args=1, envs=0, rules=b"", joins=joins, files=[null] * given)
            assert process.wait(PATIENCE_S) == FAILED
            assert process.stderr is not None
            assert b"was given no descriptors" in process.stderr.read()
    finally:
        os.close(null)
