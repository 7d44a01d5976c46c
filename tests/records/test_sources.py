"""What was submitted comes back out of the database to the byte."""

from __future__ import annotations

import base64
import random

import pytest

from executor_app import jobs
from executor_app.models import Job, pack, unpack
from executor_app.protocol import MAX_SOURCE_BYTES, SourceFile
from tests.records.cast import asked

pytestmark = pytest.mark.usefixtures("database", "no_jobs")

SOURCES = {
    "empty": b"",
    "nul": b"print('\0')\0",
    "every byte": bytes(range(256)),
    "emoji": "print('🦄👩‍💻 \U0010ffff')".encode(),
    "line ends": b"a\r\nb\rc\n\n",
    "byte order mark": "\ufeffprint()".encode(),
    # Half of a surrogate pair is not text; as bytes it comes in base64.
    "lone surrogate": b"print('\xed\xa0\x80 \xed\xb0\x80')",
    "as much as there may be": b"x = 1\n" * (MAX_SOURCE_BYTES // 6) + b"#" * (MAX_SOURCE_BYTES % 6),
    "as much emoji as there may be": "🦄".encode() * (MAX_SOURCE_BYTES // 4),
    "as much noise as there may be": random.Random(1).randbytes(MAX_SOURCE_BYTES),
}


def file_of(content: bytes, name: str = "main.py") -> SourceFile:
    try:
        return SourceFile(name=name, content=content.decode())
    except UnicodeDecodeError:
        text = base64.b64encode(content).decode()
        return SourceFile(name=name, content=text, encoding="base64")


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_source_comes_back_as_it_was(source: bytes) -> None:
    file = file_of(source)
    job, _ = jobs.create(asked(files=[file]))
    [kept] = Job.objects.get(pk=job.pk).files
    assert kept == file
    assert kept.raw == source


def test_all_files_come_back_in_their_order() -> None:
    contents = [source for source in SOURCES.values() if len(source) < 1000]
    files = [file_of(source, f"folder {n}/naïve 🦄.py") for n, source in enumerate(contents)]
    files.reverse()
    job, _ = jobs.create(asked(files=files))
    assert Job.objects.get(pk=job.pk).files == files


def test_arguments_come_back_as_they_were() -> None:
    args = ["", " ", "-x", "🦄", '"\\', "\n", "\x01\x7f\u2028\ufffe", "a" * 4096, "null"]
    job, _ = jobs.create(asked(args=args, tty=False))
    kept = Job.objects.get(pk=job.pk)
    assert kept.arguments == args
    assert kept.tty is False


def test_what_is_packed_is_unpacked_even_where_it_is_not_text() -> None:
    for value in ([], ["\ud800", "\0", "🦄", "\udc00\ud83e"], [{"t": 2**53, "data": ""}]):
        assert unpack(pack(value)) == unpack(memoryview(pack(value))) == value
    assert unpack(b"") == []
