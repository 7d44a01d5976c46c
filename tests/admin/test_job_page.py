"""The page of one job, its downloads, and that nothing on either page is more than text."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from executor_app import jobs
from executor_app.models import Job, pack
from tests.admin.conftest import MakeJob
from tests.admin.corpus import ATTACKS, HIDDEN, SEQUENCES
from tests.admin.markup import PARTS, Markup

LIST = "/admin/executor_app/job/"


def detail(client: Client, job: Job) -> str:
    answer = client.get(f"{LIST}{job.pk}/change/")
    assert answer.status_code == 200
    return answer.content.decode()


def read(html: str) -> str:
    return re.sub(r"\s+", " ", Markup(html).text)


def test_everything_about_a_job_is_there(administrator: Client, make_job: MakeJob) -> None:
    job = make_job(
        status=Job.Status.MEMORY_LIMIT,
        message="The program used more than 128 MB of memory.",
        exit_code=137,
        signal="SIGKILL",
        truncated=True,
        user_agent="Browser/1.0",
        arguments=["--fast", "two words"],
        tty=False,
        files={"main.py": "import helper\n", "helper.py": "x = 1\n"},
    )
    html = detail(administrator, job)
    text = read(html)
    for part in (
        *("memory limit", job.message, "137", "SIGKILL", "21 ms", "14 ms", "4.6 MB", "6 bytes"),
        *("host-1", "Python 3.11.2", "standard", "pipes", "session 01234567…", job.request_id),
        *("Browser/1.0", str(job.pk), "main.py", "helper.py", "--fast", "two words", "hello"),
    ):
        assert part in text, part
    assert '<span class="kn">import</span>' in html
    assert 'title="4849664 bytes"' in html
    assert "0123456789" not in text, "a session's key is not shown whole"


@pytest.mark.parametrize("status", Job.Status.values)
def test_every_status_has_a_sign_and_a_word(
    administrator: Client, make_job: MakeJob, status: str
) -> None:
    html = detail(administrator, make_job(status=status))
    found = re.search(
        r'<span class="job-status job-\w+"><span aria-hidden="true">(.)</span> ([^<]+)', html
    )
    assert found
    assert found[2] == status.replace("_", " ")


def test_a_job_that_never_ran_has_a_page(administrator: Client, make_job: MakeJob) -> None:
    nothing = {"exit_code": None, "execution_time": None, "cpu_time": None, "memory": None}
    job = make_job(status="rejected", worker="", attempt=0, said=[], **nothing)
    text = read(detail(administrator, job))
    assert "Nothing was written." in text
    assert "rejected" in text


def test_a_job_whose_transcript_was_too_old_says_so(
    administrator: Client, make_job: MakeJob
) -> None:
    on = datetime(2026, 3, 1, 12, tzinfo=UTC)
    text = read(detail(administrator, make_job(said=None, transcript_expired_at=on)))
    assert "The transcript was older than is kept, and was deleted on 2026-03-01." in text
    assert "Nothing was written" not in text
    assert "Redis does not answer" not in text
    assert "print('hello')" in text, "and the rest of it is there"


@pytest.mark.parametrize("broken", [b"", b"no zlib at all"])
def test_a_record_that_cannot_be_read_has_a_page(
    administrator: Client, make_job: MakeJob, broken: bytes
) -> None:
    job = make_job()
    jobs.store_transcript(str(job.pk), broken, 0)
    Job.objects.filter(pk=job.pk).update(source=broken)
    detail(administrator, job)


def test_what_was_not_kept_is_said(administrator: Client, make_job: MakeJob) -> None:
    job = make_job()
    jobs.store_transcript(str(job.pk), pack([{"stream": "stdout", "data": "x"}]), 5 * 1024 * 1024)
    assert "5.0 MB in the middle were not kept." in read(detail(administrator, job))


def test_a_page_takes_few_queries(
    administrator: Client, make_job: MakeJob, django_assert_max_num_queries: Any
) -> None:
    person = User.objects.create_user("ada")
    job = make_job(owner=person, said=[{"stream": "stdout", "data": "x\n"}] * 1000)
    with django_assert_max_num_queries(8):
        detail(administrator, job)


# --- downloads ----------------------------------------------------------------------------------

SAID = [
    {"t": 1, "stream": "stdout", "stage": "run", "data": "<script>é\n"},
    {"t": 2, "stream": "stderr", "stage": "run", "data": "oops"},
    {"t": 3, "stream": "input", "stage": "run", "data": "Ada\n"},
    {
        "t": 4,
        "stream": "stdout",
        "stage": "run",
        "data": base64.b64encode(b"\xff\x00\x1b[31m").decode(),
        "encoding": "base64",
    },
]


@pytest.mark.parametrize(
    ("stream", "content"),
    [
        ("stdout", "<script>é\n".encode() + b"\xff\x00\x1b[31m"),
        ("stderr", b"oops"),
        ("input", b"Ada\n"),
    ],
)
def test_a_download_has_the_exact_bytes_and_is_never_a_page(
    administrator: Client, make_job: MakeJob, stream: str, content: bytes
) -> None:
    job = make_job(said=SAID)
    address = f"{LIST}{job.pk}/raw/{stream}/"
    assert address in Markup(detail(administrator, job)).values("href")
    answer = administrator.get(address)
    assert answer.content == content
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    name = f"job-{str(job.pk)[:8]}-{stream}.txt"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "no-store" in answer["Cache-Control"]
    assert administrator.post(address).status_code == 405


@pytest.mark.parametrize("stream", ["note", "source", "stdout.html"])
def test_there_are_no_other_downloads(
    administrator: Client, make_job: MakeJob, stream: str
) -> None:
    assert administrator.get(f"{LIST}{make_job().pk}/raw/{stream}/").status_code == 404


# --- nothing is more than text ------------------------------------------------------------------


def filled(make_job: MakeJob, attack: str, status: str = "failed") -> Job:
    """A job with this text wherever a text of somebody's can be."""
    name = "".join(char for char in attack if char.isprintable() and char != "\\")[:80]
    name = name.replace("//", "-").strip("/")
    user = User.objects.create(username=attack[:150].replace("\0", ""))
    plain = attack.replace("\0", "")
    said = [
        {"t": n, "stream": stream, "stage": stage, "data": attack + "\n"}
        for n, (stream, stage) in enumerate(
            [("stderr", "compile"), ("stdout", "run"), ("stderr", "run"), ("input", "run")] * 2
            + [("note", "run")]
        )
    ]
    return make_job(
        owner=user,
        owner_key=f"user:{plain}"[:100],
        status=status,
        message=plain,
        worker=plain[:200],
        user_agent=plain[:200],
        request_id=plain[:100],
        version=plain[:100],
        policy=plain[:20],
        signal=plain[:20],
        language=plain[:50],
        arguments=[plain, plain],
        files={f"{name}.py": attack, f"{name}.txt": attack, "main.js": attack},
        said=said,
    )


@pytest.mark.slow
@pytest.mark.parametrize("attack", [*ATTACKS, *SEQUENCES])
def test_no_attack_adds_an_element_to_a_page(
    administrator: Client, make_job: MakeJob, attack: str
) -> None:
    def pages(job: Job) -> list[str]:
        found = administrator.get(LIST, {"worker": job.worker, "q": job.message})
        return [detail(administrator, job), found.content.decode()]

    clean = pages(filled(make_job, "harmless"))
    evil = pages(filled(make_job, attack))
    parts = {(tag, name) for tag, names in PARTS.items() for name in ("", *names)}
    for page, usual in zip(evil, clean, strict=True):
        markup = Markup(page)
        assert markup.kinds - Markup(usual).kinds <= parts | {("dd", "title")}
        scripts = [has for tag, has in markup.elements if tag == "script"]
        ours = ("/static/admin/", "/admin/jsi18n/")
        assert all(has.get("src", "").startswith(ours) for has in scripts), scripts
        for address in markup.values("href", "src", "action", "formaction"):
            assert re.match(r"/|\?|#|$", address), address
            assert not address.startswith("//")


@pytest.mark.parametrize("attack", [text for text in ATTACKS if "{" in text or "&" in text])
def test_an_attack_is_shown_as_it_is(administrator: Client, make_job: MakeJob, attack: str) -> None:
    text = Markup(detail(administrator, filled(make_job, attack))).text
    # Message, two arguments, three files, and the user agent.
    assert text.count(attack) >= 7


@pytest.mark.parametrize("text", HIDDEN)
def test_nothing_turns_the_direction_of_a_page(
    administrator: Client, make_job: MakeJob, text: str
) -> None:
    html = detail(administrator, filled(make_job, text))
    main = html[html.index('id="content-main"') :]
    assert not set(main) & set("\u202e\u2066\u2067\u2069\u200b\ufeff")


def test_pages_have_the_policy_that_lets_no_strange_script_run(
    administrator: Client, make_job: MakeJob
) -> None:
    job = make_job()
    for address in (LIST, f"{LIST}{job.pk}/change/", f"{LIST}{job.pk}/delete/"):
        policy = administrator.get(address)["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "object-src 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "form-action 'self'" in policy
