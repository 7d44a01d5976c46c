"""A program on its terminal, or on pipes: what it writes, what it is given, what it is sent."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

import pytest

from executor_app.protocol import FinalStatus, Output
from executor_app.runner.host import Host
from tests.runner.driver import Talk, hold, spec

ALL_BYTES = bytes(range(256))

# Each prints a question without a newline, reads a line, and says what it read.
QUESTIONS = {
    "python": 'print("Hello,", input("Name? "))',
    "javascript": """
        const readline = require("node:readline");
        const io = readline.createInterface({ input: process.stdin, output: process.stdout });
        io.question("Name? ", (name) => { console.log(`Hello, ${name}`); io.close(); });
    """,
    "c": """
        #include <stdio.h>
        int main(void) { char name[50]; printf("Name? "); scanf("%49s", name);
                         printf("Hello, %s\\n", name); return 0; }
    """,
    "cpp": """
        #include <iostream>
        int main() { std::string name; std::cout << "Name? "; std::cin >> name;
                     std::cout << "Hello, " << name << "\\n"; }
    """,
    "rust": """
        use std::io::{stdin, stdout, Write};
        fn main() {
            print!("Name? "); stdout().flush().unwrap();
            let mut name = String::new(); stdin().read_line(&mut name).unwrap();
            println!("Hello, {}", name.trim());
        }
    """,
}


@pytest.mark.parametrize(
    "language", ["python", "javascript", "c", pytest.param("cpp", marks=pytest.mark.slow), "rust"]
)
async def test_a_question_without_a_newline_is_seen_before_it_is_answered(
    host: Host, language: str
) -> None:
    async with Talk(host, spec(language, QUESTIONS[language])) as talk:
        request = await talk.asked()
        assert b"Name? " in talk.stdout + talk.stderr
        talk.answer("Ada")

    assert request.prompt == "Name? "
    assert talk.stdout.replace(b"\r", b"").endswith(b"Hello, Ada\n")
    assert talk.complete.status == FinalStatus.COMPLETED
    compiling = [] if language in ("python", "javascript") else ["compiling"]
    assert talk.statuses == [*compiling, "running", "waiting_for_input", "running"]


async def test_output_arrives_while_the_program_goes_on(host: Host) -> None:
    code = """
import sys
print("first")
sys.stdin.readline()
print("second")
"""
    async with Talk(host, spec("python", code)) as talk:
        await talk.printed("first\n")
        assert b"second" not in talk.stdout
        talk.answer("")

    assert talk.stdout == b"first\nsecond\n"


async def test_bytes_are_as_written_on_a_terminal(host: Host) -> None:
    code = "import os; os.write(1, bytes(range(256)) * 40); os.write(1, b'a\\nb\\r\\nc\\td')"

    talk = await hold(host, spec("python", code))

    assert talk.stdout == ALL_BYTES * 40 + b"a\nb\r\nc\td"


async def test_a_character_is_never_split_whatever_the_sizes_of_writes(host: Host) -> None:
    code = """
import os, time
data = ("aé€😀ß中" * 3000).encode()
at = 0
for n in range(10**9):
    size = (1, 2, 3, 5, 7, 4093, 11)[n % 7]
    os.write(1, data[at:at + size])
    at += size
    if at >= len(data): break
    if n % 50 == 0: time.sleep(0.001)
"""
    talk = await hold(host, spec("python", code))

    assert talk.stdout.decode() == "aé€😀ß中" * 3000
    assert all(output.encoding is None for output in talk.of(Output))


async def test_a_character_that_never_ends_arrives_all_the_same(host: Host) -> None:
    code = """
import os, sys
os.write(1, "wé".encode()[:2])
sys.stdin.readline()
os.write(1, b"\\xf0\\x9f")
"""
    async with Talk(host, spec("python", code)) as talk:
        await talk.asked()
        assert talk.stdout == b"w\xc3"
        talk.answer("")

    assert talk.stdout == b"w\xc3\xf0\x9f"


async def test_the_two_streams_are_kept_apart(host: Host) -> None:
    code = """
import sys
for n in range(2000):
    print("out", n)
    print("err", n, file=sys.stderr)
"""
    talk = await hold(host, spec("python", code))

    assert talk.stdout.decode() == "".join(f"out {n}\n" for n in range(2000))
    assert talk.stderr.decode() == "".join(f"err {n}\n" for n in range(2000))


async def test_the_last_words_of_a_program_are_heard(host: Host) -> None:
    code = 'import os; os.write(1, b"x" * 3000 + b"end"); os.write(2, b"y" * 3000); os._exit(3)'

    talks = await asyncio.gather(*(hold(host, spec("python", code)) for _ in range(12)))

    assert {talk.stdout for talk in talks} == {b"x" * 3000 + b"end"}
    assert {talk.stderr for talk in talks} == {b"y" * 3000}
    assert {talk.complete.exit_code for talk in talks} == {3}


@pytest.mark.parametrize("tty", [True, False])
async def test_a_program_knows_whether_it_has_a_terminal(host: Host, tty: bool) -> None:
    code = "import os; print([os.isatty(fd) for fd in (0, 1, 2)])"

    talk = await hold(host, spec("python", code, tty=tty))

    assert talk.stdout.decode().strip() == str([tty] * 3)


async def test_the_window_has_the_size_that_was_asked_for_and_can_be_resized(host: Host) -> None:
    code = """
import os, signal
def say(*words):
    os.write(1, " ".join(map(str, words)).encode() + b"\\n")
def changed(*_):
    say("now", *os.get_terminal_size(0), *os.get_terminal_size(2))
    os._exit(0)
signal.signal(signal.SIGWINCH, changed)
say(*os.get_terminal_size(1), *os.get_terminal_size(2))
while True: signal.pause()
"""
    async with Talk(host, spec("python", code, cols=132, rows=50)) as talk:
        await talk.printed("132 50 132 50\n")
        talk.resize(40, 11)

    assert talk.stdout == b"132 50 132 50\nnow 40 11 40 11\n"


async def test_ctrl_c_interrupts_the_program(host: Host) -> None:
    code = """
import os, time
try:
    os.write(1, b"ready\\n")
    time.sleep(30)
except KeyboardInterrupt:
    print("interrupted")
"""
    async with Talk(host, spec("python", code)) as talk:
        await talk.printed("ready")
        talk.keys(b"\x03")

    assert talk.stdout == b"ready\ninterrupted\n"
    assert talk.complete.status == FinalStatus.COMPLETED


@pytest.mark.parametrize("tty", [True, False])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2"])
async def test_a_signal_reaches_the_program(host: Host, name: str, tty: bool) -> None:
    code = f"""
import os, signal, time
def got(number, frame):
    os.write(1, signal.Signals(number).name.encode() + b"\\n")
    os._exit(7)
signal.signal(signal.{name}, got)
print("ready", flush=True)
while True:
    time.sleep(0.1)  # what comes just before a sleep is heard after it
"""
    async with Talk(host, spec("python", code, tty=tty)) as talk:
        await talk.printed("ready")
        talk.signal(name)

    assert talk.stdout == f"ready\n{name}\n".encode()
    assert (talk.complete.status, talk.complete.exit_code) == (FinalStatus.COMPLETED, 7)


async def test_a_signal_to_a_group_that_has_gone_is_sent_to_nobody(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel may have given its number to a process of somebody else."""
    code = """
import os, signal, time
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
gone = os.fork()
if gone == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    os._exit(0)
os.waitpid(gone, 0)
print("gone", flush=True)
time.sleep(20)
"""
    asked: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda group, number: asked.append(group))
    async with Talk(host, spec("python", code)) as talk:
        await talk.printed("gone\n")
        talk.signal("SIGKILL")
        talk.cancel()

    assert asked == []


async def test_a_signal_that_ends_the_program_is_named(host: Host) -> None:
    async with Talk(
        host, spec("c", '#include <unistd.h>\nint main(){write(1,"r",1);pause();}')
    ) as talk:
        await talk.printed("r")
        talk.signal("SIGKILL")

    end = talk.complete
    assert (end.status, end.signal, end.exit_code) == (FinalStatus.SIGNALED, "SIGKILL", 137)


async def test_the_end_of_input_is_seen_on_a_terminal_and_is_not_for_ever(host: Host) -> None:
    code = """
import sys
print(repr(sys.stdin.read()), flush=True)
print(repr(sys.stdin.readline()))
"""
    async with Talk(host, spec("python", code)) as talk:
        talk.answer("one")
        talk.keys(b"two")
        talk.answer(None)
        await talk.printed("one")
        talk.answer("three")

    assert talk.stdout.decode() == "'one\\ntwo'\n'three\\n'\n"


async def test_the_end_of_input_is_seen_on_pipes(host: Host) -> None:
    code = "import sys; print(repr(sys.stdin.read()))"

    async with Talk(host, spec("python", code, tty=False)) as talk:
        talk.answer("one")
        talk.keys(b"two")
        talk.answer(None)
        talk.answer("nobody hears this")
        talk.answer(None)

    assert talk.stdout.decode() == "'one\\ntwo'\n"


@pytest.mark.parametrize("given", [True, False])
async def test_pipes_are_exact_both_ways(host: Host, given: bool) -> None:
    data = ALL_BYTES + random.Random(2).randbytes(5_000_000) + ALL_BYTES
    code = "import sys, shutil; shutil.copyfileobj(sys.stdin.buffer, sys.stdout.buffer)"
    fields: dict[str, Any] = {"stdin": data} if given else {"tty": False}

    async with Talk(host, spec("python", code, **fields)) as talk:
        if not given:
            for at in range(0, len(data), 500_000):
                talk.keys(data[at : at + 500_000])
            talk.answer(None)

    assert talk.stdout == data
    assert talk.prompts == []


async def test_a_program_may_leave_its_input_unread(host: Host) -> None:
    talk = await hold(host, spec("python", "print(1)", stdin=b"x" * 1_000_000))

    assert (talk.stdout, talk.complete.status) == (b"1\n", FinalStatus.COMPLETED)


@pytest.mark.parametrize("tty", [True, False])
async def test_the_streams_can_be_opened_by_name(host: Host, tty: bool) -> None:
    code = """
import sys
print(repr(open("/dev/stdin").readline()), flush=True)
open("/dev/stdout", "w").write("out\\n")
open("/dev/stderr", "w").write("err\\n")
open("/dev/fd/1", "w").write("fd\\n")
"""
    talk = await hold(host, spec("python", code, tty=tty), ["Ada"])

    assert talk.stdout.decode() == "'Ada\\n'\nout\nfd\n"
    assert talk.stderr == b"err\n"


async def test_the_terminal_can_be_opened_as_dev_tty(host: Host) -> None:
    code = """
import getpass, os
print(repr(getpass.getpass("Secret? ")))
with open("/dev/tty", "w") as tty: tty.write("to the terminal\\n")
"""
    talk = await hold(host, spec("python", code), ["hush"])

    assert talk.prompts == ["Secret? "]
    assert not talk.requests[0].echo
    assert b"'hush'\n" in talk.stdout
    assert b"to the terminal\n" in talk.stdout


async def test_arguments_arrive_exactly(host: Host) -> None:
    args = ["", "a b", "-x", "--", "*", "$HOME", "é€😀", "'\"\\", "line\nbreak", "{file}", "@x"]
    code = "import sys; print(repr(sys.argv[1:]))"

    talk = await hold(host, spec("python", code, args=args))

    assert talk.stdout.decode().strip() == repr(args)


async def test_a_program_of_several_files_finds_them(host: Host) -> None:
    files = [
        ("main.py", b"import tools.greet as g; print(g.hello()); print(open('data/x.txt').read())"),
        ("tools/greet.py", b"def hello(): return 'hi'"),
        ("data/x.txt", b"data"),
    ]
    talk = await hold(host, spec("python", files=files))

    assert talk.stdout == b"hi\ndata\n"


async def test_c_sources_and_headers_are_compiled_together(host: Host) -> None:
    files = [
        ("main.c", b'#include "sum.h"\n#include <stdio.h>\nint main(){printf("%d\\n",sum(2,3));}'),
        ("sum.h", b"int sum(int, int);"),
        ("sum.c", b"int sum(int a, int b) { return a + b; }"),
    ]
    talk = await hold(host, spec("c", files=files))

    assert talk.stdout == b"5\n"


@pytest.mark.parametrize("name", ["-o", "--help", "-main.py", "@list", "a b.py", "ü.py"])
async def test_a_file_may_have_an_odd_name(host: Host, name: str) -> None:
    talk = await hold(host, spec("python", files=[(name, b"print('ran')")]))

    assert talk.stdout == b"ran\n"


async def test_a_c_file_named_like_an_option_is_compiled(host: Host) -> None:
    files = [("-shared.c", b'int puts(const char *);\nint main(void) { puts("ran"); return 0; }')]

    talk = await hold(host, spec("c", files=files))

    assert talk.stdout == b"ran\n"


async def test_input_sent_before_the_program_starts_arrives_once_and_in_order(host: Host) -> None:
    code = "import sys\nfor line in sys.stdin: print('got', line.strip(), flush=True)"
    talk = Talk(host, spec("python", code))
    for n in range(50):
        talk.answer(str(n))
    talk.answer(None)
    talk.start()
    await talk.end()

    assert talk.stdout.decode() == "".join(f"got {n}\n" for n in range(50))


async def test_input_sent_while_compiling_arrives_once_and_in_order(host: Host) -> None:
    code = '#include <stdio.h>\nint main(){int n; while(scanf("%d",&n)==1) printf("got %d\\n",n);}'
    async with Talk(host, spec("c", code)) as talk:
        await talk.until(lambda heard: "compiling" in heard.statuses)
        for n in range(50):
            talk.answer(str(n))
        talk.answer(None)

    assert talk.stdout.decode() == "".join(f"got {n}\n" for n in range(50))
    assert talk.prompts == []


@pytest.mark.parametrize("tty", [True, False])
async def test_a_long_paste_arrives_whole_while_the_program_is_slow(host: Host, tty: bool) -> None:
    lines = [f"line {n} of a paste, {'x' * (n % 60)}" for n in range(3000)]
    code = """
import sys, time
time.sleep(0.3)
for n in range(3000):
    line = sys.stdin.readline()
    if n % 300 == 0: time.sleep(0.02)
    sys.stdout.write(line)
"""
    async with Talk(host, spec("python", code, tty=tty)) as talk:
        talk.keys("".join(line + "\n" for line in lines).encode())

    assert talk.stdout.decode().splitlines() == lines
    assert talk.prompts == []


async def test_a_part_of_a_line_is_no_answer(host: Host) -> None:
    async with Talk(host, spec("python", 'print(repr(input("Name? ")))')) as talk:
        await talk.asked()
        for key in (b"A", b"d", b"a"):
            talk.keys(key)
            await asyncio.sleep(0.15)
        assert talk.statuses[-1] == "waiting_for_input"
        talk.keys(b"\n")

    assert talk.prompts == ["Name? "]
    assert talk.stdout == b"'Ada'\n"


async def test_a_key_is_an_answer_where_the_program_reads_keys(host: Host) -> None:
    code = """
import os, tty
tty.setraw(0)
for _ in range(2):
    print("key?", end="", flush=True)
    print(os.read(0, 1).hex(), end="\\n", flush=True)
"""
    async with Talk(host, spec("python", code)) as talk:
        request = await talk.asked()
        talk.keys(b"\x04")
        await talk.asked(2)
        talk.keys(b"z")

    assert (request.raw, request.echo) == (True, False)
    assert talk.prompts == ["key?", "key?"]
    assert talk.stdout == b"key?04\nkey?7a\n"


async def test_what_is_typed_is_not_echoed_among_the_output(host: Host) -> None:
    talk = await hold(host, spec("python", "input('? ')"), ["secret"])

    assert b"secret" not in talk.stdout + talk.stderr


async def test_a_slow_reader_gets_everything_and_the_program_is_held_back(host: Host) -> None:
    code = """
import os, time
start = time.monotonic()
for _ in range(60): os.write(1, b"x" * 65535 + b"\\n")
os.write(2, b"%.2f" % (time.monotonic() - start))
"""
    talk = await hold(host, spec("python", code), slow_sink_s=0.02)

    assert len(talk.stdout) == 60 * 65536
    assert float(talk.stderr) > 0.15
