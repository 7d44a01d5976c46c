"""The audit trail in the admin: found, narrowed down, read, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from executor_app import audit, job_list
from executor_app.audit import Kind
from executor_app.models import AuditEvent, Job
from tests.admin.conftest import MakeJob, signed_in, staff
from tests.admin.corpus import ATTACKS, HIDDEN, SEQUENCES
from tests.admin.markup import Markup

LIST = "/admin/executor_app/auditevent/"
JOBS = "/admin/executor_app/job/"


@pytest.fixture
def auditor(db: None) -> Client:
    user = User.objects.create_user("audrey", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_auditevent"))
    client = signed_in(user)
    AuditEvent.objects.all().delete()  # her own sign-in
    return client


def page(client: Client, query: str = "") -> Markup:
    answer = client.get(LIST + query)
    assert answer.status_code == 200
    return Markup(answer.content.decode())


def test_who_may_view_jobs_does_not_see_the_trail(viewer: Client) -> None:
    assert viewer.get(LIST).status_code == 403


def test_the_trail_is_narrowed_down_by_kind_who_and_address(auditor: Client) -> None:
    audit.record(Kind.KEY_REFUSED, address="127.0.0.7", detail="first")
    audit.record(Kind.NO_SUCH_JOB, owner_key="session:0123456789", address="fd00::1", detail="2nd")
    ada = User.objects.create_user("ada")
    audit.record(Kind.SIGNED_IN, user_id=ada.pk, address="127.0.0.7", detail="third")
    ada.delete()
    text = page(auditor).text
    assert all(word in text for word in ("first", "2nd", "third", "session:01234567", "ada"))
    for query, word in {
        "?kind__exact=key_refused": "first",
        "?address=fd00%3A%3A1": "2nd",
        "?owner_key=session%3A0123456789": "2nd",
        "?user_name=ada": "third",
        "?q=third": "third",
    }.items():
        text = page(auditor, query).text
        assert [each for each in ("first", "2nd", "third") if each in text] == [word], query
    assert auditor.get(f"{LIST}?address=%00").status_code == 400


def test_the_trail_is_narrowed_down_by_month(auditor: Client) -> None:
    for detail, days in ("new", 0), ("old", 40):
        audit.record(Kind.KEY_MADE, job_id=detail, detail=detail)
        AuditEvent.objects.filter(detail=detail).update(at=timezone.now() - timedelta(days=days))
    old = AuditEvent.objects.get(detail="old").at
    assert f"{old:%B %Y}" in page(auditor).text
    text = page(auditor, f"?month={old:%Y-%m}").text
    assert [each for each in ("new", "old") if each in text] == ["old"]


def test_words_are_looked_for_in_the_latest_and_who_or_where_in_all(
    auditor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what the filters leave, so that a month leads further back."""
    monkeypatch.setattr(job_list, "MOST_LISTED", 2)
    now = timezone.now()
    for days in range(5):
        AuditEvent.objects.create(
            kind=Kind.KEY_MADE,
            at=now - timedelta(days=40 * days),
            user_name=f"user-{days}",
            owner_key=f"user:{days}",
            address=f"10.0.0.{days}",
            detail=f"thing {days}",
        )

    def found(query: str) -> list[int]:
        text = page(auditor, query).text
        return [days for days in range(5) if f"thing {days}" in text]

    assert found("?q=thing") == [0, 1]
    assert found("?q=thing+3") == []
    month = f"{now - timedelta(days=120):%Y-%m}"
    assert found(f"?q=thing+3&month={month}") == [3]
    for who in ("user-4", "user%3A4", "10.0.0.4"):
        assert found(f"?q={who}") == [4]


def test_nobody_adds_edits_or_deletes_an_event(administrator: Client) -> None:
    audit.record(Kind.KEY_REFUSED, address="127.0.0.7")
    event = AuditEvent.objects.get(kind=Kind.KEY_REFUSED)
    assert administrator.get(f"{LIST}add/").status_code == 403
    assert administrator.post(f"{LIST}{event.pk}/delete/", {"post": "yes"}).status_code == 403
    administrator.post(f"{LIST}{event.pk}/change/", {"address": "127.0.0.8"})
    chosen = {"action": "delete_selected", "_selected_action": str(event.pk), "post": "yes"}
    administrator.post(LIST, chosen)
    assert AuditEvent.objects.get(pk=event.pk).address == "127.0.0.7"


def test_what_strangers_sent_is_text(auditor: Client) -> None:
    """The page has the same elements with these texts as without them, and no more."""
    audit.record(Kind.JOB_SHARED, owner_key="a", address="b", job_id="c", detail="d")
    harmless = page(auditor).kinds
    AuditEvent.objects.all().delete()
    for text in [*ATTACKS, *SEQUENCES, *HIDDEN]:
        job_id = "5f0c6f5e-3b1a-4e6e-9f43-111111111111"
        audit.record(Kind.JOB_SHARED, owner_key=text, address=text[:64], job_id=job_id, detail=text)
        AuditEvent.objects.create(kind=Kind.NO_SUCH_JOB, user_name=text, job_id=text[:36])
    shown = page(auditor)
    assert shown.kinds <= harmless | {("code", ""), ("code", "title")}
    assert ATTACKS[0] in shown.text
    assert "\u202e" not in shown.text
    assert "\x1b" not in shown.text


def test_what_staff_delete_is_written_down_with_whose_it_was(make_job: MakeJob) -> None:
    client = staff("dora", "view", "delete")
    one, two, three = make_job(), make_job(), make_job()
    client.post(f"{JOBS}{one.pk}/delete/", {"post": "yes"})
    both = [str(two.pk), str(three.pk)]
    client.post(JOBS, {"action": "delete_selected", "_selected_action": both, "post": "yes"})
    assert not Job.objects.exists()
    events = AuditEvent.objects.filter(kind=Kind.JOB_DELETED)
    assert {event.job_id for event in events} == {str(each) for each in (one.pk, two.pk, three.pk)}
    assert {(e.user_name, e.address, e.detail) for e in events} == {
        ("dora", "127.0.0.1", "session:0123456789abcdef0123456789abcdef")
    }
