"""Which limit ended a job: the final status, and a sentence that says which and how much."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from executor_app.languages import Limits
from executor_app.protocol import FinalStatus, Stage


@dataclass(frozen=True, slots=True)
class Verdict:
    status: FinalStatus
    message: str = ""


def size(count: int) -> str:
    """Bytes for people: the largest unit that leaves a whole number, or one decimal."""
    for unit, step in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count >= step:
            return f"{count / step:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"


def seconds(count: float) -> str:
    return f"{count:g} second" + ("" if count == 1 else "s")


def _who(stage: Stage) -> str:
    return "The program" if stage == "run" else "The compiler"


def cpu_time(limits: Limits, stage: Stage) -> Verdict:
    text = f"{_who(stage)} used up its limit of {seconds(limits.cpu_time_s)} of CPU time."
    return Verdict(FinalStatus.TIME_LIMIT, text)


def wall_time(limits: Limits, stage: Stage) -> Verdict:
    text = f"{_who(stage)} ran for longer than its limit of {seconds(limits.wall_time_s)}"
    tail = ", not counting the time that it waited for input." if stage == "run" else "."
    return Verdict(FinalStatus.TIME_LIMIT, text + tail)


def memory(limits: Limits, stage: Stage) -> Verdict:
    text = f"{_who(stage)} needed more than its limit of {size(limits.memory_bytes)} of memory."
    return Verdict(FinalStatus.MEMORY_LIMIT, text)


def host_memory() -> Verdict:
    text = "This server ran out of memory and ended the program, which was within its own limit. "
    return Verdict(FinalStatus.FAILED, text + "Run it again in a while.")


def processes(limits: Limits, stage: Stage) -> Verdict:
    text = f"{_who(stage)} tried to have more than its limit of {limits.processes} processes and "
    return Verdict(FinalStatus.PROCESS_LIMIT, text + "threads at once.")


def file_size(limits: Limits, stage: Stage) -> Verdict:
    text = f"{_who(stage)} wrote a file that reached the limit of {size(limits.file_size_bytes)}."
    return Verdict(FinalStatus.FILE_SIZE_LIMIT, text)


def disk(limits: Limits, stage: Stage) -> Verdict:
    text = f"{_who(stage)} filled its folder: the limit is {size(limits.disk_bytes)} in all files."
    return Verdict(FinalStatus.FILE_SIZE_LIMIT, text)


def files(count: int, stage: Stage) -> Verdict:
    text = f"{_who(stage)} filled its folder: the limit is {count} files and folders."
    return Verdict(FinalStatus.FILE_SIZE_LIMIT, text)


def output(limits: Limits, stage: Stage) -> Verdict:
    text = f"{_who(stage)} wrote more than its limit of {size(limits.output_bytes)} of output."
    return Verdict(FinalStatus.OUTPUT_LIMIT, text)


def input_wait(limits: Limits) -> Verdict:
    text = f"Nobody answered the program within {seconds(limits.input_timeout_s)}."
    return Verdict(FinalStatus.INPUT_TIMEOUT, text)


def cancelled(reason: str = "") -> Verdict:
    return Verdict(FinalStatus.CANCELLED, reason or "The job was cancelled.")


def not_executable(why: str) -> Verdict:
    text = f"What the compiler made of the program cannot be executed: {why}."
    return Verdict(FinalStatus.COMPILE_ERROR, text)


def compile_error(limits: Limits, last_words: str) -> Verdict:
    """What a failed compiler died of. Its parts are its own children: where a limit stopped one of
    them nobody else is told, and the compiler says so in the C library's words.

    The source's author can have the compiler say anything, but as part of a message, behind which
    come the place in the source and what it looks like. So only a tool's own last line is believed.
    """
    lines = [line.strip() for line in last_words.splitlines()]
    while lines and FAREWELL.fullmatch(lines[-1]):
        lines.pop()
    if lines and TOOLS_OWN_LINE.match(lines[-1]):
        for words, limit in LIMITS_IN_WORDS.items():
            if words in lines[-1]:
                return limit(limits, "compile")
    text = "The program does not compile; the compiler says why."
    return Verdict(FinalStatus.COMPILE_ERROR, text)


def signaled(number: int, stage: Stage) -> Verdict:
    name = signal_name(number)
    meaning = {
        signal.SIGSEGV: ": it used memory that is not its own",
        signal.SIGABRT: ": it gave up by itself (abort)",
        signal.SIGFPE: ": a calculation is not possible, such as a division by zero",
        signal.SIGSYS: ": it made a system call that is not allowed here",
    }.get(signal.Signals(number) if number in signal.valid_signals() else signal.SIGTERM, "")
    if stage == "compile":
        text = f"The compiler was ended by {name}{meaning}. The program is more than it can take."
        return Verdict(FinalStatus.COMPILE_ERROR, text)
    return Verdict(FinalStatus.SIGNALED, f"The program was ended by {name}{meaning}.")


# strerror(3) and strsignal(3) of what the kernel says at each of these limits.
LIMITS_IN_WORDS: Final[Mapping[str, Callable[[Limits, Stage], Verdict]]] = {
    "File size limit exceeded": file_size,
    "File too large": file_size,
    "No space left on device": disk,
    "CPU time limit exceeded": cpu_time,
}
# How a part of the compiler begins a line that is about itself and not about the source: by its
# name, or by that of the file that it was writing. The source is always named with a line number.
TOOLS_OWN_LINE: Final = re.compile(
    r"(= note: )?(/\S+/)?(gcc|g\+\+|cc|c\+\+|cc1|cc1plus|collect2|as|ld|rustc-LLVM)(:| ERROR:) "
    r"|(/tmp/cc\w{6}\.s|\{standard input\}): Fatal error: "
    r"|\S+: fatal error: error writing to /tmp/"
    r"|error: .*\(os error \d+\)$"
)
# What may come after it.
FAREWELL: Final = re.compile(
    r"|compilation terminated\.|Please submit a full bug report.*|See <.*"
    r"|collect2: error: ld returned 1 exit status|error: aborting due to .*"
)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
