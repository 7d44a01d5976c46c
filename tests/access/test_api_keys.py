"""API keys: made, shown once, used, refused and revoked."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from executor_app import api_keys, audit
from executor_app.models import ApiKey, AuditEvent
from tests.access.conftest import ORIGIN, anonymous, new_job, signed_in, user_named, with_key

pytestmark = pytest.mark.usefixtures("database", "clean")

ME = "/api/me"


def asks_with(secret: str, scheme: str = "Bearer") -> Any:
    return anonymous().ask("get", ME, Authorization=f"{scheme} {secret}")


def kinds() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("pk").values_list("kind", "detail"))


def test_a_key_says_who_asks_and_makes_no_session() -> None:
    ada = with_key("ada")
    before = Session.objects.count()
    answer = ada.get(ME)
    assert answer.json() == {
        "signed_in": True,
        "name": "ada",
        "staff": False,
        "key": f"codr_{ada.key.prefix}_…" if ada.key else "",
    }
    assert answer.cookies == {}
    assert Session.objects.count() == before


def test_what_is_kept_does_not_give_the_key_away() -> None:
    ada = with_key("ada")
    (row,) = ApiKey.objects.values()
    assert ada.secret not in str(row)
    assert ada.secret.rpartition("_")[2] not in str(row)
    # At least 160 bits besides the part that is shown.
    assert len(ada.secret.rpartition("_")[2]) * 4 >= 160


def test_two_keys_are_never_the_same() -> None:
    user = user_named("ada")
    secrets = {api_keys.make(user, "one")[1] for _ in range(20)}
    assert len(secrets) == 20


def test_a_key_needs_no_csrf_token() -> None:
    ada = with_key("ada")
    job = new_job(ada)
    answer = ada.ask("post", f"/api/jobs/{job.pk}/shares", {"user": "bob"})
    assert answer.status_code == 200


def test_a_key_counts_before_the_session_that_comes_with_it() -> None:
    ada, bob = signed_in("ada"), with_key("bob")
    assert ada.ask("get", ME, **bob.headers).json()["name"] == "bob"


@pytest.mark.parametrize("spoil", [
    lambda secret: "",
    lambda secret: "codr",
    lambda secret: secret[:-1],
    lambda secret: secret + "0",
    lambda secret: secret.upper(),
    lambda secret: secret[:-1] + ("0" if secret[-1] != "0" else "1"),
    lambda secret: f"{secret},Bearer {secret}",
    lambda secret: secret.replace("codr_", "codr_ "),
    lambda secret: "codr_" + "0" * 8 + secret[13:],
    lambda secret: "é" * 30,
    lambda secret: secret.rpartition("_")[2],
])  # fmt: skip
def test_a_wrong_key_is_refused_and_not_anonymous(spoil: Any) -> None:
    ada = with_key("ada")
    answer = asks_with(spoil(ada.secret))
    assert answer.status_code == 401
    assert answer.json() == {"code": "bad_key", "message": api_keys.NOT_VALID}
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert ("key_refused", "no such key") in kinds()


def revoke(key: ApiKey) -> None:
    assert api_keys.revoke(key)


def expire(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def switch_off(key: ApiKey) -> None:
    User.objects.filter(pk=key.user_id).update(is_active=False)


@pytest.mark.parametrize(("end", "why"), [
    (revoke, "revoked"),
    (expire, "expired"),
    (switch_off, "its account is switched off"),
])  # fmt: skip
def test_a_key_that_is_over_is_refused_in_the_words_of_a_wrong_one(end: Any, why: str) -> None:
    ada = with_key("ada")
    assert ada.get(ME).status_code == 200
    end(ada.key)
    refused, wrong = ada.get(ME), asks_with("codr_nonsense")
    assert refused.status_code == wrong.status_code == 401
    assert refused.content == wrong.content
    assert dict(refused.headers) == dict(wrong.headers)
    assert next(detail for kind, detail in kinds() if kind == "key_refused").endswith(why)


def test_a_key_of_a_deleted_account_is_gone_with_it() -> None:
    ada = with_key("ada")
    User.objects.filter(username="ada").delete()
    assert ada.get(ME).status_code == 401


def test_another_scheme_is_a_proxys_business() -> None:
    assert asks_with("YWRhOnNlY3JldA==", "Basic").json()["signed_in"] is False


@pytest.mark.parametrize(("origin", "status"), [(ORIGIN, 200), ("http://evil.example", 403)])
def test_with_a_key_too_the_origin_is_looked_at_if_there_is_one(origin: str, status: int) -> None:
    answer = with_key("ada").ask("get", ME, Origin=origin)
    assert answer.status_code == status
    assert (status == 200) == ("wrong_origin" not in dict(kinds()))


def test_the_last_use_is_written_down_once_a_minute() -> None:
    ada = with_key("ada")

    def seen() -> Any:
        return ApiKey.objects.values_list("last_used_at", flat=True).get()

    assert seen() is None
    ada.get(ME)
    first = seen()
    assert first is not None
    ada.get(ME)
    assert seen() == first
    long_ago = timezone.now() - timedelta(minutes=1)
    ApiKey.objects.update(last_used_at=long_ago)
    ada.get(ME)
    assert seen() > long_ago


def test_what_happens_to_keys_is_in_the_trail_and_the_key_itself_nowhere(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    ada = with_key("ada")
    assert ada.key
    for _ in range(3):
        ada.get(ME)
    ada.get("/api/jobs/nonsense")
    api_keys.revoke(ada.key)
    assert api_keys.revoke(ada.key) is False
    ada.get(ME)
    shown = f"codr_{ada.key.prefix}_… laptop"
    assert [(kind, detail) for kind, detail in kinds() if kind.startswith("key")] == [
        ("key_made", f"{shown} of user {ada.key.user_id}"),
        ("key_used", shown),
        ("key_revoked", f"{shown} of user {ada.key.user_id}"),
        ("key_refused", f"{shown}: revoked"),
    ]
    audit.flush()
    assert AuditEvent.objects.get(kind="key_used").times == 4
    assert ada.secret.rpartition("_")[2] not in caplog.text


def test_an_account_has_so_many_keys_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MOST_KEYS", 2)
    user = user_named("ada")
    first, _ = api_keys.make(user, "one")
    api_keys.make(user, "two")
    with pytest.raises(api_keys.TooManyKeysError):
        api_keys.make(user, "three")
    api_keys.revoke(first)
    api_keys.make(user, "three")


def test_a_key_of_an_account_without_rights_gives_none() -> None:
    """The admin and the pages of accounts are for people: a key opens neither."""
    root = with_key("root", is_staff=True, is_superuser=True)
    for path in ("/admin/",):
        assert root.get(path).status_code == 302


def test_of_the_keys_that_are_revoked_the_latest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MOST_REVOKED", 2)
    user, other = user_named("ada"), user_named("bob")
    api_keys.revoke(api_keys.make(other, "theirs")[0])
    valid, _ = api_keys.make(user, "valid")
    for n in range(5):
        api_keys.revoke(api_keys.make(user, f"key {n}")[0])
    names = ApiKey.objects.filter(user=user).values_list("name", flat=True)
    assert set(names) == {valid.name, "key 3", "key 4"}
    assert ApiKey.objects.filter(user=other).count() == 1
