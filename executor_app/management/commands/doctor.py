"""`manage.py doctor`: looks at every part of this installation and says what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from executor_app.doctor.findings import Finding
from executor_app.doctor.host import look_at_the_host
from executor_app.doctor.services import look_at_services


class Command(BaseCommand):
    help = (
        "Tries Redis, the relay, the database, the executors, and on this host the sandbox, the "
        "limits and the languages. Each line is ok, or says what is wrong and what to do. "
        "Exit code 1 when something is wrong."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--services", action="store_true", help="leave this host's sandbox and languages out"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = asyncio.run(self._look(services_only=options["services"]))
        if wrong:
            raise CommandError(f"{wrong} thing{'s' if wrong > 1 else ''} to mend; see above")
        self.stdout.write("All is well.")

    async def _look(self, *, services_only: bool) -> int:
        wrong = await self._say(look_at_services())
        return wrong if services_only else wrong + await self._say(look_at_the_host())

    async def _say(self, findings: AsyncIterator[Finding]) -> int:
        wrong = 0
        async for finding in findings:
            self.stdout.write(str(finding))
            wrong += not finding.well and not finding.weak
        return wrong
