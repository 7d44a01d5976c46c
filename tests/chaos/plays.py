"""What the sessions of the load play: a program in one of five languages, the steps that it goes
through, what is typed to it, and every byte that it must write.

A program is one player in each language (`programs/`), told its steps as arguments. It writes
numbered lines, each with its checksum: whoever reads a log sees at once what is missing.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PROGRAMS: Final = Path(__file__).parent / "programs"
PLAYERS: Final = {
    language: (PROGRAMS / f"player.{ending}").read_text()
    for language, ending in (
        *(("python", "py"), ("javascript", "js"), ("c", "c")),
        *(("cpp", "cpp"), ("rust", "rs")),
    )
}
# Compiling C++ and Rust takes a second of a processor each.
LANGUAGES: Final = {"python": 20, "javascript": 10, "c": 6, "cpp": 1, "rust": 1}
PIPED_BYTES: Final = 40_000


@dataclass(frozen=True, slots=True)
class Typed:
    """One piece of input, sent `after_s` the one before; an answer waits for its question too."""

    message: dict[str, str]
    after_s: float = 0.0
    to_question: bool = False


@dataclass(frozen=True, slots=True)
class Play:
    """`stdout` and `stderr` are all that the program writes when nothing ends it before."""

    kind: str
    language: str
    args: Sequence[str]
    typed: Sequence[Typed]
    stdout: bytes
    stderr: bytes
    tty: bool = True
    flow_control: bool = False
    # How long the reader takes over each event.
    reads_slowly_s: float = 0.0
    cancel_after_s: float | None = None
    viewers: int = 0

    @property
    def code(self) -> str:
        return PLAYERS[self.language]


def choose(chance: random.Random) -> Play:
    """The play of one session, whose chance it is."""
    kind = chance.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
    return KINDS[kind][1](kind, chance)


@dataclass(slots=True)
class _Script:
    """Writes a play: its steps, what is typed, and what the program says to it."""

    language: str
    seed: int
    steps: list[str] = field(default_factory=list)
    typed: list[Typed] = field(default_factory=list)
    out: list[bytes] = field(default_factory=list)
    err: list[bytes] = field(default_factory=list)
    number: int = 0
    _word: int = 0

    def __post_init__(self) -> None:
        self._word = self.seed

    @property
    def args(self) -> list[str]:
        return [str(self.seed), *self.steps]

    def say(self, count: int, pause_ms: int = 0, width: int = 0) -> None:
        self.steps.append(f"say:{count}:{pause_ms}:{width}")
        for _ in range(count):
            self._tell(f"{self._turn()} " + "ü" * width)

    def work(self, rounds: int) -> None:
        self.steps.append(f"work:{rounds}")
        for _ in range(rounds):
            self._turn()
        self._tell(f"worked {self._word}")

    def ask(self, answer: str, after_s: float) -> None:
        self.steps.append("ask")
        prompt = f"{self.number + 1}? ".encode()
        # CPython writes the prompt of `input()` to stderr on a terminal.
        (self.err if self.language == "python" else self.out).append(prompt)
        self._hear(answer, after_s, to_question=True)

    def read(self, line: str, after_s: float) -> None:
        self.steps.append("read")
        self._hear(line, after_s)

    def rest(self, pieces: Sequence[str], after_s: float) -> None:
        self.steps.append("rest")
        self.typed += [Typed({"type": "stdin", "data": piece}, after_s) for piece in pieces]
        self.typed.append(Typed({"type": "eof"}))
        raw = "".join(pieces).encode()
        self._tell(f"rest {len(raw)} {zlib.adler32(raw)}")

    def _hear(self, line: str, after_s: float, *, to_question: bool = False) -> None:
        message = {"type": "input_response", "data": line}
        self.typed.append(Typed(message, after_s, to_question))
        self._tell(f"heard {line}")

    def _tell(self, text: str) -> None:
        self.number += 1
        body = f"{self.number} {text}"
        self.out.append(f"{body} {zlib.adler32(body.encode())}\n".encode())

    def _turn(self) -> int:
        self._word = (self._word * 1103515245 + 12345) % 2147483648
        return self._word


def _begin(chance: random.Random, *languages: str) -> _Script:
    among = languages or tuple(LANGUAGES)
    language = chance.choices(among, [LANGUAGES[name] for name in among])[0]
    return _Script(language, chance.randrange(1 << 31))


def _play(kind: str, chance: random.Random, script: _Script, **more: bool | float) -> Play:
    return Play(
        kind=kind,
        language=script.language,
        args=script.args,
        typed=script.typed,
        stdout=b"".join(script.out),
        stderr=b"".join(script.err),
        viewers=chance.choice((0, 0, 0, 0, 1, 1, 2)),
        **more,  # type: ignore[arg-type]
    )


def _words(chance: random.Random) -> str:
    return f"{chance.randrange(10**9)} 🦄 {chance.randrange(10**9)}"


def _printing(kind: str, chance: random.Random) -> Play:
    """Lines at a reader's pace, for some seconds."""
    script = _begin(chance, "python", "javascript", "c")
    script.say(chance.randrange(100, 300), chance.randrange(40, 80), chance.randrange(40))
    return _play(kind, chance, script, flow_control=chance.random() < 0.3)


def _flooding(kind: str, chance: random.Random) -> Play:
    """A few megabytes as fast as they go; half of the readers hold it to their pace."""
    script = _begin(chance, "python", "c")
    script.say(chance.randrange(1000, 2500), 0, 500)
    slowly = chance.random() < 0.5
    pace = {"flow_control": True, "reads_slowly_s": 0.05} if slowly else {}
    return _play(kind, chance, script, **pace)


def _asking(kind: str, chance: random.Random) -> Play:
    script = _begin(chance, "python", "javascript", "c")
    for _ in range(chance.randrange(2, 8)):
        # No pauses: Node keeps its input in its epoll set, so a timer looks like a question.
        script.say(chance.randrange(4))
        script.ask(_words(chance), chance.uniform(0.05, 12.0))
    return _play(kind, chance, script, flow_control=chance.random() < 0.3)


def _typing(kind: str, chance: random.Random) -> Play:
    """Nobody is asked, and everything is typed ahead, while the program does something else."""
    script = _begin(chance, "python", "javascript", "c")
    for _ in range(chance.randrange(1, 4)):
        script.say(chance.randrange(20, 80), 20)
        for _ in range(chance.randrange(1, 12)):
            script.read(_words(chance), chance.choice((0.0, 0.0, 0.05, 4.0)))
    return _play(kind, chance, script)


def _computing(kind: str, chance: random.Random) -> Play:
    script = _begin(chance, "python", "c")
    for _ in range(chance.randrange(3, 10)):
        script.work(chance.randrange(10_000, 50_000))
        script.say(1, 1000)
    return _play(kind, chance, script)


def _compiling(kind: str, chance: random.Random) -> Play:
    script = _begin(chance, "c", "cpp", "rust")
    script.say(20)
    script.ask(_words(chance), chance.uniform(0.0, 10.0))
    script.work(1000)
    script.ask(_words(chance), chance.uniform(0.0, 10.0))
    return _play(kind, chance, script)


def _piping(kind: str, chance: random.Random) -> Play:
    """Exact bytes through a pipe, up to the end of input."""
    script = _begin(chance, "python", "javascript", "c")
    script.say(3)
    size = chance.randrange(1, PIPED_BYTES // 10)
    pieces = ["é" * size + f"{n}\r\n" for n in range(chance.randrange(1, 6))]
    script.rest(pieces, chance.uniform(0.0, 2.0))
    return _play(kind, chance, script, tty=False)


def _cancelling(kind: str, chance: random.Random) -> Play:
    script = _begin(chance, "python", "javascript")
    script.say(2000, 20)
    return _play(kind, chance, script, cancel_after_s=chance.uniform(0.5, 4.0))


# How often, and how it is written.
KINDS: Final[dict[str, tuple[int, Callable[[str, random.Random], Play]]]] = {
    "printing": (6, _printing),
    "flooding": (1, _flooding),
    "asking": (8, _asking),
    "typing": (4, _typing),
    "computing": (3, _computing),
    "compiling": (2, _compiling),
    "piping": (2, _piping),
    "cancelling": (1, _cancelling),
}


def questions(play: Play) -> Iterator[str]:
    """The prompts, in their order: the number of the line that the answer will be told in."""
    line = 0
    for step in play.args[1:]:
        name, *values = step.split(":")
        if name == "ask":
            yield f"{line + 1}? "
        line += int(values[0]) if name == "say" else 1
