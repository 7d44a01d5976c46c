"""Who pays for a job, and how much they may use, from the settings and from the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test.utils import override_settings

from executor_app.allowances import Share, shares_of
from executor_app.jobs import Owner
from executor_app.models import Allowance

pytestmark = pytest.mark.usefixtures("database", "no_jobs")
USUAL = {
    "rate_limits": True,
    "submissions_per_minute": 60,
    "concurrent_jobs": 10,
    "cpu_seconds_per_hour": 1200,
    "owners_per_address": 30,
}


@pytest.fixture(autouse=True)
def limits() -> Iterator[None]:
    codr: dict[str, Any] = {**settings.CODR, **USUAL}
    with override_settings(CODR=codr):
        yield
    Allowance.objects.all().delete()


def test_an_account_pays_alone() -> None:
    ada = User.objects.create_user("ada")
    owner = Owner(f"user:{ada.pk}", user_id=ada.pk, address="192.0.2.1")
    assert shares_of(owner) == [Share(owner.key, 60, 10, 1200)]


def test_who_has_no_account_pays_with_all_at_their_address() -> None:
    assert shares_of(Owner("session:abc", address="192.0.2.1")) == [
        Share("session:abc", 60, 10, 1200),
        Share("from:192.0.2.1", 1800, 300, 36000, is_address=True),
    ]


def test_ipv6_addresses_of_one_customer_are_one() -> None:
    payers = {
        shares_of(Owner(f"address:{address}", address=address))[1].payer
        for address in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:0:9::")
    }
    assert payers == {"from:2001:db8::/64"}


def test_an_allowance_takes_the_place_of_what_is_usual() -> None:
    Allowance.objects.create(owner_key="session:abc", concurrent_jobs=500, cpu_seconds_per_hour=0)
    assert shares_of(Owner("session:abc", address="192.0.2.1")) == [
        Share("session:abc", 60, 500, 0)
    ]


def test_where_limits_are_off_nobody_pays() -> None:
    with override_settings(CODR={**settings.CODR, "rate_limits": False}):
        assert shares_of(Owner("session:abc", address="192.0.2.1")) == []


def test_what_is_unbounded_for_one_is_unbounded_for_an_address() -> None:
    with override_settings(CODR={**settings.CODR, "concurrent_jobs": 0}):
        assert [share.concurrent_jobs for share in shares_of(Owner("x", address="::1"))] == [0, 0]
