"""Saved programs over HTTP: one's own under names, links that others follow, and nobody else's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from codr import settings as codr_settings
from executor_app import audit, records
from executor_app.models import AuditEvent, SavedProgram
from tests.access.conftest import Person, anonymous, signed_in, user_named, with_key

pytestmark = pytest.mark.usefixtures("database", "clean", "no_programs")

PROGRAM: dict[str, Any] = {
    "name": "greeter",
    "language": "python",
    "files": [
        {"name": "main.py", "content": "\n  import lib\nlib.greet()\n"},
        {"name": "lib.py", "content": "def greet(): print('hello')\n"},
    ],
    "args": ["--loud", "Ada L."],
    "stdin": "/w==",
    "encoding": "base64",
    "limits": {"cpu_time": 2, "memory": 1024 * 1024 * 64},
}
KINDS: dict[str, Callable[[str], Person]] = {
    "with a key": with_key,
    "signed in": signed_in,
    "anonymous": lambda name: anonymous(),
}


@pytest.fixture
def no_programs(database: str) -> None:
    SavedProgram.objects.all().delete()


def saved(person: Person, **changes: Any) -> dict[str, Any]:
    answer = person.ask("post", "/api/programs", {**PROGRAM, **changes})
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def shared(person: Person) -> str:
    program = saved(person)
    return str(person.ask("post", f"/api/programs/{program['id']}/link").json()["link"])


def test_a_program_comes_back_as_it_was_saved() -> None:
    for kind, make in KINDS.items():
        person = make(f"ada {kind}")
        held = person.get(f"/api/programs/{saved(person)['id']}").json()
        assert held["name"] == "greeter"
        assert [file["content"] for file in held["files"]] == [
            file["content"] for file in PROGRAM["files"]
        ]
        assert (held["arguments"], held["stdin"]) == (PROGRAM["args"], "/w==")
        assert held["encoding"] == "base64"
        assert held["limits"]["cpu_time"] == 2
        assert held["link"] is None
        [listed] = person.get("/api/programs").json()["programs"]
        assert (listed["file_name"], listed["first_line"]) == ("main.py", "import lib")


def test_it_is_renamed_overwritten_and_deleted() -> None:
    ada = with_key("ada")
    address = f"/api/programs/{saved(ada)['id']}"
    assert ada.ask("patch", address, {"name": " shouter "}).json()["name"] == "shouter"
    files = [{"name": "main.py", "content": "print(2)\n"}]
    body = {"name": "shouter", "language": "python", "files": files}
    overwritten = ada.ask("put", address, body).json()
    assert (overwritten["files"][0]["content"], overwritten["stdin"]) == ("print(2)\n", None)
    assert overwritten["arguments"] == []
    assert ada.ask("delete", address).json()["deleted"] is True
    assert ada.get(address).status_code == 404
    assert ada.get("/api/programs").json() == {"programs": []}


def test_a_name_is_one_of_a_kind_for_each_of_us() -> None:
    ada, bob = with_key("ada"), with_key("bob")
    saved(ada)
    saved(bob)
    other = saved(ada, name="other")
    again = ada.ask("post", "/api/programs", PROGRAM)
    renamed = ada.ask("patch", f"/api/programs/{other['id']}", {"name": "greeter"})
    for answer in (again, renamed):
        assert (answer.status_code, answer.json()["code"]) == (409, "name_taken")
    assert SavedProgram.objects.count() == 3


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": " "},
        {"name": "a\0b"},
        {"name": "x" * 101},
        {"name": "\ud800"},
        {"language": ""},
        {"files": []},
        {"files": [{"name": "../main.py", "content": ""}]},
        {"files": [{"name": "a", "content": ""}, {"name": "a", "content": ""}]},
        {"files": [{"name": "a", "content": ""}, {"name": "a/b", "content": ""}]},
        {"files": [{"name": f"{n}", "content": ""} for n in range(33)]},
        {"files": [{"name": "a", "content": "é", "encoding": "base64"}]},
        {"files": [{"name": "a", "content": "\ud800"}]},
        {"args": ["a\0b"]},
        {"stdin": "x", "encoding": "base64"},
        {"limits": {"memory": -1}},
    ],
)
def test_what_makes_no_sense_is_named_and_not_kept(change: dict[str, Any]) -> None:
    answer = with_key("ada").ask("post", "/api/programs", json.dumps({**PROGRAM, **change}))
    assert answer.status_code == 400, answer.content
    assert answer.json()["message"]
    assert not SavedProgram.objects.exists()


def test_it_may_be_as_large_as_a_job_and_no_larger() -> None:
    ada = with_key("ada")
    half = "x" * (512 * 1024)
    files = [{"name": "a", "content": half}, {"name": "b", "content": half}]
    saved(ada, files=files, stdin=None)
    files.append({"name": "c", "content": "x"})
    too_large = ada.ask("post", "/api/programs", {**PROGRAM, "name": "larger", "files": files})
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")


def test_one_owner_has_room_for_so_many(settings: Any) -> None:
    ada, bob = with_key("ada"), with_key("bob")
    settings.CODR = {**codr_settings.CODR, "programs_per_owner": 2}
    first, _ = saved(ada), saved(ada, name="second")
    full = ada.ask("post", "/api/programs", {**PROGRAM, "name": "third"})
    assert (full.status_code, full.json()["code"]) == (409, "too_many_programs")
    assert ada.ask("put", f"/api/programs/{first['id']}", PROGRAM).status_code == 200
    saved(bob)
    settings.CODR = {**codr_settings.CODR, "program_bytes_per_owner": 1000}
    large = {**PROGRAM, "files": [{"name": "a", "content": "x" * 1001}]}
    full = ada.ask("put", f"/api/programs/{first['id']}", large)
    assert (full.status_code, full.json()["code"]) == (409, "too_many_programs")
    assert ada.get(f"/api/programs/{first['id']}").json()["files"][0]["name"] == "main.py"


def test_saving_counts_as_submitting_does(redis: str, settings: Any) -> None:
    limits = {"rate_limits": True, "submissions_per_minute": 2}
    settings.CODR = {**codr_settings.CODR, **limits}
    # Redis outlives a database, and counts whom it knows by their number.
    ada = with_key("ada", pk=uuid.uuid4().int % 2**31)
    first = saved(ada)
    ada.ask("put", f"/api/programs/{first['id']}", PROGRAM)
    refused = ada.ask("post", "/api/programs", {**PROGRAM, "name": "third"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_submissions")
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_who_is_known_by_an_address_alone_keeps_nothing() -> None:
    client = Client()  # which checks no CSRF tokens
    refused = client.post("/api/programs", PROGRAM, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "no_session")
    assert client.get("/api/programs").json() == {"programs": []}


WAYS: tuple[tuple[str, str, Any], ...] = (
    ("get", "", None),
    ("put", "", PROGRAM),
    ("patch", "", {"name": "mine"}),
    ("delete", "", None),
    ("post", "/link", None),
    ("delete", "/link", None),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("method", "tail", "body"), WAYS)
def test_a_program_of_somebody_else_is_not_there(
    kind: str, method: str, tail: str, body: Any
) -> None:
    """Status, body, headers and the count of questions are those of one that there is not."""
    theirs = saved(with_key("ada"))
    mallory = KINDS[kind]("mallory")
    mallory.get("/api/me")
    answers = set()
    for which in (theirs["id"], str(uuid.uuid4()), "nonsense", "%00"):
        audit._counter.forget()
        with CaptureQueriesContext(connections["default"]) as queries:
            answer = mallory.ask(method, f"/api/programs/{which}{tail}", body)
        answers.add((answer.status_code, answer.content, str(dict(answer.headers)), len(queries)))
    [(status, content, _, _)] = answers
    assert (status, json.loads(content)["code"]) == (404, "no_such_program")
    held = SavedProgram.objects.get()
    assert (held.name, held.link) == ("greeter", None)
    kinds = set(AuditEvent.objects.values_list("kind", flat=True))
    assert "no_such_program" in kinds


def test_staff_find_it_in_the_admin_and_not_here() -> None:
    theirs = saved(with_key("ada"))
    root = signed_in("root", is_staff=True, is_superuser=True)
    assert root.get(f"/api/programs/{theirs['id']}").status_code == 404
    page = root.get(f"/admin/executor_app/savedprogram/{theirs['id']}/change/")
    assert b"lib.greet()" in page.content
    assert b"greeter" in root.get("/admin/executor_app/savedprogram/").content
    root.client.post(
        f"/admin/executor_app/savedprogram/{theirs['id']}/delete/",
        {"post": "yes", "csrfmiddlewaretoken": root.headers["X-CSRFToken"]},
    )
    assert not SavedProgram.objects.exists()
    assert AuditEvent.objects.filter(kind="program_deleted", detail__contains="greeter").exists()


def test_whoever_has_the_link_reads_it_until_it_is_taken_back() -> None:
    ada = with_key("ada")
    link = shared(ada)
    address = f"/api/programs/{SavedProgram.objects.get().pk}"
    assert len(link) >= 22
    assert ada.ask("post", f"{address}/link").json()["link"] == link
    for person in (anonymous(), with_key("bob")):
        seen = person.get(f"/api/shared/{link}").json()
        assert (seen["name"], seen["is_own"]) == ("greeter", False)
        assert seen["files"][1]["name"] == "lib.py"
        assert str(ada.user) not in json.dumps(seen)
    assert ada.get(f"/api/shared/{link}").json()["is_own"] is True
    assert ada.ask("delete", f"{address}/link").json()["link"] is None
    gone, *never = (anonymous().get(f"/api/shared/{each}") for each in (link, "x" * 22, "%00"))
    assert gone.status_code == 404
    assert {gone.content} == {answer.content for answer in never}
    assert ada.ask("post", f"{address}/link").json()["link"] != link
    kinds = list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds.count("program_shared") == 1
    assert "program_unshared" in kinds
    assert link not in str(list(AuditEvent.objects.values()))


def test_a_link_asks_for_an_account_where_everything_does(settings: Any) -> None:
    link = shared(with_key("ada"))
    settings.CODR = {**codr_settings.CODR, "allow_anonymous": False}
    assert Client().get(f"/api/shared/{link}").status_code == 401
    page = Client().get(f"/p/{link}")
    assert (page.status_code, page["Location"]) == (302, f"/accounts/login/?next=/p/{link}")
    assert with_key("bob").get(f"/api/shared/{link}").status_code == 200


def test_what_a_browser_saved_is_the_accounts_after_signing_in() -> None:
    browser = anonymous()
    link = shared(browser)
    bob = user_named("bob", password="a long password")
    SavedProgram.objects.create(
        owner=bob, owner_key=f"user:{bob.pk}", name="greeter", language="c", source=b"", size=0
    )
    form = {"username": "bob", "password": "a long password"}
    token = browser.client.cookies["csrftoken"].value
    browser.client.post("/accounts/login/", {**form, "csrfmiddlewaretoken": token})
    names = sorted(held["name"] for held in browser.get("/api/programs").json()["programs"])
    assert names == ["greeter", "greeter (2)"]
    assert browser.get(f"/api/shared/{link}").json()["is_own"] is True


def test_an_account_takes_its_programs_along() -> None:
    ada = with_key("ada")
    link = shared(ada)
    User.objects.filter(username="ada").delete()
    assert anonymous().get(f"/api/shared/{link}").status_code == 404


def test_those_of_nobody_go_when_they_are_old(settings: Any) -> None:
    browser, ada = anonymous(), with_key("ada")
    saved(browser)
    saved(browser, name="young")
    saved(ada)
    old = SavedProgram.objects.exclude(name="young")
    old.update(changed_at=timezone.now() - timedelta(days=31))
    settings.CODR = {**codr_settings.CODR, "anonymous_program_keep_days": 0}
    records.expire_programs()
    assert SavedProgram.objects.count() == 3
    settings.CODR = {**codr_settings.CODR, "anonymous_program_keep_days": 30}
    records.expire_programs()
    left = SavedProgram.objects.values_list("owner__username", "name")
    assert sorted(left, key=str) == [("ada", "greeter"), (None, "young")]
