import base64
import os
from pathlib import Path

import pandas as pd
import pytest

from mythmeter.people.forget import derived_from, logs_about, remove

OF_JANE = (
    "clips/jane.a/clip.mp4",
    "clips/jane.a/faces.parquet",
    "swap/jane/model.safetensors",
    "voice/jane/reference.wav",
    "consent/jane.json",
    "consent/jane.face.json",
    "usage/track_faces/jane.a.jsonl",
    "logs/enrol_voice/jane.log",
    "swap/hello/faces.mkv",
    "voice/hello/speech.wav",
    "lips/hello/1-of-2.mkv",
    "render/hello/1-of-2.mp4",
    "renders/hello.mp4",
    "renders/hello.unverified.mp4",
    "quality/hello.json",
    "usage/sync_lips/hello/1-of-2.jsonl",
    "profile/usage.parquet",
)
OF_OTHERS = (
    "clips/jane-ann.a/clip.mp4",
    "clips/scene/clip.mp4",
    "swap/hello2/faces.mkv",
    "renders/hello2.mp4",
    "consent/jane-ann.json",
    "usage/track_faces/scene.jsonl",
)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in (*OF_JANE, *OF_OTHERS):
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"0123456789")
    (tmp_path / "consent").mkdir()
    for name in ("jane.json", "jane.likeness.json", "jane.renders.jsonl"):
        (tmp_path / "consent" / name).write_text("{}")
    return tmp_path / "results"


def test_the_pages_that_show_the_person_go_too(results: Path) -> None:
    reports = results.parent / "reports"
    reports.mkdir()
    for name in ("report", "quality", "training", "answers", "snakemake", "mine"):
        (reports / f"{name}.html").write_text("a face")
    remove(listed(results))
    assert [page.name for page in reports.iterdir()] == ["mine.html"]


def test_tables_of_experiments_go_where_they_name_the_person(results: Path) -> None:
    tables = results / "experiments"
    (tables / "users").mkdir(parents=True)
    for name, pair in (("training", "jane on stage"), ("users/2", "mary-jane on stage")):
        frame = pd.DataFrame({"pair": [pair], "seconds": [3.0]})
        frame.to_parquet(tables / f"{name}.parquet")
        frame.to_csv(tables / f"{name}.csv")
    (tables / "cut_off.parquet").write_bytes(b"PAR1\xff jane on stage")
    remove(listed(results))
    left = sorted(str(path.relative_to(tables)) for path in tables.rglob("*.*"))
    assert left == ["users/2.csv", "users/2.parquet"]


def listed(results: Path) -> list[Path]:
    record = results.parent / "consent" / "jane.json"
    return derived_from("jane", ["hello"], results, results.parent / "reports", record)


def test_everything_of_the_person_goes_and_nothing_of_anybody_else(results: Path) -> None:
    removed = remove(listed(results))
    left = {str(p.relative_to(results)) for p in results.rglob("*") if p.is_file()}
    assert left == set(OF_OTHERS)
    assert sum(entry.files for entry in removed) == len(OF_JANE) + 1
    assert sum(entry.bytes for entry in removed) == 10 * len(OF_JANE) + 2
    kept = {path.name for path in (results.parent / "consent").iterdir()}
    assert kept == {"jane.json", "jane.renders.jsonl"}
    assert listed(results) == []


def test_a_link_goes_and_what_it_points_to_stays(results: Path) -> None:
    precious = results.parent / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    (results / "clips" / "jane.b").symlink_to(precious)
    (results / "clips" / "jane.a" / "note").symlink_to(precious / "letter.txt")
    remove(listed(results))
    assert (precious / "letter.txt").read_text() == "dear"
    assert not os.path.lexists(results / "clips" / "jane.b")


def test_what_snakemake_remembers_of_the_files_goes_too(results: Path, tmp_path: Path) -> None:
    state = tmp_path / ".snakemake"
    speech, scene = results / "voice/hello/speech.wav", results / "clips/scene/clip.mp4"
    for file in (speech, scene):
        path = state / "metadata" / base64.urlsafe_b64encode(str(file).encode()).decode()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"params": ["the script"]}')
    (state / "log").mkdir()
    (state / "log" / "1.snakemake.log").write_text(f"{results}/x wildcards: render=hello")
    (state / "log" / "2.snakemake.log").write_text(f"{results}/x wildcards: clip=scene")
    (state / "log" / "3.snakemake.log").write_text("elsewhere/x wildcards: person=jane")
    logs = logs_about(state, ["jane", "hello"], results)
    assert [path.name for path in logs] == ["1.snakemake.log"]
    remove([*listed(results), *logs], state)
    assert len(list((state / "metadata").iterdir())) == 1
