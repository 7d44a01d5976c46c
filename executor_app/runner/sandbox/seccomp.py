"""The system calls that no job may make, in one reviewed place for every sandbox.

A denylist: teaching programs, compilers and interpreters use most of the rest in one version or
another, and a call that is missing from an allowlist breaks them in ways nobody can read. What is
listed here is what widens the kernel's attack surface or undoes another layer of the jail; the
groups follow the reasons given in the kernel's own documentation and in seccomp(2).

The filter is made once with libseccomp and travels to the launcher as BPF bytes.
"""

from __future__ import annotations

import errno
import functools
import struct
import tempfile

import pyseccomp as seccomp

DENIED = {
    # Looking into or steering another process of the same user; Codr's launcher is one.
    "other processes": (
        "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd process_madvise "
        "process_mrelease"
    ),
    # A new user namespace brings capabilities over code that only root was meant to reach; a mount
    # can cover or show what the jail hides.
    "namespaces and mounts": (
        "unshare setns mount umount2 pivot_root chroot fsopen fsconfig fsmount fspick open_tree "
        "move_mount mount_setattr name_to_handle_at open_by_handle_at"
    ),
    # What loads code into the kernel, changes the whole machine, or tells of it. Most need a
    # capability too, which a job has none of: two walls. quotactl reads everybody's quotas.
    "kernel code and settings": (
        "bpf perf_event_open init_module finit_module delete_module kexec_load kexec_file_load "
        "reboot swapon swapoff syslog acct quotactl quotactl_fd nfsservctl lookup_dcookie "
        "iopl ioperm modify_ldt personality uselib vhangup settimeofday clock_settime "
        "clock_adjtime adjtimex sethostname setdomainname"
    ),
    # Where most ways out of jails were found, and no teaching program goes: io_uring also does
    # what it is told past this filter; userfaultfd holds the kernel still in the middle of a copy;
    # keys are not in any namespace; cachestat tells which files others have read.
    "large or young parts of the kernel": (
        "io_uring_setup io_uring_enter io_uring_register userfaultfd fanotify_init "
        "fanotify_mark add_key request_key keyctl migrate_pages move_pages mbind set_mempolicy "
        "get_mempolicy set_mempolicy_home_node memfd_secret landlock_create_ruleset "
        "landlock_add_rule landlock_restrict_self vmsplice remap_file_pages cachestat"
    ),
    # What no group bounds: the events of kernel AIO are one number for the whole host (aio-max-nr),
    # and a flush of file systems is the host's to wait for.
    "what all of the host shares": "io_setup io_submit sync syncfs",
}
# Not listed, and on purpose: seccomp and prctl (a program can only take from itself),
# pidfd_open and pidfd_send_signal (as kill, which reaches its own processes alone), memfd_create
# and shmget (memory of the job's own group), mq_open (bounded by setrlimit).

# Calls that the libseccomp of some hosts cannot name yet. They have one number everywhere.
YOUNG = {
    "quotactl_fd": 443, "landlock_create_ruleset": 444, "landlock_add_rule": 445,
    "landlock_restrict_self": 446, "memfd_secret": 447, "process_mrelease": 448,
    "set_mempolicy_home_node": 450, "cachestat": 451,
}  # fmt: skip
# Each bit of clone(2) that would make a namespace.
CLONE_NEW = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000,
             0x40000000)  # fmt: skip
AF_UNIX = 1
# What types into a terminal on behalf of the person, the console's own, and what has the kernel
# load and run a driver behind the terminal.
DENIED_IOCTLS = {"TIOCSTI": 0x5412, "TIOCLINUX": 0x541C, "TIOCSETD": 0x5423}
RLIMIT_CORE = 4
# From here on calls are younger than the libseccomp of supported systems, which cannot name them:
# statmount, listmount, open_tree_attr and what is still to come. All architectures number them
# alike.
FIRST_YOUNG_CALL = 457
# Numbers with this bit are of another interface (x32), which libseccomp's own part refuses.
OTHER_INTERFACE = 0x40000000


@functools.cache
def filter_bytes(refusal: int = errno.EPERM) -> bytes:
    """The filter as an array of `struct sock_filter` for this machine's architecture.

    `refusal` is the error number of what is refused; `doctor` takes one that nobody else gives.
    Numbers of another architecture (i386 and x32 on x86-64) end the program: libseccomp's default.
    """
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse = seccomp.ERRNO(refusal)
    for calls in DENIED.values():
        for call in calls.split():
            _refuse(rules, refuse, call)
    for bit in CLONE_NEW:
        rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, bit, bit))
    # clone3 hides its flags behind a pointer; ENOSYS makes the C library fall back to clone.
    absent = errno.ENOSYS if refusal == errno.EPERM else refusal
    rules.add_rule(seccomp.ERRNO(absent), "clone3")
    for call in ("socket", "socketpair"):
        rules.add_rule(refuse, call, seccomp.Arg(0, seccomp.NE, AF_UNIX))
    for request in DENIED_IOCTLS.values():
        rules.add_rule(refuse, "ioctl", _is(1, request))
    # Where core dumps go to a program, the host starts it as root for any limit but 1, which is
    # what the launcher has set (core(5), and the kernel's fs/coredump.c).
    rules.add_rule(refuse, "setrlimit", _is(0, RLIMIT_CORE))
    rules.add_rule(refuse, "prlimit64", _is(1, RLIMIT_CORE), seccomp.Arg(2, seccomp.NE, 0))
    # The launcher has the same user: its limits are not for changing.
    rules.add_rule(refuse, "prlimit64", seccomp.Arg(0, seccomp.NE, 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return _refuse_young_calls() + file.read()


def _refuse_young_calls() -> bytes:
    """What goes before libseccomp's part, which knows no "every number above".

    ENOSYS is what an older kernel answers: programs have to expect it.
    """
    load, at_least, result = 0x20, 0x35, 0x06  # BPF_LD|W|ABS, BPF_JMP|JGE|K, BPF_RET|K
    instructions = (
        (load, 0, 0, 0),  # the number of the call
        (at_least, 0, 2, FIRST_YOUNG_CALL),
        (at_least, 1, 0, OTHER_INTERFACE),
        (result, 0, 0, 0x00050000 | errno.ENOSYS),  # SECCOMP_RET_ERRNO
    )
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions)


def _is(argument: int, value: int) -> seccomp.Arg:
    """The kernel looks at the low half of these arguments only."""
    return seccomp.Arg(argument, seccomp.MASKED_EQ, 0xFFFFFFFF, value)


def number(call: str) -> int:
    """The call's number on this machine; below 0 where it has none."""
    found: int = seccomp.resolve_syscall(seccomp.Arch.NATIVE, call)
    return found if found >= 0 else YOUNG.get(call, found)


def _refuse(rules: seccomp.SyscallFilter, action: int, call: str) -> None:
    found = number(call)
    if found >= 0:
        rules.add_rule(action, found)
