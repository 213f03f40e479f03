"""How well a learnt face does what it was not learnt from: `make bench-held_out`.

Research recordings. *Held out*: `trained`, preset `quick`, learns a GRID speaker from one clip and
a performer from another; the speaker's own two clips are then drawn with it, the one learnt from
and the one held out, each read less its own mean, as clips of the person's own, whose shape they
have already (*shifted*: as if they were somebody else's). Expression error as rule `score_swap`
measures it: lips and lids of finished pictures tracked anew, in % of the distance between the eyes.
Three seeds. *Strangers*: `closed_form`, learnt from one clip of four people, put into the clips of
the others: distance to the person and expression error: what the geometry costs and brings.

    python benchmarks/bench_held_out.py                  both
    python benchmarks/bench_held_out.py --seeds 1 --no-strangers

The last line is one JSON object: *ours* is the held-out error, *theirs* that of a face that does
nothing.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import yaml
from bench_sync import MEDIA, REPOSITORY, faces_of, models, record

from mythmeter.faces.landmarks.protocol import assets
from mythmeter.faces.warp import unwrap
from mythmeter.quality.swap_score import SwapFiles, score_swap
from mythmeter.swap.apply import swap_faces
from mythmeter.swap.crops import points_of, stream_crops
from mythmeter.swap.model import load_face, save_face
from mythmeter.swap.swappers.base import Settings
from mythmeter.swap.swappers.trained import Trained
from mythmeter.swap.texture_learner import encoder_view
from mythmeter.swap.train import train_swap
from mythmeter.swap.train_pair import PairJob, train_pair

LEARNT, HELD_OUT, PERFORMER = "id2_vcd_swwp2s", "pwij3p", "bbaf2n"
PEOPLE = (LEARNT, "lbbc2a", "sbia1a", "lrwp9a")
TARGETS = ("bbaf2n", "brbk7n", "lrwp9a", "sbia1a", "lbbc2a")
TEXTURE_PX, COMPONENTS = 160, 60

Files = tuple[Path, Path]
Scores = dict[str, float]


def crops(clip: Path) -> Files:
    return clip / "crops.mkv", clip / "crops.parquet"


def score(
    model: Path, swapper: str, target: Path, person: list[Path], out: Path, *, own: bool = False
) -> Scores:
    """Put a face into a clip and score it; a face that does nothing under `still`."""
    swapped = out / "swap.mkv", out / "swap.parquet"
    swap_faces(
        model, crops(target), swapped, swapper=swapper, start_s=0, end_s=None, record=record(),
        masks=target / "masks.mkv", own=own,
    )  # fmt: skip
    names = ("clip.mp4", "faces.parquet", "masks.mkv")
    score_swap(
        SwapFiles(*swapped, *(target / name for name in names)),
        [clip / "clip.mp4" for clip in person],
        [clip / "faces.parquet" for clip in person],
        models=models(("dlib_points", "dlib_face")),
        landmarks="facemesh",
        landmark_models=models(assets("facemesh")),
        every_frames=8,
        scores=out / "scores.json",
        strip=out / "strip.jpg",
        record=record(),
    )
    metrics = json.loads((out / "scores.json").read_text())["metrics"]
    found = {name: float(metrics[name]["value"]) for name in ("identity_to_person",)}
    found["expression_error"] = float(metrics["expression_error"]["value"])
    found["still"] = float(metrics["expression_error"]["controls"]["face_that_does_nothing"])
    return found


def held_out(clips: dict[str, Path], seed: int, out: Path) -> dict[str, Scores]:
    """Train a pair, and draw the person's own clips with it."""
    out.mkdir()
    model = out / "model.safetensors"
    person = [clips[LEARNT], clips[HELD_OUT]]
    job = PairJob(
        person=(crops(person[0]), crops(person[1])), performer=crops(clips[PERFORMER]),
        model=model, training=out / "training.json", preview=out / "preview.jpg",
        swapper="trained", preset="quick", held_out="clip", enrolment_frames=400, seed=seed,
        device="cpu", code="bench",
    )  # fmt: skip
    train_pair(job, processes=1, record=record())
    found = {PERFORMER: score(model, "trained", clips[PERFORMER], person, out)}
    for clip in (LEARNT, HELD_OUT):
        own = out / f"{clip}.safetensors"
        face = load_face(model, "trained")
        assert isinstance(face, Trained)
        face.performer_mean = mean_view(clips[clip], face.size.texture_px, face.size.encoder_px)
        save_face(own, face)
        found[clip] = score(own, "trained", clips[clip], person, out, own=True)
        found[f"{clip}, shifted"] = score(own, "trained", clips[clip], person, out)
    return found


def mean_view(clip: Path, texture_px: int, encoder_px: int) -> torch.Tensor:
    """(3, encoder_px, encoder_px): the mean of what the encoder reads of a clip."""
    views = [
        encoder_view(unwrap(crop.picture, points_of(crop), texture_px)[0], encoder_px)
        for crop in stream_crops(*crops(clip))
    ]
    return torch.from_numpy(np.mean(views, axis=0).astype(np.float32))


def strangers(clips: dict[str, Path], out: Path) -> list[Scores]:
    """Scores of four people in the clips of the others, training-free."""
    out.mkdir()
    rows = []
    for person in PEOPLE:
        model = out / f"{person}.safetensors"
        train_swap(
            [crops(clips[person])], model, swapper="closed_form",
            settings=Settings(TEXTURE_PX, COMPONENTS), enrolment_frames=400, record=record(),
        )  # fmt: skip
        for target in TARGETS:
            if target != person:
                rows.append(score(model, "closed_form", clips[target], [clips[person]], out))
                print(f"{person} in {target}: {rounded(rows[-1])}", flush=True)
    return rows


def rounded(scores: Scores) -> Scores:
    return {name: round(value, 3) for name, value in scores.items()}


def mean_of(rows: list[Scores], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--no-strangers", action="store_true")
    options = parser.parse_args()
    if not MEDIA.is_dir():
        parser.exit(1, f"bench_held_out needs the research recordings in {MEDIA}\n")
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="bench-held-out-") as scratch:
        folder = Path(scratch)
        clips = {name: folder / name for name in {LEARNT, HELD_OUT, *PEOPLE, *TARGETS}}
        config = yaml.safe_load((REPOSITORY / "config" / "config.yaml").read_text())
        for name, place in clips.items():
            faces_of(MEDIA / f"grid_{name}.mpg", place, config)
        runs = []
        for seed in options.seeds:
            runs.append(held_out(clips, seed, folder / f"seed-{seed}"))
            print(f"seed {seed}: { {k: rounded(v) for k, v in runs[-1].items()} }", flush=True)
        rows = [] if options.no_strangers else strangers(clips, folder / "strangers")
    print(json.dumps(summary(runs, rows)))


def times(learnt: list[Scores], unseen: list[Scores]) -> list[float]:
    """How many times the error of the clip learnt from the other's is, run by run."""
    pairs = zip(learnt, unseen, strict=True)
    return [round(b["expression_error"] / a["expression_error"], 2) for a, b in pairs]


def summary(runs: list[dict[str, Scores]], rows: list[Scores]) -> dict[str, Any]:
    """The last line."""
    learnt, unseen, performer = (
        [run[name] for run in runs] for name in (LEARNT, HELD_OUT, PERFORMER)
    )
    ours, still = mean_of(unseen, "expression_error"), mean_of(unseen, "still")
    shifted = [[run[f"{name}, shifted"] for run in runs] for name in (LEARNT, HELD_OUT)]
    result = {
        "name": "held_out",
        "ours": round(ours, 3),
        "theirs": round(still, 3),
        "ratio": round(still / ours, 2),
        "learnt": round(mean_of(learnt, "expression_error"), 3),
        "held_out_over_learnt": times(learnt, unseen),
        "shifted": [round(mean_of(rows, "expression_error"), 3) for rows in shifted],
        "shifted_held_out_over_learnt": times(*shifted),
        "performer": round(mean_of(performer, "expression_error"), 3),
        "performer_identity": round(mean_of(performer, "identity_to_person"), 3),
        "unit": "expression error, % of the distance between the eyes; theirs: a still face",
        "n": len(runs),
        "scope": "GRID, one speaker's two clips of 3 s, one performer, `trained` `quick`, a run a "
        "seed",
    }
    if rows:
        result["strangers"] = {
            "n": len(rows),
            "identity_to_person": round(mean_of(rows, "identity_to_person"), 4),
            "expression_error": round(mean_of(rows, "expression_error"), 4),
        }
    return result


if __name__ == "__main__":
    main()
