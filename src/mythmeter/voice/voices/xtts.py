"""Coqui XTTS v2: a voice of a few seconds of speech, in seventeen languages.

Model: Casanova et al., "XTTS: a Massively Multilingual Zero-Shot Text-to-Speech Model"
(Interspeech 2024), weights under the CPML. Code: coqui-tts 0.28 (MPL-2.0). Its classes load the
weights, read the text and turn latents into sound; decoding is the library's own in mode
`reference` and ours (`xtts_decoder`) in all others.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from mythmeter.errors import ConfigError, DeviceError, SpeechError
from mythmeter.media.audio import Samples
from mythmeter.models.fetch import sha256_of
from mythmeter.voice.activity import FRAME_S, sounding_frames
from mythmeter.voice.languages import check_language
from mythmeter.voice.licences import require_licence
from mythmeter.voice.pieces import split_pieces
from mythmeter.voice.reference import RATE_HZ as REFERENCE_RATE_HZ
from mythmeter.voice.reference import Reference
from mythmeter.voice.speech import Sentence, Speech
from mythmeter.voice.synthesiser import Enrolled, FitSettings, Request, Voice
from mythmeter.voice.voices.xtts_files import find_files

RATE_HZ = 24000
MODES = ("auto", "reference", "eager", "graphs", "compile")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
SPARE_TEXT_TOKENS = 2
"""Start and stop, which the library adds to the text."""


class Engine(Protocol):
    """Turns requests into raw speech in order of completion."""

    def speak(self, voice: Voice, requests: Sequence[Request]) -> Iterator[tuple[int, Samples]]:
        """Yield (index of the request, samples at 24 kHz) as each is done."""


class XttsSynthesiser:
    """See `Synthesiser`. Assets: xtts_config, xtts_model, xtts_vocab.

    Args:
        assets: files by name.
        threads: cores that it uses.
        device: `cpu` or `cuda`.
        licences: licences that the user accepts; CPML must be among them.
        mode: `reference` is the library's own inference, sentence by sentence; the others decode
            `rows` sentences at once: `eager`, `graphs` (CUDA graphs), `compile` (torch.compile).
            `auto` is `graphs` on a GPU and `eager` on a CPU.
        precision: of the transformer; `auto` is bf16 on a GPU (fp16 before Ampere), fp32 on a CPU.
        rows: sentences decoded at once.
        max_tokens: most audio tokens of a piece (21.5 a second); None: the model's 602.
        temperature: and top_k, top_p, repetition_penalty: None takes the checkpoint's.

    Raises:
        ModelError: the licence is not accepted, a file is missing or not what it should be.
        ConfigError: a setting out of range.
        DeviceError: `graphs` without a GPU.
    """

    rate_hz = RATE_HZ

    def __init__(
        self,
        assets: Mapping[str, Path],
        threads: int,
        device: str,
        *,
        licences: Collection[str] = (),
        mode: str = "auto",
        precision: str = "auto",
        rows: int = 8,
        max_tokens: int | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        repetition_penalty: float | None = None,
    ) -> None:
        require_licence("xtts", licences)
        files = find_files(assets)
        mode = _mode(mode, device)
        if precision not in PRECISIONS or rows < 1:
            raise ConfigError(f"voice.xtts: precision {precision!r}, rows {rows} cannot be.")
        from mythmeter.voice.voices.xtts_model import XttsModel

        self._files = files
        self._model = XttsModel(
            files,
            threads,
            device,
            precision="fp32" if mode == "reference" else precision,
            max_tokens=max_tokens,
            sampling={
                "temperature": temperature,
                "top_k": top_k,
                "top_p": top_p,
                "repetition_penalty": repetition_penalty,
            },
        )
        self.mode = mode
        self.together = 1 if mode == "reference" else rows
        self._engine: Engine = self._model.engine(mode, rows)
        self._first_audio_s: float | None = None

    @property
    def work(self) -> dict[str, float]:
        """Units of work since loading: tokens, seconds of decoder and vocoder, of the GPU's own."""
        measured = self._model.work()
        if self._first_audio_s is not None:
            measured["first_audio_s"] = round(self._first_audio_s, 4)
        return measured

    def enrol(self, reference: Reference, settings: FitSettings) -> Enrolled:
        """Compute the conditioning latents of a voice; nothing is fitted."""
        latents, embedding, notes = self._model.condition(reference.samples, REFERENCE_RATE_HZ)
        return Enrolled(
            voice=Voice("xtts", {"gpt_cond_latent": latents, "speaker_embedding": embedding}),
            start=None,
            strangers=(),
            notes={
                "steps": 0,
                "equaliser_strength": 0.0,
                "optimised": [],
                "xtts": {**notes, "model_sha256": sha256_of(self._files.model)},
            },
        )

    def split(self, text: str, language: str) -> list[str]:
        """Cut a script into pieces within the language's limit; see `Synthesiser`."""
        check_language("xtts", language)
        limit = self._model.characters(language)
        most = self._model.text_tokens - SPARE_TEXT_TOKENS

        def fits(piece: str) -> bool:
            return len(piece) <= limit and len(self._model.encode(piece, language)) < most

        pieces = split_pieces(text, language, fits)
        spoken = [piece for piece in pieces if any(sign.isalnum() for sign in piece)]
        if not spoken:
            raise SpeechError(f"Nothing in {text.strip()!r} can be spoken: it has no words.")
        return spoken

    def takes(self, voice: Voice, requests: Sequence[Request]) -> Iterator[Speech]:
        """Speak all requests through one set of rows; see `Synthesiser`."""
        for request in requests:
            check_language("xtts", request.language)
        began = time.perf_counter()
        ready: dict[int, Samples] = {}
        following = 0
        for index, samples in self._engine.speak(voice, requests):
            ready[index] = samples
            while following in ready:
                if self._first_audio_s is None:
                    self._first_audio_s = time.perf_counter() - began
                yield trimmed(requests[following].text, ready.pop(following))
                following += 1

    def raw(self, voice: Voice, request: Request) -> Samples:
        """Speak one request and cut nothing off."""
        return next(samples for _, samples in self._engine.speak(voice, [request]))


def seed_of(request: Request) -> int:
    """Return the seed of a request's take; take 0 has the seed itself.

    Others are mixed into 32 bits: torch's generator on the CPU ignores those above.
    """
    if request.take == 0:
        return request.seed
    return int(np.random.SeedSequence((request.seed, request.take)).generate_state(1)[0])


def _mode(mode: str, device: str) -> str:
    if mode not in MODES:
        raise ConfigError(f"voice.xtts.mode is {mode!r}. Known: {', '.join(MODES)}.")
    if mode == "graphs" and device != "cuda":
        raise DeviceError("voice.xtts.mode: `graphs` are CUDA graphs, and this run is on the CPU.")
    if mode == "auto":
        return "graphs" if device == "cuda" else "eager"
    return mode


def trimmed(text: str, samples: Samples) -> Speech:
    """Return a piece at 24 kHz without the silence around it, its words not yet timed."""
    sounding = np.flatnonzero(sounding_frames(samples, RATE_HZ))
    if len(sounding):
        frame = round(FRAME_S * RATE_HZ)
        samples = samples[sounding[0] * frame : (sounding[-1] + 1) * frame]
    return Speech(samples, RATE_HZ, (Sentence(text, 0.0, len(samples) / RATE_HZ, ()),))
