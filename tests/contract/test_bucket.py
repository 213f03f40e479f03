"""The real workflow with inputs and results in a bucket: one key of the configuration names it."""

import json
import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg
import pytest
from contract.servers import Moto, cloud_environment

REPOSITORY = Path(__file__).parents[2]
BUCKET, PREFIX = "mine", "run"
FOOTAGE = {"tiny": {"path": "clips/tiny.mp4", "licence": "made by this test"}}


def snakemake(moto: Moto, storage: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    config = storage.with_suffix(".yaml")
    config.write_text(f"paths: {{bucket: s3://{BUCKET}/{PREFIX}}}\n")
    return subprocess.run(
        [
            *(sys.executable, "-m", "mythmeter.cli", "run", "--configfile", str(config), "--"),
            *("--nolock", "--cores", "1", "--retries", "0"),
            *("--local-storage-prefix", str(storage)),
            *("--config", "device=cpu", f"footage={json.dumps(FOOTAGE)}"),
            *arguments,
        ],
        cwd=REPOSITORY,
        env=cloud_environment(moto.endpoint),
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def bucket(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a bucket holds after a clip in it was made uniform; the clip lies nowhere else."""
    folder = tmp_path_factory.mktemp("bucket")
    clip = folder / "tiny.mp4"
    source = "testsrc2=size=320x240:rate=25:duration=1"
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", source]
    subprocess.run([*ffmpeg, str(clip)], check=True)
    moto.make_bucket(BUCKET)
    moto.put(BUCKET, f"{PREFIX}/clips/tiny.mp4", clip.read_bytes())
    done = snakemake(moto, folder / "storage", "--", "results/clips/tiny/clip.mp4")
    assert done.returncode == 0, done.stdout + done.stderr
    return moto.keys(BUCKET)


def test_results_and_usage_records_lie_in_the_bucket_and_nowhere_else(bucket: set[str]) -> None:
    assert f"{PREFIX}/results/clips/tiny/clip.mp4" in bucket
    assert f"{PREFIX}/results/usage/normalise_clip/tiny.jsonl" in bucket
    assert f"{PREFIX}/results/logs/normalise_clip/tiny.log" in bucket
    assert not (REPOSITORY / "results" / "clips" / "tiny").exists()


def test_the_whole_example_can_be_planned_in_a_bucket(
    bucket: set[str], moto: Moto, tmp_path: Path
) -> None:
    """No rule lists a folder or expands a path that is not here."""
    tables = ("prices", "gpus", "market")
    for name in ("config/footage/langer.json", *(f"config/{table}.csv" for table in tables)):
        moto.put(BUCKET, f"{PREFIX}/{name}", (REPOSITORY / name).read_bytes())
    planned = snakemake(moto, tmp_path / "storage", "--dry-run", "--quiet", "reason")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert "write_report" in planned.stdout + planned.stderr
