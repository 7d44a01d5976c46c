"""API keys: made, shown once, found again by what a request brings, revoked.

A key is `codr_<prefix>_<secret>`. The prefix finds its row; the row has a hash of the whole.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.utils import timezone

from . import audit
from .errors import UserError
from .models import ApiKey

SECRET_BYTES: Final = 24
PREFIX_BYTES: Final = 4
# A last use is written down at most this often: a busy key would be a busy row.
SEEN_EVERY: Final = timedelta(minutes=1)
# Of one account, not counting those that are revoked.
MOST_KEYS: Final = 50
# Those stay to be seen; whoever makes and revokes them all day fills no table.
MOST_REVOKED: Final = 50
NOT_VALID: Final = "This API key is not valid. It may be mistyped, revoked or expired."
_KEY: Final = re.compile(rf"codr_([0-9a-f]{{{2 * PREFIX_BYTES}}})_[0-9a-f]{{{2 * SECRET_BYTES}}}")


class BadKeyError(UserError):
    """In the same words whatever is wrong with it."""

    def __init__(self) -> None:
        super().__init__("bad_key", NOT_VALID)


class TooManyKeysError(UserError):
    def __init__(self) -> None:
        super().__init__("too_many_keys", f"You have {MOST_KEYS} keys. Revoke one first.")


def has_room(user: AbstractBaseUser) -> bool:
    return ApiKey.objects.filter(user_id=user.pk, revoked_at=None).count() < MOST_KEYS


def make(
    user: AbstractBaseUser,
    name: str,
    *,
    expires_at: datetime | None = None,
    by: int | None = None,
    address: str = "",
) -> tuple[ApiKey, str]:
    """The row, and the key itself, which nobody can show again. `by`: the account that made it."""
    if not has_room(user):
        raise TooManyKeysError
    prefix = secrets.token_hex(PREFIX_BYTES)
    secret = f"codr_{prefix}_{secrets.token_hex(SECRET_BYTES)}"
    key = ApiKey.objects.create(
        user_id=user.pk, name=name, prefix=prefix, hash=_hash(secret), expires_at=expires_at
    )
    _audit(audit.Kind.KEY_MADE, key, by, address)
    return key, secret


def revoke(key: ApiKey, *, by: int | None = None, address: str = "") -> bool:
    """Whether it was valid until now."""
    unrevoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None)
    if not unrevoked.update(revoked_at=timezone.now()):
        return False
    revoked = ApiKey.objects.filter(user_id=key.user_id).exclude(revoked_at=None)
    kept = revoked.order_by("-revoked_at", "-pk").values_list("pk", flat=True)[:MOST_REVOKED]
    revoked.exclude(pk__in=list(kept)).delete()
    _audit(audit.Kind.KEY_REVOKED, key, by, address)
    return True


def find(secret: str, address: str) -> ApiKey:
    """The key and its user; raises BadKeyError."""
    match = _KEY.fullmatch(secret)
    found = ApiKey.objects.select_related("user").filter(prefix=match[1] if match else "").first()
    # Compared with something in any case, and in constant time: how long it takes tells nothing.
    if not hmac.compare_digest(_hash(secret), found.hash if found is not None else _hash("")):
        found = None
    if found is None:
        audit.record(audit.Kind.KEY_REFUSED, address=address, detail="no such key")
        raise BadKeyError
    if found.state != "valid" or not found.user.is_active:
        why = found.state if found.state != "valid" else "its account is switched off"
        _audit(audit.Kind.KEY_REFUSED, found, found.user_id, address, why)
        raise BadKeyError
    _see(found)
    _audit(audit.Kind.KEY_USED, found, found.user_id, address)
    return found


def _see(key: ApiKey) -> None:
    now = timezone.now()
    if key.last_used_at is None or now - key.last_used_at >= SEEN_EVERY:
        not_seen = Q(last_used_at=None) | Q(last_used_at__lte=now - SEEN_EVERY)
        ApiKey.objects.filter(not_seen, pk=key.pk).update(last_used_at=now)


def _hash(secret: str) -> str:
    """A fast hash, where passwords need a slow one: nobody guesses 192 random bits, however fast
    they try, and every request of a program pays for it."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _audit(kind: audit.Kind, key: ApiKey, by: int | None, address: str, why: str = "") -> None:
    whose = f" of user {key.user_id}" if by != key.user_id else ""
    audit.record(
        kind,
        owner_key=f"user:{by}" if by is not None else "",
        user_id=by,
        address=address,
        detail=f"{key.shown} {key.name}{whose}{f': {why}' if why else ''}",
    )
