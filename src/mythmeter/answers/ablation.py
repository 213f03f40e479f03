"""Rule measure_ablation: all variants as one table; those not measured say why."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.answers.outputs import read_json
from mythmeter.answers.sample import summarise
from mythmeter.answers.tables import write_table
from mythmeter.usage.record import machine

COLUMNS = (
    "variant",
    "stage",
    "base",
    "changed",
    "unit",
    "base_s",
    "variant_s",
    "speed_ratio",
    "base_cpu_s",
    "variant_cpu_s",
    "cpu_ratio",
    "base_each_s",
    "variant_each_s",
    "base_cpu_each_s",
    "variant_cpu_each_s",
    "quality_metric",
    "quality_unit",
    "base_quality",
    "variant_quality",
    "quality_method",
    "reason",
    "device",
    "processor",
    "logical_cores",
    "n",
    "source",
)


def measure_ablation(
    measured: Sequence[Path],
    skipped: Sequence[Mapping[str, Any]],
    *,
    source: str,
    parquet: Path,
    csv: Path,
) -> None:
    """Write the table.

    Args:
        measured: `<variant>.json` of each variant that was run.
        skipped: the others, as rows of ablation.tsv.
        source: what reproduces the table.
        parquet, csv: written.
    """
    rows = [measured_row(read_json(path)) for path in measured]
    rows += [skipped_row(variant) for variant in skipped]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).assign(source=source)
    write_table(table, parquet, csv)


def measured_row(facts: Mapping[str, Any]) -> dict[str, Any]:
    """One variant: medians over the repeats, and how often faster the variant is.

    `speed_ratio` is base over variant, so above 1 the variant is faster; `cpu_ratio` the same of
    the processor's seconds, which are the cost where a CPU does the work.
    """
    base, changed, quality = facts["base_seconds"], facts["changed_seconds"], facts["quality"]
    base_s, variant_s = (summarise(s["wall_s"]).median for s in (base, changed))
    base_cpu_s, variant_cpu_s = (summarise(s["cpu_s"]).median for s in (base, changed))
    return {
        "variant": facts["name"],
        **{key: facts[key] for key in ("stage", "base", "changed", "unit", "device")},
        "base_s": base_s,
        "variant_s": variant_s,
        "speed_ratio": _ratio(base_s, variant_s),
        "base_cpu_s": base_cpu_s,
        "variant_cpu_s": variant_cpu_s,
        "cpu_ratio": _ratio(base_cpu_s, variant_cpu_s),
        "base_each_s": base["wall_s"],
        "variant_each_s": changed["wall_s"],
        "base_cpu_each_s": base["cpu_s"],
        "variant_cpu_each_s": changed["cpu_s"],
        "quality_metric": quality["metric"],
        "quality_unit": quality["unit"],
        "base_quality": quality["base"],
        "variant_quality": quality["changed"],
        "quality_method": quality["method"],
        "reason": None,
        "processor": facts["machine"]["processor"],
        "logical_cores": facts["machine"]["logical_cores"],
        "n": len(base["wall_s"]),
    }


def skipped_row(variant: Mapping[str, Any]) -> dict[str, Any]:
    """A variant that was not measured: nothing but its name and the reason."""
    here = machine()
    return {
        "variant": variant["name"],
        **{key: variant[key] for key in ("stage", "base", "changed")},
        "reason": variant["skipped"],
        "processor": here["processor"],
        "logical_cores": here["logical_cores"],
        "n": 0,
    }


def _ratio(base: float | None, variant: float | None) -> float | None:
    return base / variant if base and variant else None
