"""A complete tiny run with inputs and results in a bucket: MYTHMETER_BUCKET=1, many minutes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import workflow.conftest as tiny
from contract.servers import PLUGINS, Moto, cloud_environment

REPOSITORY = Path(__file__).parents[2]
MODELS = REPOSITORY / "resources" / "models"
BUCKET, PREFIX = "whole", "run"

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(
        os.environ.get("MYTHMETER_BUCKET") != "1", reason="takes many minutes: MYTHMETER_BUCKET=1"
    ),
    pytest.mark.skipif(not tiny.MEDIA.is_dir(), reason=f"no shared media at {tiny.MEDIA}"),
]


def checkout(folder: Path) -> Path:
    """A copy of the files that git tracks or would: paths in a bucket are relative to it."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    shutil.copytree(PLUGINS, folder / ".executors" / "cloud", symlinks=True)
    return folder


@pytest.fixture(scope="module")
def finished(moto: Moto, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[str]]:
    """The checkout after the run, and what the bucket holds."""
    root = tmp_path_factory.mktemp("whole")
    folder = checkout(root / "checkout")
    clips = folder / "tiny" / "clips"
    clips.mkdir(parents=True)
    for clip in tiny.MEDIA.glob("grid_*.mpg"):
        shutil.copy(clip, clips)
    project = tiny.grid_project(folder / "tiny", clips)
    project.change(paths__bucket=f"s3://{BUCKET}/{PREFIX}")
    moto.make_bucket(BUCKET)
    for path in [*(folder / "tiny").rglob("*"), *(folder / "config").glob("*.csv")]:
        if path.is_file():
            moto.put(BUCKET, f"{PREFIX}/{path.relative_to(folder)}", path.read_bytes())
    for model in (path for path in MODELS.glob("*.*") if path.is_file()):
        moto.put(BUCKET, f"{PREFIX}/resources/models/{model.name}", model.read_bytes())
    shutil.rmtree(clips)
    # The plugins' folder is left for `mythmeter run` to find.
    environment = {
        **cloud_environment(moto.endpoint),
        "PYTHONPATH": str(folder / "src"),
        "XDG_CONFIG_HOME": str(root / "home"),
    }
    command = [sys.executable, "-m", "mythmeter.cli"]
    subprocess.run([*command, "keys", "init"], env=environment, cwd=folder, check=True)
    done = subprocess.run(
        [*command, "run", "--configfile", "tiny/config.yaml", "--", "--cores", "2"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return folder, moto.keys(BUCKET)


def test_a_whole_run_ends_with_its_files_in_the_bucket_and_none_here(
    finished: tuple[Path, set[str]],
) -> None:
    folder, keys = finished
    below = f"{PREFIX}/tiny"
    for name in ("renders/walk.mp4", "renders/walk.receipt.json", "quality/walk.json"):
        assert f"{below}/results/{name}" in keys
    assert {f"{below}/reports/report.html", f"{below}/reports/answers.html"} <= keys
    left = [path for path in (folder / "tiny").rglob("*") if path.suffix in (".mp4", ".html")]
    assert left == []


def test_the_render_in_the_bucket_is_the_one_of_its_receipt(
    finished: tuple[Path, set[str]], moto: Moto, tmp_path: Path
) -> None:
    for name in ("walk.mp4", "walk.receipt.json"):
        (tmp_path / name).write_bytes(moto.get(BUCKET, f"{PREFIX}/tiny/results/renders/{name}"))
    decoder = REPOSITORY / "resources" / "models" / "rivagan_decoder.onnx"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mythmeter.cli", "verify", "walk.mp4"),
            *("--receipt", "walk.receipt.json", "--decoder", str(decoder)),
        ],
        cwd=tmp_path,
        env={**os.environ, "XDG_CONFIG_HOME": str(finished[0].parent / "home")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
