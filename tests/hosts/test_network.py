"""The hosts that other tests cut off, slow down and kill: that all this really happens to them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts.network import Host, Lab, Process
from tests.server.parts import until

pytestmark = pytest.mark.slow
PORT = 7000
# No other process of this machine has such a command.
SLEEP = ["sleep", f"1000000.{os.getpid()}"]
# Sends back what it gets, each connection in a thread.
ECHO = f"""
import socketserver
class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        while got := self.request.recv(65536):
            self.request.sendall(got)
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("0.0.0.0", {PORT}), Echo).serve_forever()
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab(tmp_path) as lab:
        lab.add_network("one")
        lab.add_network("two")
        yield lab


@pytest.fixture
def near(lab: Lab) -> Host:
    near = lab.add_host("near", ["one"])
    near.boot()
    return near


@pytest.fixture
def far(lab: Lab) -> Host:
    far = lab.add_host("far", ["one", "two"])
    far.boot()
    _serve(far)
    return far


def test_hosts_meet_on_their_networks_and_nowhere_else(near: Host, far: Host) -> None:
    assert _round_trip_s(near, far) < 1
    with pytest.raises(OSError, match="unreachable"):
        near.connect_now(far.address("two"), PORT)
    out = far.run(["ip", "-4", "route", "show", "default"], log="out")
    assert (out.entrance.wait(10), far.log("out")) == (0, "")


def test_a_cut_link_loses_what_is_sent_and_a_restored_one_delivers_it(
    near: Host, far: Host
) -> None:
    with near.connect_now(far.address("one"), PORT, patience_s=20) as line:
        near.cut()
        line.sendall(b"late")
        line.settimeout(0.5)
        with pytest.raises(TimeoutError):
            line.recv(4)
        near.restore()
        line.settimeout(20)
        assert line.recv(4) == b"late"


def test_a_slow_link_takes_its_time_and_loses_some_and_can_be_mended(near: Host, far: Host) -> None:
    fast_s = _round_trip_s(near, far)
    near.slow(delay_s=0.1)
    assert _round_trip_s(near, far) > 0.2
    near.slow(delay_s=0.01, loss=0.1)
    sent = os.urandom(300_000)
    with near.connect_now(far.address("one"), PORT) as line:
        line.settimeout(30)
        got = b""
        for start in range(0, len(sent), 10_000):
            line.sendall(sent[start : start + 10_000])
            while len(got) < start + 10_000:
                got += line.recv(65536)
    assert got == sent
    near.slow()
    assert _round_trip_s(near, far) < 0.1 + fast_s


def test_a_killed_host_takes_all_its_processes_along_and_keeps_its_disk(
    lab: Lab, near: Host, far: Host
) -> None:
    # One that has left its parent and its session behind.
    away = far.run(["sh", "-c", f"setsid {' '.join(SLEEP)} & echo kept > {far.folder}/disk"])
    away.entrance.wait(10)
    until(lambda: bool(_sleepers()), "it has left")
    far.kill()
    assert _sleepers() == []
    with pytest.raises(OSError, match=r"timed out|unreachable|No route"):
        near.connect_now(far.address("one"), PORT, patience_s=1)
    far.boot()
    _serve(far)
    assert _round_trip_s(near, far) < 1
    assert (far.folder / "disk").read_text() == "kept\n"


def test_a_host_sees_no_disk_but_its_own(near: Host, far: Host) -> None:
    shown = near.run(["ls", str(near.lab.folder)], log="shown")
    shown.entrance.wait(10)
    assert near.log("shown").split() == ["near"]


def test_hosts_end_with_the_process_that_made_them(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys\n"
        "from tests.hosts.network import Lab\n"
        "lab = Lab(pathlib.Path(sys.argv[1]))\n"
        "lab.add_network('one')\n"
        "host = lab.add_host('orphan', ['one'])\n"
        "host.boot()\n"
        "host.slow(delay_s=0.1)\n"
        f"host.run({SLEEP})\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], timeout=60)
    until(lambda: _sleepers() == [], "its process is gone")
    until(lambda: str(tmp_path) not in _all_commands(), "and what held its namespaces")


def _serve(host: Host) -> Process:
    echo = host.run([sys.executable, "-c", ECHO], log="echo")

    def answers() -> bool:
        try:
            host.connect_now("127.0.0.1", PORT).close()
        except OSError:
            return False
        return True

    until(answers, "the server of echoes is up")
    return echo


def _round_trip_s(here: Host, there: Host) -> float:
    with here.connect_now(there.address("one"), PORT) as line:
        line.settimeout(10)
        started = time.monotonic()
        line.sendall(b"x")
        assert line.recv(1) == b"x"
        return time.monotonic() - started


def _all_commands() -> str:
    said = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            said.append(file.read_text().replace("\0", " "))
        except OSError:
            continue
    return "\n".join(said)


def _sleepers() -> list[str]:
    return [line for line in _all_commands().splitlines() if line.split() == SLEEP]
