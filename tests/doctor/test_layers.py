"""Each protection is taken away in turn, and `doctor` has to notice.

One line of Firejail's profile, one option of bubblewrap, one group of the system-call filter, one
file of the control groups.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pyseccomp
import pytest

from executor_app.doctor.findings import Finding
from executor_app.doctor.host import look_inside
from executor_app.doctor.layers import REFUSED_CALLS, look_at_layers
from executor_app.runner import cgroups
from executor_app.runner.cgroups import CpuShare
from executor_app.runner.host import Host
from executor_app.runner.sandbox import BACKENDS, base, bubblewrap, firejail, ground, seccomp

pytestmark = pytest.mark.slow

# Others may run jobs on this machine at the same time.
UID_BASE = 1_400_000_000
SHARE = CpuShare(weight=0.25, job_cpus=1.0)


def _open(sandbox: str, folder: Path) -> Host:
    return Host.open(
        name=f"tests-layers-{folder.name}-{os.getpid()}",
        folder=folder / sandbox,
        sandbox=sandbox,
        slots=4,
        share=SHARE,
        uid_base=UID_BASE + os.getpid() * 1000 % 100_000_000,
    )


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    opened = _open(request.param, tmp_path_factory.mktemp("layers"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def firejail_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    opened = _open("firejail", tmp_path_factory.mktemp("layers"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def bubblewrap_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    opened = _open("bubblewrap", tmp_path_factory.mktemp("layers"))
    yield opened
    opened.close()


async def problems(host: Host) -> list[Finding]:
    found = [*await look_inside(host), *await look_at_layers(host)]
    return [finding for finding in found if not finding.well]


async def layer_problems(host: Host) -> str:
    return "; ".join(str(finding) for finding in await look_at_layers(host) if not finding.well)


async def test_every_layer_holds_by_itself(host: Host) -> None:
    assert await problems(host) == []


# --- Firejail's profile ------------------------------------------------------------------------

LINES = [
    line for line in firejail.PROFILE.read_text().splitlines() if line and not line.startswith("#")
]
# What an attempt from inside, or a look from outside, notices too. The others hold in other ways
# as well, by the skeleton root above all, and are known by the line that is missing.
TRIED = {"caps.drop all", "restrict-namespaces", "net none", "ipc-namespace", "hostname codr",
         "blacklist /sys"}  # fmt: skip
# Not every kernel has every one of these, and a folder may be empty.
TOLD = {
    *(name for name in base.HIDDEN_FILES if os.path.exists(name)),
    *(name for name in base.HIDDEN_FOLDERS if os.path.isdir(name) and os.listdir(name)),
}
# Firejail hides /proc/bus by itself.
TRIED |= {f"blacklist {name}" for name in TOLD - {"/proc/bus"}}


@pytest.fixture
def profile(firejail_host: Host) -> Iterator[Callable[[str], None]]:
    """Takes a line out of the profile that the jails of this host read; whole again afterwards."""
    used = firejail_host.ground.root / firejail.PROFILE_INSIDE.lstrip("/")
    whole = used.read_text()

    def without(line: str) -> None:
        used.write_text("\n".join(each for each in whole.splitlines() if each != line) + "\n")

    yield without
    used.write_text(whole)


def test_the_profile_has_no_line_that_nobody_asks_for() -> None:
    assert sorted(LINES) == sorted(firejail.DIRECTIVES)


@pytest.mark.parametrize("line", LINES)
async def test_a_line_less_in_the_profile_is_noticed(
    firejail_host: Host, profile: Callable[[str], None], line: str
) -> None:
    profile(line)

    found = await problems(firejail_host)

    assert any("its settings" in f.part and line in f.problem for f in found), found
    assert any("its settings" not in f.part for f in found) == (line in TRIED), found


# --- bubblewrap's command ----------------------------------------------------------------------

# Where another option or another layer holds too; the rest is noticed by trying.
HELD_TWICE = {"--die-with-parent", "--new-session", "--clearenv", "--cap-drop ALL", "--uid 1000",
              "--gid 1000", "--ro-bind /proc/sys /proc/sys", "--dev-bind /dev /dev"}  # fmt: skip


@pytest.mark.parametrize("option", [*bubblewrap.DIRECTIVES, "--dev-bind /dev /dev"])
async def test_an_option_less_of_bubblewrap_is_noticed(
    bubblewrap_host: Host, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    whole = bubblewrap.Bubblewrap.command

    def without(self: bubblewrap.Bubblewrap, *where: Any) -> list[str]:
        words, gone = whole(self, *where), option.split()
        at = next(n for n in range(len(words)) if words[n : n + len(gone)] == gone)
        return words[:at] + words[at + len(gone) :]

    monkeypatch.setattr(bubblewrap.Bubblewrap, "command", without)
    found = await problems(bubblewrap_host)

    assert found
    tried = any("its settings" not in f.part for f in found)
    assert tried == (option not in HELD_TWICE), found
    # A jail that does not even start is looked at no further.
    assert any(option in f.problem or "could not be looked at" in f.problem for f in found), found


# In a user namespace of its own a job sees no keys but its own.
@pytest.mark.parametrize("name", sorted(TOLD - {"/proc/key-users"}))
async def test_what_bubblewrap_no_longer_hides_is_noticed(
    bubblewrap_host: Host, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for kind in ("HIDDEN_FILES", "HIDDEN_FOLDERS"):
        monkeypatch.setattr(bubblewrap, kind, [n for n in getattr(base, kind) if n != name])

    found = await look_inside(bubblewrap_host)

    seen = [f.problem for f in found if not f.well]
    assert [problem.rpartition(" ")[2] for problem in seen] == [name.removeprefix("/proc/")]


# --- the launcher ------------------------------------------------------------------------------

LAUNCHER_PARTS = {
    "struct rlimit no_core = {1, 1}": ("struct rlimit no_core = {2, 2}", "core files"),
    "|| limit(RLIMIT_NOFILE, order->files, order->files)": ("", "open files without a bound"),
    "|| limit(RLIMIT_MSGQUEUE, 256 << 10, 256 << 10)": ("", "message queues without a bound"),
    "|| limit(RLIMIT_MEMLOCK, 1 << 20, 1 << 20)": (
        "|| limit(RLIMIT_MEMLOCK, 2 << 20, 2 << 20)", "locked memory without a bound"),
    ",max=32": ("", "more terminals than are a job's"),
}  # fmt: skip


@pytest.mark.parametrize("part", LAUNCHER_PARTS)
@pytest.mark.parametrize("sandbox", sorted(BACKENDS))
async def test_what_the_launcher_no_longer_bounds_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: str, part: str
) -> None:
    source, (other, named) = ground.SOURCE.read_text(), LAUNCHER_PARTS[part]
    assert source.count(part) == 1
    changed = tmp_path / "launcher.c"
    changed.write_text(source.replace(part, other))
    monkeypatch.setattr(ground, "SOURCE", changed)
    opened = _open(sandbox, tmp_path)
    try:
        assert named in await layer_problems(opened)
    finally:
        opened.close()


# --- the system-call filter --------------------------------------------------------------------


@pytest.fixture
async def refilter(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., None]]:
    """Changes what the filter is made of."""

    def change(name: str, value: object) -> None:
        monkeypatch.setattr(seccomp, name, value)
        seccomp.filter_bytes.cache_clear()

    yield change
    monkeypatch.undo()
    seccomp.filter_bytes.cache_clear()


@pytest.mark.parametrize("group", seccomp.DENIED)
async def test_a_group_less_in_the_filter_is_noticed(
    host: Host, refilter: Callable[..., None], group: str
) -> None:
    gone = seccomp.DENIED[group].split()
    refilter("DENIED", {k: v for k, v in seccomp.DENIED.items() if k != group})

    said = await layer_problems(host)

    named = said.replace(",", " ").replace(";", " ").split()
    assert len([call for call in gone if call in named]) > 3
    assert [call for call in gone if call not in named and seccomp.number(call) >= 0] == []


def test_what_is_asked_of_the_filter_is_all_that_it_refuses() -> None:
    """The list is kept twice so that a loss is noticed, and has to be the same twice."""
    refused = [call for calls in seccomp.DENIED.values() for call in calls.split()]

    assert sorted(REFUSED_CALLS.split()) == sorted(refused)


@pytest.mark.parametrize(
    ("part", "less", "named"),
    [
        ("DENIED_IOCTLS", {}, "TIOCSTI"),
        ("CLONE_NEW", seccomp.CLONE_NEW[:-1], "clone with flag 0x40000000"),
        ("AF_UNIX", 2, "a socket of family 2"),
        ("FIRST_YOUNG_CALL", 460, "calls younger than the filter"),
        ("RLIMIT_CORE", 0, "limits of core files"),
    ],
)
async def test_a_rule_less_in_the_filter_is_noticed(
    host: Host, refilter: Callable[..., None], part: str, less: object, named: str
) -> None:
    refilter(part, less)

    assert named in await layer_problems(host)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ("clone3", "clone3"),
        ("setrlimit", "limits of core files by setrlimit"),
        ("prlimit64", "another process's limits"),
        ("socketpair", "a pair of sockets of family 2"),
    ],
)
async def test_a_call_that_is_no_longer_refused_in_part_is_noticed(
    host: Host,
    refilter: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    named: str,
) -> None:
    real = pyseccomp.SyscallFilter.add_rule

    def forgetful(rules: Any, action: int, of: str | int, *arguments: Any) -> None:
        if of != call:
            real(rules, action, of, *arguments)

    seccomp.filter_bytes.cache_clear()
    monkeypatch.setattr(pyseccomp.SyscallFilter, "add_rule", forgetful)

    assert named in await layer_problems(host)


async def test_a_jail_without_any_filter_is_noticed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seccomp, "filter_bytes", lambda *_: b"")

    found = await problems(host)

    parts = " ".join(finding.part for finding in found)
    assert "no network sockets" in parts
    assert "the system-call filter" in parts


# --- control groups ----------------------------------------------------------------------------

FILES = {
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "pids.max", "cpu.cfs_quota_us",
        "cpu.shares"),
    2: ("memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "cpu.max", "cpu.weight"),
}  # fmt: skip


async def test_a_limit_less_in_the_control_group_is_noticed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of this kernel's version; `test_cgroups` imitates the other one."""
    assert host.hierarchy is not None
    real, unnoticed = cgroups._write, []
    for name in FILES[host.hierarchy.version]:

        def forgetful(file: str, value: int | str, name: str = name) -> None:
            if Path(file).name != name:
                real(file, value)

        with monkeypatch.context() as forgetting:
            forgetting.setattr(cgroups, "_write", forgetful)
            said = await layer_problems(host)
        # Without the first limit the kernel does not take the next.
        if "limits" not in said and "could not be looked at" not in said:
            unnoticed.append(name)

    assert unnoticed == []
