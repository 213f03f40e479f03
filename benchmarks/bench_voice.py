"""XTTS: the library's inference against ours: `make bench-voice`.

One checkpoint with random weights in the real format and of the real sizes (453 million parameters,
1.8 GB), one text, one process. Theirs: `Xtts.inference` of coqui-tts, sentence by sentence, as
`TTS.api` calls it. Ours: the same sentences side by side through `XttsSynthesiser`. Random weights
never stop, so every sentence has `--tokens` audio tokens on both sides: equal work. Rounds
alternate; the first of each side is not counted.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

SENTENCES = (
    "The harbour was quiet this morning, although a few boats had already left.",
    "Nobody on the quay could say when the ferry would come back from the island.",
    "She had written three letters and posted none of them before the winter.",
    "The old town lies on a hill, and its streets are far too steep for carts.",
    "Count the lamps along the wall, then tell me which of them is out tonight.",
    "He spoke slowly, as if every word had to be carried up from a cellar.",
    "There is a garden behind the mill where pears grow against the south wall.",
    "When the rain had stopped, the children ran down to look at the river.",
)
LIBRARY = "stock"


def main() -> None:
    """Print the figures; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, help="reuse this folder, or make it there")
    parser.add_argument("--tokens", type=int, default=40, help="audio tokens a sentence")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=8)
    parser.add_argument("--tiny", action="store_true", help="a toy, to try the benchmark itself")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.checkpoint or Path(scratch)
        if not (folder / "config.json").is_file():
            from xtts_checkpoint import write_checkpoint

            write_checkpoint(folder, tiny=options.tiny)
        measure(folder, options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Load both sides, let them speak in turns, compare."""
    import numpy as np
    import torch

    from mythmeter.voice.assets import OWN_FILES
    from mythmeter.voice.reference import Reference
    from mythmeter.voice.synthesiser import FitSettings, Request
    from mythmeter.voice.voices.xtts import XttsSynthesiser

    threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    assets = {name: folder / file for name, file in OWN_FILES.items()}
    own: dict[str, Any] = {"licences": ["CPML"], "max_tokens": options.tokens}
    sides = {LIBRARY: {"mode": "reference"}, "fp32": {"precision": "fp32"}, "bf16": {}}
    sides["bf16"] = {"precision": "bf16"}
    noise = np.random.default_rng(1).normal(0, 0.1, 24000 * 8).astype(np.float32)
    requests = [Request(text, "en", 1.0, seed) for seed, text in enumerate(SENTENCES)]
    walls: dict[str, list[float]] = {name: [] for name in sides}
    cpus: dict[str, list[float]] = {name: [] for name in sides}
    parts: dict[str, dict[str, float]] = {}
    heard: dict[str, dict[int, Any]] = {}
    speakers = {}
    for name, settings in sides.items():
        rows = {} if name == LIBRARY else {"rows": options.rows}
        speakers[name] = XttsSynthesiser(assets, threads, device, **own, **settings, **rows)
    voice = speakers[LIBRARY].enrol(Reference(noise, 8.0, ()), FitSettings(0, 0.0, 1)).voice
    for turn in range(options.rounds + 1):
        for name, speaker in speakers.items():
            before = speaker.work
            cpu, wall = time.process_time(), time.perf_counter()
            heard[name] = dict(speaker._engine.speak(voice, requests))
            if turn:
                walls[name].append(time.perf_counter() - wall)
                cpus[name].append(time.process_time() - cpu)
                after = speaker.work
                for key in after:
                    spent = after[key] - before.get(key, 0.0)
                    parts.setdefault(name, {})[key] = parts.get(name, {}).get(key, 0.0) + spent
    tokens = len(SENTENCES) * options.tokens
    audio_s = sum(len(samples) for samples in heard[LIBRARY].values()) / 24000
    for name in sides:
        wall, cpu = statistics.median(walls[name]), statistics.median(cpus[name])
        spent = ", ".join(f"{k} {v / options.rounds:.2f}" for k, v in parts[name].items())
        error = max(
            float(np.abs(heard[name][i] - heard[LIBRARY][i]).max())
            / float(np.abs(heard[LIBRARY][i]).max())
            if heard[name][i].shape == heard[LIBRARY][i].shape
            else float("nan")
            for i in heard[LIBRARY]
        )
        print(
            f"{name:6} wall {wall:7.2f} s  CPU {cpu:7.2f} s  {tokens / wall:6.1f} tokens/s  "
            f"RTF {wall / audio_s:5.2f}  largest deviation from stock {error:.1e} of its peak  "
            f"[a round: {spent}]"
        )
    ours, theirs = (tokens / statistics.median(walls[name]) for name in ("fp32", LIBRARY))
    scope = (
        f"{device}, {threads} thread(s); random weights, {tokens} tokens in {len(SENTENCES)} "
        f"sentences, {options.rows} rows, fp32 on both sides, vocoder included; wall time"
    )
    print(
        json.dumps(
            {
                "name": "voice",
                "ours": round(ours, 2),
                "theirs": round(theirs, 2),
                "ratio": round(ours / theirs, 3),
                "unit": "audio tokens a second",
                "n": options.rounds,
                "scope": scope,
            }
        )
    )


if __name__ == "__main__":
    main()
