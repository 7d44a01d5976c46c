"""No program can tell whether its interpreter was started for it or has been waiting."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from executor_app.protocol import Stream
from executor_app.runner import warm
from executor_app.runner.early import may_be_early
from executor_app.runner.host import Host
from executor_app.runner.sandbox import BACKENDS
from executor_app.runner.spec import RunSpec
from tests.runner.alike import ANSWERS, FILES, LATE, PROGRAMS
from tests.runner.driver import Talk, hold, spec
from tests.runner.test_warm import keeping, taken_by

pytestmark = pytest.mark.slow

UID = 1_360_000_000 + os.getpid() % 100_000 * 100
STREAMS: tuple[Stream, ...] = ("stdout", "stderr")


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    opened = Host.open(
        name=f"alike-{request.param}-{os.getpid()}",
        folder=tmp_path_factory.mktemp(request.param),
        sandbox=request.param,
        slots=1,
        warm=2,
        uid_base=UID,
    )
    yield opened
    opened.close()


def outcome(talk: Talk) -> dict[str, Any]:
    """All that its user gets of it but for figures, with the number of the job's user left out."""
    end = talk.complete
    said = [re.sub(rb"13[67]\d{7}", b"USER", talk.output(s)) for s in STREAMS]
    return {
        "output": said,
        "prompts": talk.prompts,
        "statuses": talk.statuses,
        "end": (end.status, end.exit_code, end.signal, end.message, end.truncated),
    }


async def both(
    host: Host, job: RunSpec, answers: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[dict[str, Any], dict[str, Any], str]:
    """What comes of it in a jail of its own, and in one that waited; and of which kind that was."""
    monkeypatch.setattr(warm, "PATIENCE_S", 0.0)
    cold = outcome(await hold(host, job, answers))
    async with keeping(host, job.language.name) as pool:
        given = taken_by(pool, monkeypatch)
        warmed = outcome(await hold(host, job, answers))
    (used,) = given
    assert used is not None
    return cold, warmed, used.kind


@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_program_that_was_waited_for_says_the_same(
    host: Host, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    language, code = PROGRAMS[name]
    cold, warmed, kind = await both(host, spec(language, code), ANSWERS.get(name, []), monkeypatch)
    assert warmed == cold
    assert kind == language


@pytest.mark.parametrize("name", FILES)
async def test_so_does_one_of_several_files(
    host: Host, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    language, files = FILES[name]
    cold, warmed, kind = await both(host, spec(language, files=files), [], monkeypatch)
    assert warmed == cold
    assert kind == language


async def test_and_one_that_asks_for_the_size_of_another_window(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = spec("python", "import os; print(os.get_terminal_size(0))", cols=132, rows=43)
    cold, warmed, kind = await both(host, job, [], monkeypatch)
    assert warmed == cold
    assert b"columns=132, lines=43" in warmed["output"][0]
    assert kind == "python"


@pytest.mark.parametrize("name", LATE)
async def test_one_that_could_tell_gets_an_interpreter_of_its_own(
    host: Host, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    language, files = LATE[name]
    job = spec(language, files=files)
    cold, warmed, kind = await both(host, job, [], monkeypatch)
    assert warmed == cold
    assert kind == warm.BARE


def test_few_programs_have_to_do_without() -> None:
    for language, code in (*PROGRAMS.values(), ("python", "encoding = 'latin-1'\n\n# coding: x")):
        job = spec(language, code)
        assert may_be_early(job.language, job.files), code
