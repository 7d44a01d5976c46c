"""The same as `make chaos`, as short as it can be and still meet a few losses."""

from __future__ import annotations

import pytest

from tests.chaos.run import Options, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_nothing_is_lost_doubled_or_left_while_parts_of_the_site_are_killed() -> None:
    told: list[str] = []
    table = run(Options(rounds=2, seed=17, at_once=8, round_s=8), told.append)
    assert "| lost | 0 |" in table, told
    assert "| doubled | 0 |" in table, told
