"""Two releases that follow each other side by side: each job runs, whoever of them has it.

The other release is the same code with the numbers that it would have in `relay/versions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.client import connect
from tests.server.parts import Parts
from tests.stack import CHECKOUT, ended_row, free_port

pytestmark = pytest.mark.slow
# READ and WRITTEN of the older one and of the newer: first a version is read, then written.
STEPS = {"reads it": ((1, 1), (2, 1)), "writes it": ((2, 1), (2, 2))}
AS_OF = """\
from executor_app.relay import versions
versions.READ, versions.WRITTEN = {}, {}
"""


@pytest.fixture(scope="module", params=STEPS.values(), ids=list(STEPS))
def parts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Parts]:
    state = tmp_path_factory.mktemp("codr-releases")
    parts = Parts(state, {"CODR_EXECUTOR_NAME": f"releases-{free_port()}"})
    older, newer = (
        _release(state / name, *numbers)
        for name, numbers in zip(("older", "newer"), request.param, strict=True)
    )
    try:
        parts.start("redis")
        parts.start("recorder", **older)
        parts.start("executor", **older)
        another = parts.name_of("newer-executor")
        parts.start("executor", "newer-executor", **newer, CODR_EXECUTOR_NAME=another)
        parts.start("web", **older)
        parts.start("web", "newer-web", **newer)
        parts.until_ready()
        yield parts
    finally:
        parts.stop_all()


def _release(folder: Path, read: int, written: int) -> dict[str, str]:
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(AS_OF.format(read, written))
    return {"PYTHONPATH": f"{folder}:{CHECKOUT}"}


@pytest.mark.parametrize(("submits", "follows"), [("web", "newer-web"), ("newer-web", "web")])
async def test_a_job_runs_wherever_it_gets_and_is_followed_through_either(
    parts: Parts, submits: str, follows: str
) -> None:
    ran: set[str] = set()
    while len(ran) < 2:
        async with connect(parts.url(submits)) as client:
            job = await client.execute("python", "print(input('who? '))")
            await client.until("input_request")
            async with connect(parts.url(follows)) as other:
                await other.send({"type": "attach", "job_id": job["job_id"]})
                await other.until("input_request")
                await other.answer("ada")
                await other.until("complete")
            await client.until("complete")
        assert client.text() == other.text() == "ada\n"
        row = await ended_row(parts.state, job["job_id"])
        assert row["status"] == "completed"
        ran.add(row["worker"])
    assert len(ran) == 2
