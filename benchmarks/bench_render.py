"""Composite and encode at 720p: frames a second and peak memory, against a PNG for every frame.

    python benchmarks/bench_render.py
    python benchmarks/bench_render.py --seconds 8 --rounds 5 --work DIR

Both start from the same tracked clip (the built-in footage at 1280×720) and its finished crops, and
end with the same file: face pasted, marked, labelled, H.264 at CRF 18. Ours is `composite`.
Theirs does what desktop tools do: every frame of the footage is written as a PNG, each is read,
finished and written as another, and all are read again to be encoded; faces, marks and encoder are
ours. They run in turns, each in a process of its own. Seconds are CPU seconds of one thread without
imports, the least of the rounds; memory is the highest of the process. Besides, one second's
watermark by our arithmetic against the same networks in ONNX Runtime. The last line is one JSON
object: *ours* and *theirs* are frames a CPU second.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from functools import partial
from pathlib import Path

from memory import stages_face
from memory.inputs import asset
from memory.watch import Watch, one_thread

HEIGHT, START_S = 720, 10.0
CROP_PX = 256
NETWORKS = "rivagan_encoder", "rivagan_decoder"


def make_clip(folder: Path, seconds: float) -> None:
    """Write the footage at 720p, track it and cut its crops."""
    import imageio_ffmpeg

    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source.mp4"
    if not source.exists():
        cut = ["-ss", f"{START_S:g}", "-i", str(asset("langer")), "-t", f"{seconds:g}", "-an"]
        size = ["-vf", f"scale=-2:{HEIGHT}:flags=lanczos", "-c:v", "libx264", "-crf", "12"]
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *cut, *size]
        subprocess.run([*command, "-preset", "veryfast", str(source)], check=True)
    made = {
        "clip.mp4": stages_face.normalise_clip,
        "faces.parquet": stages_face.track_faces,
        "crops.mkv": partial(stages_face.crop_faces, crop_px=CROP_PX),
    }
    for file, stage in made.items():
        if not (folder / file).exists():
            stage(folder, folder)


def run_composite(folder: Path, record: object) -> None:
    """Put the clip's own crops back into it, in one chunk."""
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


def by_png(folder: Path) -> None:
    """The same render with a PNG of every frame between the steps."""
    import cv2

    from mythmeter.media.decode import Frame, count_frames, frame_rate, frame_size, read_frames
    from mythmeter.media.encode import VideoWriter
    from mythmeter.render.label import draw_label
    from mythmeter.render.placing import Geometry, face_in
    from mythmeter.render.watermark import VideoMarker, Windows, mark_id

    clip, crops = folder / "clip.mp4", folder / "crops.mkv"
    rate, size, frames = frame_rate(clip), frame_size(clip), count_frames(clip)
    label = draw_label("AI-generated: face, voice (synthetic person)", *size)
    encoder, decoder = (asset(name) for name in NETWORKS)
    windows = Windows.of(frames, float(rate))
    marker = VideoMarker(encoder, decoder, mark_id("urn:bench", "bench"), windows)
    geometry = Geometry(folder / "faces.parquet", folder / "crops.parquet")
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        before = [Path(scratch) / f"in-{number:06d}.png" for number in range(frames)]
        after = [Path(scratch) / f"out-{number:06d}.png" for number in range(frames)]
        for path, frame in zip(before, read_frames(clip), strict=True):
            cv2.imwrite(str(path), frame[..., ::-1])

        def footage(number: int) -> Frame:
            return cv2.imread(str(before[number]))[..., ::-1]

        finished = zip(
            read_frames(crops), read_frames(folder / "masks.mkv", pixels="gray"), strict=True
        )
        for number, (crop, visible) in enumerate(finished):
            picture = cv2.imread(str(before[number]))[..., ::-1]
            picture = face_in(picture, crop, visible, geometry.of(number, number))
            picture = label.burn_in(marker.mark(number, picture, footage))
            cv2.imwrite(str(after[number]), picture[..., ::-1])
        options = {"crf": "18", "preset": "veryfast"}
        with VideoWriter(
            folder / "png.mp4", rate=rate, size=size, codec="libx264", options=options,
            keyframe_interval=round(2 * rate),
        ) as writer:  # fmt: skip
            for path in after:
                writer.write(cv2.imread(str(path))[..., ::-1])


def watermark(folder: Path) -> None:
    """Print CPU seconds of one encoder and decoder pass, by ours and by ONNX Runtime, in turns."""
    import numpy as np
    import onnxruntime

    from mythmeter.media.decode import read_frames
    from mythmeter.render.rivagan import RivaganDecoder, RivaganEncoder
    from mythmeter.render.watermark import _network_input

    encoder_file, decoder_file = (asset(name) for name in NETWORKS)
    picture = _network_input(next(read_frames(folder / "clip.mp4")))
    bits = np.resize(np.float32([0, 1, 1, 0, 1]), 32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(str(f), options) for f in (encoder_file, decoder_file)]
    encoder, decoder = RivaganEncoder(encoder_file), RivaganDecoder(decoder_file)

    def by_runtime():
        fed = {"frame": picture[None, :, None], "data": bits[None]}
        marked = sessions[0].run(None, fed)[0]
        return marked[0, :, 0], sessions[1].run(None, {"frame": marked})[0][0]

    def by_ours():
        marked = encoder.hide(picture, bits)
        return marked, decoder.read(marked)

    seconds = {by_ours: [], by_runtime: []}
    for _ in range(4):
        for way, taken in seconds.items():
            started = time.process_time()
            found = way()
            taken.append(time.process_time() - started)
    off = [float(np.abs(a - b).max()) for a, b in zip(by_ours(), by_runtime(), strict=True)]
    least = [round(min(taken), 3) for taken in seconds.values()]
    print(
        json.dumps({"cpu_s": least, "largest_difference": off, "logit": float(abs(found[1]).max())})
    )


def child(way: str, folder: Path) -> None:
    """Do one thing and print its CPU seconds."""
    import cv2

    from mythmeter.usage.record import UsageRecord

    cv2.setNumThreads(1)
    if way == "watermark":
        watermark(folder)
        return
    started = time.process_time()
    if way == "ours":
        run_composite(folder, UsageRecord("composite", {}))
    else:
        by_png(folder)
    print(json.dumps({"cpu_s": time.process_time() - started}))


def measured(way: str, folder: Path) -> tuple[dict, float]:
    """Run a child; return what it printed and its peak in MB."""
    command = [sys.executable, __file__, "--child", way, "--work", str(folder)]
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=one_thread())
    watch = Watch(started.pid)
    watch.start()
    said, _ = started.communicate()
    if started.returncode:
        raise SystemExit(f"{way} failed")
    return json.loads(said.splitlines()[-1]), watch.peak_bytes / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", type=Path, help="folder to work in; it is kept")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.work)
        return
    os.environ.update(one_thread())
    with tempfile.TemporaryDirectory(prefix="bench-render-") as scratch:
        folder = options.work or Path(scratch)
        make_clip(folder, options.seconds)
        from mythmeter.media.decode import count_frames

        frames = count_frames(folder / "clip.mp4")
        seconds = {"ours": [], "theirs": []}
        peaks = {"ours": [], "theirs": []}
        for number in range(options.rounds):
            for way, taken in seconds.items():
                said, peak_mb = measured(way, folder)
                taken.append(said["cpu_s"])
                peaks[way].append(peak_mb)
                print(f"round {number + 1}, {way}: {taken[-1]:.2f} CPU-s, {peak_mb:.0f} MB")
        marks, _ = measured("watermark", folder)
    print(f"watermark, one encoder and decoder pass: {marks}")
    ours, theirs = (frames / min(taken) for taken in seconds.values())
    result = {
        "name": "render",
        "ours": round(ours, 2),
        "theirs": round(theirs, 2),
        "ratio": round(ours / theirs, 2),
        "unit": "frames a CPU second, composite and encode at 1280x720",
        "n": frames,
        "scope": f"least of {options.rounds} rounds in turns, one thread; peak "
        f"{max(peaks['ours']):.0f} MB against {max(peaks['theirs']):.0f} MB; watermark of a second "
        f"{marks['cpu_s'][0]} CPU-s against {marks['cpu_s'][1]} in ONNX Runtime",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
