import json
import socket

import pytest

from mythmeter.cli import main
from mythmeter.errors import UsageError
from mythmeter.usage.claim import Device
from mythmeter.usage.export import export_records
from mythmeter.usage.record import UsageRecord
from mythmeter.usage.record_sets import files_of_sets, read_sets
from mythmeter.usage.table import gather


@pytest.fixture
def results(tmp_path):
    """A finished run of two jobs, and the record of a third that an earlier sheet left behind."""
    folder = tmp_path / "results"
    jobs = {
        "track_faces/maria.one": {"clip": "maria.one"},
        "composite/demo/1-of-2": {"render": "demo", "scatteritem": "1-of-2"},
        "composite/old/1-of-2": {"render": "old", "scatteritem": "1-of-2"},
    }
    paths = []
    for name, wildcards in jobs.items():
        device = Device("cuda", ("GPU-12ab",), "scheduler")
        record = UsageRecord(name.split("/")[0], wildcards, device=device)
        with record.phase("steady", frames=2):
            pass
        paths.append(folder / "usage" / f"{name}.jsonl")
        record.write(paths[-1])
    gather(paths[:2], folder / "profile" / "usage.parquet")
    (folder / "profile" / "scope.json").write_text(json.dumps({"output_s": 8.0, "renders": 1}))
    return folder


def lines_of(folder):
    paths = sorted(folder.rglob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_a_set_is_read_back_as_it_was_exported(results, tmp_path):
    assert export_records(results, tmp_path / "records" / "laptop") == 2
    (one,) = read_sets(tmp_path / "records")
    assert (one.machine, one.label, one.output_s, one.renders) == ("laptop", "laptop", 8.0, 1)
    assert len(one.records) == 2
    assert len(files_of_sets(tmp_path / "records")) == 3


def test_a_set_holds_the_jobs_of_the_run_and_none_of_an_earlier_sheet(results, tmp_path):
    export_records(results, tmp_path / "laptop")
    assert {line["wildcards"].get("render") for line in lines_of(tmp_path / "laptop")} == {
        None,
        "demo",
    }


def test_the_name_of_the_machine_is_not_given_away(results, tmp_path):
    export_records(results, tmp_path / "out", label="laptop")
    assert {line["machine"]["host"] for line in lines_of(tmp_path / "out")} == {"laptop"}
    text = "".join(p.read_text() for p in (tmp_path / "out").rglob("*.json*"))
    assert f'"{socket.gethostname()}"' not in text


def test_an_anonymous_set_names_no_person_render_clip_or_device(results, tmp_path):
    path = results / "usage" / "track_faces" / "maria.one.jsonl"
    path.write_text(path.read_text().replace("NVML cannot", "device GPU-12ab: NVML cannot"))
    export_records(results, tmp_path / "out", anonymous=True)
    files = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    text = "".join(f"{p.relative_to(tmp_path)} {p.read_text()}" for p in files)
    assert not any(name in text for name in ("maria", "demo", "GPU-12ab"))
    wildcards = [line["wildcards"] for line in lines_of(tmp_path / "out")]
    assert {"clip": "clip-1"} in wildcards
    assert {"render": "render-1", "scatteritem": "1-of-2"} in wildcards


def test_what_lies_in_the_way_is_not_touched(results, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not an empty folder"):
        export_records(results, tmp_path / "out")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_a_damaged_record_leaves_no_half_a_set(results, tmp_path):
    path = results / "usage" / "composite" / "demo" / "1-of-2.jsonl"
    path.write_text(path.read_text()[:-30])
    with pytest.raises(UsageError, match=r"1-of-2\.jsonl, line 2"):
        export_records(results, tmp_path / "sets" / "laptop")
    assert not (tmp_path / "sets").exists()


def test_the_command_exports_and_says_what_a_run_that_has_not_finished_lacks(
    results, tmp_path, capsys
):
    assert main(["records", "export", str(results), str(tmp_path / "sets" / "t4")]) == 0
    assert "2 jobs" in capsys.readouterr().out
    assert [one.machine for one in read_sets(tmp_path / "sets")] == ["t4"]
    (results / "profile" / "scope.json").unlink()
    assert main(["records", "export", str(results), str(tmp_path / "other")]) == 1
    said = capsys.readouterr().err
    assert "scope.json" in said
    assert "finished run" in said


RUN = {
    "label": "t4",
    "output_s": 8.0,
    "renders": 1,
    "mythmeter_version": "0.1.0",
    "recorded": "2026-11-30T10:00:00+00:00",
}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Expecting property name"),
        ("[]", "it holds no object"),
        (json.dumps(RUN | {"output_s": float("nan")}), "output_s is nan"),
        (json.dumps(RUN | {"output_s": 0}), "output_s is 0"),
        (json.dumps(RUN | {"renders": True}), "renders is True"),
        (json.dumps(RUN | {"recorded": "yesterday"}), "yesterday"),
        (json.dumps({k: v for k, v in RUN.items() if k != "label"}), "label is None"),
    ],
)
def test_a_damaged_set_is_one_message_that_names_the_file(results, tmp_path, text, said):
    export_records(results, tmp_path / "records" / "t4")
    (tmp_path / "records" / "t4" / "run.json").write_text(text)
    with pytest.raises(UsageError, match=said) as error:
        read_sets(tmp_path / "records")
    assert str(tmp_path / "records" / "t4" / "run.json") in str(error.value)


def test_a_folder_without_records_or_with_this_machines_label_is_no_set(results, tmp_path):
    (tmp_path / "records" / "empty").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"empty/run\.json"):
        read_sets(tmp_path / "records")
    (tmp_path / "records" / "empty" / "run.json").write_text(json.dumps(RUN))
    with pytest.raises(UsageError, match="holds no record"):
        read_sets(tmp_path / "records")
    (tmp_path / "records" / "empty").rename(tmp_path / "records" / "here")
    with pytest.raises(UsageError, match="rename the folder"):
        read_sets(tmp_path / "records")


def test_no_folder_of_sets_is_no_set(tmp_path):
    assert read_sets(tmp_path / "records") == []
    assert files_of_sets(tmp_path / "records") == []
