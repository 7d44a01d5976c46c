"""The program that `manage.py doctor` runs inside the jail: it tries each protection.

It is given to the sandbox as a job's source and imports the standard library alone. For every
attempt it prints one line of JSON: the protection's name, and "" or what got through.
Its arguments are words that belong to the host (folders, its name) and must be seen nowhere.
"""

import ctypes
import errno
import fcntl
import json
import os
import platform
import socket
import sys
import termios
from collections.abc import Callable

LIBC = ctypes.CDLL(None, use_errno=True)
TOP_LEVEL = {
    *("bin", "boot", "codr-launch", "dev", "etc", "home", "lib", "lib32", "lib64", "libx32"),
    *("media", "mnt", "opt", "proc", "root", "run", "sbin", "srv", "sys", "tmp", "usr", "var"),
}
ENVIRONMENT = {"HOME", "LANG", "PATH", "PYTHONDONTWRITEBYTECODE", "TERM", "USER", "LC_CTYPE"}
DEVICES = {
    *("console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"),
    *("stderr", "stdin", "stdout", "tty", "urandom", "zero"),
}
# What tells of the host, where the kernel has it.
HIDDEN_FILES = ("cmdline", "config.gz", "diskstats", "interrupts", "key-users", "partitions",
                "softirqs")  # fmt: skip
HIDDEN_FOLDERS = ("bus", "fs")
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
CALLS = {
    "x86_64": {"ptrace": 101, "keyctl": 250, "perf_event_open": 298, "bpf": 321,
               "io_uring_setup": 425, "personality": 135, "userfaultfd": 323, "setns": 308,
               "io_setup": 206, "syncfs": 306},
    "aarch64": {"ptrace": 117, "keyctl": 219, "perf_event_open": 241, "bpf": 280,
                "io_uring_setup": 425, "personality": 92, "userfaultfd": 282, "setns": 268,
                "io_setup": 0, "syncfs": 267},
}  # fmt: skip


def refused(what: str, result: int) -> str:
    return "" if result == -1 else f"{what} was allowed"


def unusual_folders() -> str:
    unusual = sorted(set(os.listdir("/")) - TOP_LEVEL)
    return f"these folders of the host are visible: {', '.join(unusual)}" if unusual else ""


def contents_of_host_folders() -> str:
    """Folders that may exist, empty, and hold things of the host only where something failed."""
    seen = []
    for name in ("boot", "root", "home", "mnt", "media", "opt", "srv", "sys"):
        try:
            inner = set(os.listdir(f"/{name}")) - {os.path.basename(os.environ["HOME"])}
        except OSError:
            continue
        if inner:
            seen.append(f"/{name} ({', '.join(sorted(inner)[:3])} …)")
    return f"the program can look into {', '.join(seen)}" if seen else ""


def hidden_files() -> str:
    seen = []
    for name in HIDDEN_FILES:
        try:
            with open(f"/proc/{name}", "rb") as file:
                if file.read(1):
                    seen.append(name)
        except OSError:
            continue
    for name in HIDDEN_FOLDERS:
        try:
            if os.listdir(f"/proc/{name}"):
                seen.append(name)
        except OSError:
            continue
    return f"/proc tells of the host in {', '.join(seen)}" if seen else ""


def environment() -> str:
    extra = sorted(set(os.environ) - ENVIRONMENT)
    return f"variables of the host reached the program: {', '.join(extra)}" if extra else ""


def unprivileged_user() -> str:
    return "" if os.getuid() != 0 and os.geteuid() != 0 else "the program runs as root"


def process_status(name: str) -> str:
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(name + ":"):
                return line.split()[1]
    return ""


def capabilities() -> str:
    held = [n for n in ("CapEff", "CapPrm", "CapBnd", "CapAmb") if int(process_status(n), 16)]
    return f"the program holds capabilities: {', '.join(held)}" if held else ""


def no_new_privileges() -> str:
    return "" if process_status("NoNewPrivs") == "1" else "setuid programs could gain privileges"


def system_call_filter() -> str:
    return "" if process_status("Seccomp") == "2" else "no seccomp filter is in force"


def dangerous_calls() -> str:
    allowed = []
    for name, number in CALLS.get(platform.machine(), {}).items():
        ctypes.set_errno(0)
        result = LIBC.syscall(number, 0, 0, 0, 0, 0)
        # Any other error would mean that the call itself looked at its arguments.
        if result != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS, errno.EACCES):
            allowed.append(name)
    return f"these system calls are allowed: {', '.join(allowed)}" if allowed else ""


def user_namespaces() -> str:
    return refused("a new user namespace", LIBC.unshare(CLONE_NEWUSER))


def mounting() -> str:
    return refused("mounting", LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None))


def mount_table() -> str:
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        fields = [line.split()[3:5] for line in file]
    named = sorted({path for pair in fields for path in pair if belongs_to_the_host(path)})
    return f"the mount table names folders of the host: {', '.join(named)}" if named else ""


def belongs_to_the_host(path: str) -> bool:
    folders = [word for word in sys.argv[1:] if word.startswith("/") and len(word) > 1]
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def host_name() -> str:
    return "the host's name is visible" if socket.gethostname() in sys.argv[1:] else ""


def network_interfaces() -> str:
    with open("/proc/net/dev", encoding="ascii") as file:
        names = [line.split(":")[0].strip() for line in file.readlines()[2:]]
    others = [name for name in names if name != "lo"]
    return f"network interfaces are there: {', '.join(others)}" if others else ""


def sockets() -> str:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except OSError:
        return ""
    return "network sockets can be made"


def writing_outside() -> str:
    written = []
    for folder in ("/", "/usr", "/etc", "/dev", "/var", "/proc/sys/kernel", "/sys"):
        try:
            os.close(os.open(f"{folder}/codr-doctor", os.O_CREAT | os.O_WRONLY, 0o600))
        except OSError:
            continue
        written.append(folder)
    return f"files can be written in {', '.join(written)}" if written else ""


def devices() -> str:
    extra = sorted(set(os.listdir("/dev")) - DEVICES)
    return f"devices of the host are visible: {', '.join(extra)}" if extra else ""


def other_processes() -> str:
    """Only the jail's own few processes are there, and none of them can be looked into."""
    others = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    if len(others) > 8:
        return f"{len(others)} processes are visible"
    for pid in others:
        if pid == os.getpid():
            continue
        try:
            os.listdir(f"/proc/{pid}/fd")
        except OSError:
            continue
        return f"the descriptors of process {pid} can be looked into"
    return ""


def inherited_descriptors() -> str:
    extra = []
    for fd in sorted(set(map(int, os.listdir("/proc/self/fd"))) - {0, 1, 2}):
        try:
            os.fstat(fd)
        except OSError:
            continue  # it was the listing's own
        extra.append(fd)
    return f"descriptors were inherited: {extra}" if extra else ""


def typing_into_the_terminal() -> str:
    try:
        fcntl.ioctl(0, termios.TIOCSTI, b"x")
    except OSError:
        return ""
    return "TIOCSTI types into the terminal"


CHECKS: dict[str, Callable[[], str]] = {
    "nothing of the host at /": unusual_folders,
    "nothing of the host in its folders": contents_of_host_folders,
    "nothing of the host in /proc": hidden_files,
    "a clean environment": environment,
    "an unprivileged user": unprivileged_user,
    "no capabilities": capabilities,
    "no new privileges": no_new_privileges,
    "a system-call filter": system_call_filter,
    "no dangerous system calls": dangerous_calls,
    "no user namespaces": user_namespaces,
    "no mounting": mounting,
    "no host folders in the mount table": mount_table,
    "a host name of its own": host_name,
    "no network interfaces": network_interfaces,
    "no network sockets": sockets,
    "no writing outside": writing_outside,
    "no devices of the host": devices,
    "no other processes": other_processes,
    "no inherited descriptors": inherited_descriptors,
    "no typing into the terminal": typing_into_the_terminal,
}


def main() -> None:
    for name, check in CHECKS.items():
        try:
            problem = check()
        except Exception as error:
            problem = f"the attempt broke: {error!r}"
        sys.stdout.write(json.dumps([name, problem]) + "\n")


if __name__ == "__main__":
    main()
