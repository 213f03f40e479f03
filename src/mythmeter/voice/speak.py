"""Rule speak_script: a script in an enrolled voice, watermarked, with the time of every phoneme."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from mythmeter.atomic import replacing
from mythmeter.errors import ConfigError, ProvenanceError
from mythmeter.media.audio import Samples, write_wav
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.languages import check_language
from mythmeter.voice.speech import Speech, join
from mythmeter.voice.synthesiser import Request, load_synthesiser, read_voice
from mythmeter.voice.watermark import SHORTEST_S, mark

PEAK = 10 ** (-1 / 20)
"""Highest sample allowed: 1 dB below full scale, room for what lossy coding adds."""

LEVEL_DBFS = -23.0
"""RMS of the speech; lowered where its peaks would pass PEAK."""

QUIET = 1e-4
"""Samples below this belong to pauses and do not count towards the level."""


@dataclass(frozen=True)
class Delivery:
    """How a script is spoken."""

    language: str
    speed: float
    pause_s: float
    """Silence between sentences."""
    lead_s: float
    """Silence before the first word."""
    tail_s: float
    """Silence after the last."""


def speak_script(
    script: str,
    voice_path: Path,
    *,
    synthesiser: str,
    assets: Mapping[str, Path],
    delivery: Delivery,
    speech_path: Path,
    words_path: Path,
    record: UsageRecord,
) -> None:
    """Speak a script and write the marked WAV and its words.json (docs/files.md).

    Args:
        script: the text, one or more sentences.
        voice_path: from enrol_voice.
        synthesiser: name of the backend.
        assets: files by catalogue name.
        delivery: language, pace and silences.
        speech_path: WAV, 24 kHz mono.
        words_path: JSON.
        record: usage record of the job.

    Raises:
        SpeechError: an empty script, an unsupported language, nothing that can be said.
        ConfigError: a speed or silence out of range.
        ModelError: the voice was enrolled for another synthesiser.
        ProvenanceError: the watermark does not read back.
    """
    _check(delivery, synthesiser)
    record.backend = synthesiser
    voice = read_voice(voice_path, synthesiser)
    with record.phase("model_load"):
        speaker = load_synthesiser(
            synthesiser, assets, threads=record.threads, device=record.device.kind
        )
    with record.phase("steady") as work:
        requests = [
            Request(piece, delivery.language, delivery.speed)
            for piece in speaker.split(script, delivery.language)
        ]
        speech = join(speaker.takes(voice, requests), pause_s=delivery.pause_s)
        padded = _padded(speech, delivery)
        samples = mark(_levelled(padded.samples), padded.rate_hz)
        work["audio_s"] = padded.duration_s
        work["phonemes"] = len(padded.phonemes)
    if np.abs(samples).max() > 1.0:
        raise ProvenanceError("The watermark drove the speech beyond full scale.")
    write_wav(speech_path, samples, padded.rate_hz)
    with replacing(words_path) as partial:
        partial.write_text(words_json(padded, delivery.language), encoding="utf-8")


def words_json(speech: Speech, language: str) -> str:
    """Return the text of words.json: sentences, words and phonemes, times in s to 0.1 ms."""
    table = {
        "rate_hz": speech.rate_hz,
        "duration_s": speech.duration_s,
        "language": language,
        "sentences": [asdict(sentence) for sentence in speech.sentences],
    }
    return json.dumps(_rounded(table), ensure_ascii=False, indent=1) + "\n"


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def _check(delivery: Delivery, synthesiser: str) -> None:
    check_language(synthesiser, delivery.language)
    if not 0.5 <= delivery.speed <= 2.0:
        raise ConfigError(f"voice.speed must lie in 0.5–2, not {delivery.speed}.")
    for key in ("pause_s", "lead_s", "tail_s"):
        if not 0.0 <= getattr(delivery, key) <= 10.0:
            raise ConfigError(f"voice.{key} must lie in 0–10 s, not {getattr(delivery, key)}.")


def _padded(speech: Speech, delivery: Delivery) -> Speech:
    """Put silence around the speech; more at its end where the watermark needs it."""
    total_s = delivery.lead_s + speech.duration_s + delivery.tail_s
    tail_s = delivery.tail_s + max(0.0, SHORTEST_S - total_s + 0.1)
    return join([speech], pause_s=0.0, lead_s=delivery.lead_s, tail_s=tail_s)


def _levelled(samples: Samples) -> Samples:
    """Bring the speech to LEVEL_DBFS (RMS), or as near as its peaks allow."""
    loud = samples[np.abs(samples) > QUIET]
    gain = 10 ** (LEVEL_DBFS / 20) / (float(np.sqrt(np.mean(loud**2))) + 1e-12)
    gain = min(gain, PEAK / (float(np.abs(samples).max()) + 1e-12))
    return np.asarray(samples * gain, dtype=np.float32)
