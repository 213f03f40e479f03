"""The adapter of rule generate_person passes the recipe and every file on."""

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mythmeter.errors import FaceError
from mythmeter.persona import generate


@pytest.fixture
def job(tmp_path: Path) -> SimpleNamespace:
    return SimpleNamespace(
        rule="generate_person",
        input=SimpleNamespace(models=["one.tgz", "two.tflite"]),
        output=SimpleNamespace(
            video=str(tmp_path / "ada.mp4"),
            consent=str(tmp_path / "consent.json"),
            usage=str(tmp_path / "usage.jsonl"),
        ),
        params=SimpleNamespace(
            assets=("makehuman", "face_mesh"),
            recipe={"seed": 7},
            clip="ada.a",
            languages=["en"],
        ),
        wildcards=SimpleNamespace(person="ada"),
        threads=2,
        resources=SimpleNamespace(),
        log=str(tmp_path / "job.log"),
    )


def run(job: SimpleNamespace, repository: Path) -> None:
    runpy.run_path(
        str(repository / "scripts" / "generate_person.py"), init_globals={"snakemake": job}
    )


def test_the_recipe_and_the_files_reach_the_package(
    job: SimpleNamespace, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = []
    monkeypatch.setattr(generate, "generate_person", lambda *a, **k: calls.append((a, k)))
    run(job, repository)
    ((person, clip, recipe, models, video, consent), options) = calls[0]
    assert (person, clip, recipe) == ("ada", "ada.a", {"seed": 7})
    assert models == {"makehuman": Path("one.tgz"), "face_mesh": Path("two.tflite")}
    assert (video, consent) == (Path(job.output.video), Path(job.output.consent))
    assert options["languages"] == ["en"]
    assert options["threads"] == 2
    assert Path(job.output.usage).is_file()


def test_someone_recognisable_ends_with_one_message_and_exit_code_1(
    job: SimpleNamespace,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise FaceError("ada looks like the portrait james")

    monkeypatch.setattr(generate, "generate_person", refuse)
    with pytest.raises(SystemExit) as caught:
        run(job, repository)
    assert caught.value.code == 1
    assert "ada looks like the portrait james" in capsys.readouterr().err
