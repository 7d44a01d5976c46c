"""What an executor has ready so that people wait less for compilers: all of it as settings say, and
none of it needed. What cannot be had here is said in the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from .conf import conf, state_dir
from .errors import HostError
from .languages import languages
from .runner.compiled import CompiledPrograms
from .runner.headers import Headers, Shown
from .runner.host import Host

logger = logging.getLogger(__name__)


def keep_compiled(host: Host) -> None:
    settings = conf()
    if settings.compile_cache == "off":
        return
    try:
        host.compiled = CompiledPrograms.open(
            state_dir() / "compiled",
            settings.compile_cache_bytes,
            settings.compile_cache,
            sandbox=host.sandbox,
            ground=host.ground,
        )
    except (HostError, OSError) as error:
        logger.error("executor %s keeps no compiled programs: %s", host.name, error)


def precompile_headers(host: Host, loop: asyncio.AbstractEventLoop) -> Headers | None:
    """In the background; whoever calls stops it. From some time on jobs are shown the headers."""
    if not conf().precompiled_headers:
        return None

    def add(shown: Sequence[Shown]) -> None:
        host.ground = replace(host.ground, shown=(*host.ground.shown, *shown))

    def show(shown: Sequence[Shown]) -> None:
        loop.call_soon_threadsafe(add, shown)

    headers = Headers(state_dir() / "headers", host.ground, list(languages().values()), show)
    headers.start()
    return headers
