"""Staff see which executors protect less than they should, as text; pages come without Redis."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from executor_app.relay import presence
from executor_app.relay.client import wait_for
from tests.admin.conftest import MakeJob, staff
from tests.admin.corpus import ATTACKS
from tests.admin.markup import Markup

PAGES = ("/admin/", "/admin/executor_app/job/")
OWN = {("ul", ""), ("ul", "class"), ("ul", "aria-label"), ("li", ""), ("li", "class"),
       ("strong", "")}  # fmt: skip
WHY = "limits are by setrlimit only, which bounds processes singly: no cgroup can be made"


def announce(name: str, **facts: Any) -> None:
    wait_for(presence.announce_executor(name, {"limits": "cgroup", "warnings": [], **facts}))


def warnings(page: str, user: Client) -> list[str]:
    answer = user.get(page)
    assert answer.status_code == 200
    parts = answer.content.decode().split('<li class="warning">')[1:]
    return [" ".join(part.split("</li>")[0].split()) for part in parts]


@pytest.mark.parametrize("page", PAGES)
def test_an_executor_with_weaker_limits_is_named_with_the_reason(
    administrator: Client, redis: None, page: str
) -> None:
    announce("strong-1")
    assert warnings(page, administrator) == []
    announce("weak-1", limits="rlimit", warnings=[WHY])
    (said,) = warnings(page, administrator)
    assert "<strong>weak-1</strong>" in said
    assert said.count("setrlimit only") == 1
    assert "no cgroup can be made" in said


@pytest.mark.parametrize("page", PAGES)
def test_weaker_limits_are_told_though_the_executor_does_not_say_why(
    administrator: Client, redis: None, page: str
) -> None:
    announce("weak-1", limits="rlimit")
    (said,) = warnings(page, administrator)
    assert "limits are by setrlimit only" in said


@pytest.mark.parametrize("page", PAGES)
def test_the_warning_goes_with_its_executor(administrator: Client, redis: None, page: str) -> None:
    announce("weak-1", warnings=["it is not root", "it is too warm"])
    assert len(warnings(page, administrator)) == 2
    wait_for(presence.remove_executor("weak-1"))
    assert warnings(page, administrator) == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("attack", ATTACKS)
def test_what_an_executor_says_is_text(
    administrator: Client, redis: None, page: str, attack: str
) -> None:
    plain = Markup(administrator.get(page).content.decode())
    announce(attack, warnings=[attack])
    answer = administrator.get(page).content.decode()
    assert len(warnings(page, administrator)) == 1
    assert Markup(answer).kinds - plain.kinds <= OWN


def test_a_hundred_weak_executors_do_not_bury_the_page(administrator: Client, redis: None) -> None:
    for n in range(100):
        announce(f"weak-{n}", warnings=["x" * 10_000])
    said = warnings(PAGES[0], administrator)
    assert len(said) == 20
    assert all(len(text) < 1000 for text in said)


def test_who_may_not_see_jobs_is_told_nothing(redis: None, db: None) -> None:
    announce("weak-1", limits="rlimit", warnings=[WHY])
    assert warnings("/admin/", staff("nobody")) == []
    assert len(warnings("/admin/", staff("viewer", "view"))) == 1
    assert len(warnings("/admin/", staff("operator", "change"))) == 1


@pytest.mark.parametrize("page", PAGES)
def test_the_page_comes_without_redis(administrator: Client, make_job: MakeJob, page: str) -> None:
    make_job()
    assert warnings(page, administrator) == []
