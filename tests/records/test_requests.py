"""One job for a request, however often and by however many threads it is repeated."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connection

from executor_app import jobs
from executor_app.models import Job
from tests.records.cast import ADA, BOB, WELL, asked, at_once

pytestmark = pytest.mark.usefixtures("database", "no_jobs")

# Enough to meet, and below what SQLite's writers wait for each other.
THREADS = 16


def test_the_database_is_the_one_that_was_asked_for(database: str) -> None:
    assert connection.vendor == database
    if database == "sqlite":
        with connection.cursor() as cursor:
            assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_repeated_request_gets_the_same_job_and_leaves_it_as_it_is() -> None:
    first, is_new = jobs.create(asked(ADA, "one"))
    assert is_new
    assert jobs.finish(str(first.pk), WELL)
    again, is_new = jobs.create(asked(ADA, "one", language="c"))
    assert not is_new
    assert again.pk == first.pk
    assert (again.language, again.status) == ("python", WELL.status)
    assert Job.objects.count() == 1


def test_an_equal_request_of_somebody_else_is_another_job() -> None:
    hers, _ = jobs.create(asked(ADA, "one"))
    his, is_new = jobs.create(asked(BOB, "one"))
    assert is_new
    assert his.pk != hers.pk
    assert jobs.create(asked(BOB, "one"))[0].pk == his.pk
    assert jobs.create(asked(ADA, "one"))[0].pk == hers.pk


def test_requests_differ_in_every_character() -> None:
    names = ["a", "A", "a ", "é", "e\u0301", "🦄" * 100]
    assert len({jobs.create(asked(ADA, name))[0].pk for name in names}) == len(names)


def test_requests_without_a_name_are_all_new() -> None:
    made = [jobs.create(asked(ADA)) for _ in range(3)]
    assert [is_new for _, is_new in made] == [True] * 3
    assert len({job.pk for job, _ in made}) == 3


def test_the_same_request_in_many_threads_makes_one_job() -> None:
    made = at_once(lambda n: jobs.create(asked(ADA, "one", args=[str(n)])), THREADS)
    assert [is_new for _, is_new in made].count(True) == 1
    assert len({job.pk for job, _ in made}) == 1
    winner = [is_new for _, is_new in made].index(True)
    assert Job.objects.get().arguments == [str(winner)]


def test_different_requests_in_many_threads_make_a_job_each() -> None:
    owners = [jobs.Owner(f"session:{n}") for n in range(THREADS)]
    made = at_once(lambda n: jobs.create(asked(owners[n], "one")), THREADS)
    assert all(is_new for _, is_new in made)
    assert Job.objects.count() == THREADS


def test_an_account_that_is_gone_is_not_given_its_old_job_for_a_new_one() -> None:
    user = User.objects.create_user("ada")
    owner = jobs.Owner(f"user:{user.pk}", user_id=user.pk)
    kept, _ = jobs.create(asked(owner))
    named, _ = jobs.create(asked(owner, "one"))
    user.delete()
    kept.refresh_from_db()
    assert (kept.owner_id, kept.owner_key) == (None, owner.key)
    with pytest.raises(IntegrityError):
        jobs.create(asked(owner))
    with pytest.raises(IntegrityError):
        jobs.create(asked(owner, "two"))
    assert jobs.create(asked(owner, "one")) == (named, False)
    assert Job.objects.count() == 2


def test_what_a_browser_calls_itself_is_cut_and_holds_no_nul() -> None:
    owner = jobs.Owner("session:ada", user_agent="a\0b" + "é" * 500)
    job, _ = jobs.create(asked(owner))
    job.refresh_from_db()
    assert job.user_agent == "ab" + "é" * 198
