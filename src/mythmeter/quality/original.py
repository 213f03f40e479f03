"""The control of lip sync that nobody made: the original clip, with the sound it came with."""

import json
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from mythmeter.faces.table import read_faces
from mythmeter.media.speech import extract_audio
from mythmeter.quality.lipsync import speech_level_db
from mythmeter.quality.offset import OffsetCurve, offset_curve
from mythmeter.render.timeline import Timeline
from mythmeter.usage.record import UsageRecord

RATE_HZ = 16000
LONGEST_S = 120.0
"""Of the footage that a render shows, this much is listened to: memory does not grow with it."""


def original_curve(
    source: Path, verdict: Path, faces: Path, timeline: Timeline, limits_factor: float
) -> OffsetCurve | str:
    """Correlate mouth and sound of the footage that a render shows; or say why that cannot be.

    Args:
        source: the clip as it was given; its sound is decoded in the sandbox, as in ingest.
        verdict: `verdict.json` of the clip, which says whether it has sound.
        faces: its `faces.parquet`.
        timeline: of the render.
        limits_factor: multiplies the limits on decoding.

    Raises:
        MediaError: the sound cannot be decoded, or meets a limit.
    """
    if json.loads(verdict.read_text(encoding="utf-8"))["audio_track_used"] is None:
        return "the original clip has no sound"
    first = int(timeline.target_frame.min())
    longest = round(LONGEST_S * timeline.rate)
    stop = min(int(timeline.target_frame.max()) + 1, first + longest)
    track = read_faces(faces, first, stop)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "own.wav"
        record = UsageRecord("extract_audio", {})
        extract_audio(
            source, {RATE_HZ: wav}, wanted_by=(), record=record, limits_factor=limits_factor
        )
        start = int(first / timeline.rate * RATE_HZ)
        samples, _ = soundfile.read(
            wav, start=start, frames=int((stop - first) / timeline.rate * RATE_HZ), dtype="float32"
        )
    level = speech_level_db(samples, RATE_HZ, (track.frame - first) / float(timeline.rate))
    if np.ptp(level) == 0:
        return "the original clip is silent where the render shows it"
    curve = offset_curve(track.mouth_open.astype(np.float64), level)
    return curve if np.isfinite(curve.r).all() else "the original clip shows too little of a mouth"
