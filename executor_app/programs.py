"""Saved programs: a person's own, under names of theirs, and whoever has a program's link sees it.

For everybody else a program does not exist. Who is known by an address alone, which others may
share, can save none.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import BinaryField, Sum
from django.db.models.functions import Substr
from django.utils import timezone

from . import audit
from .access import new_token
from .answers import ProgramRequest
from .conf import conf
from .errors import UserError
from .identity import Caller
from .jobs import Owner
from .models import GLIMPSE_BYTES, Glimpse, Job, SavedProgram, pack_stdin

MOST_NAME_CHARS: Final = 100


class NoSuchProgramError(UserError):
    """Not there, or not for this caller: nobody learns which."""

    def __init__(self) -> None:
        super().__init__("no_such_program", "There is no such program.")


class NameTakenError(UserError):
    def __init__(self, name: str) -> None:
        super().__init__("name_taken", f"You have a program called {name} already.")


class NoRoomError(UserError):
    def __init__(self, most: str) -> None:
        text = f"You can keep {most}. Delete one that you no longer need first."
        super().__init__("too_many_programs", text)


class NoSessionError(UserError):
    def __init__(self) -> None:
        text = "Only an account or a browser with cookies can keep programs. Sign in first."
        super().__init__("no_session", text)


def own(caller: Caller) -> list[tuple[SavedProgram, Glimpse]]:
    """All of them, the latest first. Of the sources no more than the beginnings are read."""
    beginning = Substr("source", 1, GLIMPSE_BYTES, output_field=BinaryField())
    held = SavedProgram.objects.filter(owner_key=caller.owner.key).annotate(beginning=beginning)
    return [(each, Glimpse.of(each.beginning)) for each in held.defer("source", "stdin")]


def find_own(program_id: str, caller: Caller) -> SavedProgram:
    """Raises NoSuchProgramError, and writes that down."""
    try:
        wanted = uuid.UUID(program_id)
    except ValueError:
        wanted = uuid.UUID(int=0)  # asks all the same, and is answered the same
    held = SavedProgram.objects.filter(pk=wanted, owner_key=caller.owner.key).first()
    return _found(held, caller, program_id)


def find_shared(link: str, caller: Caller) -> SavedProgram:
    """Raises NoSuchProgramError, and writes that down."""
    return _found(SavedProgram.objects.filter(link=link.replace("\0", "")).first(), caller)


def _found(held: SavedProgram | None, caller: Caller, asked: str = "by a link") -> SavedProgram:
    if held is None:
        audit.record(audit.Kind.NO_SUCH_PROGRAM, detail=asked, **caller.facts)
        raise NoSuchProgramError
    return held


def save(asked: ProgramRequest, caller: Caller) -> SavedProgram:
    """A new one. Raises NameTakenError, NoRoomError and NoSessionError."""
    owner = caller.owner
    if owner.key.startswith("address:"):
        raise NoSessionError
    program = SavedProgram(owner_key=owner.key, owner_id=owner.user_id)
    return _write(program, asked)


def overwrite(program: SavedProgram, asked: ProgramRequest) -> SavedProgram:
    """All of it. Its link stays, and leads to what it is now."""
    return _write(program, asked)


def _write(program: SavedProgram, asked: ProgramRequest) -> SavedProgram:
    stdin = asked.stdin_raw
    program.name = asked.name.strip()
    program.language = asked.language
    program.source = Job.pack_files(asked.files)
    program.arguments = asked.args
    program.stdin = pack_stdin(stdin)
    program.limits = asked.limits.model_dump(exclude_none=True) if asked.limits else None
    program.size = sum(len(file.raw) for file in asked.files) + len(stdin or b"")
    program.changed_at = timezone.now()
    return _in_its_place(program)


def rename(program: SavedProgram, name: str) -> SavedProgram:
    program.name = name.strip()
    return _in_its_place(program)


def _in_its_place(program: SavedProgram) -> SavedProgram:
    if not program.name:
        raise UserError("bad_request", "`name`: give the program a name.")
    try:
        with transaction.atomic():
            program.save()
            _check_room(program)
    except IntegrityError:
        same = SavedProgram.objects.filter(owner_key=program.owner_key, name=program.name)
        if same.exclude(pk=program.pk).exists():
            raise NameTakenError(program.name) from None
        raise  # the account has just been deleted
    return program


def _check_room(program: SavedProgram) -> None:
    """After it was written, which is undone where there is none. Two at once may both find the last
    place: one too many does no harm."""
    held = SavedProgram.objects.filter(owner_key=program.owner_key)
    most, most_bytes = conf().programs_per_owner, conf().program_bytes_per_owner
    if most and held.count() > most:
        raise NoRoomError(f"{most} programs at most")
    if most_bytes and (held.aggregate(sum=Sum("size"))["sum"] or 0) > most_bytes:
        raise NoRoomError(f"programs of {most_bytes // 1024 / 1024:.3g} MB together at most")


def delete(program: SavedProgram) -> None:
    program.delete()


def share(program: SavedProgram, caller: Caller) -> SavedProgram:
    """Gives it a link, if it has none."""
    shared = SavedProgram.objects.filter(pk=program.pk, link=None).update(link=new_token())
    if shared:
        _audit(audit.Kind.PROGRAM_SHARED, program, caller)
    program.refresh_from_db(fields=["link"])
    return program


def unshare(program: SavedProgram, caller: Caller) -> SavedProgram:
    """The link leads nowhere from now on, and nobody gets it again."""
    if SavedProgram.objects.filter(pk=program.pk).exclude(link=None).update(link=None):
        _audit(audit.Kind.PROGRAM_UNSHARED, program, caller)
    program.link = None
    return program


def claim(session_key: str, owner: Owner) -> None:
    """Gives the programs of a browser's session to the account that has signed in there; those of
    a name that the account has too get another."""
    for program in SavedProgram.objects.filter(owner_key=session_key).defer("source", "stdin"):
        taken = set(SavedProgram.objects.filter(owner_key=owner.key).values_list("name", flat=True))
        SavedProgram.objects.filter(pk=program.pk).update(
            owner_key=owner.key, owner_id=owner.user_id, name=_free(program.name, taken)
        )


def _free(name: str, taken: set[str]) -> str:
    free, count = name, 2
    while free in taken:
        ending = f" ({count})"
        free = name[: MOST_NAME_CHARS - len(ending)] + ending
        count += 1
    return free


def expire(before: datetime) -> int:
    """Deletes those of people without an account that were changed last before; how many."""
    return SavedProgram.objects.filter(owner=None, changed_at__lt=before).delete()[0]


def _audit(kind: audit.Kind, program: SavedProgram, caller: Caller) -> None:
    audit.record(kind, detail=f"{program.pk} {program.name}", **caller.facts)
