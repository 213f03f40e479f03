"""The adapter of rule score_detector passes every setting on."""

import json
import runpy
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from detector_graphs import write_detector
from painted import write_clip

from mythmeter.answers.detectability import read_scores


def test_renders_and_footage_are_scored_under_their_labels(
    tmp_path: Path, repository: Path
) -> None:
    def clip(name: str, red: int) -> str:
        picture = np.full((32, 32, 3), (red, 0, 0), np.uint8)
        return str(write_clip(tmp_path / name, [picture] * 4, Fraction(25)))

    snakemake = SimpleNamespace(
        rule="score_detector",
        wildcards={},
        threads=1,
        resources=SimpleNamespace(),
        log=str(tmp_path / "job.log"),
        input=SimpleNamespace(
            renders=[clip("r.mp4", 200)],
            footage=[clip("f.mp4", 100)],
            model=str(write_detector(tmp_path / "net.onnx")),
        ),
        output=SimpleNamespace(
            scores=str(tmp_path / "scores.csv"), usage=str(tmp_path / "usage.jsonl")
        ),
        params=SimpleNamespace(
            renders=["render r"],
            footage=["footage f"],
            device="cpu",
            provider="CPUExecutionProvider",
            every_frames=2,
            mean=[0, 0, 0],
            std=[2, 1, 1],
        ),
    )
    adapter = repository / "scripts" / "score_detector.py"
    runpy.run_path(str(adapter), init_globals={"snakemake": snakemake})
    table = read_scores(tmp_path / "scores.csv").set_index("label")
    assert table.at["rendered", "clip"] == "render r" and table.at["real", "clip"] == "footage f"
    assert table.at["rendered", "score"] == pytest.approx(200 / 255 / 2, abs=0.02)
    assert table.at["real", "score"] == pytest.approx(100 / 255 / 2, abs=0.02)
    lines = [json.loads(line) for line in (tmp_path / "usage.jsonl").read_text().splitlines()]
    steady = next(line for line in lines if line["phase"] == "steady")
    assert steady["work"] == {"frames": 4} and steady["backend"] == "net"
