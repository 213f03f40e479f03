"""Peak memory of every rule that touches a video or a sound, for a short clip and a long one.

    python benchmarks/bench_memory.py                       60 s and an hour, every rule
    python benchmarks/bench_memory.py --seconds 60 900      other lengths: minutes, or part of one
    python benchmarks/bench_memory.py --stages composite --work DIR      some rules of a kept folder

Each rule runs in a process of its own, as under Snakemake; its memory is that of the process and
its children together, sampled every 50 ms. At 60 s every rule works on what the one before it made;
at the longer length its input is that of 60 s, repeated (`memory.inputs`). One JSON line is kept
for each run in `peaks.jsonl` of the folder. The last line is one JSON object: *ours* is the largest
ratio of the long peak to the short one, *theirs* that of a list that holds every decoded frame.
"""

import argparse
import json
import shutil
import tempfile
from pathlib import Path

from memory.consent import prepare_fan, prepare_likeness, prepare_receipt
from memory.inputs import RATE, cut, make_source, repeat
from memory.stages import STAGES
from memory.stages_sound import prepare_voice
from memory.watch import run_apart

BASE_S = 60
MB = 1e6
PREPARED = {
    "voice.safetensors": prepare_voice,
    "reference.wav": prepare_voice,
    "receipt.json": prepare_receipt,
    "record.json": prepare_receipt,
    "record.key": prepare_receipt,
    "person.json": prepare_likeness,
    "person.likeness.json": prepare_likeness,
    "fan.pth.tar": prepare_fan,
}
"""Files that no rule here makes, and what does."""

ONCE = ("voice.safetensors", "reference.wav", "fan.pth.tar", "person.json", "person.likeness.json")
ONCE += ("face.safetensors", "enrolment.json", "receipt.json", "record.json", "record.key")
"""Files that do not grow with the clips: the long run reads the short run's."""


def run_child(name: str, folder: Path) -> None:
    """Run a rule, or a preparation, on a folder; this is what the child process does."""
    prepare = {call.__name__: call for call in PREPARED.values()}
    call = prepare[name] if name in prepare else STAGES[name].call
    call(folder / "in", folder / "out")


def provide(stage: str, folder: Path, base: Path, seconds: float) -> None:
    """Put a rule's inputs in place."""
    for name in STAGES[stage].reads:
        path = folder / "in" / name
        if path.exists():
            continue
        if name == "source.mp4":
            make_source(path, base / "in" / "speech.wav", seconds, base / "in")
        elif seconds > BASE_S and name in STAGES[stage].own:
            raise SystemExit(f"{stage} reads {name} of {folder.name}: run the rule that makes it.")
        elif folder != base and name in ONCE:
            provide(stage, base, base, BASE_S)
            shutil.copyfile(base / "in" / name, path)
        elif name in PREPARED:
            run_apart(PREPARED[name].__name__, folder)
        elif seconds < BASE_S:
            cut(base / "in" / name, path, seconds)
        elif folder != base:
            repeat(base / "in" / name, path, round(seconds / BASE_S))
        else:
            raise SystemExit(f"{stage} reads {name} of {folder.name}: run the rule that makes it.")


def keep(stage: str, folder: Path, base: Path) -> None:
    """Let other rules read what a rule made: all of it in the short run, else what is its own."""
    made_for_others = {name for other in STAGES.values() for name in other.own}
    for name, known_as in STAGES[stage].makes.items():
        if folder == base or known_as in made_for_others:
            (folder / "out" / name).replace(folder / "in" / known_as)
    if stage == "speak_script" and folder == base:
        fill_up(folder / "in")


def fill_up(given: Path) -> None:
    """Make `speech.wav` and `words.json` of exactly the short length: spoken, then silence."""
    import numpy as np
    import soundfile

    samples, rate_hz = soundfile.read(given / "spoken.wav", dtype="int16")
    wanted = BASE_S * rate_hz
    if len(samples) > wanted:
        raise SystemExit(
            f"The script lasts {len(samples) / rate_hz:.1f} s; fewer words are needed."
        )
    filled = np.pad(samples, (0, wanted - len(samples)))
    soundfile.write(given / "speech.wav", filled, rate_hz, subtype="PCM_16")
    content = json.loads((given / "spoken.json").read_text(encoding="utf-8"))
    content["duration_s"] = float(BASE_S)
    (given / "words.json").write_text(json.dumps(content), encoding="utf-8")


def measure(stage: str, folder: Path, base: Path, seconds: float) -> int:
    """Run a rule; keep and return its peak in bytes."""
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    provide(stage, folder, base, seconds)
    peak = run_apart(stage, folder)
    keep(stage, folder, base)
    line = {"rule": stage, "seconds": seconds, "peak_mb": round(peak.rss_bytes / MB, 1)}
    line["cpu_s"] = round(peak.cpu_s, 1)
    with (folder.parent / "peaks.jsonl").open("a", encoding="utf-8") as kept:
        kept.write(json.dumps(line) + "\n")
    print(
        f"{stage:16} {seconds:6g} s: {line['peak_mb']:7.1f} MB, "
        f"{line['cpu_s'] / seconds:.3f} s of CPU a second",
        flush=True,
    )
    return peak.rss_bytes


def frames_held(seconds: float) -> float:
    """Bytes of all frames of a clip in a list, 320×180."""
    return seconds * RATE * 320 * 180 * 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", nargs="+", type=float, default=[BASE_S, 3600], metavar="S")
    parser.add_argument("--stages", nargs="+", choices=list(STAGES), default=list(STAGES))
    parser.add_argument("--work", type=Path, help="folder to work in; it is kept")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        run_child(options.child, options.work)
        return
    with tempfile.TemporaryDirectory(prefix="bench-memory-") as scratch:
        work = options.work or Path(scratch)
        base = work / f"{BASE_S}s"
        peaks: dict[str, list[int]] = {}
        for stage in options.stages:
            for seconds in options.seconds:
                folder = work / f"{seconds:g}s"
                peaks.setdefault(stage, []).append(measure(stage, folder, base, seconds))
    report(peaks, options.seconds)


def report(peaks: dict[str, list[int]], seconds: list[float]) -> None:
    """Print the table, and the JSON line."""
    ratios = {stage: each[-1] / each[0] for stage, each in peaks.items()}
    for stage, each in peaks.items():
        said = " | ".join(f"{peak / MB:.0f} MB" for peak in each)
        print(f"| {stage} | {said} | {ratios[stage]:.2f} |")
    worst = max(ratios, key=lambda stage: ratios[stage])
    smallest = min(each[0] for each in peaks.values())
    held = (smallest + frames_held(seconds[-1])) / (smallest + frames_held(seconds[0]))
    result = {
        "name": "memory",
        "ours": round(ratios[worst], 3),
        "theirs": round(held, 1),
        "ratio": round(held / ratios[worst], 1),
        "unit": f"peak of {seconds[-1]:g} s over peak of {seconds[0]:g} s",
        "n": len(ratios),
        "scope": f"largest of {', '.join(ratios)} ({worst}), footage of 320x180 at {RATE} frames a "
        "second, one chunk; theirs: every frame in a list, computed from its size",
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
