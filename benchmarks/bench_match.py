"""False accepts and false rejects of the match, over all pairs of people in ../shared/media.

Writes nothing. The table is docs/consent.md's; the last line is one JSON object.
"""

import itertools
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mythmeter.faces.identity import FaceEncoder
from mythmeter.faces.track import track_faces
from mythmeter.media.normalise import normalise_clip
from mythmeter.media.speech import extract_audio
from mythmeter.models.catalogue import load_catalogue
from mythmeter.people.likeness import FACE, VOICE, Embedding, Measure
from mythmeter.people.sampling import STRETCH_LIMIT, sample_faces, sample_voice
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.embeddings.encoder import load_encoder

REPOSITORY = Path(__file__).parents[1]
MEDIA = REPOSITORY.parent / "shared" / "media"
PEOPLE = {
    "grid 2": ["grid_id2_vcd_swwp2s.mpg", "grid_pwij3p.mpg"],
    "grid bbaf2n": ["grid_bbaf2n.mpg"],
    "grid brbk7n": ["grid_brbk7n.mpg"],
    "grid lbbc2a": ["grid_lbbc2a.mpg"],
    "grid lrwp9a": ["grid_lrwp9a.mpg"],
    "grid sbia1a": ["grid_sbia1a.mpg"],
    "lj": [f"LJ001-000{n}.wav" for n in (1, 2, 3, 4)],
    "arctic": ["arctic_a0009.wav"],
    "langer": ["WolfgangLanger_Pexels.mp4"],
    "ada": ["ada.mp4"],
}
HALVES = 2
"""Each clip is cut into so many groups of samples, so that a single clip has pairs of its own."""


@dataclass(frozen=True)
class Part:
    """Some samples of one clip of one person."""

    person: str
    clip: str
    mean: Embedding
    samples: list[Embedding]


def path_of(name: str) -> Path | None:
    for folder in (MEDIA, REPOSITORY / "resources/models", REPOSITORY / "resources/people/ada"):
        if (folder / name).is_file():
            return folder / name
    return None


def models() -> dict[str, Path]:
    catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
    return {name: REPOSITORY / "resources/models" / a.file for name, a in catalogue.items()}


def collect() -> tuple[list[Part], list[Part]]:
    """Embed everything that is there: faces and voices."""
    files = models()
    face_encoder = FaceEncoder(files["dlib_points"], files["dlib_face"])
    voice_encoder = load_encoder("dvector", files["dvector"])
    record = UsageRecord("bench_match", {})
    faces, voices = [], []
    for person, names in PEOPLE.items():
        for name in names:
            source = path_of(name)
            if source is None:
                print(f"not there: {name}", file=sys.stderr)
                continue
            with tempfile.TemporaryDirectory() as folder:
                scratch = Path(folder)
                if source.suffix != ".wav":
                    clip = scratch / "clip.mp4"
                    normalise_clip(
                        source, clip, scratch / "v.json", crf=12, max_height=1080,
                        keyframe_s=1.0, threads=1, record=record,
                    )  # fmt: skip
                    track = scratch / "faces.parquet"
                    track_faces(
                        clip, track, verdict=scratch / "f.json", landmarks="facemesh", models=files,
                        smoothing_frames=5, record=record,
                    )  # fmt: skip
                    found = [s.embedding for s in sample_faces(face_encoder, clip, track)]
                    faces += parts_of(person, name, found)
                if person == "langer":  # silent
                    continue
                wav = scratch / "speech.wav"
                if source.suffix == ".wav":
                    wav = to_16k(source, wav)
                else:
                    extract_audio(source, {16000: wav}, wanted_by=[], record=record)
                voices += parts_of(
                    person, name, [s.embedding for s in sample_voice(voice_encoder, wav)]
                )
    return faces, voices


def to_16k(source: Path, wav: Path) -> Path:
    from mythmeter.media.audio import read_wav, resample, write_wav

    samples, rate_hz = read_wav(source)
    write_wav(wav, resample(samples, rate_hz, 16000), 16000)
    return wav


def parts_of(person: str, clip: str, samples: list[Embedding]) -> list[Part]:
    groups = [samples[n::HALVES] for n in range(HALVES)] if len(samples) >= HALVES else [samples]
    return [Part(person, f"{clip}#{n}", np.mean(g, axis=0), g) for n, g in enumerate(groups)]


def distances(parts: list[Part], measure: Measure) -> tuple[list[float], list[float], list[float]]:
    """Distances of same-person pairs within and across clips, and of different people."""
    within, across, different = [], [], []
    for one, other in itertools.combinations(parts, 2):
        distance = measure.distance(one.mean, other.mean)
        if one.person != other.person:
            different.append(distance)
        elif one.clip.split("#")[0] == other.clip.split("#")[0]:
            within.append(distance)
        else:
            across.append(distance)
    return within, across, different


def single_distances(parts: list[Part], measure: Measure) -> tuple[list[float], list[float]]:
    """Distances of single frames or stretches to the mean of other parts: same, different."""
    same, different = [], []
    for one, other in itertools.permutations(parts, 2):
        values = [measure.distance(sample, other.mean) for sample in one.samples]
        (same if one.person == other.person else different).extend(values)
    return same, different


def report(name: str, parts: list[Part], measure: Measure) -> dict[str, float]:
    within, across, different = distances(parts, measure)
    same = within + across
    print(f"\n{name}: {measure.model}, {len({p.person for p in parts})} people, {len(parts)} parts")
    for label, values in (
        ("same, all", same),
        ("same clip", within),
        ("same person", across),
        ("different", different),
    ):
        if values:
            low, middle, high = np.percentile(values, [0, 50, 100])
            print(f"  {label:<12} n {len(values):>4}  {low:.3f} / {middle:.3f} / {high:.3f}")
    print("  threshold  false accept  false reject (all)  false reject (across clips)")
    for threshold in sorted({*np.round(np.arange(0.2, 0.71, 0.05), 2), measure.threshold}):
        accept = np.mean([d <= threshold for d in different])
        reject = np.mean([d > threshold for d in same])
        apart = np.mean([d > threshold for d in across]) if across else float("nan")
        mark = " <-" if threshold == measure.threshold else ""
        print(f"  {threshold:.2f}       {accept:12.4f}  {reject:18.4f}  {apart:12.4f}{mark}")
    singles = single_distances(parts, measure)
    limit = STRETCH_LIMIT["face" if measure is FACE else "voice"]
    for label, values in zip(("single, same", "single, diff."), singles, strict=True):
        low, middle, high = np.percentile(values, [0, 50, 100])
        print(f"  {label:<12} n {len(values):>4}  {low:.3f} / {middle:.3f} / {high:.3f}")
    accept = np.mean([d <= limit for d in singles[1]])
    reject = np.mean([d > limit for d in singles[0]])
    print(f"  singles at limit {limit:.2f}: false accept {accept:.4f}, false reject {reject:.4f}")
    return {
        "false_accept_rate": float(np.mean([d <= measure.threshold for d in different])),
        "false_reject_rate": float(np.mean([d > measure.threshold for d in same])),
        "pairs_different": len(different),
        "pairs_same": len(same),
    }


def main() -> None:
    if not MEDIA.is_dir():
        sys.exit(f"{MEDIA}: no shared test media there; without people there are no pairs.")
    faces, voices = collect()
    found = {"face": report("Faces", faces, FACE), "voice": report("Voices", voices, VOICE)}
    total = sum(f["pairs_different"] + f["pairs_same"] for f in found.values())
    wrong = max(f["false_accept_rate"] for f in found.values())
    print(
        json.dumps(
            {
                "name": "match",
                "ours": wrong,
                "theirs": None,
                "ratio": None,
                "unit": "false accept rate, the worse of face and voice",
                "n": total,
                "scope": found,
            }
        )
    )


if __name__ == "__main__":
    main()
