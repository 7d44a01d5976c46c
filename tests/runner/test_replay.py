"""A program that starts again is given what it was given before, as it asks for it."""

from __future__ import annotations

import pytest

from executor_app.protocol import Cancel, Eof, InputResponse, Signal
from executor_app.runner.host import Host
from executor_app.runner.run import Message
from tests.runner.driver import Talk, spec


def lines(*texts: str) -> list[Message]:
    return [InputResponse(type="input_response", data=text) for text in texts]


@pytest.mark.parametrize("language", ["python", "c"])
async def test_answers_are_given_again_without_asking_anybody(host: Host, language: str) -> None:
    programs = {
        "python": "for n in range(4): print(n, input(f'{n}? '))\n",
        "c": "#include <stdio.h>\nint main(void) { char s[9]; for (int n = 0; n < 4; n++) {"
        ' printf("%d? ", n); fflush(stdout); if (scanf("%8s", s) != 1) return 1;'
        ' printf("%d %s\\n", n, s); } }\n',
    }
    async with Talk(host, spec(language, programs[language]), replay=lines("a", "b")) as talk:
        await talk.asked()
        assert talk.prompts == ["2? "]
        talk.answer("c")
        await talk.asked(2)
        talk.answer("d")
    said = talk.stdout.decode()
    assert [said.count(f"{n} {text}\n") for n, text in enumerate("abcd")] == [1, 1, 1, 1]


async def test_what_is_typed_meanwhile_comes_after_what_is_given_again(host: Host) -> None:
    job = spec("python", "for n in range(6): print(input())\n")
    async with Talk(host, job, replay=lines("a", "b", "c")) as talk:
        for text in "def":
            talk.answer(text)
    assert talk.stdout == b"a\nb\nc\nd\ne\nf\n"


async def test_a_program_that_asks_nobody_is_given_it_after_a_while(host: Host) -> None:
    looks = (
        "import os, sys, time\nos.set_blocking(0, False)\ngot = b''\n"
        "while got.count(b'\\n') < 2:\n    time.sleep(0.01)\n"
        "    try: got += os.read(0, 100)\n    except BlockingIOError: pass\n"
        "print(got)\n"
    )
    async with Talk(host, spec("python", looks), replay=lines("a", "b")) as talk:
        await talk.end()
    assert talk.stdout == b"b'a\\nb\\n'\n"


async def test_the_end_of_input_and_a_signal_are_given_again_in_their_places(host: Host) -> None:
    code = (
        "import signal, sys\nsignal.signal(signal.SIGUSR1, lambda *_: print('usr1', flush=True))\n"
        "print(input())\nprint(sys.stdin.read())\n"
    )
    replay = [*lines("a"), Signal(type="signal", signal="SIGUSR1"), *lines("b"), Eof(type="eof")]
    async with Talk(host, spec("python", code), replay=replay) as talk:
        await talk.end()
    assert talk.stdout.split() == [b"a", b"usr1", b"b"]
    assert talk.requests == []


async def test_a_cancel_that_came_before_ends_it(host: Host) -> None:
    replay = [*lines("a"), Cancel(type="cancel", reason="enough")]
    async with Talk(host, spec("python", "while True: input()"), replay=replay) as talk:
        complete = await talk.end()
    assert (complete.status, complete.message) == ("cancelled", "enough")
