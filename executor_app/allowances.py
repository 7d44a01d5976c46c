"""How much of the machine one owner may use, and what they are told when it is used up.

Defaults come from the settings; an `Allowance` in the admin changes them for one owner. Who has no
account can have as many sessions as they like, so all of them at one address are bounded together
as well, by a multiple of what one may use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .conf import conf
from .errors import UserError
from .jobs import Owner
from .models import Allowance
from .networks import network_of
from .relay import quotas

WHEN_ONE_ENDS: Final = "Wait until one of them ends, or stop one."


class TooManyError(UserError):
    """An allowance is used up. `retry_after_s` is when to come back; None where nobody knows."""

    def __init__(self, code: str, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class Share:
    """What one payer may use; 0 is no bound. `is_address`: all who come from there together."""

    payer: str
    submissions_per_minute: int
    concurrent_jobs: int
    cpu_seconds_per_hour: int
    is_address: bool = False


def shares_of(owner: Owner) -> list[Share]:
    """Everybody who pays for a job of this owner. Reads the database; none where limits are off."""
    settings = conf()
    if not settings.rate_limits:
        return []
    usual = (
        settings.submissions_per_minute,
        settings.concurrent_jobs,
        settings.cpu_seconds_per_hour,
    )
    own = Allowance.objects.filter(owner_key=owner.key).first()
    shares = [Share(owner.key, *(own.applied_to(usual) if own else usual))]
    if owner.user_id is None and own is None and owner.address:
        submissions, concurrent, cpu_seconds = (
            each * settings.owners_per_address for each in usual
        )
        network = f"from:{network_of(owner.address)}"
        shares.append(Share(network, submissions, concurrent, cpu_seconds, is_address=True))
    return shares


async def count_submission(shares: Sequence[Share]) -> None:
    """Raises TooManyError where a payer has sent too many within a minute, or used too much."""
    for share in shares:
        most = share.submissions_per_minute
        if most and (wait_s := await quotas.count_submission(share.payer, most)):
            whose = "All at your address together" if share.is_address else "You"
            text = f"{whose} have sent {most} programs within a minute, which is the limit. "
            raise TooManyError("too_many_submissions", text + _come_back(wait_s), wait_s)
    for share in shares:
        most = share.cpu_seconds_per_hour
        if most and (use := await quotas.cpu_use(share.payer)).used_s >= most:
            whose = "The programs of all at your address" if share.is_address else "Your programs"
            text = f"{whose} have used this hour's {most} seconds of CPU time. "
            wait_s = use.next_hour_in_s
            raise TooManyError("too_much_cpu_time", text + _come_back(wait_s), wait_s)


async def admit(job_id: str, shares: Sequence[Share]) -> None:
    """Takes a place among the jobs at once for it. Raises TooManyError where there is none."""
    admitted: list[str] = []
    for share in shares:
        most = share.concurrent_jobs
        if not most or await quotas.admit(job_id, share.payer, most):
            admitted.append(share.payer)
            continue
        await quotas.release(job_id, admitted)
        whose = "All at your address together" if share.is_address else "You"
        text = f"{whose} have {most} jobs that wait or run, which is the limit. {WHEN_ONE_ENDS}"
        raise TooManyError("too_many_jobs", text)


def _come_back(wait_s: float) -> str:
    if wait_s > 90:
        return f"Try again in {math.ceil(wait_s / 60)} minutes."
    whole = math.ceil(wait_s)
    return f"Try again in {whole} second{'' if whole == 1 else 's'}."
