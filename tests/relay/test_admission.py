"""When the executor is asked again whether it has room: not before it has."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from celery.signals import task_postrun, task_received

from executor_app.admission import Admission, AdmissionStep


class Hub:
    """Celery's loop, as far as it is woken."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.found_room: list[bool] = []

    def call_soon(self, callback: Any) -> None:
        callback()
        self.found_room.append(self._admission.has_room())


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    admission = Admission(slots=1, most=0, spared=lambda: 0.0)
    hub = Hub(admission)
    monkeypatch.setattr(AdmissionStep, "admission", admission)
    monkeypatch.setattr(AdmissionStep, "_hub", hub)
    return hub


def test_the_loop_is_woken_when_a_job_has_ended_and_finds_room(hub: Hub) -> None:
    admission = AdmissionStep.admission
    assert admission is not None
    task_received.send(sender=None, request=SimpleNamespace(id="one"))
    assert not admission.has_room()
    task_postrun.send(sender=None, task_id="one", task=None, args=(), kwargs={})
    assert hub.found_room == [True]


def test_a_ticket_that_came_twice_counts_once() -> None:
    admission = Admission(slots=2, most=0, spared=lambda: 0.0)
    admission.take("one")
    admission.take("one")
    assert admission.has_room()
    admission.give_back("one")
    admission.give_back("one")
    admission.take("two")
    assert admission.has_room()


def test_what_is_spared_makes_room_but_never_beyond_the_slots() -> None:
    spared = 0.0
    admission = Admission(slots=3, most=1, spared=lambda: spared)
    admission.take("one")
    assert not admission.has_room()
    spared = 0.75
    assert admission.has_room()
    admission.take("two")
    assert not admission.has_room()
    spared = 2.0
    assert admission.has_room()
    admission.take("three")
    spared = 3.0
    assert not admission.has_room()
