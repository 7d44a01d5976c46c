"""One's jobs over HTTP, whom they are shared with, and that nobody learns of anybody else's."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from codr import settings as codr_settings
from executor_app import access, audit
from executor_app.models import AuditEvent, Job, JobShare
from tests.access.conftest import Person, anonymous, new_job, signed_in, user_named, with_key

pytestmark = pytest.mark.usefixtures("database", "clean")

NOBODY = "00000000-0000-0000-0000-000000000000"
# Each way to ask for a job: method, what follows its address, body.
WAYS: tuple[tuple[str, str, Any], ...] = (
    ("get", "", None),
    ("head", "", None),
    ("get", "/transcript", None),
    ("post", "/shares", {"user": "carl"}),
    ("delete", "/shares?user=carl", None),
    ("post", "/cancel", {}),
)
PEOPLE: dict[str, Callable[[], Person]] = {
    "by a key": lambda: with_key("mallory"),
    "signed in": lambda: signed_in("mallory"),
    "anonymous": anonymous,
    "staff without the permission": lambda: signed_in("mallory", is_staff=True),
    "with the permission, but not staff": lambda: with_key("mallory", "view_job"),
}


def everything(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.content, dict(answer.headers)


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize(("method", "tail", "body"), WAYS)
@pytest.mark.parametrize("status", ["running", "completed"])
def test_a_job_of_somebody_else_is_not_there(
    person: str, method: str, tail: str, body: Any, status: str
) -> None:
    """Status, body and headers are those of a job that there is not."""
    mallory = PEOPLE[person]()
    theirs = new_job(with_key("ada"), status=status)
    JobShare.objects.create(job=theirs, name="bob", user=user_named("bob"))
    answers = {
        which: everything(mallory.ask(method, f"/api/jobs/{which}{tail}", body))
        for which in (str(theirs.pk), str(uuid.uuid4()), NOBODY, "nonsense", "%00", "é")
    }
    first = answers[str(theirs.pk)]
    assert first[0] == 404
    assert method == "head" or b'"no_such_job"' in first[1]
    assert set(map(str, answers.values())) == {str(first)}
    assert theirs.shares.count() == 1


@pytest.mark.parametrize("person", PEOPLE)
def test_it_takes_as_many_questions_to_the_database_whether_there_is_one(person: str) -> None:
    """So that the time tells nothing either."""
    mallory = PEOPLE[person]()
    theirs = new_job(with_key("ada"))
    mallory.get("/api/me")
    counts = []
    for job_id in (theirs.pk, uuid.uuid4(), "nonsense"):
        audit._counter.forget()
        with CaptureQueriesContext(connections["default"]) as queries:
            assert mallory.get(f"/api/jobs/{job_id}").status_code == 404
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] > 0


def test_a_list_shows_ones_own_and_nothing_else() -> None:
    ada, bob, browser = with_key("ada"), with_key("bob"), anonymous()
    for person in (ada, bob, browser):
        own = [str(new_job(person).pk) for _ in range(2)]
        listed = person.get("/api/jobs").json()
        assert [job["id"] for job in listed["jobs"]] == own[::-1]
        assert listed["next"] is None
    shared = new_job(ada)
    JobShare.objects.create(job=shared, name="bob", user=bob.user)
    assert str(shared.pk) not in bob.get("/api/jobs").content.decode()


def test_who_is_known_by_an_address_alone_gets_no_list() -> None:
    """Behind it there may be many. By its id, each finds their own."""
    job = new_job("address:127.0.0.1")
    client = Client()
    assert client.get("/api/jobs").json() == {"jobs": [], "next": None}
    assert client.get(f"/api/jobs/{job.pk}").json()["access"] == "owner"


def test_a_long_list_comes_in_pages_without_a_hole() -> None:
    ada = with_key("ada")
    jobs = [new_job(ada) for _ in range(7)]
    # Two of the same moment, as two web processes can make them.
    Job.objects.filter(pk__in=[jobs[2].pk, jobs[3].pk]).update(created_at=jobs[3].created_at)
    listed: list[str] = []
    before: str | None = ""
    while before is not None:
        page = ada.get(f"/api/jobs?limit=3{before and f'&before={before}'}").json()
        listed += [job["id"] for job in page["jobs"]]
        before = page["next"]
    assert sorted(listed) == sorted(str(job.pk) for job in jobs)
    assert listed[0] == str(jobs[-1].pk)


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "1e3", "9" * 50, "%00", "٣"])
def test_a_limit_that_is_none_is_named(limit: str) -> None:
    answer = anonymous().get(f"/api/jobs?limit={limit}")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("`limit`")


def test_a_page_cannot_begin_at_somebody_elses_job() -> None:
    theirs = new_job(with_key("ada"))
    bob = with_key("bob")
    answers = [everything(bob.get(f"/api/jobs?before={job}")) for job in (theirs.pk, NOBODY)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_its_owner_sees_all_of_a_job() -> None:
    ada = with_key("ada")
    job = new_job(ada, exit_code=3, arguments=["a"], message="well")
    facts = ada.get(f"/api/jobs/{job.pk}").json()
    assert (
        facts.items()
        >= {
            "id": str(job.pk),
            "status": "completed",
            "exit_code": 3,
            "access": "owner",
            "arguments": ["a"],
            "message": "well",
            "request_id": job.request_id,
            "shared_with": [],
            "files": [{"name": "main.py", "content": "print('hello')\n", "encoding": "utf-8"}],
        }.items()
    )
    said = ada.get(facts["transcript"]).json()
    assert said["kept"] is True
    assert [(entry["data"], entry["encoding"]) for entry in said["entries"]] == [
        ("name? ", None),
        ("/w==", "base64"),
    ]


READERS: dict[str, Callable[[Job], Person]] = {
    "staff": lambda job: signed_in("sam", "view_job", is_staff=True),
    "a superuser": lambda job: with_key("root", is_staff=True, is_superuser=True),
    "whom it is shared with": lambda job: shared_with_bob(job),
}


def shared_with_bob(job: Job) -> Person:
    bob = with_key("bob")
    JobShare.objects.create(job=job, name="bob", user=bob.user)
    return bob


@pytest.mark.parametrize("who", READERS)
def test_staff_and_whom_it_is_shared_with_read_and_do_no_more(who: str) -> None:
    job = new_job(with_key("ada"), status="running")
    reader = READERS[who](job)
    facts = reader.get(f"/api/jobs/{job.pk}").json()
    assert facts["access"] == "reader"
    assert (facts["request_id"], facts["shared_with"]) == ("", [])
    assert reader.get(f"/api/jobs/{job.pk}/transcript").json()["kept"] is True
    for method, tail, body in WAYS:
        if method in ("post", "delete"):
            answer = reader.ask(method, f"/api/jobs/{job.pk}{tail}", body)
            assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
    job.refresh_from_db()
    assert job.status == "running"
    assert AuditEvent.objects.filter(kind="not_permitted", job_id=job.pk).exists()


def test_sharing_is_taken_back() -> None:
    ada, bob = with_key("ada"), with_key("bob")
    job = new_job(ada)
    address = f"/api/jobs/{job.pk}"
    assert bob.get(address).status_code == 404
    given = ada.ask("post", f"{address}/shares", {"user": "bob"})
    assert given.json() == {"shared_with": ["bob"], "typists": []}
    assert bob.get(address).status_code == 200
    assert ada.ask("post", f"{address}/shares", {"user": "bob"}).json() == given.json()
    for _ in range(2):
        taken = ada.ask("delete", f"{address}/shares?user=bob")
        assert taken.json() == {"shared_with": [], "typists": []}
    assert bob.get(address).status_code == 404
    events = AuditEvent.objects.filter(job_id=job.pk, kind__startswith="job").order_by("pk")
    assert [(event.kind, event.detail) for event in events] == [
        ("job_shared", "with bob"),
        ("job_unshared", "with bob"),
    ]


def test_an_owner_lets_one_type_and_takes_it_back() -> None:
    ada, bob = with_key("ada"), with_key("bob")
    job = new_job(ada)
    address = f"/api/jobs/{job.pk}"
    for may_type in (True, False, None, True):
        body = {"user": "bob"} | ({} if may_type is None else {"may_type": may_type})
        given = ada.ask("post", f"{address}/shares", body).json()
        assert given == {"shared_with": ["bob"], "typists": ["bob"] if may_type else []}
        facts = bob.get(address).json()
        assert (facts["access"], facts["may_type"]) == ("reader", bool(may_type))
        assert (facts["shared_with"], facts["typists"]) == ([], [])
    assert ada.get(address).json()["typists"] == ["bob"]
    assert ada.get(address).json()["may_type"] is True
    ada.ask("delete", f"{address}/shares?user=bob")
    assert not JobShare.objects.filter(job=job).exists()
    events = AuditEvent.objects.filter(job_id=job.pk, kind="job_shared").order_by("pk")
    audit.flush()
    assert [(event.detail, event.times) for event in events] == [
        ("with bob, who may type", 2),
        ("with bob", 1),
    ]


@pytest.mark.parametrize("may_type", ["yes", 1, None, []])
def test_whether_one_may_type_is_said_plainly(may_type: object) -> None:
    ada = with_key("ada")
    job = new_job(ada)
    body = {"user": "bob", "may_type": may_type}
    assert ada.ask("post", f"/api/jobs/{job.pk}/shares", body).status_code == 400
    assert not job.shares.exists()


def test_sharing_tells_nobody_which_accounts_there_are() -> None:
    ada = with_key("ada")
    user_named("bob")
    told = []
    for name in ("bob", "nob"):
        job = new_job(ada)
        answers = [
            ada.ask("post", f"/api/jobs/{job.pk}/shares", {"user": name}),
            ada.ask("post", f"/api/jobs/{job.pk}/shares", {"user": name}),
            ada.get(f"/api/jobs/{job.pk}"),
            ada.ask("delete", f"/api/jobs/{job.pk}/shares?user={name}"),
            ada.ask("delete", f"/api/jobs/{job.pk}/shares?user={name}"),
        ]
        told.append([(a.status_code, a.json()["shared_with"], sorted(a.headers)) for a in answers])
    assert str(told[0]) == str(told[1]).replace("nob", "bob")


def test_who_takes_a_name_later_sees_nothing() -> None:
    ada = with_key("ada")
    job = new_job(ada)
    ada.ask("post", f"/api/jobs/{job.pk}/shares", {"user": "later"})
    assert with_key("later").get(f"/api/jobs/{job.pk}").status_code == 404


def test_who_takes_a_name_later_sees_what_is_then_shared_again() -> None:
    ada = with_key("ada")
    job = new_job(ada)
    address = f"/api/jobs/{job.pk}"
    ada.ask("post", f"{address}/shares", {"user": "later"})
    later = with_key("later")
    ada.ask("post", f"{address}/shares", {"user": "later"})
    assert later.get(address).status_code == 200
    audit.flush()
    shared = AuditEvent.objects.get(job_id=job.pk, kind="job_shared")
    assert shared.times == 2, "something changed both times"


def test_an_account_that_goes_takes_what_was_shared_with_it_along() -> None:
    ada = with_key("ada")
    job = new_job(ada)
    bob = shared_with_bob(job)
    assert bob.user
    bob.user.delete()
    assert ada.get(f"/api/jobs/{job.pk}").json()["shared_with"] == ["bob"]
    assert with_key("bob").get(f"/api/jobs/{job.pk}").status_code == 404


def test_a_job_is_shared_with_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "MOST_SHARES", 1)
    ada = with_key("ada")
    job = new_job(ada)
    address = f"/api/jobs/{job.pk}/shares"
    assert ada.ask("post", address, {"user": "bob"}).status_code == 200
    answer = ada.ask("post", address, {"user": "carl"})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_shares")
    assert ada.ask("post", address, {"user": "bob"}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"user": 1}',
        b'{"user": ""}',
        b'{"user": null}',
        b'{"user": "a b"}',
        b'{"user": "\\u0000"}',
        b'{"user": "\\ud800"}',
        b'{"user": "' + b"a" * 151 + b'"}',
        b"[" * 10_000,
        b"\xff\xfe",
    ],
)
def test_a_body_that_makes_no_sense_is_a_400_with_words(body: bytes) -> None:
    ada = with_key("ada")
    job = new_job(ada)
    answer = ada.client.post(
        f"/api/jobs/{job.pk}/shares",
        body,
        content_type="application/json",
        headers={"Authorization": f"Bearer {ada.secret}"},
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "bad_request"
    assert not job.shares.exists()


def test_a_body_that_is_too_large_is_not_read() -> None:
    ada = with_key("ada")
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1000):
        answer = ada.ask("post", f"/api/jobs/{NOBODY}/shares", {"user": "a" * 2000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_job_that_is_over_is_not_cancelled() -> None:
    ada = with_key("ada")
    answer = ada.ask("post", f"/api/jobs/{new_job(ada).pk}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "job_over")


def test_without_redis_cancelling_says_so() -> None:
    ada = with_key("ada")
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        answer = ada.ask("post", f"/api/jobs/{new_job(ada, status='running').pk}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


@pytest.mark.parametrize("make", [lambda: signed_in("ada"), anonymous])
@pytest.mark.parametrize(("method", "tail", "body"), WAYS[3:])
def test_a_browser_needs_its_token_for_what_changes_something(
    make: Callable[[], Person], method: str, tail: str, body: Any
) -> None:
    """Before anything is looked at: the answer does not depend on the job."""
    ada = make()
    own, theirs = new_job(ada, status="running"), new_job("session:else")
    ada.headers = {}
    answers = [
        everything(ada.ask(method, f"/api/jobs/{which}{tail}", body))
        for which in (own.pk, theirs.pk, NOBODY)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert (answers[0][0], b'"csrf"' in answers[0][1]) == (403, True)
    assert not JobShare.objects.exists()


@pytest.mark.parametrize("path", ["/api/me", "/api/jobs", f"/api/jobs/{NOBODY}"])
def test_a_page_of_another_site_is_turned_away(path: str) -> None:
    answer = signed_in("ada").ask("get", path, Origin="http://evil.example")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_origin")
    assert AuditEvent.objects.filter(kind="wrong_origin").exists()


@pytest.mark.parametrize("path", ["/api/me", "/api/jobs", f"/api/jobs/{NOBODY}"])
def test_without_anonymous_use_one_has_to_sign_in(path: str) -> None:
    browser, ada, bob = anonymous(), signed_in("ada"), with_key("bob")
    with override_settings(CODR=codr_settings.CODR | {"allow_anonymous": False}):
        answer = browser.get(path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
        for person in (ada, bob):
            assert person.get(path).status_code != 401
    audit.flush()
    assert AuditEvent.objects.filter(kind="not_signed_in").exists()


@pytest.mark.parametrize("method", ["put", "patch", "options", "post", "delete"])
def test_other_methods_are_not_allowed(method: str) -> None:
    answer = with_key("ada").ask(method, "/api/jobs")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD"


def test_switched_off_accounts_see_nothing() -> None:
    ada = signed_in("ada")
    job = new_job(ada)
    User.objects.filter(username="ada").update(is_active=False)
    assert ada.get(f"/api/jobs/{job.pk}").status_code == 404
