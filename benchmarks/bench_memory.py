"""Peak memory of ingest, faces and render for a short and a long clip.

    python benchmarks/bench_memory.py                       60 s and 10 min, all stages
    python benchmarks/bench_memory.py --seconds 20 60       other lengths
    python benchmarks/bench_memory.py --stages composite --work DIR     some stages of a kept folder

Each stage runs in a process of its own, as under Snakemake; its memory is that of the process and
its children together, sampled every 50 ms. The last line is one JSON object: *ours* is the highest
peak of any stage on the long clip, *theirs* what it takes to hold every decoded frame, as peers do
that read a clip into a list: measured on the short clip and scaled by the number of frames.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
STAGES = ("normalise_clip", "track_faces", "crop_faces", "composite")
SAMPLE_S = 0.05
MB = 1e6


def run_stage(stage: str, folder: Path) -> None:
    """Run one stage on the files of a folder; this is what the child process does."""
    from mythmeter.usage.record import UsageRecord

    record = UsageRecord(stage, {"clip": folder.name})
    clip, faces = folder / "clip.mp4", folder / "faces.parquet"
    if stage == "normalise_clip":
        from mythmeter.media.normalise import normalise_clip

        settings = {"crf": 12, "max_height": 1080, "keyframe_s": 1.0, "threads": 1}
        source, verdict = folder / "source.mp4", folder / "verdict.json"
        normalise_clip(source, clip, verdict, **settings, record=record)
    elif stage == "track_faces":
        from mythmeter.faces.track import assets, track_faces

        models = {name: asset(name) for name in assets("facemesh")}
        track_faces(
            clip,
            faces,
            verdict=folder / "faces.json",
            landmarks="facemesh",
            models=models,
            smoothing_frames=5,
            record=record,
        )
    elif stage == "crop_faces":
        from mythmeter.faces.crop import crop_faces

        outputs = {"video": "crops.mkv", "table": "crops.parquet", "sheet": "crops.jpg"}
        outputs["masks"] = "masks.mkv"
        files = {name: folder / file for name, file in outputs.items()}
        crop_faces(clip, faces, **files, crop_px=256, record=record)
    elif stage == "composite":
        run_composite(folder, record)
    elif stage == "hold_all_frames":
        from mythmeter.media.decode import read_frames

        held = list(read_frames(clip))
        print(len(held))
    else:
        raise SystemExit(f"No stage {stage!r}. There are: {', '.join(STAGES)}.")


def run_composite(folder: Path, record: object) -> None:
    """Put the clip's own crops back into it, in one chunk: the longest that there can be."""
    from mythmeter.media.decode import count_frames, frame_rate
    from mythmeter.render.composite import Encoding, composite
    from mythmeter.render.label import LabelStyle
    from mythmeter.render.timeline import plan, write_timeline

    clip = folder / "clip.mp4"
    rate, frames = frame_rate(clip), count_frames(clip)
    timeline = plan(Fraction(frames) / rate, rate, (0, frames), "trim", 1)
    write_timeline(folder / "timeline.parquet", timeline)
    consent = folder / "consent.json"
    consent.write_text('{"kind": "synthetic", "record_id": "urn:bench"}', encoding="utf-8")
    composite(
        consent=consent,
        clip=clip,
        faces=folder / "faces.parquet",
        masks=folder / "masks.mkv",
        timeline=folder / "timeline.parquet",
        crops=folder / "crops.mkv",
        crop_table=folder / "crops.parquet",
        out=folder / "composite.mp4",
        chunk=1,
        render="bench",
        label=LabelStyle(),
        networks=(asset("rivagan_encoder"), asset("rivagan_decoder")),
        encoding=Encoding(crf=18, preset="veryfast"),
        record=record,
    )


def asset(name: str) -> Path:
    """A file of the catalogue, fetched when missing."""
    from mythmeter.models.catalogue import load_catalogue
    from mythmeter.models.fetch import fetch

    entry = load_catalogue(REPOSITORY / "config" / "models.yaml")[name]
    path = REPOSITORY / "resources" / "models" / entry.file
    if not path.is_file():
        fetch(entry, path)
    return path


def make_source(folder: Path, seconds: float) -> None:
    """Loop the footage of the built-in example to the length wanted, without encoding it again."""
    import imageio_ffmpeg

    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source.mp4"
    if source.exists():
        return
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error"]
    command += ["-stream_loop", "-1", "-i", str(asset("langer")), "-t", f"{seconds:g}"]
    command += ["-an", "-c", "copy", str(source)]
    subprocess.run(command, check=True)


class PeakWatch(threading.Thread):
    """Highest resident memory of a process and its children together."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        import psutil

        self._process = psutil.Process(pid)
        self._gone = (psutil.NoSuchProcess, psutil.AccessDenied)
        self.peak_bytes = 0

    def run(self) -> None:
        while True:
            try:
                family = [self._process, *self._process.children(recursive=True)]
                total = sum(self._resident(process) for process in family)
            except self._gone:
                return
            self.peak_bytes = max(self.peak_bytes, total)
            time.sleep(SAMPLE_S)

    def _resident(self, process: object) -> int:
        try:
            return process.memory_info().rss
        except self._gone:
            return 0


def peak_of(stage: str, folder: Path) -> int:
    """Run a stage in a child process and return its peak in bytes."""
    command = [sys.executable, __file__, "--child", stage, "--work", str(folder)]
    with (folder / f"{stage}.log").open("w", encoding="utf-8") as log:
        child = subprocess.Popen(command, stdout=log, stderr=log, env=one_thread())
        watch = PeakWatch(child.pid)
        watch.start()
        if child.wait():
            raise SystemExit(f"{stage} failed on {folder.name}: see {folder / f'{stage}.log'}")
    return watch.peak_bytes


def one_thread() -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def measure(work: Path, seconds: list[float], stages: list[str]) -> dict[str, list[int]]:
    """Return the peaks in bytes of each stage, one a length, and print them."""
    folders = [work / f"{length:g}s" for length in seconds]
    for folder, length in zip(folders, seconds, strict=True):
        make_source(folder, length)
    peaks = {}
    for stage in stages:
        started = time.perf_counter()
        peaks[stage] = [peak_of(stage, folder) for folder in folders]
        said = ", ".join(
            f"{length:g} s: {peak / MB:.0f} MB"
            for length, peak in zip(seconds, peaks[stage], strict=True)
        )
        ratio = peaks[stage][-1] / peaks[stage][0]
        print(f"{stage:16} {said}; long/short {ratio:.3f}; {time.perf_counter() - started:.0f} s")
    return peaks


def held_bytes(work: Path, seconds: list[float]) -> float:
    """Memory of holding every frame of the long clip: measured on the short one and scaled."""
    from mythmeter.media.decode import count_frames, frame_size

    short, long = (work / f"{length:g}s" / "clip.mp4" for length in (seconds[0], seconds[-1]))
    held = peak_of("hold_all_frames", short.parent)
    frames_short, frames_long = count_frames(short), count_frames(long)
    width, height = frame_size(short)
    one_frame = width * height * 3
    empty = held - frames_short * one_frame
    short_s = f"{seconds[0]:g} s"
    print(f"all frames held  {short_s}: {held / MB:.0f} MB, {empty / MB:.0f} MB of it no frames")
    return empty + frames_long * one_frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", nargs=2, type=float, default=[60, 600], metavar="S")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--work", type=Path, help="folder to work in; it is kept")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_stage(options.child, options.work)
        return
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as scratch:
        work = options.work or Path(scratch)
        peaks = measure(work, options.seconds, options.stages)
        ours = max(pair[-1] for pair in peaks.values())
        theirs = held_bytes(work, options.seconds)
    growth = max(pair[-1] / pair[0] for pair in peaks.values())
    print(f"largest long/short {growth:.3f}")
    result = {
        "name": "memory",
        "ours": round(ours / MB),
        "theirs": round(theirs / MB),
        "ratio": round(theirs / ours, 2),
        "unit": "MB at peak",
        "n": len(peaks),
        "scope": f"highest of {', '.join(peaks)} on {options.seconds[-1]:g} s of 640x360 footage; "
        "theirs: every decoded frame in a list, measured on "
        f"{options.seconds[0]:g} s and scaled; long/short at most {growth:.2f}",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
