import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mythmeter.answers.machines import gather_machines
from mythmeter.errors import UsageError
from mythmeter.usage.columns import COLUMNS
from mythmeter.usage.export import export_records
from mythmeter.usage.record import UsageRecord
from mythmeter.usage.table import gather


@pytest.fixture
def project(tmp_path):
    """A finished run of 2 s, and the same run as the set of a machine that is called t4."""
    results = tmp_path / "results"
    record = UsageRecord("track_faces", {"clip": "x"})
    with record.phase("steady", frames=2):
        pass
    record.write(results / "usage" / "track_faces" / "x.jsonl")
    gather(results.rglob("*.jsonl"), results / "profile" / "usage.parquet")
    (results / "profile" / "scope.json").write_text(json.dumps({"output_s": 4.0, "renders": 3}))
    export_records(results, tmp_path / "records" / "t4", label="Tesla")
    timeline = pa.table({"frame": [0]}).replace_schema_metadata({"rate": "25/1", "frames": "50"})
    pq.write_table(timeline, tmp_path / "timeline.parquet")
    return tmp_path


def gathered(project):
    gather_machines(
        usage=project / "results" / "profile" / "usage.parquet",
        timelines=[project / "timeline.parquet"],
        records=project / "records",
        output=project / "machines.parquet",
    )
    return pd.read_parquet(project / "machines.parquet")


def test_every_machine_has_its_rows_and_its_seconds_of_output(project):
    table = gathered(project)
    assert list(table.columns) == [*COLUMNS, "label", "output_s", "renders"]
    facts = table.groupby("machine")[["label", "output_s", "renders", "host"]].first()
    assert facts.loc["here", ["output_s", "renders"]].tolist() == [2.0, 1]
    assert facts.loc["t4"].tolist() == ["Tesla", 4.0, 3, "Tesla"]
    assert len(table) == 4
    assert str(table["started_at"].dtype).startswith("datetime64")


def test_a_record_of_version_1_in_a_set_is_read_too(project):
    (path,) = (project / "records").rglob("*.jsonl")
    keep = {"rule", "wildcards", "phase", "started_at", "start_s", "wall_s", "work", "machine"}
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    old = [{k: v for k, v in line.items() if k in keep} | {"record_version": 1} for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in old))
    table = gathered(project)
    assert set(table["record_version"]) == {1, 2}
    reasons = json.loads(table[table["machine"] == "t4"]["null_reasons"].iloc[0])
    assert "version 1" in reasons["gpu_util_mean"]


def test_without_sets_the_table_is_this_runs_own(project):
    (project / "records").rename(project / "elsewhere")
    assert set(gathered(project)["machine"]) == {"here"}


def test_a_damaged_set_stops_with_the_file_and_leaves_no_table(project):
    (path,) = (project / "records").rglob("*.jsonl")
    path.write_text(path.read_text().replace('"record_version": 2', '"record_version": 3'))
    with pytest.raises(UsageError, match=r"x\.jsonl, line 1: usage record of version 3"):
        gathered(project)
    assert not (project / "machines.parquet").exists()
