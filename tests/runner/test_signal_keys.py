"""Keys that make a signal: the program hears of it, what was typed before them is thrown away, and
nothing that the program wrote is."""

from __future__ import annotations

import os
import termios
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from executor_app.protocol import InputResponse, Output, Stdin
from executor_app.runner.host import Host
from executor_app.runner.run import Message
from executor_app.runner.streams import Streams
from tests.runner.driver import Talk, hold, spec

ROUNDS = 200
# More than a terminal holds, so that some of it is on its way to us when the next key comes.
PAGE = "." * 60_000


@pytest.fixture
def streams() -> Iterator[Streams]:
    """A terminal without a program; the test has both ends."""
    made = Streams.terminal(80, 24)
    yield made
    made.close()


def change(streams: Streams, edit: Callable[[list], None]) -> None:  # type: ignore[type-arg]
    slave = streams.child_fds[0]
    modes = termios.tcgetattr(slave)
    edit(modes)
    termios.tcsetattr(slave, termios.TCSANOW, modes)


def give(streams: Streams, *pieces: bytes) -> None:
    for piece in pieces:
        while piece:
            piece = piece[streams.write(piece) :]


def line(streams: Streams) -> bytes:
    return os.read(streams.child_fds[0], 1000)


def test_a_key_throws_away_what_was_typed_and_nothing_that_was_written(streams: Streams) -> None:
    slave, written = streams.child_fds[0], 0
    os.set_blocking(slave, False)
    try:
        while True:  # as much as a program that nobody reads can write
            written += os.write(slave, b"." * 1000)
    except BlockingIOError:
        os.set_blocking(slave, True)
    give(streams, b"a line\n", b"a part", b"\x03", b"after\n")
    assert line(streams) == b"after\n"
    read = 0
    while part := streams.read(streams.stdin):
        read += len(part)
    assert read == written


@pytest.mark.parametrize("key", [b"\x03", b"\x1c", b"\x1a"])
def test_each_key_in_the_middle_of_a_piece_is_no_input(streams: Streams, key: bytes) -> None:
    give(streams, b"ahead\nand" + key + b"a" + key + b"after\n")
    assert line(streams) == b"after\n"
    assert streams.unread() == 0


def test_input_that_fills_the_terminal_does_not_keep_the_key_out(streams: Streams) -> None:
    while streams.write(b"typed ahead\n" * 100):
        pass
    give(streams, b"more\n\x03", b"after\n")
    assert line(streams) == b"after\n"
    assert streams.unread() == 0


def no_signals(modes: list) -> None:  # type: ignore[type-arg]
    modes[3] &= ~termios.ISIG


def other_keys(modes: list) -> None:  # type: ignore[type-arg]
    modes[6][termios.VINTR], modes[6][termios.VQUIT] = b"%", b"\0"


def no_flush(modes: list) -> None:  # type: ignore[type-arg]
    modes[3] |= termios.NOFLSH


@pytest.mark.parametrize(
    ("edit", "typed", "read"),
    [
        pytest.param(no_signals, b"a\x03b\x1cc\x1ad\n", b"a\x03b\x1cc\x1ad\n", id="no signals"),
        pytest.param(other_keys, b"a\x03b\x1c\0\n", b"a\x03b\x1c\0\n", id="they are no keys"),
        pytest.param(other_keys, b"a\x03b%after\n", b"after\n", id="another key is"),
        pytest.param(no_flush, b"a\x03b\n", b"ab\n", id="the program keeps its input"),
        pytest.param(lambda modes: None, b"a\x16\x03b\n", b"a\x03b\n", id="quoted"),
        pytest.param(lambda modes: None, b"a\x16\x16\x03b\n", b"b\n", id="behind a quoted quote"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_what_a_key_means_is_the_programs_to_say(
    streams: Streams,
    edit: Callable[[list], None],  # type: ignore[type-arg]
    typed: bytes,
    read: bytes,
    at_once: bool,
) -> None:
    change(streams, edit)
    give(streams, *([typed] if at_once else [typed[n : n + 1] for n in range(len(typed))]))
    assert line(streams) == read


def test_one_end_of_input_is_enough_behind_a_key(streams: Streams) -> None:
    """The part of a line that stood before it is gone."""
    give(streams, b"part\x03")
    give(streams, streams.eof_mark(b""), b"after\n")
    assert (line(streams), line(streams)) == (b"", b"after\n")


def test_output_that_was_stopped_goes_on(streams: Streams) -> None:
    give(streams, b"\x13")
    assert streams.unread() == 0  # the kernel has had it
    give(streams, b"\x03")
    os.set_blocking(streams.child_fds[0], False)
    assert os.write(streams.child_fds[0], b"on\n") == 3


async def test_a_program_that_answers_each_ctrl_c_at_once_is_heard_each_time(host: Host) -> None:
    code = f"""
import os, signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])  # one that comes meanwhile waits
def say(text):
    data = text.encode()
    while data:
        data = data[os.write(1, data):]
for n in range({ROUNDS}):
    say(f"<{{n}}> {PAGE}\\n")
    signal.sigwait([signal.SIGINT])
say("bye\\n")
"""
    async with Talk(host, spec("python", code)) as talk:
        for n in range(ROUNDS):
            await talk.until(partial(_has_just_said, f"<{n}>"))
            talk.keys(b"\x03")

    assert talk.stdout.decode() == "".join(f"<{n}> {PAGE}\n" for n in range(ROUNDS)) + "bye\n"


def _has_just_said(mark: str, talk: Talk) -> bool:
    return mark in b"".join(output.raw for output in talk.of(Output)[-20:]).decode()


LISTENS = """
import os, signal, sys
count = 0
def got(number, frame):
    global count
    count += 1
    os.write(1, f"{signal.Signals(number).name} {count}\\n".encode())
for name in ("SIGINT", "SIGQUIT", "SIGTSTP"):
    signal.signal(getattr(signal, name), got)
print("ready", flush=True)
while count < 3:
    signal.pause()
while (line := input("> ")) != "end":
    print("read", line, flush=True)
"""


async def test_what_was_typed_before_a_key_is_not_read(host: Host) -> None:
    async with Talk(host, spec("python", LISTENS)) as talk:
        await talk.printed("ready\n")
        for n, (key, name) in enumerate({3: "SIGINT", 28: "SIGQUIT", 26: "SIGTSTP"}.items(), 1):
            talk.keys(b"ahead\nof it")
            talk.keys(bytes([key]))
            await talk.printed(f"{name} {n}\n")
        await talk.asked()
        talk.answer("after")
        await talk.asked(2)
        talk.answer("end")

    assert talk.stdout.decode().partition("3\n")[2].replace("> ", "") == "read after\n"
    assert talk.complete.exit_code == 0


async def test_a_later_attempt_is_given_the_keys_as_the_first_was(host: Host) -> None:
    code = """
import os, signal
def got(number, frame):
    os.write(1, b"interrupted\\n")
signal.signal(signal.SIGINT, got)
while (line := input("> ")) != "end":
    print("read", line, flush=True)
"""
    typed = {
        b"one\n": b"read one\n",
        b"a part": b"",
        b"\x03": b"interrupted\n",
        b"two\n": b"read two\n",
    }
    async with Talk(host, spec("python", code)) as talk:
        for piece, heard in typed.items():
            talk.keys(piece)
            await talk.printed(heard)
        talk.answer("end")
    replay: list[Message] = [Stdin(type="stdin", data=piece.decode()) for piece in typed]
    replay.append(InputResponse(type="input_response", data="end"))
    again = await hold(host, spec("python", code), replay=replay)

    assert talk.stdout.replace(b"> ", b"") == b"read one\ninterrupted\nread two\n"
    assert again.stdout.replace(b"> ", b"") == b"read one\ninterrupted\nread two\n"
