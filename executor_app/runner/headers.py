"""Headers that are compiled once for this host, so that no program waits for them again.

GCC takes `iostream.gch` in place of `iostream` where it lies in the same folder, was made with the
same flags by the same compiler, and nothing that came before it in the program could change it. So
a job sees the folder of its headers with these files in it: an overlay that is mounted read-only on
this executor's ground, with the host's own folder below. No flag changes and no path; what GCC does
not take, it reads as always.

They are made when an executor starts, in the background, and lie in a folder that all executors of
a host share. It has a part for each state of the toolchain, and who uses a part holds a lock on it.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from executor_app.errors import HostError
from executor_app.languages import Language

from . import mounts, toolchain
from .sandbox import Ground

logger = logging.getLogger(__name__)

FORMAT: Final = 1
STOPPED: Final = "the executor is being stopped"
TURN_S: Final = 0.2
PATH: Final = "/usr/local/bin:/usr/bin:/bin"
FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# A folder as it lies on this executor's ground, and where a job sees it.
Shown = tuple[Path, str]


class Headers:
    """Use `start`, once, and `stop`. `on_ready` is called in a thread of its own."""

    def __init__(
        self,
        folder: Path,
        ground: Ground,
        languages: Sequence[Language],
        on_ready: Callable[[Sequence[Shown]], None],
    ) -> None:
        self._folder = folder
        self._ground = ground
        self._languages = [language for language in languages if language.precompiled]
        self._on_ready = on_ready
        self._thread = threading.Thread(target=self._work, name="headers", daemon=True)
        self._lock = threading.Lock()
        self._compiler: subprocess.Popen[str] | None = None
        self._stopped = threading.Event()
        self._held: list[int] = []

    def start(self) -> None:
        if self._ground.privileged:  # nobody else may mount anything
            self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            if self._compiler is not None and self._compiler.poll() is None:
                os.killpg(self._compiler.pid, signal.SIGKILL)  # it has parts that work for it
        if self._thread.is_alive():
            self._thread.join()
        for lock in self._held:
            os.close(lock)
        self._held.clear()

    def _work(self) -> None:
        for language in self._languages:
            try:
                shown = self._show(language)
            except (OSError, HostError) as error:
                if not self._stopped.is_set():
                    # It is slower without, and the same in all else.
                    logger.warning("%s has no precompiled headers here: %s", language.title, error)
            else:
                self._on_ready(shown)

    def _show(self, language: Language) -> list[Shown]:
        shown: list[Shown] = []
        for number, (place, folder) in enumerate(self._made(language).items()):
            at = self._ground.root.parent / f"headers-{language.name}-{number}"
            at.mkdir()
            mounts.mount_overlay(at, upper=folder, lower=Path(place))
            shown.append((at, place))
        return shown

    def _made(self, language: Language) -> dict[str, Path]:
        """Where the host has headers, and the folder with what was made of them."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = os.lstat(self._folder)
        if state.st_uid != os.geteuid() or state.st_mode & 0o022:
            raise HostError(f"others may write to {self._folder}: remove it")
        part = self._folder / f"{language.name}-{_name(language)}"
        shared = os.open(self._folder, FOLDER_FLAGS)
        try:
            self._take_turn(shared)
            _remove_unused(self._folder, f"{language.name}-", but=part.name)
            if not part.exists():
                self._make(language, part)
            self._held.append(os.open(part, FOLDER_FLAGS))
            fcntl.flock(self._held[-1], fcntl.LOCK_SH)
        finally:
            os.close(shared)
        return {"/" + str(found.readlink()): found.parent / found.stem
                for found in sorted(part.glob("*.of"))}  # fmt: skip

    def _take_turn(self, shared: int) -> None:
        """One executor makes them, the others wait; but who is stopped waits for nobody."""
        while True:
            try:
                return fcntl.flock(shared, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._stopped.wait(TURN_S):
                    raise HostError(STOPPED) from None

    def _make(self, language: Language, part: Path) -> None:
        new = part.with_name(part.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        places: dict[str, Path] = {}
        for name in language.precompiled:
            header = self._find(language, name)
            place = header.removesuffix("/" + name)
            folder = places.setdefault(place, new / str(len(places)))
            to = folder / f"{name}.gch"
            to.parent.mkdir(parents=True, exist_ok=True)
            self._run(_command(language, header, to), "")
        for place, folder in places.items():
            _show_to_all(folder)
            # Relative, so that nothing is ever found through it.
            folder.with_suffix(".of").symlink_to(place.lstrip("/"))
        new.rename(part)

    def _find(self, language: Language, name: str) -> str:
        """The file that `#include <name>` is, as the compiler itself says."""
        argv = [language.compile[0], "-x", "c++", "-M", "-"]
        said = self._run(argv, f"#include <{name}>\n")
        for word in said.replace("\\\n", " ").split():
            if word.startswith("/usr/") and word.endswith("/" + name):
                return word
        raise HostError(f"{language.compile[0]} does not say where <{name}> is")

    def _run(self, argv: Sequence[str], said: str) -> str:
        with self._lock:
            if self._stopped.is_set():
                raise HostError(STOPPED)
            self._compiler = subprocess.Popen(
                ["nice", "-n", "19", *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={"PATH": PATH, "LANG": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        heard, wrong = self._compiler.communicate(said)
        if self._compiler.returncode != 0:
            raise HostError(f"{argv[0]} ended with {self._compiler.returncode}: {wrong[-500:]}")
        return heard


def _command(language: Language, header: str, to: Path) -> list[str]:
    """The language's own, with the same flags, which GCC compares."""
    words = {"{out}": [str(to)], "{sources}": [header], "{file}": [header]}
    compiler, *others = language.compile
    expanded = [part for word in others for part in words.get(word, [word])]
    return [compiler, "-x", "c++-header", *expanded]


def _show_to_all(folder: Path) -> None:
    """Whatever the executor's umask: these folders stand in place of the host's."""
    for at, _, files in os.walk(folder):
        os.chmod(at, 0o755)
        for name in files:
            os.chmod(os.path.join(at, name), 0o644)


def _name(language: Language) -> str:
    parts = (FORMAT, language.compile, language.precompiled, toolchain.stamp(language, PATH))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _remove_unused(folder: Path, prefix: str, *, but: str) -> None:
    for other in folder.iterdir():
        if not other.name.startswith(prefix) or other.name == but:
            continue
        lock = os.open(other, FOLDER_FLAGS)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(other)
        except BlockingIOError:
            continue  # an executor that was there before an upgrade
        finally:
            os.close(lock)
