"""Compile once: the same program of the same owner, compiled by the same toolchain, is used again.

On the path of a job this stands before the stage `compile`, which it may make unnecessary, and
behind it, where it keeps what that has made. `docs/security.md` says who may be given whose.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from executor_app.errors import HostError
from executor_app.languages import OUTPUT_NAME
from executor_app.protocol import Stream

from . import toolchain
from .outbox import Outbox
from .sandbox import Ground, Sandbox
from .spec import RunSpec
from .store import Store
from .workspace import DEEPEST_LOOK, Contents, Workspace

logger = logging.getLogger(__name__)

Domain = Literal["owner", "shared"]

# Changes with anything here, or in how compilers are started, that makes what was kept wrong.
FORMAT: Final = 1
# A program that large takes longer to verify and to copy than most take to compile.
MOST_PROGRAM_BYTES: Final = 8 * 1024 * 1024
# A compiler that says more than this is told to say it again.
MOST_SAID_BYTES: Final = 64 * 1024
# With these a program is another one each time that it is compiled.
DIFFERS: Final = (
    b"__DATE__", b"__TIME__", b"__TIMESTAMP__", b"/proc", b"/dev", b"/sys", b"/tmp",
)  # fmt: skip
# Sources, their folders, the program, and a few that one sandbox or another puts there.
MOST_ENTRIES: Final = 1024
# How long what was killed may take to go; some linkers leave a process that frees their memory.
GONE_S: Final = 0.05
LENGTH: Final = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class Compiled:
    """A program as its compiler left it, and what that said meanwhile."""

    program: bytes
    mode: int
    said: Sequence[tuple[Stream, bytes]]

    def place(self, workspace: Workspace) -> None:
        """Raises OSError, ENOSPC where the job may not have that much."""
        workspace.put_made(OUTPUT_NAME, self.program, self.mode)

    def repeat(self, outbox: Outbox) -> None:
        for stream, data in self.said:
            outbox.write(stream, "compile", data)
        outbox.flush_tails("compile")

    def as_bytes(self) -> bytes:
        said = [[stream, base64.b64encode(data).decode()] for stream, data in self.said]
        facts = json.dumps({"mode": self.mode, "said": said}).encode()
        return LENGTH.pack(len(facts)) + facts + self.program

    @classmethod
    def from_bytes(cls, body: bytes) -> Compiled:
        (length,) = LENGTH.unpack_from(body)
        begin = LENGTH.size + length
        facts = json.loads(body[LENGTH.size : begin])
        said = [(stream, base64.b64decode(data)) for stream, data in facts["said"]]
        if not all(stream in get_args(Stream) for stream, _ in said):
            raise ValueError("a stream that there is not")
        return cls(body[begin:], facts["mode"], said)


@dataclass(frozen=True, slots=True)
class CompiledPrograms:
    """What this host has compiled before, for all jobs of all its executors."""

    store: Store
    domain: Domain

    @classmethod
    def open(
        cls, folder: Path, most_bytes: int, domain: Domain, *, sandbox: Sandbox, ground: Ground
    ) -> CompiledPrograms:
        """Raises HostError where jobs could reach what is kept."""
        if not ground.privileged and sandbox.name == "firejail":
            raise HostError(
                "without root, jobs under Firejail run as the user who owns what is kept, and may "
                "find it: run the executor as root, or choose bubblewrap"
            )
        return cls(Store.open(folder, most_bytes), domain)

    def recipe(self, spec: RunSpec, argv: Sequence[str], env: Mapping[str, str]) -> Recipe | None:
        """How this program is compiled; None where it has to be compiled each time."""
        if not spec.owner:
            return None
        for name, content in spec.files:
            if name.split("/")[0] == OUTPUT_NAME or name.count("/") >= DEEPEST_LOOK - 1:
                return None
            if any(word in content for word in DIFFERS):
                return None
        return Recipe(self, spec, argv, env)


class Recipe:
    """One job's: `find` before it is compiled; where that finds nothing `watch`, then `keep`."""

    def __init__(
        self,
        programs: CompiledPrograms,
        spec: RunSpec,
        argv: Sequence[str],
        env: Mapping[str, str],
    ) -> None:
        self._store = programs.store
        self._domain = spec.owner if programs.domain == "owner" else None
        self._spec = spec
        self._argv = argv
        self._env = env
        self._key = ""
        self._said: list[tuple[Stream, bytes]] = []
        self._said_bytes = 0
        self._before: Contents | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def find(self) -> Compiled | None:
        return await asyncio.to_thread(self._find)

    def watch(self, workspace: Workspace, outbox: Outbox) -> None:
        """From now on the compiler runs."""
        self._before = workspace.contents(MOST_ENTRIES)
        outbox.listener = self._listen

    async def keep(
        self, workspace: Workspace, outbox: Outbox, pids: Callable[[], list[int]]
    ) -> None:
        """It has compiled; what it left running has been killed, and `pids` says what is not gone.

        Returns once the program has been read, since it may change when it runs.
        """
        outbox.listener = None
        if not self._key or not await _are_gone(pids):
            return
        made = await asyncio.to_thread(self._take, workspace)
        if made is not None:
            self._keeping = asyncio.create_task(asyncio.to_thread(self._put, made))

    async def settled(self) -> None:
        if self._keeping is not None:
            await asyncio.wait([self._keeping])

    # --- in a thread ---------------------------------------------------------------------------

    def _find(self) -> Compiled | None:
        try:
            key = self._make_key()
            body = self._store.get(key)
            self._key = key
            return Compiled.from_bytes(body) if body is not None else None
        except (OSError, ValueError, KeyError, struct.error):
            logger.exception("job %s: what was compiled cannot be looked up", self._spec.job_id)
            return None

    def _make_key(self) -> str:
        language = self._spec.language
        parts = {
            "format": FORMAT,
            "domain": self._domain,
            "argv": list(self._argv),
            "env": sorted(self._env.items()),
            "toolchain": toolchain.stamp(language, self._env["PATH"]),
            "files": [(name, hashlib.sha256(text).hexdigest()) for name, text in self._spec.files],
        }
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _take(self, workspace: Workspace) -> Compiled | None:
        """What the compiler made, where that is the program, and nothing else is there but what was
        there before."""
        after = workspace.contents(MOST_ENTRIES)
        if self._before is None or after is None or self._said_bytes > MOST_SAID_BYTES:
            return None
        after.pop(str(workspace.place.home / OUTPUT_NAME), None)
        if after != self._before:
            return None
        most = min(MOST_PROGRAM_BYTES, self._store.most_bytes_of_one)
        made = workspace.read_made(OUTPUT_NAME, most)
        if made is None or self._key != self._make_key():
            return None  # not a program, or of a toolchain that was replaced meanwhile
        return Compiled(*made, self._said)

    def _put(self, made: Compiled) -> None:
        try:
            self._store.put(self._key, made.as_bytes())
        except OSError as error:
            logger.warning("job %s: its program is not kept: %s", self._spec.job_id, error)

    def _listen(self, stream: Stream, data: bytes) -> None:
        self._said_bytes += len(data)
        if self._said_bytes <= MOST_SAID_BYTES:
            self._said.append((stream, data))


async def _are_gone(pids: Callable[[], list[int]]) -> bool:
    loop = asyncio.get_running_loop()
    until = loop.time() + GONE_S
    while pids():
        if loop.time() > until:
            return False
        await asyncio.sleep(0.001)
    return True
