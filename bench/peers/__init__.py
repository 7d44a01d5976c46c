"""Other platforms, by address, with the same clients and programs: `--peer piston=http://…`.

Nothing is known of their processes, so their memory is what the host has less.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from .piston import Piston
from .terminado import Terminado
from .terminal import Peer

PEERS: Final[dict[str, Callable[[str], Peer]]] = {"piston": Piston, "terminado": Terminado}


def parse(text: str) -> Peer:
    """`piston=http://127.0.0.1:2000`. Raises ValueError, whose words are for whoever typed it."""
    name, _, url = text.partition("=")
    if name not in PEERS or not url.startswith("http://"):
        known = " or ".join(f"{name}=http://host:port" for name in PEERS)
        raise ValueError(f"a peer is {known}, not {text!r}")
    return PEERS[name](url.rstrip("/"))
