"""When an executor takes the next ticket: while few enough of its jobs need a processor.

A program that waits for a person takes no time from others, one that computes does: were a hundred
of them started at once, each would break the limit on its time with a hundredth of a processor.
Those that have computed for long give way to others and count as a part (`runner/load.py`): a few
programs without an end do not keep everybody waiting. What is not taken waits in its owner's turn,
and another executor may take it; none is held in reserve.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any

from celery import bootsteps
from celery.signals import task_postrun, task_received
from celery.worker.consumer.tasks import Tasks


class Admission:
    """Counts what was taken, each as one less what `spared` says of all.

    `most` are taken at once, 0 for no bound; `slots` are there in any case. What was taken counts
    until its result is handed on: that needs a processor too.
    """

    def __init__(self, *, slots: int, most: int, spared: Callable[[], float]) -> None:
        self._slots = slots
        self._most = most or slots
        self._spared = spared
        # Changed by several threads: each by one step that is a step for all.
        self._taken: set[str] = set()

    def take(self, ticket: str) -> None:
        self._taken.add(ticket)

    def give_back(self, ticket: str) -> None:
        self._taken.discard(ticket)

    def has_room(self) -> bool:
        taken = len(self._taken)
        return taken < self._slots and taken - self._spared() < self._most


class AdmissionStep(bootsteps.StartStopStep):
    """Asks before each ticket, for each connection anew.

    Celery's own setting for this (`worker_disable_prefetch`) looks only when something wakes its
    loop, which the end of a task does a moment too early: the next ticket then waited for a second.
    """

    requires = (Tasks,)
    admission: Admission | None = None
    _hub: Any = None

    def start(self, consumer: Any) -> None:
        admission = self.admission
        if admission is None:
            return
        qos = consumer.task_consumer.channel.qos
        asked_before = qos.can_consume

        def can_consume(_: Any) -> bool:
            return admission.has_room() and bool(asked_before())

        qos.can_consume = MethodType(can_consume, qos)
        AdmissionStep._hub = consumer.hub

    @classmethod
    def look_again(cls) -> None:
        """There may be room now. From any thread."""
        if cls._hub is not None:
            cls._hub.call_soon(_nothing)


@task_received.connect
def _taken(request: Any, **kwargs: Any) -> None:
    if AdmissionStep.admission is not None:
        AdmissionStep.admission.take(request.id)


@task_postrun.connect
def _given_back(task_id: str, **kwargs: Any) -> None:
    if AdmissionStep.admission is not None:
        AdmissionStep.admission.give_back(task_id)
        AdmissionStep.look_again()


def _nothing() -> None:
    pass
