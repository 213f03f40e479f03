"""The adapter of rule normalise_clip passes every setting on."""

import json
import runpy
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mythmeter.media.decode import frame_size
from mythmeter.media.encode import VideoWriter


@pytest.fixture
def job(tmp_path: Path) -> SimpleNamespace:
    source = tmp_path / "source.mp4"
    with VideoWriter(source, rate=Fraction(25), size=(128, 96), codec="libx264") as writer:
        for grey in range(20):
            writer.write(np.full((96, 128, 3), 10 * grey, np.uint8))
    folder = tmp_path / "clips" / "bob"
    return SimpleNamespace(
        rule="normalise_clip",
        config={"ingest": {"limits_factor": 1.0}},
        input=SimpleNamespace(source=str(source)),
        output=SimpleNamespace(
            clip=str(folder / "clip.mp4"),
            verdict=str(folder / "verdict.json"),
            usage=str(tmp_path / "usage.jsonl"),
        ),
        params=SimpleNamespace(crf=12, max_height=72, keyframe_s=0.2),
        wildcards={"clip": "bob"},
        threads=1,
        resources=SimpleNamespace(),
        log=str(tmp_path / "job.log"),
    )


def test_the_clip_its_verdict_and_its_usage_are_written(
    job: SimpleNamespace, repository: Path
) -> None:
    runpy.run_path(
        str(repository / "scripts" / "normalise_clip.py"), init_globals={"snakemake": job}
    )
    assert frame_size(Path(job.output.clip)) == (96, 72)
    verdict = json.loads(Path(job.output.verdict).read_text())
    assert verdict["made"]["keyframe_interval_frames"] == 5
    usage = [json.loads(line) for line in Path(job.output.usage).read_text().splitlines()]
    steady = next(line for line in usage if line["phase"] == "steady")
    assert steady["work"] == {"frames": 20}


def test_a_bad_clip_ends_with_one_message_and_exit_code_1(
    job: SimpleNamespace, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(job.input.source).write_text("not a video at all")
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(
            str(repository / "scripts" / "normalise_clip.py"), init_globals={"snakemake": job}
        )
    assert caught.value.code == 1
    printed = capsys.readouterr().err.strip()
    assert printed.startswith("normalise_clip (clip=bob): ")
    assert "cannot be read as a video" in printed
    assert not Path(job.output.clip).exists()
    assert not Path(job.output.verdict).exists()
