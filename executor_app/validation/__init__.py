"""Looks at a program before it runs and says, in words, what its policy does not allow.

It stands at the web's edge, between the `execute` message and the job. It is a courtesy: a clear
sentence with a line number in place of a puzzling failure inside the sandbox. The sandbox is the
wall, and holds without it. What is allowed is data, in `allowlists/`; this package only walks.
"""

from collections.abc import Callable, Iterator, Sequence

from . import c_family, javascript, python, rust
from .budget import Budget
from .collector import collector_paused
from .findings import (
    MAX_FINDINGS,
    Finding,
    Hit,
    Policy,
    SourceFile,
    UncheckableError,
    findings_from,
)

__all__ = ["MAX_FINDINGS", "Finding", "Policy", "validate"]

#: Files to check, names of all files, policy, budget.
Checker = Callable[[Sequence[SourceFile], frozenset[str], Policy, Budget], Iterator[Hit]]

CHECKERS: dict[str, tuple[Checker, tuple[str, ...]]] = {
    "python": (python.check, (".py", ".pyw")),
    "javascript": (javascript.check, (".js", ".mjs", ".cjs")),
    "c": (c_family.check_c, c_family.EXTENSIONS),
    "cpp": (c_family.check_cpp, c_family.EXTENSIONS),
    "rust": (rust.check, (".rs",)),
}


def validate(language: str, files: Sequence[tuple[str, bytes]], policy: Policy) -> list[Finding]:
    """What `policy` refuses in these files, in reading order; an empty list lets the job run.

    The first file is the program and always checked, others by their extension. Source that is
    wrong in itself is no finding: the compiler says that better. Raises `KeyError` for a language
    that has no allowlist; CPU time is bounded, whatever the source.
    """
    checker, extensions = CHECKERS[language]
    if policy is Policy.OFF:
        return []
    sources = [
        SourceFile(name, code)
        for position, (name, code) in enumerate(files)
        if position == 0 or name.lower().endswith(extensions)
    ]
    names = frozenset(name for name, _ in files)
    hits: list[Hit] = []
    try:
        with collector_paused(sum(len(source.code) for source in sources)):
            hits.extend(checker(sources, names, policy, Budget()))
    except UncheckableError as defeat:
        # What was found before is more useful than to hear that there may be more.
        hits = hits or [defeat.hit]
    return findings_from(hits, sources, policy)
