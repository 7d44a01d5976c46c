"""No attack gets anywhere, each ends as it should, and together they leave nothing behind."""

from __future__ import annotations

import pytest

from executor_app.languages import languages
from executor_app.protocol import FinalStatus
from tests.hostile.campaign import Campaign
from tests.hostile.corpus import Attack, load

ATTACKS = load()
# One sandbox is enough while one works; both for `make test`.
over_both_sandboxes = pytest.mark.parametrize(
    "campaign",
    ["firejail", pytest.param("bubblewrap", marks=pytest.mark.slow)],
    indirect=True,
    scope="session",
)


def _case(attack: Attack) -> object:
    return pytest.param(attack, id=attack.id, marks=[pytest.mark.slow] if attack.slow else [])


# The first test of a sandbox waits for all of its attacks.
@pytest.mark.timeout(900)
@over_both_sandboxes
@pytest.mark.parametrize("attack", [_case(attack) for attack in ATTACKS])
def test_an_attack_gets_nowhere_and_ends_as_it_should(campaign: Campaign, attack: Attack) -> None:
    outcome = campaign.outcomes[attack.id]
    output = outcome.seen.output[-2000:].decode(errors="replace")
    assert not outcome.faults, f"{attack.about}\n{outcome.seen.complete}\n{output}"


@pytest.mark.timeout(900)
@over_both_sandboxes
def test_the_attacks_leave_nothing_behind(campaign: Campaign) -> None:
    assert campaign.outcomes
    assert campaign.left == []


@pytest.mark.timeout(900)
@over_both_sandboxes
def test_no_attack_makes_codr_stumble(campaign: Campaign) -> None:
    assert campaign.outcomes
    assert "Traceback" not in campaign.log


def test_every_attack_is_described_and_expects_an_end_that_exists() -> None:
    statuses = {status.value for status in FinalStatus}
    for attack in ATTACKS:
        assert attack.language in languages(), attack.id
        assert attack.about, attack.id
        assert attack.expect, attack.id
        assert set(attack.expect) <= statuses, attack.id
    assert len({attack.id for attack in ATTACKS}) == len(ATTACKS)
