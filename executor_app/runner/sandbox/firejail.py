"""Firejail, the default: a profile file on top of the skeleton root.

Without root there is no skeleton to stand on, so the rest of the host is hidden by Firejail's own
means. What it cannot hide then is the host's mount table; `doctor` says so.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .base import LAUNCHER, Ground, Place, Sandbox

PROFILE = Path(__file__).with_name("codr.profile")
# Where the skeleton has the profile, see `ground.py`.
PROFILE_INSIDE = "/etc/firejail/codr.profile"
# What a job may see of `/` besides what Firejail replaces.
TOP_LEVEL = {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "dev", "proc", "tmp",
             "home", "run", "var"}  # fmt: skip
ETC = "alternatives,group,hosts,ld.so.cache,localtime,passwd"


class Firejail(Sandbox):
    name = "firejail"
    program = "/usr/bin/firejail"
    package = "firejail"
    # It writes down every sandbox here and holds a lock while one starts. A sandbox that is killed
    # leaves its notes, and before the day is over they would fill the skeleton.
    scratch = ("/run/firejail",)

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

    def home(self, ground: Ground) -> str:
        return super().home(ground) if ground.privileged else str(Path.home())

    def _lend_launcher(self, ground: Ground, place: Place) -> str:
        copy = place.home / LAUNCHER.lstrip("/")
        shutil.copy(ground.launcher, copy)
        return str(Path.home() / copy.name)
