"""A person's recordings made into one clean reference, or refused with the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mythmeter.errors import SpeechError
from mythmeter.media.audio import Samples, resample
from mythmeter.media.long_sound import LongSound, blocks

RATE_HZ = 24000
VAD_RATE_HZ = 16000

SHORTEST_S = 3.0
"""Less speech than this says too little about a voice."""
ADVISED_S = 10.0
LONGEST_S = 30.0
"""Speech beyond this is left out: it no longer changes the fit."""
PIECE = 300 * RATE_HZ
"""Samples that are searched for speech at a time."""
MARGIN_S = 0.1
FADE_S = 0.01
LEVEL_DBFS = -23.0
PEAK = 10 ** (-1 / 20)
CLIPPED_LEVEL = 0.999
CLIPPED_SHARE = 0.001
"""One sample in a thousand at full scale is clipping that can be heard."""
SILENT_DBFS = -60.0


@dataclass(frozen=True)
class Reference:
    """Clean speech of one person, pauses cut, at LEVEL_DBFS (RMS)."""

    samples: Samples
    """(n,), 24 kHz."""
    speech_s: float
    """Speech found in all recordings, before the cap."""
    warnings: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        """Length of `samples`."""
        return len(self.samples) / RATE_HZ

    @property
    def samples_16k(self) -> Samples:
        """The same at 16 kHz, for the encoders."""
        return resample(self.samples, RATE_HZ, VAD_RATE_HZ)

    def halves_16k(self) -> tuple[Samples, Samples]:
        """First and second half at 16 kHz: how alike one person's recordings are."""
        samples = self.samples_16k
        return samples[: len(samples) // 2], samples[len(samples) // 2 :]


def clean_reference(recordings: Sequence[Path], *, shortest_s: float = SHORTEST_S) -> Reference:
    """Join the speech of 24 kHz mono recordings: DC removed, pauses cut, level normalised.

    Speech is found by Silero's voice activity detector, so that music and noise do not pass for it.

    Raises:
        SpeechError: silent, clipped, or less than `shortest_s` of speech.
        MediaError: a file that cannot be read.
    """
    pieces: list[Samples] = []
    spoken = 0
    for path in recordings:
        sound = LongSound.of_wav(path, RATE_HZ)
        _check_level(path, sound)
        mean = _mean(sound)
        for first, last in _speech_spans(sound, mean):
            if spoken < LONGEST_S * RATE_HZ:
                pieces.append(_faded(np.asarray(sound[first:last]) - mean))
            spoken += last - first
    speech_s = spoken / RATE_HZ
    if speech_s < shortest_s:
        raise SpeechError(
            f"{', '.join(p.parent.name for p in recordings)}: only {speech_s:.1f} s of speech were "
            f"found, and a voice needs {shortest_s:.0f} s or more ({ADVISED_S:.0f} s is better). "
            "Add a longer clip to the person's voice clips."
        )
    warnings = []
    if speech_s < ADVISED_S:
        warnings.append(
            f"{speech_s:.1f} s of speech: the likeness grows up to about {ADVISED_S:.0f} s"
        )
    joined = np.concatenate(pieces)[: round(LONGEST_S * RATE_HZ)]
    return Reference(_levelled(joined), speech_s, tuple(warnings))


def _check_level(path: Path, sound: LongSound) -> None:
    clip = path.parent.name
    peak, clipped = 0.0, 0
    for block in blocks(sound):
        peak = max(peak, float(np.abs(block).max()))
        clipped += int((np.abs(block) >= CLIPPED_LEVEL).sum())
    level_dbfs = 20 * np.log10(peak + 1e-9)
    if level_dbfs < SILENT_DBFS:
        raise SpeechError(
            f"{clip}: the sound is silent (peak {level_dbfs:.0f} dBFS). Use a clip with speech."
        )
    share = clipped / len(sound)
    if share > CLIPPED_SHARE:
        raise SpeechError(
            f"{clip}: the sound is clipped ({share:.1%} of its samples are at full scale, "
            f"{CLIPPED_SHARE:.1%} is the limit). Use a recording made at a lower level."
        )


def _mean(sound: LongSound) -> np.float32:
    """DC of a recording: the mean of its pieces, weighed by their lengths."""
    found = [(float(block.mean()), len(block)) for block in blocks(sound, PIECE)]
    return np.float32(sum(mean * length for mean, length in found) / len(sound))


def _speech_spans(sound: LongSound, mean: np.float32) -> list[tuple[int, int]]:
    """Return (first, last) sample of each stretch of speech, with a margin, none overlapping.

    The detector hears a long recording in pieces of five minutes.
    """
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad

    detector = load_silero_vad(onnx=True)
    level = max(float(np.abs(block - mean).max()) for block in blocks(sound)) + 1e-9
    ratio = RATE_HZ / VAD_RATE_HZ
    spans: list[tuple[int, int]] = []
    for number, piece in enumerate(blocks(sound, PIECE)):
        heard = torch.from_numpy(resample((piece - mean) / level * 0.7, RATE_HZ, VAD_RATE_HZ))
        found = get_speech_timestamps(heard, detector, speech_pad_ms=round(MARGIN_S * 1000))
        edges = (
            (number * PIECE + round(s[name] * ratio) for name in ("start", "end")) for s in found
        )
        spans += [(first, min(last, len(sound))) for first, last in edges]
    return spans


def _faded(samples: Samples) -> Samples:
    """Fade both ends, so that joined pieces do not click."""
    size = min(round(FADE_S * RATE_HZ), len(samples) // 2)
    ramp = np.sin(np.linspace(0, np.pi / 2, size, dtype=np.float32)) ** 2
    faded = samples.copy()
    faded[:size] *= ramp
    faded[len(faded) - size :] *= ramp[::-1]
    return faded


def _levelled(samples: Samples) -> Samples:
    """Bring sound to LEVEL_DBFS (RMS), or as near as its peaks allow."""
    gain = 10 ** (LEVEL_DBFS / 20) / (float(np.sqrt(np.mean(samples**2))) + 1e-12)
    gain = min(gain, PEAK / (float(np.abs(samples).max()) + 1e-12))
    return np.asarray(samples * gain, dtype=np.float32)
