"""The rules that touch a video or a sound: what each reads, what it writes, and how it is called.

Each reads the folder `in` and writes the folder `out`, as one job with one chunk: the longest that
there can be.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from memory import stages_face, stages_render, stages_sound

Call = Callable[[Path, Path], None]


@dataclass(frozen=True)
class Stage:
    """One rule of the workflow."""

    call: Call
    """Takes the folders `in` and `out`."""
    reads: tuple[str, ...]
    """Files of `in`; at the longer length those are repeated from the short run's."""
    makes: dict[str, str] = field(default_factory=dict)
    """Name in `out` to the name that other stages read it by."""
    own: tuple[str, ...] = ()
    """Files of `in` that are the longer run's own, from a stage before."""


FACE_CLIP = ("clip.mp4", "faces.parquet")
CROPS = ("crops.mkv", "crops.parquet")
RENDER = ("reference.wav", "receipt.json", "record.json", "record.key", "words.json", "speech.wav")

STAGES: dict[str, Stage] = {
    "speak_script": Stage(
        stages_sound.speak_script,
        ("voice.safetensors", "reference.wav"),
        {"speech.wav": "spoken.wav", "words.json": "spoken.json"},
    ),
    "normalise_clip": Stage(
        stages_face.normalise_clip,
        ("source.mp4",),
        {name: name for name in ("clip.mp4", "verdict.json")},
        ("source.mp4",),
    ),
    "extract_audio": Stage(
        stages_sound.extract_audio,
        ("source.mp4",),
        {name: name for name in ("speech_16k.wav", "speech_24k.wav")},
        ("source.mp4",),
    ),
    "track_faces": Stage(
        stages_face.track_faces, ("clip.mp4",), {"faces.parquet": "faces.parquet"}
    ),
    "locate_points": Stage(stages_face.locate_points, (*FACE_CLIP, "fan.pth.tar")),
    "crop_faces": Stage(
        stages_face.crop_faces,
        FACE_CLIP,
        {name: name for name in ("crops.mkv", "masks.mkv", "crops.parquet")},
    ),
    "match_face": Stage(
        stages_face.match_face, (*FACE_CLIP, "person.json", "person.likeness.json")
    ),
    "match_voice": Stage(
        stages_sound.match_voice, ("speech_16k.wav", "person.json", "person.likeness.json")
    ),
    "enrol_voice": Stage(
        stages_sound.enrol_voice, ("speech_24k.wav",), {"enrolment.json": "enrolment.json"}
    ),
    "write_master": Stage(stages_sound.write_master, ("spoken.wav", "spoken.json")),
    "train_swap": Stage(stages_face.train_swap, CROPS, {"face.safetensors": "face.safetensors"}),
    "train_pair": Stage(stages_face.train_pair, CROPS),
    "swap_faces": Stage(
        stages_face.swap_faces,
        (*CROPS, "masks.mkv", "face.safetensors"),
        {"swap.mkv": "swap.mkv", "swap.parquet": "swap.parquet"},
    ),
    "plan_render": Stage(
        stages_render.plan_render,
        ("speech.wav", "faces.parquet"),
        {"timeline.parquet": "timeline.parquet"},
    ),
    "drive_lips": Stage(
        stages_render.drive_lips,
        ("crops.parquet", "speech_16k.wav", "speech.wav", "words.json", "timeline.parquet"),
        {"drive.parquet": "drive.parquet"},
        ("timeline.parquet",),
    ),
    "sync_lips": Stage(
        stages_render.sync_lips,
        (*CROPS, "swap.mkv", "swap.parquet", "timeline.parquet", "drive.parquet"),
        {"synced.mkv": "synced.mkv", "synced.parquet": "synced.parquet"},
        ("timeline.parquet", "drive.parquet"),
    ),
    "composite": Stage(
        stages_render.composite,
        (*FACE_CLIP, "masks.mkv", "timeline.parquet", "synced.mkv", "synced.parquet", *RENDER[:2]),
        {"chunk.mp4": "chunk.mp4"},
        ("timeline.parquet",),
    ),
    "assemble": Stage(
        stages_render.assemble,
        ("chunk.mp4", "speech.wav", "words.json", "timeline.parquet"),
        {"assembled.mp4": "assembled.mp4"},
        ("timeline.parquet",),
    ),
    "mark_render": Stage(
        stages_render.mark_render,
        ("assembled.mp4", "clip.mp4", "speech_24k.wav", *RENDER),
        {name: name for name in ("signed.mp4", "signed.vtt", "signed.jpg")},
        ("assembled.mp4",),
    ),
    "verify_render": Stage(
        stages_render.verify_render,
        ("signed.mp4", "signed.vtt", "signed.jpg"),
        own=("signed.mp4", "signed.vtt", "signed.jpg"),
    ),
    "score_render": Stage(
        stages_render.score_render,
        (
            *("signed.mp4", *FACE_CLIP, "verdict.json", "source.mp4"),
            *("timeline.parquet", "speech_16k.wav"),
            *("enrolment.json", *RENDER),
        ),
        own=("signed.mp4", "timeline.parquet"),
    ),
    "score_swap": Stage(
        stages_render.score_swap, (*FACE_CLIP, "masks.mkv", "swap.mkv", "swap.parquet")
    ),
}
