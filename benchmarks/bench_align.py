"""Landmarks a second: face-alignment's own loop against ours, same weights, boxes and frames.

    python benchmarks/bench_align.py
    python benchmarks/bench_align.py --frames 24 --weights FILE
    python benchmarks/bench_align.py --device cuda --frames 64 --batch 1 8 32

Without --weights, weights are random but full-size and in the real file format (24 M parameters, 96
MB), with batch norms that are not the identity. Each frame's box comes from the mesh tracker; the
library gets the same boxes, so its own detector is not timed. Both look at the mirror image too.
Runs are interleaved; seconds are the process's CPU seconds, the least of some rounds. The last line
is one JSON object: *ours* and *theirs* are CPU seconds a frame.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

REPOSITORY = Path(__file__).parents[1]
FILE = "2DFAN4-11f355bf06.pth.tar"
MESH_ASSETS = ("face_detector", "face_mesh", "iris")
ROUNDS = 3


def write_weights(path: Path, stacks: int = 4, seed: int = 0) -> None:
    """Random weights in the format of the real file."""
    from face_alignment.models import FAN

    torch.manual_seed(seed)
    network = FAN(stacks)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.normal_(module.weight, 0.8, 0.3)
            torch.nn.init.normal_(module.bias, 0, 0.1)
    torch.save(network.state_dict(), path)


def faces(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Frames of the built-in footage with the box of the face in each."""
    from mythmeter.faces.landmarks.facemesh import FaceMesh
    from mythmeter.faces.landmarks.fan import box_of_mesh
    from mythmeter.media.decode import read_frames
    from mythmeter.models.catalogue import load_catalogue
    from mythmeter.models.fetch import fetch

    catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
    paths = {}
    for name in (*MESH_ASSETS, "langer"):
        paths[name] = REPOSITORY / "resources" / "models" / catalogue[name].file
        if not paths[name].is_file():
            fetch(catalogue[name], paths[name])
    mesh, found = FaceMesh({name: paths[name] for name in MESH_ASSETS}), []
    for frame in read_frames(paths["langer"], 250):
        seen = mesh.observe(frame)
        if seen.points is not None:
            found.append((frame, box_of_mesh(seen.points)))
        if len(found) == count:
            break
    return found


def library(weights: Path, device: str):
    """face-alignment as its users make it, told to read the weights from their folder."""
    import face_alignment

    home = weights.parent / "home"
    (home / "hub" / "checkpoints").mkdir(parents=True, exist_ok=True)
    link = home / "hub" / "checkpoints" / FILE
    if not link.exists():
        link.symlink_to(weights.resolve())
    torch.hub.set_dir(str(home / "hub"))
    # Boxes are given with each call, so the detector is one that needs no weights.
    return face_alignment.FaceAlignment(
        face_alignment.LandmarksType.TWO_D, device=device, face_detector="folder", compile=False
    )


def seconds(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def compare(weights: Path, count: int, batch: int, device: str) -> dict[str, object]:
    from mythmeter.faces.landmarks.fan import Fan

    shown = faces(count)
    theirs = library(weights, device)
    settings = {"device": device, "flip_input": True, "whole_pixels": True, "batch": batch}
    ours = Fan(weights, **settings)
    list(ours.locate(shown[:1])), theirs.get_landmarks(shown[0][0], [shown[0][1]])
    best = {"ours": float("inf"), "theirs": float("inf")}
    for _ in range(ROUNDS):
        start = seconds(device)
        expected = [theirs.get_landmarks(frame, [box])[0] for frame, box in shown]
        best["theirs"] = min(best["theirs"], seconds(device) - start)
        start = seconds(device)
        found = [located.points for located in ours.locate(shown)]
        best["ours"] = min(best["ours"], seconds(device) - start)
    apart = np.abs(np.stack(found) - np.stack(expected)).max()
    print(f"greatest difference of a coordinate: {apart:.2g} px over {len(shown)} frames")
    return {
        "name": "align",
        "ours": round(best["ours"] / len(shown), 4),
        "theirs": round(best["theirs"] / len(shown), 4),
        "ratio": round(best["theirs"] / best["ours"], 2),
        "unit": "CPU s a frame" if device == "cpu" else "s a frame",
        "n": len(shown),
        "scope": f"FAN with mirroring on {device}, {torch.get_num_threads()} thread(s), frames in "
        f"batches of {batch}, the same boxes for both, detection left out; theirs: "
        f"face-alignment 1.5.0 get_landmarks in a loop, compile=False; coordinates at most "
        f"{apart:.2g} px apart",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--batch", type=int, nargs="+", default=[8])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--weights", type=Path, help=f"a real {FILE}; otherwise random ones")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-align-") as scratch:
        weights = options.weights or Path(scratch) / FILE
        if options.weights is None:
            write_weights(weights)
        for batch in options.batch:
            result = compare(weights, options.frames, batch, options.device)
            print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
