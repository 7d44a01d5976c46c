"""The web process: Daphne on uvloop, whose sockets cost a line's round trip less, behind our door.

Takes Daphne's own arguments. Daphne makes its event loop when it is imported, so the policy has to
be there before.
"""

from __future__ import annotations

import asyncio
import os

import django
import uvloop

asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "codr.settings")
django.setup()  # the door knows clients as the application does

from daphne.cli import CommandLineInterface  # noqa: E402

from codr.door import Door  # noqa: E402
from executor_app.database import bound_answers  # noqa: E402


class Web(CommandLineInterface):
    server_class = Door


if __name__ == "__main__":
    bound_answers()
    Web.entrypoint()
