"""How far sound and picture of an assembled hour drift apart: `make bench-drift`.

    python benchmarks/bench_drift.py --seconds 3600 --rates 25 30000/1001

An hour of small pictures that flash once a minute, with sound that beeps at the same moments, goes
through the rule `assemble` in seven chunks, in a process of its own whose memory is watched.
Everything is measured in the finished file, by its own time stamps: the time from beep to flash at
the start and at the end, the end of the last picture against that of the sound, and the captions.
The last line is one JSON object: *ours* is the largest drift in frames, *theirs* what a rate
rounded to a whole number (30 for 30000/1001) drifts in the same time.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from flashes import make_render, moments, read_back

MB = 1e6


def watch(peak: list[int]) -> None:
    """Note the highest resident memory of this process."""
    process = psutil.Process()
    while True:
        peak[0] = max(peak[0], process.memory_info().rss)
        time.sleep(0.02)


def measure(rate: Fraction, seconds: int) -> float:
    """Assemble and read back; print what was found, and return the drift in frames."""
    with tempfile.TemporaryDirectory(prefix="bench-drift-") as folder:
        found = read_back(make_render(Path(folder), rate, seconds, 60, 7), rate)
    apart = found.apart_s()
    drift = float((apart[-1] - apart[0]) * rate)
    ends = float((found.video_end_s - found.audio_end_s) * rate)
    planned = [n / rate for n in moments(rate, seconds, 60)]
    exact = found.flashes_s == planned
    late_s = [abs(float(c - p)) for c, p in zip(found.captions_s, planned, strict=True)]
    print(
        f"{rate} frames a second, {found.frames} frames: from beep to flash "
        f"{apart[0] * 1e3:.2f} ms at the start, {apart[-1] * 1e3:.2f} ms at the end "
        f"({len(apart)} pairs, furthest "
        f"{max(apart, key=abs) * 1e3:.2f} ms); drift {drift:.4f} frames; pictures end "
        f"{ends:.4f} frames after the sound; every flash at its exact time: {exact}; captions at "
        f"most {max(late_s) * 1e3:.2f} ms off",
        flush=True,
    )
    return max(abs(drift), abs(ends))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--rates", nargs="+", type=Fraction, default=[25, Fraction(30_000, 1001)])
    options = parser.parse_args()
    peak = [0]
    threading.Thread(target=watch, args=(peak,), daemon=True).start()
    drifts = [measure(Fraction(rate), options.seconds) for rate in options.rates]
    print(f"peak memory of making and reading back: {peak[0] / MB:.0f} MB")
    theirs = max(options.seconds * abs(Fraction(r) - round(Fraction(r))) for r in options.rates)
    result = {
        "name": "drift",
        "ours": round(max(drifts), 4),
        "theirs": round(float(theirs), 2),
        "ratio": round(float(theirs) / max(max(drifts), 1e-4), 1),
        "unit": f"frames of drift after {options.seconds} s",
        "n": len(drifts),
        "scope": f"{', '.join(map(str, options.rates))} frames a second, 7 chunks of 64x48; "
        "theirs: the rate rounded to a whole number, computed",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
