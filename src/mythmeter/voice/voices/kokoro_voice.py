"""Kokoro as a synthesiser of enrolled voices: nearest stock voice, fitted timbre, equaliser."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from mythmeter.errors import ModelError, SpeechError
from mythmeter.media.audio import Samples, resample
from mythmeter.voice.embeddings.encoder import DifferentiableSpeakerEncoder, Embedding, similarity
from mythmeter.voice.equaliser import BINS, Curve, equalise, match_spectrum
from mythmeter.voice.pitch import median_pitch_hz
from mythmeter.voice.reference import Reference
from mythmeter.voice.speech import Speech
from mythmeter.voice.synthesiser import Enrolled, FitSettings, Request, Voice
from mythmeter.voice.voices.kokoro import RATE_HZ, TIMBRE_VALUES, Kokoro, Style
from mythmeter.voice.voices.kokoro_graph import PITCH_HZ, expose, load_graph, only, start_session
from mythmeter.voice.voices.kokoro_timing import to_symbols

if TYPE_CHECKING:
    import onnx

    from mythmeter.voice.voices.kokoro_decoder import KokoroDecoder
    from mythmeter.voice.voices.kokoro_fit import Phrase

STYLE_ROW = 63
"""Row of a stock voice that stands for all: timbre hardly changes from row 30 on."""

ENGLISH = ("af_", "am_", "bf_", "bm_")
CANDIDATES = 6
"""Stock voices that are heard, those nearest in pitch; the others are told from pitch alone."""

PROBE = "We were away a year ago."
PHRASES = (
    "We were away a year ago.",
    "Please call Stella for me.",
    "Joe took the green shoe bench.",
    "Nine boys enjoyed the noise.",
)
"""Short, for memory, and between them most sounds of English."""

PHRASE_SPEED = 1.2
"""Said a little fast: a fit's time and memory are those of its sound."""

PLAIN_TEXT = "The quick brown fox jumps over the lazy dog; thirsty children watch."
"""What pitch and long-term spectrum are measured on: ordinary speech. The median pitch of the
probe, all voiced and soon over, lies up to a tenth above that of other sentences."""

SPEAKING_PITCH_HZ = 40.0
"""Predicted pitch above this is a voiced frame."""
LARGEST_PITCH_CHANGE = 1.4
PITCH_WEIGHT = 0.3
"""What a difference of one in log pitch costs, in cosine, when the nearest voice is chosen."""

LIMITS = (
    "timbre, median pitch and long-term spectrum are the person's; accent, rhythm and intonation "
    "stay the synthesiser's"
)
PROSODY_LEAN = 0.3
TAKE_SPEED_CHANGE = (0.03, 0.08)
"""How far another take leans towards another voice's prosody, and how much its speed differs."""

Encoders = Mapping[str, DifferentiableSpeakerEncoder]


class Candidate(NamedTuple):
    """A stock voice as it sounds beside the reference."""

    name: str
    style: Style
    """(256,)."""
    samples_16k: Samples
    score: float


class KokoroSynthesiser:
    """See `Synthesiser`. Assets: kokoro, kokoro_voices, and for enrolment campplus."""

    rate_hz = RATE_HZ

    def __init__(self, assets: Mapping[str, Path], threads: int, device: str) -> None:
        missing = [name for name in ("kokoro", "kokoro_voices") if name not in assets]
        if missing:
            raise ModelError(f"The synthesiser kokoro needs the asset {missing[0]}.")
        self._assets = assets
        self._threads = threads
        self._device = device
        self.kokoro = Kokoro(assets["kokoro"], assets["kokoro_voices"], threads)

    def enrol(self, reference: Reference, settings: FitSettings) -> Enrolled:
        """Choose the nearest stock voice, fit its timbre, match its pitch and spectrum."""
        from mythmeter.voice.embeddings.campplus import CampplusEncoder
        from mythmeter.voice.embeddings.resemblyzer import ResemblyzerEncoder

        if "campplus" not in self._assets:
            raise ModelError("Enrolling a voice for kokoro needs the asset campplus.")
        encoders: Encoders = {
            "resemblyzer": ResemblyzerEncoder(None, self._threads, self._device),
            "campplus": CampplusEncoder(self._assets["campplus"], self._threads, self._device),
        }
        targets = {name: e.embed(reference.samples_16k) for name, e in encoders.items()}
        pitch_hz = median_pitch_hz(reference.samples, RATE_HZ)
        candidates = self._candidates(pitch_hz, targets, encoders)
        nearest = max(candidates, key=lambda candidate: candidate.score)
        plain = self.kokoro.synthesise(PLAIN_TEXT, nearest.style).samples
        ratio = pitch_hz / median_pitch_hz(plain, RATE_HZ)
        pitch = float(np.clip(ratio, 1 / LARGEST_PITCH_CHANGE, LARGEST_PITCH_CHANGE))
        style = nearest.style
        history: tuple[Mapping[str, float], ...] = ()
        if settings.steps:
            style, history = self._fitted(nearest, pitch, reference, settings, targets, encoders)
        spoken = self.kokoro.synthesise(PLAIN_TEXT, style, pitch=pitch).samples
        curve_db = match_spectrum(spoken, reference.samples, settings.equaliser_strength)
        return Enrolled(
            voice=kokoro_voice(style, pitch, curve_db),
            start=kokoro_voice(nearest.style, 1.0, np.zeros(BINS, dtype=np.float32)),
            strangers=tuple(candidate.samples_16k for candidate in candidates),
            notes={
                "nearest_stock_voice": nearest.name,
                "limits": LIMITS,
                "stock_voices_heard": [candidate.name for candidate in candidates],
                "pitch_hz": round(pitch_hz, 1),
                "pitch_factor": round(pitch, 3),
                "spoken_pitch_hz": round(median_pitch_hz(spoken, RATE_HZ), 1),
                "fit": [{k: round(v, 4) for k, v in step.items()} for step in history],
            },
        )

    def split(self, text: str, language: str) -> list[str]:
        """Cut a script into sentences, long ones at a pause; see `Synthesiser`."""
        pieces = [
            " ".join(word.text for word in words)
            for words in self.kokoro.pronounce(text, language)
            if any(word.sounds for word in words)
        ]
        if not pieces:
            raise SpeechError(f"Nothing in {text.strip()!r} can be spoken: it has no words.")
        return pieces

    def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
        """Speak with the fitted style, its pitch factor and its equaliser; see `Synthesiser`."""
        for request in requests:
            words = self.kokoro.pronounce_piece(request.text, request.language)
            style, speed = self._varied(voice.tensors["style"], request)
            speech = self.kokoro.speak(words, style, speed, float(voice.tensors["pitch"][0]))
            samples = equalise(speech.samples, voice.tensors["equaliser_db"])
            yield Speech(samples, speech.rate_hz, speech.sentences)

    def _varied(self, style: Style, request: Request) -> tuple[Style, float]:
        """Return the style and speed of a take.

        The model samples nothing: the same input is the same speech. Takes after the first are a
        little slower or faster, and their prosody, not their timbre, leans towards a stock voice.
        """
        if request.take == 0:
            return style, request.speed
        random = np.random.default_rng((request.seed, request.take))
        names = [name for name in self.kokoro.stock_voices() if name.startswith(ENGLISH)]
        other = self.kokoro.style(str(random.choice(names)))[STYLE_ROW]
        varied = style.copy()
        varied[TIMBRE_VALUES:] += PROSODY_LEAN * (other - style)[TIMBRE_VALUES:]
        slower_first = -1 if request.take % 2 else 1
        change = slower_first * random.uniform(*TAKE_SPEED_CHANGE)
        return varied, request.speed * (1 + change)

    def _candidates(
        self,
        pitch_hz: float,
        targets: Mapping[str, Embedding],
        encoders: Encoders,
    ) -> list[Candidate]:
        """Hear the English stock voices whose predicted pitch is nearest."""
        words = self.kokoro.pronounce(PROBE)[0]
        symbols, _ = to_symbols(words, self.kokoro.vocabulary)
        predictor = start_session(only(load_graph(self._assets["kokoro"]), PITCH_HZ), self._threads)
        distance = {}
        for name in self.kokoro.stock_voices():
            if name.startswith(ENGLISH):
                inputs = self.kokoro.feed(symbols, self.kokoro.style(name))
                inputs.pop("pitch")
                (contour,) = predictor.run([PITCH_HZ], inputs)
                voiced = contour[contour > SPEAKING_PITCH_HZ]
                distance[name] = abs(float(np.log(np.median(voiced) / pitch_hz)))
        heard = []
        for name in sorted(distance, key=distance.__getitem__)[:CANDIDATES]:
            style = self.kokoro.style(name)[STYLE_ROW]
            samples = self.kokoro.speak(words, style).samples
            samples_16k = resample(samples, RATE_HZ, 16000)
            own_hz = median_pitch_hz(samples, RATE_HZ)
            likeness = [similarity(e.embed(samples_16k), targets[n]) for n, e in encoders.items()]
            score = float(np.mean(likeness)) - PITCH_WEIGHT * abs(np.log(own_hz / pitch_hz))
            heard.append(Candidate(name, style, samples_16k, score))
        return heard

    def _fitted(
        self,
        nearest: Candidate,
        pitch: float,
        reference: Reference,
        settings: FitSettings,
        targets: Mapping[str, Embedding],
        encoders: Encoders,
    ) -> tuple[Style, tuple[Mapping[str, float], ...]]:
        import torch

        from mythmeter.voice.voices.kokoro_decoder import KokoroDecoder
        from mythmeter.voice.voices.kokoro_fit import TimbreSpace, fit_timbre

        torch.set_num_threads(self._threads)
        graph = load_graph(self._assets["kokoro"])
        decoder = KokoroDecoder(graph, self._device)
        phrases = self._phrases(graph, decoder, nearest.style, pitch)
        spoken = np.concatenate([phrase.samples for phrase in phrases])
        stock = [self.kokoro.style(name) for name in self.kokoro.stock_voices()]
        fit = fit_timbre(
            decoder,
            phrases,
            TimbreSpace([voice[STYLE_ROW, :TIMBRE_VALUES] for voice in stock], self._device),
            nearest.style,
            targets,
            encoders,
            curve_db=match_spectrum(spoken, reference.samples, settings.equaliser_strength),
            steps=settings.steps,
            seed=settings.seed,
        )
        return np.concatenate([fit.timbre, nearest.style[TIMBRE_VALUES:]]), fit.likeness

    def _phrases(
        self, graph: "onnx.ModelProto", decoder: "KokoroDecoder", style: Style, pitch: float
    ) -> list["Phrase"]:
        """Let ONNX Runtime do, once for each phrase, what does not depend on the timbre."""
        import torch

        from mythmeter.voice.voices.kokoro_fit import Phrase

        expose(graph, decoder.boundary)
        session = start_session(graph, self._threads)
        phrases = []
        for text in PHRASES:
            symbols, _ = to_symbols(self.kokoro.pronounce(text)[0], self.kokoro.vocabulary)
            samples, *tensors = session.run(
                ["audio", *decoder.boundary], self.kokoro.feed(symbols, style, PHRASE_SPEED, pitch)
            )
            fixed = {
                name: torch.from_numpy(value).to(self._device)
                for name, value in zip(decoder.boundary, tensors, strict=True)
            }
            phrases.append(Phrase(fixed, samples.ravel()))
        return phrases


def kokoro_voice(style: Style, pitch: float, equaliser_db: Curve) -> Voice:
    """Make a voice of a style (256,), a factor on the pitch and an equaliser's curve."""
    return Voice(
        "kokoro",
        {
            "style": style.astype(np.float32),
            "pitch": np.array([pitch], dtype=np.float32),
            "equaliser_db": equaliser_db,
        },
    )
