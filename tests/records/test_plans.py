"""With many jobs in PostgreSQL each frequent question finds its answer by an index."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from executor_app import access, jobs
from executor_app.identity import Caller
from executor_app.models import MOVES, Job
from tests.records.conftest import connected

pytestmark = pytest.mark.slow

JOBS = 40_000
LARGE = ("executor_app_job", "executor_app_transcript", "executor_app_auditevent")
# Of 500 owners and 20 workers, a year of them; every 10,000th is not over. And as many events.
FILL = f"""
INSERT INTO executor_app_job (id, owner_key, user_agent, request_id, language, version, policy,
    source, arguments, tty, status, message, created_at, worker, attempt, signal, output_bytes,
    truncated)
SELECT md5(n::text)::uuid, 'user:' || n % 500, '', 'request-' || n,
    (ARRAY['python', 'javascript', 'c', 'cpp', 'rust'])[n % 5 + 1], '3', 'standard', '\\x00', '[]',
    true, CASE WHEN n % 10000 = 0 THEN 'running' WHEN n % 50 = 0 THEN 'failed' ELSE 'completed' END,
    '', now() - n * interval '750 seconds', 'worker-' || n % 20, 1, '', 100, false
FROM generate_series(1, {JOBS}) AS n;
INSERT INTO executor_app_transcript (job_id, content, events, left_out_bytes, stored_at)
SELECT id, '\\x00', '\\x00', 0, created_at FROM executor_app_job;
INSERT INTO executor_app_auditevent (kind, at, last_at, times, owner_key, user_id, user_name,
    address, job_id, detail)
SELECT CASE WHEN n % 1000 = 0 THEN 'key_made' ELSE 'signed_in' END,
    now() - n * interval '750 seconds', now() - n * interval '750 seconds', 1, '', n % 500,
    'user-' || n % 500, '10.0.0.' || n % 200, '', ''
FROM generate_series(1, {JOBS}) AS n;
ANALYZE
"""


@pytest.fixture(scope="module")
def filled(fresh_database: Callable[[str], str], django_db_blocker: Any) -> Iterator[User]:
    with django_db_blocker.unblock(), connected(fresh_database("postgresql")):
        call_command("migrate", interactive=False, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute(FILL)
        yield User.objects.create_superuser("ada")


def plans_of(ask: Callable[[], Any]) -> list[tuple[dict[str, Any], float, str]]:
    """Each question to the large tables: its plan, its milliseconds and its text."""
    with CaptureQueriesContext(connection) as asked:
        ask()
    found = []
    for query in asked.captured_queries:
        text = query["sql"]
        if text.startswith("SELECT") and any(f'"{table}"' in text for table in LARGE):
            with connection.cursor() as cursor:
                cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + text)
                (answer,) = cursor.fetchone()
            answer = json.loads(answer) if isinstance(answer, str) else answer
            plan: dict[str, Any] = answer[0]
            found.append((plan["Plan"], plan["Execution Time"], text))
    return found


def before(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)


PLAIN_FILES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
ADMIN = "/admin/executor_app/job/"
TRAIL = "/admin/executor_app/auditevent/"
ASKED: dict[str, Callable[[Client], Any]] = {
    "the list": lambda client: client.get(ADMIN),
    "its last page": lambda client: client.get(ADMIN + "?p=200"),
    "by status": lambda client: client.get(ADMIN + "?status__exact=running"),
    "by language": lambda client: client.get(ADMIN + "?language=rust"),
    "by worker": lambda client: client.get(ADMIN + "?worker=worker-7"),
    "by a worker of long ago": lambda client: client.get(ADMIN + "?worker=worker-gone"),
    "by policy": lambda client: client.get(ADMIN + "?policy=strict"),
    "by month": lambda client: client.get(
        ADMIN + f"?created_at__gte={before(30):%Y-%m-%d}%2000:00Z"
    ),
    "a month": lambda client: client.get(ADMIN + f"?month={before(100):%Y-%m}"),
    "a user": lambda client: client.get(ADMIN + "?q=ada"),
    "a session": lambda client: client.get(ADMIN + "?q=session:0a1b2c3d"),
    "words": lambda client: client.get(ADMIN + "?q=divided+by+zero"),
    "the recorder's unfinished": lambda client: jobs.unfinished(),
    "their ids": lambda client: jobs.unfinished_ids(),
    "old jobs": lambda client: jobs._first(
        Job.objects.filter(created_at__lt=before(300))
        .exclude(status__in=MOVES)
        .order_by("created_at"),
        20,
    ),
    "old transcripts": lambda client: jobs.expire_transcripts(before(340), 20),
    "one's own": lambda client: access.own_jobs(Caller(jobs.Owner("user:7")), None, 51),
    "one's own further on": lambda client: access.own_jobs(
        Caller(jobs.Owner("user:7")), Job.objects.filter(owner_key="user:7")[40].pk, 51
    ),
    "the audit trail": lambda client: client.get(TRAIL),
    "the trail's last page": lambda client: client.get(TRAIL + "?p=100"),
    "events of a kind": lambda client: client.get(TRAIL + "?kind__exact=key_made"),
    "events of a month": lambda client: client.get(TRAIL + f"?month={before(100):%Y-%m}"),
    "events since a day": lambda client: client.get(
        TRAIL + f"?at__gte={before(30):%Y-%m-%d}%2000:00Z"
    ),
    "words in the trail": lambda client: client.get(TRAIL + "?q=divided+by+zero"),
    "words in a month of it": lambda client: client.get(
        TRAIL + f"?q=zero&month={before(100):%Y-%m}"
    ),
    "a user in the trail": lambda client: client.get(TRAIL + "?q=user-7"),
    "events of an address": lambda client: client.get(TRAIL + "?address=10.0.0.7"),
    "a repeated request": lambda client: jobs.find_request(jobs.Owner("user:7"), "request-7"),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_frequent_question_is_answered_by_an_index(filled: User, what: str) -> None:
    client = Client()
    client.force_login(filled)
    with override_settings(STORAGES=PLAIN_FILES):
        plans = plans_of(lambda: ASKED[what](client))
    assert plans
    for plan, took_ms, text in plans:
        assert not reads_all(plan), (took_ms, text)


def reads_all(plan: dict[str, Any]) -> bool:
    """Whether it goes through a large table from end to end."""
    whole = plan["Node Type"] == "Seq Scan" and plan["Relation Name"] in LARGE
    return whole or any(reads_all(part) for part in plan.get("Plans", ()))
