"""The adapter of rule extract_audio writes both files and passes on who asked."""

import runpy
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from mythmeter.media.encode import VideoWriter


def job(source: Path, folder: Path) -> SimpleNamespace:
    return SimpleNamespace(
        rule="extract_audio",
        config={"ingest": {"limits_factor": 1.0}},
        input=SimpleNamespace(source=str(source)),
        output=SimpleNamespace(
            speech_16k=str(folder / "speech_16k.wav"),
            speech_24k=str(folder / "speech_24k.wav"),
            usage=str(folder / "usage.jsonl"),
        ),
        params=SimpleNamespace(wanted_by=["bob lists it under voice"]),
        wildcards={"clip": "bob.talk"},
        threads=1,
        resources=SimpleNamespace(),
        log=str(folder / "job.log"),
    )


def run(repository: Path, snakemake: SimpleNamespace) -> None:
    script = repository / "scripts" / "extract_audio.py"
    runpy.run_path(str(script), init_globals={"snakemake": snakemake})


def test_both_rates_are_written(media: Path, repository: Path, tmp_path: Path) -> None:
    run(repository, job(media / "grid_lrwp9a.mpg", tmp_path))
    assert soundfile.info(tmp_path / "speech_16k.wav").samplerate == 16000
    assert soundfile.info(tmp_path / "speech_24k.wav").samplerate == 24000
    assert soundfile.info(tmp_path / "speech_24k.wav").duration == pytest.approx(3.0, abs=0.05)


def test_a_silent_clip_says_who_lists_it(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = tmp_path / "silent.mkv"
    with VideoWriter(silent, rate=Fraction(25), size=(64, 64)) as writer:
        for _ in range(3):
            writer.write(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(SystemExit):
        run(repository, job(silent, tmp_path))
    assert "has no sound, but bob lists it under voice" in capsys.readouterr().err
    assert not (tmp_path / "speech_16k.wav").exists()
