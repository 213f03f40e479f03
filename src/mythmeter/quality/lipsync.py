"""Whether the mouth that is seen follows the speech that is heard."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mythmeter.media.long_sound import Sound
from mythmeter.quality.metric import Metric, not_measured

Series = NDArray[np.float64]

BAND_HZ = (500.0, 1500.0)
"""Where open vowels have their first formants: of the bands tried on recordings of six people, the
one whose level followed their mouths best (r = 0.59, against 0.47 for the whole spectrum)."""

WINDOW_S = 0.08
FLOOR_DB = -60.0
"""Levels further below the loud parts are silence."""

SHIFTS_S = (0.5, 1.0)
"""Sound shifted by this much, either way, is the control."""

FEWEST_FRAMES = 50

METHOD = (
    "Pearson r of mouth opening, tracked in the finished file, and level of its sound in "
    "500–1,500 Hz; controls: sound shifted by 0.5–1 s either way, the original clip with its own "
    "sound, and the person's own footage"
)


def speech_level_db(samples: Sound, rate_hz: int, times_s: Series) -> Series:
    """Return the level in the band around each time, in dB below the loud parts (0 to −60)."""
    width = round(WINDOW_S * rate_hz)
    hertz = np.fft.rfftfreq(width, 1 / rate_hz)
    band = (hertz >= BAND_HZ[0]) & (hertz <= BAND_HZ[1])
    window = np.hanning(width)
    level = np.empty(len(times_s))
    for number, start in enumerate(np.round(times_s * rate_hz).astype(int)):
        first = min(start, len(samples)) - width // 2
        inside = np.asarray(samples[max(0, first) : max(0, first + width)], np.float64)
        before = max(0, -first)
        piece = np.pad(inside, (before, width - before - len(inside))) * window
        level[number] = np.square(np.abs(np.fft.rfft(piece)[band])).sum()
    level = 10 * np.log10(level / width + 1e-12)
    return np.maximum(level - np.quantile(level, 0.98), FLOOR_DB)


def shifted_correlation(mouth: Series, level: Series, shift: int) -> float:
    """Pearson r of the mouth with sound that comes `shift` frames later; NaN frames are left out.

    Only frames that overlap count; fewer than ten, or a constant, give NaN.
    """
    length = len(mouth)
    seen = mouth[max(0, shift) : length + min(0, shift)]
    heard = level[max(0, -shift) : length - max(0, shift)]
    usable = np.isfinite(seen) & np.isfinite(heard)
    if usable.sum() < 10 or seen[usable].std() < 1e-9 or heard[usable].std() < 1e-9:
        return float("nan")
    return float(np.corrcoef(seen[usable], heard[usable])[0, 1])


def lip_metrics(
    mouth: Series,
    level: Series,
    rate: float,
    controls: Mapping[str, float | None] | None = None,
    reasons: Mapping[str, str] | None = None,
    control_n: Mapping[str, int] | None = None,
) -> dict[str, Metric]:
    """Correlation of mouth and sound with its shifted control.

    Args:
        mouth: opening in each output frame, NaN where there is no face.
        level: of the sound at each frame.
        rate: frames a second.
        controls: the same correlation in other footage, by name; None where there is none.
        reasons: why a control is missing, by its name.
        control_n: frames behind a control, by its name.
    """
    usable = int(np.isfinite(mouth).sum())
    reason = why_not(mouth, level, rate)
    if reason:
        return {"lip_audio_correlation": not_measured("r", METHOD, reason)}
    nearest, furthest = round(SHIFTS_S[0] * rate), round(SHIFTS_S[1] * rate)
    far = [s for s in range(-furthest, furthest + 1) if abs(s) >= nearest]
    shifted = [shifted_correlation(mouth, level, shift) for shift in far]
    return {
        "lip_audio_correlation": Metric(
            value=shifted_correlation(mouth, level, 0),
            unit="r",
            n=usable,
            method=METHOD,
            controls={
                "shifted_mean": float(np.mean(shifted)),
                "shifted_highest": float(np.max(shifted)),
                **(controls or {}),
            },
            control_reasons=reasons or {},
            control_n=control_n or {},
        )
    }


def why_not(mouth: Series, level: Series, rate: float) -> str | None:
    """Say why mouth and sound cannot be compared; None where they can."""
    if np.isfinite(mouth).sum() < FEWEST_FRAMES or len(mouth) < 3 * SHIFTS_S[1] * rate:
        return f"needs {3 * SHIFTS_S[1]:.0f} s and {FEWEST_FRAMES} frames with a face"
    if np.ptp(level) == 0:
        return "the finished file is silent"
    return None
