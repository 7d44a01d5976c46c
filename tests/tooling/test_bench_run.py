"""`python -m bench --quick` on a Codr that runs, and beside peers."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import __main__ as bench
from bench import holder, peers, rate
from bench.client import Client
from bench.figures import QUICK
from bench.holder import Crowd
from bench.peers.measure import measure as measure_peer
from bench.peers.terminal import Peer
from bench.programs import PYTHON_HELLO
from tests.server.parts import until
from tests.stack import CHECKOUT, Stack, free_port

NOBODY = "http://127.0.0.1:1"


def measured(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = bench.main(["--quick", "--results", str(folder), *arguments])
    return code, json.loads((folder / "latest.json").read_text())


@pytest.mark.slow
def test_a_crowd_and_its_curves_are_measured_on_a_codr_that_runs(
    codr: Stack, tmp_path: Path
) -> None:
    code, kept = measured(tmp_path, "--url", codr.url, "--only", "crowd", "--only", "rate")
    assert code == 0
    lines = {line["name"]: line for line in kept["lines"]}
    assert lines["crowd_open"]["numbers"]["answered"] == QUICK.crowds[-1]
    assert lines["crowd_open"]["numbers"]["failed"] == 0
    assert [lines[f"rate_{n}"]["numbers"]["failed"] for n in QUICK.rate_clients] == [0, 0]
    curves = {curve["name"]: [n for n, _ in curve["points"]] for curve in kept["curves"]}
    assert curves["echo_p50"] == curves["open"] == list(QUICK.crowds)
    assert curves["rate"] == sorted({*QUICK.rate_clients, *QUICK.rate_curve})
    assert {path.stem for path in tmp_path.glob("*.svg")} == set(curves)


def test_what_cannot_be_measured_is_told_and_does_not_end_the_rest(tmp_path: Path) -> None:
    code, kept = measured(tmp_path, "--url", NOBODY, "--only", "rate", "--only", "detection")
    assert code == 1
    assert [(line["name"], line["met"]) for line in kept["lines"]] == [("broken", False)] * 2
    text = (tmp_path / "latest.md").read_text()
    assert "rate could not be measured" in text
    assert "detection could not be measured" in text


def test_sessions_that_do_not_open_are_counted_as_failed() -> None:
    with Crowd(NOBODY) as crowd:
        crowd.grow(3)
        assert crowd.failures.total() == 3
        assert crowd.answer_all() == 0


def test_sessions_that_nobody_answers_are_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(holder, "PATIENCE_S", 0.2)
    everybody = holder.AT_ONCE + 2
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        Crowd(f"http://127.0.0.1:{deaf.getsockname()[1]}") as crowd,
    ):
        crowd.grow(everybody)
        assert crowd.failures == {"not open after 0.2 s": everybody}
        assert crowd.opened == 0


def test_sessions_that_ended_before_their_answer_are_not_counted_as_answered(codr: Stack) -> None:
    with Crowd(codr.url) as crowd:
        crowd.grow(2)
        assert crowd.opened == 2
        gone = crowd._sessions[0]
        crowd._loop.call_soon_threadsafe(gone.close)
        until(lambda: gone._ended, "it is closed")
        assert crowd.answer_all() == 1


def test_a_load_of_which_nothing_was_done_is_no_rate() -> None:
    with pytest.raises(RuntimeError, match="none of 2 clients had its job done"):
        rate.drive(NOBODY, 2, 0.2)


def test_a_job_that_ends_otherwise_than_it_should_has_failed(
    codr: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "print('Hello @')\nraise SystemExit(2)\n"
    monkeypatch.setattr(rate, "PYTHON_HELLO", replace(PYTHON_HELLO, template=code))
    with pytest.raises(RuntimeError, match="'exit_code': 2"):
        rate.drive(codr.url, 1, 0.2)


# --- the trace ------------------------------------------------------------------------------------


def test_nothing_is_traced_where_nobody_asked(codr: Stack) -> None:
    with Client(codr.url) as client:
        client.send({"type": "execute", "language": "python", "code": "print(1)"})
        client.wait_for("complete")
    assert "codr.trace" not in codr.log


@pytest.mark.slow
def test_the_way_of_a_job_is_measured_in_the_order_of_its_steps(tmp_path: Path) -> None:
    code, kept = measured(tmp_path, "--only", "trace", "--sandbox", "bubblewrap")
    assert code == 0
    assert [table["name"] for table in kept["tables"]] == ["trace_python", "trace_c"]
    steps = [row[0] for row in kept["tables"][1]["rows"]]
    told = [
        "client: sends `execute`",
        "web: has the program",
        "web: has its row",
        "executor: has the order",
        "runner: has a sandbox",
        "runner: compile has ended",
        "runner: orders to run",
        "program: speaks",
        "client: has the output",
        "client: has `complete`",
    ]
    assert [step for step in steps if step in told] == told
    assert "relay: has journalled and published the output" in steps


# --- peers ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alike() -> Iterator[str]:
    port = free_port()
    daphne = [sys.executable, "-m", "daphne", "-v", "0", "-p", str(port)]
    process = subprocess.Popen([*daphne, "tests.tooling.peers_alike:application"], cwd=CHECKOUT)
    try:
        until(lambda: _is_open(port), "the peers listen")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()  # its threads may still wait for a program that nobody listens to
        process.wait(10)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["piston", "terminado"])
def test_a_peer_is_measured_by_its_address(alike: str, name: str) -> None:
    peer = peers.parse(f"{name}={alike}")
    peer.programs = peer.programs[:1]  # Python, which is what there is
    lines = {line.name: line for line in measure_peer(peer, QUICK)}
    stream = lines[f"{name}_stream"]
    assert stream.numbers["differing"] == 0
    assert lines[f"{name}_open"].numbers["answered"] == QUICK.crowds[-1]
    assert lines[f"{name}_rate_4"].numbers["jobs_per_s"]
    assert {f"{name}_hello_python", f"{name}_echo", f"{name}_short_lines"} < set(lines)


def test_a_peer_that_does_not_know_the_language_is_no_measurement(alike: str) -> None:
    peer: Peer = peers.parse(f"piston={alike}")
    with pytest.raises(RuntimeError, match=r"c-\* runtime is unknown"):
        peer.hello(peer.programs[2])


@pytest.mark.parametrize("text", ["piston", "piston=127.0.0.1:2000", "other=http://127.0.0.1"])
def test_a_peer_is_named_with_its_address(text: str) -> None:
    with pytest.raises(ValueError, match="piston=http://host:port or terminado="):
        peers.parse(text)
