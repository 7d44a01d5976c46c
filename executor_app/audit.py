"""The audit trail: who came in, who was turned away, and what staff did to others' jobs.

Each event is one line of JSON of the logger `codr.audit`, and one row that staff see in the admin.
Telling of it never fails whoever tells: where the database is away the line stands. What a stranger
can cause as often as they like is counted: the same kind by the same person from the same address
is written once, and a minute later how often it was. What people do with their own jobs and keys is
counted the same way for each job and key.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import logging
import threading
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models import F
from django.utils import timezone

from .database import visit
from .models import AuditEvent
from .networks import network_of

logger = logging.getLogger(__name__)
trail = logging.getLogger("codr.audit")

Kind = AuditEvent.Kind

WINDOW_S: Final = 60.0
# What one process writes of each counted kind in a window. An attacker with many addresses, which
# with IPv6 is everyone, would fill the table otherwise; who comes after shares one row per kind.
MOST_ROWS: Final = 600
# Of all kinds together from one address, so that nobody spends alone what is for all. The rest of
# what comes from there is one row per kind that has the address still.
MOST_ROWS_OF_ADDRESS: Final = 20
OTHERS: Final = "further people and addresses, counted together"
# Of all acts together by one account, or where there is none, from one address: more than a job
# can be shared with.
MOST_ACTS: Final = 80
FURTHER: Final = "further ones, counted together"

# What staff did to what is others': all are written.
EACH: Final = frozenset(
    {Kind.JOB_CANCELLED, Kind.JOB_DELETED, Kind.PROGRAM_DELETED, Kind.LIMITS_CHANGED}
)

# What people do with what is theirs, in turns as often as they like: each thing has a row.
ACTS: Final = frozenset(
    {
        Kind.KEY_MADE,
        Kind.KEY_REVOKED,
        Kind.PASSWORD_CHANGED,
        Kind.JOB_SHARED,
        Kind.JOB_UNSHARED,
        Kind.PROGRAM_SHARED,
        Kind.PROGRAM_UNSHARED,
    }
)

# Who came in is always named: only those who may can cause it, and it is what one looks for when
# there was a flood.
ALWAYS_NAMED: Final = frozenset({Kind.SIGNED_IN, Kind.KEY_USED})


@dataclass(frozen=True, slots=True)
class Event:
    """`user_id` is who did it; of a sign-in that failed, whose account was tried."""

    kind: Kind
    owner_key: str
    user_id: int | None
    address: str
    job_id: str
    detail: str

    @property
    def who(self) -> tuple[str, ...]:
        """What is counted together; the row has the first address of its network. One account
        may use several keys, which `detail` names, and do the same with several things."""
        what = self.detail if self.kind in ACTS | {Kind.KEY_USED} else ""
        job_id = self.job_id if self.kind in ACTS else ""
        network = network_of(self.address)
        return self.kind.value, self.owner_key, str(self.user_id), network, what, job_id


@dataclass(slots=True)
class _Counted:
    """One window of one kind by one person. `untold` came after what the row and the log have."""

    event: Event
    began: float
    row: int | None
    untold: int = 0


def record(
    kind: Kind,
    *,
    owner_key: str = "",
    user_id: int | None = None,
    address: str = "",
    job_id: str = "",
    detail: str = "",
) -> None:
    """For threads. `detail` may hold what people sent; secrets it must not."""
    try:
        event = Event(
            kind=Kind(kind),
            owner_key=_text(owner_key, 100),
            user_id=user_id,
            address=_text(address, 64),
            job_id=_text(job_id, 36),
            detail=_text(detail, 500),
        )
        if event.kind in EACH:
            _tell(event, times=1)
            _write(event)
        else:
            _counter.add(event)
    except Exception:
        # Whatever it was, a request must not fail because it could not be written down.
        logger.exception("an audit event could not be recorded")


async def record_async(kind: Kind, **facts: Any) -> None:
    """The same for coroutines."""
    with contextlib.suppress(TimeoutError):  # it is in the log
        await visit(record, kind, **facts)


def expire(before: datetime) -> int:
    """Deletes the rows whose last occurrence was before; how many."""
    return AuditEvent.objects.filter(last_at__lt=before).delete()[0]


def flush() -> None:
    """Writes down at once how often everything has been."""
    _counter.close_windows(time.monotonic() + WINDOW_S)


class _Counter:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: OrderedDict[tuple[str, ...], _Counted] = OrderedDict()
        # How many of them there are of each kind and of each address.
        self._spent: Counter[str] = Counter()
        self._timer: threading.Timer | None = None

    def add(self, event: Event) -> None:
        self.close_windows(time.monotonic())
        with self._lock:
            event = self._within_budgets(event)
            counted = self._windows.get(event.who)
            if counted is not None:
                counted.untold += 1
                self._look_again_soon()
                return
            # Before it is written, so that whoever comes meanwhile is counted and does not write.
            counted = self._windows[event.who] = _Counted(event, time.monotonic(), None)
            self._spent.update(_budgets(event))
        _tell(event, times=1)
        counted.row = _write(event)

    def _within_budgets(self, event: Event) -> Event:
        """As it may be counted: with less of a name where too much was named already."""
        if event.kind in ALWAYS_NAMED or event.who in self._windows:
            return event
        kind, own = _budgets(event)
        if event.kind in ACTS:
            if self._spent[own] >= MOST_ACTS:
                event = replace(event, job_id="", detail=FURTHER)
        elif self._spent[own] >= MOST_ROWS_OF_ADDRESS:
            event = replace(event, owner_key="", user_id=None, job_id="", detail=OTHERS)
        if event.who not in self._windows and self._spent[kind] >= MOST_ROWS:
            event = replace(event, owner_key="", user_id=None, address="", job_id="", detail=OTHERS)
        return event

    def close_windows(self, now: float) -> None:
        closed = []
        with self._lock:
            while self._windows:
                oldest = next(iter(self._windows.values()))
                if now - oldest.began < WINDOW_S:
                    break
                closed.append(self._windows.popitem(last=False)[1])
                self._spent.subtract(_budgets(oldest.event))
                self._spent = +self._spent
        for counted in closed:
            if counted.untold:
                _tell(counted.event, times=1 + counted.untold)
                _count(counted)

    def forget(self) -> None:
        with self._lock:
            self._windows.clear()
            self._spent.clear()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _look_again_soon(self) -> None:
        """A flood that stops is written down too: nobody may come after it."""
        if self._timer is None:
            self._timer = threading.Timer(WINDOW_S, self._on_time)
            self._timer.daemon = True
            self._timer.start()

    def _on_time(self) -> None:
        try:
            self.close_windows(time.monotonic())
        except Exception:
            logger.exception("audit events could not be counted")
        finally:
            connections.close_all()  # this thread's own
            with self._lock:
                self._timer = None
                if any(counted.untold for counted in self._windows.values()):
                    self._look_again_soon()


def _budgets(event: Event) -> tuple[str, ...]:
    """What its row is paid from: that of its kind, and that of its address or of who acts."""
    if event.kind in ALWAYS_NAMED:
        return ()
    kind, _, user, network, *_ = event.who
    if event.kind in ACTS:
        return f"kind {kind}", f"acts {user if event.user_id is not None else network}"
    return f"kind {kind}", f"address {network}"


_counter = _Counter()
# What is still being counted when the process ends.
atexit.register(flush)


def _tell(event: Event, times: int) -> None:
    """JSON in ASCII: nothing that somebody sent can end the line or colour the terminal."""
    facts = {
        "kind": event.kind.value,
        "owner": event.owner_key,
        "user": event.user_id,
        "address": event.address,
        "job": event.job_id,
        "detail": event.detail,
    }
    given = {name: value for name, value in facts.items() if value not in ("", None)}
    trail.info("%s", json.dumps(given | {"times": times}, ensure_ascii=True))


def _write(event: Event) -> int | None:
    try:
        # A savepoint: where the caller is in a transaction, a mistake here does not break it.
        with transaction.atomic():
            return AuditEvent.objects.create(
                kind=event.kind,
                owner_key=event.owner_key,
                user_id=event.user_id,
                user_name=_name_of(event.user_id),
                address=event.address,
                job_id=event.job_id,
                detail=event.detail,
            ).pk
    except Exception:
        logger.exception("an audit event is only in the log: the database did not take it")
        return None


def _count(counted: _Counted) -> None:
    """Into the row; one that could not be written then is written now."""
    row = counted.row if counted.row is not None else _write(counted.event)
    if row is None:
        return
    try:
        with transaction.atomic():
            AuditEvent.objects.filter(pk=row).update(
                times=F("times") + counted.untold, last_at=timezone.now()
            )
    except Exception:
        logger.exception("how often it was is only in the log: the database did not take it")


def _name_of(user_id: int | None) -> str:
    """As it is now: the trail outlives the account."""
    if user_id is None:
        return ""
    found = get_user_model().objects.filter(pk=user_id).values_list("username", flat=True).first()
    return str(found or "")


def _text(value: str, most: int) -> str:
    """As every database takes it: PostgreSQL's text cannot hold U+0000, nor a half of a pair."""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:most]
