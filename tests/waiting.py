"""Jails that wait for a job that is still to come: they are there while nothing runs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from executor_app.languages import languages
from executor_app.runner.warm import NAME

NUMBERED = re.compile(re.escape(NAME).replace(r"\{\}", r"\d+"))
# One of each kind, once nobody has asked for any for a while.
AT_REST = 1 + sum(language.early is not None for language in languages().values())


def waiting(jobs: Iterable[Path]) -> set[str]:
    """Those of the folders of an executor's jobs that no job has: one that a job has is named by a
    link with the job's id."""
    jobs = list(jobs)
    taken = {os.readlink(path) for path in jobs if path.is_symlink()}
    return {path.name for path in jobs if NUMBERED.fullmatch(path.name)} - taken
