"""The list of jobs: what it shows, and how one finds a job in it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executor_app import job_list
from executor_app.models import Job
from tests.admin.conftest import MakeJob
from tests.admin.markup import Markup

LIST = "/admin/executor_app/job/"


def page(client: Client, **query: str) -> str:
    answer = client.get(LIST, query)
    assert answer.status_code == 200
    return answer.content.decode()


def found(client: Client, **query: str) -> set[str]:
    """The ids of the jobs that the list shows."""
    return set(re.findall(r'<code title="([0-9a-f-]{36})">', page(client, **query)))


def test_every_column_is_there(administrator: Client, make_job: MakeJob) -> None:
    job = make_job(status=Job.Status.SIGNALED, exit_code=139, signal="SIGSEGV", truncated=True)
    html = page(administrator)
    read = re.sub(r"\s+", " ", Markup(html).text)
    for text in (
        str(job.pk)[:8],
        "session 01234567…",
        "python",
        "signaled",
        f"{job.created_at:%Y-%m-%d %H:%M:%S}",
        "21 ms",
        "14 ms",
        "4.6 MB",
        "SIGSEGV",
        "host-1",
        "6 bytes (cut)",
    ):
        assert text in read, text
    for column in ("owner", "status", "run time", "CPU", "memory", "ended", "worker", "attempt"):
        assert column.lower() in read.lower(), column


def test_a_session_is_shown_by_its_beginning_alone(
    administrator: Client, make_job: MakeJob
) -> None:
    make_job()
    assert "0123456789" not in page(administrator)


# One job that is meant and one that is not.
FILTERS: list[tuple[dict[str, str], dict[str, Any], dict[str, Any]]] = [
    ({"status__exact": "cancelled"}, {"status": "cancelled"}, {"status": "completed"}),
    ({"language": "rust"}, {"language": "rust"}, {"language": "python"}),
    ({"worker": "b"}, {"worker": "b"}, {"worker": "a"}),
    ({"policy": "strict"}, {"policy": "strict"}, {"policy": "off"}),
    (
        {"status__exact": "running", "language": "c"},
        {"status": "running", "language": "c"},
        {"status": "running", "language": "cpp"},
    ),
]


@pytest.mark.parametrize(("query", "meant", "other"), FILTERS)
def test_filters(
    administrator: Client,
    make_job: MakeJob,
    query: dict[str, str],
    meant: dict[str, Any],
    other: dict[str, Any],
) -> None:
    wanted = make_job(**meant)
    make_job(**other)
    assert found(administrator, **query) == {str(wanted.pk)}
    for name, value in query.items():
        assert f"{name}={value}" in page(administrator), "there is a link for it"


def test_filter_by_date(administrator: Client, make_job: MakeJob) -> None:
    new, old = make_job(), make_job()
    Job.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=40))
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    assert found(administrator, created_at__gte=str(today)) == {str(new.pk)}
    old.refresh_from_db()
    assert found(administrator, month=f"{old.created_at:%Y-%m}") == {str(old.pk)}
    assert f"{old.created_at:%B %Y}" in page(administrator)
    assert found(administrator, month="1999-01") == {str(new.pk), str(old.pk)}


@pytest.mark.parametrize("term", ["{id}", "{id:.8}", "{id:.6}", "{upper:.10}", " {id:.8} "])
def test_search_by_the_beginning_of_an_id(
    administrator: Client, make_job: MakeJob, term: str
) -> None:
    jobs = [make_job() for _ in range(20)]
    wanted = str(jobs[7].pk)
    term = term.format(id=wanted, upper=wanted.upper())
    assert found(administrator, q=term) == {
        str(job.pk) for job in jobs if str(job.pk).startswith(term.strip().lower())
    }


@pytest.mark.parametrize(
    ("term", "meant"),
    [
        ("gracehopper", {"owner_key": "user:1"}),
        ("session:fedc", {"owner_key": "session:fedcba98"}),
        ("farm-7", {"worker": "farm-7"}),
        ("divided", {"message": "Killed: divided by zero"}),
        ("divided zero", {"message": "Killed: divided by zero"}),
        ("req-42", {"request_id": "req-42"}),
    ],
)
def test_search_by_other_words(
    administrator: Client, make_job: MakeJob, term: str, meant: dict[str, str]
) -> None:
    person = User.objects.create_user("gracehopper") if term == "gracehopper" else None
    wanted = make_job(owner=person, **meant)
    make_job()
    assert found(administrator, q=term) == {str(wanted.pk)}


@pytest.mark.parametrize(
    "term", ["", "x" * 5000, "%_\\", "'; DROP TABLE", "\u202e", "12345", "ffffffff"]
)
def test_any_search_has_an_answer(administrator: Client, make_job: MakeJob, term: str) -> None:
    make_job()
    page(administrator, q=term)


@pytest.mark.parametrize("name", ["q", "worker", "language", "status__exact"])
def test_a_null_character_is_a_bad_request(
    administrator: Client, make_job: MakeJob, name: str
) -> None:
    make_job()
    assert administrator.get(LIST, {name: "a\0"}).status_code == 400
    assert administrator.get(LIST, {name: "%00"}).status_code == 200


def test_links_lead_to_the_job_and_to_others_like_it(
    administrator: Client, make_job: MakeJob
) -> None:
    ada = User.objects.create_user("ada")
    job = make_job(owner=ada, owner_key=f"user:{ada.pk}", language="c")
    mate = make_job(owner=ada, owner_key=f"user:{ada.pk}")
    guest = make_job()
    links = Markup(page(administrator)).values("href")
    assert f"{LIST}{job.pk}/change/" in links
    assert f"{LIST}?language=c" in links
    assert found(administrator, q=f"user:{ada.pk}") == {str(job.pk), str(mate.pk)}
    assert f"{LIST}?q=user%3A{ada.pk}" in links
    assert f"{LIST}?q=session%3A01234567" in links
    assert found(administrator, q="session:01234567") == {str(guest.pk)}


def test_there_are_as_many_queries_for_sixty_jobs_as_for_three(
    administrator: Client, make_job: MakeJob
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(administrator)
        assert not any('"source"' in query["sql"] for query in asked), "what nobody sees is read"
        return len(asked)

    people = [User.objects.create_user(f"person{n}") for n in range(10)]
    for n in range(3):
        make_job(owner=people[n])
    few = queries()
    for n in range(57):
        make_job(owner=people[n % 10], worker=f"host-{n}")
    assert queries() == few
    assert few <= 12


def test_a_large_table_is_not_counted_to_its_end(
    administrator: Client, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_list, "MOST_LISTED", 3)
    for _ in range(5):
        make_job(said=None)
    read = re.sub(r"\s+", " ", Markup(page(administrator)).text)
    assert "3 jobs" in read


def test_newest_first_and_sorted_as_asked(administrator: Client, make_job: MakeJob) -> None:
    for memory in (2, 3, 1):
        make_job(memory=memory * 1024)
    read = Markup(page(administrator)).text
    assert [int(n) for n in re.findall(r"(\d)\.0 KB", read)] == [1, 3, 2]
    read = Markup(page(administrator, o="-8")).text  # the eighth column, from the largest
    assert [int(n) for n in re.findall(r"(\d)\.0 KB", read)] == [3, 2, 1]
