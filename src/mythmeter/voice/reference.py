"""A person's recordings made into one clean reference, or refused with the figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mythmeter.errors import SpeechError
from mythmeter.media.audio import Samples, read_wav, resample

RATE_HZ = 24000
VAD_RATE_HZ = 16000

SHORTEST_S = 3.0
"""Less speech than this says too little about a voice."""
ADVISED_S = 10.0
LONGEST_S = 30.0
"""Speech beyond this is left out: it no longer changes the fit."""
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
    speech_s = 0.0
    for path in recordings:
        samples, rate_hz = read_wav(path)
        samples = resample(samples, rate_hz, RATE_HZ)
        _check_level(path, samples)
        spans = _speech_spans(samples - samples.mean())
        speech_s += sum(last - first for first, last in spans) / RATE_HZ
        pieces += [_faded(samples[first:last] - samples.mean()) for first, last in spans]
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


def _check_level(path: Path, samples: Samples) -> None:
    clip = path.parent.name
    level_dbfs = 20 * np.log10(float(np.abs(samples).max(initial=0.0)) + 1e-9)
    if level_dbfs < SILENT_DBFS:
        raise SpeechError(
            f"{clip}: the sound is silent (peak {level_dbfs:.0f} dBFS). Use a clip with speech."
        )
    share = float(np.mean(np.abs(samples) >= CLIPPED_LEVEL))
    if share > CLIPPED_SHARE:
        raise SpeechError(
            f"{clip}: the sound is clipped ({share:.1%} of its samples are at full scale, "
            f"{CLIPPED_SHARE:.1%} is the limit). Use a recording made at a lower level."
        )


def _speech_spans(samples: Samples) -> list[tuple[int, int]]:
    """Return (first, last) sample of each stretch of speech, with a margin, none overlapping."""
    import torch
    from silero_vad import get_speech_timestamps, load_silero_vad

    detector = load_silero_vad(onnx=True)
    level = float(np.abs(samples).max()) + 1e-9
    heard = torch.from_numpy(resample(samples / level * 0.7, RATE_HZ, VAD_RATE_HZ))
    found = get_speech_timestamps(heard, detector, speech_pad_ms=round(MARGIN_S * 1000))
    ratio = RATE_HZ / VAD_RATE_HZ
    return [(round(s["start"] * ratio), round(s["end"] * ratio)) for s in found]


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
