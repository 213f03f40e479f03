"""First takes of several scripts, spoken at once and read back one script at a time."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mythmeter.errors import ModelError
from mythmeter.usage.record import UsageRecord
from mythmeter.voice import together
from mythmeter.voice.speech import Sentence, Speech
from mythmeter.voice.synthesiser import Request, Voice, write_voice
from mythmeter.voice.together import Recorded, Script, speak_together


class Speaker:
    """Says a piece as its length and take; counts how it was asked."""

    rate_hz = 24000

    def __init__(self) -> None:
        self.asked: list[list[Request]] = []
        self.work = {"tokens": 5.0}

    def split(self, text: str, language: str) -> list[str]:
        return [piece.strip() for piece in text.split(".") if piece.strip()]

    def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
        self.asked.append(list(requests))
        for request in requests:
            samples = np.full(len(request.text), request.take + 1, np.float32)
            yield Speech(samples, self.rate_hz, (Sentence(request.text, 0, 1, ()),))


@pytest.fixture
def speaker(monkeypatch: pytest.MonkeyPatch) -> Speaker:
    one = Speaker()
    monkeypatch.setattr(together, "load_synthesiser", lambda *_, **__: one)
    return one


@pytest.fixture
def recorded(tmp_path: Path, speaker: Speaker) -> Path:
    write_voice(tmp_path / "voice.safetensors", Voice("xtts", {"a": np.zeros(1, np.float32)}))
    speak_together(
        [Script("One. Two two.", "en", 1.0, 7), Script("Three. One.", "en", 1.0, 7)],
        tmp_path / "voice.safetensors",
        synthesiser="xtts",
        synthesiser_settings={},
        assets={},
        takes_path=tmp_path / "takes.safetensors",
        record=UsageRecord("speak_together", {}),
    )
    return tmp_path / "takes.safetensors"


def never() -> Any:
    raise AssertionError("the model was loaded")


def test_all_sentences_are_asked_for_at_once_and_each_once(
    recorded: Path, speaker: Speaker
) -> None:
    assert [[request.text for request in asked] for asked in speaker.asked] == [
        ["One", "Two two", "Three"]
    ]


def test_first_takes_are_read_without_the_model(recorded: Path) -> None:
    reader = Recorded(recorded, never)
    assert reader.split("Three. One.", "en") == ["Three", "One"]
    requests = [Request("One", "en", 1.0, 7), Request("Two two", "en", 1.0, 7)]
    spoken = list(reader.takes(Voice("xtts", {}), requests))
    assert [len(speech.samples) for speech in spoken] == [3, 7]
    assert [speech.sentences[0].text for speech in spoken] == ["One", "Two two"]
    assert reader.work == {}


def test_another_take_loads_the_model_for_it_alone(recorded: Path) -> None:
    fresh = Speaker()
    reader = Recorded(recorded, lambda: fresh)
    requests = [Request("One", "en", 1.0, 7), Request("Three", "en", 1.0, 7, take=1)]
    spoken = list(reader.takes(Voice("xtts", {}), requests))
    assert [speech.samples[0] for speech in spoken] == [1.0, 2.0]
    assert fresh.asked == [[requests[1]]] and reader.work == {"tokens": 5.0}


def test_a_file_that_holds_no_takes_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"holds no first takes.*run again"):
        Recorded(tmp_path / "x.safetensors", never)
