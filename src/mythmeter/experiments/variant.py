"""Rule measure_variant: one variant measured and written down, repeat by repeat."""

import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from mythmeter.atomic import replacing
from mythmeter.config.variants import Variant
from mythmeter.errors import ConfigError
from mythmeter.experiments.bench import Bench, compare
from mythmeter.experiments.files import Material, Scale
from mythmeter.usage.record import UsageRecord, machine

FAMILIES = {
    "detection": "mythmeter.experiments.detection:Detection",
    "drawing_batch": "mythmeter.experiments.drawing:Batch",
    "training_precision": "mythmeter.experiments.training:Precision",
    "training_threads": "mythmeter.experiments.training:Threads",
    "training_compilation": "mythmeter.experiments.training:Compilation",
    "speaking_threads": "mythmeter.experiments.speaking:Threads",
    "speaking_loading": "mythmeter.experiments.speaking:Loading",
    "pictures": "mythmeter.experiments.pictures:Pictures",
}
"""Pieces of stages by the name that ablation.tsv calls them; imported when they are run."""


def measure_variant(
    variant: Variant,
    material: Material,
    scale: Scale,
    *,
    repeats: int,
    out: Path,
    record: UsageRecord,
) -> None:
    """Measure a variant and write `<variant>.json`: seconds of each repeat, and the quality.

    Raises:
        ConfigError: nothing here runs its family, or the family does not know a setting.
    """
    record.backend = variant.family
    with record.phase("model_load"):
        bench = _family(variant)(material, scale)
    with record.phase("steady", repeats=repeats):
        measured = compare(bench, variant.base, variant.changed, repeats)
    facts = {
        **asdict(variant),
        "unit": bench.unit,
        "base_seconds": asdict(measured.base),
        "changed_seconds": asdict(measured.changed),
        "quality": asdict(measured.quality),
        "machine": machine(),
        "device": record.device.kind,
        "threads": scale.threads,
    }
    with replacing(out) as partial:
        partial.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _family(variant: Variant) -> Any:
    if variant.family not in FAMILIES:
        raise ConfigError(
            f"Variant {variant.name}: nothing runs the family {variant.family} yet. Say in the "
            "column `skipped` why it is not measured."
        )
    module, _, name = FAMILIES[variant.family].partition(":")
    found: type[Bench] = getattr(import_module(module), name)
    return found
