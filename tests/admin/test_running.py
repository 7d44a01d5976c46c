"""The admin's pages of executors and of the queue: what is at work now, as text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.test.utils import override_settings

from executor_app import running_admin
from executor_app.conf import version
from executor_app.relay import keys, leases, presence, queue
from executor_app.relay.client import client, wait_for
from tests.admin.conftest import staff
from tests.admin.corpus import ATTACKS, HIDDEN
from tests.admin.markup import Markup

EXECUTORS, QUEUE = "/admin/executors/", "/admin/queue/"
PAGES = (EXECUTORS, QUEUE)
FACTS: dict[str, Any] = {
    "host": "host-1.example",
    "version": "9.8.7",
    "sandbox": "firejail",
    "limits": "cgroup",
    "warnings": [],
    "slots": 256,
    "running": 3,
    "stopping": False,
    "languages": {
        "python": {"version": "Python 3.11.2", "reason": ""},
        "rust": {"version": "", "reason": "rustc is not installed"},
    },
}


def announce(name: str, **facts: Any) -> None:
    wait_for(presence.announce_executor(name, FACTS | facts))


def put(owner: str, *jobs: str) -> None:
    for job in jobs:
        wait_for(queue.put(job, owner, "the order"))


def read(user: Client, page: str) -> str:
    answer = user.get(page)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", Markup(answer.content.decode()).text)


def test_all_that_there_is_to_know_of_an_executor(administrator: Client, redis: None) -> None:
    announce("host-1-4711")
    text = read(administrator, EXECUTORS)
    for said in (
        "host-1-4711",
        "host-1.example",
        "9.8.7",
        "firejail",
        "control groups",
        "3 of 256",
        "Python 3.11.2",
        "rust✗ not offered rustc is not installed",
        "✓ takes jobs",
        "1 executor, 3 of 256 slots used",
    ):
        assert said in text
    assert re.search(r"Last heartbeat ?[0-7]\.\d s ago", text)
    assert "draining" not in text


def test_one_that_is_being_stopped_is_told_apart(administrator: Client, redis: None) -> None:
    announce("one", running=2)
    announce("two", running=1, stopping=True)
    text = read(administrator, EXECUTORS)
    assert "2 executors, 3 of 512 slots used, 1 draining" in text
    assert text.index("✓ takes jobs") < text.index("■ draining: it takes no more jobs")


def test_what_protects_less_is_said_with_the_reason(administrator: Client, redis: None) -> None:
    announce("one", limits="rlimit", warnings=["no cgroup can be made", "it is not root"])
    text = read(administrator, EXECUTORS)
    assert "setrlimit only" in text
    assert "no cgroup can be made" in text
    assert "it is not root" in text


def test_versions_side_by_side_are_pointed_out(administrator: Client, redis: None) -> None:
    announce("one", version=version())
    assert "More than one version" not in read(administrator, EXECUTORS)
    announce("two", version="0.0.9")
    assert f"More than one version is at work (0.0.9, {version()};" in read(
        administrator, EXECUTORS
    )


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"languages": None, "warnings": None, "slots": None, "running": None},
        {"languages": ["python"], "warnings": "all", "slots": "many", "running": -1},
        {"languages": {"python": 3}, "warnings": {"a": 1}, "slots": True, "limits": [1]},
    ],
)
def test_an_executor_that_talks_nonsense_is_shown_all_the_same(
    administrator: Client, redis: None, facts: dict[str, Any]
) -> None:
    wait_for(presence.announce_executor("odd", facts))
    text = read(administrator, EXECUTORS)
    assert "odd" in text
    assert "0 of 0" in text


def test_where_there_is_no_executor_the_page_says_what_that_means(
    administrator: Client, redis: None
) -> None:
    text = read(administrator, EXECUTORS)
    assert "0 executors, 0 of 0 slots used" in text
    assert "No executor is connected, so no program can run." in text


def test_many_executors_do_not_make_a_page_without_end(
    administrator: Client, redis: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_admin, "MOST_EXECUTORS", 3)
    for n in range(5):
        announce(f"host-{n}", warnings=["x" * 100_000])
    text = read(administrator, EXECUTORS)
    assert "5 executors, 15 of 1280 slots used" in text
    assert "2 more are not shown." in text
    assert len(text) < 10_000


def test_the_queue_is_told_with_who_is_next(administrator: Client, redis: None) -> None:
    ada = User.objects.create_user("ada")
    put(f"user:{ada.pk}", "job-1", "job-2", "job-3")
    put("session:0123456789abcdef0123456789abcdef", "job-4")
    assert wait_for(queue.take("one")) is not None
    text = read(administrator, QUEUE)
    assert "3 jobs waiting" in text
    assert "Owners waiting2" in text
    assert "Tickets0" in text
    assert "Jobs held by executors1" in text
    assert "Of these, lease run out0" in text
    assert "No lease has run out." in text
    # She has had a turn.
    found = re.search(r"oldest wait ?session 01234567… ?1 ?[\d.]+ m?s ?ada ?2 ?[\d.]+ m?s", text)
    assert found, text
    assert "0123456789abcdef" not in administrator.get(QUEUE).content.decode(), "it opens a session"


def test_an_owner_leads_to_their_jobs(administrator: Client, redis: None, make_job: Any) -> None:
    job = make_job()
    put(job.owner_key, "job-1")
    page = administrator.get(QUEUE).content.decode()
    link = re.search(r'href="(/admin/executor_app/job/\?q=session[^"]+)"', page)
    assert link
    assert str(job.pk) in administrator.get(link[1]).content.decode()


def test_an_empty_queue_is_said_to_be_empty(administrator: Client, redis: None) -> None:
    text = read(administrator, QUEUE)
    assert "0 jobs waiting" in text
    assert "Oldest wait-" in text
    assert "Nothing waits." in text


def test_only_the_next_few_owners_are_told(administrator: Client, redis: None) -> None:
    for n in range(running_admin.NEXT_OWNERS + 5):
        put(f"address:10.0.0.{n}", f"job-{n}")
    text = read(administrator, QUEUE)
    assert "25 jobs waiting" in text
    assert "address 10.0.0.19" in text
    assert "address 10.0.0.20" not in text
    assert "And 5 more owners after these." in text


def test_jobs_whose_executor_is_silent_are_told(administrator: Client, redis: None) -> None:
    with override_settings(CODR=settings.CODR | {"lease_s": 0.0}):
        put("session:ada", "0123456789abcdef")
        assert wait_for(queue.take("host-1-4711")) is not None
    text = read(administrator, QUEUE)
    assert "Of these, lease run out1" in text
    assert re.search(r"for ?01234567 ?host-1-4711 ?1 ?[\d.]+ m?s", text), text
    assert wait_for(leases.release("0123456789abcdef"))
    assert "No lease has run out." in read(administrator, QUEUE)


@pytest.mark.parametrize("attack", [*ATTACKS, *HIDDEN])
def test_what_executors_and_owners_say_is_text(
    administrator: Client, redis: None, attack: str
) -> None:
    announce("plain", warnings=["plain"])
    put("address:plain", "plain")
    with override_settings(CODR=settings.CODR | {"lease_s": 0.0}):
        wait_for(queue.take("plain"))
        put("address:plain", "plain-2")
    plain = {page: Markup(administrator.get(page).content.decode()) for page in PAGES}
    wait_for(_clear())
    said = {"version": attack, "reason": attack}
    announce(
        attack,
        **dict.fromkeys(("host", "version", "sandbox", "limits"), attack),
        warnings=[attack],
        languages={attack: said},
    )
    with override_settings(CODR=settings.CODR | {"lease_s": 0.0}):
        put("address:x", attack)
        wait_for(queue.take(attack))
    put(attack, "job-1")
    for page in PAGES:
        html = administrator.get(page).content.decode()
        markup = Markup(html)
        assert markup.kinds - plain[page].kinds <= {("span", ""), ("span", "class"),
                                                    ("span", "aria-hidden")}, page  # fmt: skip
        assert not markup.odd or markup.odd == plain[page].odd
        assert not set(HIDDEN[0] + HIDDEN[1]) & set(html) & {"\u202e", "\u2066", "\u200b"}
    assert running_admin._text(attack) in Markup(administrator.get(EXECUTORS).content.decode()).text


async def _clear() -> None:
    await client().flushdb()


@pytest.mark.parametrize("page", PAGES)
def test_the_page_comes_without_redis(administrator: Client, page: str) -> None:
    text = read(administrator, page)
    assert "Redis does not answer, so what is at work cannot be shown." in text
    assert "0 executors" not in text
    assert "0 jobs" not in text


@pytest.mark.parametrize("page", PAGES)
def test_an_announcement_that_cannot_be_read_breaks_no_page(
    administrator: Client, redis: None, page: str
) -> None:
    async def garble() -> None:
        await client().sadd(keys.EXECUTORS, "one")
        await client().set(keys.executor("one"), b"{no json")

    wait_for(garble())
    assert administrator.get(page).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_only_who_may_see_jobs_sees_it(redis: None, db: None, page: str) -> None:
    assert staff("viewer", "view").get(page).status_code == 200
    assert staff("operator", "change").get(page).status_code == 200
    for user in (staff("nobody"), staff("deleter", "delete")):
        assert user.get(page).status_code == 403
        assert page not in user.get("/admin/").content.decode()
    answer = Client().get(page)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_can_be_sent_there(administrator: Client, redis: None, page: str) -> None:
    assert administrator.post(page).status_code == 405


def test_the_front_page_leads_there(viewer: Client) -> None:
    front = Markup(viewer.get("/admin/").content.decode())
    assert set(PAGES) <= front.values("href")


@pytest.mark.parametrize("page", PAGES)
def test_the_page_has_no_script_of_its_own(administrator: Client, redis: None, page: str) -> None:
    announce("one")
    scripts = [has for tag, has in Markup(administrator.get(page).content.decode()).elements
               if tag == "script"]  # fmt: skip
    assert all("/admin/" in has.get("src", "") for has in scripts)
