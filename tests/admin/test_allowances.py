"""What single owners may use, as staff set it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from executor_app.models import Allowance, AuditEvent
from tests.admin.corpus import ATTACKS
from tests.admin.markup import Markup

LIST = "/admin/executor_app/allowance/"
EMPTY = {
    "user": "",
    "owner_key": "",
    "submissions_per_minute": "",
    "concurrent_jobs": "",
    "cpu_seconds_per_hour": "",
    "remark": "",
}


def save(client: Client, path: str = "add/", **fields: object) -> str:
    """Posts the form as a browser does; what it complains about, "" where it was saved."""
    answer = client.post(f"{LIST}{path}", {**EMPTY, **fields})
    if answer.status_code == 302:
        return ""
    return Markup(answer.content.decode()).text


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada")


def test_an_account_is_given_more(administrator: Client, ada: User) -> None:
    assert save(administrator, user=ada.pk, concurrent_jobs=300) == ""
    kept = Allowance.objects.get()
    assert (kept.owner_key, kept.concurrent_jobs) == (f"user:{ada.pk}", 300)
    assert kept.submissions_per_minute is None
    assert kept.applied_to((60, 10, 1200)) == (60, 300, 1200)
    text = Markup(administrator.get(LIST).content.decode()).text
    assert "ada" in text
    assert "60, as everybody" in text
    assert "unknown: Redis does not answer" in text, "and the page is there all the same"


def test_nothing_is_not_the_same_as_no_bound(administrator: Client, ada: User) -> None:
    assert save(administrator, user=ada.pk, submissions_per_minute=0) == ""
    assert Allowance.objects.get().applied_to((60, 10, 1200)) == (0, 10, 1200)
    assert "no bound" in Markup(administrator.get(LIST).content.decode()).text


def test_who_has_no_account_is_named_as_a_job_names_them(administrator: Client) -> None:
    key = "session:0123456789abcdef0123456789abcdef"
    assert save(administrator, owner_key=key, cpu_seconds_per_hour=10) == ""
    assert Allowance.objects.get().owner_key == key


def test_what_names_nobody_is_refused(administrator: Client) -> None:
    for key in ("", "ada", "everybody"):
        assert "Choose a user, or name an owner" in save(administrator, owner_key=key)
    assert not Allowance.objects.exists()


def test_an_owner_has_one_allowance(administrator: Client, ada: User) -> None:
    assert save(administrator, user=ada.pk) == ""
    assert "This owner has an allowance already." in save(
        administrator, owner_key=f"user:{ada.pk}", concurrent_jobs=1
    )
    own = Allowance.objects.get()
    assert save(administrator, f"{own.pk}/change/", user=ada.pk, concurrent_jobs=7) == ""
    assert Allowance.objects.get().concurrent_jobs == 7


def test_every_change_stands_in_the_audit_trail(administrator: Client, ada: User) -> None:
    save(administrator, user=ada.pk, concurrent_jobs=3)
    own = Allowance.objects.get()
    administrator.post(f"{LIST}{own.pk}/delete/", {"post": "yes"})
    assert not Allowance.objects.exists()
    events = AuditEvent.objects.filter(kind=AuditEvent.Kind.LIMITS_CHANGED).order_by("pk")
    assert [event.detail for event in events] == [
        f"user:{ada.pk}: now submissions_per_minute None, concurrent_jobs 3, "
        "cpu_seconds_per_hour None",
        f"user:{ada.pk}: now as everybody",
    ]
    assert all(event.user_name for event in events)


def test_who_may_only_see_jobs_sees_none(viewer: Client) -> None:
    assert viewer.get(LIST).status_code == 403


def test_remarks_and_names_are_text(administrator: Client) -> None:
    for n, attack in enumerate(ATTACKS):
        user = User.objects.create(username=f"{n}{attack}"[:150])
        assert save(administrator, user=user.pk, remark=attack[:200]) == ""
    markup = Markup(administrator.get(LIST).content.decode())
    assert ATTACKS[0] in markup.text
