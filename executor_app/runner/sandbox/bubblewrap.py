"""bubblewrap: a jail built from nothing by bind mounts, in a user namespace of its own."""

from __future__ import annotations

import os

from .base import (
    HIDDEN_FILES,
    HIDDEN_FOLDERS,
    HOME,
    INSIDE_ID,
    LAUNCHER,
    Ground,
    Place,
    Sandbox,
    merged_usr_links,
)

ETC = ("alternatives", "group", "hosts", "ld.so.cache", "localtime")
# Every option that the command has to have besides the folders that it shows.
DIRECTIVES = (
    *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--as-pid-1"),
    *("--new-session", "--clearenv", "--cap-drop ALL", "--hostname codr"),
    *(f"--uid {INSIDE_ID}", f"--gid {INSIDE_ID}", "--proc /proc"),
    *("--ro-bind /usr /usr", "--ro-bind /proc/sys /proc/sys", "--remount-ro /"),
)


class Bubblewrap(Sandbox):
    name = "bubblewrap"
    program = "/usr/bin/bwrap"
    package = "bubblewrap"
    own_namespaces = ("user",)

    def command(self, ground: Ground, place: Place) -> list[str]:
        # As root the skeleton already is the root folder; otherwise it is read where it lies.
        root = "" if ground.privileged else str(ground.root)
        home = HOME if ground.privileged else str(place.home)
        tmp = "/tmp" if ground.privileged else str(place.tmp)
        shm = "/dev/shm" if ground.privileged else str(place.shm)
        links = [word for name, to in merged_usr_links() for word in ("--symlink", to, f"/{name}")]
        etc = [word for f in ETC for word in ("--ro-bind-try", f"{root}/etc/{f}", f"/etc/{f}")]
        # The skeleton's is root's and has a bound on terminals, which bubblewrap's own has not.
        # Read-only, bubblewrap would make it one without devices.
        dev = ("--dev-bind", "/dev", "/dev") if ground.privileged else ("--dev", "/dev")
        closed = () if ground.privileged else ("--remount-ro", "/dev")
        return [
            self.program,
            *("--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"),
            *("--as-pid-1", "--new-session", "--clearenv", "--cap-drop", "ALL"),
            *("--hostname", "codr", "--uid", str(INSIDE_ID), "--gid", str(INSIDE_ID)),
            *("--perms", "0755", "--dir", "/etc", "--perms", "0755", "--dir", "/home"),
            *("--ro-bind", "/usr", "/usr"),
            *links,
            *etc,
            *("--ro-bind", f"{root}/etc/passwd.inside", "/etc/passwd"),
            *("--proc", "/proc"),
            *dev,
            *_hide(),
            # The job's user owns the settings of its own namespaces; they are not for changing.
            *("--ro-bind", "/proc/sys", "/proc/sys"),
            *("--bind", home, HOME, "--bind", tmp, "/tmp"),
            *("--ro-bind", f"{root}{LAUNCHER}", LAUNCHER),
            *("--bind", shm, "/dev/shm"),
            *("--remount-ro", "/"),
            *closed,
            *("--chdir", HOME),
            *("--", LAUNCHER, "serve"),
        ]

    def missing_directives(self, ground: Ground, place: Place) -> list[str]:
        said = " ".join(self.command(ground, place)) + " "
        devices = (
            ("--dev-bind /dev /dev",) if ground.privileged else ("--dev /dev", "--remount-ro /dev")
        )
        return [each for each in (*DIRECTIVES, *devices) if f" {each} " not in said]


def _hide() -> list[str]:
    files = [file for file in HIDDEN_FILES if os.path.exists(file)]
    folders = [folder for folder in HIDDEN_FOLDERS if os.path.isdir(folder)]
    # bubblewrap binds without devices, so what is put over a file cannot even be opened.
    return [
        *(word for file in files for word in ("--ro-bind", "/dev/null", file)),
        *(word for f in folders for word in ("--perms", "0000", "--tmpfs", f, "--remount-ro", f)),
    ]
