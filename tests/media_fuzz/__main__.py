"""Fuzz the media room: `make fuzz FUZZ="--count 1000 --seed 1"`.

Each case that is not handled, and each that a limit stopped, is printed; `--keep DIR` keeps its
file. The last line is one JSON object. The exit status is 1 where a case was not handled.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psutil

from media_fuzz.cases import make_case
from media_fuzz.judge import Judgement, child_peak_mb, judge
from media_fuzz.originals import make_originals

MEDIA = Path(__file__).parents[3] / "shared" / "media"


def main() -> int:
    """Run the cases and print what became of them."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--keep", type=Path, help="folder for files that were not simply judged")
    options = parser.parse_args()
    totals = Totals()
    with tempfile.TemporaryDirectory(prefix="mythmeter-fuzz-") as scratch:
        originals = make_originals(Path(scratch) / "originals", MEDIA)
        for number in range(options.first, options.first + options.count):
            case = make_case(options.seed, number, originals)
            folder = Path(scratch) / case.name
            folder.mkdir()
            found = judge(case.data, case.name, folder)
            shutil.rmtree(folder)
            if totals.add(number, case.share, found):
                _print(case.name, case.done, found)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / case.name).write_bytes(case.data)
    print(json.dumps(totals.summary(options.seed)))
    return 0 if not totals.unhandled else 1


class Totals:
    """Counts and maxima."""

    def __init__(self) -> None:
        self.clips: Counter[str] = Counter()
        self.sounds: Counter[str] = Counter()
        self.shares: Counter[str] = Counter()
        self.unhandled: list[int] = []
        self.cpu_s = 0.0
        self.most = {"wall_s": (0.0, -1), "cpu_s": (0.0, -1), "written_mb": (0.0, -1)}
        self.child_peak = (0.0, -1)

    def add(self, number: int, share: str, found: Judgement) -> bool:
        """Count a case; return whether it is worth a line."""
        self.clips[found.clip] += 1
        self.sounds[found.sound] += 1
        self.shares[share] += 1
        self.cpu_s += found.cpu_s
        values = {"wall_s": found.wall_s, "cpu_s": found.cpu_s}
        values["written_mb"] = found.written_bytes / 1e6
        for name, value in values.items():
            self.most[name] = max(self.most[name], (round(value, 2), number))
        if child_peak_mb() > self.child_peak[0]:
            self.child_peak = (round(child_peak_mb(), 1), number)
        if found.faults:
            self.unhandled.append(number)
        usual = {"accepted", "refused"}
        return bool(found.faults) or not {found.clip, found.sound} <= usual or found.wall_s > 10

    def summary(self, seed: int) -> dict[str, object]:
        """Return the last line."""
        count = sum(self.clips.values())
        return {
            "name": "fuzz",
            "seed": seed,
            "cases": count,
            "handled": count - len(self.unhandled),
            "unhandled": self.unhandled,
            "shares": dict(self.shares),
            "clip": dict(self.clips),
            "sound": dict(self.sounds),
            "cpu_s": round(self.cpu_s, 1),
            "most": {name: {"value": v, "case": n} for name, (v, n) in self.most.items()},
            "child_peak_mb": {"value": self.child_peak[0], "case": self.child_peak[1]},
            "own_rss_mb": round(psutil.Process().memory_info().rss / 1e6, 1),
        }


def _print(name: str, done: str, found: Judgement) -> None:
    print(f"{name} ({done}): clip {found.clip}, sound {found.sound}, {found.wall_s:.1f} s")
    for line in [*found.messages, *found.faults]:
        print(f"    {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
