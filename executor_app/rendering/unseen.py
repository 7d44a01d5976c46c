"""Characters that cannot be seen, made visible: who reads a program must not be led astray by it.

Among them are those that turn the direction of a line round, so that it reads as other code.
"""

from __future__ import annotations

from typing import Final

_CONTROLS: Final = [code for code in range(0x20) if chr(code) not in "\t\n"]
_HIDDEN: Final = [
    *range(0x80, 0xA0),
    *(0xAD, 0x061C, 0x180E, 0xFEFF),
    *range(0x200B, 0x2010),  # of no width; of a direction
    *range(0x2028, 0x202F),  # line separators; directions
    *range(0x2060, 0x2070),
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),  # tags: text that nobody sees
]
# These join letters of some scripts, and the parts of emoji.
_JOINERS: Final = (0x200C, 0x200D)
_SHOWN: Final = (
    {code: chr(0x2400 + code) for code in _CONTROLS}
    | {0x7F: "\u2421"}
    | {code: f"[U+{code:04X}]" for code in _HIDDEN if code not in _JOINERS}
)


def visible(text: str) -> str:
    return text.translate(_SHOWN)
