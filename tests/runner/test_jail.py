"""What a program in the jail can see, reach and leave behind: nothing that is not its own.

`executor_app/doctor/inside.py` tries the protections that every installation is asked for; it runs
here too. The rest are attempts that need something planted on the host, or a raw system call.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from executor_app.doctor import inside
from executor_app.protocol import FinalStatus
from executor_app.runner import mounts, procfs
from executor_app.runner.host import Host
from tests.runner.driver import Talk, hold, spec

MIB = 1 << 20
HOME = "/home/codr"
# Where a host keeps what is its own. /usr is not among them: that is the toolchain.
HOST_FOLDERS = (
    "/root",
    "/home",
    "/var",
    "/var/tmp",
    "/opt",
    "/srv",
    "/mnt",
    "/run",
    "/etc",
    "/tmp",
)
pytestmark = pytest.mark.slow


async def test_a_sandbox_starts_whatever_the_process_says_of_how_long_sockets_wait(
    host: Host,
) -> None:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(5)
    try:
        assert await said(host, "print('started')") == "started\n"
    finally:
        socket.setdefaulttimeout(before)


async def said(host: Host, code: str, *args: str, language: str = "python", **fields: Any) -> str:
    """What a program prints that nobody talks with, and that ends well."""
    fields.setdefault("stdin", b"")
    talk = await hold(host, spec(language, code, args=args, **fields))
    assert (talk.complete.status, talk.complete.exit_code) == (FinalStatus.COMPLETED, 0), (
        talk.complete,
        talk.output("stderr", "compile")[-2000:],
        talk.stderr[-2000:],
    )
    return talk.stdout.decode()


async def told(host: Host, code: str, *args: str, **fields: Any) -> Any:
    """The same, of a program that prints JSON."""
    return json.loads(await said(host, code, *args, **fields))


async def test_every_attempt_of_doctor_fails(host: Host) -> None:
    words = [str(host.folder), str(Path.cwd()), str(Path.home()), socket.gethostname()]

    talk = await hold(host, spec("python", inspect.getsource(inside), args=words))

    lines = [json.loads(line) for line in talk.stdout.splitlines()]
    assert dict(lines) == dict.fromkeys(inside.CHECKS, "")


# --- what it sees ------------------------------------------------------------------------------

WALK = """
import json, os
seen = []
for base, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if (base, f) not in (("/", "usr"), ("/", "proc"))]
    seen += [os.path.join(base, name) for name in files]
print(json.dumps(seen))
"""
VISIBLE = ("/dev/", "/etc/alternatives/", "/run/firejail/")
VISIBLE_FILES = {
    *("/codr-launch", f"{HOME}/main.py", "/etc/group", "/etc/hosts", "/etc/ld.so.cache"),
    *("/etc/localtime", "/etc/login.defs", "/etc/passwd", "/etc/passwd.inside"),
    *("/etc/firejail/codr.profile", "/etc/firejail/firejail.config"),
}


async def test_a_program_sees_its_own_files_and_the_toolchain_only(host: Host) -> None:
    seen = await told(host, WALK)

    assert f"{HOME}/main.py" in seen
    assert [
        path for path in seen if not path.startswith(VISIBLE) and path not in VISIBLE_FILES
    ] == []


async def test_the_password_file_names_nobody_of_the_host(host: Host) -> None:
    text = await said(host, "print(open('/etc/passwd').read(), end='')")

    assert {line.split(":")[0] for line in text.splitlines()} == {"root", "codr"}
    assert len(text.splitlines()) == 2


# Its halves travel apart, so that the secret itself stands in no argument.
SEARCH = """
import json, os, stat, sys
secret = "".join(sys.argv[1:])
found = []
with open("mine", "w") as file: file.write(secret)
for base, folders, files in os.walk("/", followlinks=False):
    if base in ("/", "/dev"):
        folders[:] = [f for f in folders if f not in ("usr", "pts")]
    for name in folders + files:
        path = os.path.join(base, name)
        if secret in path: found.append(path)
    for name in files:
        path = os.path.join(base, name)
        if name in ("mem", "pagemap"): continue
        try:
            if not stat.S_ISREG(os.stat(path).st_mode): continue
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError: continue
        try:
            if secret.encode() in os.read(file, 1 << 20): found.append(path)
        except OSError: pass
        finally: os.close(file)
print(json.dumps(found))
"""


@contextmanager
def planted(secret: str, folders: tuple[str, ...]) -> Iterator[list[Path]]:
    """A file that anybody may read, with the secret in it and in its name, in each folder."""
    files = [Path(folder) / f"codr-test-{secret}" for folder in folders]
    try:
        for file in files:
            file.write_text(secret)
            file.chmod(0o644)
        yield files
    finally:
        for file in files:
            file.unlink(missing_ok=True)


async def test_no_file_or_process_tells_a_secret_of_the_host(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = secrets.token_hex(16)
    monkeypatch.setenv("CODR_TEST_SECRET", secret)
    own = (str(host.folder), str(host.folder.parent), str(host.folder / "jobs"))

    with planted(secret, (*HOST_FOLDERS, *own)):
        found = await told(host, SEARCH, secret[:16], secret[16:])

    assert found == [f"{HOME}/mine"]


NODE_READS = """
const fs = require("fs");
const seen = process.argv.slice(2).filter((path) => {
  try { fs.readFileSync(path); return true; } catch { return fs.existsSync(path); }
});
console.log(JSON.stringify(seen));
"""


async def test_a_path_of_the_host_leads_nowhere_in_node(host: Host) -> None:
    with planted(secrets.token_hex(16), (*HOST_FOLDERS, str(host.folder))) as files:
        seen = await told(host, NODE_READS, *map(str, files), language="javascript")

    assert seen == []


@pytest.mark.parametrize(
    ("language", "code", "more"),
    [
        ("python", "import json, os; print(json.dumps(dict(os.environ)))",
         {"PYTHONDONTWRITEBYTECODE": "1"}),
        ("javascript", "console.log(JSON.stringify(process.env))", {}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("tty", [True, False], ids=["terminal", "pipes"])
async def test_the_environment_is_built_from_nothing(
    host: Host, language: str, code: str, more: dict[str, str], tty: bool
) -> None:
    found = await told(host, code, language=language, tty=tty)

    assert found == {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": HOME,
        "USER": "codr",
        "LANG": "C.UTF-8",
        **({"TERM": "xterm-256color"} if tty else {}),
        **more,
    }


# --- who it is ---------------------------------------------------------------------------------


async def test_two_jobs_are_two_users_without_any_privilege(host: Host) -> None:
    async with (
        Talk(host, spec("python", "input('one? ')")) as one,
        Talk(host, spec("python", "input('two? ')")) as two,
    ):
        await one.asked()
        await two.asked()
        found = [_status(pid) for pid in procfs.descendants(os.getpid())]
        one.answer("")
        two.answer("")

    # Below this process may be a whole Codr of other tests, with jails that wait for its jobs.
    ours = range(host.uid_base, host.uid_base + 1000)
    users = [s for s in found if s.get("Name") == "python3" and int(s["Uid"].split()[0]) in ours]
    assert len({status["Uid"] for status in users}) == 2
    assert len({status["Gid"] for status in users}) == 2
    for status in users:
        assert len(set(status["Uid"].split() + status["Gid"].split())) == 1
        assert status["Groups"].split() == []
        capabilities = {status[name] for name in ("CapPrm", "CapEff", "CapInh", "CapAmb", "CapBnd")}
        assert capabilities == {"0" * 16}
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")


def _status(pid: int) -> dict[str, str]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


# A program that does gain privileges has AT_SECURE set and tells nothing of its auxiliary vector.
SETUID = """
import os, stat, subprocess
tried = 0
for folder in ("/usr/bin", "/usr/sbin", "/usr/lib/openssh", "/usr/lib/dbus-1.0"):
    for entry in os.scandir(folder) if os.path.isdir(folder) else ():
        state = entry.stat(follow_symlinks=False)
        if not state.st_mode & (stat.S_ISUID | stat.S_ISGID) or entry.name == "firejail": continue
        if not stat.S_ISREG(state.st_mode) or not os.access(entry.path, os.X_OK): continue
        found = {}
        with subprocess.Popen([entry.path, "--help"], env={"LD_SHOW_AUXV": "1"}, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as process:
            for line in process.stdout:
                name, _, value = line.partition(":")
                if name in ("AT_SECURE", "AT_EUID", "AT_EGID"): found[name] = int(value)
                if len(found) == 3: break
            process.kill()
        if found != {"AT_SECURE": 0, "AT_EUID": os.getuid(), "AT_EGID": os.getgid()}:
            print(entry.path, found)
        tried += 1
print("tried" if tried > 3 else "there was none to try")
"""


async def test_no_setuid_file_is_effective(host: Host) -> None:
    assert await said(host, SETUID) == "tried\n"


# --- what it asks of the kernel ----------------------------------------------------------------

CALLS = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void report(const char *name, long result) {
    printf("%s %d\n", name, result < 0 ? errno : 0);
    fflush(stdout);
}
static void try_clone(const char *name, unsigned long flags) {
    long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) _exit(0);
    report(name, pid);
    if (pid > 0) waitpid(pid, 0, 0);
}
static char space[4096];
#define TRY(name, ...) report(#name, syscall(SYS_##name, __VA_ARGS__))

int main(void) {
    static const struct { const char *name; unsigned long flag; } spaces[] = {
        {"time", 0x80}, {"mount", CLONE_NEWNS}, {"cgroup", CLONE_NEWCGROUP},
        {"uts", CLONE_NEWUTS}, {"ipc", CLONE_NEWIPC}, {"user", CLONE_NEWUSER},
        {"pid", CLONE_NEWPID}, {"net", CLONE_NEWNET},
    };
    for (unsigned i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        char name[40];
        sprintf(name, "unshare-%s", spaces[i].name);
        report(name, syscall(SYS_unshare, spaces[i].flag));
        sprintf(name, "clone-%s", spaces[i].name);
        try_clone(name, spaces[i].flag);
        sprintf(name, "clone-user-and-%s", spaces[i].name);
        try_clone(name, spaces[i].flag | CLONE_NEWUSER);
    }
    struct { unsigned long flags, rest[10]; } args = {CLONE_NEWUSER, {0, 0, 0, SIGCHLD}};
    TRY(clone3, &args, 64);
    TRY(setns, 0, 0);
    TRY(mount, "none", "/tmp", "tmpfs", 0, 0);
    TRY(umount2, "/proc", 2);
    TRY(pivot_root, ".", ".");
    TRY(chroot, "/tmp");
    TRY(fsopen, "tmpfs", 0);
    TRY(open_tree, -100, "/", 1);
    TRY(move_mount, -100, "/", -100, "/tmp", 0);
    TRY(mount_setattr, -100, "/", 0, space, 32);
    TRY(name_to_handle_at, -100, "/", space, space + 2048, 0);
    TRY(open_by_handle_at, -100, space, 0);
    TRY(ptrace, 0, 0, 0, 0);
    TRY(process_vm_readv, getppid(), 0, 0, 0, 0, 0);
    TRY(process_vm_writev, getppid(), 0, 0, 0, 0, 0);
    TRY(kcmp, getpid(), getppid(), 0, 0, 0);
    TRY(pidfd_getfd, 0, 0, 0);
    TRY(keyctl, 0, -3, 1, 0, 0);
    TRY(add_key, "user", "codr", "x", 1, -2);
    TRY(request_key, "user", "codr", 0, 0);
    TRY(bpf, 0, space, 64);
    TRY(io_uring_setup, 4, space);
    TRY(io_uring_enter, 0, 0, 0, 0, 0, 0);
    TRY(io_uring_register, 0, 0, 0, 0);
    TRY(perf_event_open, space, 0, -1, -1, 0);
    TRY(userfaultfd, 0);
    TRY(fanotify_init, 0, 0);
    TRY(init_module, space, 0, "");
    TRY(finit_module, 0, "", 0);
    TRY(delete_module, "codr", 0);
    TRY(kexec_load, 0, 0, 0, 0);
    TRY(reboot, 0, 0, 0, 0);
    TRY(swapon, "/tmp/x", 0);
    TRY(syslog, 3, space, 10);
    TRY(acct, 0);
    TRY(quotactl, 0, 0, 0, 0);
    TRY(personality, 0x0040000);
    TRY(vhangup, 0);
    TRY(sethostname, "x", 1);
    TRY(setdomainname, "x", 1);
    TRY(settimeofday, space, 0);
    TRY(clock_settime, 0, space);
    TRY(memfd_secret, 0);
    TRY(vmsplice, 1, 0, 0, 0);
    TRY(setuid, 0);
    TRY(setgid, 0);
    TRY(setgroups, 0, 0);
    TRY(mknod, "disk", 060600, 0xfe00);
    for (int family = 0; family < 46; family++) {
        if (family == AF_UNIX) continue;
        for (int kind = 1; kind <= 5; kind++) {
            int made = socket(family, kind, 0);
            if (made >= 0) printf("socket-%d-%d 0\n", family, kind);
        }
    }
    report("socket", socket(AF_INET, SOCK_STREAM, 0));
    report("socket-with-high-bits", syscall(SYS_socket, 0x100000000 | AF_INET, SOCK_STREAM, 0));
    int pair[2];
    report("socketpair", socketpair(AF_INET, SOCK_STREAM, 0, pair));
    report("tiocsti", ioctl(0, TIOCSTI, "x"));
    report("tiocsti-with-high-bits", syscall(SYS_ioctl, 0, 0x100000000 | TIOCSTI, "x"));
    report("tioclinux", ioctl(0, 0x541C, space));
    return 0;
}
"""
EPERM, EINVAL, ENOSYS, EOPNOTSUPP = 1, 22, 38, 95


async def test_what_widens_the_kernel_is_refused(host: Host) -> None:
    lines = (await said(host, CALLS, language="c", tty=True, stdin=None)).splitlines()

    errors = {name: int(number) for name, number in map(str.split, lines)}
    assert errors.pop("clone3") == ENOSYS
    # Decided before any filter: no socket of this family makes pairs.
    assert errors.pop("socketpair") in (EPERM, EOPNOTSUPP)
    # In a user namespace of its own there is no such user to become.
    assert {errors.pop("setuid"), errors.pop("setgid")} <= {EPERM, EINVAL}
    assert len(errors) > 70
    assert {name: number for name, number in errors.items() if number != EPERM} == {}


# The same numbers mean other calls there, so a filter that forgets them can be walked around.
OTHER_NUMBERS = r"""
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **which) {
    long result = -1;
#ifdef __x86_64__
    if (which[1][0] == 'i')
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(310), "b"(0x10000000));
    else result = syscall(0x40000000 | SYS_unshare, 0x10000000);
#endif
    puts(result < 0 ? "refused" : "allowed");
}
"""


@pytest.mark.parametrize("way", ["int80", "x32"])
async def test_the_filter_cannot_be_walked_around_with_other_call_numbers(
    host: Host, way: str
) -> None:
    talk = await hold(host, spec("c", OTHER_NUMBERS, args=[way], stdin=b""))

    assert talk.complete.signal == "SIGSYS" or talk.stdout == b"refused\n"


# --- what it can reach -------------------------------------------------------------------------

CONNECTS = """
import json, socket, sys
port, *addresses = sys.argv[1:]
reached = []
for family in (socket.AF_INET, socket.AF_INET6):
    try: socket.create_connection(("localhost", int(port)), 1); reached.append("tcp")
    except OSError: pass
for address in addresses:
    with socket.socket(socket.AF_UNIX) as client:
        try: client.connect(address.replace("@", chr(0))); reached.append(address)
        except OSError: pass
print(json.dumps(reached))
"""
NODE_CONNECTS = """
const net = require("net");
const [port, ...paths] = process.argv.slice(2);
const tries = [{ port: Number(port), host: "127.0.0.1" },
               ...paths.map((path) => ({ path: path.replace("@", String.fromCharCode(0)) }))];
Promise.all(tries.map((to) => new Promise((done) => {
  try {
    net.connect(to, () => done(JSON.stringify(to))).on("error", () => done(null));
  } catch { done(null); }
}))).then((reached) => console.log(JSON.stringify(reached.filter(Boolean))) || process.exit(0));
"""


def _listeners(host: Host, stack: ExitStack) -> list[socket.socket]:
    """A service of the host for each kind of address: TCP, a file in several folders, abstract."""
    tcp = stack.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
    listeners = [tcp]
    name = f"codr-test-{secrets.token_hex(4)}"
    for path in (f"\0{name}", f"/tmp/{name}", f"/run/{name}", str(host.folder / name)):
        listener = stack.enter_context(closing(socket.socket(socket.AF_UNIX)))
        listener.bind(path)
        if path[0] != "\0":
            stack.callback(os.unlink, path)
            os.chmod(path, 0o777)
        listener.listen()
        listeners.append(listener)
    for listener in listeners:
        listener.setblocking(False)
    return listeners


@pytest.mark.parametrize(
    ("language", "code"), [("python", CONNECTS), ("javascript", NODE_CONNECTS)]
)
async def test_no_service_of_the_host_is_reached(host: Host, language: str, code: str) -> None:
    with ExitStack() as stack:
        tcp, abstract, *files = _listeners(host, stack)
        addresses = ["@" + abstract.getsockname()[1:].decode(), *(f.getsockname() for f in files)]
        port = str(tcp.getsockname()[1])

        reached = await told(host, code, port, *addresses, language=language)

        assert reached == []
        for listener in (tcp, abstract, *files):
            with pytest.raises(BlockingIOError):
                listener.accept()


WRITES = """
import json, os
writable, changed = [], []
for base, folders, files in os.walk("/"):
    if base in ("/proc", "/usr/share", "/usr/lib"): folders[:] = ["sys"] if base == "/proc" else []
    try: os.close(os.open(base + "/codr-test", os.O_CREAT | os.O_WRONLY))
    except OSError: pass
    else:
        writable.append(base)
        os.unlink(base + "/codr-test")
    for name in files:
        path = os.path.join(base, name)
        if base.startswith("/dev"): continue
        try: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError: continue
        changed.append(path)
print(json.dumps([sorted(writable), changed]))
"""


async def test_its_home_and_its_tmp_are_all_that_it_can_write(host: Host) -> None:
    writable, changed = await told(host, WRITES)

    assert writable == ["/dev/shm", HOME, "/tmp"]
    assert changed == [f"{HOME}/main.py"]


async def test_home_and_tmp_share_one_limit(host: Host) -> None:
    code = f"""
import json, os
sizes = [os.statvfs(f) for f in ("{HOME}", "/tmp", "/dev/shm")]
print(json.dumps([[s.f_fsid, s.f_blocks * s.f_frsize, s.f_files] for s in sizes]))
"""
    home, tmp, shm = await told(host, code, limits={"disk_bytes": 9 * MIB})

    assert home == tmp == shm
    assert home[1:] == [9 * MIB, 16 * 1024]


# --- other processes and other jobs ------------------------------------------------------------

LOOKS_AT_OTHERS = """
import json, os, signal, sys
got = []
for pid in {int(p) for p in os.listdir("/proc") if p.isdecimal()} - {os.getpid()}:
    for name in ("environ", "mem", "maps", "auxv", "stack", "syscall", "io", "fd/0", "cwd/x"):
        try: os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY)); got.append(f"{pid}/{name}")
        except OSError: pass
    for name in ("root", "cwd", "exe", "fd/0", "ns/mnt", "ns/user"):
        try: os.readlink(f"/proc/{pid}/{name}"); got.append(f"{pid}/{name}")
        except OSError: pass
for pid in map(int, sys.argv[1:]):
    try: os.kill(pid, 0); got.append(f"signal {pid}")
    except ProcessLookupError: pass
    try: os.pidfd_open(pid); got.append(f"pidfd {pid}")
    except OSError: pass
print(json.dumps([got, len([p for p in os.listdir("/proc") if p.isdecimal()])]))
"""


async def test_no_other_process_can_be_read_or_signalled(host: Host) -> None:
    async with Talk(host, spec("python", "input('? ')")) as other:
        await other.asked()
        pids = [pid for pid in procfs.descendants(os.getpid()) if pid > 20]

        got, count = await told(host, LOOKS_AT_OTHERS, *map(str, pids))
        other.answer("")

    assert got == []
    assert count <= 4
    assert len(pids) >= 3


SHARES = """
import ctypes, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.shmget.argtypes = (ctypes.c_int, ctypes.c_size_t, ctypes.c_int)
new = 0o1000 if sys.argv[1] == "make" else 0
made = [libc.shmget(0x0C0D, 4096, new | 0o666), libc.msgget(0x0C0D, new | 0o666),
        libc.semget(0x0C0D, 1, new | 0o666),
        libc.mq_open(b"/codr-test", os.O_RDWR | (os.O_CREAT if new else 0), 0o666, None)]
there = socket.socket(socket.AF_UNIX)
try:
    (there.bind if new else there.connect)(chr(0) + "codr-test")
    there.listen() if new else None
    made.append(0)
except OSError: made.append(-1)
for folder in ("/dev/shm", "/tmp", os.getcwd()):
    try: open(folder + "/codr-test", "x" if new else "r"); made.append(0)
    except OSError: made.append(-1)
print([number >= 0 for number in made], flush=True)
if new: input("? ")
"""


async def test_nothing_that_jobs_share_memory_by_is_shared(host: Host) -> None:
    async with Talk(host, spec("python", SHARES, args=["make"])) as maker:
        await maker.asked()
        seen = await said(host, SHARES, "look")
        maker.answer("")

    assert maker.stdout.splitlines()[0] == str([True] * 8).encode()
    assert seen == f"{[False] * 8}\n"


async def test_the_terminal_of_another_job_cannot_be_opened(host: Host) -> None:
    code = """
import json, os, sys
opened = []
for n in range(int(sys.argv[1]) + 50):
    try: os.close(os.open(f"/dev/pts/{n}", os.O_RDWR | os.O_NOCTTY)); opened.append(n)
    except OSError: pass
print(json.dumps([os.listdir("/dev/pts"), opened]))
"""
    async with Talk(host, spec("python", "input('? ')")) as other:
        await other.asked()
        highest = max(int(name) for name in os.listdir("/dev/pts") if name.isdecimal())
        for tty in (True, False):
            assert await told(host, code, str(highest), tty=tty) == [["ptmx"], []]
        other.answer("")


async def test_no_descriptor_of_the_executor_gets_into_a_sandbox(
    host: Host, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        file = stack.enter_context((tmp_path / "journal").open("w"))
        pair = [stack.enter_context(closing(end)) for end in socket.socketpair()]
        ours = set()
        for fd in (file.fileno(), pair[0].fileno(), pair[1].fileno()):
            os.set_inheritable(fd, True)
            ours.add(os.readlink(f"/proc/self/fd/{fd}"))
        async with Talk(host, spec("python", "input('? ')")) as talk:
            await talk.asked()
            below = [pid for pid in procfs.descendants(os.getpid()) if pid != os.getpid()]
            theirs = {link for pid in below for link in _links(pid)}
            talk.answer("")

    assert len(below) >= 2
    assert theirs & ours == set()


def _links(pid: int) -> list[str]:
    folder = Path(f"/proc/{pid}/fd")
    try:
        return [os.readlink(fd) for fd in folder.iterdir()]
    except OSError:
        return []


# --- what setrlimit bounds ---------------------------------------------------------------------

BOUNDS = """
import json, os, resource
def refused(call, *args):
    try: call(*args)
    except (OSError, ValueError): return True
    return False
opened = 0
try:
    while True: os.dup(0); opened += 1
except OSError: pass
names = ("CORE", "NOFILE", "MEMLOCK", "MSGQUEUE", "NICE", "RTPRIO", "FSIZE")
kinds = {name: getattr(resource, f"RLIMIT_{name}", {"MSGQUEUE": 12}.get(name)) for name in names}
print(json.dumps({
    **{name: resource.getrlimit(kind) for name, kind in kinds.items()},
    "raised": [n for n, k in kinds.items() if not refused(resource.setrlimit, k, (1 << 40,) * 2)],
    "opened": opened,
    "core": refused(resource.setrlimit, resource.RLIMIT_CORE, (0, 0)),
    "nice": refused(os.nice, -1),
    "priority": refused(os.setpriority, os.PRIO_PROCESS, 0, -1),
    "real time": refused(os.sched_setscheduler, 0, os.SCHED_FIFO, os.sched_param(1)),
}))
"""


async def test_resource_limits_hold_and_cannot_be_raised(host: Host) -> None:
    found = await told(host, BOUNDS, limits={"file_size_bytes": 2 * MIB})

    assert 1000 < found.pop("opened") < 1024
    assert found == {
        "CORE": [1, 1],
        "NOFILE": [1024, 1024],
        "MEMLOCK": [MIB, MIB],
        "MSGQUEUE": [256 << 10, 256 << 10],
        "NICE": [0, 0],
        "RTPRIO": [0, 0],
        "FSIZE": [2 * MIB, 2 * MIB],
        "raised": [],
        # With any other value the host would start its own program for core dumps.
        "core": True,
        "nice": True,
        "priority": True,
        "real time": True,
    }


async def test_terminals_are_bounded_for_the_whole_job(host: Host) -> None:
    """The kernel has one number of them for all of the host."""
    code = """
import os, signal
out, into = os.pipe()
for _ in range(4):
    if os.fork() == 0:
        os.close(out)
        try:
            while True: os.openpty(); os.write(into, b"x")
        except OSError: os.close(into)
        signal.pause()
os.close(into)
opened = 0
while os.read(out, 1): opened += 1
print(opened)
"""
    assert int(await said(host, code)) == 32


async def test_message_queues_are_bounded_in_all(host: Host) -> None:
    code = """
import ctypes, os
libc = ctypes.CDLL(None)
made = 0
while libc.mq_open(b"/codr-%d" % made, os.O_RDWR | os.O_CREAT, 0o600, None) >= 0: made += 1
print(made)
"""
    assert 0 < int(await said(host, code)) < 10


async def test_a_crash_leaves_no_core_file_to_the_next_stage(host: Host) -> None:
    code = """
import glob, os, signal
child = os.fork()
if child == 0: os.kill(os.getpid(), signal.SIGSEGV)
_, status = os.waitpid(child, 0)
print(os.WTERMSIG(status) == signal.SIGSEGV, os.WCOREDUMP(status), glob.glob("core*"))
"""
    assert await said(host, code) == "True False []\n"


# --- what it leaves behind ---------------------------------------------------------------------

# What a program may leave in its folder to trip up whoever tidies; the word is a file of the host.
LEAVES: dict[str, str] = {
    "links to a file of the host": """
for n in range(200):
    os.symlink(target, f"link{n}")
    os.symlink(os.path.dirname(target), f"folder{n}")
    os.symlink("../" * 40 + target, f"up{n}")
os.symlink(".", "loop")
os.unlink("main.py")
os.symlink(target, "main.py")
""",
    "a home that is a link": """
os.makedirs("/tmp/kept")
for name in os.listdir("."): os.unlink(name)
for place in (".", "/tmp", "/dev/shm"): os.symlink("/", place + "/root")
""",
    "hard links": """
open("one", "w").write("x")
for n in range(100): os.link("one", f"other{n}")
for path in (target, "/usr/bin/env", "/etc/passwd", "/codr-launch"):
    try: os.link(path, "hard")
    except OSError: continue
    print("a hard link to", path)
""",
    "fifos and sockets": """
import socket
for n in range(100):
    os.mkfifo(f"fifo{n}", 0)
    socket.socket(socket.AF_UNIX).bind(f"socket{n}")
""",
    "a deep tree": """
for _ in range(2000):
    os.mkdir("a" * 60)
    os.chdir("a" * 60)
open("bottom", "w").close()
""",
    "strange names": """
for name in (b"new\\nline", b"\\xff\\xfe", b"-rf", b" ", b"*", b"\\x1b[31m", b"a" * 255,
             b"\\\\040"):
    os.mkdir(name)
    open(os.path.join(name, name), "w").close()
""",
    "folders that nobody may read": """
os.makedirs("locked/inner/most")
open("locked/inner/most/file", "w").close()
for place in ("locked/inner/most", "locked/inner", "locked"): os.chmod(place, 0)
os.chmod(".", 0)
try: os.chmod("/tmp", 0)
except PermissionError: pass  # it is not always its own
""",
}


def leaves(name: str) -> str:
    return f"import os, sys\ntarget = sys.argv[1]\n{LEAVES[name]}\nprint('left')\n"


@pytest.mark.parametrize("name", LEAVES)
async def test_whatever_a_program_leaves_is_removed_and_no_link_is_followed(
    host: Host, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "of-the-host"
    file.write_text("untouched")
    file.chmod(0o640)
    before = file.stat()

    assert await said(host, leaves(name), str(file)) == "left\n"

    assert file.read_text() == "untouched"
    after = file.stat()
    for what in ("st_mode", "st_uid", "st_gid", "st_nlink", "st_mtime_ns", "st_ctime_ns"):
        assert getattr(after, what) == getattr(before, what)
    assert shutil.which("env", path="/usr/bin")


async def test_a_hundred_thousand_files_are_stopped_and_removed(host: Host) -> None:
    code = """
import os
made = 0
try:
    for made in range(100_000): os.close(os.open(f"/tmp/{made}", os.O_CREAT | os.O_WRONLY))
finally: print(made, flush=True)
"""
    talk = await hold(host, spec("python", code, stdin=b""))

    assert talk.complete.status == FinalStatus.FILE_SIZE_LIMIT
    assert not list((host.folder / "jobs").iterdir())


async def test_a_link_to_a_large_file_is_not_taken_for_one(host: Host) -> None:
    code = """
import os
os.symlink("/usr/bin/python3", "large")
os.symlink("/", "everything")
with open("filler", "wb") as file: file.write(bytes(900_000))
input("? ")
"""
    limits = {"file_size_bytes": 1_000_000, "disk_bytes": 2 * MIB}
    async with Talk(host, spec("python", code, limits=limits)) as talk:
        await talk.asked()
        await asyncio.sleep(0.3)  # three looks at its folder
        talk.answer("")

    assert talk.complete.status == FinalStatus.COMPLETED


@pytest.mark.parametrize("name", ["Bücher", "two words", "tab\tand\\040", b"\xff\xfe"])
def test_a_mount_is_taken_away_whatever_its_folder_is_called(
    tmp_path: Path, name: str | bytes
) -> None:
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    mounts.mount_tmpfs(folder, size=MIB, inodes=10, mode=0o700)
    assert os.path.ismount(folder)

    mounts.unmount_below(tmp_path)

    assert not os.path.ismount(folder)
