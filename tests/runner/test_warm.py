"""Jails that wait for a job: each is used once, and what waits costs nobody anything."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from executor_app.languages import languages
from executor_app.protocol import FinalStatus
from executor_app.runner import procfs, warm
from executor_app.runner.cell import QUIET_PART
from executor_app.runner.host import Host
from executor_app.runner.probe import open_pool, prove_early
from executor_app.runner.sandbox import BACKENDS
from executor_app.runner.spec import RunSpec
from executor_app.runner.warm import BARE, Demand, Pool, Warm
from tests.runner.driver import Talk, Traces, hold, spec
from tests.runner.test_endings import _wait_until_gone

pytestmark = pytest.mark.slow

SLOTS = 4
MOST = 4
HELLO = "print('hello')"
ASKS = "print('hello ' + input('who? '))"
HELLO_IN_C = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def open_host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    opened = Host.open(
        name=f"warm-{request.param}-{os.getpid()}",
        folder=tmp_path_factory.mktemp(request.param),
        sandbox=request.param,
        slots=SLOTS,
        warm=MOST,
        uid_base=1_350_000_000 + os.getpid() * 100,
    )
    yield opened
    opened.close()


@pytest.fixture
def host(open_host: Host, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host of which nothing is left after a test, warm or not, and no slot is lost. Other tests
    keep the machine busy: nobody waits for them to end."""
    monkeypatch.setattr(warm, "PATIENCE_S", 0.0)
    before = Traces.of(open_host)
    yield open_host
    Traces.of(open_host).add_nothing_to(before)
    assert sorted(open_host._free_slots + open_host._spare_slots) == list(range(SLOTS + MOST))
    assert open_host.free_slots == SLOTS


@asynccontextmanager
async def keeping(host: Host, *names: str) -> AsyncIterator[Pool]:
    """A pool for these languages, full at first."""
    pool = Pool(host, [languages()[name] for name in names or languages()])
    pool.start()
    host.pool = pool
    try:
        await until(lambda: pool.is_full)
        yield pool
    finally:
        host.pool = None
        await pool.stop()


async def until(true: Callable[[], Any]) -> None:
    for _ in range(6000):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come")


def taken_by(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> list[Warm | None]:
    """What each job is given from here on."""
    given: list[Warm | None] = []
    take = pool.take

    def taking(job: RunSpec, slot: int) -> Warm | None:
        given.append(take(job, slot))
        return given[-1]

    monkeypatch.setattr(pool, "take", taking)
    return given


# --- each is used once -------------------------------------------------------------------------


async def test_an_interpreter_that_waited_runs_one_program_and_another_takes_its_place(
    host: Host,
) -> None:
    async with keeping(host, "python") as pool:
        (first,) = pool.waiting("python")
        async with Talk(host, spec("python", ASKS)) as talk:
            await talk.asked()
            assert first.cell.jail.program_pid in first.cell.jail.program_pids(first.cell.cgroup)
            assert first not in pool.waiting("python")
            await until(lambda: pool.is_full)
            (second,) = pool.waiting("python")
            assert second.cell.jail.program_pid != first.cell.jail.program_pid
            assert second.cell.workspace.place.uid != first.cell.workspace.place.uid
            talk.answer("Ada")
        assert (talk.stdout, talk.complete.exit_code) == (b"hello Ada\n", 0)
        assert not procfs.lives(first.cell.jail.launcher_pid)
        assert not first.cell.workspace.folder.exists()


async def test_jobs_at_once_never_share_a_jail(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    async with keeping(host, "python", "javascript") as pool:
        given = taken_by(pool, monkeypatch)
        jobs = [spec("python", HELLO) for _ in range(SLOTS)]
        talks = await asyncio.gather(*(hold(host, job) for job in jobs))
        assert [talk.stdout for talk in talks] == [b"hello\n"] * SLOTS
        used = [each for each in given if each is not None]
        assert len(used) >= 2
        assert len({id(each) for each in used}) == len(used)


async def test_a_bare_jail_compiles_and_runs_what_needs_a_compiler(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(host, "c") as pool:
        given = taken_by(pool, monkeypatch)
        (waiting,) = pool.waiting(BARE)
        talk = await hold(host, spec("c", HELLO_IN_C))
        assert talk.stdout == b"hello\n"
        assert given == [waiting]


@pytest.mark.parametrize(
    "different",
    [
        {"args": ["one"]},
        {"tty": False},
        {"stdin": b"", "tty": False},
        {"limits": {"memory_bytes": 64 << 20}},
        {"limits": {"cpu_time_s": 3.0}},
        {"files": [("other.py", HELLO.encode())]},
        {"files": [("main.py", b"# coding: latin-1\nprint('hello')")]},
        {"files": [("main.py", HELLO.encode()), (".local/x", b"")]},
    ],
)
async def test_who_wants_another_start_gets_a_jail_without_an_interpreter(
    host: Host, different: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(host, "python") as pool:
        given = taken_by(pool, monkeypatch)
        (bare,) = pool.waiting(BARE)
        talk = await hold(host, spec("python", HELLO, **different))
        assert (talk.stdout, talk.complete.exit_code) == (b"hello\n", 0)
        assert given == [bare]


async def test_a_language_that_was_changed_is_not_given_what_was_started_before(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = spec("python", "import sys; print(sys.flags.optimize)")
    changed = replace(job.language, run=("/usr/bin/python3", "-O", "{file}"))
    async with keeping(host, "python") as pool:
        given = taken_by(pool, monkeypatch)
        talk = await hold(host, replace(job, language=changed))
        assert talk.stdout == b"1\n"
        assert [each and each.kind for each in given] == [BARE]


async def test_a_job_that_is_cancelled_before_it_starts_leaves_nothing(host: Host) -> None:
    async with keeping(host, "python"):
        async with Talk(host, spec("python", HELLO)) as talk:
            talk.cancel()
        assert talk.complete.status is FinalStatus.CANCELLED


# --- how many there are ------------------------------------------------------------------------


async def test_there_are_never_more_than_there_may_be(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm, "HALF_LIFE_S", 1e9)  # however long it takes to make them
    async with keeping(host) as pool:
        for _ in range(100):
            pool._demand["python"].add()
        pool._changed.set()
        await until(lambda: len(pool.waiting("python")) > 1 and pool.is_full)
        assert sum(len(pool.waiting(kind)) for kind in pool._waiting) == MOST
        assert host.spare_slots == 0


async def test_all_slots_are_for_jobs_whatever_waits(host: Host) -> None:
    async with keeping(host, "python"):
        talks = [Talk(host, spec("python", ASKS)) for _ in range(SLOTS)]
        for talk in talks:
            talk.start()
        for talk in talks:
            await talk.asked()
        assert host.free_slots == 0
        for talk in talks:
            talk.answer("Ada")
            assert (await talk.end()).exit_code == 0


async def test_who_runs_alone_beside_what_waits_is_alone(host: Host) -> None:
    async with keeping(host), Talk(host, spec("python", ASKS)) as talk:
        await talk.asked()
        assert not host.crowded()
        talk.answer("Ada")


async def test_more_wait_of_what_was_asked_for_as_it_was_asked_for(host: Host) -> None:
    pool = Pool(host, list(languages().values()))
    pool._most = 9
    pool._bytes.default_factory = lambda: 0
    for kind, starts in (("python", 60), (BARE, 31)):
        for _ in range(starts):
            pool._demand[kind].add()
    assert pool._wanted() == {"python": 5, BARE: 3, "javascript": 1}


def test_demand_counts_half_after_its_half_life(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("executor_app.runner.warm.time.monotonic", lambda: now[0])
    demand = Demand()
    for _ in range(8):
        demand.add()
    assert demand.heat() == pytest.approx(8.0)
    now[0] += 2 * warm.HALF_LIFE_S
    assert demand.heat() == pytest.approx(2.0)


async def test_where_memory_is_short_nothing_waits(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(host, "python") as pool:
        monkeypatch.setattr(Host, "free_memory_bytes", lambda self: 0)
        pool._changed.set()
        await until(lambda: not any(pool._waiting.values()))
        assert (await hold(host, spec("python", HELLO))).stdout == b"hello\n"
        assert pool.is_full
        assert not any(pool._waiting.values())


async def test_nothing_is_made_while_the_processors_are_busy(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = [1000]
    monkeypatch.setattr(warm, "PATIENCE_S", 1e6)

    def looked_at() -> int:
        busy.append(busy[0])
        return busy[0]

    monkeypatch.setattr(warm, "_running_threads", looked_at)
    pool = Pool(host, [languages()["python"]])
    pool.start()
    await until(lambda: len(busy) > 10)
    assert not any(pool._waiting.values())
    assert host.spare_slots == MOST
    busy[0] = 0
    await until(lambda: pool.is_full)
    await pool.stop()


async def test_what_waits_gives_way_and_a_job_weighs_what_any_does(host: Host) -> None:
    async with keeping(host, "python") as pool:
        (waiting,) = pool.waiting("python")
        group = waiting.cell.cgroup
        assert group is not None
        assert group.weight() == pytest.approx(QUIET_PART, abs=0.005)
        async with Talk(host, spec("python", ASKS)) as talk:
            await talk.asked()
            assert group.weight() == pytest.approx(host.share.weight, abs=0.005)
            talk.answer("Ada")


# --- what is no longer good --------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["python", BARE])
async def test_one_that_died_is_replaced(host: Host, kind: str) -> None:
    async with keeping(host, "python") as pool:
        (dead,) = pool.waiting(kind)
        os.kill(dead.cell.jail.program_pid or dead.cell.jail.launcher_pid, signal.SIGKILL)
        await until(lambda: pool.waiting(kind) not in ([], [dead]) and not pool._closing)
        assert not dead.cell.workspace.folder.exists()


@pytest.mark.parametrize(("kind", "args"), [("python", []), (BARE, ["x"])])
async def test_one_that_died_in_this_moment_is_not_given_out(
    host: Host, kind: str, args: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with keeping(host, "python") as pool:
        given = taken_by(pool, monkeypatch)
        (dead,) = pool.waiting(kind)
        pid = dead.cell.jail.program_pid or dead.cell.jail.launcher_pid
        os.kill(pid, signal.SIGKILL)
        while procfs.lives(pid):
            os.sched_yield()  # and not the event loop, which would hear of it
        assert (await hold(host, spec("python", HELLO, args=args))).stdout == b"hello\n"
        assert dead not in given


async def test_what_changed_below_them_has_them_replaced(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    cache.write_text("before")
    monkeypatch.setattr(warm, "LOADER_CACHE", str(cache))
    async with keeping(host, "python") as pool:
        given = taken_by(pool, monkeypatch)
        before = pool.waiting("python") + pool.waiting(BARE)
        cache.write_text("after it")
        assert (await hold(host, spec("python", HELLO))).stdout == b"hello\n"
        assert given[0] not in before
        await until(lambda: pool.is_full)
        assert not set(map(id, before)) & set(map(id, pool.waiting("python") + pool.waiting(BARE)))


async def test_an_old_one_is_replaced(host: Host) -> None:
    async with keeping(host, "python") as pool:
        (old,) = pool.waiting("python")
        old.made_at -= warm.OLDEST_S
        pool._changed.set()
        await until(lambda: pool.is_full and pool.waiting("python") != [old])
        await until(lambda: not procfs.lives(old.cell.jail.launcher_pid))


async def test_an_interpreter_that_does_not_get_to_its_program_is_not_kept(host: Host) -> None:
    broken = replace(languages()["python"], run=("/usr/bin/python3", "-c", "1", "{file}"))
    pool = Pool(host, [broken])
    with pytest.raises(Exception, match="did not get as far as its program"):
        await pool.make("python")
    assert host.spare_slots == MOST


async def test_a_language_is_started_early_where_its_hello_program_then_says_what_it_should(
    host: Host,
) -> None:
    python = languages()["python"]
    wrong = replace(python, hello=replace(python.hello, expected="something else\n"))
    assert await prove_early(host, python) == ""
    assert "its hello program ended as completed" in await prove_early(host, wrong)

    pool = await open_pool(host, [wrong, languages()["javascript"]])
    assert pool is not None
    await pool.stop()
    assert list(pool._waiting) == [BARE, "javascript"]


async def test_nothing_waits_where_a_job_would_not_be_bounded_without_it(host: Host) -> None:
    python = languages()["python"]
    assert await open_pool(replace(host, hierarchy=None), [python]) is None
    assert await open_pool(replace(host, _spare_slots=[]), [python]) is None


# --- names, and ends ---------------------------------------------------------------------------


async def test_the_folder_of_a_job_is_found_by_its_name(host: Host) -> None:
    jobs = host.folder / "jobs"
    async with keeping(host, "python"):
        job = spec("python", ASKS)
        async with Talk(host, job) as talk:
            await talk.asked()
            assert (jobs / job.job_id / "home/main.py").read_text() == ASKS
            talk.answer("Ada")
        assert job.job_id not in {path.name for path in jobs.iterdir()}


async def test_a_pool_that_is_stopped_while_it_fills_leaves_nothing(host: Host) -> None:
    pool = Pool(host, list(languages().values()))
    pool.start()
    await until(lambda: host.spare_slots < MOST)
    await pool.stop()
    assert host.spare_slots == MOST


EXECUTOR = """
import asyncio, sys
from pathlib import Path
from executor_app.languages import languages
from executor_app.runner.host import Host
from executor_app.runner.warm import Pool

async def main(name, folder, sandbox, uid):
    host = Host.open(name=name, folder=Path(folder), sandbox=sandbox, slots=1, uid_base=int(uid),
                     warm=3)
    pool = Pool(host, list(languages().values()))
    pool.start()
    while not pool.is_full:
        await asyncio.sleep(0.01)
    print("waiting", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("sandbox", sorted(BACKENDS))
def test_what_waits_ends_with_a_killed_executor_and_the_next_one_tidies_up(
    sandbox: str, tmp_path: Path
) -> None:
    name, uid = f"killed-warm-{sandbox}-{os.getpid()}", 1_910_000_000
    command = [sys.executable, "-c", EXECUTOR, name, str(tmp_path), sandbox, str(uid)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as executor:
        assert executor.stdout is not None
        assert executor.stdout.readline() == "waiting\n"
        below = [pid for pid in procfs.descendants(executor.pid) if pid != executor.pid]
        assert len(below) >= 5
        executor.send_signal(signal.SIGKILL)
    _wait_until_gone(below)

    host = Host.open(name=name, folder=tmp_path, sandbox=sandbox, slots=4, uid_base=uid)
    traces = Traces.of(host)
    host.close()

    assert (traces.processes, traces.mounts, traces.cgroups, traces.folders) == ((), (), (), ())
