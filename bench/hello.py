"""Hello world: `execute` sent to `complete` received, beside the bare compile and run."""

from __future__ import annotations

import time
from collections.abc import Iterator

from executor_app.languages import Language, languages

from . import bare
from .client import Client
from .figures import Effort, Line, Target, median, milliseconds, percentile


def measure(target: Target, effort: Effort) -> Iterator[Line]:
    for language in languages().values():
        yield _measure_language(target, effort, language)


def _measure_language(target: Target, effort: Effort, language: Language) -> Line:
    rounds = effort.compiled_rounds if language.compile else effort.hello_rounds
    hello(target.url, language)  # the first of each may pay for what the others find warm
    bare.compile_and_run(language, language.hello.code)
    bares, ours = [], []
    for _ in range(rounds):
        bares.append(bare.compile_and_run(language, language.hello.code))
        ours.append(hello(target.url, language))
    ratio = median(ours) / median(bares)
    return Line(
        name="hello",
        what=f"{language.title} hello world",
        sandbox=target.sandbox,
        ours=f"{milliseconds(median(ours))} (p99 {milliseconds(percentile(ours, 99))})",
        bare=milliseconds(median(bares)),
        ratio=f"{ratio:.2f} ×",
        numbers={
            "language": language.name,
            "rounds": rounds,
            "ours_p50_s": median(ours),
            "ours_p99_s": percentile(ours, 99),
            "bare_p50_s": median(bares),
            "bare_p99_s": percentile(bares, 99),
            "ratio": ratio,
        },
    )


def hello(url: str, language: Language) -> float:
    """Seconds from `execute` to `complete`, on a socket that was already open."""
    with Client(url) as client:
        began = time.perf_counter()
        client.send({"type": "execute", "language": language.name, "code": language.hello.code})
        output = ""
        for message in client.messages():
            if message["type"] == "output" and message["stage"] == "run":
                output += message["data"]
            elif message["type"] == "error":
                raise RuntimeError(f"{language.name}: {message}")
            elif message["type"] == "complete":
                break
        took = time.perf_counter() - began
    if output != language.hello.expected or message["exit_code"] != 0:
        raise RuntimeError(f"{language.name} said {output!r} and ended with {message}")
    return took
