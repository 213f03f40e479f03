import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from mythmeter.usage.record import UsageRecord

PRICES = (
    "gpu,gpus,provider,offer,scope,unit,price,currency,date,source,note\n"
    "T4,1,Cloud,small,on demand,hour,0.36,USD,2026-11-01,list,\n"
)


@pytest.fixture
def run(repository, tmp_path):
    """Run the adapter of a rule as Snakemake would, without Snakemake."""

    def run_adapter(rule, **attributes):
        job = SimpleNamespace(
            rule=rule,
            log=str(tmp_path / "logs" / f"{rule}.log"),
            threads=1,
            resources=SimpleNamespace(gpu=0),
            wildcards=SimpleNamespace(**attributes.pop("wildcards", {})),
            **{"params": SimpleNamespace(), **attributes},
        )
        runpy.run_path(str(repository / "scripts" / f"{rule}.py"), init_globals={"snakemake": job})

    return run_adapter


@pytest.fixture
def usage(run, tmp_path):
    records = []
    for rule, gpu in (("track_faces", 0), ("enrol_voice", 1)):
        record = UsageRecord(rule, {"x": "y"}, gpu_granted=gpu)
        with record.phase("steady"):
            sum(range(10**5))
        record.write(tmp_path / f"{rule}.jsonl")
        records.append(str(tmp_path / f"{rule}.jsonl"))
    table = tmp_path / "usage.parquet"
    run(
        "gather_usage",
        input=SimpleNamespace(records=records),
        output=SimpleNamespace(table=str(table)),
    )
    return table


def test_gather_usage_writes_one_table(usage):
    assert set(pd.read_parquet(usage)["rule"]) == {"track_faces", "enrol_voice"}


def test_gather_machines_reads_the_sets_of_its_folder(run, usage, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    timeline = pa.table({"frame": [0]}).replace_schema_metadata({"rate": "25/1", "frames": "50"})
    pq.write_table(timeline, tmp_path / "timeline.parquet")
    record = tmp_path / "records" / "t4" / "usage" / "track_faces.jsonl"
    record.parent.mkdir(parents=True)
    record.write_text((tmp_path / "track_faces.jsonl").read_text())
    facts = {"label": "T4", "output_s": 8.0, "renders": 1, "mythmeter_version": "0.1.0"}
    facts["recorded"] = "2026-12-01T00:00:00+00:00"
    (tmp_path / "records" / "t4" / "run.json").write_text(json.dumps(facts))
    run(
        "gather_machines",
        input=SimpleNamespace(usage=str(usage), timelines=[str(tmp_path / "timeline.parquet")]),
        params=SimpleNamespace(records=str(tmp_path / "records")),
        output=SimpleNamespace(table=str(tmp_path / "machines.parquet")),
    )
    table = pd.read_parquet(tmp_path / "machines.parquet")
    assert dict(zip(table["machine"], table["output_s"], strict=True)) == {"here": 2.0, "t4": 8.0}


def test_draw_charts_writes_every_chart_and_table(run, usage, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    timeline = pa.table({"frame": [0]}).replace_schema_metadata({"rate": "25/1", "frames": "50"})
    pq.write_table(timeline, tmp_path / "timeline.parquet")
    (tmp_path / "prices.csv").write_text(PRICES)
    names = ("cost_per_stage", "gantt", "peak_memory", "price_per_minute")
    charts = [str(tmp_path / f"{name}.svg") for name in names]
    run(
        "draw_charts",
        input=SimpleNamespace(
            usage=str(usage),
            timelines=[str(tmp_path / "timeline.parquet")],
            prices=str(tmp_path / "prices.csv"),
        ),
        output=SimpleNamespace(
            charts=charts,
            stages=str(tmp_path / "stages.csv"),
            prices=str(tmp_path / "bill.csv"),
            scope=str(tmp_path / "scope.json"),
        ),
    )
    scope = json.loads((tmp_path / "scope.json").read_text())
    bill = pd.read_csv(tmp_path / "bill.csv")
    assert scope["output_s"] == 2.0
    assert bill["usd_per_output_min"][0] == pytest.approx(
        0.36 / 3600 * scope["gpu_slot_s"] / 2.0 * 60
    )
    for chart in charts:
        assert "2.0 s of output" in Path(chart).read_text()


def test_fetch_model_takes_the_file_of_its_wildcard(run, tmp_path):
    import hashlib

    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mesh.tflite").write_bytes(b"weights")
    catalogue = {
        "assets": {
            "mesh": {
                "file": "mesh.tflite",
                "sha256": hashlib.sha256(b"weights").hexdigest(),
                "bytes": 7,
                "licence": "Apache-2.0",
                "purpose": "mesh",
                "sources": [{"folder": str(tmp_path / "models")}],
            }
        }
    }
    (tmp_path / "models.yaml").write_text(json.dumps(catalogue))
    run(
        "fetch_model",
        wildcards={"file": "mesh.tflite"},
        params=SimpleNamespace(catalogue=str(tmp_path / "models.yaml")),
        output=SimpleNamespace(model=str(tmp_path / "out.tflite")),
    )
    assert (tmp_path / "out.tflite").read_bytes() == b"weights"
