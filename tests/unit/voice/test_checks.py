"""A planted bad take is caught by name and replaced by a good one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest

from mythmeter.media.audio import Samples, resample
from mythmeter.voice.alignment import Aligner
from mythmeter.voice.check import Fault, sound_faults, word_faults
from mythmeter.voice.embeddings.encoder import load_encoder
from mythmeter.voice.reference import Reference
from mythmeter.voice.speech import Sentence, Speech
from mythmeter.voice.synthesiser import Enrolled, FitSettings, Request, Voice
from mythmeter.voice.takes import Checker, Choice, Take, speak_checked
from mythmeter.voice.transcribe import Transcriber

RATE_HZ = 24000
VOICE = Voice("faulty", {})


def seconds(value: float) -> int:
    return round(value * RATE_HZ)


def noise(length_s: float) -> Samples:
    random = np.random.default_rng(0)
    return (0.03 * random.standard_normal(seconds(length_s))).astype(np.float32)


def joined(*parts: Samples) -> Samples:
    return np.concatenate(parts).astype(np.float32)


PLANTED: dict[str, tuple[str, Callable[[Samples], Samples]]] = {
    "end said twice": ("repetition", lambda x: joined(x, x[seconds(2.6) :])),
    "all said twice": ("repetition", lambda x: joined(x, x)),
    "part said twice": ("repetition", lambda x: joined(x[: seconds(2.0)], x[seconds(0.8) :])),
    "stopped early": ("truncation", lambda x: x[: seconds(2.4)]),
    "last sound cut": ("truncation", lambda x: x[: len(x) - seconds(0.36)]),
    "noise after it": ("noise", lambda x: joined(x, noise(1.0))),
    "noise before it": ("noise", lambda x: joined(noise(0.8), x)),
    "long silence": ("silence tail", lambda x: joined(x, np.zeros(seconds(1.0)))),
    "nothing": ("silent", lambda x: np.zeros_like(x)),
    "stretched": ("too long", lambda x: resample(x, RATE_HZ, 3 * RATE_HZ)),
}


class Faulty:
    """Speaks a given sound, spoilt in its first take; knows no times of words."""

    rate_hz = RATE_HZ

    def __init__(self, good: Speech, spoil: Callable[[Samples], Samples]) -> None:
        self.good, self.spoil = good, spoil

    def enrol(self, reference: Reference, settings: FitSettings) -> Enrolled:
        raise NotImplementedError

    def split(self, text: str, language: str) -> list[str]:
        return [text]

    def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
        for request in requests:
            samples = self.good.samples if request.take else self.spoil(self.good.samples)
            whole = Sentence(request.text, 0.0, len(samples) / RATE_HZ, ())
            yield Speech(samples, RATE_HZ, (whole,))


@pytest.fixture(scope="module")
def checker(good_take: Speech, transcriber: Transcriber) -> Checker:
    encoder = load_encoder("resemblyzer")
    return Checker(transcriber, encoder, resample(good_take.samples, RATE_HZ, 16000), 0.2)


def request_of(speech: Speech) -> Request:
    return Request(speech.sentences[0].text, "en-gb")


@pytest.mark.parametrize("planted", PLANTED)
def test_a_planted_bad_take_is_caught_and_replaced(
    good_take: Speech, checker: Checker, aligner: Aligner, planted: str
) -> None:
    kind, spoil = PLANTED[planted]
    speaker = Faulty(good_take, spoil)
    asked = [request_of(good_take)]
    (choice,) = speak_checked(speaker, VOICE, asked, checker, aligner, most_takes=3)
    assert kind in {fault.kind for fault in choice.takes[0].faults}, choice.takes[0]
    assert [take.number for take in choice.takes] == [0, 1]
    assert choice.best.number == 1 and choice.best.faults == ()
    assert choice.best.errors == 0 and choice.best.similarity > 0.95
    assert np.array_equal(choice.best.speech.samples, good_take.samples)


def test_a_good_take_is_not_spoken_again(good_take: Speech, checker: Checker) -> None:
    take = checker.check(request_of(good_take), good_take)
    assert take.faults == () and take.error_rate == 0.0


def test_what_stays_bad_ends_with_the_best_of_all_takes(
    good_take: Speech, checker: Checker, aligner: Aligner
) -> None:
    spoilt = replace(good_take, samples=good_take.samples[: seconds(2.4)])
    speaker = Faulty(spoilt, lambda x: x[: seconds(1.2)])
    asked = [request_of(good_take)]
    (choice,) = speak_checked(speaker, VOICE, asked, checker, aligner, most_takes=2)
    assert len(choice.takes) == 2 and all(take.faults for take in choice.takes)
    assert choice.best.number == 1


def test_other_languages_are_timed_but_not_transcribed(good_take: Speech, checker: Checker) -> None:
    request = Request("Le port était calme ce matin, quelques bateaux étaient partis.", "fr")
    take = checker.check(request, good_take)
    assert take.heard is None and take.errors is None and take.faults == ()
    long = replace(good_take, samples=PLANTED["long silence"][1](good_take.samples))
    assert [fault.kind for fault in checker.check(request, long).faults] == ["silence tail"]


def test_words_say_what_is_wrong() -> None:
    wanted = ["the", "boats", "had", "all", "left", "the", "harbour", "by", "ten"]
    found = {
        "the boats had all left the harbour by ten": [],
        "the boats had all lift the harbour by ten": [],
        "the boats had all left the harbour": ["truncation", "words wrong"],
        "the boats had by ten": ["words left out", "words wrong"],
        "the boats had all the boats had all left the harbour by ten": [
            "repetition",
            "words wrong",
        ],
        "a goat and a bull left the harbour by ten": ["words wrong"],
    }
    for heard, kinds in found.items():
        assert [f.kind for f in word_faults(wanted, heard.split(), 0.2)] == kinds, heard


def test_silence_is_the_only_fault_of_silence() -> None:
    assert [f.kind for f in sound_faults("Any text.", np.zeros(16000, np.float32))] == ["silent"]


def test_the_best_take_has_no_faults_then_few_errors_then_likeness(good_take: Speech) -> None:
    fault = (Fault("noise", ""),)

    def take(number: int, faults: tuple[Fault, ...], errors: int, likeness: float) -> Take:
        return Take(number, good_take, faults, "", errors, 10, likeness)

    takes = (take(0, fault, 0, 0.9), take(1, (), 1, 0.9), take(2, (), 0, 0.5), take(3, (), 0, 0.6))
    assert Choice("", takes).best.number == 3
    assert Choice("", takes[:3]).best.number == 2
    assert Choice("", takes[:2]).best.number == 1
