"""Sync of a finished file beside its controls: shifted sound, the original clip, own footage."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from mythmeter.quality.lipsync import Series, lip_metrics, why_not
from mythmeter.quality.metric import Metric, not_measured
from mythmeter.quality.offset import METHOD, OffsetCurve, offset_curve, offset_metrics

NO_OWN_SPEECH = "no clip of the person shows the face and has the voice"


@dataclass(frozen=True)
class Sync:
    """The metrics, and the curve of each kind of footage."""

    metrics: Mapping[str, Metric]
    curves: Mapping[str, OffsetCurve | None]
    """`render`, `original_clip` and `own_footage`; None where there is none."""


def score_sync(
    mouth: Series,
    level: Series,
    rate: Fraction,
    original: OffsetCurve | str,
    own: OffsetCurve | None,
) -> Sync:
    """Score the sync of a finished file.

    Args:
        mouth, level: opening of the mouth and level of the sound in each of its frames.
        rate: frames a second.
        original: curve of the original clip with its own sound, or why there is none.
        own: of the person's own footage; None where they do not speak in it.
    """
    heard = original if isinstance(original, OffsetCurve) else None
    controls = {"original_clip": heard, "own_footage": own}
    reasons = {"original_clip": original} if isinstance(original, str) else {}
    if own is None:
        reasons["own_footage"] = NO_OWN_SPEECH
    reason = why_not(mouth, level, float(rate))
    at_zero = {name: None if one is None else one.at(0) for name, one in controls.items()}
    frames = {name: one.frames for name, one in controls.items() if one is not None}
    metrics = lip_metrics(mouth, level, float(rate), at_zero, reasons, frames)
    if reason:
        for name, unit in (("lip_audio_delay", "frames"), ("lip_audio_delay_ms", "ms")):
            metrics[name] = not_measured(unit, METHOD, reason)
        return Sync(metrics, {"render": None, **controls})
    curve = offset_curve(mouth, level)
    metrics |= offset_metrics(curve, rate, controls, reasons)
    return Sync(metrics, {"render": curve, **controls})
