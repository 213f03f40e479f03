"""Loudness as broadcasters measure it, by FFmpeg, in one pass of any length.

Integrated loudness in LUFS after ITU-R BS.1770-4 and EBU R 128.
"""

import re
from pathlib import Path
from typing import NamedTuple

import ffmpeg

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError
from mythmeter.media.ffmpeg import run_ffmpeg

SILENT_LUFS = -69.0
"""The gate of the measure lies at -70: what is quieter has no loudness."""
LIMIT = 10 ** (-2 / 20)
"""Highest sample: what lies between samples, lossy coding and a watermark may add a decibel."""
HIGHEST = 10 ** (-0.1 / 20)
"""Highest sample of a sound that is finished."""
LIMITER_MS = 5.0
TOLERANCE_LU = 0.1


class Loudness(NamedTuple):
    """What a sound measures."""

    integrated_lufs: float
    true_peak_dbtp: float


def measure_loudness(path: Path) -> Loudness:
    """Measure a sound file.

    Raises:
        MediaError: it cannot be read, or is silent.
    """
    graph = ffmpeg.input(str(path)).filter("ebur128", peak="true", framelog="quiet")
    log = "\n".join(run_ffmpeg(ffmpeg.output(graph, "-", format="null"), path))
    summary = log[log.rindex("Summary:") :] if "Summary:" in log else ""
    lufs = re.search(r"I:\s+(-?[\d.]+) LUFS", summary)
    peak = re.search(r"Peak:\s+(-?[\d.]+) dBFS", summary)
    if lufs is None or peak is None or float(lufs.group(1)) < SILENT_LUFS:
        raise MediaError(f"{path.name}: is silent, so it has no loudness.")
    return Loudness(float(lufs.group(1)), float(peak.group(1)))


def level_loudness(source: Path, target: Path, lufs: float) -> None:
    """Write a mono WAV (32-bit float) of a given loudness; its length stays.

    One gain for all of it, and a look-ahead limiter for the peaks that it drives beyond LIMIT.

    Raises:
        MediaError: the source cannot be read, or is silent.
    """
    gain_db = lufs - measure_loudness(source).integrated_lufs
    with replacing(target) as partial:
        _apply(source, partial, gain_db)
        # The limiter takes away a little of what the gain gave.
        missing_db = lufs - measure_loudness(partial).integrated_lufs
        if abs(missing_db) > TOLERANCE_LU:
            _apply(source, partial, gain_db + missing_db)


def limit_peaks(source: Path, target: Path) -> None:
    """Write a mono WAV (32-bit float) whose highest sample is HIGHEST; its length stays.

    Raises:
        MediaError: the source cannot be read.
    """
    with replacing(target) as partial:
        _apply(source, partial, 0, HIGHEST)


def _apply(source: Path, target: Path, gain_db: float, limit: float = LIMIT) -> None:
    sound = ffmpeg.input(str(source)).filter("volume", f"{gain_db:.3f}dB", precision="float")
    sound = sound.filter("alimiter", limit=limit, attack=LIMITER_MS, release=50, level=0, latency=1)
    run_ffmpeg(ffmpeg.output(sound, str(target), acodec="pcm_f32le", ac=1), source)
