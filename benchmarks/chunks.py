"""Whether a render is the same in however many chunks it is made, and whether their joins show.

    python benchmarks/chunks.py RESULTS RENDER TARGET CLIP [CLIP ...] --work DIR

Takes the clips, crops, masks and speech of a run (RESULTS: its results folder; TARGET and CLIPs:
ids of the footage and of the person's clips that show the face and carry the voice) and renders
them from the swap to the assembled file with 1, 3 and 7 chunks. It prints the PSNR of the luma
between these files, whether they hold the same bits, and the seam score of each at its joins, with
its control half-way between them. The last line is one JSON object.
"""

import argparse
import json
import shutil
from itertools import combinations
from pathlib import Path

import av
import numpy as np

from mythmeter.lips.drive import DriveSettings, drive_lips
from mythmeter.lips.sync import sync_lips
from mythmeter.media.decode import read_frames
from mythmeter.quality.seams import between_joins, frame_differences, joins_of, seam_score
from mythmeter.render.assemble import assemble
from mythmeter.render.composite import Encoding, composite
from mythmeter.render.label import LabelStyle
from mythmeter.render.timeline import plan_render, read_timeline
from mythmeter.swap.apply import swap_faces
from mythmeter.swap.swappers.base import Settings
from mythmeter.swap.train import train_swap
from mythmeter.usage.record import UsageRecord

CHUNKS = 1, 3, 7
MODELS = Path(__file__).parents[1] / "resources" / "models"
RECORD = UsageRecord("chunks", {})


class Run:
    """Files of a finished run, and a folder to render in."""

    def __init__(self, options: argparse.Namespace) -> None:
        results: Path = options.results
        self.work: Path = options.work
        self.target = results / "clips" / options.target
        self.clips = [results / "clips" / clip for clip in options.clips]
        self.voice = results / "voice" / options.render
        self.work.mkdir(parents=True, exist_ok=True)

    def swap(self) -> None:
        """Learn the person's face and put it into the target, where that is not done."""
        crops = [(clip / "crops.mkv", clip / "crops.parquet") for clip in self.clips]
        model = self.work / "model.safetensors"
        if (self.work / "faces.parquet").exists():
            return
        settings = {"swapper": "closed_form", "settings": Settings(160, 60)}
        train_swap(crops, model, **settings, enrolment_frames=400, record=RECORD)
        target = self.target / "crops.mkv", self.target / "crops.parquet"
        swapped = self.work / "faces.mkv", self.work / "faces.parquet"
        masks = self.target / "masks.mkv"
        spans = {"start_s": 0, "end_s": None, "masks": masks}
        swap_faces(model, target, swapped, swapper="closed_form", **spans, record=RECORD)

    def render(self, chunks: int) -> Path:
        """Render from the lips to the assembled file; return it."""
        folder = self.work / str(chunks)
        folder.mkdir(exist_ok=True)
        timeline = folder / "timeline.parquet"
        speech, words = self.voice / "speech.wav", self.voice / "words.json"
        faces = self.target / "faces.parquet"
        spans = {"start_s": 0, "end_s": None, "fit": "ping-pong"}
        plan_render(speech, faces, timeline, **spans, chunks=chunks, record=RECORD)
        tables = [clip / "crops.parquet" for clip in self.clips]
        drive = self.work / "drive.parquet"
        if not drive.exists():
            drive_lips(
                crops=tables,
                heard=[clip / "speech_16k.wav" for clip in self.clips],
                clips=[clip.name for clip in self.clips],
                speech=speech,
                words=words,
                timeline=timeline,
                output=drive,
                settings=DriveSettings(gain=1.2, shape_mix=0.6, max_units=2000),
                record=RECORD,
            )
        parts = [self._part(folder, timeline, drive, number + 1) for number in range(chunks)]
        out = folder / "assembled.mp4"
        said = {"speech": speech, "words": words, "timeline": timeline, "audio_kbps": 128}
        assemble(chunks=parts, out=out, **said, record=RECORD)
        return out

    def _part(self, folder: Path, timeline: Path, drive: Path, chunk: int) -> Path:
        crops, out = folder / f"{chunk}.mkv", folder / f"{chunk}.mp4"
        sync_lips(
            drive=drive,
            timeline=timeline,
            swap_video=self.work / "faces.mkv",
            swap_table=self.work / "faces.parquet",
            crop_videos=[clip / "crops.mkv" for clip in self.clips],
            crop_tables=[clip / "crops.parquet" for clip in self.clips],
            chunk=chunk,
            syncer="rewrite",
            output_video=crops,
            output_table=crops.with_suffix(".parquet"),
            record=RECORD,
        )
        consent = folder / "consent.json"
        consent.write_text('{"kind": "corpus-evaluation", "record_id": "urn:chunks"}')
        composite(
            consent=consent,
            clip=self.target / "clip.mp4",
            faces=self.target / "faces.parquet",
            masks=self.target / "masks.mkv",
            timeline=timeline,
            crops=crops,
            crop_table=crops.with_suffix(".parquet"),
            out=out,
            chunk=chunk,
            render="chunks",
            label=LabelStyle(),
            networks=(MODELS / "rivagan_encoder.onnx", MODELS / "rivagan_decoder.onnx"),
            encoding=Encoding(crf=18, preset="veryfast"),
            record=RECORD,
        )
        return out


def psnr_db(one: Path, other: Path) -> float:
    """PSNR of the luma of two files; infinite where they are equal."""
    pairs = zip(read_frames(one, pixels="gray"), read_frames(other, pixels="gray"), strict=True)
    error = np.mean([np.square(a.astype(np.float64) - b).mean() for a, b in pairs])
    return float(10 * np.log10(255**2 / error)) if error else float("inf")


def bits_of(path: Path) -> list[bytes]:
    """Encoded pictures in decoding order."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("render")
    parser.add_argument("target")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--work", type=Path, required=True, help="folder to work in; it is kept")
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    run = Run(options)
    run.swap()
    files = {chunks: run.render(chunks) for chunks in CHUNKS}
    psnr = {f"{a}/{b}": psnr_db(files[a], files[b]) for a, b in combinations(CHUNKS, 2)}
    same = {f"{a}/{b}": bits_of(files[a]) == bits_of(files[b]) for a, b in combinations(CHUNKS, 2)}
    print(f"PSNR dB {psnr}, same bits {same}")
    scores = {}
    for chunks in CHUNKS[1:]:
        plan = read_timeline(files[chunks].with_name("timeline.parquet"))
        steps, joins = frame_differences(files[chunks]), joins_of(plan.chunk)
        starts = joins_of(plan.group)
        scores[chunks] = seam_score(steps, joins)
        control = seam_score(steps, between_joins(joins, plan.frames))
        groups = seam_score(steps, starts)
        print(
            f"{chunks} chunks: {plan.frames} frames, joins at {joins}, seam score "
            f"{scores[chunks]:.3f}, half-way between {control:.3f}, at all {len(starts)} starts of "
            f"groups {groups:.3f}"
        )
    result = {
        "name": "chunks",
        "ours": round(max(scores.values()), 3),
        "theirs": None,
        "ratio": None,
        "unit": "seam score, the worst of 3 and 7 chunks",
        "n": len(CHUNKS),
        "psnr_db": {pair: round(v, 2) if np.isfinite(v) else "inf" for pair, v in psnr.items()},
        "same_bits": same,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
