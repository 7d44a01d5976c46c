"""Firejail, the default: a profile file on top of the skeleton root.

Without root there is no skeleton to stand on, so the rest of the host is hidden by Firejail's own
means. What it cannot hide then is the host's mount table; `doctor` says so.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .base import HIDDEN_FILES, HIDDEN_FOLDERS, LAUNCHER, Ground, Place, Sandbox

PROFILE = Path(__file__).with_name("codr.profile")
# Where the skeleton has the profile, see `ground.py`.
PROFILE_INSIDE = "/etc/firejail/codr.profile"
# What a job may see of `/` besides what Firejail replaces.
TOP_LEVEL = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "dev", "proc", "tmp",
             "home", "run", "var"}  # fmt: skip
# Every line that the profile has to have.
DIRECTIVES = (
    *("caps.drop all", "nonewprivs", "nogroups", "restrict-namespaces", "seccomp"),
    *("net none", "ipc-namespace", "hostname codr", "dbus-user none", "dbus-system none"),
    *("disable-mnt", "blacklist /boot", "blacklist /sys"),
    *(f"blacklist {path}" for path in (*HIDDEN_FILES, *HIDDEN_FOLDERS)),
    *("blacklist /proc/kcore", "blacklist /proc/kmsg"),
    *("blacklist /proc/sched_debug", "blacklist /proc/sysrq-trigger", "deterministic-shutdown"),
)
ETC = "alternatives,group,hosts,ld.so.cache,localtime,passwd"


class Firejail(Sandbox):
    name = "firejail"
    program = "/usr/bin/firejail"
    package = "firejail"
    # It writes down every sandbox here and holds a lock while one starts. A sandbox that is killed
    # leaves its notes, and before the day is over they would fill the skeleton.
    scratch = ("/run/firejail",)
    own_filters = 2

    def command(self, ground: Ground, place: Place) -> list[str]:
        if ground.privileged:
            return [
                *(self.program, "--quiet", f"--profile={PROFILE_INSIDE}"),
                # No `--` before it: with one, Firejail starts a shell around the launcher.
                *(LAUNCHER, "serve"),
            ]
        return [
            *(self.program, "--quiet"),
            # The skeleton has a /dev of its own; here it is the host's.
            *("--private-dev", f"--profile={PROFILE}"),
            *(f"--private={place.home}", "--private-tmp", f"--private-etc={ETC}"),
            *("--blacklist=/run/user", "--blacklist=/var/lib", "--blacklist=/var/log"),
            *(f"--blacklist=/{name}" for name in os.listdir("/") if name not in TOP_LEVEL),
            # The only folder that both sides see is the job's home; the launcher leaves it at once.
            *(self._lend_launcher(ground, place), "serve", "--unlink"),
        ]

    def missing_directives(self, ground: Ground, place: Place) -> list[str]:
        used = ground.root / PROFILE_INSIDE.lstrip("/") if ground.privileged else PROFILE
        lines = used.read_text(encoding="utf-8").splitlines()
        return [directive for directive in DIRECTIVES if directive not in lines]

    def home(self, ground: Ground) -> str:
        return super().home(ground) if ground.privileged else str(Path.home())

    def _lend_launcher(self, ground: Ground, place: Place) -> str:
        copy = place.home / LAUNCHER.lstrip("/")
        shutil.copy(ground.launcher, copy)
        return str(Path.home() / copy.name)
