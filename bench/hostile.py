"""Neighbours from hell: five jobs that each try to use up a resource, started again as they end.

Runs as a process of its own, so that what their clients cost is not on the honest client's back.
It ends when its standard input does, and then prints how each kind of job has ended, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from typing import Any, Final

from pydantic_core import from_json

from .client import Client, ClosedError

FORK_BOMB: Final = """\
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
MEMORY_HOG: Final = """\
kept = []
while True:
    kept.append(bytearray(b"x") * (1 << 20))
"""
SPIN: Final = """\
#include <pthread.h>
#include <stddef.h>
static void *spin(void *nothing) { for (volatile long n = 0;; n++) {} return nothing; }
int main(void) {
    pthread_t thread;
    for (int n = 0; n < 32; n++) pthread_create(&thread, NULL, spin, NULL);
    spin(NULL);
}
"""
OUTPUT_FLOOD: Final = """\
import os
while True:
    os.write(1, b"x" * 65535 + b"\\n")
    os.write(2, b"\\n" * 65536)
"""
FILE_FLOOD: Final = """\
import os
for n in range(1 << 30):
    os.makedirs(f"{n % 100}/{n}")
    with open(f"{n % 100}/{n}/file", "wb") as file:
        file.write(bytes(16384))
"""
# The kind, its language and its program.
KINDS: Final = (
    ("fork bomb", "python", FORK_BOMB),
    ("memory hog", "python", MEMORY_HOG),
    ("spin on 33 threads", "c", SPIN),
    ("output flood", "python", OUTPUT_FLOOD),
    ("file flood", "python", FILE_FLOOD),
)
# How each may end. Time or memory runs out first for some where all have less of the processors.
LIMITS: Final = {
    "fork bomb": {"process_limit", "memory_limit", "time_limit"},
    "memory hog": {"memory_limit", "time_limit"},
    "spin on 33 threads": {"time_limit"},
    "output flood": {"output_limit", "time_limit"},
    "file flood": {"file_size_limit", "time_limit"},
}
# Their clients would be other machines: what they cost here is not to be what is measured.
NICENESS: Final = 10


def main() -> None:
    """The arguments: the server's address, and the kinds, if not all of them."""
    os.nice(NICENESS)
    url, *wanted = sys.argv[1:]
    neighbours = [_Neighbour(url, *kind) for kind in KINDS if not wanted or kind[0] in wanted]
    for neighbour in neighbours:
        neighbour.start()
    for neighbour in neighbours:
        neighbour.running.wait()
    print("running", flush=True)
    sys.stdin.read()
    for neighbour in neighbours:
        neighbour.stop()
    for neighbour in neighbours:
        neighbour.join()
    print(json.dumps({neighbour.kind: neighbour.ends for neighbour in neighbours}), flush=True)


class _Neighbour(threading.Thread):
    """One kind of hostile job, again and again."""

    def __init__(self, url: str, kind: str, language: str, code: str) -> None:
        super().__init__(name=kind, daemon=True)
        self.kind = kind
        self.ends: Counter[str] = Counter()
        self.running = threading.Event()
        self._url = url
        self._order = {"type": "execute", "language": language, "code": code}
        self._client: Client | None = None
        self._stopping = False
        self._turn = threading.Lock()

    def run(self) -> None:
        while not self._stopping:
            try:
                with Client(self._url) as client:
                    with self._turn:
                        client.send(self._order)
                        self._client = client
                    self.running.set()
                    end = _end(client)
                    with self._turn:
                        self._client = None
                if not self._stopping:
                    self.ends[end] += 1
            except (ClosedError, OSError) as error:
                self.ends[repr(error)] += 1

    def stop(self) -> None:
        """Ends its job: one whose client only vanished would go on for a while."""
        with self._turn:
            self._stopping = True
            if self._client is not None:
                self._client.send({"type": "cancel"})


def _end(client: Client) -> str:
    """Reads all that comes, and parses next to nothing of it."""
    while True:
        frame = client.receive()
        if b'"complete"' in frame[:64] or b'"error"' in frame[:64]:
            message: dict[str, Any] = from_json(frame)
            return str(message.get("status") or message.get("code"))


if __name__ == "__main__":
    main()
