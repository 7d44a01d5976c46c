"""An executor that is not root and has no cgroups: what holds then, and what only holds weakly.

One process for each sandbox is an ordinary user's and plays every program; the tests read what came
of it. The checkout and the interpreter may lie where only their owner can read, so that process has
them mounted where everybody can; and it has a list of users with one more, since Firejail asks.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest

from executor_app.protocol import FinalStatus
from executor_app.runner.sandbox import BACKENDS
from tests.runner.test_jail import LEAVES, leaves

pytestmark = pytest.mark.slow

MIB = 1 << 20
UID = 64_321
ROOT = Path(__file__).parents[2]

# Words: the list of users, then pairs of what is mounted and where, then `--` and the command.
ENTER = f"""
mount --bind "$1" /etc/passwd; shift
mount -t tmpfs -o mode=755 none /mnt
while [ "$1" != -- ]; do mkdir -p "$2"; mount --rbind "$1" "$2"; shift 2; done
shift
exec setpriv --reuid={UID} --regid={UID} --clear-groups --inh-caps=-all "$@"
"""
EXECUTOR = """
import asyncio, json, os, sys, traceback
from pathlib import Path

from executor_app.runner.host import Host
from tests.runner.driver import Talk, Traces, spec

home, sandbox = Path.home(), sys.argv[1]

async def play(host, program):
    options = {"limits": program["limits"], "args": program["args"]}
    talk = Talk(host, spec(program["language"], program["code"], **options))
    async with talk:
        for count, answer in enumerate(program["answers"], 1):
            await talk.asked_or_over(count)
            talk.answer(answer)
        if program["cancel"]:
            await talk.printed("busy")
            talk.cancel()
    end = talk.complete
    return {"status": end.status, "message": end.message, "exit_code": end.exit_code,
            "stdout": talk.stdout.decode("utf-8", "replace"), "prompts": talk.prompts,
            "events": repr(talk.events)[-1500:]}

async def main():
    host = Host.open(name=f"unprivileged-{sandbox}-{os.getpid()}", folder=home / "state" / sandbox,
                     sandbox=sandbox, slots=4, limits_by="auto", uid_base=os.getuid())
    print(json.dumps({"warnings": host.warnings, "privileged": host.ground.privileged}), flush=True)
    for line in sys.stdin:
        before = Traces.of(host)
        try: heard = await play(host, json.loads(line))
        except Exception: heard = {"error": traceback.format_exc()}
        after = Traces.of(host)
        heard["left"] = "" if before == after else f"{before} became {after}"
        print(json.dumps(heard), flush=True)
    host.close()

asyncio.run(main())
"""


class Executor:
    """The process that is an ordinary user's, and what it says of each program."""

    def __init__(self, sandbox: str, home: Path) -> None:
        places = {
            sys.base_prefix: "/mnt/python",
            str(Path(pydantic.__file__).parents[1]): "/mnt/packages",
            str(ROOT / "executor_app"): "/mnt/codr/executor_app",
            str(ROOT / "tests"): "/mnt/codr/tests",
        }
        python = f"/mnt/python/bin/python{sys.version_info.major}.{sys.version_info.minor}"
        self._process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-ec", ENTER, "sh", str(home / "passwd")]
            + [word for place in places.items() for word in place]
            + ["--", python, "-c", EXECUTOR, sandbox],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(home),
                "LANG": "C.UTF-8",
                "PYTHONHOME": "/mnt/python",
                "PYTHONPATH": "/mnt/codr:/mnt/packages",
                "PYTHONDONTWRITEBYTECODE": "1",
                "LD_LIBRARY_PATH": "/mnt/python/lib",
            },
            cwd="/",
        )
        self.sandbox = sandbox
        self.home = home
        self.opened = self._read()

    def plays(
        self,
        language: str,
        code: str,
        *,
        answers: tuple[str | None, ...] = (),
        args: tuple[str, ...] = (),
        cancel: bool = False,
        **limits: Any,
    ) -> dict[str, Any]:
        """How the program ended and what it said, after a look that nothing of it is left."""
        assert self._process.stdin is not None
        program = {"language": language, "code": code, "answers": answers, "args": args,
                   "cancel": cancel, "limits": limits}  # fmt: skip
        self._process.stdin.write(json.dumps(program) + "\n")
        self._process.stdin.flush()
        heard = self._read()
        assert "error" not in heard, heard["error"]
        assert heard["left"] == ""
        return heard

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        heard: dict[str, Any] = json.loads(self._process.stdout.readline())
        return heard

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(30)
        assert code == 0
        assert not list((self.home / "state").iterdir())


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    # Not in pytest's own folder, which is closed to others; and Firejail wants a home in /home.
    home = Path(tempfile.mkdtemp(prefix="codr-test-", dir="/home"))
    try:
        users = Path("/etc/passwd").read_text()
        (home / "passwd").write_text(f"{users}codr-test:x:{UID}:{UID}::{home}:/bin/sh\n")
        for path in (home, *home.iterdir()):
            os.chown(path, UID, UID)
        started = Executor(request.param, home)
        yield started
        started.stop()
    finally:
        shutil.rmtree(home)


def test_it_says_what_is_weaker(executor: Executor) -> None:
    warnings = "\n".join(executor.opened["warnings"])

    assert executor.opened["privileged"] is False
    assert "limits are by setrlimit only" in warnings
    assert ("mount table" in warnings) == (executor.sandbox == "firejail")


PYTHON_TALK = "name = input('Name? ')\nprint(f'Hello {name}, {input()}')\n"
C_TALK = r"""
#include <stdio.h>
int main(void) {
    char name[20]; int age;
    printf("Name? "); fflush(stdout); scanf("%19s", name);
    printf("Age? "); fflush(stdout); scanf("%d", &age);
    printf("Hello %s, %d\n", name, age);
}
"""


def test_a_conversation_in_python(executor: Executor) -> None:
    heard = executor.plays("python", PYTHON_TALK, answers=("Ada", "36"))

    assert (heard["status"], heard["exit_code"]) == (FinalStatus.COMPLETED, 0)
    assert heard["prompts"] == ["Name? ", ""]
    assert heard["stdout"].endswith("Hello Ada, 36\n")


def test_a_conversation_in_c(executor: Executor) -> None:
    heard = executor.plays("c", C_TALK, answers=("Ada", "36"))

    assert (heard["status"], heard["exit_code"]) == (FinalStatus.COMPLETED, 0)
    assert heard["prompts"] == ["Name? ", "Age? "]
    assert heard["stdout"].endswith("Hello Ada, 36\n")


PYTHON_MEMORY = "x = []\nwhile True: x.append(bytearray(1 << 20))"
C_MEMORY = """
#include <stdlib.h>
#include <string.h>
int main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }
"""
CHILDREN_EAT = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        eaten = [b"x" * (1 << 20) for _ in range(30)]
        time.sleep(20)
time.sleep(20)
"""
PROCESSES = """
import os, time
while True:
    try:
        if os.fork() == 0: time.sleep(30); os._exit(0)
    except OSError: time.sleep(0.01)
"""
PYTHON_FILE = "with open('big', 'wb') as f:\n    while True: f.write(bytes(1 << 16))"
C_FILE = """
#include <fcntl.h>
#include <unistd.h>
static char block[1 << 16];
int main(void) { int f = open("big", O_CREAT | O_WRONLY, 0600);
                 for (;;) if (write(f, block, sizeof block) < 0) return 1; }
"""
LIMITS: dict[str, tuple[str, str, dict[str, Any], FinalStatus]] = {
    "cpu time": ("python", "while True: pass", {"cpu_time_s": 0.5}, FinalStatus.TIME_LIMIT),
    "wall time": ("python", "import time; time.sleep(60)", {"wall_time_s": 0.5},
                  FinalStatus.TIME_LIMIT),
    "memory in python": ("python", PYTHON_MEMORY, {"memory_bytes": 64 * MIB},
                         FinalStatus.MEMORY_LIMIT),
    "memory in c": ("c", C_MEMORY, {"memory_bytes": 64 * MIB}, FinalStatus.MEMORY_LIMIT),
    "memory of children": ("python", CHILDREN_EAT, {"memory_bytes": 80 * MIB},
                           FinalStatus.MEMORY_LIMIT),
    "processes": ("python", PROCESSES, {"processes": 16, "wall_time_s": 4.0},
                  FinalStatus.PROCESS_LIMIT),
    "file size in python": ("python", PYTHON_FILE, {"file_size_bytes": 2 * MIB},
                            FinalStatus.FILE_SIZE_LIMIT),
    "file size in c": ("c", C_FILE, {"file_size_bytes": 2 * MIB}, FinalStatus.FILE_SIZE_LIMIT),
    "output": ("python", "while True: print('x' * 1000)", {"output_bytes": 100_000},
               FinalStatus.OUTPUT_LIMIT),
    "nobody answers": ("python", "input('? ')", {"input_timeout_s": 0.4},
                       FinalStatus.INPUT_TIMEOUT),
}  # fmt: skip


@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_ends_the_job_and_is_named(executor: Executor, name: str) -> None:
    language, code, limits, status = LIMITS[name]

    heard = executor.plays(language, code, **limits)

    assert heard["status"] == status, heard["events"]
    assert heard["message"]


WRITES = """
import os, sys
for folder in ("/dev/shm", "/tmp", "/var/tmp", "."):
    if not os.path.isdir(folder): continue
    print(folder, [name for name in os.listdir(folder) if name.startswith(sys.argv[1])])
    open(f"{folder}/{sys.argv[1]}", "w").close()
"""


def test_two_jobs_share_no_folder_with_each_other_or_with_the_host(executor: Executor) -> None:
    name = f"codr-test-{os.getpid()}"

    for _ in range(2):
        heard = executor.plays("python", WRITES, args=(name,))

        assert (heard["exit_code"], len(heard["stdout"].splitlines()) >= 3) == (0, True), heard
        assert all(line.endswith(" []") for line in heard["stdout"].splitlines())
    for folder in ("/dev/shm", "/tmp", "/var/tmp", "/"):
        assert not os.path.lexists(f"{folder}/{name}")


def test_a_user_with_many_threads_elsewhere_can_still_compile(executor: Executor) -> None:
    code = """
import threading, time
for _ in range(200): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
print(flush=True)
time.sleep(60)
"""
    command = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
    with subprocess.Popen(
        [*command, "/usr/bin/python3", "-c", code], stdout=subprocess.PIPE, cwd="/"
    ) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline()
            heard = executor.plays("c", C_TALK, answers=("Ada", "36"))
        finally:
            other.kill()

    assert heard["stdout"].endswith("Hello Ada, 36\n"), heard["events"]


def test_what_processes_share_is_counted_once(executor: Executor) -> None:
    code = """
import os, time
shared = [b"x" * (1 << 20) for _ in range(50)]
for _ in range(3):
    if os.fork() == 0: time.sleep(0.5); os._exit(0)
for _ in range(3): os.wait()
print("well")
"""
    heard = executor.plays("python", code, memory_bytes=100 * MIB)

    assert heard["stdout"] == "well\n", heard["events"]


def test_a_cancelled_job_leaves_nothing(executor: Executor) -> None:
    code = "import os\nif os.fork() == 0: os.setsid()\nprint('busy', flush=True)\nwhile True: pass"

    heard = executor.plays("python", code, cancel=True)

    assert heard["status"] == FinalStatus.CANCELLED


@pytest.mark.parametrize("name", LEAVES)
def test_whatever_a_program_leaves_is_removed_and_no_link_is_followed(
    executor: Executor, name: str
) -> None:
    file = executor.home / "passwd"
    before, text = file.stat(), file.read_text()

    heard = executor.plays("python", leaves(name), args=(str(file),))

    assert heard["stdout"] == "left\n", heard["events"]
    assert file.read_text() == text
    after = file.stat()
    for what in ("st_mode", "st_uid", "st_nlink", "st_mtime_ns", "st_ctime_ns"):
        assert getattr(after, what) == getattr(before, what)
