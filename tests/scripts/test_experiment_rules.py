"""The adapters of the experiments' rules pass every setting on."""

import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mythmeter.usage.record import UsageRecord

RULES = ("speak_script", "swap_faces", "plan_render", "drive_lips", "sync_lips", "composite")


@pytest.fixture
def run(repository, tmp_path):
    """Run the adapter of a rule as Snakemake would, without Snakemake."""

    def run_adapter(rule, output, *, wildcards=None, **attributes):
        job = SimpleNamespace(
            rule=rule,
            log=str(tmp_path / "logs" / f"{rule}.log"),
            threads=1,
            resources=SimpleNamespace(gpu=0),
            wildcards=SimpleNamespace(**(wildcards or {})),
            output=SimpleNamespace(
                table=str(tmp_path / f"{output}.parquet"),
                csv=str(tmp_path / f"{output}.csv"),
                jobs=str(tmp_path / f"{output}.usage.parquet"),
            ),
            **{"input": SimpleNamespace(), "params": SimpleNamespace(), **attributes},
        )
        runpy.run_path(str(repository / "scripts" / f"{rule}.py"), init_globals={"snakemake": job})
        return pd.read_parquet(tmp_path / f"{output}.parquet")

    return run_adapter


@pytest.fixture
def written(tmp_path):
    """Write the usage record of a job that does next to nothing."""

    def write(rule, **wildcards):
        record = UsageRecord(rule, wildcards)
        with record.phase("steady"):
            sum(range(10**4))
        path = tmp_path / "usage" / rule / f"{'-'.join(wildcards.values())}.jsonl"
        record.write(path)
        return str(path)

    return write


def timeline(path: Path, frames: int) -> str:
    table = pa.table({"frame": [0]})
    pq.write_table(table.replace_schema_metadata({"rate": "25/1", "frames": str(frames)}), path)
    return str(path)


def test_measure_lengths_takes_each_render_by_its_name(run, written, tmp_path):
    table = run(
        "measure_lengths",
        "length",
        input=SimpleNamespace(
            records=[written(rule, render=name) for name in ("b", "a") for rule in RULES],
            shared=[written("enrol_voice", person="ada")],
            timelines=[timeline(tmp_path / "b.parquet", 50), timeline(tmp_path / "a.parquet", 25)],
        ),
        params=SimpleNamespace(renders=["b", "a"], source="make experiments (length.yaml)"),
    )
    own = table[table["scope"] == "render"]
    assert dict(zip(own["render"], own["output_s"], strict=True)) == {"a": 1.0, "b": 2.0}
    assert set(table["source"]) == {"make experiments (length.yaml)"}


def test_measure_batch_and_measure_users_keep_batches_apart(run, written, tmp_path):
    shared = [written("enrol_voice", person="ada")]
    params = SimpleNamespace(gpus=3, source="x")
    batches = []
    for k in (2, 1):
        records = [
            written(rule, render=f"users-{k}-{i}") for i in range(1, k + 1) for rule in RULES
        ]
        # All records here are of this one process, which began before the shared work ended.
        for path in records:
            lines = [json.loads(line) for line in Path(path).read_text().splitlines()]
            lines[-1]["process_started_at"] = lines[0]["started_at"]
            Path(path).write_text("".join(json.dumps(line) + "\n" for line in lines))
        rows = run(
            "measure_batch",
            f"users-{k}",
            wildcards={"batch": str(k)},
            input=SimpleNamespace(records=records, shared=shared),
            params=params,
        )
        assert set(rows["batch"]) == {k}
        assert set(rows["gpus"]) == {3}
        kept = pd.read_parquet(tmp_path / f"users-{k}.usage.parquet")
        assert set(kept["job"]) == set(rows["job"])
        batches.append(str(tmp_path / f"users-{k}.parquet"))
    table = run("measure_users", "users", input=SimpleNamespace(batches=batches))
    assert list(dict.fromkeys(table["batch"])) == [1, 2]
    assert len(table) == 3 * len(RULES)


def test_measure_ablation_lists_what_was_skipped_with_its_reason(run, tmp_path):
    facts = {
        "name": "detect",
        "stage": "faces",
        "base": "1",
        "changed": "5",
        "unit": "48 frames",
        "base_seconds": {"wall_s": [2.0, 4.0, 2.0], "cpu_s": [2.0, 2.0, 2.0]},
        "changed_seconds": {"wall_s": [1.0, 1.0, 3.0], "cpu_s": [1.0, 1.0, 1.0]},
        "quality": {
            "metric": "landmark_drift",
            "unit": "px",
            "base": 0.0,
            "changed": 0.4,
            "method": "m",
        },
        "machine": {"processor": "Test CPU", "logical_cores": 2},
        "device": "cpu",
    }
    (tmp_path / "detect.json").write_text(json.dumps(facts))
    skipped = {"name": "compiled", "stage": "swap", "base": "eager", "changed": "compiled"}
    table = run(
        "measure_ablation",
        "ablation",
        input=SimpleNamespace(measured=[str(tmp_path / "detect.json")]),
        params=SimpleNamespace(skipped=[skipped | {"skipped": "takes too long"}], source="x"),
    ).set_index("variant")
    measured, missing = table.loc["detect"], table.loc["compiled"]
    assert (measured["base_s"], measured["variant_s"], measured["speed_ratio"]) == (2.0, 1.0, 2.0)
    assert list(measured["variant_each_s"]) == [1.0, 1.0, 3.0]
    assert measured["n"] == 3
    assert pd.isna(measured["reason"])
    assert (missing["n"], missing["reason"]) == (0, "takes too long")
    assert pd.isna(missing["speed_ratio"])
