"""Wav2Lip's published inference loop against ours: same clip, same speech, same random weights.

    python benchmarks/bench_lips.py
    python benchmarks/bench_lips.py --frames 96 --weights wav2lip_gan.pth

Theirs, written anew after the published script: all frames in a list; s3fd on every frame, 16 at a
time, float32; boxes averaged over five frames; faces of 96 x 96, 128 at a time, float32; each face
stretched back and pasted as a box; a DIVX AVI. Ours: rules track_faces and crop_faces (which a
run needs anyway, for the swap), syncer wav2lip with its FFV1 crops, the face pasted with its mask;
the same AVI. No swap on either side, and no final encoding. Weights are random but full-size.

s3fd's random weights are set so that it finds nothing: looking through what it finds costs theirs
nothing here, and its boxes are those of our tracker. Loading of libraries and weights is left out.
Seconds are CPU seconds of one thread, one pass each. The last line is one JSON object:
*theirs_s* and *ours_s* are CPU seconds for a second of output; *ratio_network* compares the
generator alone, *ratio_without_tracking* everything but finding faces.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch

REPOSITORY = Path(__file__).parents[1]
FIRST = 250
CROP_PX = 256
DETECTION_BATCH = 16
NETWORK_BATCH = 128
PAD_BELOW_PX = 10
SMOOTHED = 5


class Clock:
    """CPU seconds by part."""

    def __init__(self) -> None:
        self.s: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        start = time.process_time()
        yield
        self.s[name] = self.s.get(name, 0.0) + time.process_time() - start


def prepare(folder: Path, frames: int, weights: Path | None) -> dict[str, Any]:
    """The clip (of the built-in footage), a speech, the weights, and the tracker's files."""
    from mythmeter.faces.track import assets
    from mythmeter.media.audio import write_wav
    from mythmeter.media.decode import frame_rate, frame_size, read_frames
    from mythmeter.media.encode import VideoWriter
    from mythmeter.models.catalogue import load_catalogue
    from mythmeter.models.fetch import fetch

    catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
    paths = {}
    for name in (*assets("facemesh"), "langer"):
        paths[name] = REPOSITORY / "resources" / "models" / catalogue[name].file
        if not paths[name].is_file():
            fetch(catalogue[name], paths[name])
    clip, source = folder / "clip.mkv", paths.pop("langer")
    rate = frame_rate(source)
    with VideoWriter(clip, rate=rate, size=frame_size(source)) as writer:
        for frame in read_frames(source, FIRST, FIRST + frames):
            writer.write(frame)
    times_s = np.arange(int(16_000 * frames / rate)) / 16_000
    loudness = 0.1 * (1 + np.sin(2 * np.pi * 4 * times_s))
    speech = folder / "speech.wav"
    write_wav(speech, (loudness * np.sin(2 * np.pi * 180 * times_s)).astype(np.float32), 16_000)
    if weights is None:
        weights = folder / "wav2lip.pth"
        sys.path.insert(0, str(REPOSITORY / "tests"))
        from wav2lip_checkpoint import write_checkpoint

        write_checkpoint(weights)
    return {
        "clip": clip, "speech": speech, "weights": weights, "models": paths, "rate": rate,
        "frames": frames,
    }  # fmt: skip


def detector() -> Any:
    """face-alignment's s3fd, which is the published script's, with weights that find nothing."""
    from face_alignment.detection.sfd.net_s3fd import s3fd

    torch.manual_seed(0)
    network = s3fd().eval()
    for name, bias in network.named_parameters():
        if name.endswith("mbox_conf.bias"):
            bias.data.fill_(20.0)
            bias.data[-1] = -20.0
    return network


def theirs(files: dict[str, Any], boxes: np.ndarray, out: Path, clock: Clock) -> None:
    """The published loop; frames are blue first, as OpenCV reads them."""
    import librosa

    from mythmeter.lips.syncers.wav2lip_network import load_network

    s3fd, network = detector(), load_network(files["weights"])
    librosa.filters.mel(sr=16_000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    with clock.part("rest"):
        stream, frames = cv2.VideoCapture(str(files["clip"])), []
        while True:
            reading, frame = stream.read()
            if not reading:
                break
            frames.append(frame)
        sound = librosa.load(files["speech"], sr=16_000)[0]
        mels = mel_chunks(sound, float(files["rate"]), librosa)[: len(frames)]
        mels += mels[-1:] * (len(frames) - len(mels))
    with clock.part("faces"), torch.no_grad():
        for start in range(0, len(frames), DETECTION_BATCH):
            detect(s3fd, np.array(frames[start : start + DETECTION_BATCH]))
        places = smoothed(boxes, frames[0].shape)
        faces = [
            frame[y1:y2, x1:x2] for frame, (x1, y1, x2, y2) in zip(frames, places, strict=True)
        ]
    size = frames[0].shape[1::-1]
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"DIVX"), float(files["rate"]), size)
    for start in range(0, len(frames), NETWORK_BATCH):
        here = slice(start, start + NETWORK_BATCH)
        with clock.part("rest"):
            batch = np.asarray([cv2.resize(face, (96, 96)) for face in faces[here]])
            masked = batch.copy()
            masked[:, 48:] = 0
            pictures = np.concatenate((masked, batch), axis=3) / 255.0
            heard = np.asarray(mels[here])[..., None]
        with clock.part("network"), torch.no_grad():
            shown = torch.FloatTensor(np.transpose(pictures, (0, 3, 1, 2)))
            drawn = network(torch.FloatTensor(np.transpose(heard, (0, 3, 1, 2))), shown)
            drawn = drawn.cpu().numpy().transpose(0, 2, 3, 1) * 255.0
        with clock.part("rest"):
            for face, frame, place in zip(drawn, frames[here], places[here], strict=True):
                x1, y1, x2, y2 = place
                frame = frame.copy()
                frame[y1:y2, x1:x2] = cv2.resize(face.astype(np.uint8), (x2 - x1, y2 - y1))
                writer.write(frame)
    writer.release()


def mel_chunks(sound: np.ndarray, rate: float, librosa: Any) -> list[np.ndarray]:
    emphasised = np.append(sound[:1], sound[1:] - 0.97 * sound[:-1])
    spectrum = np.abs(librosa.stft(emphasised, n_fft=800, hop_length=200, win_length=800))
    filters = librosa.filters.mel(sr=16_000, n_fft=800, n_mels=80, fmin=55, fmax=7600)
    decibels = 20 * np.log10(np.maximum(1e-5, filters @ spectrum)) - 20
    mel = np.clip(8 * (decibels + 100) / 100 - 4, -4, 4)
    starts = range(int((mel.shape[1] - 16) * rate / 80) + 1)
    return [mel[:, int(i * 80 / rate) : int(i * 80 / rate) + 16] for i in starts]


def detect(network: Any, pictures: np.ndarray) -> list[np.ndarray]:
    """s3fd on a batch of whole frames, and the cells whose score counts."""
    shifted = (pictures - np.array([104, 117, 123])).transpose(0, 3, 1, 2)
    outputs = network(torch.from_numpy(shifted).float())
    scores = [torch.softmax(scores, dim=1)[:, 1].numpy() for scores in outputs[::2]]
    return [np.argwhere(score > 0.05) for score in scores]


def smoothed(boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Boxes with their pad, averaged over the next five frames, in whole pixels."""
    padded = boxes.copy()
    padded[:, 3] += PAD_BELOW_PX
    last = len(padded) - SMOOTHED
    means = [padded[min(i, max(last, 0)) :][:SMOOTHED].mean(axis=0) for i in range(len(padded))]
    height, width = shape[:2]
    return np.clip(means, 0, [width, height, width, height]).astype(int)


def ours(files: dict[str, Any], folder: Path, clock: Clock, batch: int) -> np.ndarray:
    """Track, crop, sync and paste; return the boxes (frames, 4) of the faces."""
    from mythmeter.faces.crop import crop_faces
    from mythmeter.faces.mask import face_mask, paste
    from mythmeter.faces.mesh import OVAL
    from mythmeter.faces.table import read_faces
    from mythmeter.faces.track import track_faces
    from mythmeter.lips.sync import sync_lips
    from mythmeter.lips.syncers import Supplied, wav2lip_network
    from mythmeter.media.decode import frame_size, read_frames
    from mythmeter.render.timeline import plan, write_timeline
    from mythmeter.swap.crops import stream_crops
    from mythmeter.usage.record import UsageRecord

    clip, faces = files["clip"], folder / "faces.parquet"
    record = UsageRecord("track_faces", {})
    track_faces(
        clip, faces, verdict=folder / "faces.json", landmarks="facemesh", models=files["models"],
        smoothing_frames=5, record=record,
    )  # fmt: skip
    clock.s["faces"] = steady_s(record, folder)
    crops, table = folder / "crops.mkv", folder / "crops.parquet"
    record = UsageRecord("crop_faces", {})
    crop_faces(
        *(clip, faces), video=crops, masks=folder / "masks.mkv", table=table,
        sheet=folder / "crops.jpg", crop_px=CROP_PX, record=record,
    )  # fmt: skip
    clock.s["faces"] += steady_s(record, folder)
    frames, rate = files["frames"], files["rate"]
    write_timeline(
        folder / "timeline.parquet", plan(Fraction(frames) / rate, rate, (0, frames), "trim", 1)
    )
    network = wav2lip_network.FastNetwork
    timed = network.__call__

    def call(self: Any, *inputs: Any) -> Any:
        with clock.part("network"):
            return timed(self, *inputs)

    network.__call__ = call
    record = UsageRecord("sync_lips", {})
    synced = folder / "synced.mkv", folder / "synced.parquet"
    sync_lips(
        drive=None, timeline=folder / "timeline.parquet", swap_video=crops, swap_table=table,
        crop_videos=[], crop_tables=[], chunk=1, syncer="wav2lip", output_video=synced[0],
        output_table=synced[1], record=record,
        supplied=Supplied(files["weights"], "random", files["speech"], "cpu", batch_frames=batch),
    )  # fmt: skip
    network.__call__ = timed
    clock.s["rest"] = steady_s(record, folder) - clock.s["network"]
    with clock.part("rest"):
        writer = cv2.VideoWriter(
            str(folder / "ours.avi"), cv2.VideoWriter.fourcc(*"DIVX"), float(rate), frame_size(clip)
        )
        for frame, crop in zip(read_frames(clip), stream_crops(*synced), strict=True):
            if crop.points is not None:
                frame = paste(frame, crop.picture, face_mask(crop.points, CROP_PX), crop.matrix)
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()
    points = read_faces(faces).points[:, list(OVAL), :2]
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


def steady_s(record: Any, folder: Path) -> float:
    """CPU seconds of a job's work, without loading."""
    record.write(folder / "usage.jsonl")
    lines = (folder / "usage.jsonl").read_text(encoding="utf-8").splitlines()
    return sum(x["cpu_s"] for x in map(json.loads, lines) if x["phase"] == "steady")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--batch", type=int, default=16, help="lips.wav2lip.batch_frames")
    parser.add_argument("--weights", type=Path, help="a real file; otherwise random ones")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    clocks = {"ours": Clock(), "theirs": Clock()}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="bench-lips-") as scratch:
        folder = Path(scratch)
        files = prepare(folder, options.frames, options.weights)
        boxes = ours(files, folder, clocks["ours"], options.batch)
        theirs(files, boxes, folder / "theirs.avi", clocks["theirs"])
    seconds = float(options.frames / files["rate"])
    parts = {
        who: {name: round(s / seconds, 2) for name, s in sorted(clock.s.items())}
        for who, clock in clocks.items()
    }
    for who, named in parts.items():
        print(f"{who}, CPU s for a second of output: {named}")
    totals = {who: sum(clock.s.values()) / seconds for who, clock in clocks.items()}
    both = clocks["theirs"].s, clocks["ours"].s
    without = [sum(s.values()) - s["faces"] for s in both]
    result = {
        "name": "lips",
        "theirs_s": round(totals["theirs"], 2),
        "ours_s": round(totals["ours"], 2),
        "ratio": round(totals["theirs"] / totals["ours"], 2),
        "ratio_network": round(both[0]["network"] / both[1]["network"], 2),
        "ratio_without_tracking": round(without[0] / without[1], 2),
        "parts_s": parts,
        "unit": "CPU s for a second of output",
        "n": options.frames,
        "load": round(load, 1),
        "scope": f"640x360 at {float(files['rate']):g} frames a second, one thread of the CPU, one "
        "pass; s3fd on each frame, float32 and a pasted box, against tracking, cropping, folded "
        f"float32 in batches of {options.batch} and a mask; random weights of full size; no final "
        "encoding",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
