"""Frames a second of swap and blend: ours, against the same swap through a PNG a frame.

    python benchmarks/bench_swap.py
    python benchmarks/bench_swap.py --frames 240 --rounds 5

Both start from the same tracked clip (the built-in footage), the same learnt face and the same
swapper, and end with pasted frames of the clip's size. Ours: crops as an FFV1 stream, swapped faces
as another, pasted on the way out. Theirs, as desktop tools keep their state: a PNG of every frame,
crop, swapped crop and result on disk, each read again by the next step. Neither encodes the final
video, which would cost both the same. Seconds are CPU seconds of one thread, the least of some
rounds. The last line is one JSON object: *ours* and *theirs* are frames a second.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np

REPOSITORY = Path(__file__).parents[1]
CROP_PX = 256
FIRST = 250


def prepare(folder: Path, frames: int) -> dict[str, Any]:
    """Clip, face table, crops and a learnt face: the person here is the performer himself."""
    from mythmeter.faces.crop import crop_faces
    from mythmeter.faces.track import assets, track_faces
    from mythmeter.media.decode import frame_rate, frame_size, read_frames
    from mythmeter.media.encode import VideoWriter
    from mythmeter.models.catalogue import load_catalogue
    from mythmeter.models.fetch import fetch
    from mythmeter.swap.swappers.base import Settings
    from mythmeter.swap.train import train_swap
    from mythmeter.usage.record import UsageRecord

    catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
    paths = {}
    for name in (*assets("facemesh"), "langer"):
        paths[name] = REPOSITORY / "resources" / "models" / catalogue[name].file
        if not paths[name].is_file():
            fetch(catalogue[name], paths[name])
    clip, faces = folder / "clip.mkv", folder / "faces.parquet"
    source = paths.pop("langer")
    with VideoWriter(clip, rate=frame_rate(source), size=frame_size(source)) as writer:
        for frame in read_frames(source, FIRST, FIRST + frames):
            writer.write(frame)
    record = UsageRecord("bench", {})
    track_faces(
        clip, faces, verdict=folder / "faces.json", landmarks="facemesh", models=paths,
        smoothing_frames=5, record=record,
    )  # fmt: skip
    crops, table = folder / "crops.mkv", folder / "crops.parquet"
    crop_faces(
        *(clip, faces), video=crops, masks=folder / "masks.mkv", table=table,
        sheet=folder / "crops.jpg", crop_px=CROP_PX, record=record,
    )  # fmt: skip
    model = folder / "model.safetensors"
    train_swap(
        [(crops, table)], model, swapper="closed_form", settings=Settings(160, 60),
        enrolment_frames=100, record=record,
    )  # fmt: skip
    return {"clip": clip, "crops": crops, "table": table, "model": model, "frames": frames}


def ours(files: dict[str, Any], folder: Path) -> int:
    """Swap and paste through video streams; return how many frames came out."""
    from mythmeter.faces.mask import face_mask, paste
    from mythmeter.media.decode import read_frames
    from mythmeter.swap.apply import swap_faces
    from mythmeter.swap.crops import stream_crops
    from mythmeter.usage.record import UsageRecord

    swapped = folder / "faces.mkv", folder / "faces.parquet"
    swap_faces(
        *(files["model"], (files["crops"], files["table"]), swapped),
        swapper="closed_form", start_s=0, end_s=None, record=UsageRecord("bench", {}),
    )  # fmt: skip
    count = 0
    for frame, crop in zip(read_frames(files["clip"]), stream_crops(*swapped), strict=True):
        if crop.points is not None:
            paste(frame, crop.picture, face_mask(crop.points, CROP_PX), crop.matrix)
        count += 1
    return count


def theirs(files: dict[str, Any], folder: Path) -> int:
    """The same swap, each step reading and writing a PNG a frame."""
    from mythmeter.faces.mask import face_mask, paste
    from mythmeter.faces.table import read_crops
    from mythmeter.media.decode import read_frames
    from mythmeter.swap.composite import finish
    from mythmeter.swap.crops import Crop
    from mythmeter.swap.model import load_face

    for step in ("frames", "crops", "swapped", "result"):
        (folder / step).mkdir(exist_ok=True)
    for number, frame in enumerate(read_frames(files["clip"])):
        write_png(folder / "frames", number, frame)
    for number, picture in enumerate(read_frames(files["crops"])):
        write_png(folder / "crops", number, picture)
    table = read_crops(files["table"])

    def faces() -> Iterator[Crop]:
        for row in np.flatnonzero(table.present):
            picture = read_png(folder / "crops", int(row))
            yield Crop(int(row), picture, table.points[row], table.matrix[row])

    face = load_face(files["model"], "closed_form")
    performance = face.study(faces())
    drawn_points = {}
    for row, crop in enumerate(faces()):
        drawn = face.draw([crop], performance, row)[0]
        drawn_points[crop.frame] = drawn.points
        write_png(folder / "swapped", crop.frame, finish(crop.picture, crop.points, drawn))
    for number in range(files["frames"]):
        frame = read_png(folder / "frames", number)
        if number in drawn_points:
            crop = read_png(folder / "swapped", number)
            mask = face_mask(drawn_points[number], CROP_PX)
            frame = paste(frame, crop, mask, table.matrix[number])
        write_png(folder / "result", number, frame)
    return files["frames"]


def write_png(folder: Path, number: int, picture: np.ndarray) -> None:
    cv2.imwrite(str(folder / f"{number:06}.png"), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def read_png(folder: Path, number: int) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(folder / f"{number:06}.png")), cv2.COLOR_BGR2RGB)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    best = {"ours": float("inf"), "theirs": float("inf")}
    with tempfile.TemporaryDirectory(prefix="bench-swap-") as scratch:
        files = prepare(Path(scratch), options.frames)
        for _ in range(options.rounds):
            for name, run in (("ours", ours), ("theirs", theirs)):
                start = time.process_time()
                run(files, Path(scratch))
                best[name] = min(best[name], time.process_time() - start)
    rate = {name: options.frames / seconds for name, seconds in best.items()}
    result = {
        "name": "swap",
        "ours": round(rate["ours"], 1),
        "theirs": round(rate["theirs"], 1),
        "ratio": round(rate["ours"] / rate["theirs"], 2),
        "unit": "frames a CPU second",
        "n": options.frames,
        "scope": "closed_form swap, blend and paste of 640x360 frames, 256 px crops, one thread of "
        "the CPU; theirs: the same code with a PNG of each frame, crop, swapped crop and result "
        "(OpenCV's own compression) written and read between the steps; final encoding left out",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
