"""How far the lips come before or after their sound, found in a file itself.

As SyncNet does it (Chung and Zisserman, Out of time, 2016): the offset is where the two agree best
within ±15 frames, and how far that stands out from the median is the confidence. Its network is not
needed where the mouth is tracked: its opening is compared with the level of the sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from mythmeter.faces.spread import mouth_openings
from mythmeter.media.long_sound import LongSound
from mythmeter.quality.lipsync import Series, shifted_correlation, speech_level_db
from mythmeter.quality.metric import Metric, not_measured
from mythmeter.voice.embeddings.encoder import RATE_HZ

REACH = 15
"""Offsets are looked for up to this many frames either way."""

NO_PEAK = f"no peak within ±{REACH} frames"
METHOD = (
    f"shift within ±{REACH} frames at which mouth and sound of the finished file correlate best, "
    "to whole frames; positive: the mouth is late; controls: the original clip with its own sound "
    "and the person's own footage, since mouths open before they are heard"
)


@dataclass(frozen=True)
class OffsetCurve:
    """Correlation of mouth and sound at each offset, in frames from −REACH to REACH."""

    r: Series
    """(2 × REACH + 1,); NaN where too few frames overlap."""
    frames: int
    """Frames with a face."""

    @property
    def best(self) -> int | None:
        """Offset of the highest correlation; None where it still rises at the end of the reach."""
        if not np.isfinite(self.r).any():
            return None
        place = int(np.nanargmax(self.r))
        return place - REACH if 0 < place < len(self.r) - 1 else None

    @property
    def clear_by(self) -> float:
        """Highest correlation less the median one: how far the peak stands out."""
        return float(np.nanmax(self.r) - np.nanmedian(self.r))

    def at(self, offset: int) -> float | None:
        """Correlation at an offset."""
        r = float(self.r[offset + REACH])
        return r if np.isfinite(r) else None


def offset_curve(mouth: Series, level: Series) -> OffsetCurve:
    """Correlate mouth and sound at every offset within ±REACH frames.

    Args:
        mouth: opening in each frame, NaN where there is no face.
        level: of the sound at each frame.
    """
    offsets = range(-REACH, REACH + 1)
    r = np.array([shifted_correlation(mouth, level, offset) for offset in offsets])
    return OffsetCurve(r, int(np.isfinite(mouth).sum()))


def mean_curve(curves: Sequence[OffsetCurve]) -> OffsetCurve | None:
    """Average the curves of several clips; None where no clip has one."""
    usable = [curve for curve in curves if np.isfinite(curve.r).all()]
    if not usable:
        return None
    return OffsetCurve(np.mean([c.r for c in usable], axis=0), sum(c.frames for c in usable))


def own_footage_curve(faces: Sequence[Path], sounds: Sequence[Path]) -> OffsetCurve | None:
    """Return the mean curve of clips of the person speaking; None where there is none."""
    curves = []
    for track_file, wav in zip(faces, sounds, strict=True):
        mouth, times_s = mouth_openings(track_file)
        sound = LongSound.of_wav(wav, RATE_HZ)
        curves.append(offset_curve(mouth, speech_level_db(sound, RATE_HZ, times_s)))
    return mean_curve(curves)


def offset_metrics(
    curve: OffsetCurve,
    rate: Fraction,
    controls: dict[str, OffsetCurve | None],
    reasons: dict[str, str],
) -> dict[str, Metric]:
    """Lip offset in frames and in milliseconds.

    Args:
        curve: of the finished file.
        rate: frames a second.
        controls: curves of other footage by name; None where there is none.
        reasons: why a control is missing, by its name.
    """
    found = {
        "lip_audio_delay": (1.0, "frames"),
        "lip_audio_delay_ms": (float(1000 / rate), "ms"),
    }
    metrics = {}
    for name, (factor, unit) in found.items():
        if curve.best is None:
            reason = f"{NO_PEAK}: it still rises at the end, or nothing moves"
            metrics[name] = not_measured(unit, METHOD, reason)
            continue
        beside = {
            key: None if one is None or one.best is None else one.best * factor
            for key, one in controls.items()
        }
        peak = {"r_at_this_delay": curve.at(curve.best), "peak_over_median_r": curve.clear_by}
        metrics[name] = Metric(
            curve.best * factor,
            unit,
            curve.frames,
            METHOD,
            beside | peak,
            control_reasons={name: NO_PEAK for name in controls} | reasons,
            control_n={name: one.frames for name, one in controls.items() if one is not None},
        )
    return metrics
