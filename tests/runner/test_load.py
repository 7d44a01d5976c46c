from __future__ import annotations

import pytest

from executor_app.runner.load import Load, Need


@pytest.fixture
def load() -> Load:
    return Load()


def test_a_job_that_begins_counts_as_one(load: Load) -> None:
    load.set("a", Need.WORKS)
    assert load.spared() == 0.0


def test_who_rests_counts_as_none_and_who_computes_for_long_as_a_part(load: Load) -> None:
    load.set("a", Need.RESTS)
    load.set("b", Need.COMPUTES)
    assert load.spared() == 1.75


def test_a_job_is_in_one_state_and_none_is_left_of_it_at_its_end(load: Load) -> None:
    for need in (Need.RESTS, Need.COMPUTES, Need.RESTS, Need.RESTS):
        load.set("a", need)
        assert load.spared() == 1.0 - need.value
    load.set("a", Need.WORKS)
    assert load.spared() == 0.0


def test_says_only_when_a_job_counts_for_less(load: Load) -> None:
    heard: list[float] = []
    load.on_less = lambda: heard.append(load.spared())
    for need in (Need.WORKS, Need.COMPUTES, Need.COMPUTES, Need.RESTS, Need.COMPUTES, Need.WORKS):
        load.set("a", need)
    assert heard == [0.75, 1.0]


def test_who_has_rested_for_long_is_asleep_until_it_works_again() -> None:
    now = 0.0
    load = Load(clock=lambda: now)
    load.set("a", Need.RESTS)
    now = 1.0
    load.set("b", Need.RESTS)
    load.set("a", Need.RESTS)  # said again at each look
    assert load.asleep() == 0
    now = 2.5
    assert load.asleep() == 1
    now = 3.5
    assert load.asleep() == 2
    load.set("a", Need.RESTS)
    assert load.asleep() == 2
    load.set("a", Need.WORKS)
    load.set("b", Need.COMPUTES)
    assert load.asleep() == 0
    load.set("a", Need.RESTS)
    now = 5.0
    assert load.asleep() == 0
