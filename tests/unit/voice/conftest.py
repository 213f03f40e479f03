from collections.abc import Callable
from pathlib import Path

import pytest

from mythmeter.voice.alignment import Aligner
from mythmeter.voice.speech import Speech
from mythmeter.voice.transcribe import Transcriber
from mythmeter.voice.voices.kokoro import Kokoro


@pytest.fixture(scope="session")
def script() -> str:
    return "Dr. Smith paid $5.50, e.g. for 12 apples. Was that all? Yes, it was."


@pytest.fixture(scope="session")
def kokoro(models: Callable[[str], Path]) -> Kokoro:
    return Kokoro(models("kokoro"), models("kokoro_voices"), threads=1)


@pytest.fixture(scope="session")
def spoken(kokoro: Kokoro, script: str) -> Speech:
    """One script, spoken once for all tests that only look at it."""
    return kokoro.synthesise(script, kokoro.style("af_heart"), pause_s=0.25)


@pytest.fixture(scope="session")
def good_take(kokoro: Kokoro) -> Speech:
    """One ordinary sentence, whose words have the synthesiser's own times."""
    text = "The harbour was quiet this morning, although a few boats had already left."
    return kokoro.synthesise(text, kokoro.style("bf_emma"))


@pytest.fixture(scope="session")
def transcriber(models: Callable[[str], Path]) -> Transcriber:
    return Transcriber(models("whisper"))


@pytest.fixture(scope="session")
def aligner(transcriber: Transcriber) -> Aligner:
    return Aligner(transcriber)
