"""Both sandboxes as one fixture, and a log without tracebacks as part of every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stack import Stack


@pytest.fixture(params=["codr", pytest.param("codr_bubblewrap", marks=pytest.mark.slow)])
def either(request: pytest.FixtureRequest) -> Stack:
    """The same test over each sandbox."""
    stack: Stack = request.getfixturevalue(request.param)
    return stack


@pytest.fixture(autouse=True)
def nothing_was_logged_as_a_mistake(request: pytest.FixtureRequest) -> Iterator[None]:
    """A traceback belongs to the test that caused it."""
    names = {"codr", "codr_bubblewrap"} & set(request.fixturenames)
    if "either" in request.fixturenames:
        names.add(request.node.callspec.params["either"])
    stacks: list[Stack] = [request.getfixturevalue(name) for name in sorted(names)]
    before = [len(stack.log) for stack in stacks]
    yield
    for stack, length in zip(stacks, before, strict=True):
        assert "Traceback" not in stack.log[length:], stack.log[length:]
