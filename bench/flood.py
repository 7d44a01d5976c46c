"""`python -m bench.flood`: what Redis, web and executor hold while a program floods a slow reader.

A program writes numbered lines for ever. Its reader acknowledges, takes so much a second, and in
the middle takes nothing for a minute. Memory is looked at every ten seconds; beside it the
echo of another job is timed, before and during the flood. Ends with 1 where a process has grown by
more than 32 MiB, or a line is missing.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from json import dumps, loads
from pathlib import Path
from typing import Final

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from executor_app.runner import procfs
from tests.stack import Stack

from . import machine
from .client import Client
from .echo import PROGRAM, round_trip
from .figures import median, milliseconds, percentile

MIB: Final = 1 << 20
MOST_GROWN_MIB: Final = 32.0
SAMPLE_S: Final = 10.0
# Ten minutes of it stay below the 128 MiB that a job may write.
READER_BYTES_A_SECOND: Final = 190 * 1024
STALL_S: Final = 60.0
ECHOES: Final = 200
LINE_BYTES: Final = 16
ENDS: Final = ("gap", "restarted", "complete")
# Many lines at a time: ten minutes of them are to take less than the ten seconds of CPU time that a
# program has.
FLOOD: Final = """\
import itertools, sys
for n in itertools.count(0, 256):
    sys.stdout.write("".join("%015d\\n" % each for each in range(n, n + 256)))
"""
EXECUTE: Final = {"type": "execute", "language": "python"}
COMMANDS: Final = {
    "Redis": rb"redis-server",
    "web": rb"codr\.web",
    "executor": rb"--queues\0jobs\0",
    "recorder": rb"--queues\0records,chores\0",
}


@dataclass(slots=True)
class Reader:
    """Reads at its pace, and holds every line against the one before."""

    url: str
    lasts_s: float
    taken_bytes: int = 0
    seq: int = 0
    error: str = ""
    began: float = field(default_factory=time.monotonic)
    _rest: bytes = b""

    def run(self) -> None:
        try:
            # It answers pings in a thread of its own. What it keeps meanwhile the window bounds.
            with connect(self.url, max_size=None, max_queue=None, proxy=None) as client:
                client.send(dumps({**EXECUTE, "code": FLOOD, "flow_control": True}))
                self._read(client)
                client.send(dumps({"type": "cancel"}))
        except Exception as error:  # told by who waits for this thread
            self.error = self.error or repr(error)

    def _read(self, client: ClientConnection) -> None:
        stalled, due = False, time.monotonic()
        while (elapsed_s := time.monotonic() - self.began) < self.lasts_s:
            frame = loads(client.recv())
            if frame.get("seq", self.seq + 1) != self.seq + 1 or frame["type"] in ENDS:
                raise RuntimeError(f"after event {self.seq} came {str(frame)[:200]}")
            self.seq = frame.get("seq", self.seq)
            if frame["type"] != "output":
                continue
            self._take(frame["data"].encode())
            if not stalled and elapsed_s > self.lasts_s / 2:
                stalled = True
                time.sleep(STALL_S)
            due = max(due, time.monotonic() - 1) + len(frame["data"]) / READER_BYTES_A_SECOND
            time.sleep(max(0.0, due - time.monotonic()))
            with suppress(ConnectionClosed):  # why it was is in what is still to be read
                client.send(dumps({"type": "ack", "seq": self.seq}))

    def _take(self, data: bytes) -> None:
        first = (self.taken_bytes - len(self._rest)) // LINE_BYTES
        self.taken_bytes += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for number, line in enumerate(lines, first):
            if line != b"%015d" % number:
                raise RuntimeError(f"line {number} is {line!r}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="flood", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600.0)
    lasts_s: float = parser.parse_args(arguments).seconds
    for name, value in machine.describe().items():
        print(f"{name}: {value}")
    with tempfile.TemporaryDirectory(prefix="codr-bench-") as folder:
        stack = Stack(Path(folder), {"CODR_RATE_LIMITS": "off"})
        stack.start()
        try:
            return _measure(stack, lasts_s)
        finally:
            stack.stop()


def _measure(stack: Stack, lasts_s: float) -> int:
    assert stack.process is not None
    pids = _find(stack.process.pid)
    _echoes(stack.url)  # warm
    quiet = _echoes(stack.url)
    reader = Reader(stack.socket_url, lasts_s)
    thread = threading.Thread(target=reader.run, daemon=True)
    samples = [_sample(pids)]
    thread.start()
    beside: list[float] = []
    while thread.is_alive():
        thread.join(SAMPLE_S)
        beside += _echoes(stack.url)
        samples.append(_sample(pids))
        print(_row(len(samples) - 1, samples[-1]), flush=True)
    if reader.error:
        print(stack.log[-3000:])
    return _tell(samples, reader, quiet, beside)


def _tell(
    samples: list[dict[str, float]], reader: Reader, quiet: list[float], beside: list[float]
) -> int:
    print(
        f"\n{reader.taken_bytes / MIB:.0f} MiB read, each line once; {reader.error or 'no error'}"
    )
    print("| process | before | most | at the end | grown by at most |")
    print("| --- | --- | --- | --- | --- |")
    most_grown = 0.0
    for name in samples[0]:
        sizes = [sample[name] for sample in samples]
        grown = max(sizes) - sizes[0]
        most_grown = max(most_grown, grown)
        shown = " | ".join(f"{size:.1f} MiB" for size in (sizes[0], max(sizes), sizes[-1], grown))
        print(f"| {name} | {shown} |")
    for when, times in (("before", quiet), ("beside the flood", beside)):
        p50, p99 = median(times), percentile(times, 99)
        print(f"echo of another job {when}: p50 {milliseconds(p50)}, p99 {milliseconds(p99)}")
    return 0 if most_grown <= MOST_GROWN_MIB and not reader.error else 1


def _echoes(url: str) -> list[float]:
    """Of a job of its own each time: in ten minutes one would meet its time limit."""
    with Client(url) as client:
        client.send({**EXECUTE, "code": PROGRAM})
        client.wait_for("input_request")
        times = [round_trip(client, f"line {n}") for n in range(ECHOES)]
        client.send({"type": "cancel"})
        client.wait_for("complete")
    return times


def _find(supervisor: int) -> dict[str, int]:
    below = [pid for pid in procfs.descendants(supervisor) if procfs.lives(pid)]
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in below}
    return {
        name: next(pid for pid, command in commands.items() if re.search(pattern, command))
        for name, pattern in COMMANDS.items()
    }


def _sample(pids: dict[str, int]) -> dict[str, float]:
    """Resident memory in MiB."""
    found = {}
    for name, pid in pids.items():
        text = Path(f"/proc/{pid}/status").read_text()
        found[name] = int(text.partition("VmRSS:")[2].split()[0]) / 1024
    return found


def _row(number: int, sample: dict[str, float]) -> str:
    sizes = ", ".join(f"{name} {size:.1f}" for name, size in sample.items())
    return f"{number * SAMPLE_S:.0f} s: {sizes} MiB"


if __name__ == "__main__":
    sys.exit(main())
