"""Who may see jobs, cancel them and delete them; and who may not."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from executor_app.models import Job, Transcript
from tests.admin.conftest import MakeJob, signed_in, staff

LIST = "/admin/executor_app/job/"
CANCEL = "Cancel this job"


def addresses(job: Job) -> list[str]:
    own = f"{LIST}{job.pk}"
    return [LIST, f"{own}/change/", f"{own}/raw/stdout/", f"{own}/history/", f"{own}/delete/"]


@pytest.mark.parametrize("with_account", [False, True])
def test_who_is_not_staff_is_sent_to_the_login(make_job: MakeJob, with_account: bool) -> None:
    client = signed_in(User.objects.create_user("ada")) if with_account else Client()
    job = make_job()
    for address in addresses(job):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith("/admin/login/?next=")
    answer = client.post(f"{LIST}{job.pk}/cancel/")
    assert answer["Location"].startswith("/admin/login/?next=")


def test_staff_without_a_permission_see_nothing(make_job: MakeJob) -> None:
    client = staff("bob")
    job = make_job()
    for address in addresses(job):
        assert client.get(address).status_code == 403, address
    assert client.post(f"{LIST}{job.pk}/cancel/").status_code == 403
    assert "executor_app" not in client.get("/admin/").content.decode()


def test_who_may_only_view_cannot_cancel(viewer: Client, make_job: MakeJob) -> None:
    job = make_job(status=Job.Status.RUNNING)
    html = viewer.get(f"{LIST}{job.pk}/change/").content.decode()
    assert CANCEL not in html
    assert "Delete" not in html
    assert viewer.post(f"{LIST}{job.pk}/cancel/").status_code == 403
    html = viewer.get(LIST).content.decode()
    assert "cancel_chosen" not in html
    viewer.post(LIST, {"action": "cancel_chosen", "_selected_action": str(job.pk)})
    job.refresh_from_db()
    assert job.status == Job.Status.RUNNING


def test_who_may_change_jobs_may_cancel_them(operator: Client, make_job: MakeJob) -> None:
    running, over = make_job(status=Job.Status.RUNNING), make_job()
    assert CANCEL in operator.get(f"{LIST}{running.pk}/change/").content.decode()
    assert CANCEL not in operator.get(f"{LIST}{over.pk}/change/").content.decode()
    assert "cancel_chosen" in operator.get(LIST).content.decode()


def test_change_without_view_is_enough_to_see_what_one_cancels(make_job: MakeJob) -> None:
    client = staff("carl", "change")
    job = make_job(status=Job.Status.RUNNING)
    assert client.get(LIST).status_code == 200
    assert CANCEL in client.get(f"{LIST}{job.pk}/change/").content.decode()


def test_nobody_adds_or_edits_a_record(administrator: Client, make_job: MakeJob) -> None:
    job = make_job()
    assert administrator.get(f"{LIST}add/").status_code == 403
    administrator.post(f"{LIST}{job.pk}/change/", {"status": "failed", "message": "no"})
    job.refresh_from_db()
    assert (job.status, job.message) == ("completed", "")


@pytest.mark.parametrize("method", ["get", "head", "put", "delete", "options", "patch"])
def test_cancelling_takes_a_post(administrator: Client, make_job: MakeJob, method: str) -> None:
    job = make_job(status=Job.Status.RUNNING)
    assert getattr(administrator, method)(f"{LIST}{job.pk}/cancel/").status_code == 405


def test_another_site_cannot_cancel(administrator: Client, make_job: MakeJob) -> None:
    job = make_job(status=Job.Status.RUNNING)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = administrator.cookies
    assert strict.post(f"{LIST}{job.pk}/cancel/").status_code == 403
    chosen = {"action": "cancel_chosen", "_selected_action": str(job.pk)}
    assert strict.post(LIST, chosen).status_code == 403
    # With the token of the page it comes through.
    html = strict.get(f"{LIST}{job.pk}/change/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', html)
    assert token
    answer = strict.post(f"{LIST}{job.pk}/cancel/", {"csrfmiddlewaretoken": token[1]})
    assert answer.status_code == 302


def test_without_redis_cancelling_says_that_it_failed(
    administrator: Client, make_job: MakeJob
) -> None:
    job = make_job(status=Job.Status.RUNNING, said=None)
    answer = administrator.post(f"{LIST}{job.pk}/cancel/", follow=True)
    html = answer.content.decode()
    assert "1 job is not reached: Redis does not answer." in html
    assert "what was said so far cannot be shown" in html
    job.refresh_from_db()
    assert job.status == Job.Status.RUNNING


def test_a_job_that_is_over_is_not_cancelled(administrator: Client, make_job: MakeJob) -> None:
    job = make_job()
    answer = administrator.post(f"{LIST}{job.pk}/cancel/", follow=True)
    assert "1 job is over already." in answer.content.decode()
    job.refresh_from_db()
    assert job.status == Job.Status.COMPLETED


@pytest.mark.parametrize(
    "tail",
    [
        "00000000-0000-0000-0000-000000000000/change/",
        "nonsense/change/",
        "00000000-0000-0000-0000-000000000000/raw/stdout/",
    ],
)
def test_a_job_that_there_is_not_is_not_found(administrator: Client, db: None, tail: str) -> None:
    assert administrator.get(LIST + tail).status_code == 404


def test_a_running_job_is_not_deleted(administrator: Client, make_job: MakeJob) -> None:
    job = make_job(status=Job.Status.RUNNING)
    address = f"{LIST}{job.pk}/delete/"
    assert address not in administrator.get(f"{LIST}{job.pk}/change/").content.decode()
    assert administrator.get(address).status_code == 403
    assert administrator.post(address, {"post": "yes"}).status_code == 403
    assert Job.objects.filter(pk=job.pk).exists()


def test_a_job_that_is_over_is_deleted_with_its_transcript(
    administrator: Client, make_job: MakeJob
) -> None:
    job = make_job()
    address = f"{LIST}{job.pk}/delete/"
    assert address in administrator.get(f"{LIST}{job.pk}/change/").content.decode()
    assert "Are you sure" in administrator.get(address).content.decode()
    administrator.post(address, {"post": "yes"})
    assert not Job.objects.exists()
    assert not Transcript.objects.exists()


@pytest.mark.parametrize("status", ["queued", "running"])
def test_deleting_several_leaves_those_that_are_not_over(
    administrator: Client, make_job: MakeJob, status: str
) -> None:
    over, alive = make_job(), make_job(status=status)
    chosen = {"action": "delete_selected", "_selected_action": [str(over.pk), str(alive.pk)]}
    html = administrator.post(LIST, chosen).content.decode()
    assert "Are you sure" in html
    assert str(over.pk) in html
    assert "1 job is not over and stays." in html
    html = administrator.post(LIST, chosen | {"post": "yes"}, follow=True).content.decode()
    assert "1 job is not over and stays." in html
    assert "Successfully deleted 1 job." in html
    assert list(Job.objects.all()) == [alive]


def test_deleting_nothing_but_running_jobs_asks_nothing(
    administrator: Client, make_job: MakeJob
) -> None:
    jobs = [make_job(status="running"), make_job(status="queued")]
    chosen = {"action": "delete_selected", "_selected_action": [str(job.pk) for job in jobs]}
    html = administrator.post(LIST, chosen, follow=True).content.decode()
    assert "2 jobs are not over and stay." in html
    assert "Are you sure" not in html
    assert Job.objects.count() == 2
