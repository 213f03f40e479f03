"""The adapter of rule sync_lips takes its chunk from the wildcard."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest
from talking_faces import babble, write_clip, write_timeline, write_words
from wav2lip_checkpoint import write_checkpoint

from mythmeter.faces.table import read_crops
from mythmeter.lips.drive import DriveSettings, drive_lips
from mythmeter.media.decode import count_frames
from mythmeter.usage.record import UsageRecord


@pytest.fixture
def job(tmp_path: Path) -> SimpleNamespace:
    person = write_clip(tmp_path / "person", babble(60, 1))
    swap = write_clip(tmp_path / "swap", babble(6, 3))
    timeline = write_timeline(tmp_path / "timeline.parquet", [0, 1, 2, 3, 4, 5, 4, 3], chunks=2)
    drive_lips(
        crops=[person.table],
        heard=[person.speech],
        clips=["p.a"],
        speech=person.speech,
        words=write_words(tmp_path / "words.json", [(0.0, 9.0, [])]),
        timeline=timeline,
        output=tmp_path / "drive.parquet",
        settings=DriveSettings(),
        record=UsageRecord("drive_lips", {}),
    )
    return SimpleNamespace(
        rule="sync_lips",
        input=SimpleNamespace(
            drive=[str(tmp_path / "drive.parquet")],
            speech=[],
            weights=[],
            timeline=str(timeline),
            swap=str(swap.video),
            swap_points=str(swap.table),
            crops=[str(person.video)],
            crop_points=[str(person.table)],
        ),
        output=SimpleNamespace(
            video=str(tmp_path / "out" / "2-of-2.mkv"),
            table=str(tmp_path / "out" / "2-of-2.parquet"),
            usage=str(tmp_path / "usage.jsonl"),
        ),
        params=SimpleNamespace(device="cpu", syncer="rewrite", supplied=None),
        wildcards=Wildcards(render="demo", scatteritem="2-of-2"),
        threads=1,
        resources=SimpleNamespace(gpu=1),
        log=str(tmp_path / "job.log"),
    )


class Wildcards(SimpleNamespace):
    """Wildcards by attribute and as items, as Snakemake has them."""

    def items(self):
        return vars(self).items()


def run(repository: Path, job: SimpleNamespace) -> None:
    runpy.run_path(str(repository / "scripts" / "sync_lips.py"), init_globals={"snakemake": job})


def test_the_second_chunk_holds_the_second_half(job: SimpleNamespace, repository: Path) -> None:
    run(repository, job)
    table = read_crops(Path(job.output.table))
    assert table.frame.tolist() == [4, 5, 6, 7]
    assert count_frames(Path(job.output.video)) == 4
    lines = [json.loads(line) for line in Path(job.output.usage).read_text().splitlines()]
    assert [line["phase"] for line in lines] == ["import", "model_load", "steady", "other"]
    assert lines[2]["backend"] == "rewrite"


def test_an_unknown_syncer_ends_with_one_message_and_exit_code_1(
    job: SimpleNamespace, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    job.params.syncer = "wave"
    with pytest.raises(SystemExit) as caught:
        run(repository, job)
    assert caught.value.code == 1
    assert (
        "lips.syncer: 'wave' is not a syncer. Known: rewrite, wav2lip." in capsys.readouterr().err
    )
    assert not Path(job.output.video).exists()


def test_wav2lip_needs_no_drive_and_says_what_it_ran(
    job: SimpleNamespace, repository: Path, tmp_path: Path
) -> None:
    settings = {"batch_frames": 3, "precision": "auto", "shift_s": 0.0, "licence": "non-commercial"}
    job.params = SimpleNamespace(device="cpu", syncer="wav2lip", supplied=settings)
    job.input.drive = []
    job.input.speech = [str(tmp_path / "person" / "speech_16k.wav")]
    job.input.weights = [str(write_checkpoint(tmp_path / "wav2lip.pth"))]
    run(repository, job)
    table = read_crops(Path(job.output.table))
    assert table.frame.tolist() == [4, 5, 6, 7] and table.present.all()
    assert count_frames(Path(job.output.video)) == 4
    steady = json.loads(Path(job.output.usage).read_text().splitlines()[2])
    assert (steady["backend"], steady["precision"], steady["batch"]) == ("wav2lip", "float32", 3)
    assert "wav2lip.pth on cpu, float32, non-commercial" in Path(job.log).read_text()


def test_a_file_that_is_no_checkpoint_ends_with_one_message(
    job: SimpleNamespace, repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"batch_frames": 3, "precision": "auto", "shift_s": 0.0, "licence": "non-commercial"}
    job.params = SimpleNamespace(device="cpu", syncer="wav2lip", supplied=settings)
    job.input.speech = [str(tmp_path / "person" / "speech_16k.wav")]
    job.input.weights = [str(tmp_path / "wav2lip.pth")]
    (tmp_path / "wav2lip.pth").write_bytes(b"no weights")
    with pytest.raises(SystemExit) as caught:
        run(repository, job)
    assert caught.value.code == 1
    assert "wav2lip.pth: is not a checkpoint of Wav2Lip" in capsys.readouterr().err
    assert not Path(job.output.video).exists()
