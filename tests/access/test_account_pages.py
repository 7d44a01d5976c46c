"""Signing in, guessing, and the pages of an account."""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import Any

import pytest
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client, override_settings

from codr import settings as codr_settings
from executor_app import api_keys, audit, sign_in
from executor_app.identity import owner_key_of_session
from executor_app.models import ApiKey, AuditEvent, Job
from executor_app.relay import attempts
from tests.access.conftest import anonymous, new_job, signed_in, user_named, with_key
from tests.admin.corpus import ATTACKS, HIDDEN, SEQUENCES
from tests.admin.markup import Markup
from tests.records.cast import at_once

pytestmark = pytest.mark.usefixtures("database", "clean", "redis")

SIGN_IN = "/accounts/login/"
ADMIN = "/admin/login/"
PASSWORD = "correct horse battery"


def name_of_ones_own() -> str:
    """What was counted in Redis for the name of another test is not counted here."""
    return f"ada-{uuid.uuid4().hex[:8]}"


def address_of_ones_own() -> str:
    """The first of a /64 of one's own."""
    return str(ipaddress.IPv6Address((0xFD00 << 112) + (uuid.uuid4().int >> 80 << 64)))


def account(**facts: Any) -> User:
    return User.objects.create_user(name_of_ones_own(), password=PASSWORD, **facts)


def post(path: str, name: str, password: str, address: str = "", **more: Any) -> Any:
    facts = {"username": name, "password": password}
    return Client().post(path, facts, REMOTE_ADDR=address or address_of_ones_own(), **more)


def says(answer: Any) -> str:
    return " ".join(Markup(answer.content.decode()).text.split())


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize("path", [SIGN_IN, ADMIN])
def test_the_right_password_signs_in(path: str) -> None:
    user = account(is_staff=True)
    answer = post(path, user.username, PASSWORD)
    assert answer.status_code == 302
    assert answer.cookies["sessionid"]["httponly"]


def test_a_wrong_name_and_a_wrong_password_look_the_same() -> None:
    user, off = account(), account(is_active=False)
    tried = [
        (user.username, "wrong"),
        (name_of_ones_own(), PASSWORD),
        (off.username, PASSWORD),
        (off.username, "wrong"),
    ]
    said = {says(post(SIGN_IN, name, password)).replace(name, "") for name, password in tried}
    assert len(said) == 1
    assert "Please enter a correct username and password." in said.pop()


@pytest.mark.parametrize("path", [SIGN_IN, ADMIN])
@pytest.mark.parametrize("exists", [True, False])
def test_an_account_is_guessed_at_ten_times_and_no_more(path: str, exists: bool) -> None:
    name = account(is_staff=True).username if exists else name_of_ones_own()
    for _ in range(attempts.FOR_A_NAME.amount):
        assert "Please enter" in says(post(path, name, "wrong"))
    for password in ("wrong", PASSWORD):
        answer = post(path, name, password)
        assert "Too many attempts to sign in. Try again in 10 minutes." in says(answer)
        assert "sessionid" not in answer.cookies
    if path == SIGN_IN:
        assert answer.status_code == 429
        assert 500 < int(answer["Retry-After"]) <= 600
    assert "limit_hit" in kinds()
    # Another account is not shut out with it.
    other = account(is_staff=True)
    assert post(path, other.username, PASSWORD).status_code == 302


@pytest.mark.parametrize(
    ("path", "out"), [(SIGN_IN, "/accounts/logout/"), (ADMIN, "/admin/logout/")]
)
def test_signing_in_and_out_is_written_down(path: str, out: str) -> None:
    user, client, address = account(is_staff=True), Client(), address_of_ones_own()
    for name, password in ((user.username, "wrong"), ("no such", "x"), (user.username, PASSWORD)):
        client.post(path, {"username": name, "password": password}, REMOTE_ADDR=address)
    client.post(path.replace("login", "logout"), REMOTE_ADDR=address)
    events = AuditEvent.objects.order_by("pk").values_list("kind", "user_name", "address", "detail")
    assert list(events) == [
        ("sign_in_failed", user.username, address, ""),
        ("sign_in_failed", "", address, ""),
        ("signed_in", user.username, address, ""),
        ("signed_out", user.username, address, ""),
    ]


def test_of_many_guesses_at_once_not_one_more_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = account()
    looked: list[int] = []
    real = AuthenticationForm.clean

    def clean(form: Any) -> Any:
        looked.append(1)
        return real(form)

    monkeypatch.setattr(AuthenticationForm, "clean", clean)
    at_once(lambda n: [post(SIGN_IN, user.username, f"guess {n}") for _ in range(2)], 8)
    assert len(looked) == attempts.FOR_A_NAME.amount


def test_one_address_fails_so_often_over_all_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FROM_AN_ADDRESS", type(attempts.FOR_A_NAME)(3, 10))
    address, user = address_of_ones_own(), account()
    for _ in range(3):
        assert post(SIGN_IN, user.username, PASSWORD, address).status_code == 302
    for n in range(3):
        # One customer's addresses of IPv6 are one.
        elsewhere = str(ipaddress.ip_address(address) + n)
        assert "Please enter" in says(post(SIGN_IN, name_of_ones_own(), "wrong", elsewhere))
    assert post(SIGN_IN, user.username, PASSWORD, address).status_code == 429
    assert post(SIGN_IN, user.username, PASSWORD).status_code == 302


def test_who_signs_in_may_mistype_again() -> None:
    user = account()
    for _ in range(3):
        for _ in range(attempts.FOR_A_NAME.amount - 1):
            post(SIGN_IN, user.username, "wrong")
        assert post(SIGN_IN, user.username, PASSWORD).status_code == 302


def test_without_redis_nobody_signs_in(caplog: pytest.LogCaptureFixture) -> None:
    user = account()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attempts, "storage", away)
        answer = post(SIGN_IN, user.username, PASSWORD)
    assert sign_in.NOT_NOW in says(answer)
    assert "sessionid" not in answer.cookies
    assert PASSWORD not in caplog.text


def away() -> Any:
    raise ConnectionRefusedError


@pytest.mark.parametrize("name", ["", "a\0b", "é" * 200, "x" * 10_000, *ATTACKS[:3]])
def test_odd_names_are_only_wrong(name: str) -> None:
    answer = post(SIGN_IN, name, "wrong")
    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies


def test_passwords_are_in_no_log_and_in_no_row(caplog: pytest.LogCaptureFixture) -> None:
    user = account()
    post(SIGN_IN, user.username, "hunter2-wrong")
    post(SIGN_IN, "hunter2-in-the-wrong-field", "x")
    assert "hunter2" not in caplog.text
    assert "hunter2" not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("to", ["http://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_nobody_is_led_away(to: str) -> None:
    user = account()
    facts = {"username": user.username, "password": PASSWORD, "next": to}
    answer = Client().post(SIGN_IN, facts, REMOTE_ADDR=address_of_ones_own())
    assert answer["Location"] == "/"


def test_without_anonymous_use_the_page_leads_to_the_sign_in() -> None:
    ada = signed_in(name_of_ones_own())
    with override_settings(CODR=codr_settings.CODR | {"allow_anonymous": False}):
        answer = Client().get("/")
        assert (answer.status_code, answer["Location"]) == (302, f"{SIGN_IN}?next=/")
        assert answer.cookies == {}
        assert Client().get("/api/languages").status_code == 401
        # 503: signed in, and only not built here.
        assert ada.get("/").status_code in (200, 503)


# --- jobs of a browser that signs in --------------------------------------------------------------


@pytest.mark.parametrize("path", [SIGN_IN, ADMIN])
def test_what_one_ran_before_one_signed_in_stays_ones_own(path: str) -> None:
    user, browser = account(is_staff=True), anonymous()
    job, somebody_elses = new_job(browser), new_job("session:else")
    facts = {"username": user.username, "password": PASSWORD}
    answer = browser.client.post(
        path, facts, headers=browser.headers, REMOTE_ADDR=address_of_ones_own()
    )
    assert answer.status_code == 302
    job.refresh_from_db()
    assert (job.owner_key, job.owner_id) == (f"user:{user.pk}", user.pk)
    assert browser.get(f"/api/jobs/{job.pk}").json()["access"] == "owner"
    somebody_elses.refresh_from_db()
    assert somebody_elses.owner_key == "session:else"


def test_a_request_id_that_both_used_is_the_accounts() -> None:
    user, browser = account(), anonymous()
    mine = new_job(f"user:{user.pk}", request_id="same")
    early, other = new_job(browser, request_id="same"), new_job(browser, request_id="other")
    facts = {"username": user.username, "password": PASSWORD}
    browser.client.post(SIGN_IN, facts, headers=browser.headers, REMOTE_ADDR=address_of_ones_own())
    ids = dict(Job.objects.filter(owner_key=f"user:{user.pk}").values_list("pk", "request_id"))
    assert ids == {mine.pk: "same", early.pk: "", other.pk: "other"}


def test_a_made_up_cookie_claims_nothing() -> None:
    user = account()
    job = new_job(owner_key_of_session("of somebody else"))
    client = Client()
    client.cookies["sessionid"] = "another"
    facts = {"username": user.username, "password": PASSWORD}
    client.post(SIGN_IN, facts, REMOTE_ADDR=address_of_ones_own())
    job.refresh_from_db()
    assert job.owner_id is None


# --- the page -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/account/", "/account/password/"])
def test_the_page_is_for_who_is_signed_in(path: str) -> None:
    assert anonymous().get(path)["Location"] == f"{SIGN_IN}?next={path}"
    assert with_key(name_of_ones_own()).get(path).status_code == 302
    answer = signed_in(name_of_ones_own()).get(path)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert not re.search(r"<script|<style|style=| on\w+=", answer.content.decode())


def test_signing_out_takes_a_post_and_a_token() -> None:
    ada = signed_in(name_of_ones_own())
    assert ada.get("/accounts/logout/").status_code == 405
    token, ada.headers = ada.headers, {}
    assert ada.ask("post", "/accounts/logout/").status_code == 403
    ada.headers = token
    assert ada.ask("post", "/accounts/logout/")["Location"] == "/"
    assert ada.get("/account/").status_code == 302
    assert kinds()[-1] == "signed_out"


def post_form(person: Any, path: str, **fields: str) -> Any:
    return person.client.post(path, fields, headers=person.headers)


def test_a_key_is_made_shown_once_and_revoked() -> None:
    ada = signed_in(name_of_ones_own())
    answer = post_form(ada, "/account/keys/", name="my laptop", days="30")
    assert "no-store" in answer["Cache-Control"]
    (secret,) = re.findall(r"codr_[0-9a-f]{8}_[0-9a-f]{48}", answer.content.decode())
    key = ApiKey.objects.get(user=ada.user)
    assert (key.name, key.state) == ("my laptop", "valid")
    assert key.expires_at is not None
    assert (key.expires_at - key.created_at).days in (29, 30)
    used = Client().get("/api/me", headers={"Authorization": f"Bearer {secret}"})
    assert used.json()["name"] == ada.user.username if ada.user else ""
    page = ada.get("/account/").content.decode()
    assert key.shown in page
    assert secret not in page
    assert secret.rpartition("_")[2] not in str(list(Session.objects.values()))
    post_form(ada, f"/account/keys/{key.pk}/revoke/")
    key.refresh_from_db()
    assert key.state == "revoked"
    used = Client().get("/api/me", headers={"Authorization": f"Bearer {secret}"})
    assert used.status_code == 401
    assert [kind for kind in kinds() if kind.startswith("key")] == [
        "key_made",
        "key_used",
        "key_revoked",
        "key_refused",
    ]


def test_nobody_revokes_a_key_of_somebody_else() -> None:
    ada, bob = with_key(name_of_ones_own()), signed_in(name_of_ones_own())
    assert ada.key
    answers = [post_form(bob, f"/account/keys/{which}/revoke/") for which in (ada.key.pk, 0)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert ApiKey.objects.get(pk=ada.key.pk).state == "valid"


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "x" * 101}, {"name": "x", "days": "99999"}, {"name": "a\0b"}]
)
def test_a_key_that_makes_no_sense_is_not_made(fields: dict[str, str]) -> None:
    ada = signed_in(name_of_ones_own())
    answer = post_form(ada, "/account/keys/", **fields)
    assert answer.status_code == 200
    assert 'class="field-problem"' in answer.content.decode()
    assert not ApiKey.objects.filter(user=ada.user).exists()


def test_too_many_keys_are_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MOST_KEYS", 0)
    ada = signed_in(name_of_ones_own())
    assert "Revoke one first." in says(post_form(ada, "/account/keys/", name="one"))


def test_a_page_shows_ones_own_jobs_and_keys_alone() -> None:
    ada, bob = signed_in(name_of_ones_own()), with_key("bob")
    mine, theirs = new_job(ada), new_job(bob)
    assert bob.key
    page = ada.get("/account/").content.decode()
    assert str(mine.pk) in page
    assert str(theirs.pk) not in page
    assert bob.key.prefix not in page


def test_what_people_and_programs_wrote_is_text() -> None:
    ada = signed_in(name_of_ones_own())
    assert ada.user
    api_keys.make(ada.user, "plain")
    new_job(ada, message="plain")
    harmless = Markup(ada.get("/account/").content.decode()).kinds
    for text in [*ATTACKS, *SEQUENCES, *HIDDEN]:
        api_keys.make(ada.user, text.replace("\0", "")[:100])
        new_job(ada, message=text.replace("\0", ""))
    shown = Markup(ada.get("/account/").content.decode())
    assert shown.kinds <= harmless
    assert ATTACKS[0] in shown.text


def test_a_changed_password_signs_other_browsers_out_and_not_this_one() -> None:
    user = account()
    here, there = Client(), Client()
    for client in (here, there):
        facts = {"username": user.username, "password": PASSWORD}
        client.post(SIGN_IN, facts, REMOTE_ADDR=address_of_ones_own())
    new = "another horse battery"
    fields = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    answer = here.post("/account/password/", fields, follow=True)
    assert "The password is changed." in says(answer)
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").status_code == 302
    assert "password_changed" in kinds()


def test_the_old_password_is_not_guessed_at_a_borrowed_browser() -> None:
    user = account()
    client = Client()
    client.force_login(user)
    new = "another horse battery"
    fields = {"old_password": "wrong", "new_password1": new, "new_password2": new}
    for _ in range(attempts.FOR_A_NAME.amount):
        assert "incorrectly" in says(client.post("/account/password/", fields))
    answer = client.post("/account/password/", fields | {"old_password": PASSWORD})
    assert "Too many attempts" in says(answer)


def test_what_is_counted_of_sign_ins_is_kept_by_no_name() -> None:
    name = user_named(name_of_ones_own()).username
    post(SIGN_IN, name, "wrong")
    audit.flush()
    keys = redis_keys()
    assert keys
    assert not any(name in key for key in keys)


def redis_keys() -> list[str]:
    from executor_app.relay.client import client, wait_for

    async def read() -> list[str]:
        return [key.decode() async for key in client().scan_iter("codr:window*")]

    return wait_for(read())


def test_the_account_of_the_page_is_that_of_the_browser_whatever_a_proxy_adds() -> None:
    ada = signed_in("ada")
    job = new_job(ada)
    for header in ("Bearer", "Bearer x", f"Bearer {with_key('bob').secret}"):
        answer = ada.client.get("/account/", headers={"Authorization": header})
        assert answer.status_code == 200
        assert str(job.pk) in answer.content.decode()


def test_the_password_page_of_the_admin_is_the_guarded_one() -> None:
    user = account(is_staff=True)
    client = Client()
    client.force_login(user)
    for method in (client.get, client.post):
        answer = method("/admin/password_change/")
        assert (answer.status_code, answer["Location"]) == (302, "/account/password/")
