"""The web process: Daphne on uvloop, whose sockets cost a line's round trip less.

Takes Daphne's own arguments. Daphne makes its event loop when it is imported, so the policy has to
be there before.
"""

from __future__ import annotations

import asyncio

import uvloop

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())

from daphne.cli import CommandLineInterface  # noqa: E402

if __name__ == "__main__":
    CommandLineInterface.entrypoint()
