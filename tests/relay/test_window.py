"""The arithmetic of a window."""

from __future__ import annotations

import asyncio

import pytest

from executor_app.relay.window import Window


async def test_it_is_full_from_its_limit_on_and_until_enough_is_acknowledged() -> None:
    window = Window(100)
    for seq in range(1, 5):
        assert not window.full
        window.sent(seq, 25)
    assert window.full
    window.acknowledged(0)
    assert window.full
    window.acknowledged(1)
    assert not window.full


async def test_what_is_acknowledged_twice_or_out_of_order_counts_once() -> None:
    window = Window(100)
    window.sent(3, 99)
    window.sent(4, 50)
    for seq in (3, 1, 3, 2):
        window.acknowledged(seq)
    window.sent(5, 49)
    assert not window.full
    window.sent(6, 1)
    assert window.full


async def test_who_waits_goes_on_with_the_acknowledgement_or_not_at_all() -> None:
    window = Window(1)
    window.sent(1, 1)
    with pytest.raises(TimeoutError):
        await window.wait(0.01)
    waiting = asyncio.create_task(window.wait(10))
    window.acknowledged(1)
    await waiting


async def test_an_open_one_is_never_full() -> None:
    window = Window(1)
    window.sent(1, 5)
    window.open()
    await window.wait(10)
    window.sent(2, 5)
    assert not window.full
