"""Saved programs over HTTP: one's own, and those of whoever gave one their link."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from . import allowances, programs
from .answers import (
    JobFile,
    ProgramDetail,
    ProgramFacts,
    ProgramGone,
    ProgramListed,
    ProgramPage,
    ProgramRename,
    ProgramRequest,
    ProgramShared,
)
from .callers import body_of, for_callers, iso
from .errors import UserError
from .identity import Caller
from .models import Job, SavedProgram, unpack_stdin
from .relay.client import wait_for


@for_callers("GET", "HEAD", "POST")
def saved(request: HttpRequest, caller: Caller) -> ProgramPage | ProgramDetail:
    if request.method != "POST":
        listed = [
            ProgramListed(
                **_facts(program), file_name=glimpse.file_name, first_line=glimpse.first_line
            )
            for program, glimpse in programs.own(caller)
        ]
        return ProgramPage(programs=listed)
    asked = body_of(request, ProgramRequest)
    _count(caller)
    return _detail(programs.save(asked, caller))


@for_callers("GET", "HEAD", "PUT", "PATCH", "DELETE")
def program(
    request: HttpRequest, caller: Caller, program_id: str
) -> ProgramDetail | ProgramFacts | ProgramGone:
    match request.method:
        case "PUT":
            asked = body_of(request, ProgramRequest)
            held = programs.find_own(program_id, caller)
            _count(caller)
            return _detail(programs.overwrite(held, asked))
        case "PATCH":
            renamed = body_of(request, ProgramRename)
            held = programs.find_own(program_id, caller)
            return ProgramFacts(**_facts(programs.rename(held, renamed.name)))
        case "DELETE":
            held = programs.find_own(program_id, caller)
            gone = str(held.pk)
            programs.delete(held)
            return ProgramGone(id=gone)
        case _:
            return _detail(programs.find_own(program_id, caller))


@for_callers("POST", "DELETE")
def link(request: HttpRequest, caller: Caller, program_id: str) -> ProgramFacts:
    held = programs.find_own(program_id, caller)
    change = programs.share if request.method == "POST" else programs.unshare
    return ProgramFacts(**_facts(change(held, caller)))


@for_callers("GET", "HEAD")
def shared(request: HttpRequest, caller: Caller, link: str) -> ProgramShared:
    held = programs.find_shared(link, caller)
    return ProgramShared(
        name=held.name,
        language=held.language,
        changed_at=iso(held.changed_at),
        files=files_of(held),
        is_own=held.owner_key == caller.owner.key,
        **given_to(held),
    )


def _count(caller: Caller) -> None:
    """Saving costs what submitting does: nobody fills the table by the minute."""
    wait_for(allowances.count_submission(allowances.shares_of(caller.owner)))


def _facts(held: SavedProgram) -> dict[str, Any]:
    return {
        "id": str(held.pk),
        "name": held.name,
        "language": held.language,
        "size": held.size,
        "created_at": iso(held.created_at),
        "changed_at": iso(held.changed_at),
        "link": held.link,
    }


def _detail(held: SavedProgram) -> ProgramDetail:
    return ProgramDetail(**_facts(held), **given_to(held), files=files_of(held))


def files_of(held: Job | SavedProgram) -> list[JobFile]:
    try:
        return [JobFile(name=f.name, content=f.content, encoding=f.encoding) for f in held.files]
    except (zlib.error, ValueError):
        raise UserError("unavailable", "The source cannot be read.") from None


def given_to(held: Job | SavedProgram) -> Mapping[str, Any]:
    """What it is given before it runs, as `answers.GivenBefore` has it."""
    facts = {"arguments": held.arguments, "limits": held.limits}
    raw = unpack_stdin(held.stdin)
    if raw is None:
        return facts | {"stdin": None, "encoding": "utf-8"}
    try:
        return facts | {"stdin": raw.decode("utf-8"), "encoding": "utf-8"}
    except UnicodeDecodeError:
        return facts | {"stdin": base64.b64encode(raw).decode("ascii"), "encoding": "base64"}
