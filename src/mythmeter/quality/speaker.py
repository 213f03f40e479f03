"""Whose voice is heard, by a speaker encoder that the voice's fit never sees."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from mythmeter.errors import SpeechError
from mythmeter.media.long_sound import LongSound, Sound, wav_blocks
from mythmeter.quality.metric import Metric, not_measured
from mythmeter.voice.embeddings.encoder import RATE_HZ, SpeakerEncoder, similarity

METHOD = (
    "cosine of d-vectors, an encoder that the fit never sees: the finished file against the "
    "person's recordings"
)

SHORTEST_HALF_S = 3.0
"""Halves shorter than this differ by what is said more than by who says it."""


def person_speech(wavs: Sequence[Path]) -> LongSound:
    """Join the person's recordings at 16 kHz."""
    joined = LongSound.empty()
    for wav in wavs:
        for block in wav_blocks(wav, RATE_HZ):
            joined.append(block)
    return joined


def enrolment_controls(enrolment: Path) -> dict[str, float | None]:
    """Return what enrolment measured by the same encoder, against its cleaned reference.

    Args:
        enrolment: `enrolment.json`; a synthesiser that does not measure this gives no controls.
    """
    report = json.loads(enrolment.read_text(encoding="utf-8"))
    likeness = report.get("similarity", {}).get("dvector", {})
    names = {
        "before_the_fit": "before",
        "other_voices_mean": "floor_mean",
        "other_voices_highest": "floor_max",
    }
    return {name: likeness[key] for name, key in names.items() if key in likeness}


def speaker_metric(
    encoder: SpeakerEncoder,
    heard: Sound,
    person: Sound,
    controls: Mapping[str, float | None],
) -> Metric:
    """Similarity of the finished file's voice to the person's.

    Args:
        encoder: not one of those that enrolment optimises.
        heard: sound of the finished file at 16 kHz.
        person: the person's own recordings at 16 kHz.
        controls: further values of the same measure, such as that of stock voices.
    """
    try:
        value = similarity(encoder.embed(heard), encoder.embed(person))
        ceiling = _two_halves(encoder, person)
    except SpeechError as error:
        return not_measured("cosine", METHOD, str(error))
    return Metric(
        value=value,
        unit="cosine",
        n=round(len(person) / RATE_HZ),
        method=METHOD + "; n is their seconds",
        controls={"person_two_halves": ceiling, **controls},
    )


def _two_halves(encoder: SpeakerEncoder, person: Sound) -> float | None:
    """Similarity of the person's two halves; None where they are too short to say anything."""
    half = len(person) // 2
    if half < SHORTEST_HALF_S * RATE_HZ:
        return None
    return similarity(encoder.embed(person[:half]), encoder.embed(person[half:]))
