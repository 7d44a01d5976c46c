"""The link of a job over HTTP, and what the list says of jobs."""

from __future__ import annotations

from typing import Any

import pytest

from executor_app.models import AuditEvent, Glimpse, Job, JobLink
from executor_app.models import pack_stdin as packed
from executor_app.protocol import SourceFile
from tests.access.conftest import anonymous, new_job, signed_in, with_key

pytestmark = pytest.mark.usefixtures("database", "clean", "redis")


def test_whoever_has_a_jobs_link_sees_it_until_it_is_taken_back() -> None:
    ada, visitor = with_key("ada"), anonymous()
    job = new_job(ada, arguments=["x"], stdin=packed(b"given"))
    address = f"/api/jobs/{job.pk}/link"
    assert ada.get(address).json() == {"link": None, "may_type": False}
    link = ada.ask("put", address, {"may_type": False}).json()["link"]
    seen = visitor.get(f"/api/watch/{link}").json()
    assert (seen["job_id"], seen["may_type"], seen["is_own"]) == (str(job.pk), False, False)
    assert (seen["files"][0]["name"], seen["stdin"]) == ("main.py", "given")
    again = ada.ask("put", address, {"may_type": True}).json()
    assert again == {"link": link, "may_type": True}
    assert visitor.get(f"/api/watch/{link}").json()["may_type"] is True
    assert ada.ask("delete", address).json() == {"link": None, "may_type": False}
    gone, *never = (visitor.get(f"/api/watch/{each}") for each in (link, "x" * 22, "%00", "é"))
    assert gone.status_code == 404
    assert {gone.content} == {answer.content for answer in never}
    details = list(AuditEvent.objects.filter(kind="job_shared").values_list("detail", flat=True))
    assert sorted(details) == [
        "with whoever has its link",
        "with whoever has its link, who may type",
    ]
    assert AuditEvent.objects.filter(kind="job_unshared").count() == 1
    assert link not in str(list(AuditEvent.objects.values()))


def test_a_link_opens_its_own_job_and_only_to_be_watched() -> None:
    ada, mallory = with_key("ada"), signed_in("mallory")
    job, other = new_job(ada), new_job(ada)
    link = ada.ask("put", f"/api/jobs/{job.pk}/link", {}).json()["link"]
    assert JobLink.objects.get().job_id == job.pk
    for address in (f"/api/jobs/{job.pk}", f"/api/jobs/{other.pk}", f"/api/jobs/{job.pk}/link"):
        assert mallory.get(f"{address}?link={link}").status_code == 404


@pytest.mark.parametrize(("method", "body"), [("get", None), ("put", {}), ("delete", None)])
def test_the_link_of_somebody_elses_job_is_theirs(method: str, body: Any) -> None:
    ada, mallory = with_key("ada"), anonymous()
    job = new_job(ada)
    link = ada.ask("put", f"/api/jobs/{job.pk}/link", {}).json()["link"]
    assert mallory.ask(method, f"/api/jobs/{job.pk}/link", body).status_code == 404
    assert JobLink.objects.get().token == link
    staff = signed_in("staff", "view_job", is_staff=True)
    assert staff.ask(method, f"/api/jobs/{job.pk}/link", body).status_code == 403


def test_a_list_says_which_program_each_job_ran() -> None:
    ada = with_key("ada")
    many = [SourceFile(name=f"{n}.py", content="x" * 20_000) for n in range(30)]
    first = SourceFile(name="lib/main.py", content="\n\n  print('é')  \nprint(2)\n")
    new_job(ada, source=Job.pack_files([first, *many]))
    new_job(ada, source=Job.pack_files([SourceFile(name="b", content="/w==", encoding="base64")]))
    new_job(ada, source=b"not packed at all")
    listed = ada.get("/api/jobs").json()["jobs"]
    shown = [(job["file_name"], job["first_line"]) for job in listed]
    assert shown == [("", ""), ("b", ""), ("lib/main.py", "print('é')")]


def test_a_glimpse_needs_no_more_than_the_beginning() -> None:
    long = Job.pack_files([SourceFile(name="main.py", content="é" * 300 + "\n" + "y" * 100_000)])
    for size in range(0, len(long), 7):
        glimpse = Glimpse.of(long[:size])
        assert "main.py".startswith(glimpse.file_name)
        assert set(glimpse.first_line) <= {"é"}
    assert Glimpse.of(long) == Glimpse("main.py", "é" * 120)


def test_a_jobs_own_page_says_what_it_was_given() -> None:
    ada = with_key("ada")
    job = new_job(ada, stdin=packed(b"\xff"), limits={"cpu_time": 1.5})
    facts = ada.get(f"/api/jobs/{job.pk}").json()
    assert (facts["stdin"], facts["encoding"]) == ("/w==", "base64")
    assert facts["limits"]["cpu_time"] == 1.5
    assert facts["limits"]["memory"] is None
