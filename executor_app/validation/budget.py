"""How much of a processor one validation may take.

It counts the thread's own CPU time, not the clock: a busy machine must not turn good programs away.
"""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from .findings import TOO_COSTLY, SourceFile, UncheckableError

T = TypeVar("T")

#: Asking the kernel for the time costs as much as looking at a hundred nodes.
ITEMS_PER_LOOK = 4096
#: A program of 1 MB takes 0.9 to 1.5 s of a plain core; a slower one must be able to check it too.
BUDGET_S = 3.0


class Budget:
    def __init__(self, seconds: float = BUDGET_S) -> None:
        self._end = time.thread_time() + seconds

    def is_spent(self) -> bool:
        return time.thread_time() > self._end


def within(budget: Budget, file: SourceFile, items: Iterable[T]) -> Iterator[T]:
    """The items, as long as there is budget. Raises `UncheckableError` when it is spent."""
    for count, item in enumerate(items, 1):
        if count % ITEMS_PER_LOOK == 0 and budget.is_spent():
            raise UncheckableError(file, TOO_COSTLY)
        yield item
