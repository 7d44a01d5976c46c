"""The transcript is drawn as a terminal would have shown it."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor_app.rendering import screen, transcript
from tests.admin.corpus import ATTACKS, ESC, SEQUENCES
from tests.admin.markup import checked

# Far above what the page allows itself, which is 2 s: other people use this machine.
PATIENCE_S = 12.0


def item(data: str | bytes, stream: str = "stdout", stage: str = "run") -> dict[str, Any]:
    entry: dict[str, Any] = {"t": 0, "stream": stream, "stage": stage}
    if isinstance(data, bytes):
        return entry | {"data": base64.b64encode(data).decode(), "encoding": "base64"}
    return entry | {"data": data}


def block(*items: dict[str, Any] | str, time_s: float = 60.0) -> transcript.Block:
    entries = [item(i) if isinstance(i, str) else i for i in items]
    blocks = transcript.render(entries, time_s)
    assert len(blocks) == 1, blocks
    assert not any("could not be drawn" in remark for remark in blocks[0].remarks)
    return blocks[0]


def markup(*items: dict[str, Any] | str) -> str:
    return str(block(*items).html)


def shown(*items: dict[str, Any] | str) -> str:
    """What a person reads, without blank lines below."""
    return checked(markup(*items)).text.rstrip("\n")


# --- text and control characters ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("plain", "plain"),
        ("one\ntwo\n", "one\ntwo"),
        ("one\r\ntwo\r\n", "one\ntwo"),
        ("10%\r50%\r100%", "100%"),
        ("longer line\rshort", "shortr line"),
        ("abc\b\bX", "aXc"),
        ("\b\b\bX", "X"),
        ("a\tb", "a       b"),
        ("12345678\tb", "12345678        b"),
        ("a\vb\fc", "a\nb\nc"),
        ("be\aep\x00\x01\x7f", "beep"),
        ("x" * 81, "x" * 80 + "\nx"),
        (f"a{ESC}[2Kb", " b"),
    ],
)
def test_control_characters_do_what_they_do_on_a_terminal(written: str, read: str) -> None:
    assert shown(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"abc{ESC}[2DX", "aXc"),
        (f"a{ESC}[3Cb", "a   b"),
        (f"one\ntwo{ESC}[Ax", "onex\ntwo"),
        (f"one{ESC}[2Bx", "one\n\n   x"),
        (f"one{ESC}[Ex", "one\nx"),
        (f"one\ntwo{ESC}[Fx", "xne\ntwo"),
        (f"abc{ESC}[2GX", "aXc"),
        (f"{ESC}[2;3Hx", "\n  x"),
        (f"{ESC}[3dx", "\n\nx"),
        (f"{ESC}[?6h{ESC}[3dx", "\n\nx"),  # relative to margins that there are not
        (f"abc{ESC}[DX{ESC}[0DY", "abY"),
        (f"{ESC}7abc{ESC}8X{ESC}8Y", "Ybc"),  # restored as often as it is asked for
        (f"\n\na{ESC}[sbc{ESC}[uX{ESC}[uY", "\n\naYc"),
        (f"{ESC}8x", "x"),
        (f"abc{ESC}Dx{ESC}Ey{ESC}Mz", "abc\n z x\ny"),
    ],
)
def test_the_cursor_moves_where_it_is_sent(written: str, read: str) -> None:
    assert shown(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (f"abcdef{ESC}[3G{ESC}[K", "ab"),
        (f"abcdef{ESC}[3G{ESC}[1K", "   def"),
        (f"abcdef{ESC}[2K", ""),
        (f"one\ntwo\nthree{ESC}[2;2H{ESC}[J", "one\nt"),
        (f"one\ntwo\nthree{ESC}[2;2H{ESC}[1J", "\n  o\nthree"),
        (f"one\ntwo{ESC}[H{ESC}[2Jnew", "new"),
        (f"abcdef{ESC}[2G{ESC}[2X", "a  def"),
        (f"abcdef{ESC}[2G{ESC}[2P", "adef"),
        (f"abcdef{ESC}[2G{ESC}[2@X", "aX bcdef"),
        ("x" * 79 + f"y\r{ESC}[@", " " + "x" * 79),  # what is pushed over the edge is gone
        (f"one\ntwo{ESC}[1;1H{ESC}[L", "\none\ntwo"),
        (f"one\ntwo\nthree{ESC}[1;1H{ESC}[M", "two\nthree"),
        (f"abc{ESC}[4h\rX{ESC}[4lY", "XYbc"),
        (f"one{ESC}cnew", "new"),
    ],
)
def test_what_is_erased_or_moved_is_so_in_the_transcript(written: str, read: str) -> None:
    assert shown(written) == read


def test_margins_keep_what_is_outside_them() -> None:
    assert shown(f"title\n{ESC}[2;3r{ESC}[2;1Ha\nb\nc\nd") == "title\nc\nd"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("世界", "世界"),
        ("世界\rab", "ab界"),
        ("世\r\x1b[CX", " X"),  # half of a wide character is written over
        ("世b\rX", "X b"),
        ("世b\r\x1b[K", ""),
        ("a" * 79 + "世", "a" * 79 + "\n世"),
        ("e\u0301", "e\u0301"),
        ("\u0301x", "x"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("a\u202eb\u2066c\u200bd\ufeffe", "abcde"),  # of no width, and no mark
    ],
)
def test_wide_and_combining_characters_take_their_columns(written: str, read: str) -> None:
    assert shown(written) == read


def test_a_pile_of_marks_is_bounded() -> None:
    assert len(shown("a" + "\u0301" * 10_000)) == screen.CELL_CHARS


# --- looks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("numbers", "attributes"),
    [
        ("1", 'class="t-bold"'),
        ("3;4;9", 'class="t-italics t-underscore t-strikethrough"'),
        ("7", 'class="t-reverse"'),
        ("31", 'class="t-fg-red"'),
        ("33", 'class="t-fg-yellow"'),
        ("93", 'class="t-fg-brightyellow"'),
        ("95", 'class="t-fg-brightmagenta"'),
        ("105", 'class="t-bg-brightmagenta"'),
        ("44", 'class="t-bg-blue"'),
        ("31;44", 'class="t-fg-red t-bg-blue"'),
        ("7;31;44", 'class="t-reverse t-fg-blue t-bg-red"'),
        ("38;5;9", 'style="color:#ff0000"'),
        ("48;5;9", 'style="background-color:#ff0000"'),
        ("38;2;1;2;3", 'style="color:#010203"'),
        ("38:2::1:2:3", 'style="color:#010203"'),
        ("4:3", 'class="t-underscore"'),
        (
            "38;2;1;2;3;48;2;255;0;0;1",
            'class="t-bold" style="color:#010203;background-color:#ff0000"',
        ),
    ],
)
def test_colours_and_styles(numbers: str, attributes: str) -> None:
    html = markup(f"{ESC}[{numbers}mX{ESC}[0mY")
    checked(html)
    assert html == f"<span {attributes}>X</span>Y"


@pytest.mark.parametrize(
    "numbers",
    ["38;5;999", "38;2;300;0;0", "38;2;1", "38", "38;9;1", "999", "99999999999999", "", "٣", "0;;"],
)
def test_colours_that_there_are_not_change_nothing(numbers: str) -> None:
    assert shown(f"{ESC}[{numbers}mX").endswith("X")
    assert "style" not in markup(f"{ESC}[{numbers}mX")


def test_what_is_erased_takes_the_background_and_nothing_else() -> None:
    blue = '<span class="t-bg-blue">'
    assert markup(f"{ESC}[4;7mfoo{ESC}[0;4m{ESC}[K") == (
        '<span class="t-underscore t-reverse">foo</span>'
    )
    assert markup(f"{ESC}[44;4m{ESC}[K") == blue + " " * 80 + "</span>"
    assert markup(f"{ESC}[44m{ESC}[2J").count(blue) == screen.ROWS


def test_reverse_video_of_the_whole_screen_can_be_taken_back() -> None:
    assert markup(f"a{ESC}[?5h{ESC}[?5lb") == "ab"


# --- sequences that are not as they should be ---------------------------------------------------


@pytest.mark.parametrize(
    "sequence",
    [
        f"{ESC}[?25l",
        f"{ESC}[?5A",
        f"{ESC}[>c",
        f"{ESC}[=1;2;3z",
        f"{ESC}[1 q",
        f"{ESC}[6n",
        f"{ESC}(0",
        f"{ESC})B",
        f"{ESC}=",
        f"{ESC}]0;title\x07",
        f"{ESC}]0;title{ESC}\\",
        f"{ESC}]8;;http://127.0.0.1/{ESC}\\",
        f"{ESC}]52;c;aGk=\x07",
        f"{ESC}P1$r0m{ESC}\\",
        f"{ESC}_private{ESC}\\",
        f"{ESC}^message{ESC}\\",
        f"{ESC}[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20;21;22;23;24;25;26;27;28;29;30m",
        f"{ESC}[2004h{ESC}[?2004h{ESC}[?1000h",
        f"{ESC}{ESC}[0m",
        "\x9b0m",
        "\x84\x90",
    ],
)
def test_sequences_without_a_look_leave_no_trace(sequence: str) -> None:
    assert shown(f"before {sequence}after") == "before after"


@pytest.mark.parametrize("end", [ESC, f"{ESC}[", f"{ESC}[3;", f"{ESC}]0;title", f"{ESC}]0;{ESC}"])
def test_a_sequence_that_the_end_cuts_off_is_not_shown(end: str) -> None:
    assert shown(f"before{end}") == "before"


def test_a_sequence_may_come_in_pieces_even_around_other_streams() -> None:
    html = markup(f"a{ESC}", item("E", "stderr"), "[3", item("R", "stderr"), "1mb")
    assert html == 'a<span class="t-stderr">ER</span><span class="t-fg-red">b</span>'


def test_a_sequence_that_never_ends_does_not_swallow_the_rest() -> None:
    assert shown(f"{ESC}]0;" + "x" * 10_000 + "\nthe end").endswith("\nthe end")


def test_a_sequence_is_cut_off_by_the_next() -> None:
    assert markup(f"{ESC}[3{ESC}[31mX") == '<span class="t-fg-red">X</span>'


def test_bytes_that_are_no_utf8_are_shown_as_such() -> None:
    assert shown(item(b"a\xff\xfeb\xc3")) == "a\ufffd\ufffdb\ufffd"


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"stream": "stdout"},
        {"stream": "stdout", "data": None},
        {"stream": "stdout", "data": 5},
        {"stream": "elsewhere", "data": "x"},
        {"stream": "stdout", "data": "not base64!", "encoding": "base64"},
    ],
)
def test_an_entry_that_makes_no_sense_is_passed_over(entry: dict[str, Any]) -> None:
    assert shown("a", entry, "b") == "ab"


# --- the other screen ---------------------------------------------------------------------------


def test_what_an_editor_draws_is_gone_when_it_ends() -> None:
    drawn = block(f"before\n{ESC}[?1049h{ESC}[2J{ESC}[Hinside{ESC}[?1049lafter")
    assert drawn.html == "before\nafter"
    assert drawn.remarks == []


def test_an_editor_that_was_ended_is_shown_as_it_stood() -> None:
    assert shown(f"before\n{ESC}[?1049h{ESC}[2J{ESC}[Hinside").startswith("inside")


def test_what_is_typed_into_an_editor_is_its_own_to_draw() -> None:
    assert shown(f"{ESC}[?1049h{ESC}[Hx", item("abc", "input"), f"{ESC}[?1049ldone") == "done"


def test_that_a_screen_was_cleared_is_said() -> None:
    cleared = "The program cleared its screen. What stood there before is in the downloads."
    for clear in (f"{ESC}[H{ESC}[2J", f"{ESC}[H{ESC}[J", f"{ESC}c"):
        assert block(f"secret\n{clear}x").remarks == [cleared]
        assert block(f"{clear}x").remarks == []


# --- who wrote it -------------------------------------------------------------------------------


def test_streams_input_and_notes_look_different() -> None:
    html = markup(
        "name? ", item("Ada\n", "input"), item("oops\n", "stderr"), item("SIGINT", "note")
    )
    assert html == (
        'name? <span class="t-input">Ada</span>\n'
        '<span class="t-stderr">oops</span>\n'
        '<span class="t-note">── SIGINT ──</span>\n'
    )


def test_a_prompt_on_stderr_is_no_error() -> None:
    html = markup(item("bad\nname? ", "stderr"), item("Ada\n", "input"))
    assert html == '<span class="t-stderr">bad</span>\nname? <span class="t-input">Ada</span>\n'


def test_keys_that_are_no_characters_are_shown_as_terminals_do() -> None:
    assert shown(item(f"a\tb\x03{ESC}[A\x7f\x9b", "input")) == "a    b^C^[[A^?"


def test_colours_of_the_program_do_not_run_into_what_is_typed() -> None:
    html = markup(f"{ESC}[31m? ", item("x\n", "input"), "red")
    assert html == (
        '<span class="t-fg-red">? </span><span class="t-input">x</span>\n'
        '<span class="t-fg-red">red</span>'
    )


def test_compiler_and_program_have_a_terminal_each() -> None:
    blocks = transcript.render([item(f"warning{ESC}[31m", "stderr", "compile"), item("hello")])
    assert [b.title for b in blocks] == ["The compiler", "The program"]
    assert blocks[1].html == "hello"


def test_nothing_said_is_nothing_drawn() -> None:
    assert transcript.render([]) == []
    assert transcript.render([item("")]) == []


# --- bounds -------------------------------------------------------------------------------------

HUGE = "9" * 3000


@pytest.mark.slow
@pytest.mark.parametrize(
    "written",
    [
        pytest.param("".join(f"{ESC}[{HUGE}{e}" for e in "@ABCDEFGHLMPXadefgrsu"), id="numbers"),
        pytest.param(f"{ESC}[{';'.join(['38', '2'] * 2000)}m", id="parameters"),
        pytest.param("x\n" * 3_000_000, id="lines"),
        pytest.param("\n" * 3_000_000, id="empty lines"),
        pytest.param("x" * 6_000_000, id="one line"),
        pytest.param(f"{ESC}[4h" + "x" * 300_000, id="insert mode"),
        pytest.param(f"{ESC}[4h" + "世" * 300_000, id="insert mode, wide"),
        pytest.param("世" * 300_000, id="wide"),
        pytest.param("a" + "\u0301" * 300_000, id="marks"),
        pytest.param("x" * 1900 + f"{ESC}[?5h{ESC}[?5l" * 30_000, id="reverse video"),
        pytest.param(f"{ESC}[44m" + f"{ESC}[2J" * 60_000, id="clear"),
        pytest.param(("x" * 80 + f"\r{ESC}[9999@") * 3000, id="insert"),
        pytest.param(f"{ESC}[1;24r{ESC}[24H" + "x\n" * 120_000, id="margins"),
        pytest.param(f"{ESC}M" * 130_000, id="backwards"),
        pytest.param(f"{ESC}7" * 130_000, id="save"),
        pytest.param(f"{ESC}[?1049h" * 30_000, id="other screen"),
        pytest.param(f"{ESC}[" * 130_000, id="beginnings"),
        pytest.param(f"{ESC}]" * 130_000, id="beginnings of strings"),
        pytest.param(f"{ESC}]0;" + "x" * 300_000, id="endless string"),
        pytest.param("".join(f"{ESC}[38;5;{n % 256};1mx" for n in range(25_000)), id="colours"),
        pytest.param("&<>\"'" * 60_000, id="escapes"),
    ],
)  # fmt: skip
def test_nothing_takes_long_or_becomes_large(written: str) -> None:
    for stream in ("stdout", "input"):
        started = time.monotonic()
        drawn = block(item(written, stream), time_s=transcript.TIME_S)
        assert time.monotonic() - started < PATIENCE_S
        assert len(drawn.html) <= transcript.HTML_CHARS
        checked(drawn.html)


@pytest.mark.slow
def test_a_program_that_writes_byte_by_byte_takes_no_longer() -> None:
    started = time.monotonic()
    pieces = [item(char) for char in f"{ESC}]" + "x" * 20_000]
    streams = [item("x", stream) for stream in ("stdout", "stderr", "input") * 20_000]
    transcript.render(pieces)
    transcript.render(streams)
    assert time.monotonic() - started < PATIENCE_S


def test_out_of_time_the_page_says_so() -> None:
    blocks = transcript.render([item("x" * 100)], time_s=-1)
    assert blocks[0].html == ""
    assert "took too long" in blocks[0].remarks[0]


@pytest.mark.slow
def test_of_a_long_transcript_both_ends_are_drawn_and_the_gap_is_counted() -> None:
    text = "".join(f"line {n}\n" for n in range(60_000))
    drawn = block("first\n", text, "last\n")
    assert checked(drawn.html).text.endswith("line 59999\nlast\n")
    assert any("lines are not shown" in remark for remark in drawn.remarks)

    invisible = " \b" * 300_000
    read = shown("first\n", invisible, "last\n")
    left_out = len(invisible) + 11 - transcript.HEAD_CHARS - transcript.TAIL_CHARS
    note = f"── {left_out} characters are not drawn here; the downloads have them ──"
    assert [line.strip() for line in read.split("\n")] == ["first", note, "last"]


@pytest.mark.slow
def test_bytes_of_a_long_transcript_are_drawn_once() -> None:
    """As base64 they are longer than what they say."""
    rows = "".join(f"{n:05}\n" for n in range(4000))
    entry = item(b"\xff\n" + rows.encode() + "é".encode() * 90_000)
    assert len(entry["data"]) > transcript.HEAD_CHARS + transcript.TAIL_CHARS
    read = shown(entry)
    assert read.count("03999\n") == 1
    assert read.count("é") == 90_000


# --- whatever it is, it is text -----------------------------------------------------------------

PIECES = st.one_of(
    st.binary(max_size=60),
    st.text(max_size=40),
    st.sampled_from([*ATTACKS, *SEQUENCES]),
    st.sampled_from(
        ["<", ">", "&", '"', "'", "\r", "\n", "\b", "\t", ESC, f"{ESC}[", f"{ESC}]8;;"]
    ),
    st.builds(
        lambda numbers, final: f"{ESC}[{';'.join(map(str, numbers))}{final}",
        st.lists(st.integers(0, 10**6), max_size=6),
        st.characters(min_codepoint=0x40, max_codepoint=0x7E),
    ),
    st.builds(
        lambda number, final: f"{ESC}[?{number}{final}",
        st.sampled_from([3, 5, 6, 7, 25, 47, 1049]),
        st.sampled_from("hl"),
    ),
)
ENTRIES = st.lists(
    st.builds(
        item,
        PIECES,
        st.sampled_from(["stdout", "stderr", "input", "note"]),
        st.sampled_from(["compile", "run"]),
    ),
    max_size=30,
)


@pytest.mark.slow
@given(entries=ENTRIES)
@settings(max_examples=400, deadline=PATIENCE_S * 1000)
def test_any_bytes_become_harmless_markup(entries: list[dict[str, Any]]) -> None:
    for drawn in transcript.render(entries):
        assert not any("could not be drawn" in remark for remark in drawn.remarks)
        read = checked(drawn.html).text
        assert not any(char < " " and char != "\n" for char in read)
        assert max(map(len, read.split("\n"))) <= screen.COLUMNS * screen.CELL_CHARS


@pytest.mark.parametrize("stream", ["stdout", "stderr", "input", "note"])
def test_no_attack_is_more_than_text(stream: str) -> None:
    for attack in [*ATTACKS, *SEQUENCES]:
        checked(markup(item(f"{attack}\n{attack}", stream)))


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_can_be_read_as_it_was_written(attack: str) -> None:
    assert shown(attack).replace("\n", "") == attack


def test_what_cannot_be_drawn_is_text_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(screen.TranscriptScreen, "linefeed", fails)
    drawn = transcript.render([item(f"<script>{ESC}[31m\n</script>")])[0]
    assert "could not be drawn" in drawn.remarks[0]
    assert checked(drawn.html).text == "<script>[31m\n</script>"
