"""Rule enrol_voice: recordings of a person to a voice that speaks, with proof of how like it is."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mythmeter.atomic import replacing
from mythmeter.errors import ConfigError
from mythmeter.media.audio import Samples, resample, write_wav
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.embeddings.encoder import SpeakerEncoder, load_encoder, similarity
from mythmeter.voice.reference import RATE_HZ, Reference, clean_reference
from mythmeter.voice.synthesiser import (
    Enrolled,
    FitSettings,
    Synthesiser,
    Voice,
    load_synthesiser,
    say,
    write_voice,
)

WITNESS_TEXT = (
    "The harbour was quiet this morning, although a few boats with bright sails had already left."
)
"""What likeness is measured on; no fit has seen it."""


def enrol_voice(
    recordings: Sequence[Path],
    *,
    synthesiser: str,
    synthesiser_settings: Mapping[str, Any],
    assets: Mapping[str, Path],
    settings: FitSettings,
    voice_path: Path,
    reference_path: Path,
    report_path: Path,
    record: UsageRecord,
) -> None:
    """Clean the recordings, fit a voice, measure its likeness; write all three files.

    Args:
        recordings: 24 kHz mono WAV of one person.
        synthesiser: name of the backend.
        synthesiser_settings: its own settings (`settings.settings_of`).
        assets: files by catalogue name; `campplus` and `dvector` are always needed.
        settings: budget and strength of the fit.
        voice_path: safetensors of the voice.
        reference_path: WAV of the cleaned reference, 24 kHz.
        report_path: JSON: likeness before and after, ceiling and floor, warnings.
        record: usage record of the job.

    Raises:
        SpeechError: recordings silent, clipped or too short.
        ConfigError: settings out of range, an unknown synthesiser.
        ModelError: an asset is not what was pinned.
    """
    _check(settings)
    record.backend = synthesiser
    began = time.perf_counter()
    with record.phase("warmup"):
        # First what costs little: a bad recording is refused before any model is loaded.
        reference = clean_reference(recordings)
    with record.phase("model_load"):
        speaker = load_synthesiser(
            synthesiser,
            assets,
            threads=record.threads,
            device=record.device.kind,
            settings=synthesiser_settings,
        )
        encoders = {
            name: load_encoder(name, assets.get(name), record.threads)
            for name in ("resemblyzer", "campplus", "dvector")
        }
    with record.phase("steady", iterations=settings.steps) as work:
        work["audio_s"] = reference.duration_s
        enrolled = speaker.enrol(reference, settings)
    with record.phase("teardown"):
        likeness = _likeness(reference, enrolled, speaker, encoders)
    report = {
        "synthesiser": synthesiser,
        "steps": settings.steps,
        "equaliser_strength": settings.equaliser_strength,
        "seed": settings.seed,
        "reference": {
            "speech_s": round(reference.speech_s, 2),
            "used_s": round(reference.duration_s, 2),
        },
        "similarity": likeness,
        "optimised": ["resemblyzer", "campplus"] if settings.steps else [],
        **enrolled.notes,
        "seconds": round(time.perf_counter() - began, 1),
        "warnings": [*reference.warnings, *_doubts(likeness)],
    }
    write_voice(voice_path, enrolled.voice)
    write_wav(reference_path, reference.samples, RATE_HZ)
    with replacing(report_path) as partial:
        partial.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _check(settings: FitSettings) -> None:
    if settings.steps < 0:
        raise ConfigError(f"voice.fit_steps must be 0 or more, not {settings.steps}.")
    if not 0 <= settings.equaliser_strength <= 1:
        raise ConfigError(
            f"voice.equaliser_strength must lie in 0–1, not {settings.equaliser_strength}."
        )


def _likeness(
    reference: Reference,
    enrolled: Enrolled,
    speaker: Synthesiser,
    encoders: Mapping[str, SpeakerEncoder],
) -> dict[str, dict[str, float | None]]:
    """Measure, by each encoder, likeness to the reference with its ceiling and its floor.

    A synthesiser without voices of its own has no `before` and no floor: those are null.
    """
    before = _witness(speaker, enrolled.start) if enrolled.start else None
    after = _witness(speaker, enrolled.voice)
    table: dict[str, dict[str, float | None]] = {}
    for name, encoder in encoders.items():
        person = encoder.embed(reference.samples_16k)
        halves = [encoder.embed(half) for half in reference.halves_16k()]
        floor = [similarity(encoder.embed(other), person) for other in enrolled.strangers]
        values = {
            "before": None if before is None else similarity(encoder.embed(before), person),
            "after": similarity(encoder.embed(after), person),
            "ceiling": similarity(*halves),
            "floor_mean": float(np.mean(floor)) if floor else None,
            "floor_max": max(floor, default=None),
        }
        table[name] = {k: None if v is None else round(v, 4) for k, v in values.items()}
    return table


def _witness(speaker: Synthesiser, voice: Voice) -> Samples:
    """Speak the text that likeness is measured on; 16 kHz."""
    speech = say(speaker, voice, WITNESS_TEXT)
    return resample(speech.samples, speech.rate_hz, 16000)


def _doubts(likeness: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    """Say where the fit did not help the encoder that it never saw."""
    before, after = likeness["dvector"]["before"], likeness["dvector"]["after"]
    if before is not None and after is not None and after < before:
        return [
            f"by the encoder that was not optimised, likeness fell from {before:.2f} "
            f"to {after:.2f}: try fewer fit_steps"
        ]
    return []
