"""API keys in the admin: made and shown once, seen, revoked, and never a way to become more."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from executor_app import api_keys
from executor_app.models import ApiKey, AuditEvent, JobShare
from tests.admin.conftest import MakeJob, signed_in
from tests.admin.corpus import ATTACKS, HIDDEN, SEQUENCES
from tests.admin.markup import Markup

LIST = "/admin/executor_app/apikey/"
SECRET = re.compile(r"codr_[0-9a-f]{8}_[0-9a-f]{48}")


def keeper(*permissions: str, **facts: Any) -> tuple[User, Client]:
    """A member of staff who may do this to keys, and nothing else."""
    user = User.objects.create_user("kim", is_staff=True, **facts)
    names = [f"{kind}_apikey" for kind in permissions]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user, signed_in(user)


def make(client: Client, whose: User, **fields: str) -> Any:
    empty = {"name": "laptop", "expires_at_0": "", "expires_at_1": ""}
    return client.post(f"{LIST}add/", {**empty, "user": str(whose.pk), **fields})


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada")


def test_a_key_is_shown_once_and_its_hash_never(administrator: Client, ada: User) -> None:
    answer = make(administrator, ada)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    (secret,) = SECRET.findall(answer.content.decode())
    key = ApiKey.objects.get()
    assert (key.user, key.name) == (ada, "laptop")
    used = Client().get("/api/me", headers={"Authorization": f"Bearer {secret}"})
    assert used.json()["name"] == "ada"
    for path in ("", f"{key.pk}/change/", f"{key.pk}/history/", f"{key.pk}/delete/"):
        page = administrator.get(LIST + path).content.decode()
        assert key.prefix in page or "delete" in path
        assert secret not in page
        assert key.hash not in page
    event = AuditEvent.objects.get(kind="key_made")
    assert event.detail == f"{key.shown} laptop of user {ada.pk}"


def test_nobody_edits_a_key(administrator: Client, ada: User) -> None:
    key, _ = api_keys.make(ada, "laptop")
    administrator.post(f"{LIST}{key.pk}/change/", {"name": "mine", "user": "1"})
    key.refresh_from_db()
    assert (key.name, key.user) == ("laptop", ada)


def test_keys_are_revoked_by_who_may_change_them(ada: User) -> None:
    _, client = keeper("change")
    key, secret = api_keys.make(ada, "laptop")
    chosen = {"action": "revoke_chosen", "_selected_action": [str(key.pk)]}
    page = client.post(LIST, chosen, follow=True).content.decode()
    assert "1 key is revoked." in page
    used = Client().get("/api/me", headers={"Authorization": f"Bearer {secret}"})
    assert used.status_code == 401
    assert AuditEvent.objects.get(kind="key_revoked").user_name == "kim"
    assert "0 keys are revoked." in client.post(LIST, chosen, follow=True).content.decode()


def test_who_may_only_view_keys_does_nothing_to_them(ada: User) -> None:
    user, client = keeper("view")
    key, _ = api_keys.make(ada, "laptop")
    assert key.shown in client.get(LIST).content.decode()
    client.post(LIST, {"action": "revoke_chosen", "_selected_action": [str(key.pk)]})
    assert make(client, user).status_code == 403
    assert [each.state for each in ApiKey.objects.all()] == ["valid"]


def test_nobody_becomes_more_than_they_are_by_making_a_key(ada: User) -> None:
    user, client = keeper("add", "view")
    root = User.objects.create_superuser("root")
    other = User.objects.create_user("carl", is_staff=True)
    for more in (root, other):
        answer = make(client, more)
        assert "Select a valid choice" in answer.content.decode()
    assert not ApiKey.objects.exists()
    for own in (user, ada):
        assert SECRET.search(make(client, own).content.decode())


@pytest.mark.parametrize("fields", [
    {"name": ""},
    {"user": ""},
    {"user": "0"},
    {"expires_at_0": "2020-01-01", "expires_at_1": "00:00"},
])  # fmt: skip
def test_a_key_that_makes_no_sense_is_not_made(
    administrator: Client, ada: User, fields: dict[str, str]
) -> None:
    answer = make(administrator, ada, **fields)
    assert "errorlist" in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_too_many_are_refused_in_words(
    administrator: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MOST_KEYS", 0)
    assert "Revoke one first." in make(administrator, ada).content.decode()


def test_an_account_is_deleted_with_its_keys_by_who_may_delete_accounts(ada: User) -> None:
    user = User.objects.create_user("dora", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "delete_user"]))
    api_keys.make(ada, "laptop")
    signed_in(user).post(f"/admin/auth/user/{ada.pk}/delete/", {"post": "yes"})
    assert not User.objects.filter(username="ada").exists()
    assert not ApiKey.objects.exists()


def test_keys_are_found_by_state(administrator: Client, ada: User) -> None:
    past = timezone.now() - timedelta(days=1)
    api_keys.make(ada, "of-now")
    api_keys.make(ada, "of-the-past", expires_at=past)
    api_keys.revoke(api_keys.make(ada, "taken-back", expires_at=past)[0])
    names = {"valid": "of-now", "expired": "of-the-past", "revoked": "taken-back"}
    for state, name in names.items():
        text = Markup(administrator.get(f"{LIST}?state={state}").content.decode()).text
        assert [each for each in names.values() if each in text] == [name]
    assert administrator.get(f"{LIST}?q=%00").status_code == 400


def test_names_of_keys_and_of_readers_are_text(
    administrator: Client, ada: User, make_job: MakeJob
) -> None:
    job = make_job()
    JobShare.objects.create(job=job, name="plain")
    api_keys.make(ada, "plain")
    pages = [LIST, f"/admin/executor_app/job/{job.pk}/change/"]
    harmless = [Markup(administrator.get(page).content.decode()).kinds for page in pages]
    texts = [text.replace("\0", "")[:100] for text in [*ATTACKS, *SEQUENCES, *HIDDEN]]
    for text in texts[:49]:
        api_keys.make(ada, text)
        JobShare.objects.create(job=job, name=text)
    for page, kinds in zip(pages, harmless, strict=True):
        shown = Markup(administrator.get(page).content.decode())
        assert shown.kinds <= kinds
        assert ATTACKS[0] in shown.text
        assert "\u202e" not in shown.text
        assert "\x1b" not in shown.text
    made = Markup(make(administrator, ada, name=ATTACKS[0]).content.decode())
    assert ATTACKS[0] in made.text
    assert "window.__pwned" not in str(made.elements)


def test_a_job_that_is_shared_is_deleted_by_who_may_delete_jobs(make_job: MakeJob) -> None:
    user = User.objects.create_user("dora", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_job", "delete_job"]))
    job = make_job()
    JobShare.objects.create(job=job, name="ada", user=user)
    signed_in(user).post(f"/admin/executor_app/job/{job.pk}/delete/", {"post": "yes"})
    assert not JobShare.objects.exists()
