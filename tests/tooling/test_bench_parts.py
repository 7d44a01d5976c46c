"""The parts of which a measurement is made, each by itself."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench import bare, crowd, figures, plots, programs, report, timeline, trace, usage
from bench.figures import Curve, Line, Table

SVG = "{http://www.w3.org/2000/svg}"
# Two that both have used some CPU, one of them for good; the other holds 64 MiB.
USES = """
import os, sys, time
def use(seconds):
    until = time.process_time() + seconds
    while time.process_time() < until: pass
if os.fork() == 0:
    use(0.2)
    os._exit(0)
os.wait()
use(0.1)
held = bytearray(b"x") * (64 << 20)
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def process() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-c", USES], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as started:
        assert started.stdin is not None
        assert started.stdout is not None
        started.stdout.readline()
        try:
            yield started.pid
        finally:
            started.stdin.close()


def test_cpu_time_has_that_of_children_who_have_ended(process: int) -> None:
    assert usage.cpu_s(process) > 0.28


def test_a_process_that_waits_uses_no_share_of_a_core(process: int) -> None:
    assert usage.cpu_share(process, 0.1) < 0.01


def test_memory_is_what_the_process_has_of_its_own(process: int) -> None:
    assert 64 << 20 < usage.pss_bytes(process) < 128 << 20


def test_a_budget_that_is_over_ends_the_rounds_but_for_the_least() -> None:
    assert list(figures.rounds(10, within_s=0.0)) == [0, 1, 2]
    assert list(figures.rounds(2, within_s=0.0)) == [0, 1]
    assert list(figures.rounds(5, within_s=60.0)) == [0, 1, 2, 3, 4]


def test_no_two_programs_of_a_kind_are_the_same() -> None:
    for program in programs.HELLOS:
        (one, said), (other, _) = program.new(), program.new()
        assert one != other
        assert said.split()[1] in one


def test_a_bare_program_that_fails_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="ended with 3"):
        bare.run([sys.executable, "-c", "raise SystemExit(3)"])
    assert bare.run([sys.executable, "-c", "print(input())"], b"given\n") == b"given\n"


# --- the report -----------------------------------------------------------------------------------

MET = Line("a", "echo of a line", "firejail", "1 ms", target="≤ 2 ms", met=True)
MISSED = Line("b", "hello world", "firejail", "9 ms", target="≤ 2 ms", met=False)
UNJUDGED = Line("c", "something", "firejail", "3 ms")
CURVE = Curve("echo", "echo p50", "ms", "firejail", [(1, 0.5), (10, 0.6), (1000, 5.0)], 1.0)
OTHER = Curve("echo", "echo p50", "ms", "bubblewrap", [(1, 0.4), (10, 0.4), (1000, 0.4)], 1.0)
TABLE = Table("trace", "One job", "firejail", ("step", "at"), [["begins", "0.1"]], "A note.")


def test_a_report_says_which_targets_were_met(tmp_path: Path) -> None:
    results: list[figures.Result] = [MET, MISSED, UNJUDGED, CURVE, OTHER, TABLE]
    readable, exact = report.write(tmp_path, {"kernel": "Linux"}, results, quick=False)
    text = readable.read_text()
    assert "**1 of 2 targets met.**" in text
    assert "| echo of a line | firejail | 1 ms |  |  | ≤ 2 ms | met |" in text
    assert "| hello world | firejail | 9 ms |  |  | ≤ 2 ms | **missed** |" in text
    assert "| something | firejail | 3 ms |  |  |  |  |" in text
    assert "| begins | 0.1 |" in text
    assert "![echo p50](echo.svg)" in text
    assert "| echo p50 (ms) | bubblewrap | 0.4 | 0.4 | 0.4 |" in text
    kept = json.loads(exact.read_text())
    assert [line["met"] for line in kept["lines"]] == [True, False, None]
    assert kept["curves"][0]["points"] == [[1, 0.5], [10, 0.6], [1000, 5.0]]
    assert kept["tables"][0]["rows"] == [["begins", "0.1"]]
    assert kept["machine"] == {"kernel": "Linux"}


def test_a_plot_has_a_line_for_each_sandbox_and_one_for_the_target() -> None:
    picture = ET.fromstring(plots.as_svg([CURVE, OTHER]))
    lines = [line.get("points", "").split() for line in picture.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [3, 3]
    (_, first), _, (_, last) = (map(float, point.split(",")) for point in lines[0])
    assert last < first  # more is higher up
    across = [float(point.split(",")[0]) for point in lines[0]]
    assert across[1] - across[0] == pytest.approx((across[2] - across[1]) / 2, abs=0.2)
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert {"firejail", "bubblewrap", "target 1", "1,000"} <= set(words)


def test_the_way_of_a_job_is_drawn_to_scale(tmp_path: Path) -> None:
    steps = [("client: sends `execute`", 0.0), ("web: has <it>", 1.0), ("runner: ends", 4.0)]
    drawn = replace(TABLE, picture=timeline.as_svg(TABLE, steps))
    readable, _ = report.write(tmp_path, {}, [drawn], quick=False)
    assert "![One job](trace.svg)" in readable.read_text()
    picture = ET.parse(tmp_path / "trace.svg").getroot()
    bars = [group.find(f"{SVG}rect") for group in picture.iter(f"{SVG}g")]
    _, first, second = (float(bar.get("width", "")) for bar in bars if bar is not None)
    assert second == pytest.approx(3 * first, rel=0.01)
    titles = [group.findtext(f"{SVG}title") for group in picture.iter(f"{SVG}g")]
    assert titles[1] == "web: has <it>: 1.00 ms, at 1.00 ms"


def test_a_figure_of_nothing_can_be_drawn_too() -> None:
    curve = Curve("cpu", "CPU", "%", "firejail", [(1, 0.0), (10, 0.0)])
    assert ET.fromstring(plots.as_svg([curve])) is not None


# --- the trace ------------------------------------------------------------------------------------

JOB = "00000000-0000-4000-8000-000000000001"
OTHER_JOB = "00000000-0000-4000-8000-000000000002"
LOG = f"""\
web      | 2026-01-01 DEBUG codr.trace {JOB} 1000 0 web: has checked it
web      | 2026-01-01 DEBUG codr.trace {OTHER_JOB} 1001 0 web: has its row
executor | 2026-01-01 DEBUG codr.trace {JOB} 2000 3 {trace.PUBLISHED}
executor | 2026-01-01 INFO something else
executor | 2026-01-01 DEBUG codr.trace {JOB} 3000 6 {trace.PUBLISHED}
web      | 2026-01-01 DEBUG codr.trace {JOB} 3500 4 {trace.SENT_ON}
web      | 2026-01-01 DEBUG codr.trace {JOB} 4000 6 {trace.SENT_ON}
"""


def test_steps_are_read_from_the_log_of_one_job(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LOG)
    # Output and end were published together, so that only the end's number is in the log.
    assert trace._steps_in(log, JOB, {4: "the output", 6: "`complete`"}) == {
        "web: has checked it": 1000,
        "relay: has journalled and published the output": 3000,
        "relay: has journalled and published `complete`": 3000,
        "web: has sent the output on": 3500,
        "web: has sent `complete` on": 4000,
    }


# --- the crowd ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("opened", "met"), [(1000, True), (999, False)])
def test_a_crowd_that_is_not_complete_meets_no_target(opened: int, met: bool) -> None:
    seen = crowd.Seen([0.0005], [0.001], [0.01], 100.0, 1.0)
    none = crowd.Step(0, 1, 0.0, 300 << 20, 8 << 30, 0.005, seen)
    full = crowd.Step(1000, opened, 20.0, 3000 << 20, 5 << 30, 0.01, seen)
    target = figures.Target(url="", sandbox="firejail")
    lines = [
        crowd._echo_line(target, none, full),
        crowd._detection_line(target, full),
        crowd._cpu_line(target, none, full),
        crowd._memory_line(target, none, full),
    ]
    assert [line.met for line in lines] == [met] * 4
