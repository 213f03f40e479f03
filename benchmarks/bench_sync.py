"""How well the lips follow a real sentence that they were not learnt from: `make bench-sync`.

One GRID speaker, two clips of three seconds. Syncer `rewrite` learns from one clip and hears the
other's sound; the picture is the first clip's, so nothing that is seen comes from the sentence that
is measured. Then the same the other way round. All steps are the workflow's: clips normalised,
tracked and cropped, lips driven and synced, faces put back into their frames at native size,
watermarked, labelled and encoded. The encoded file is tracked again and its mouth compared with the
real footage of the sentence. Of the words only the end of the last is given: a recording is no
speech of ours, whose sounds are timed, and the real mouth opens to breathe in before the first.

Beside it, *worded*: the same with every word and sound, timed by the speech stage's aligner, over
the frames of the sentence alone (*sentence*: the first over these frames); the first clip untouched
(GRID's sentences share their timing); the second clip itself, encoded and tracked again (the
ceiling); a mouth that never moves; the mouth against footage shifted by 0.5 to 1 s either way; the
sound itself 0.75 s late. Stillness: three seconds of digital silence after the sentence.

Research recordings: nothing is kept but figures, unless `--keep FOLDER` says where. The last line
is one JSON object, its figures means of the two directions.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import yaml
from scipy.ndimage import median_filter

from mythmeter.faces.align import canonical_points
from mythmeter.faces.crop import crop_faces
from mythmeter.faces.mesh import CANONICAL, EYE_LEFT_OUTER, EYE_RIGHT_OUTER, LIPS
from mythmeter.faces.pose import frontal_faces
from mythmeter.faces.table import FaceTrack, read_faces
from mythmeter.faces.track import assets, track_faces
from mythmeter.lips.drive import DriveSettings, drive_lips
from mythmeter.lips.features import FEATURE_HZ, level_db
from mythmeter.lips.footage import SILENT_DB
from mythmeter.lips.sync import sync_lips
from mythmeter.media.audio import read_wav, resample, write_wav
from mythmeter.media.normalise import normalise_clip
from mythmeter.media.speech import extract_audio
from mythmeter.models.catalogue import load_catalogue
from mythmeter.models.fetch import fetch
from mythmeter.quality.lipsync import SHIFTS_S, shifted_correlation
from mythmeter.render.composite import Encoding, composite
from mythmeter.render.label import LabelStyle
from mythmeter.render.timeline import plan_render
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.alignment import Aligner
from mythmeter.voice.speak import words_table
from mythmeter.voice.speech import Sentence, Speech, Word, shift
from mythmeter.voice.transcribe import Transcriber

REPOSITORY = Path(__file__).parents[1]
MEDIA = REPOSITORY.parent / "shared" / "media"
SENTENCES = {
    "grid_id2_vcd_swwp2s.mpg": "Set white with p two soon.",
    "grid_pwij3p.mpg": "Place white in j three please.",
}
RATE_HZ = 16_000
SPEECH_HZ = 24_000
SILENCE_S = 3.0
LATE_S = 0.75
SETTLED_S = 0.5
"""Of the silence, left out: the mouth closes in it."""
CLICK = 25
"""Hundredths of a second: what is shorter than half of it is no speech."""
WATERMARK = ("rivagan_encoder", "rivagan_decoder")
BETWEEN_EYES = float(np.linalg.norm(CANONICAL[EYE_LEFT_OUTER] - CANONICAL[EYE_RIGHT_OUTER]))

Series = np.ndarray


@dataclass(frozen=True)
class Clip:
    """A clip after ingest and faces, its sound and its sentence."""

    folder: Path
    sentence: Sentence

    def file(self, name: str) -> Path:
        return self.folder / name

    @property
    def sound(self) -> Series:
        return resample(read_wav(self.file("speech_16k.wav"))[0], RATE_HZ, SPEECH_HZ)


class Score(NamedTuple):
    """A tracked mouth against the real one.

    r of opening and width; mean distance of the lip points in % of that of the outer eye corners
    (LMD) as they lie in the face, the same with both heads turned to the front, and with the mean
    points of both clips laid on each other (Chen et al. 2018, arXiv:1803.10404); r of the opening
    against footage shifted by 0.5 to 1 s.
    """

    r: float
    width_r: float
    lmd_placed: float
    lmd_frontal: float
    lmd: float
    shifted_mean: float
    shifted_highest: float
    amplitude: float
    """Standard deviation of the opening over that of the real one."""


def record() -> UsageRecord:
    return UsageRecord("bench", {})


def models(names: tuple[str, ...]) -> dict[str, Path]:
    catalogue, paths = load_catalogue(REPOSITORY / "config" / "models.yaml"), {}
    for name in names:
        paths[name] = REPOSITORY / "resources" / "models" / catalogue[name].file
        if not paths[name].is_file():
            fetch(catalogue[name], paths[name])
    return paths


def track(clip: Path, faces: Path) -> None:
    track_faces(
        clip, faces, verdict=faces.with_suffix(".json"), landmarks="facemesh",
        models=models(assets("facemesh")), smoothing_frames=5, record=record(),
    )  # fmt: skip


def faces_of(source: Path, folder: Path, config: dict[str, Any]) -> None:
    """Ingest and faces of a clip, by the functions of their rules."""
    folder.mkdir()
    clip, faces, ingest = folder / "clip.mp4", folder / "faces.parquet", config["ingest"]
    normalise_clip(
        source, clip, folder / "verdict.json", crf=ingest["crf"], max_height=ingest["max_height"],
        keyframe_s=ingest["keyframe_s"], threads=1, record=record(),
    )  # fmt: skip
    track(clip, faces)
    crop_faces(
        clip, faces, video=folder / "crops.mkv", masks=folder / "masks.mkv",
        table=folder / "crops.parquet", sheet=folder / "crops.jpg",
        crop_px=config["faces"]["crop_px"], record=record(),
    )  # fmt: skip


def prepare(source: Path, text: str, folder: Path, config: dict[str, Any]) -> Clip:
    """A clip with its face, its sound and its timed sentence."""
    faces_of(source, folder, config)
    extract_audio(
        source, {RATE_HZ: folder / "speech_16k.wav"}, wanted_by=("voice",), record=record()
    )
    return Clip(folder, timed(folder / "speech_16k.wav", text))


def timed(sound: Path, text: str) -> Sentence:
    """Words and sounds of a recording, found by the speech stage after silence is cut off."""
    samples, rate_hz = read_wav(sound)
    loud = median_filter(level_db(samples, rate_hz), CLICK) > SILENT_DB
    first, last = np.flatnonzero(loud)[[0, -1]] / FEATURE_HZ
    cut = samples[round(first * rate_hz) : round(last * rate_hz)]
    said = Speech(cut, rate_hz, (Sentence(text, 0.0, len(cut) / rate_hz, ()),))
    aligner = Aligner(Transcriber(models(("whisper",))["whisper"]))
    return shift(aligner.align(said, "en-gb").sentences, float(first))[0]


def only_its_end(sentence: Sentence) -> Sentence:
    """One word without sounds, from the start of the clip to the end of the sentence."""
    return replace(sentence, words=(Word(sentence.text, 0.0, sentence.words[-1].end_s, ()),))


def speak(folder: Path, sound: Series, sentence: Sentence) -> None:
    """Write what the speech stage leaves: `speech.wav` and `words.json`; late words are cut off."""
    folder.mkdir(parents=True)
    write_wav(folder / "speech.wav", sound, SPEECH_HZ)
    lasts_s = len(sound) / SPEECH_HZ
    heard = tuple(word for word in sentence.words if word.start_s < lasts_s)
    table = words_table((replace(sentence, words=heard),), SPEECH_HZ, lasts_s, "en-gb")
    (folder / "words.json").write_text(json.dumps(table))


def render(learnt: Clip, folder: Path, config: dict[str, Any]) -> FaceTrack:
    """Give the learnt clip's picture the speech in a folder, encode it, and track the file."""
    timeline, out = folder / "timeline.parquet", folder / "render.mp4"
    plan_render(
        folder / "speech.wav", learnt.file("faces.parquet"), timeline, start_s=0, end_s=None,
        fit="ping-pong", chunks=1, record=record(),
    )  # fmt: skip
    lips = {key: config["lips"][key] for key in ("gain", "viseme_mix", "shape_mix", "max_units")}
    drive_lips(
        crops=[learnt.file("crops.parquet")], heard=[learnt.file("speech_16k.wav")], clips=["a"],
        speech=folder / "speech.wav", words=folder / "words.json", timeline=timeline,
        output=folder / "drive.parquet", record=record(),
        settings=DriveSettings(**lips),
    )  # fmt: skip
    sync_lips(
        drive=folder / "drive.parquet", timeline=timeline, swap_video=learnt.file("crops.mkv"),
        swap_table=learnt.file("crops.parquet"), crop_videos=[learnt.file("crops.mkv")],
        crop_tables=[learnt.file("crops.parquet")], chunk=1, syncer="rewrite",
        output_video=folder / "lips.mkv", output_table=folder / "lips.parquet", record=record(),
    )  # fmt: skip
    encode(learnt, folder, folder / "lips.mkv", folder / "lips.parquet", out, config)
    track(out, folder / "faces.parquet")
    return read_faces(folder / "faces.parquet")


def encode(
    clip: Clip, folder: Path, crops: Path, table: Path, out: Path, config: dict[str, Any]
) -> None:
    settings, receipt = config["render"], folder / "receipt.json"
    receipt.write_text(json.dumps({"kind": "corpus-evaluation", "record_id": "bench"}))
    networks = models(WATERMARK)
    composite(
        consent=receipt, clip=clip.file("clip.mp4"), faces=clip.file("faces.parquet"),
        masks=clip.file("masks.mkv"), timeline=folder / "timeline.parquet", crops=crops,
        crop_table=table, out=out, chunk=1, render="bench", label=LabelStyle.of(settings["label"]),
        networks=(networks[WATERMARK[0]], networks[WATERMARK[1]]),
        encoding=Encoding(settings["crf"], settings["preset"]), record=record(),
    )  # fmt: skip


def ceiling(clip: Clip, folder: Path, config: dict[str, Any]) -> FaceTrack:
    """The clip itself through the same encoding and tracking."""
    speak(folder, clip.sound, clip.sentence)
    plan_render(
        folder / "speech.wav", clip.file("faces.parquet"), folder / "timeline.parquet", start_s=0,
        end_s=None, fit="trim", chunks=1, record=record(),
    )  # fmt: skip
    crops = clip.file("crops.mkv"), clip.file("crops.parquet")
    encode(clip, folder, *crops, folder / "render.mp4", config)
    track(folder / "render.mp4", folder / "faces.parquet")
    return read_faces(folder / "faces.parquet")


def compare(seen: FaceTrack, real: FaceTrack, frames: slice = slice(None)) -> Score:
    """Score the mouth of one clip against the real one, over frames of the shorter."""
    count = min(len(seen), len(real))
    mouths = [
        np.array([canonical_points(p)[list(LIPS)] for p in t.points[:count]][frames])
        for t in (seen, real)
    ]
    ours, theirs = (t.mouth_open[:count][frames].astype(np.float64) for t in (seen, real))
    our_width, their_width = (np.ptp(mouth[:, :, 0], axis=1) for mouth in mouths)
    centred = [mouth - mouth.mean(axis=0) for mouth in mouths]
    nearest, furthest = (round(s * float(real.rate)) for s in SHIFTS_S)
    shifts = [s for s in range(-furthest, furthest + 1) if abs(s) >= nearest]
    control = [shifted_correlation(ours, theirs, shift) for shift in shifts]
    return Score(
        r=shifted_correlation(ours, theirs, 0),
        width_r=shifted_correlation(our_width, their_width, 0),
        lmd_placed=distance(*mouths),
        lmd_frontal=frontal_distance(
            *(track.points[:count, :, :2][frames] for track in (seen, real))
        ),
        lmd=distance(*centred),
        shifted_mean=float(np.mean(control)),
        shifted_highest=float(np.max(control)),
        amplitude=float(ours.std() / theirs.std()),
    )


def distance(first: Series, second: Series) -> float:
    return float(np.linalg.norm(first - second, axis=2).mean() / BETWEEN_EYES * 100)


def frontal_distance(seen: Series, real: Series) -> float:
    """The same person's lips with both heads turned to the front, from points (n, 468, 2)."""
    faces = frontal_faces(np.concatenate([seen, real]))[:, list(LIPS)]
    return distance(faces[: len(seen)], faces[len(seen) :])


def moved_as_it_was(real: FaceTrack, mean_of: FaceTrack) -> float:
    """LMD, as the lips lie in the face, of the real motion about the mean lips of another clip.

    Below it nobody comes whose picture holds the head as that clip does.
    """
    points, others = (
        np.array([canonical_points(p)[list(LIPS)] for p in track.points])
        for track in (real, mean_of)
    )
    return distance(points, points - points.mean(axis=0) + others.mean(axis=0))


def still_mouth(real: FaceTrack, mean_of: FaceTrack) -> float:
    """LMD of a mouth that never moves from its mean in a clip, as it lies in the face."""
    points, others = (
        np.array([canonical_points(p)[list(LIPS)] for p in track.points])
        for track in (real, mean_of)
    )
    return distance(points, np.broadcast_to(others.mean(axis=0), points.shape))


def stillness(seen: FaceTrack, sentence: Sentence, driven_s: float) -> tuple[float, float]:
    """Standard deviation of the opening in silence, over that while the sound drove the mouth.

    The second figure: over that from the first word to the last, which is less.
    """
    times_s, opening = seen.frame / float(seen.rate), seen.mouth_open
    silent = opening[times_s >= driven_s + SETTLED_S].std()
    return (
        float(silent / opening[times_s < driven_s].std()),
        float(silent / opening[frames_of(sentence)].std()),
    )


def frames_of(sentence: Sentence) -> slice:
    """Frames from the first word to the last, at 25 a second."""
    return slice(int(sentence.words[0].start_s * 25), round(sentence.words[-1].end_s * 25))


def direction(learnt: Clip, other: Clip, folder: Path, config: dict[str, Any]) -> dict[str, float]:
    """Learn from one clip, speak the other's sentence, and measure."""
    real, sound = read_faces(other.file("faces.parquet")), other.sound
    within, started = frames_of(other.sentence), time.process_time()
    end = only_its_end(other.sentence)
    silence = np.zeros(round(SILENCE_S * SPEECH_HZ), np.float32)
    late = np.concatenate([np.zeros(round(LATE_S * SPEECH_HZ), np.float32), sound])[: len(sound)]
    speak(folder / "spoken", np.concatenate([sound, silence]), end)
    speak(folder / "worded", np.concatenate([sound, silence]), other.sentence)
    speak(folder / "late", late, only_its_end(shift((other.sentence,), LATE_S)[0]))
    spoken, worded, shifted = (
        render(learnt, folder / n, config) for n in ("spoken", "worded", "late")
    )
    scores = {
        "": compare(spoken, real),
        "sentence_": compare(spoken, real, within),
        "worded_": compare(worded, real, within),
        "late_": compare(shifted, real),
        "untouched_": compare(read_faces(learnt.file("faces.parquet")), real),
        "ceiling_": compare(ceiling(other, folder / "ceiling", config), real),
    }
    figures = {f"{k}{name}": v for k, s in scores.items() for name, v in s._asdict().items()}
    figures["mean_mouth_lmd"] = still_mouth(real, real)
    learnt_track = read_faces(learnt.file("faces.parquet"))
    figures["learnt_mean_mouth_lmd_placed"] = still_mouth(real, learnt_track)
    figures["real_motion_lmd_placed"] = moved_as_it_was(real, learnt_track)
    for name, track_of in (("still", spoken), ("worded_still", worded)):
        still = stillness(track_of, other.sentence, len(sound) / SPEECH_HZ)
        figures[name], figures[f"{name}_within"] = still
    figures["cpu_s"] = time.process_time() - started
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="leave all files in this new folder")
    options = parser.parse_args()
    if not MEDIA.is_dir():
        parser.exit(1, f"bench_sync needs the research recordings in {MEDIA}\n")
    config = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
    with tempfile.TemporaryDirectory(prefix="bench-sync-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        clips = [
            prepare(MEDIA / name, text, folder / name.split(".")[0], config)
            for name, text in SENTENCES.items()
        ]
        rows = []
        for learnt, other in (clips, clips[::-1]):
            name = f"from-{learnt.folder.name}"
            rows.append(direction(learnt, other, folder / name, config))
            print(name, {key: round(value, 3) for key, value in rows[-1].items()}, flush=True)
    mean = {key: round(float(np.mean([row[key] for row in rows])), 3) for key in rows[0]}
    result = {
        "name": "sync",
        **mean,
        "each_r": [round(row["r"], 3) for row in rows],
        "each_lmd": [round(row["lmd"], 3) for row in rows],
        "n": "2 sentences of 75 frames, 1 person",
        "unit": "r: Pearson, mouth opening; lmd: % of the distance of the outer eye corners, mean "
        "points laid on each other (placed: as they lie in the face; frontal: the same with heads "
        "turned to the front); still: standard deviation of the opening in silence over that while "
        "the sound drives (within: over that from the first word to the last)",
        "scope": "GRID, 360x288, 25 fps, learnt from one clip of 3 s, the other's sound; tracked "
        "again in the encoded render; the two directions share person and lighting",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
