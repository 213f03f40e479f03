"""Rule score_render: what people get is what is scored, the finished file and nothing before it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.landmarks.protocol import load_landmarker
from mythmeter.media.audio import resample
from mythmeter.media.decode import frame_size
from mythmeter.media.long_sound import LongSound
from mythmeter.media.mp4 import read_sound
from mythmeter.quality.completeness import faces_found, length_metric
from mythmeter.quality.flicker import flicker_metrics
from mythmeter.quality.identity import identity_metrics, person_reference
from mythmeter.quality.joins import join_metrics, join_rows
from mythmeter.quality.lipsync import speech_level_db
from mythmeter.quality.metric import Metric
from mythmeter.quality.observe import Observed, observe
from mythmeter.quality.offset import own_footage_curve
from mythmeter.quality.original import original_curve
from mythmeter.quality.outside import encoded_again, outside_metrics
from mythmeter.quality.resolution import resolution_metric
from mythmeter.quality.results import write_frames, write_scores
from mythmeter.quality.sheet import write_sheet
from mythmeter.quality.speaker import enrolment_controls, person_speech, speaker_metric
from mythmeter.quality.stability import jitter_metric
from mythmeter.quality.sync import Sync, score_sync
from mythmeter.quality.whose_face import whose_face
from mythmeter.quality.words import intelligibility, script_of
from mythmeter.render.label import LabelStyle, draw_label, label_text
from mythmeter.render.timeline import Timeline, read_timeline
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.embeddings.encoder import RATE_HZ, load_encoder
from mythmeter.voice.transcribe import Transcriber

SOUND_BLOCK_S = 60.0


@dataclass(frozen=True)
class RenderFiles:
    """The finished file, and what it was made from."""

    render: Path
    consent: Path
    """Receipt of the person; the label says what kind of record it is."""
    clip: Path
    """The target's `clip.mp4`, its `faces.parquet`, its `verdict.json`, and the file as given."""
    faces: Path
    verdict: Path
    source: Path
    timeline: Path
    speech: Path
    words: Path
    enrolment: Path


@dataclass(frozen=True)
class PersonFiles:
    """The person's own recordings, by what they show."""

    face_clips: Sequence[Path]
    face_tracks: Sequence[Path]
    voice: Sequence[Path]
    """`speech_16k.wav` of each voice clip."""
    talking_tracks: Sequence[Path]
    """`faces.parquet` of the clips that show face and voice, and their `speech_16k.wav`."""
    talking_sounds: Sequence[Path]


@dataclass(frozen=True)
class Settings:
    """What of the configuration the scores depend on."""

    every_frames: int
    landmarks: str
    label: LabelStyle
    crf: float
    preset: str
    limits_factor: float = 1.0
    """Multiplies the limits on decoding the source; no score depends on it."""


@dataclass(frozen=True)
class Instruments:
    """The loaded models."""

    landmarker: Any
    face_encoder: FaceEncoder
    speaker_encoder: Any
    transcriber: Transcriber


def score_render(
    render: RenderFiles,
    person: PersonFiles,
    settings: Settings,
    *,
    models: Mapping[str, Path],
    landmark_models: Mapping[str, Path],
    scores: Path,
    frames: Path,
    sheet: Path,
    threads: int,
    record: UsageRecord,
) -> None:
    """Score a finished render.

    Args:
        models: assets `dlib_face`, `dlib_points`, `dvector`, `whisper`.
        landmark_models: assets of the landmark backend.
        scores: JSON of all metrics.
        frames: Parquet, one row a frame.
        sheet: JPEG of frames of footage and render.

    Raises:
        FaceError: the person's clips show no face from the front.
        MediaError: the file is not what its timeline says.
        ModelError: a model is not what its loader expects.
    """
    with record.phase("model_load"):
        instruments = Instruments(
            landmarker=load_landmarker(settings.landmarks, landmark_models),
            face_encoder=FaceEncoder(models["dlib_points"], models["dlib_face"]),
            speaker_encoder=load_encoder("dvector", models["dvector"], threads),
            transcriber=Transcriber(models["whisper"], threads),
        )
    timeline = read_timeline(render.timeline)
    with record.phase("steady", frames=timeline.frames):
        observed = _observe(render, settings, timeline, instruments)
        heard = sound_16k(render.render)
        own = person_reference(instruments.face_encoder, person.face_clips, person.face_tracks)
        seen = whose_face(observed.samples, own)
        level = speech_level_db(heard, RATE_HZ, np.arange(timeline.frames) / float(timeline.rate))
        sync = _sync(observed, level, timeline, render, person, settings)
        metrics = {
            **identity_metrics(seen.rows, seen.person, seen.performer),
            "faces_found": faces_found(observed),
            **sync.metrics,
            "landmark_jitter": jitter_metric(
                observed.stable,
                observed.stable_untouched,
                timeline.target_frame,
            ),
            **flicker_metrics(
                [sample.warp for sample in observed.samples],
                [sample.warp_untouched for sample in observed.samples],
            ),
            **join_metrics(observed.joins),
            **_outside(observed, timeline, settings),
            **resolution_metric([sample.detail for sample in observed.samples]),
            "length_difference": length_metric(render.render, timeline),
        }
        metrics["speaker_similarity"] = speaker_metric(
            instruments.speaker_encoder,
            heard,
            person_speech(person.voice),
            controls=enrolment_controls(render.enrolment),
        )
        language, script = script_of(render.words)
        metrics["word_error_rate"], transcript = intelligibility(
            instruments.transcriber, language, script, heard, _wav_16k(render.speech)
        )
    write_scores(
        scores,
        metrics,
        curves=sync.curves,
        joins=join_rows(observed.joins),
        transcript=transcript,
        every_frames=settings.every_frames,
    )
    write_frames(frames, timeline, observed, level, seen)
    write_sheet(sheet, observed.pictures, timeline.rate)


def sound_16k(path: Path) -> LongSound:
    """Return the sound of a finished file, mono at 16 kHz, on disk; empty where it has none."""
    sound = LongSound.empty()
    for samples, rate_hz in read_sound(path, SOUND_BLOCK_S):
        sound.append(resample(samples, rate_hz, RATE_HZ))
    return sound


def _wav_16k(path: Path) -> LongSound:
    return LongSound.of_wav(path, RATE_HZ)


def _observe(
    render: RenderFiles, settings: Settings, timeline: Timeline, instruments: Instruments
) -> Observed:
    kind = json.loads(render.consent.read_text(encoding="utf-8"))["kind"]
    style = settings.label
    text = label_text(style, kind)
    box = slice(0, 0), slice(0, 0)
    if text is not None:
        size = frame_size(render.clip)
        box = draw_label(text, *size, style.position, style.size).box
    return observe(
        render.render,
        render.clip,
        render.faces,
        timeline,
        label=box,
        every_frames=settings.every_frames,
        landmarker=instruments.landmarker,
        encoder=instruments.face_encoder,
    )


def _sync(
    observed: Observed,
    level: NDArray[np.float64],
    timeline: Timeline,
    render: RenderFiles,
    person: PersonFiles,
    settings: Settings,
) -> Sync:
    original = original_curve(
        render.source, render.verdict, render.faces, timeline, settings.limits_factor
    )
    own = own_footage_curve(person.talking_tracks, person.talking_sounds)
    return score_sync(np.asarray(observed.mouth), level, timeline.rate, original, own)


def _outside(observed: Observed, timeline: Timeline, settings: Settings) -> dict[str, Metric]:
    again = encoded_again(
        observed.first_frames,
        observed.first_regions,
        timeline.rate,
        crf=settings.crf,
        preset=settings.preset,
    )
    measured = [sample.outside for sample in observed.samples]
    return outside_metrics(measured, again, len(observed.first_frames))
