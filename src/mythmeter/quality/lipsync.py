"""Whether the mouth that is seen follows the speech that is heard."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.spread import mouth_openings
from mythmeter.media.long_sound import LongSound, Sound
from mythmeter.quality.metric import Metric, not_measured
from mythmeter.voice.embeddings.encoder import RATE_HZ

Series = NDArray[np.float64]

BAND_HZ = (500.0, 1500.0)
"""Where open vowels have their first formants: of the bands tried on recordings of six people, the
one whose level followed their mouths best (r = 0.59, against 0.47 for the whole spectrum)."""

WINDOW_S = 0.08
FLOOR_DB = -60.0
"""Levels further below the loud parts are silence."""

SHIFTS_S = (0.5, 1.0)
"""Sound shifted by this much, either way, is the control."""

LAG_S = 0.3
"""Largest delay that is looked for."""

FEWEST_FRAMES = 50

METHOD = (
    "Pearson r of mouth opening, tracked in the finished file, and level of its sound in "
    "500–1,500 Hz; control: sound shifted by 0.5–1 s either way"
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
    mouth: Series, level: Series, rate: float, own_footage: float | None
) -> dict[str, Metric]:
    """Correlation of mouth and sound with its shifted control, and the delay that fits best.

    Args:
        mouth: opening in each output frame, NaN where there is no face.
        level: of the sound at each frame.
        rate: frames a second.
        own_footage: the same correlation in the person's real clips, if they speak there.
    """
    usable = int(np.isfinite(mouth).sum())
    reason = None
    if usable < FEWEST_FRAMES or len(mouth) < 3 * SHIFTS_S[1] * rate:
        reason = f"needs {3 * SHIFTS_S[1]:.0f} s and {FEWEST_FRAMES} frames with a face"
    elif np.ptp(level) == 0:
        reason = "the finished file is silent"
    if reason:
        return {
            "lip_audio_correlation": not_measured("r", METHOD, reason),
            "lip_audio_delay": not_measured("frames", METHOD, reason),
        }
    nearest, furthest = round(SHIFTS_S[0] * rate), round(SHIFTS_S[1] * rate)
    far = [s for s in range(-furthest, furthest + 1) if abs(s) >= nearest]
    control = [shifted_correlation(mouth, level, shift) for shift in far]
    near = range(-round(LAG_S * rate), round(LAG_S * rate) + 1)
    by_delay = {shift: shifted_correlation(mouth, level, shift) for shift in near}
    best = max(by_delay, key=lambda shift: np.nan_to_num(by_delay[shift], nan=-2))
    return {
        "lip_audio_correlation": Metric(
            value=by_delay[0],
            unit="r",
            n=usable,
            method=METHOD,
            controls={
                "shifted_mean": float(np.mean(control)),
                "shifted_highest": float(np.max(control)),
                "own_footage": own_footage,
            },
        ),
        "lip_audio_delay": Metric(
            value=float(best),
            unit="frames",
            n=usable,
            method="shift within ±0.3 s at which mouth and sound correlate best; positive: the "
            "mouth is late",
            controls={"r_at_this_delay": by_delay[best]},
        ),
    }


def own_footage_correlation(faces: Sequence[Path], sounds: Sequence[Path]) -> float | None:
    """Return the mean correlation in clips of the person speaking; None where there is none."""
    found = []
    for track_file, wav in zip(faces, sounds, strict=True):
        mouth, times_s = mouth_openings(track_file)
        sound = LongSound.of_wav(wav, RATE_HZ)
        found.append(shifted_correlation(mouth, speech_level_db(sound, RATE_HZ, times_s), 0))
    usable = [r for r in found if np.isfinite(r)]
    return float(np.mean(usable)) if usable else None
