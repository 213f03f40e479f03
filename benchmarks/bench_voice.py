"""XTTS: the library's inference against ours: `make bench-voice`.

One checkpoint with random weights in the real format and of the real sizes (453 million parameters,
1.8 GB), one text, one process. Theirs: `Xtts.inference` of coqui-tts, sentence by sentence, as
`TTS.api` calls it. Ours: the same sentences side by side through `XttsSynthesiser`. Random weights
never stop, so every sentence has `--tokens` audio tokens on both sides: equal work. Rounds
alternate. Then the same weights, rounded to bf16.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

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
    parser.add_argument("--sentences", type=int, default=8, choices=range(1, 9), metavar="1-8")
    parser.add_argument("--warm-up", type=int, default=1, help="passes that are not counted")
    parser.add_argument("--rounds", type=int, default=2, help="passes that are")
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
    """Load the weights once, let both sides speak in turns, compare."""
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
    texts = SENTENCES[: options.sentences]
    requests = [Request(text, "en", 1.0, seed) for seed, text in enumerate(texts)]
    stock = XttsSynthesiser(assets, threads, device, mode="reference", **own)
    noise = np.random.default_rng(1).normal(0, 0.1, 24000 * 8).astype(np.float32)
    voice = stock.enrol(Reference(noise, 8.0, ()), FitSettings(0, 0.0, 1)).voice
    model, mode = stock._model, "graphs" if device == "cuda" else "eager"
    runs: dict[str, list[Run]] = {LIBRARY: [], "fp32": [], "bf16": []}
    engines = {LIBRARY: model.engine("reference", 1), "fp32": model.engine(mode, options.rows)}
    for turn in range(options.warm_up + options.rounds):
        for name, engine in engines.items():
            run = speak(engine, model, voice, requests)
            if turn >= options.warm_up:
                runs[name].append(run)
    model.precision = torch.bfloat16  # from here on the same weights, rounded
    rounded = model.engine(mode, options.rows)
    for turn in range(options.warm_up + options.rounds):
        run = speak(rounded, model, voice, requests)
        if turn >= options.warm_up:
            runs["bf16"].append(run)
    report(runs, options, f"{device}, {threads} thread(s)")


class Run(NamedTuple):
    """One pass over the text."""

    wall_s: float
    cpu_s: float
    parts: dict[str, float]
    heard: dict[int, Any]


def speak(engine: Any, model: Any, voice: Any, requests: list[Any]) -> Run:
    """Speak the text once."""
    before = model.work()
    cpu, wall = time.process_time(), time.perf_counter()
    heard = dict(engine.speak(voice, requests))
    spent_cpu, spent_wall = time.process_time() - cpu, time.perf_counter() - wall
    parts = {key: value - before.get(key, 0.0) for key, value in model.work().items()}
    return Run(spent_wall, spent_cpu, parts, heard)


def report(runs: dict[str, list[Run]], options: argparse.Namespace, where: str) -> None:
    """Print a line for each side, and the JSON object."""
    import numpy as np

    tokens = options.sentences * options.tokens
    wanted = runs[LIBRARY][-1].heard
    audio_s = sum(len(samples) for samples in wanted.values()) / 24000
    rate = {}
    for name, passes in runs.items():
        wall = statistics.median(run.wall_s for run in passes)
        cpu = statistics.median(run.cpu_s for run in passes)
        rate[name] = tokens / (wall if where.startswith("cuda") else cpu)
        heard = passes[-1].heard
        deviation = max(
            float(np.abs(heard[i] - wanted[i]).max()) / float(np.abs(wanted[i]).max())
            for i in wanted
        )
        parts = ", ".join(f"{key} {value:.2f}" for key, value in passes[-1].parts.items())
        print(
            f"{name:6} wall {wall:7.2f} s  CPU {cpu:7.2f} s  {rate[name]:6.2f} tokens/s  "
            f"RTF {wall / audio_s:5.2f}  largest deviation from stock {deviation:.1e} of its peak  "
            f"[last pass: {parts}]"
        )
    scope = (
        f"{where}; random weights, {tokens} tokens in {options.sentences} sentences, "
        f"{options.rows} rows, fp32 on both sides, vocoder included; seconds are "
        + ("wall time" if where.startswith("cuda") else "CPU time, the machine being shared")
    )
    print(
        json.dumps(
            {
                "name": "voice",
                "ours": round(rate["fp32"], 3),
                "theirs": round(rate[LIBRARY], 3),
                "ratio": round(rate["fp32"] / rate[LIBRARY], 3),
                "unit": "audio tokens a second",
                "n": options.rounds,
                "scope": scope,
            }
        )
    )


if __name__ == "__main__":
    main()
