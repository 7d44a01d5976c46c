"""What the admin says of the executors that are there: which of them protect less than they should.

They announce it themselves, by way of Redis. It is text of other hosts and shown as such.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from django import template
from redis.exceptions import RedisError

from executor_app.relay import presence
from executor_app.relay.client import wait_for
from executor_app.rendering.unseen import visible

logger = logging.getLogger(__name__)
register = template.Library()

# A page of the admin comes without this where Redis is slow or away.
PATIENCE_S: Final = 1.0
MOST_SHOWN: Final = 20
LONGEST: Final = 500
BY_RLIMIT: Final = "limits are by setrlimit only, which bounds processes singly"


@register.simple_tag
def weak_executors() -> list[tuple[str, str]]:
    """(executor, what is weaker there), for each executor that says so."""
    try:
        there = wait_for(_executors())
    except (RedisError, OSError, TimeoutError, ValueError) as error:
        logger.warning("the admin cannot say which executors are weaker: %r", error)
        return []
    weak = [
        (visible(name[:LONGEST]), visible(text[:LONGEST]))
        for name, facts in there.items()
        for text in _weaknesses(facts)
    ]
    return weak[:MOST_SHOWN]


async def _executors() -> dict[str, dict[str, Any]]:
    async with asyncio.timeout(PATIENCE_S):
        return await presence.executors()


def _weaknesses(facts: Mapping[str, Any]) -> list[str]:
    said = [str(warning) for warning in facts.get("warnings") or ()]
    if facts.get("limits") == "rlimit" and not any(BY_RLIMIT in text for text in said):
        said.append(BY_RLIMIT)
    return said
