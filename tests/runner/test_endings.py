"""However a job ends, it ends at once, with one `complete`, and nothing of it stays.

The `host` fixture looks after every test for processes, mounts, cgroups, folders, descriptors.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from executor_app.protocol import Cancel, Event, FinalStatus
from executor_app.runner import procfs
from executor_app.runner.cgroups import BUSY_PART, Cgroup
from executor_app.runner.host import Host
from executor_app.runner.jail import START_S, Jail
from executor_app.runner.meter import Meter
from executor_app.runner.run import Message, execute_interactive
from executor_app.runner.sandbox import BACKENDS
from tests.runner.driver import Talk, Traces, hold, spec
from tests.runner.test_limits import ENDLESS

pytestmark = pytest.mark.slow

BUSY = "print('busy', flush=True)\nwhile True: pass"
IGNORES_SIGNALS = """
import signal
for number in signal.valid_signals():
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
print("busy", flush=True)
while True: pass
"""
DAEMON = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if os.fork() == 0:
        for fd in (0, 1, 2): os.close(fd)
        time.sleep(600)
    os._exit(0)
os.wait()
"""
TALKING_DAEMON = """
import os, signal, time
if os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for n in range(10**9):
        try: os.write(1, b"still here\\n")
        except OSError: pass
        time.sleep(0.01)
time.sleep(0.1)
print("parent ends")
"""
FORKS_ON = """
import os
while True:
    try:
        if os.fork() == 0: continue
        os._exit(0)
    except OSError: pass
"""


async def _cancelled(talk: Talk) -> None:
    talk.cancel()
    end = await talk.end()
    assert (end.status, end.exit_code) == (FinalStatus.CANCELLED, 137) or end.exit_code is None


@pytest.mark.parametrize("code", [BUSY, IGNORES_SIGNALS], ids=["busy", "ignores signals"])
async def test_a_running_job_can_be_cancelled(host: Host, code: str) -> None:
    async with Talk(host, spec("python", code)) as talk:
        await talk.printed("busy")
        await _cancelled(talk)


async def test_a_waiting_job_can_be_cancelled(host: Host) -> None:
    async with Talk(host, spec("python", "input('? ')")) as talk:
        await talk.asked()
        await _cancelled(talk)


async def test_a_job_can_be_cancelled_before_it_starts(host: Host) -> None:
    talk = Talk(host, spec("python", BUSY))
    talk.cancel()
    talk.start()
    await talk.end()

    assert talk.complete.status == FinalStatus.CANCELLED
    assert b"busy" not in talk.stdout


async def test_a_job_can_be_cancelled_while_its_sandbox_starts(host: Host) -> None:
    for delay in (0.001, 0.005, 0.01, 0.02, 0.03):
        async with Talk(host, spec("python", BUSY)) as talk:
            await asyncio.sleep(delay)
            await _cancelled(talk)


async def test_a_program_that_is_killed_before_it_begins_has_ended(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between fork and exec it has not said yet who it is."""
    real = Jail.order

    async def order(jail: Jail, *arguments: Any, **options: Any) -> None:
        ordering = asyncio.create_task(real(jail, *arguments, **options))
        await asyncio.sleep(0)  # the order is sent; its answer is not heard while we look
        while not (begun := jail.program_pids(None)):
            assert not ordering.done()
        for pid in begun:
            os.kill(pid, signal.SIGKILL)
        await ordering

    monkeypatch.setattr(Jail, "order", order)
    for _ in range(10):
        talk = Talk(host, spec("python", BUSY))
        talk.start()
        async with asyncio.timeout(START_S / 2):
            assert (await talk.end()).signal == "SIGKILL"


async def test_a_job_can_be_cancelled_while_it_compiles(host: Host) -> None:
    async with Talk(host, spec("cpp", ENDLESS)) as talk:
        await talk.until(lambda heard: "compiling" in heard.statuses)
        await asyncio.sleep(0.2)
        await _cancelled(talk)

    assert talk.statuses == ["compiling"]


async def test_a_job_with_input_in_its_queue_can_be_cancelled(host: Host) -> None:
    async with Talk(host, spec("python", BUSY)) as talk:
        await talk.printed("busy")
        talk.keys(b"x" * 1000 + b"\n" * 500_000)
        await _cancelled(talk)


async def test_a_flooding_job_can_be_cancelled(host: Host) -> None:
    code = "import os\nwhile True: os.write(1, b'x' * 4096)"
    async with Talk(host, spec("python", code), slow_sink_s=0.01) as talk:
        await talk.printed("xxx")
        await _cancelled(talk)


async def test_a_stopped_job_can_be_cancelled(host: Host) -> None:
    code = """
import os, signal
if os.fork() == 0: os.kill(os.getpid(), signal.SIGSTOP)
print("stopping", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
"""
    async with Talk(host, spec("python", code)) as talk:
        await talk.printed("stopping")
        await asyncio.sleep(0.2)
        assert talk.prompts == []
        await _cancelled(talk)


async def test_a_program_that_is_stopped_while_it_reads_does_not_wait_for_input(host: Host) -> None:
    code = """
import os, signal, sys, time
reader = os.getpid()
if os.fork() == 0:
    time.sleep(0.5)
    os.kill(reader, signal.SIGSTOP)
    print("stopped", flush=True)
    time.sleep(1.5)
    os.kill(reader, signal.SIGCONT)
    os._exit(0)
print(repr(sys.stdin.readline()))
"""
    async with Talk(host, spec("python", code)) as talk:
        await talk.asked()
        await talk.printed("stopped")
        await talk.until(lambda heard: heard.closed == 1)
        await talk.asked(2)
        talk.answer("on")

    assert talk.stdout == b"stopped\n'on\\n'\n"


@pytest.mark.parametrize("code", [DAEMON, TALKING_DAEMON], ids=["silent", "talking"])
async def test_a_daemon_dies_with_its_job(host: Host, code: str) -> None:
    talk = await hold(host, spec("python", code))

    assert (talk.complete.status, talk.complete.exit_code) == (FinalStatus.COMPLETED, 0)


async def test_what_forks_faster_than_one_can_look_dies_too(host: Host) -> None:
    async with Talk(host, spec("python", FORKS_ON)) as talk:
        await asyncio.sleep(0.5)
        talk.cancel()

    assert talk.complete.status in (FinalStatus.COMPLETED, FinalStatus.CANCELLED)


async def test_a_program_that_kills_all_it_can_only_ends_itself(host: Host) -> None:
    code = """
import os, signal
if os.fork():
    os.wait()
    print("not killed by its child")
os.kill(-1, signal.SIGKILL)
print("nor by itself")
"""
    other = Talk(host, spec("python", "print(input('? '))"))
    async with other:
        await other.asked()
        talk = await hold(host, spec("python", code))
        other.answer("well")

    assert talk.complete.status in (FinalStatus.SIGNALED, FinalStatus.COMPLETED)
    assert other.stdout == b"well\n"
    assert other.complete.status == FinalStatus.COMPLETED


@pytest.mark.parametrize("name", ["SIGSTOP", "SIGTERM", "SIGHUP"])
async def test_a_program_cannot_hold_up_its_sandbox_with_signals(host: Host, name: str) -> None:
    code = f"""
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGHUP, signal.SIG_IGN)
for pid in range(1, os.getpid()):
    try: os.kill(pid, signal.{name})
    except OSError: pass
print("ends", flush=True)
"""
    async with Talk(host, spec("python", code, limits={"wall_time_s": 1.0})) as talk:
        await talk.printed("ends")

    assert talk.complete.status in (FinalStatus.COMPLETED, FinalStatus.TIME_LIMIT)


async def test_a_sink_that_fails_ends_the_program(host: Host) -> None:
    async def emit(events: Sequence[Event]) -> None:
        if any(event.seq == 0 and b"busy" in repr(event).encode() for event in events):
            raise ConnectionError("the sink is gone")

    with pytest.raises(ConnectionError):
        await execute_interactive(host, spec("python", BUSY), emit, _nobody())


async def test_a_run_that_is_abandoned_cleans_up(host: Host) -> None:
    for delay in (0.003, 0.02, 0.3):
        task = asyncio.create_task(
            execute_interactive(host, spec("python", BUSY), _ignore, _nobody())
        )
        await asyncio.sleep(delay)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_run_that_is_abandoned_as_its_program_starts_ends_too(host: Host) -> None:
    """The cancel comes in the same turn of the loop as the launcher's answer."""
    heard = Jail._heard
    task: asyncio.Task[Any] | None = None

    def heard_and_abandoned(jail: Jail, letter: bytes, content: bytes, sender: int) -> None:
        heard(jail, letter, content, sender)
        if letter == b"P" and task is not None:
            task.cancel()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Jail, "_heard", heard_and_abandoned)
        task = asyncio.create_task(
            execute_interactive(host, spec("python", BUSY), _ignore, _nobody())
        )
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(5):
                await task


async def test_a_host_without_a_free_slot_says_so_as_our_failure(host: Host) -> None:
    taken, host._free_slots[:] = list(host._free_slots), []
    try:
        talk = await hold(host, spec("python", "print(1)"))
    finally:
        host._free_slots[:] = taken

    assert talk.complete.status == FinalStatus.FAILED
    assert "not your fault" in talk.complete.message


async def test_two_jobs_do_not_see_each_other(host: Host) -> None:
    writer = """
import os
for folder in ("/tmp", "/dev/shm", os.path.expanduser("~")):
    open(folder + "/secret", "w").write("secret")
print(os.getpid(), flush=True)
input("? ")
"""
    reader = """
import os
found = [os.path.join(base, n) for top in ("/tmp", "/dev/shm", "/home", "/var/tmp", "/run")
         for base, _, names in os.walk(top) for n in names if n == "secret"]
print(found)
print(sorted(int(p) for p in os.listdir("/proc") if p.isdecimal() and "main" in
      open(f"/proc/{p}/cmdline").read()) == [os.getpid()])
"""
    async with Talk(host, spec("python", writer)) as first:
        await first.asked()
        second = await hold(host, spec("python", reader))
        first.answer("")

    assert second.stdout == b"[]\nTrue\n"


async def test_thirty_jobs_at_once_all_end_right(host: Host) -> None:
    code = "n = input('? ')\nprint(n * 2)"
    talks = await asyncio.gather(
        *(hold(host, spec("python", code), [f"job {n} "]) for n in range(30))
    )

    assert [talk.stdout.decode() for talk in talks] == [f"job {n} job {n} \n" for n in range(30)]
    assert {talk.complete.status for talk in talks} == {FinalStatus.COMPLETED}
    assert {tuple(talk.prompts) for talk in talks} == {("? ",)}


# --- the executor itself is killed -------------------------------------------------------------

EXECUTOR = """
import asyncio, json, sys
from pathlib import Path
from typing import Any
from executor_app.runner.host import Host
from executor_app.runner.jail import START_S, Jail
from tests.runner.driver import Talk, spec

async def main(name, folder, sandbox, uid):
    host = Host.open(name=name, folder=Path(folder), sandbox=sandbox, slots=4, uid_base=int(uid))
    code = "import os\\nif os.fork() == 0: os.setsid()\\n"
    code += "print('busy', flush=True)\\nwhile True: pass"
    talk = Talk(host, spec("python", code))
    talk.start()
    await talk.printed("busy\\nbusy")
    print("running", flush=True)
    await talk.end()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("sandbox", sorted(BACKENDS))
def test_a_killed_executor_leaves_no_program_and_the_next_one_tidies_up(
    sandbox: str, tmp_path: Path
) -> None:
    name, uid = f"killed-{sandbox}-{os.getpid()}", 1_900_000_000
    command = [sys.executable, "-c", EXECUTOR, name, str(tmp_path), sandbox, str(uid)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as executor:
        assert executor.stdout is not None
        assert executor.stdout.readline() == "running\n"
        below = [pid for pid in procfs.descendants(executor.pid) if pid != executor.pid]
        assert len(below) >= 3
        executor.send_signal(signal.SIGKILL)
    _wait_until_gone(below)

    host = Host.open(name=name, folder=tmp_path, sandbox=sandbox, slots=4, uid_base=uid)
    traces = Traces.of(host)
    host.close()

    assert (traces.processes, traces.mounts, traces.cgroups, traces.folders) == ((), (), (), ())
    assert not [
        line for line in Path("/proc/self/mounts").read_text().splitlines() if str(tmp_path) in line
    ]


def _wait_until_gone(pids: Sequence[int]) -> None:
    for _ in range(200):
        if not any(procfs.lives(pid) for pid in pids):
            return
        signal.sigtimedwait([], 0.02)
    raise AssertionError(f"still there: {json.dumps([p for p in pids if procfs.lives(p)])}")


async def _ignore(events: Sequence[Event]) -> None:
    """Nobody listens."""


async def _nobody() -> AsyncIterator[Message]:
    await asyncio.Event().wait()
    yield Cancel(type="cancel")


@pytest.mark.parametrize("size", [530_000, 540_000])
async def test_a_flood_that_ends_before_its_reader_leaves_no_reader_in_the_loop(
    host: Host, size: int
) -> None:
    """Whoever got the number of a descriptor that is still watched would not be heard."""
    watched: set[int] = set()
    loop = asyncio.get_running_loop()
    add, remove = loop.add_reader, loop.remove_reader

    def adding(fd: Any, *rest: Any) -> None:
        watched.add(fd if isinstance(fd, int) else fd.fileno())
        add(fd, *rest)

    def removing(fd: Any) -> bool:
        watched.discard(fd if isinstance(fd, int) else fd.fileno())
        return remove(fd)

    before = set(watched)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "add_reader", adding)
        patch.setattr(loop, "remove_reader", removing)
        talk = await hold(host, spec("python", f"print('x' * {size}, flush=True)"), slow_sink_s=0.4)
    assert len(talk.stdout) == size + 1
    assert watched == before


async def test_a_job_gives_way_until_it_has_been_seen_to_wait(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights: list[float] = []

    def noted(group: Cgroup, busy: bool) -> None:
        give_way(group, busy)
        weights.append(round(group.weight(), 2))

    give_way = Cgroup.give_way
    monkeypatch.setattr(Cgroup, "give_way", noted)
    async with Talk(host, spec("python", "input()")) as alone:
        await alone.asked()
        assert set(weights) == {1.0}  # there is nobody to give way to

        weights.clear()
        async with Talk(host, spec("python", "input()")) as talk:
            await talk.asked()
            deadline = time.monotonic() + 5
            while len(weights) < 3:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.01)
            talk.answer("")
        alone.answer("")

    assert weights[:3] == [1.0, BUSY_PART, 1.0]


async def test_many_files_are_looked_at_less_often(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []

    def slowly(meter: Meter) -> None:
        looks.append(time.monotonic())
        time.sleep(0.03)

    monkeypatch.setattr(Meter, "reached_on_disk", slowly)
    await hold(host, spec("python", "import time; time.sleep(1.5)"))

    assert len(looks) >= 3  # the last is for how it ended
    assert min(b - a for a, b in pairwise(looks[:-1])) > 0.6


async def test_a_host_with_two_jobs_is_crowded(host: Host) -> None:
    one = host.take_slot()
    assert not host.crowded()
    two = host.take_slot()
    assert host.crowded()
    host.give_slot(two)
    host.give_slot(one)
