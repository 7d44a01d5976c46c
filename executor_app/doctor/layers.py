"""Each layer of the jail by itself, where `inside.py` only sees what all of them together stop.

A protection that another one hides is missed on the day when that other one fails. So here the
system-call filter answers with an error of its own, the sandbox is tried without the filter, and
the jail's processes and control group are looked at from outside, as the kernel has them.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from executor_app.errors import HostError
from executor_app.languages import Limits, find
from executor_app.runner.cgroups import Cgroup
from executor_app.runner.host import Host
from executor_app.runner.jail import OPEN_FILES, Command, Jail, Rlimits
from executor_app.runner.sandbox import seccomp
from executor_app.runner.workspace import MAX_FILES, Workspace

from .findings import Finding

SECURITY_DOC: Final = (
    "do not run strangers' programs on this host until it is mended; see docs/security.md"
)
PYTHON: Final = "/usr/bin/python3"
# No system call gives this one, so whoever sees it met our filter.
MARK: Final = 199
# What the filter has to refuse, kept apart from its own list: what is lost there is noticed here.
REFUSED_CALLS: Final = (
    "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise "
    "process_mrelease unshare setns mount umount2 pivot_root chroot fsopen fsconfig fsmount "
    "fspick open_tree move_mount mount_setattr name_to_handle_at open_by_handle_at bpf "
    "perf_event_open init_module finit_module delete_module kexec_load kexec_file_load reboot "
    "swapon swapoff syslog acct quotactl quotactl_fd nfsservctl lookup_dcookie iopl ioperm "
    "modify_ldt personality uselib vhangup settimeofday clock_settime clock_adjtime adjtimex "
    "sethostname setdomainname io_uring_setup io_uring_enter io_uring_register userfaultfd "
    "fanotify_init fanotify_mark add_key request_key keyctl migrate_pages move_pages mbind "
    "set_mempolicy get_mempolicy set_mempolicy_home_node memfd_secret landlock_create_ruleset "
    "landlock_add_rule landlock_restrict_self vmsplice remap_file_pages cachestat io_setup "
    "io_submit sync syncfs"
)
IPC_RMID: Final = 0
REFUSED_IN_PART: Final = ("socket", "socketpair", "ioctl", "prlimit64", "setrlimit")
# What the launcher lets one job have; its `own_terminals`.
TERMINALS: Final = 32
NAMESPACES: Final = ("ipc", "mnt", "net", "pid", "uts")

FILTER_ATTEMPTS: Final = """
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
calls, mark = json.loads(sys.argv[1]), int(sys.argv[2])
allowed = []
def attempt(name, number, *args):
    ctypes.set_errno(0)
    long = [ctypes.c_long(arg) for arg in (*args, *(-1,) * (6 - len(args)))]
    result = libc.syscall(ctypes.c_long(number), *long)
    if result == 0 and number == calls["clone"]: os._exit(0)  # the child, where there is one
    if result != -1 or ctypes.get_errno() != mark:
        allowed.append(name)
for name, number in calls["plain"].items():
    attempt(name, number)
for family in (2, 10, 16, 17, 38, 40):
    attempt(f"a socket of family {family}", calls["socket"], family, 1, 0)
    attempt(f"a pair of sockets of family {family}", calls["socketpair"], family, 1, 0)
for name, request in calls["ioctls"].items():
    attempt(name, calls["ioctl"], 0, request)
attempt("another process's limits", calls["prlimit64"], 1, 7, 0, 0)
attempt("limits of core files", calls["prlimit64"], 0, 4, -1, 0)
attempt("limits of core files by setrlimit", calls["setrlimit"], 4)
attempt("clone3", calls["clone3"], 0, 0)
if libc.syscall(ctypes.c_long(calls["first young"])) != -1 or ctypes.get_errno() != 38:
    allowed.append("calls younger than the filter")
for bit in calls["clone flags"]:
    attempt(f"clone with flag {bit:#x}", calls["clone"], bit | 17, 0)
print(json.dumps(allowed))
"""
# The same with the sandbox alone: what it has to hold even if the filter above were not there.
SANDBOX_ATTEMPTS: Final = """
import ctypes, json, os, resource, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
words = sys.argv[1:]
allowed = []
def attempt(name, allowed_if):
    if allowed_if: allowed.append(name)
attempt("a user namespace of its own", libc.unshare(0x10000000) == 0)
attempt("mounting", libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0)
attempt("to become root", libc.setuid(0) == 0 and os.getuid() == 0)
try: names = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
except OSError: names = []
attempt("interfaces of the host", set(names) - {"lo"})
libc.shmget.argtypes = (ctypes.c_int, ctypes.c_size_t, ctypes.c_int)
attempt("shared memory of the host", libc.shmget(int(words[0]), 0, 0) >= 0)
attempt("the host's name", socket.gethostname() != "codr")
def most(limit): return resource.getrlimit(limit)[1] % (1 << 64)
attempt("core files", most(resource.RLIMIT_CORE) != 1)
attempt("message queues without a bound", most(12) > 256 << 10)
attempt("locked memory without a bound", most(resource.RLIMIT_MEMLOCK) > 1 << 20)
attempt("open files without a bound", most(resource.RLIMIT_NOFILE) > int(words[1]))
opened = []
try:
    while len(opened) <= int(words[2]): opened.append(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
except OSError: pass
attempt("more terminals than are a job's", 0 < int(words[2]) < len(opened))
print(json.dumps(allowed))
"""


@dataclass(frozen=True, slots=True)
class _Place:
    jail: Jail
    cgroup: Cgroup | None
    workspace: Workspace
    home: str


async def look_at_layers(host: Host) -> list[Finding]:
    part = f"layers ({host.sandbox.name})"
    try:
        async with _jail(host) as place:
            problems = [
                *_directives(host, place),
                *_processes(host, place.jail),
                *_limits(host, place),
                *await _filter(place),
                *await _sandbox(host, place),
            ]
    except (HostError, OSError, ValueError, TimeoutError) as error:
        problems = [("the jail", f"it could not be looked at: {error}")]
    findings = [Finding(f"{part}: {name}", problem=p, advice=SECURITY_DOC) for name, p in problems]
    return findings or [Finding(part, "the sandbox, the filter and the limits hold by themselves")]


@asynccontextmanager
async def _jail(host: Host) -> AsyncIterator[_Place]:
    limits: Limits = find("python").run_limits
    async with AsyncExitStack() as cleanup:
        slot = host.take_slot()
        cleanup.callback(host.give_slot, slot)
        cgroup = host.make_cgroup("doctor.layers")
        if cgroup is not None:
            cleanup.push_async_callback(asyncio.to_thread, cgroup.remove)
        workspace = host.make_workspace("doctor-layers", slot, limits.disk_bytes)
        cleanup.callback(workspace.remove)
        join = cgroup.join_files if cgroup else []
        jail = await Jail.start(host.sandbox.entry(host.ground, workspace.place, join))
        cleanup.push_async_callback(jail.close)
        if cgroup is not None:
            cgroup.set_limits(memory_bytes=limits.memory_bytes, processes=limits.processes)
        yield _Place(jail, cgroup, workspace, host.sandbox.home(host.ground))


# --- from outside ------------------------------------------------------------------------------


def _directives(host: Host, place: _Place) -> list[tuple[str, str]]:
    """Some settings of a sandbox hold where nothing here can try them."""
    missing = host.sandbox.missing_directives(host.ground, place.workspace.place)
    return [("its settings", f"these are missing: {', '.join(missing)}")] if missing else []


def _processes(host: Host, jail: Jail) -> list[tuple[str, str]]:
    """What the kernel says of the launcher, which all that a job starts comes from."""
    pid = jail.launcher_pid
    status = _status(pid)
    own = {
        *NAMESPACES,
        *host.sandbox.own_namespaces,
        *(("cgroup",) if host.ground.privileged else ()),
    }
    held = [n for n in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb") if int(status[n], 16)]
    shared = sorted(name for name in own if _namespace(pid, name) == _namespace("self", name))
    terminal = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[4]
    groups = status["Groups"].split() if host.ground.privileged else []
    facts = {
        "capabilities": f"the jail holds {', '.join(held)}" if held else "",
        "new privileges": "" if status["NoNewPrivs"] == "1" else "the jail could gain privileges",
        "namespaces": f"shared with the host: {', '.join(shared)}" if shared else "",
        "the sandbox's own filter": ""
        if int(status.get("Seccomp_filters", "0")) >= host.sandbox.own_filters
        else "the sandbox runs without all of it",
        "the terminal": "" if terminal == "0" else "the jail has a terminal of the executor",
        "the user": "the jail runs as root" if "0" in status["Uid"].split() else "",
        "groups": f"the jail is in the groups {groups}" if groups else "",
    }
    return [(name, problem) for name, problem in facts.items() if problem]


def _status(pid: int) -> Mapping[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def _namespace(pid: int | str, name: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{name}")


def _limits(host: Host, place: _Place) -> list[tuple[str, str]]:
    problems = []
    if place.cgroup is not None and host.hierarchy is not None:
        unbounded = place.cgroup.unbounded()
        if unbounded:
            problems.append(("limits", f"the kernel does not bound {', '.join(unbounded)}"))
        if abs(place.cgroup.weight() - host.share.weight) > 0.01:
            problems.append(("limits", "a job does not have the weight that is set"))
        if place.jail.launcher_pid not in place.cgroup.pids():
            problems.append(("limits", "the jail is not in its control group"))
    if host.ground.privileged:
        state = os.statvfs(place.workspace.folder)
        if state.f_blocks * state.f_frsize > place.workspace.disk_bytes:
            problems.append(("limits", "the size of its files is not bounded"))
        if not 0 < state.f_files <= MAX_FILES:
            problems.append(("limits", "the number of its files is not bounded"))
    return problems


# --- from inside -------------------------------------------------------------------------------


async def _filter(place: _Place) -> list[tuple[str, str]]:
    """With a filter whose refusals can be told from everybody else's."""
    numbers = {call: seccomp.number(call) for call in REFUSED_CALLS.split()}
    calls: dict[str, Any] = {
        "plain": {call: n for call, n in numbers.items() if n >= 0},
        "ioctls": {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCSETD": 0x5423},
        "first young": 457,
        "clone3": 435,
        "clone flags": [0x80, 1 << 17, *(1 << bit for bit in range(25, 31))],
    }
    calls |= {call: seccomp.number(call) for call in (*REFUSED_IN_PART, "clone")}
    words = [json.dumps(calls), str(MARK)]
    said = await _ask(place, FILTER_ATTEMPTS, words, seccomp.filter_bytes(MARK))
    if said:
        return [("the system-call filter", f"it does not refuse {', '.join(said)}")]
    return []


async def _sandbox(host: Host, place: _Place) -> list[tuple[str, str]]:
    with _planted_memory() as key:
        # Without root the terminals are the host's own, and only its bound holds.
        terminals = TERMINALS if host.ground.privileged else 0
        words = [str(key), str(OPEN_FILES), str(terminals)]
        said = await _ask(place, SANDBOX_ATTEMPTS, words, b"")
    return [("the sandbox alone", f"it allows {', '.join(said)}")] if said else []


@contextmanager
def _planted_memory() -> Iterator[int]:
    """A segment of System V memory of the host that anybody may use; its key."""
    libc = ctypes.CDLL(None, use_errno=True)
    key = 0x0C0D0000 | os.getpid() & 0xFFFF
    segment = libc.shmget(key, ctypes.c_size_t(4096), 0o1666)
    if segment < 0:
        raise OSError(ctypes.get_errno(), "cannot make shared memory to look for")
    try:
        yield key
    finally:
        libc.shmctl(segment, IPC_RMID, None)


async def _ask(place: _Place, code: str, words: Sequence[str], filter_bytes: bytes) -> list[str]:
    """Runs a program of ours in the jail; what it printed, which is one list as JSON."""
    reader, writer = os.pipe()
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        await place.jail.order(
            Command(
                [PYTHON, "-c", code, *words],
                {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
                place.home,
                tty=False,
                limits=Rlimits(cpu_s=20),
            ),
            (null, writer, writer),
            filter_bytes=filter_bytes,
        )
    finally:
        os.close(null)
        os.close(writer)
    with os.fdopen(reader) as file:
        text = await asyncio.to_thread(file.read)
    await place.jail.ended()
    try:
        found: list[str] = json.loads(text)
    except ValueError:
        raise HostError(f"the attempts did not run: {text.strip()[-300:]}") from None
    return found
