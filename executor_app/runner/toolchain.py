"""What compiles a language on this host, as one text that changes whenever that does.

By the inode, size and times of every file that the language names; by what the
package manager has installed, which covers the headers and libraries that nobody names; and by what
the compiler says of itself.
"""

from __future__ import annotations

import glob
import os
import subprocess
import threading
from typing import Final

from executor_app.languages import Language

# Changes with every package that is installed, removed or changed.
PACKAGES: Final = "/var/lib/dpkg/status"
PATIENCE_S: Final = 10.0

_known: dict[tuple[str, str], list[str]] = {}
_versions: dict[tuple[str, str], str] = {}
_lock = threading.Lock()


def stamp(language: Language, path: str) -> str:
    """`path` is where commands are looked for. Looks at a dozen files each time. Raises OSError."""
    packages = _state(PACKAGES)
    with _lock:
        names = _names(language, packages)
        files = "\n".join([packages, *(f"{name} {_state(name)}" for name in names)])
        if (language.name, files) not in _versions:
            _versions[language.name, files] = _version(language, path)
        return files + "\n" + _versions[language.name, files]


def _names(language: Language, packages: str) -> list[str]:
    """The files that its patterns stand for, which takes a while to find: another package may have
    brought others."""
    names: list[str] = []
    for pattern in language.toolchain_files:
        if (pattern, packages) not in _known:
            _known[pattern, packages] = sorted(glob.glob(pattern)) or [pattern]
        names += _known[pattern, packages]
    return names


def _state(name: str) -> str:
    """Of what a link leads to, if it is one."""
    try:
        state = os.stat(name)
    except FileNotFoundError:
        return "missing"
    times = f"{state.st_mtime_ns} {state.st_ctime_ns}"
    return f"{state.st_dev} {state.st_ino} {state.st_size} {times}"


def _version(language: Language, path: str) -> str:
    try:
        said = subprocess.run(
            language.version,
            env={"PATH": path, "LANG": "C.UTF-8"},
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise OSError(f"{language.title} does not say its version: {error}") from error
    return said.stdout.decode("utf-8", "replace")
