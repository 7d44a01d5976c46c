"""Holds the sample conversations with a running server and says what differed.

    python test_interactive/run.py [--url ws://127.0.0.1:8000/ws/execute] [language ...]

It talks as any client would and needs the `websockets` package alone; the suite calls
`hold_conversation`, and so may any other program.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin

FOLDER = Path(__file__).parent
DEFAULT_URL = "ws://127.0.0.1:8000/ws/execute"


@dataclass(frozen=True, slots=True)
class Ask:
    """The program must ask `prompt`, and is answered."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class See:
    """This must be on stdout, after all that was seen before and before the next question."""

    text: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A program and the conversation that it must hold."""

    language: str
    program: Path
    steps: tuple[Ask | See, ...]
    exit_code: int


@dataclass(slots=True)
class Transcript:
    """What was said: (`stdout`, `stderr`, `asked`, `typed` or `ended`, text), in order.

    `difference` is empty when the conversation went as its script says.
    """

    language: str
    said: list[tuple[str, str]] = field(default_factory=list)
    difference: str = ""

    @property
    def ok(self) -> bool:
        return not self.difference

    def __str__(self) -> str:
        lines = [f"  {who:>6} | {text!r}" for who, text in self.said]
        return "\n".join([*lines, f"  differs: {self.difference}"] if self.difference else lines)


class Different(Exception):  # noqa: N818 - a result, which the transcript carries
    """The conversation left its script."""


def samples() -> tuple[Sample, ...]:
    """The samples beside this file."""
    return tuple(read_sample(script) for script in sorted(FOLDER.glob("*.script.toml")))


def read_sample(script: Path) -> Sample:
    """The sample that a script describes; its program is beside it."""
    table = tomllib.loads(script.read_text(encoding="utf-8"))
    return Sample(
        language=table["language"],
        program=script.with_name(table["program"]),
        steps=tuple(
            See(step["see"]) if "see" in step else Ask(step["ask"], step["answer"])
            for step in table["step"]
        ),
        exit_code=table["exit_code"],
    )


async def hold_conversation(
    url: str, sample: Sample, *, cookie: str | None = None, timeout_s: float = 60
) -> Transcript:
    """Run the sample on the server at `url`. Never raises for what the server does or says."""
    transcript = Transcript(sample.language)
    try:
        async with asyncio.timeout(timeout_s), _connected(url, cookie) as socket:
            await _Conversation(socket, sample, transcript).hold()
    except Different as different:
        transcript.difference = str(different)
    except TimeoutError:
        transcript.difference = f"nothing more happened; gave up after {timeout_s:g} s"
    except ConnectionClosed as closed:
        transcript.difference = f"the server closed the connection: {closed}"
    except (KeyError, ValueError) as error:
        transcript.difference = f"the server sent a frame that is not of the contract: {error!r}"
    except (OSError, WebSocketException) as error:
        transcript.difference = f"cannot talk to {url}: {error}"
    return transcript


def _connected(url: str, cookie: str | None) -> connect:
    where = urlsplit(url)
    # As a page of that server would: without an origin, it may take us for another site's.
    origin = Origin(f"{'https' if where.scheme == 'wss' else 'http'}://{where.netloc}")
    headers = {"Cookie": cookie} if cookie else None
    return connect(url, origin=origin, additional_headers=headers)


class _Conversation:
    """One run of a sample over an open socket."""

    def __init__(self, socket: ClientConnection, sample: Sample, transcript: Transcript) -> None:
        self._socket = socket
        self._sample = sample
        self._said = transcript.said
        self._steps: Iterator[Ask | See] = iter(sample.steps)
        self._unseen = ""

    async def hold(self) -> None:
        """Returns when the program has ended as it should; raises Different otherwise."""
        code = self._sample.program.read_text(encoding="utf-8")
        await self._send({"type": "execute", "language": self._sample.language, "code": code})
        while True:
            frame = json.loads(await self._socket.recv())
            match frame["type"]:
                case "output":
                    self._take_output(frame)
                case "input_request":
                    await self._answer(frame["prompt"])
                case "error":
                    raise Different(f"the server says {frame['code']}: {frame['message']}")
                case "complete":
                    return self._end(frame)

    def _take_output(self, frame: dict[str, str]) -> None:
        data = frame["data"]
        if frame.get("encoding") == "base64":
            data = base64.b64decode(data).decode(errors="backslashreplace")
        self._said.append((frame["stream"], data))
        if frame["stream"] == "stdout":
            self._unseen += data

    async def _answer(self, prompt: str) -> None:
        self._said.append(("asked", prompt))
        step = self._next_question()
        if step is None:
            raise Different(f"it asked {prompt!r} after its last question")
        if prompt != step.prompt:
            raise Different(f"it asked {prompt!r} and not {step.prompt!r}")
        self._said.append(("typed", step.answer))
        await self._send({"type": "input_response", "data": step.answer})

    def _end(self, frame: dict[str, object]) -> None:
        status, exit_code = frame["status"], frame["exit_code"]
        self._said.append(("ended", f"{status}, exit code {exit_code}"))
        if (missing := self._next_question()) is not None:
            raise Different(f"it ended and never asked {missing.prompt!r}")
        if (status, exit_code) != ("completed", self._sample.exit_code):
            raise Different(f"it should have ended with exit code {self._sample.exit_code}")

    def _next_question(self) -> Ask | None:
        """The script's next question, once all that comes before it was seen."""
        for step in self._steps:
            if isinstance(step, Ask):
                return step
            # A terminal may end its lines with CR LF.
            before, found, after = self._unseen.replace("\r\n", "\n").partition(step.text)
            if not found:
                raise Different(f"{step.text!r} was to be seen, and there was {before!r}")
            self._unseen = after
        return None

    async def _send(self, frame: dict[str, str]) -> None:
        await self._socket.send(json.dumps(frame))


async def hold_all(url: str, chosen: Sequence[Sample], cookie: str | None) -> bool:
    """One conversation after the other, each with its result on a line; whether all went well."""
    all_ok = True
    for sample in chosen:
        transcript = await hold_conversation(url, sample, cookie=cookie)
        print(f"{'ok    ' if transcript.ok else 'failed'} {sample.language}")
        if not transcript.ok:
            print(transcript)
        all_ok = all_ok and transcript.ok
    return all_ok


def main() -> int:
    known = samples()
    languages = sorted({sample.language for sample in known})
    parser = argparse.ArgumentParser(description="Hold the sample conversations with a server.")
    parser.add_argument("--url", default=DEFAULT_URL, help="where it listens (%(default)s)")
    parser.add_argument("--cookie", help="where one has to sign in: sessionid=…, as a browser has")
    parser.add_argument("language", nargs="*", help=f"of {', '.join(languages)}; all by default")
    args = parser.parse_args()
    # Not argparse's own `choices`: with nargs="*" it refuses an empty list.
    if unknown := set(args.language) - set(languages):
        parser.error(f"no sample for {', '.join(unknown)}; there are {', '.join(languages)}")
    chosen = [sample for sample in known if sample.language in (args.language or languages)]
    return 0 if asyncio.run(hold_all(args.url, chosen, args.cookie)) else 1


if __name__ == "__main__":
    sys.exit(main())
