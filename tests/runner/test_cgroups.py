"""Control groups: this kernel's own, of whichever version, and version 2 as files that imitate it.

What a job does to its groups is in `test_limits`; here is what an executor asks of the kernel.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from executor_app.errors import HostError
from executor_app.runner import cgroups, procfs
from executor_app.runner.cgroups import Cgroup, CpuShare, Hierarchy, find_hierarchy
from executor_app.runner.host import Host
from tests.runner.driver import contained

MIB = 1 << 20
NAME = f"tests-cgroups-{os.getpid()}"
ALL_CONTROLLERS = "cpuset cpu io memory hugetlb pids\n"


@pytest.fixture
def real() -> Iterator[Hierarchy]:
    """Groups of this kernel, with all controllers."""
    hierarchy = find_hierarchy(NAME)
    yield hierarchy
    hierarchy.remove_all()
    assert left_in(hierarchy) == []


@pytest.fixture
def unified(tmp_path: Path) -> Iterator[Hierarchy]:
    """Groups of version 2 of this kernel, which may have their controllers elsewhere."""
    mounted = tmp_path / "unified"
    mounted.mkdir()
    subprocess.run(["mount", "-t", "cgroup2", "none", mounted], check=True)
    try:
        hierarchy = Hierarchy(2, {"unified": mounted}, f"codr-{NAME}-unified@")
        yield hierarchy
        assert left_in(hierarchy) == []
    finally:
        subprocess.run(["umount", mounted], check=True)


def left_in(hierarchy: Hierarchy) -> list[Path]:
    """Groups that this executor has in any tree."""
    return [
        folder
        for place in hierarchy.places.values()
        for folder in place.iterdir()
        if folder.name.startswith(hierarchy.prefix)
    ]


@pytest.fixture(params=["real", "unified"])
def hierarchy(request: pytest.FixtureRequest) -> Hierarchy:
    found: Hierarchy = request.getfixturevalue(request.param)
    return found


@contextmanager
def member(group: Cgroup, code: str) -> Iterator[subprocess.Popen[str]]:
    """A Python program in the group, which starts when a line is written to it."""
    command = [sys.executable, "-c", f"input()\n{code}"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            for procs in group.procs_files:
                procs.write_text(str(process.pid))
            yield process
        finally:
            process.kill()


def said_by(process: subprocess.Popen[str]) -> str:
    return process.communicate("\n", timeout=30)[0]


# --- this kernel's -----------------------------------------------------------------------------


def test_limits_are_what_the_kernel_then_says(real: Hierarchy) -> None:
    group = real.create("job.run")
    group.set_limits(memory_bytes=32 * MIB, processes=7)

    written = {
        file: (folder / file).read_text().strip()
        for folder in group.folders
        for file in ("memory.limit_in_bytes", "memory.max", "memory.memsw.limit_in_bytes",
                     "memory.swap.max", "pids.max")
        if (folder / file).exists()
    }  # fmt: skip

    bytes_of_memory = str(32 * MIB)
    expected = {
        "memory.limit_in_bytes": bytes_of_memory,
        "memory.memsw.limit_in_bytes": bytes_of_memory,
        "memory.max": bytes_of_memory,
        "memory.swap.max": "0",
        "pids.max": "7",
    }
    assert written == {file: expected[file] for file in written}
    assert len(written) >= 2


def test_the_processes_that_are_there_already_do_not_count(real: Hierarchy) -> None:
    group = real.create("job.run")
    with member(group, "") as process:
        group.set_limits(memory_bytes=32 * MIB, processes=7)

        assert group.tasks() == 1
        assert "8" in {
            (folder / "pids.max").read_text().strip()
            for folder in group.folders
            if (folder / "pids.max").exists()
        }
        said_by(process)


def test_a_process_joins_by_itself_in_every_tree(hierarchy: Hierarchy) -> None:
    group = hierarchy.create("job.run")
    code = "import sys; [open(file, 'w').write('0') for file in sys.argv[1:]]; print('in'); input()"
    command = [sys.executable, "-c", code, *map(str, group.join_files)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        assert all(
            str(process.pid) in (folder / "cgroup.procs").read_text().split()
            for folder in group.folders
        )
        assert len(group.join_files) == len(group.folders)
        said_by(process)
    group.remove()


def test_who_joins_a_group_of_version_1_holds_up_no_forks_of_the_host(tmp_path: Path) -> None:
    """By these files the kernel moves one thread, for which it takes no lock of all processes."""
    for name in cgroups.V1_CONTROLLERS:
        (tmp_path / name).mkdir()
    controllers = "".join(f"{n}:{name}:/\n" for n, name in enumerate(cgroups.V1_CONTROLLERS))
    group = find_hierarchy("x", tmp_path, controllers).create("job.run")

    assert {file.name for file in group.join_files} == {"tasks"}


def test_a_kill_for_memory_is_counted(real: Hierarchy) -> None:
    group = real.create("job.run")
    group.set_limits(memory_bytes=24 * MIB, processes=7)
    with member(group, "x = bytearray(200 << 20)") as process:
        assert group.oom_kills() == 0
        assert not group.has_hit_memory_limit()
        said_by(process)

    assert process.returncode == -signal.SIGKILL
    assert group.oom_kills() >= 1
    assert group.has_hit_memory_limit()
    assert 16 * MIB < group.peak_memory_bytes() <= 24 * MIB


def test_a_refused_process_is_counted(real: Hierarchy) -> None:
    group = real.create("job.run")
    group.set_limits(memory_bytes=64 * MIB, processes=3)
    code = """
import os, time
for n in range(10):
    try:
        if os.fork() == 0: time.sleep(60); os._exit(0)
    except OSError: print(n); break
"""
    with member(group, code) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert group.refused_processes() == 0
        process.stdin.write("\n")
        process.stdin.flush()

        assert process.stdout.readline() == "2\n"
        assert group.refused_processes() == 1
        group.kill()


def test_cpu_time_of_all_its_processes_is_counted(real: Hierarchy) -> None:
    group = real.create("job.run")
    code = """
import os, time
child = os.fork()
while time.process_time() < 0.2: pass
if child: os.wait()
"""
    with member(group, code) as process:
        said_by(process)

    assert 0.35 < group.cpu_time_s() < 10


def test_killing_a_group_ends_what_forks_in_it(hierarchy: Hierarchy) -> None:
    group = hierarchy.create("job.run")
    with member(
        group, "import os, time\nfor _ in range(4): os.fork()\nprint(1)\ntime.sleep(60)"
    ) as p:
        said_first_line(p)
        pids = group.pids()
        assert len(pids) > 1
        assert not group.empty()

        group.remove()

    assert [pid for pid in pids if procfs.lives(pid) and pid != p.pid] == []
    assert [folder for folder in group.folders if folder.exists()] == []
    assert group.empty()
    group.remove()  # there is nothing to remove any more, and that is well


# Each process lives for as long as it takes to start the next one: no list of them is ever true.
COMETS = """
#include <unistd.h>
int main(void) {
    for (int n = 0; n < 60; n++) if (fork() == 0) for (;;) if (fork() > 0) _exit(0);
    pause();
}
"""


def test_a_fork_bomb_cannot_outrun_one_kill(real: Hierarchy, tmp_path: Path) -> None:
    program = tmp_path / "comets"
    subprocess.run(["gcc", "-x", "c", "-o", program, "-"], input=COMETS, text=True, check=True)
    group = real.create("job.run")
    group.set_limits(memory_bytes=512 * MIB, processes=200)
    with member(group, f"import os\nos.execv({str(program)!r}, ['comets'])") as process:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        until(lambda: group.tasks() > 50)

        group.kill()

        until(lambda: process.poll() is not None and group.tasks() == 0)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_job_has_no_more_processors_than_its_part(real: Hierarchy) -> None:
    group = real.create("job.run")
    group.limit_cpus(0.2)
    code = """
import time
began = time.monotonic()
while time.monotonic() < began + 1: pass
"""
    with member(group, code) as process:
        said_by(process)

    assert 0 < group.cpu_time_s() < 0.5


def test_a_job_weighs_what_it_is_given(real: Hierarchy) -> None:
    group = real.create("job.run")
    group.weigh(0.25)

    weights = {
        file: (folder / file).read_text().strip()
        for folder in group.folders
        for file in ("cpu.shares", "cpu.weight")
        if (folder / file).exists()
    }
    assert weights in ({"cpu.shares": "256"}, {"cpu.weight": "25"})


def test_a_busy_group_gives_way_and_takes_its_turn_again(real: Hierarchy) -> None:
    group = real.create("job.run")
    group.part = 2.0

    weights = []
    for busy in (True, True, False, False):
        group.give_way(busy)
        weights.append(round(group.weight(), 2))

    assert weights == [0.2, 0.2, 2.0, 2.0]


def test_a_job_lies_beside_what_runs_it(real: Hierarchy) -> None:
    """Below a group for all jobs it would wait for its turn behind all the others."""
    where = procfs_cgroups(os.getpid())

    with member(real.create("job.run"), "") as process:
        assert {
            (controllers, str(Path(path).parent))
            for controllers, path in procfs_cgroups(process.pid)
            if path.startswith(f"{dict(where)[controllers].rstrip('/')}/{real.prefix}")
        } >= {(c, path) for c, path in where if c in cgroups.V1_CONTROLLERS}
        said_by(process)


def procfs_cgroups(pid: int) -> set[tuple[str, str]]:
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    return {(line.split(":", 2)[1], line.split(":", 2)[2]) for line in lines}


def test_what_is_not_bounded_is_named(real: Hierarchy) -> None:
    group = real.create("job.run")
    assert {"memory", "processes", "CPU share"} <= set(group.unbounded())

    group.set_limits(memory_bytes=32 * MIB, processes=7)
    group.limit_cpus(1)

    assert group.unbounded() == []


def said_first_line(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    process.stdout.readline()


def test_a_group_that_cannot_be_emptied_is_an_error_that_names_who_is_in_it(
    hierarchy: Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = hierarchy.create("job.run")
    with member(group, "import time\ntime.sleep(60)") as process:
        with monkeypatch.context() as unkillable:
            unkillable.setattr(type(group), "kill", lambda _: None)
            with pytest.raises(HostError, match=f"still holds .*{process.pid}"):
                group.remove(within_s=0.05)
        group.remove()


def test_what_a_killed_executor_left_is_found_and_removed(hierarchy: Hierarchy) -> None:
    left = [hierarchy.create(f"job-{n}.run") for n in range(3)]
    with member(left[1], "import time\ntime.sleep(60)") as process:
        after = Hierarchy(hierarchy.version, hierarchy.places, hierarchy.prefix)
        found = list(after.groups())
        assert [group.folders for group in found] == [group.folders for group in left]

        for group in found:
            group.remove()
        assert process.wait(10) == -signal.SIGKILL

    assert list(hierarchy.groups()) == []


def test_a_group_that_is_left_in_some_trees_only_is_found_too(real: Hierarchy) -> None:
    for folder in real.create("half-made").folders[:-1]:
        folder.rmdir()
    for folder in real.create("half-removed").folders[1:]:
        folder.rmdir()

    for group in real.groups():
        group.remove()

    assert list(real.groups()) == []
    assert left_in(real) == []


def test_a_group_that_cannot_be_made_in_every_tree_is_made_in_none(real: Hierarchy) -> None:
    folders = real.create("job.run").folders
    for folder in folders[:-1]:
        folder.rmdir()

    with pytest.raises(FileExistsError):
        real.create("job.run")

    assert [folder for folder in folders if folder.exists()] == folders[-1:]


@pytest.mark.parametrize("above", [0.5, 0.33333, 1 / 3, 0.7142857])
def test_a_job_has_what_a_group_above_has_where_that_is_less(tmp_path: Path, above: float) -> None:
    with opened_host(tmp_path, job_cpus=2) as host:
        assert host.hierarchy is not None
        with contained(host) as container:
            container.limit_cpus(above)
            group = host.make_cgroup("job.run")
            assert group is not None
            assert "CPU share" not in group.unbounded()
            group.remove()


def test_a_group_above_that_has_less_and_cannot_be_seen_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(self: Cgroup, cpus: float) -> None:
        raise OSError(errno.EINVAL, "what version 1 says")

    with opened_host(tmp_path, job_cpus=2) as host:
        assert host.hierarchy is not None
        monkeypatch.setattr(type(host.hierarchy.group("any")), "limit_cpus", refused)
        for name in ("one", "two", "three"):
            assert host.make_cgroup(name) is not None
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@contextmanager
def opened_host(tmp_path: Path, job_cpus: float) -> Iterator[Host]:
    host = Host.open(
        name=NAME,
        folder=tmp_path / "executors/x",
        sandbox="bubblewrap",
        slots=1,
        share=CpuShare(job_cpus=job_cpus),
    )
    try:
        yield host
    finally:
        host.close()


def test_a_group_that_takes_no_limit_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Cgroup, cpus: float) -> None:
        raise PermissionError

    host = Host.open(name=NAME, folder=tmp_path / "executors/x", sandbox="bubblewrap", slots=1)
    try:
        assert host.hierarchy is not None
        monkeypatch.setattr(type(host.hierarchy.group("any")), "limit_cpus", broken)
        with pytest.raises(PermissionError):
            host.make_cgroup("job.run")
        assert list(host.hierarchy.groups()) == []
    finally:
        host.close()


def test_what_a_dead_executor_left_and_cannot_be_removed_is_told_and_kept_for_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    dead = tmp_path / "executors" / f"{NAME}-dead"
    dead.mkdir(parents=True)
    (dead / "lock").touch()

    def stuck(self: Hierarchy) -> None:
        raise HostError("it still holds [4711]")

    for patched in (True, False):
        with monkeypatch.context() as patch:
            if patched:
                patch.setattr(Hierarchy, "remove_all", stuck)
            host = Host.open(
                name=NAME, folder=tmp_path / "executors/x", sandbox="bubblewrap", slots=1
            )
        host.close()
        assert dead.exists() == patched

    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == [
        f"what {NAME}-dead left behind cannot be removed: it still holds [4711]"
    ]


def test_two_executors_have_groups_of_their_own(real: Hierarchy) -> None:
    other = find_hierarchy(f"{NAME}-other")
    real.create("job.run")
    other.create("job.run")

    other.remove_all()

    assert len(list(real.groups())) == 1


def test_an_executor_whose_name_begins_like_another_s_leaves_its_groups_alone() -> None:
    one, other = find_hierarchy(f"{NAME}-a"), find_hierarchy(f"{NAME}-a.b")
    other.create("job.run")

    one.remove_all()

    assert len(list(other.groups())) == 1
    other.remove_all()


def test_a_trial_that_a_killed_executor_left_is_in_nobody_s_way(real: Hierarchy) -> None:
    real.create(cgroups.TRIAL)

    assert find_hierarchy(NAME) == real


# --- version 1 with controllers that share a tree ----------------------------------------------


def test_controllers_of_version_1_may_share_a_tree(tmp_path: Path) -> None:
    for name in ("memory", "pids", "cpu,cpuacct"):
        (tmp_path / name).mkdir()
    for name in ("cpu", "cpuacct"):
        (tmp_path / name).symlink_to("cpu,cpuacct")

    hierarchy = find_hierarchy("x", tmp_path, "4:cpu,cpuacct:/\n3:memory:/\n2:pids:/\n")
    group = hierarchy.create("job.run")

    assert len(group.folders) == len(group.procs_files) == 3
    assert [found.folders for found in hierarchy.groups()] == [group.folders]
    hierarchy.remove_all()
    assert not list(tmp_path.glob("*/codr-x*"))


def test_version_1_says_which_controller_is_not_mounted(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()

    with pytest.raises(HostError, match="the pids controller is not mounted"):
        find_hierarchy("x", tmp_path, "3:memory:/\n")


def test_groups_of_version_1_are_made_below_the_executors_own(tmp_path: Path) -> None:
    for name in cgroups.V1_CONTROLLERS:
        (tmp_path / name).mkdir()
    (tmp_path / "memory/docker/abc").mkdir(parents=True)

    hierarchy = find_hierarchy("x", tmp_path, "3:memory:/docker/abc\n2:pids:/docker/abc\n")

    assert hierarchy.places["memory"] == tmp_path / "memory/docker/abc"
    assert hierarchy.places["pids"] == tmp_path / "pids"


# --- version 2, imitated -----------------------------------------------------------------------


def imitate(folder: Path, **files: str) -> Path:
    """The files that the kernel shows in a group; `__` stands for the dot in their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder


def root_of_v2(root: Path, controllers: str = ALL_CONTROLLERS) -> Path:
    return imitate(root, cgroup__controllers=controllers, cgroup__procs="1\n2\n")


def group_of_v2(root: Path, **more: str) -> tuple[Path, Cgroup]:
    group = find_hierarchy("x", root_of_v2(root), "0::/\n").create("job.run")
    stat = "usage_usec 2500000\nuser_usec 1\n"
    events = "low 0\nhigh 0\nmax 9\noom 1\noom_kill 2\noom_group_kill 1\n"
    return (
        imitate(group.folders[0], pids__current="3\n", cpu__stat=stat, memory__events=events,
                pids__events="max 4\n", memory__current="1000\n", cgroup__procs="", **more),
        group,
    )  # fmt: skip


def test_version_2_is_given_its_limits(tmp_path: Path) -> None:
    folder, group = group_of_v2(tmp_path, memory__swap__max="max\n")
    group.set_limits(memory_bytes=5 * MIB, processes=6)

    written = {
        name: (folder / name).read_text()
        for name in ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max")
    }
    assert written == {
        "memory.max": str(5 * MIB),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "9",
    }


def test_version_2_without_swap_accounting_is_not_told_of_swap(tmp_path: Path) -> None:
    folder, group = group_of_v2(tmp_path)
    group.set_limits(memory_bytes=5 * MIB, processes=6)

    assert not (folder / "memory.swap.max").exists()


def test_version_2_is_given_its_part_of_the_processors(tmp_path: Path) -> None:
    folder, group = group_of_v2(tmp_path)
    group.limit_cpus(1.5)
    group.weigh(0.5)
    assert [(folder / name).read_text() for name in ("cpu.max", "cpu.weight")] == [
        "150000 100000",
        "50",
    ]

    group.give_way(True)
    assert (folder / "cpu.weight").read_text() == "10"
    assert group.weight() == 0.1


def test_version_2_says_what_is_not_bounded(tmp_path: Path) -> None:
    folder, group = group_of_v2(
        tmp_path, memory__max="max\n", memory__swap__max="max\n", memory__oom__group="0\n",
        pids__max="max\n", cpu__max="max 100000\n",
    )  # fmt: skip
    assert len(group.unbounded()) == 5

    group.set_limits(memory_bytes=5 * MIB, processes=6)
    assert group.unbounded() == ["CPU share"]

    group.limit_cpus(1)
    assert group.unbounded() == []
    for name in ("memory.max", "memory.swap.max", "pids.max"):
        kept = (folder / name).read_text()
        (folder / name).write_text("max\n")
        assert len(group.unbounded()) == 1
        (folder / name).write_text(kept)


def test_version_2_is_read_right(tmp_path: Path) -> None:
    _, group = group_of_v2(tmp_path, memory__peak="7000\n")

    assert (group.cpu_time_s(), group.oom_kills(), group.refused_processes()) == (2.5, 2, 4)
    assert group.has_hit_memory_limit()
    assert group.peak_memory_bytes() == 7000


def test_version_2_that_made_room_at_its_limit_has_not_run_out(tmp_path: Path) -> None:
    folder, group = group_of_v2(tmp_path)
    imitate(folder, memory__events="low 0\nhigh 0\nmax 9\noom 0\noom_kill 1\n")

    assert not group.has_hit_memory_limit()


def test_a_kernel_that_keeps_no_peak_tells_what_is_used_now(tmp_path: Path) -> None:
    assert group_of_v2(tmp_path)[1].peak_memory_bytes() == 1000


def test_version_2_is_killed_at_once_where_the_kernel_can(tmp_path: Path) -> None:
    folder, group = group_of_v2(tmp_path, cgroup__kill="")
    group.kill()

    assert (folder / "cgroup.kill").read_text() == "1"


def test_version_2_is_killed_one_by_one_where_the_kernel_cannot(
    unified: Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_cgroup_kill(file: Path, value: int) -> None:
        raise FileNotFoundError(file)

    monkeypatch.setattr(cgroups, "_write", without_cgroup_kill)
    group = unified.create("job.run")
    with member(group, "import time\ntime.sleep(60)") as process:
        group.remove()
        assert process.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("offered", "missing"), [("cpu memory", "pids"), ("io", "memory, pids, cpu"), ("", "memory")]
)
def test_version_2_says_which_controllers_are_missing(
    tmp_path: Path, offered: str, missing: str
) -> None:
    with pytest.raises(HostError, match=f"{tmp_path} does not offer {missing}"):
        find_hierarchy("x", root_of_v2(tmp_path, offered), "0::/\n")


UNIT = "system.slice/codr-executor.service"


def delegated(root: Path, procs: str = "") -> Path:
    imitate(root, cgroup__controllers=ALL_CONTROLLERS)
    return imitate(
        root / UNIT,
        cgroup__controllers="cpu memory pids\n", cgroup__type="domain\n", cgroup__procs=procs,
    )  # fmt: skip


def test_groups_of_version_2_are_made_in_what_was_delegated(tmp_path: Path) -> None:
    own = delegated(tmp_path)

    hierarchy = find_hierarchy("x", tmp_path, f"0::/{UNIT}\n")

    assert hierarchy.places == {"unified": own}
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"
    assert not (tmp_path / "cgroup.subtree_control").exists()


def test_the_executor_moves_out_of_the_way_of_its_groups(tmp_path: Path) -> None:
    own = delegated(tmp_path, procs="4711\n")

    find_hierarchy("x", tmp_path, f"0::/{UNIT}\n")

    assert (own / "codr-executors/cgroup.procs").read_text() == "4711"
    assert (own / "codr-executors/cpu.weight").read_text() == "300"


def test_an_executor_that_has_moved_finds_its_groups_where_they_were(tmp_path: Path) -> None:
    own = delegated(tmp_path)
    first = find_hierarchy("x", tmp_path, f"0::/{UNIT}\n")
    imitate(own / "codr-executors", cgroup__controllers="", cgroup__type="domain\n")

    again = find_hierarchy("x", tmp_path, f"0::/{UNIT}/codr-executors\n")

    assert again == first


@pytest.mark.parametrize("path", ["/docker/0123abcd", "/..", "/../../init.scope"])
def test_a_container_that_cannot_see_its_own_path_uses_the_root(tmp_path: Path, path: str) -> None:
    root = root_of_v2(tmp_path / "cgroup")
    (tmp_path / "init.scope").mkdir()

    assert find_hierarchy("x", root, f"0::{path}\n").places == {"unified": root}


def test_a_hierarchy_that_may_not_be_written_is_an_error_of_the_host(tmp_path: Path) -> None:
    root = root_of_v2(tmp_path)
    (root / "cgroup.subtree_control").mkdir()  # writing fails, as it does without permission

    with pytest.raises(HostError, match=r"no cgroup can be made: .*subtree_control"):
        find_hierarchy("x", root, "0::/\n")


# --- a host without them -----------------------------------------------------------------------


@pytest.fixture
def without_cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sys").mkdir()
    monkeypatch.setattr(
        cgroups, "find_hierarchy", functools.partial(find_hierarchy, root=tmp_path / "sys")
    )


@pytest.mark.usefixtures("without_cgroups")
def test_an_executor_without_cgroups_does_not_start_and_says_what_to_do(tmp_path: Path) -> None:
    descriptors = os.listdir("/proc/self/fd")

    with pytest.raises(HostError) as error:
        Host.open(name="x", folder=tmp_path / "executors/x", sandbox="bubblewrap", slots=1)

    for words in ("the memory controller is not mounted", "as root", "Delegate=yes",
                  "CODR_LIMITS=auto"):  # fmt: skip
        assert words in str(error.value)
    assert not (tmp_path / "executors/x").exists()
    assert os.listdir("/proc/self/fd") == descriptors


@pytest.mark.usefixtures("without_cgroups")
def test_weaker_limits_have_to_be_accepted_and_are_a_warning(tmp_path: Path) -> None:
    host = Host.open(
        name="x", folder=tmp_path / "executors/x", sandbox="bubblewrap", slots=1, limits_by="auto"
    )
    host.close()

    assert host.hierarchy is None
    assert len(host.warnings) == 1
    assert "limits are by setrlimit only" in host.warnings[0]
    assert "the memory controller is not mounted" in host.warnings[0]


def test_a_host_that_fails_to_open_for_another_reason_leaves_no_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("executor_app.runner.sandbox.ground.SOURCE", tmp_path / "is-not-there.c")

    with pytest.raises(HostError, match="does not compile"):
        Host.open(name=NAME, folder=tmp_path / "executors/x", sandbox="bubblewrap", slots=1)

    assert not (tmp_path / "executors/x").exists()
    assert not list(cgroups.ROOT.rglob(f"codr-{NAME}"))
