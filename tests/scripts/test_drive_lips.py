"""The adapter of rule drive_lips tells clips with sound from clips without."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from talking_faces import babble, write_clip, write_timeline, write_words

from mythmeter.lips.table import read_drive


@pytest.fixture
def job(tmp_path: Path) -> SimpleNamespace:
    mute = write_clip(tmp_path / "mute", babble(60, 1), pictures=False)
    talk = write_clip(tmp_path / "talk", babble(80, 2), pictures=False)
    return SimpleNamespace(
        rule="drive_lips",
        input=SimpleNamespace(
            crops=[str(mute.table), str(talk.table)],
            heard=[str(talk.speech)],
            speech=str(talk.speech),
            words=str(write_words(tmp_path / "words.json", [(0.0, 9.0, [])])),
            timeline=str(write_timeline(tmp_path / "timeline.parquet", [0] * 50)),
        ),
        output=SimpleNamespace(
            drive=str(tmp_path / "out" / "drive.parquet"), usage=str(tmp_path / "usage.jsonl")
        ),
        params=SimpleNamespace(
            clips=["p.mute", "p.talk"],
            heard_clips=["p.talk"],
            gain=1.2,
            viseme_mix=0.4,
            shape_mix=0.6,
            max_units=2000,
        ),
        wildcards={"render": "demo"},
        threads=1,
        resources=SimpleNamespace(),
        log=str(tmp_path / "job.log"),
    )


def run(repository: Path, job: SimpleNamespace) -> None:
    runpy.run_path(str(repository / "scripts" / "drive_lips.py"), init_globals={"snakemake": job})


def test_the_drive_and_its_usage_are_written(job: SimpleNamespace, repository: Path) -> None:
    run(repository, job)
    drive = read_drive(Path(job.output.drive))
    assert drive.frame.tolist() == list(range(50))
    assert drive.clips == ("p.mute", "p.talk")
    lines = [json.loads(line) for line in Path(job.output.usage).read_text().splitlines()]
    assert [line["phase"] for line in lines] == ["import", "model_load", "steady", "other"]
    assert lines[2]["work"] == {"frames": 50}


def test_no_sound_at_all_ends_with_one_message_and_exit_code_1(
    job: SimpleNamespace, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job.input.heard, job.params.heard_clips = [], []
    with pytest.raises(SystemExit) as caught:
        run(repository, job)
    assert caught.value.code == 1
    assert "drive_lips (render=demo): The lips are learnt from" in capsys.readouterr().err
    assert not Path(job.output.drive).exists()
