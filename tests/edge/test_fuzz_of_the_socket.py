"""A hundred thousand frames that are nearly right, over real sockets into the real web process.

`CODR_FUZZ_FRAMES` and `CODR_FUZZ_SEED` make a longer run, or another one.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import struct
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter
from redis import Redis

from executor_app.consumers import MAX_ERRORS
from executor_app.protocol import ServerMessage
from tests.edge import fuzz
from tests.edge.raw import clients, descriptors, handshake, resident_bytes
from tests.server.client import Client, connect, says_hello
from tests.server.parts import until
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

FRAMES = int(os.environ.get("CODR_FUZZ_FRAMES", "100000"))
SEED = os.environ.get("CODR_FUZZ_SEED", "1848")
SOCKETS = 8
BATCH = 250
FRAMES_PER_SOCKET = 4000
PATIENCE_S = 60.0
# Connections to Redis and the database are kept for the next one who needs them.
MAX_POOLED = 16
MAX_GROWTH_BYTES = 24 << 20
server_message: TypeAdapter[Any] = TypeAdapter(ServerMessage)


@dataclass
class Tally:
    """What was sent and what came back, of all sockets."""

    frames: int = 0
    sockets: int = 0
    errors: int = 0
    broken: int = 0
    handshakes: int = 0
    close_codes: dict[int, int] = field(default_factory=dict)
    statuses: dict[int, int] = field(default_factory=dict)


class Peer:
    """One raw socket; everything that the server says on it has to be what the contract knows."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.said: list[Any] = []
        self.close_code: int | None = None
        self._rest = bytearray()

    async def read(self) -> bool:
        """What has come; False once the other side has said goodbye or is gone."""
        try:
            data = await self.reader.read(1 << 16)
        except ConnectionError:
            return False
        self._rest += data
        at = 0
        while (taken := self._take_frame(at)) > at:
            at = taken
        del self._rest[:at]
        return bool(data) and self.close_code is None

    def _take_frame(self, at: int) -> int:
        """Where the frame at `at` ends, or `at` while it is not whole."""
        begin = at + 2
        if begin > len(self._rest):
            return at
        first, size = self._rest[at], self._rest[at + 1]
        assert first & 0x70 == 0, "bits of an extension that nobody agreed on"
        if size > 125:
            width = 2 if size == 126 else 8
            size = int.from_bytes(self._rest[begin : begin + width], "big")
            begin += width
        if begin + size > len(self._rest):
            return at
        payload = bytes(self._rest[begin : begin + size])
        if first & 15 == 1:
            self.said.append(server_message.validate_json(payload, strict=False))
        elif first & 15 == 8:
            self.close_code = struct.unpack(">H", payload[:2])[0] if payload else 1005
        return begin + size

    async def until_said(self, code: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not (self.said and getattr(self.said[-1], "code", "") == code):
                assert await self.read(), f"closed with {self.close_code}: {self.said[-3:]}"

    async def to_the_end(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.read():
                pass


async def open_peer(port: int) -> Peer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(handshake("Sec-WebSocket-Extensions: permessage-deflate"))
    async with asyncio.timeout(PATIENCE_S):
        head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    return Peer(reader, writer)


async def follow(port: int, job_id: str) -> Peer:
    peer = await open_peer(port)
    peer.writer.write(attach(job_id))
    return peer


def attach(job_id: str) -> bytes:
    text = json.dumps({"type": "attach", "job_id": job_id})
    return fuzz.frame(random.Random(0), text.encode(), 1)


async def pester(port: int, job_id: str, seed: str, frames: int, tally: Tally) -> None:
    """Frames that a followed job does not mind, in batches, of which every error is counted."""
    chance = random.Random(seed)
    sent = 0
    while sent < frames:
        peer = await follow(port, job_id)
        tally.sockets += 1
        here = 0
        while here < min(FRAMES_PER_SOCKET, frames - sent):
            batch = [fuzz.harmless(chance) for _ in range(BATCH)]
            peer.said.clear()
            peer.writer.write(b"".join(data for data, _, _ in batch) + attach(job_id))
            await peer.until_said("already_attached")
            got = [message for message in peer.said if message.type == "error"]
            wanted = sum(errors for _, _, errors in batch) + 1
            assert len(got) == wanted, (seed, sent, len(got), wanted)
            assert not any(message.code == "unavailable" for message in got), got
            tally.errors += wanted
            here += sum(count for _, count, _ in batch) + 1
        sent += here
        tally.frames += here
        await break_off(peer, chance, tally)


async def break_off(peer: Peer, chance: random.Random, tally: Tally) -> None:
    """Ends a socket by a frame that no protocol allows, by half a frame, or by a reset."""
    data, has_to_close = fuzz.fatal(chance)
    peer.writer.write(data)
    tally.broken += 1
    tally.frames += 1
    if has_to_close:
        await peer.to_the_end()
        code = peer.close_code or 1006
        tally.close_codes[code] = tally.close_codes.get(code, 0) + 1
    elif chance.random() < 0.5:
        peer.writer.transport.abort()
    peer.writer.close()


async def break_sockets(port: int, seed: str, count: int, tally: Tally) -> None:
    """First messages that are none, and what is no frame at all."""
    chance = random.Random(seed)
    for _ in range(count):
        peer = await open_peer(port)
        tally.sockets += 1
        if chance.random() < 0.3:
            peer.writer.write(fuzz.frame(chance, fuzz.harmless_message(chance)[0].encode(), 1))
            tally.frames += 1
            await peer.to_the_end()
            assert peer.close_code == 4400, (seed, peer.said, peer.close_code)
            peer.writer.close()
        else:
            await break_off(peer, chance, tally)


async def shake_wrongly(port: int, seed: str, count: int, tally: Tally) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(fuzz.odd_handshake(chance))
        tally.handshakes += 1
        try:
            async with asyncio.timeout(0.5):
                line = await reader.readline()
        except (TimeoutError, ConnectionError):
            line = b""  # it waits for more, or it has gone
        writer.close()
        status = int(line.split()[1]) if line.startswith(b"HTTP/1.1 ") else 0
        assert status < 500, (seed, line)
        tally.statuses[status] = tally.statuses.get(status, 0) + 1


async def fuzz_it(port: int, job_id: str, frames: int, seed: str) -> Tally:
    tally = Tally()
    share = frames // SOCKETS
    odd = max(frames // 250, 10)
    await asyncio.gather(
        *(pester(port, job_id, f"{seed}/{n}", share, tally) for n in range(SOCKETS)),
        *(break_sockets(port, f"{seed}/broken/{n}", odd, tally) for n in range(4)),
        *(shake_wrongly(port, f"{seed}/hands/{n}", odd, tally) for n in range(4)),
    )
    return tally


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def web_process(stack: Stack) -> int:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"codr.web" not in (folder / "cmdline").read_bytes():
                continue
            if f"CODR_STATE_DIR={stack.state}\0".encode() in (folder / "environ").read_bytes():
                return int(folder.name)
        except OSError:
            continue
    raise AssertionError("there is no web process")


def lasting_keys(stack: Stack) -> set[bytes]:
    """What Redis would keep for ever."""
    with Redis.from_url(stack.redis_url) as redis:
        return {key for key in redis.scan_iter(count=1000) if redis.ttl(key) == -1}


async def ask_for_a_job(client: Client) -> str:
    accepted = await client.execute("python", "print(input('? '))", limits={"input_timeout": 3600})
    await client.until("input_request")
    return str(accepted["job_id"])


async def test_who_sends_nothing_but_nonsense_is_sent_away(codr: Stack) -> None:
    """Each answer is longer than what it answers, and nobody says that it is read."""
    async with connect(codr.socket_url) as client:
        job_id = await ask_for_a_job(client)
        peer = await follow(codr.port, job_id)
        nonsense = fuzz.frame(random.Random(0), b"{", 1) * 500
        for _ in range(MAX_ERRORS // 500 + 1):
            peer.writer.write(nonsense)
        await peer.to_the_end()
        assert (peer.said[-1].code, peer.close_code) == ("too_many_errors", 4429)
        assert [message.type for message in peer.said].count("error") == MAX_ERRORS + 1
        peer.writer.close()
        await client.answer("well")
        assert (await client.until("complete"))["status"] == "completed"


async def test_a_hundred_thousand_odd_frames_leave_nothing_behind(
    codr: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    await says_hello(codr.socket_url)
    pid, lasting = web_process(codr), lasting_keys(codr)
    before_log = len(codr.log)
    async with connect(codr.socket_url) as client:
        job_id = await ask_for_a_job(client)
        await fuzz_it(codr.port, job_id, FRAMES // 20, f"{SEED}/warm")
        spent = cpu_seconds(pid)
        began, memory, open_before = time.monotonic(), resident_bytes(pid), descriptors(pid)
        tally = await fuzz_it(codr.port, job_id, FRAMES, SEED)
        took = time.monotonic() - began
        grown = resident_bytes(pid) - memory
        spent = cpu_seconds(pid) - spent
        await client.answer("well")
        assert (await client.until("complete"))["status"] == "completed"
    assert client.text().endswith("well\n")
    assert tally.frames >= FRAMES
    assert 1011 not in tally.close_codes
    assert grown < MAX_GROWTH_BYTES
    assert web_process(codr) == pid
    until(lambda: clients(pid, codr.port) == 0, "every client's connection is closed")
    more = Counter(descriptors(pid)) - Counter(open_before)
    with capsys.disabled():
        figures = f"{took:.0f} s, {spent:.0f} s of CPU, {grown / 2**20:+.1f} MiB"
        sys.stdout.write(f"\n{figures}, {more.total()} more descriptors, {tally}\n")
    assert more.total() < MAX_POOLED, more
    until(lambda: lasting_keys(codr) <= lasting, "Redis keeps nothing for ever")
    assert "Traceback" not in codr.log[before_log:]
    await says_hello(codr.socket_url)
