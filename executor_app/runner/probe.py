"""Proves each language with its hello program in the real sandbox, before it is offered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from executor_app.errors import HostError
from executor_app.languages import Language
from executor_app.protocol import Complete, Event, FinalStatus, Output

from .host import Host
from .run import Message, execute_interactive
from .spec import RunSpec
from .warm import Pool

logger = logging.getLogger(__name__)

# Compiling keeps a core busy; more at once than there are cores proves nothing sooner.
AT_ONCE: Final = 2
NOTHING: Final[tuple[Message, ...]] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What came of it: the toolchain's version, or why the language cannot be offered here."""

    language: str
    version: str
    reason: str

    @property
    def passed(self) -> bool:
        return not self.reason


async def prove_languages(host: Host, languages: Sequence[Language]) -> list[Proof]:
    turns = asyncio.Semaphore(min(AT_ONCE, host.free_slots))

    async def in_turn(language: Language) -> Proof:
        async with turns:
            return await prove(host, language)

    return await asyncio.gather(*(in_turn(language) for language in languages))


async def prove(host: Host, language: Language) -> Proof:
    """Asks for the version, then runs the hello program and compares what it prints."""
    asking = replace(language, compile=(), run=language.version)
    said, complete = await _run(host, asking, b"", "version")
    if complete.exit_code != 0:
        return Proof(language.name, "", _reason("its version command", said, complete))
    version = language.version_of(said)
    said, complete = await _run(host, language, language.hello.code.encode(), "hello")
    if complete.status is not FinalStatus.COMPLETED or said != language.hello.expected:
        return Proof(language.name, version, _reason("its hello program", said, complete))
    return Proof(language.name, version, "")


def can_be_early(host: Host) -> bool:
    """Without root jobs have the executor's own user, and without control groups what waits would
    count as theirs: there each job has its jail made for it."""
    return host.ground.privileged and host.hierarchy is not None


async def open_pool(host: Host, languages: Sequence[Language]) -> Pool | None:
    """Keeps jails ready for jobs in these languages from now on, where there are to be any."""
    if not host.spare_slots or not languages:
        return None
    if not can_be_early(host):
        logger.info("no jail is started before it is needed: that takes root and control groups")
        return None
    offered = []
    for language in languages:
        wrong = await prove_early(host, language) if language.early is not None else ""
        if wrong:
            logger.warning("%s is not started before its programs: %s", language.name, wrong)
        offered.append(replace(language, early=None) if wrong else language)
    pool = Pool(host, offered)
    pool.start()
    return pool


async def prove_early(host: Host, language: Language) -> str:
    """Has an interpreter that waited run the hello program; "" or what went wrong."""
    pool = Pool(host, [language])
    try:
        warm = await pool.make(language.name)
        pool.lay_in(warm)
        said, complete = await _run(
            replace(host, pool=pool), language, language.hello.code.encode(), "early",
            tty=True,
        )  # fmt: skip
    except (HostError, OSError, TimeoutError) as error:
        return str(error)
    finally:
        unused = pool.waiting(language.name)
        await pool.stop()
    if unused:
        return "its interpreter did not wait for the program"
    if complete.status is not FinalStatus.COMPLETED or said != language.hello.expected:
        return _reason("its hello program", said, complete)
    return ""


def _reason(what: str, said: str, complete: Complete) -> str:
    code = f"exit code {complete.exit_code}"
    output = said.strip()[-300:] or "it printed nothing"
    message = f" ({complete.message})" if complete.message else ""
    return f"{what} ended as {complete.status}, {code}{message}: {output}"


async def _run(
    host: Host, language: Language, code: bytes, what: str, *, tty: bool = False
) -> tuple[str, Complete]:
    spec = RunSpec(
        job_id=f"proof-{language.name}-{what}",
        language=language,
        files=[(language.file_name, code)],
        compile_limits=language.compile_limits,
        run_limits=language.run_limits,
        stdin=None if tty else b"",
        tty=tty,
    )
    return await run_alone(host, spec)


async def run_alone(host: Host, spec: RunSpec) -> tuple[str, Complete]:
    """A run that nobody talks with: all its output, both streams as they came, and its end."""
    said = bytearray()

    async def emit(events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Output):
                said.extend(event.raw)

    result = await execute_interactive(host, spec, emit, _nobody())
    return said.decode("utf-8", "replace"), result.complete


async def _nobody() -> AsyncIterator[Message]:
    """The source of input of a run that nobody types to."""
    for message in NOTHING:
        yield message
