"""The conversations of `test_interactive/`, held with the whole of Codr."""

from __future__ import annotations

import pytest

from test_interactive.run import Sample, hold_conversation, samples
from tests.stack import Stack

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.language)
async def test_a_sample_holds_its_conversation_in_firejail(codr: Stack, sample: Sample) -> None:
    transcript = await hold_conversation(codr.socket_url, sample)
    assert transcript.ok, str(transcript)


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.language)
async def test_a_sample_holds_its_conversation_in_bubblewrap(
    codr_bubblewrap: Stack, sample: Sample
) -> None:
    transcript = await hold_conversation(codr_bubblewrap.socket_url, sample)
    assert transcript.ok, str(transcript)


def test_there_is_a_sample_in_every_language() -> None:
    assert {sample.language for sample in samples()} == {
        "python",
        "javascript",
        "c",
        "cpp",
        "rust",
    }
