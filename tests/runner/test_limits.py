"""Every limit ends a job with its own final status and a sentence that names it and its amount."""

from __future__ import annotations

from typing import Any

import pytest

from executor_app.protocol import FinalStatus, Output
from executor_app.runner.host import Host
from tests.runner.driver import Talk, contained, hold, spec

pytestmark = pytest.mark.slow

MIB = 1 << 20

FORK_BOMB = """
import os, time
while True:
    try: os.fork()
    except OSError: time.sleep(0.01)
"""
THREAD_BOMB = """
#include <pthread.h>
#include <unistd.h>
void *rest(void *_) { pause(); return 0; }
int main(void) { pthread_t t; for (;;) pthread_create(&t, 0, rest, 0); }
"""
CHILDREN_EAT = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        eaten = [b"x" * (1 << 20) for _ in range(30)]
        time.sleep(20)
time.sleep(20)
"""
SHM = """
with open("/dev/shm/x", "wb") as file:
    for _ in range(300): file.write(b"x" * (1 << 20))
"""
C_FILE = """
#include <unistd.h>
#include <fcntl.h>
static char block[1 << 16];
int main(void) { int f = open("big", O_CREAT | O_WRONLY, 0600);
                 for (;;) if (write(f, block, sizeof block) < 0) return 1; }
"""
PYTHON_FILE = """
with open("big", "wb") as file:
    try:
        while True: file.write(b"x" * 65536)
    except OSError as error: print(error)
"""
FILL_DISK = """
try:
    for n in range(100000):
        with open(f"{('/tmp', '.')[n % 2]}/{n}", "wb") as file: file.write(b"x" * 500_000)
except OSError as error: print(error)
"""
MANY_FILES = """
try:
    for n in range(1000000): open(f"/tmp/{n}", "w").close()
except OSError as error: print(error)
"""
FLOOD = """
import os, sys
if os.fork():
    while True: os.write(1, b"o" * 4000 + b"\\n")
while True: os.write(2, b"e" * 4000 + b"\\n")
"""

# name: language, program, its limits, how it ends, what the sentence names
PROGRAMS: dict[str, tuple[str, str, dict[str, Any], FinalStatus, str]] = {
    "cpu": ("python", "while True: pass", {"cpu_time_s": 0.4}, FinalStatus.TIME_LIMIT,
            "limit of 0.4 seconds of CPU time"),
    "cpu of children": ("python", "import os\nos.fork(); os.fork()\nwhile True: pass",
                        {"cpu_time_s": 0.5}, FinalStatus.TIME_LIMIT, "limit of 0.5 seconds of CPU"),
    "wall": ("python", "import time; time.sleep(60)", {"wall_time_s": 0.5}, FinalStatus.TIME_LIMIT,
             "limit of 0.5 seconds, not counting the time that it waited for input"),
    "memory": ("python", "x = [b'x' * 1000000 for _ in range(1000)]", {"memory_bytes": 48 * MIB},
               FinalStatus.MEMORY_LIMIT, "limit of 48 MiB of memory"),
    "memory of children": ("python", CHILDREN_EAT, {"memory_bytes": 80 * MIB},
                           FinalStatus.MEMORY_LIMIT, "limit of 80 MiB of memory"),
    "memory in /dev/shm": ("python", SHM, {"memory_bytes": 48 * MIB, "disk_bytes": 512 * MIB,
                                           "file_size_bytes": 512 * MIB},
                           FinalStatus.MEMORY_LIMIT, "limit of 48 MiB of memory"),
    "disk in /dev/shm": ("python", SHM, {"disk_bytes": 20 * MIB, "file_size_bytes": 512 * MIB},
                         FinalStatus.FILE_SIZE_LIMIT, "limit is 20 MiB in all files"),
    "forks": ("python", FORK_BOMB, {"processes": 20}, FinalStatus.PROCESS_LIMIT,
              "limit of 20 processes and threads"),
    "threads": ("c", THREAD_BOMB, {"processes": 20}, FinalStatus.PROCESS_LIMIT,
                "limit of 20 processes and threads"),
    "file in C": ("c", C_FILE, {"file_size_bytes": 3 * MIB}, FinalStatus.FILE_SIZE_LIMIT,
                  "limit of 3 MiB"),
    "file in Python": ("python", PYTHON_FILE, {"file_size_bytes": 3 * MIB},
                       FinalStatus.FILE_SIZE_LIMIT, "limit of 3 MiB"),
    "disk": ("python", FILL_DISK, {"disk_bytes": 8 * MIB}, FinalStatus.FILE_SIZE_LIMIT,
             "limit is 8 MiB in all files"),
    "disk after compiling": ("c", C_FILE, {"disk_bytes": 8 * MIB, "file_size_bytes": 64 * MIB},
                             FinalStatus.FILE_SIZE_LIMIT, "limit is 8 MiB in all files"),
    "many files": ("python", MANY_FILES, {}, FinalStatus.FILE_SIZE_LIMIT,
                   "limit is 16384 files and folders"),
    "output": ("python", FLOOD, {"output_bytes": 200_000}, FinalStatus.OUTPUT_LIMIT,
               "limit of 195.3 KiB of output"),
    "nobody answers": ("python", "input('? ')", {"input_timeout_s": 0.4}, FinalStatus.INPUT_TIMEOUT,
                       "within 0.4 seconds"),
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
async def test_a_limit_is_named(host: Host, name: str) -> None:
    language, code, limits, status, sentence = PROGRAMS[name]

    talk = await hold(host, spec(language, code, limits=limits))

    assert (talk.complete.status, sentence in talk.complete.message) == (status, True), (
        talk.complete,
        talk.stdout[-300:],
        talk.stderr[-300:],
    )


EATS = """
kept = []
print("eating", flush=True)
while True: kept.append(bytearray(1 << 20))
"""


async def test_a_host_that_runs_out_of_memory_is_no_limit_of_the_program_s(host: Host) -> None:
    """As in a container that is smaller than all of its jobs together."""
    with contained(host) as container:
        container.set_limits(memory_bytes=96 * MIB, processes=1000)
        talk = await hold(host, spec("python", EATS, limits={"memory_bytes": 512 * MIB}))

    assert talk.complete.status == FinalStatus.FAILED
    assert "This server ran out of memory" in talk.complete.message
    assert "512 MiB" not in talk.complete.message


async def test_what_is_within_the_limits_is_left_alone(host: Host) -> None:
    code = """
import threading, time
x = b"x" * 30_000_000
open("file", "wb").write(b"x" * 1_000_000)
ts = [threading.Thread(target=time.sleep, args=(0.3,)) for _ in range(15)]
for t in ts: t.start()
for t in ts: t.join()
print("o" * 9_999)
"""
    limits = {
        "memory_bytes": 64 * MIB,
        "file_size_bytes": 1_100_000,
        "disk_bytes": 2 * MIB,
        "processes": 16,
        "output_bytes": 10_000,
        "wall_time_s": 5.0,
    }
    talk = await hold(host, spec("python", code, limits=limits))

    end = talk.complete
    assert (end.status, end.exit_code, end.truncated) == (FinalStatus.COMPLETED, 0, False), (
        end.message,
        talk.stderr,
    )
    assert end.memory > 30_000_000
    assert 0.3 < end.execution_time < 3


async def test_waiting_for_a_person_does_not_count_as_running(host: Host) -> None:
    code = "import time\nfor _ in range(3): input('? '); time.sleep(0.1)"
    limits = {"wall_time_s": 0.9, "input_timeout_s": 5.0}
    async with Talk(host, spec("python", code, limits=limits)) as talk:
        for count in range(1, 4):
            await talk.asked(count)
            try:
                await talk.until(lambda heard: heard.over, within_s=0.5)
            except TimeoutError:
                talk.answer("")

    assert talk.complete.status == FinalStatus.COMPLETED
    assert 0.3 < talk.complete.execution_time < 0.9


async def test_a_flood_is_cut_at_the_limit_exactly(host: Host) -> None:
    talk = await hold(host, spec("python", FLOOD, limits={"output_bytes": 200_000}))

    assert len(talk.stdout) + len(talk.stderr) == 200_000
    assert talk.complete.truncated
    assert talk.result is not None
    assert talk.result.output_bytes == 200_000


async def test_output_of_just_the_limit_is_no_flood(host: Host) -> None:
    code = "import os; os.write(1, b'x' * 6000); os.write(2, b'x' * 4000)"

    talk = await hold(host, spec("python", code, limits={"output_bytes": 10_000}))

    assert (talk.complete.status, talk.complete.truncated) == (FinalStatus.COMPLETED, False)


async def test_a_program_larger_than_its_file_limit_may_run(host: Host) -> None:
    code = "static char big[5 << 20] = {1};\nint main(void) { return big[0] - 1; }"

    talk = await hold(host, spec("c", code, limits={"file_size_bytes": MIB}))

    assert (talk.complete.status, talk.complete.exit_code) == (FinalStatus.COMPLETED, 0)


# --- compiling ---------------------------------------------------------------------------------


async def test_a_compile_error_is_shown_in_the_compiler_s_own_words(host: Host) -> None:
    talk = await hold(host, spec("c", "int main(void) { return x; }"))

    said = talk.output("stderr", "compile").decode()
    assert talk.complete.status == FinalStatus.COMPILE_ERROR
    assert "main.c:1:" in said
    assert "x" in said
    assert talk.statuses == ["compiling"]
    assert {output.stage for output in talk.of(Output)} == {"compile"}


@pytest.mark.parametrize("language", ["cpp", "rust"])
async def test_other_compilers_say_so_too(host: Host, language: str) -> None:
    talk = await hold(host, spec(language, "nonsense"))

    assert talk.complete.status == FinalStatus.COMPILE_ERROR
    assert "main." in talk.output("stderr", "compile").decode()


ENDLESS = """
constexpr long f(long n) { long s = 0; for (long i = 0; i < n; i++) s += i % 7; return s; }
constexpr long a = f(200000), b = f(200001), c = f(200002), d = f(200003);
template <long N> struct T { static constexpr long v = f(200000 + N) + T<N - 1>::v; };
template <> struct T<0> { static constexpr long v = 0; };
int main() { return T<800>::v; }
"""
HUNGRY = """
template <int N, class... A> struct T : T<N - 1, A..., int[N]> {};
template <class... A> struct T<0, A...> {};
int main() { T<850>(); }
"""


@pytest.mark.parametrize("limit", ["cpu_time_s", "wall_time_s"])
async def test_compiling_has_a_time_limit_of_its_own(host: Host, limit: str) -> None:
    talk = await hold(host, spec("cpp", ENDLESS, compile_limits={limit: 0.6}))

    assert talk.complete.status == FinalStatus.TIME_LIMIT
    assert talk.complete.message.startswith("The compiler ")
    assert "0.6 seconds" in talk.complete.message


async def test_compiling_has_a_memory_limit_of_its_own(host: Host) -> None:
    talk = await hold(host, spec("cpp", HUNGRY, compile_limits={"memory_bytes": 40 * MIB}))

    assert talk.complete.status == FinalStatus.MEMORY_LIMIT
    assert talk.complete.message == ("The compiler needed more than its limit of 40 MiB of memory.")


async def test_a_flood_of_errors_ends_at_the_limit(host: Host) -> None:
    code = "\n".join(f"int main(void) {{ return x{n}; }}" for n in range(2000))

    talk = await hold(host, spec("c", code, compile_limits={"output_bytes": 20_000}))

    assert talk.complete.status == FinalStatus.OUTPUT_LIMIT
    assert talk.complete.message == "The compiler wrote more than its limit of 19.5 KiB of output."
    assert len(talk.output("stderr", "compile")) == 20_000


async def test_compiling_has_a_limit_of_processes_of_its_own(host: Host) -> None:
    talk = await hold(host, spec("c", "int main(void) {}", compile_limits={"processes": 1}))

    assert talk.complete.status == FinalStatus.PROCESS_LIMIT
    assert talk.complete.message.startswith("The compiler tried to have more than its limit of 1 ")


HUGE = "char huge[9 << 20] = {1};\nint main(void) { return huge[7]; }"


@pytest.mark.parametrize("language", ["c", "cpp"])
async def test_compiling_has_a_limit_on_files_of_its_own(host: Host, language: str) -> None:
    """The assembler is stopped; the compiler that started it would call that its own mistake."""
    talk = await hold(host, spec(language, HUGE, compile_limits={"file_size_bytes": 3 * MIB}))

    assert talk.complete.status == FinalStatus.FILE_SIZE_LIMIT
    assert talk.complete.message == "The compiler wrote a file that reached the limit of 3 MiB."


@pytest.mark.parametrize(
    "said",
    [
        "#error No space left on device",
        '#pragma GCC error "cc1: fatal error: File size limit exceeded"',
        '#pragma message "x\\nas: CPU time limit exceeded"\n#error here',
        '#include "ld: No space left on device"',
        '#line 0 "as"\n#error : No space left on device',
        '#line 0 "ld"\n#pragma GCC error "final link failed: No space left on device"',
        '#line 0 "cc1: fatal error: error writing to /tmp/x"\n#error No space left on device',
        '#line 0 "gcc"\n#include "File size limit exceeded signal terminated program as"',
        'asm(".print \\"as: No space left on device\\"\\n.err");',
        'asm(".print \\"ld: final link failed: No space left on device\\"\\n.err");',
        'asm(".error \\"x\\\\nld: final link failed: No space left on device\\"");',
        'asm(".error \\"x' + "\\\\n" * 1100 + 'ld: final link failed: File too large\\"");',
        'asm(".error \\"x\\\\nrustc-LLVM ERROR: No space left on device\\"");',
        'extern int x asm("final link failed: No space left on device");\nint *y = &x;',
    ],
)
async def test_what_a_source_has_the_compiler_say_is_no_limit(host: Host, said: str) -> None:
    talk = await hold(host, spec("c", f"{said}\nint main(void) {{ return 0; }}"))

    assert talk.complete.status == FinalStatus.COMPILE_ERROR


RUST_HUGE = 'static HUGE: [u8; 9 << 20] = [1; 9 << 20];\nfn main() { print!("{:?}", HUGE); }'


@pytest.mark.parametrize(("language", "code"), [("c", HUGE), ("rust", RUST_HUGE)])
async def test_compiling_has_a_limit_on_disk_of_its_own(
    host: Host, language: str, code: str
) -> None:
    talk = await hold(host, spec(language, code, compile_limits={"disk_bytes": 4 * MIB}))

    assert talk.complete.status == FinalStatus.FILE_SIZE_LIMIT
    assert talk.complete.message == (
        "The compiler filled its folder: the limit is 4 MiB in all files."
    )


async def test_what_is_compiled_has_to_fit_the_program_s_own_folder(host: Host) -> None:
    talk = await hold(host, spec("c", HUGE, limits={"disk_bytes": 4 * MIB}))

    assert talk.complete.status == FinalStatus.FILE_SIZE_LIMIT
    assert "The compiler filled its folder: the limit is 4 MiB" in talk.complete.message


async def test_a_compiler_that_falls_over_is_no_program_that_does(host: Host) -> None:
    code = f"fn main() {{ let _ = {'(' * 200_000}0{')' * 200_000}; }}"

    talk = await hold(host, spec("rust", code))

    end = talk.complete
    assert (end.status, end.signal) == (FinalStatus.COMPILE_ERROR, "SIGSEGV")
    assert end.message.startswith("The compiler was ended by SIGSEGV")


@pytest.mark.parametrize("kind", ["lib", "staticlib"])
async def test_what_compiles_and_is_no_program_is_an_error_of_the_source(
    host: Host, kind: str
) -> None:
    talk = await hold(host, spec("rust", f'#![crate_type = "{kind}"]\npub fn main() {{}}'))

    assert talk.complete.status == FinalStatus.COMPILE_ERROR
    assert "cannot be executed" in talk.complete.message


async def test_what_the_compiler_used_does_not_count_as_the_program_s(host: Host) -> None:
    code = '#include <iostream>\nint main() { std::cout << "hi\\n"; }'

    talk = await hold(host, spec("cpp", code, limits={"memory_bytes": 16 * MIB}))

    assert talk.complete.status == FinalStatus.COMPLETED
    assert talk.complete.memory < 16 * MIB
    assert talk.complete.execution_time < 0.2
    assert talk.complete.cpu_time < 0.2


# --- endings that are no limit -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "signal", "words"),
    [
        ("int main(void) { return *(volatile int *)0; }", "SIGSEGV", "memory that is not its own"),
        ("#include <stdlib.h>\nint main(void) { abort(); }", "SIGABRT", "gave up by itself"),
        ("int main(void) { volatile int a = 7, b = 0; return a / b; }", "SIGFPE", "zero"),
    ],
)
async def test_a_crash_is_named(host: Host, code: str, signal: str, words: str) -> None:
    talk = await hold(host, spec("c", code))

    end = talk.complete
    assert (end.status, end.signal) == (FinalStatus.SIGNALED, signal)
    assert end.exit_code is not None
    assert end.exit_code > 128
    assert words in end.message


async def test_the_signal_of_a_limit_is_no_limit_when_the_program_sends_it(host: Host) -> None:
    talk = await hold(host, spec("python", "import os, signal; os.kill(0, signal.SIGXCPU)"))

    assert (talk.complete.status, talk.complete.signal) == (FinalStatus.SIGNALED, "SIGXCPU")


@pytest.mark.parametrize("code", [0, 1, 42, 255])
async def test_an_exit_code_is_the_program_s_own(host: Host, code: int) -> None:
    talk = await hold(host, spec("python", f"raise SystemExit({code})"))

    end = talk.complete
    assert (end.status, end.exit_code, end.signal) == (FinalStatus.COMPLETED, code, None)
