"""Rule measure_lengths: what each stage costs for renders of several lengths.

What is done once for a person and a target, however long the render, stands in rows of its own.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from mythmeter.answers.cost import gpu_slot_seconds, stage_costs
from mythmeter.answers.outputs import output_seconds
from mythmeter.answers.stages import stage_of
from mythmeter.answers.tables import write_table
from mythmeter.errors import AnswerError
from mythmeter.usage.table import read_records

WHOLE = "whole"
"""Stage of the rows that sum all stages of a render."""

COLUMNS = (
    "render",
    "scope",
    "output_s",
    "stage",
    "cpu_s",
    "wall_s",
    "warm_cpu_s",
    "warm_wall_s",
    "gpu_slot_s",
    "peak_rss_bytes",
    "jobs",
    "device",
    "processor",
    "logical_cores",
    "n",
    "source",
)


def measure_lengths(
    renders: Sequence[str],
    timelines: Sequence[Path],
    records: Sequence[Path],
    shared: Sequence[Path],
    *,
    source: str,
    parquet: Path,
    csv: Path,
) -> None:
    """Write the table.

    Args:
        renders: names of the renders.
        timelines: `timeline.parquet` of each, in the same order.
        records: usage records of the renders' own jobs.
        shared: usage records of what is done once.
        source: what reproduces the table.
        parquet, csv: written.
    """
    usage = read_records(records)
    of_render = usage["wildcards"].map(lambda text: json.loads(text)["render"])
    output_s = {
        name: output_seconds([timeline]) for name, timeline in zip(renders, timelines, strict=True)
    }
    table = length_table(
        {name: usage[of_render == name] for name in renders}, output_s, read_records(shared), source
    )
    write_table(table, parquet, csv)


def length_table(
    usage: Mapping[str, pd.DataFrame],
    output_s: Mapping[str, float],
    shared: pd.DataFrame,
    source: str,
) -> pd.DataFrame:
    """Return a row for each render and stage, one for the whole render, and the fixed rows.

    `cpu_s` and `wall_s` are cold (imports and model loads included), `warm_…` the steady phases.
    `gpu_slot_s` is how long GPU slots were held; rows of scope `shared` have no `output_s`.

    Raises:
        AnswerError: fewer than two renders, of which nothing follows about length.
    """
    if len(usage) < 2:
        raise AnswerError(
            f"The experiment on length needs renders of two lengths at least, and has {len(usage)}."
            " Add rows to its sheet."
        )
    parts = []
    for name in sorted(usage, key=lambda render: output_s[render]):
        parts.append(_stages(usage[name]).assign(render=name, scope="render"))
        parts[-1]["output_s"] = output_s[name]
    parts.append(_stages(shared).assign(render=None, scope="shared", output_s=float("nan")))
    table = pd.concat(parts, ignore_index=True).assign(n=1, source=source)
    return table[list(COLUMNS)]


def _stages(usage: pd.DataFrame) -> pd.DataFrame:
    """Seconds and memory by stage, and of all stages together."""
    of_stage = usage["rule"].map(stage_of)
    table = stage_costs(usage, output_s=1.0)
    table["gpu_slot_s"] = [gpu_slot_seconds(usage[of_stage == stage]) for stage in table["stage"]]
    seconds = ["cpu_s", "wall_s", "warm_cpu_s", "warm_wall_s", "gpu_slot_s", "jobs"]
    whole = table[seconds].sum().to_dict() | {
        "stage": WHOLE,
        "peak_rss_bytes": table["peak_rss_bytes"].max(),
    }
    table = pd.concat([table, pd.DataFrame([whole])], ignore_index=True)
    return table.assign(
        jobs=table["jobs"].astype(int),
        device=" and ".join(sorted(set(usage["device"]))),
        processor=usage["processor"].iloc[0],
        logical_cores=int(usage["logical_cores"].iloc[0]),
    )
