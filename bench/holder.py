"""Holds many sessions open in an event loop of its own, while others are measured beside them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

import uvloop

from .sessions import Session, SessionError, open_session, output_of
from .usage import OwnShare

T = TypeVar("T")
# As many are under way at once: that many people press Run in the same moment.
AT_ONCE: Final = 64
# What is not open after this long has failed: it may wait for a slot that nobody gives back.
PATIENCE_S: Final = 120.0
PROGRAM: Final = 'print("Hello,", input("Name? "))\n'


class Crowd:
    """Use it as a context. `open_s` is how long the opening took in all."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._sessions: list[Session] = []
        self.open_s = 0.0
        self.clients_share = 0.0
        self.failures: Counter[str] = Counter()

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def opened(self) -> int:
        return len(self._sessions)

    def grow(self, to: int) -> None:
        """Opens as many as are missing; those that do not wait for input in the end have failed."""
        began = time.perf_counter()
        with OwnShare() as own:
            self._do(self._grow(to - len(self._sessions) - self.failures.total()))
        self.open_s += time.perf_counter() - began
        self.clients_share = own.share

    def answer_all(self) -> int:
        """Gives every program its input; how many have said what they should, and ended well."""
        return self._do(self._answer_all())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    # --- in the loop ---------------------------------------------------------------------------

    async def _grow(self, count: int) -> None:
        places = asyncio.Semaphore(AT_ONCE)
        before = self.opened + self.failures.total()
        try:
            async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as group:
                for _ in range(count):
                    await places.acquire()
                    task = group.create_task(self._open())
                    task.add_done_callback(lambda _: places.release())
        except TimeoutError:
            late = before + count - self.opened - self.failures.total()
            self.failures[f"not open after {PATIENCE_S:g} s"] += late

    async def _open(self) -> None:
        try:
            session = await open_session(self._url)
            try:
                session.send({"type": "execute", "language": "python", "code": PROGRAM})
                last = await session.until("input_request", "complete", "error")
                if b'"input_request"' not in last:
                    raise SessionError(f"it ended with {last.decode()}")
            except BaseException:
                session.close()
                raise
            self._sessions.append(session)
        except (SessionError, OSError, TimeoutError) as error:
            self.failures[f"{type(error).__name__} {error}"] += 1

    async def _answer_all(self) -> int:
        places = asyncio.Semaphore(AT_ONCE)

        async def answer(number: int, session: Session) -> bool:
            async with places:
                try:
                    session.send({"type": "input_response", "data": f"number {number}"})
                    last = await session.until("complete", "error")
                except (SessionError, TimeoutError):
                    return False
                good = b'"completed"' in last and f"Hello, number {number}\n"
                return bool(good) and output_of(session.frames).endswith(str(good))

        return sum(await asyncio.gather(*map(answer, range(len(self._sessions)), self._sessions)))

    async def _close(self) -> None:
        for session in self._sessions:
            session.close()
