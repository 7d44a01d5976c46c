"""A program's files are highlighted, within bounds, and nothing in them is hidden."""

from __future__ import annotations

import base64
import time

import pytest
from django.contrib.staticfiles import finders
from hypothesis import given, settings
from hypothesis import strategies as st

from executor_app.languages import languages
from executor_app.protocol import SourceFile
from executor_app.rendering import highlighter, source
from executor_app.rendering.unseen import visible
from tests.admin.corpus import ATTACKS, HIDDEN
from tests.admin.markup import Markup, checked

PATIENCE_S = 12.0
TIME_S = source.TIME_S
PYTHON = languages()["python"]
BY_EXTENSION = {end: language for language in languages().values() for end in language.extensions}


def render(content: str | bytes, name: str = "main.py") -> source.ShownFile:
    if isinstance(content, bytes):
        encoded = base64.b64encode(content).decode()
        file = SourceFile(name=name, content=encoded, encoding="base64")
    else:
        file = SourceFile(name=name, content=content)
    return source.render([file], PYTHON, BY_EXTENSION)[0]


def code(html: str) -> str:
    """The text without the numbers of lines before it."""
    checked(html)
    return Markup(html.partition('<td class="code">')[2] or html).text


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("main.py", "def f(): pass\n", '<span class="k">def</span>'),
        ("main.c", "return 0;\n", '<span class="k">return</span>'),
        ("main.rs", "fn main() {}\n", '<span class="k">fn</span>'),
        ("main.js", "const a = 1;\n", '<span class="kd">const</span>'),
        ("noextension", "def f(): pass\n", '<span class="k">def</span>'),
    ],
)
def test_each_file_is_highlighted_as_its_language(name: str, text: str, part: str) -> None:
    html = render(text, name).html
    assert part in html
    assert 'class="linenos"' in html
    assert code(html).rstrip("\n") == text.rstrip("\n")


def test_a_file_of_no_language_is_plain() -> None:
    html = render("def f(): <b>", "data.csv").html
    assert html == '<div class="codr-source"><pre>def f(): &lt;b&gt;</pre></div>'


def test_the_style_sheet_is_the_one_that_belongs_to_the_highlighter() -> None:
    found = finders.find("executor_app/highlight.css")
    assert isinstance(found, str)
    with open(found, encoding="utf-8") as sheet:
        assert sheet.read() == highlighter.style_sheet()


def test_line_ends_of_every_kind_are_line_ends() -> None:
    assert code(render("a\r\nb\rc\n", "a.txt").html) == "a\nb\nc\n"


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    file = render(b"a = '\xff\x00'\n")
    assert "a = '\ufffd␀'" in code(file.html)
    assert file.size == 9


@pytest.mark.parametrize("text", HIDDEN)
@pytest.mark.parametrize("name", ["main.py", "data.txt"])
def test_what_turns_or_hides_text_is_named(text: str, name: str) -> None:
    read = code(render(text, name).html)
    assert read.rstrip("\n") == visible(text)
    assert not set(read) & set("\u202e\u2066\u2067\u2069\u200b\ufeff")
    assert "[U+20" in read


def test_other_scripts_and_emoji_stay_as_they_are() -> None:
    text = "שלום 世界 👩\u200d💻 é\tend\n"
    assert visible(text) == text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["main.py", "main.js", "main.cpp", "main.rs", "x.txt"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param("x" * 1_000_000, id="one line"),
        pytest.param("x = 1\n" * 160_000, id="many lines"),
        pytest.param("a" + "\n" * 60_000, id="nothing but lines"),
        pytest.param("/*\n" * 20_000, id="comments"),
        pytest.param("a a(\n" * 12_000, id="calls"),
        pytest.param("a::" * 300 + "\n" + "&* " * 20_000, id="names"),
        pytest.param("<>&\"'" * 200_000, id="escapes"),
    ],
)
def test_highlighting_takes_no_time_to_speak_of(
    content: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "TIME_S", TIME_S)
    started = time.monotonic()
    file = render(content, name)
    assert time.monotonic() - started < PATIENCE_S
    assert len(file.html) < 4 * 1024 * 1024


def test_of_a_long_program_only_the_beginning_is_shown_and_that_is_said() -> None:
    files = [SourceFile(name=f"{n}.txt", content="x" * 200_000) for n in range(3)]
    first, second, third = source.render(files, PYTHON, {})
    room = source.SHOWN_CHARS - 200_000
    assert first.remark == ""
    assert second.remark == f"Only the first {room} of 200000 characters are shown."
    assert third.remark == "Only the first 0 of 200000 characters are shown."
    assert [len(Markup(f.html).text) for f in (first, second, third)] == [200_000, room, 0]


def test_a_files_name_is_never_its_anchor() -> None:
    names = ["a b.py", "<img src=x onerror=alert(1)>.py"]
    files = [SourceFile(name=name, content="") for name in names]
    shown = source.render(files, PYTHON, {})
    assert [file.anchor for file in shown] == ["file-1", "file-2"]
    assert [file.name for file in shown] == names


@pytest.mark.slow
@pytest.mark.parametrize("name", ["main.py", "main.js", "main.c", "main.cpp", "main.rs", "x.txt"])
def test_no_attack_is_more_than_text(name: str) -> None:
    for attack in ATTACKS:
        texts = [attack, f"'{attack}", f"/* {attack} */", f"`{attack}", f"# {attack}"]
        files = [SourceFile(name=f"{n}-{name}", content=text) for n, text in enumerate(texts)]
        shown = source.render(files, PYTHON, BY_EXTENSION)
        assert [code(file.html).rstrip("\n") for file in shown] == texts


@pytest.mark.slow
@given(
    text=st.one_of(st.text(max_size=200), st.sampled_from(ATTACKS)),
    language=st.sampled_from(sorted(languages())),
)
@settings(max_examples=300, deadline=PATIENCE_S * 1000)
def test_any_text_becomes_harmless_markup(text: str, language: str) -> None:
    checked(highlighter.highlighted(text, languages()[language].highlight) or "")


@pytest.mark.slow
@given(contents=st.lists(st.binary(max_size=300), min_size=1, max_size=30))
@settings(max_examples=10, deadline=PATIENCE_S * 1000)
def test_any_bytes_become_harmless_markup(contents: list[bytes]) -> None:
    encoded = [base64.b64encode(content).decode() for content in contents]
    files = [
        SourceFile(name=f"{n}.{'py' if n % 2 else 'txt'}", content=content, encoding="base64")
        for n, content in enumerate(encoded)
    ]
    for file in source.render(files, PYTHON, BY_EXTENSION):
        checked(file.html)


@pytest.mark.slow
def test_a_file_that_cannot_be_highlighted_in_time_takes_the_colours_of_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Pygments' C lexer takes minutes over the second."""
    monkeypatch.setattr(source, "TIME_S", PATIENCE_S / 2)
    names = {"one.py": "def f(): pass\n", "two.c": "a" + "\n" * 60_000, "three.py": "x = 1\n"}
    files = [SourceFile(name=name, content=text) for name, text in names.items()]
    started = time.monotonic()
    one, two, three = source.render(files, PYTHON, BY_EXTENSION)
    assert time.monotonic() - started < PATIENCE_S
    assert '<span class="k">def</span>' in one.html
    assert "<span" not in two.html
    assert three.html == '<div class="codr-source"><pre>x = 1\n</pre></div>'
