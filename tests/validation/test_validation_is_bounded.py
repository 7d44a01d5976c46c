"""Hostile sources: whatever is sent, an answer comes, soon, and no exception."""

import gc
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor_app.validation import MAX_FINDINGS, Policy, validate
from executor_app.validation.budget import BUDGET_S

pytestmark = pytest.mark.slow

LANGUAGES = ["python", "javascript", "c", "cpp", "rust"]
MEGABYTE = 1_000_000

#: Each, repeated, defeats some parser or walk that does not expect it.
PIECES = [
    b"(", b"()", b"((a)", b"(a,", b"{", b"[", b"[]", b"a<", b"a.", b"a::", b"a = ", b"a,", b"a\n",
    b"a;", b"f(", b"!", b"-", b"not ", b"lambda:", b"x?", b"* ", b"if(a)", b"else ", b"'", b'"',
    b"`${", b"/*", b"//\\\n", b"\\", b"\0", b"\r", b"\xff", b"#if x\n", b"#define a\n", b"#",
    b"void f(", b"template<", b"use a::{", b"use a::b as c;", b"r#\"", b'R"(', b"a b ", b"@a\n",
    b"import a\n", b"require(", b"require('net');", b"system(", b"system();", b"fetch.", b"async ",
    b"elif 1:pass\n", b"import socket\n", b"getattr(", b"__import__(", b"#ifdef _WIN32\n",
    b"std::process::Command;", b"process.", b"process.binding();", b"const {a}=process;",
    b"include_str!(\"", b"asm!(", b"<script>", b"int system(", b"extern \"C\" {",
]  # fmt: skip


#: The slowest that were found, at full size.
SLOWEST = [
    ("python", b"a,"),
    ("python", b"@a\n"),
    ("javascript", b"(a,"),
    ("javascript", b"fetch."),
    ("javascript", b"'"),
    ("c", b"((a)"),
    ("cpp", b"a<"),
    ("rust", b"a;"),
    ("rust", b'r#"'),
    ("rust", b"std::process::Command;"),
]


def assert_bounded(language: str, piece: bytes, size_bytes: int, limit_s: float) -> None:
    source = (piece * (size_bytes // len(piece) + 1))[:size_bytes]
    started = time.thread_time()
    found = validate(language, [("main", source)], Policy.STRICT)
    assert time.thread_time() - started < limit_s
    assert len(found) <= MAX_FINDINGS


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_any_piece_repeated_is_answered_in_bounded_time(language: str, piece: bytes) -> None:
    assert_bounded(language, piece, 20_000, limit_s=2.5 * BUDGET_S)


@pytest.mark.parametrize(("language", "piece"), SLOWEST)
def test_a_megabyte_is_answered_within_the_budget_and_a_little(language: str, piece: bytes) -> None:
    # Over the budget by what a parser does between two looks at it, and room for a slow machine.
    assert_bounded(language, piece, MEGABYTE, limit_s=2.5 * BUDGET_S)


@pytest.mark.parametrize(
    "source",
    [
        b"-" * 100_000 + b"1",
        b"1" + b"+1" * 100_000,
        b"a" + b".a" * 100_000,
        b"f" + b"()" * 100_000,
        b"if 1:pass\n" + b"elif 1:pass\n" * 50_000,
    ],
)
def test_python_too_deep_for_its_parser_is_one_finding_that_says_so(source: bytes) -> None:
    (finding,) = validate("python", [("main.py", source)], Policy.STANDARD)
    assert "nests too deeply" in finding.message
    assert (finding.line, finding.column, finding.construct) == (1, 1, "main.py")
    assert validate("python", [("main.py", source)], Policy.OFF) == []


def test_a_hundred_thousand_parentheses_break_no_walk() -> None:
    for language in LANGUAGES:
        source = b"(" * 100_000 + b"1" + b")" * 100_000
        assert len(validate(language, [("main", source)], Policy.STANDARD)) <= 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "source", [b"", b"\0", b"def f(:\n", b"\xff\xfe\x00", b"1" * 10_000, b"# coding: nosuch\n"]
)
def test_source_that_is_wrong_in_itself_is_left_to_the_compiler(
    language: str, source: bytes
) -> None:
    assert validate(language, [("main", source)], Policy.STRICT) == []


def test_findings_are_capped_and_in_reading_order() -> None:
    found = validate("python", [("main.py", b"import socket\n" * 500)], Policy.STANDARD)
    assert [finding.line for finding in found] == list(range(1, MAX_FINDINGS + 1))


def test_many_files_share_one_budget() -> None:
    files = [(f"m{number}.py", b"a = 1\n" * 50_000) for number in range(40)]
    started = time.thread_time()
    (finding,) = validate("python", files, Policy.STANDARD)
    assert time.thread_time() - started < 2.5 * BUDGET_S
    assert "takes too long to check" in finding.message


def test_the_parsers_warnings_about_a_program_stay_out_of_the_servers_log() -> None:
    script = (
        "from executor_app.validation import Policy, validate\n"
        r"print(validate('python', [('m.py', b'1if 2else 3; \"\\d\"')], Policy.STANDARD))"
    )
    run = subprocess.run(
        [sys.executable, "-W", "default", "-c", script], capture_output=True, text=True, check=True
    )
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_the_garbage_collector_is_left_as_it_was() -> None:
    validate("python", [("main.py", b"a = 1\n" * 50_000)], Policy.STANDARD)
    validate("python", [("main.py", b"-" * 100_000)], Policy.STANDARD)
    assert gc.isenabled()


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=150, deadline=None)
@given(source=st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode()))
def test_random_bytes_raise_nothing(language: str, source: bytes) -> None:
    for policy in Policy:
        assert len(validate(language, [("main", source)], policy)) <= MAX_FINDINGS


WORDS = """
    import from as os system subprocess . , ; ( ) { } [ ] = : :: ' " ` ${ use std process Command
    self crate * require process binding 'net' const let function => #include <stdio.h>  #define
    #ifdef _WIN32 #if 0 #else #endif asm ! extern "C" unsafe fn main int void struct class getattr
    __import__ ( ) fetch globalThis eval goto include_str "/x" /* */ // # r# -> & < > new await
    import( mod net libc #[ ] link path match lambda def
"""
TOKENS = st.sampled_from([*WORDS.split(), "\n"])


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=300, deadline=None)
@given(tokens=st.lists(TOKENS, max_size=60))
def test_random_fragments_of_programs_raise_nothing(language: str, tokens: list[str]) -> None:
    source = " ".join(tokens).encode()
    for finding in validate(language, [("main", source)], Policy.STRICT):
        assert 1 <= finding.line <= source.count(b"\n") + 1
        assert 1 <= finding.column <= len(source) + 1
