"""A long wire for kernels without netem: frames between two interfaces, late, and some are lost.

    python -m tests.hosts.wire INTERFACE INTERFACE DELAY_S LOSS

Makes both interfaces, says "ready", and carries until its standard input ends; the interfaces go
with it. Frames keep their order.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import sys
import time
from collections import deque
from typing import Final

TUNSETIFF: Final = 0x400454CA
TAP_WITHOUT_HEADER: Final = 0x0002 | 0x1000
FRAME_BYTES: Final = 65536


def main() -> None:
    names, delay_s, loss = sys.argv[1:3], float(sys.argv[3]), float(sys.argv[4])
    one, other = (open_tap(name) for name in names)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    carry({one: other, other: one}, delay_s, loss)


def open_tap(name: str) -> int:
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name.encode(), TAP_WITHOUT_HEADER))
    return tap


def carry(other_end: dict[int, int], delay_s: float, loss: float) -> None:
    ends_with = sys.stdin.fileno()
    under_way: deque[tuple[float, int, bytes]] = deque()
    while True:
        pause = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        ready, _, _ = select.select([ends_with, *other_end], [], [], pause)
        if ends_with in ready:
            return
        for tap in ready:
            frame = receive(tap)
            if frame and random.random() >= loss:
                under_way.append((time.monotonic() + delay_s, other_end[tap], frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, tap, frame = under_way.popleft()
            send(tap, frame)


def receive(tap: int) -> bytes:
    try:
        return os.read(tap, FRAME_BYTES)
    except OSError:  # it is not up yet, or there was nothing after all
        return b""


def send(tap: int, frame: bytes) -> None:
    try:
        os.write(tap, frame)
    except OSError:  # not up, or its queue is full: then a frame is lost, as on any wire
        return


if __name__ == "__main__":
    main()
