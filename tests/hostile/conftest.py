"""The attack corpus over both sandboxes: run once, eight attacks at a time, and told in a table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.hostile.campaign import Campaign, under_attack
from tests.hostile.canaries import Canaries, planted
from tests.hostile.corpus import Attack

CAMPAIGNS = pytest.StashKey[list[Campaign]]()
TABLE = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def canaries() -> Iterator[Canaries]:
    with planted() as canaries:
        yield canaries


@pytest.fixture(scope="session")
def campaign(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    canaries: Canaries,
) -> Iterator[Campaign]:
    """The attacks of this session over one sandbox, all made by the time it is there."""
    state = tmp_path_factory.mktemp(f"hostile-{request.param}")
    with under_attack(request.param, state, canaries) as campaign:
        campaign.run(_chosen(request.session, request.param))
        if campaign.outcomes:
            request.config.stash.setdefault(CAMPAIGNS, []).append(campaign)
        yield campaign


def _chosen(session: pytest.Session, sandbox: str) -> list[Attack]:
    """Those that this session has tests for: `-m` and `-k` choose among them."""
    parameters = [getattr(getattr(item, "callspec", None), "params", {}) for item in session.items]
    return [
        chosen["attack"]
        for chosen in parameters
        if chosen.get("campaign") == sandbox and "attack" in chosen
    ]


def pytest_sessionfinish(session: pytest.Session) -> None:
    campaigns = session.config.stash.get(CAMPAIGNS, [])
    if not campaigns:
        return
    lines = session.config.stash[TABLE] = table(campaigns)
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["attacks"] = lines
    factory: pytest.TempPathFactory | None = getattr(session.config, "_tmp_path_factory", None)
    if factory is not None:
        (factory.getbasetemp() / "attacks.txt").write_text("\n".join(lines) + "\n")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Where several processes run the tests, this one only tells what came of them."""
    if lines := getattr(node, "workeroutput", {}).get("attacks"):
        node.config.stash[TABLE] = lines


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = terminalreporter.config.stash.get(TABLE, [])
    if lines:
        terminalreporter.section("attacks")
    for line in lines:
        terminalreporter.line(line)


def table(campaigns: list[Campaign]) -> list[str]:
    """One line for each attack: its name, its language, and what came of it in each sandbox."""
    names = list(dict.fromkeys(name for campaign in campaigns for name in campaign.outcomes))
    rows = [["attack", "language", *(campaign.sandbox for campaign in campaigns)]]
    for name in sorted(names):
        found = [campaign.outcomes.get(name) for campaign in campaigns]
        language = next(outcome.attack.language for outcome in found if outcome)
        rows.append([name, language, *(o.in_a_word if o else "" for o in found)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    counts = [
        f"{campaign.sandbox}: {len(campaign.outcomes)} attacks in {campaign.seconds:.0f} s, "
        f"{sum(bool(outcome.faults) for outcome in campaign.outcomes.values())} got somewhere"
        for campaign in campaigns
    ]
    return [line.rstrip() for line in lines] + counts
