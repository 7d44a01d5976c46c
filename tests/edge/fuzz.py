"""What a fuzzer sends: messages, frames, bytes, handshakes that are nearly right, from a seed."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable
from typing import Any, Final

from executor_app.protocol import CLIENT_TYPES, Ack, ProtocolError, parse_client
from tests.edge.raw import handshake

VALID: Final[tuple[dict[str, Any], ...]] = (
    {"type": "execute", "language": "python", "code": "print(1)", "args": ["a"], "cols": 80},
    {"type": "execute", "language": "c", "files": [{"name": "a.c", "content": "int main;"}]},
    {"type": "execute", "language": "rust", "code": "", "limits": {"cpu_time": 1.5}, "tty": False},
    {"type": "attach", "job_id": "5f0c1f5e-0000-4000-8000-000000000000", "after": 3},
    {"type": "input_response", "data": "Ada"},
    {"type": "stdin", "data": "AAEC", "encoding": "base64"},
    {"type": "eof"},
    {"type": "resize", "cols": 80, "rows": 24},
    {"type": "signal", "signal": "SIGINT"},
    {"type": "cancel", "reason": "enough"},
    {"type": "ack", "seq": 7},
)
ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**64), 10**40, 0.5, -0.0, 1e308, 1e-320),
    *("", "x", "\0", "\ud800", "🎺", "x" * 5000, "../x", "%%%", "\x1b]0;x\x07", "<script>"),
    *([], {}, [[]], [None], {"": ""}, {"type": "ack"}, ["x"] * 200),
    *CLIENT_TYPES,
)
FIELDS: Final = tuple({field for message in VALID for field in message} | {"name", "x", ""})


def message(chance: random.Random) -> str:
    """A text that is one message in a thousand."""
    match chance.randrange(8):
        case 0:
            return "".join(chr(chance.randrange(1, 0xD800)) for _ in range(chance.randrange(80)))
        case 1:
            return json.dumps(chance.choice(ODD))
        case 2:
            return json.dumps({chance.choice(FIELDS): chance.choice(ODD) for _ in range(5)})
        case 3:
            return chance.choice("[{") * chance.randrange(1, 3000)
        case 4 | 5:
            return json.dumps(_changed(chance, dict(chance.choice(VALID))))
        case _:
            return _damaged(chance, json.dumps(chance.choice(VALID)))


def _changed(chance: random.Random, fields: dict[str, Any]) -> dict[str, Any]:
    for _ in range(chance.randrange(1, 4)):
        field = chance.choice([*fields, *FIELDS]) if fields else chance.choice(FIELDS)
        if chance.random() < 0.2:
            fields.pop(field, None)
        else:
            fields[field] = chance.choice(ODD)
    return fields


def _damaged(chance: random.Random, text: str) -> str:
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(text) + 1)
        to = min(len(text), at + chance.randrange(6))
        text = (
            text[:at]
            + chance.choice(["", text[at:to] * 2, '"', "}", "\\u0000", "9", "\n"])
            + (text[to:])
        )
    return text


def harmless_message(chance: random.Random) -> tuple[str, int]:
    """One that does nothing to a job that is followed; and how many errors it earns."""
    while True:
        text = message(chance)
        try:
            parsed = parse_client(text)
        except ProtocolError:
            return text, 1
        if isinstance(parsed, Ack):
            return text, 0


def frame(
    chance: random.Random,
    payload: bytes,
    opcode: int,
    *,
    fin: bool = True,
    rsv: int = 0,
    masked: bool = True,
    size: int | None = None,
) -> bytes:
    """As RFC 6455 has it, or as the arguments want it."""
    mask = chance.randbytes(4) if masked else b""
    length = len(payload) if size is None else size
    flag = 0x80 if masked else 0
    if length < 126:
        head = bytes([flag | length])
    elif length < 1 << 16:
        head = bytes([flag | 126]) + struct.pack(">H", length)
    else:
        head = bytes([flag | 127]) + struct.pack(">Q", length)
    if masked and payload:
        key = (mask * (len(payload) // 4 + 1))[: len(payload)]
        whole = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
        payload = whole.to_bytes(len(payload), "big")
    return bytes([(fin << 7) | (rsv << 4) | opcode]) + head + mask + payload


def harmless(chance: random.Random) -> tuple[bytes, int, int]:
    """Bytes after which the socket goes on, how many frames they are, how many errors they earn."""
    kind = chance.random()
    if kind < 0.05:
        return frame(chance, chance.randbytes(chance.randrange(126)), chance.choice([9, 10])), 1, 0
    if kind < 0.1:
        return frame(chance, chance.randbytes(chance.randrange(300)), 2), 1, 1
    text, errors = harmless_message(chance)
    payload = text.encode()
    if kind < 0.25:
        return *_in_pieces(chance, payload), errors
    return frame(chance, payload, 1), 1, errors


def _in_pieces(chance: random.Random, payload: bytes) -> tuple[bytes, int]:
    """Cut anywhere, also inside a character; control frames may come between."""
    cuts = sorted(chance.randrange(len(payload) + 1) for _ in range(chance.randrange(1, 5)))
    ends = [*cuts, len(payload)]
    data, count = b"", 0
    for number, (begin, end) in enumerate(zip([0, *cuts], ends, strict=True)):
        last = number == len(ends) - 1
        data += frame(chance, payload[begin:end], 0 if number else 1, fin=last)
        count += 1
        if not last and chance.random() < 0.2:
            data += frame(chance, b"between", chance.choice([9, 10]))
            count += 1
    return data, count


def fatal(chance: random.Random) -> tuple[bytes, bool]:
    """Bytes that break the protocol below our messages; whether the server has to see it itself.

    Otherwise it waits for more, rightly.
    """
    text = harmless_message(chance)[0].encode()
    kinds: tuple[Callable[[], tuple[bytes, bool]], ...] = (
        lambda: (frame(chance, b"\xff\xfe" + text, 1), True),  # no UTF-8
        lambda: (frame(chance, b"\xed\xa0\x80", 1), True),  # a surrogate
        lambda: (frame(chance, b"\xf0\x9f\x8e", 1), True),  # a character cut off
        lambda: (frame(chance, text, chance.choice([3, 4, 5, 6, 7, 11, 12, 13, 14, 15])), True),
        lambda: (frame(chance, text, 1, rsv=chance.randrange(1, 8)), True),
        lambda: (frame(chance, text, 1, masked=False), True),
        lambda: (frame(chance, b"x" * 126, chance.choice([8, 9, 10])), True),
        lambda: (frame(chance, b"", 9, fin=False), True),
        lambda: (frame(chance, text, 0), True),  # goes on from nothing
        lambda: (frame(chance, text, 1, fin=False) + frame(chance, text, 1), True),
        lambda: (frame(chance, b"", 1, size=5_000_000), True),
        lambda: (frame(chance, b"", 1, size=2**63), True),
        lambda: (b"\x81\xfe\x00\x05" + chance.randbytes(9), True),  # its size in too many bytes
        lambda: (frame(chance, chance.randbytes(1), 8), True),
        lambda: (frame(chance, struct.pack(">H", chance.choice([0, 999, 1005, 5000])), 8), True),
        lambda: (frame(chance, b"\x03\xe8\xff\xff", 8), True),  # a reason that is no text
        lambda: (frame(chance, b"", 8), True),
        lambda: (frame(chance, text, 1, size=len(text) + 9), False),
        lambda: (frame(chance, text, 1)[: chance.randrange(1, 6)], False),
        lambda: (frame(chance, text, 1, fin=False), False),
        lambda: (chance.randbytes(chance.randrange(1, 600)), False),
    )
    return chance.choice(kinds)()


def odd_handshake(chance: random.Random) -> bytes:
    """Nearly what opens a socket."""
    odd_fields = (
        "Origin: null",
        "Origin: http://[",
        "Origin: http://evil.example\r\nOrigin: http://127.0.0.1",
        "Sec-WebSocket-Protocol: \xff\xfe, x",
        "Sec-WebSocket-Protocol: " + ",".join("x" * 9 for _ in range(500)),
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99",
        "Sec-WebSocket-Extensions: permessage-deflate, , ;;;=\x01",
        "Daphne-Root-Path: /\xff",
        "Daphne-Root-Path: //evil.example",
        "Cookie: sessionid=" + "x" * 4000,
        "Cookie: sessionid=\x00; =; ;;",
        "Cookie: \xff\xff\xff",
        "Content-Length: -1",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "X-Forwarded-For: " + "1," * 3000,
        "Expect: 100-continue",
        "\xff: x",
        "no colon",
        " continued",
        "Upgrade: h2c",
        "Connection: close",
        "Sec-WebSocket-Version: 0",
        "Sec-WebSocket-Key: short",
        "Host: \xff",
        "Host: 127.0.0.1:port",
    )
    paths = (
        *("/ws/execute", "/ws/execute?x=%ff&y=\xff", "/ws/nothing", "/%2e%2e/%00", "//evil", "*"),
        *("http://evil.example/ws/execute", "/ws/execute/../execute", "/\xff", "/admin/", ""),
    )
    fields = chance.choices(odd_fields, k=chance.randrange(4))
    data = handshake(*fields, path=chance.choice(paths))
    for _ in range(chance.randrange(3)):
        at = chance.randrange(len(data))
        data = data[:at] + chance.choice([b"", chance.randbytes(3), b"\r\n"]) + data[at + 1 :]
    if chance.random() < 0.2:
        method = chance.choice([b"POST", b"get", b"\x16\x03\x01", b"PRI", b""])
        data = data.replace(b"GET", method, 1)
    return data
