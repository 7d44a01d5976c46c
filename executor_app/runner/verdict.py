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
class Words:
    """What a compiler said on stderr: on stdout the assembler prints whatever a source tells it.

    `text` is the end of it, and all of it unless it is `cut`.
    """

    compiler: str
    text: str
    cut: bool

    def of_itself(self) -> str:
        """The line in which it says what stopped it; "" where the source may have said it."""
        lines = [line.strip() for line in self.text.splitlines()]
        while lines and FAREWELL.fullmatch(lines[-1]):
            lines.pop()
        if self.compiler == "rustc":
            return lines[-1] if lines and RUSTC_OWN_LINE.fullmatch(lines[-1]) else ""
        if lines and GCC_HEADING.fullmatch(lines[0]):
            del lines[0]
        own = not self.cut and len(lines) == 1 and GCC_OWN_LINE.fullmatch(lines[0])
        return lines[0] if own else ""


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


def compile_error(limits: Limits, words: Words, cpu_time_s: float) -> Verdict:
    """What a failed compiler died of. Its parts are its own children: where a limit stopped one of
    them nobody else is told, and the compiler says so in the C library's words.

    The source's author can have it say anything, of several lines too, but never without a line
    that is about the source. So only a tool that spoke of nothing but itself is believed.
    """
    line = words.of_itself()
    for said, limit in LIMITS_IN_WORDS.items():
        # Here the kernel's count has to say so too; of files it keeps none.
        if said in line and (limit is not cpu_time or cpu_time_s >= limits.cpu_time_s):
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
_LIMIT: Final = "|".join(LIMITS_IN_WORDS)
# The whole line in which a part of gcc says that it was stopped, or could not write.
GCC_OWN_LINE: Final = re.compile(
    rf"\S+: (fatal error|internal compiler error): ({_LIMIT}) signal terminated program \S+"
    rf"|collect2: fatal error: ld terminated with signal \d+ \[({_LIMIT})\].*"
    rf"|\S+: fatal error: (error writing to|cannot write|when writing output to) \S+: ({_LIMIT})"
    rf"|(\S+|\{{standard input\}}): Fatal error: can't (write|fill|close) [^:]*\S+: '?({_LIMIT})'?"
    rf"|(/\S+/)?ld: final link failed: ({_LIMIT})"
)
GCC_HEADING: Final = re.compile(r"(\S+|\{standard input\}): Assembler messages:")
# Behind what rustc says of the source comes the place, so its last line is about itself or is one.
RUSTC_OWN_LINE: Final = re.compile(
    r"(= note: )?(/\S+/)?(cc|collect2|ld|rustc-LLVM)(:| ERROR:) .*|error: .*\(os error \d+\)"
)
# What may come after either.
FAREWELL: Final = re.compile(
    r"|compilation terminated\.|Please submit a full bug report.*|See <.*"
    r"|collect2: error: ld returned 1 exit status|error: aborting due to .*"
)


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
