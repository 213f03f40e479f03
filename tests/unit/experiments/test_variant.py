"""What is measured is written down; what nothing can measure is refused."""

import json
from importlib import import_module
from types import SimpleNamespace

import pytest

from mythmeter.config.variants import Variant
from mythmeter.errors import ConfigError
from mythmeter.experiments import variant as module
from mythmeter.experiments.bench import Quality
from mythmeter.experiments.variant import FAMILIES, measure_variant
from mythmeter.usage.record import UsageRecord

SCALE = SimpleNamespace(threads=2)


class Instant:
    unit = "1 thing"

    def __init__(self, material, scale):
        pass

    def ready(self, setting):
        return lambda: setting

    def quality(self, base, changed):
        return Quality("metric", "px", 0.0, 1.0, f"{base} against {changed}")


def test_each_repeat_is_written_with_settings_unit_quality_and_machine(tmp_path, monkeypatch):
    monkeypatch.setitem(FAMILIES, "instant", f"{__name__}:Instant")
    monkeypatch.setattr(module, "import_module", lambda name: SimpleNamespace(Instant=Instant))
    row = Variant("quick", "faces", "instant", "slow", "fast")
    record = UsageRecord("measure_variant", {"variant": "quick"})
    measure_variant(row, None, SCALE, repeats=4, out=tmp_path / "quick.json", record=record)
    facts = json.loads((tmp_path / "quick.json").read_text())
    assert (facts["base"], facts["changed"], facts["unit"]) == ("slow", "fast", "1 thing")
    assert len(facts["base_seconds"]["wall_s"]) == len(facts["changed_seconds"]["cpu_s"]) == 4
    assert facts["quality"]["method"] == "slow against fast"
    assert facts["machine"]["processor"]


def test_a_family_that_nothing_runs_is_refused():
    row = Variant("speak", "voice", "speaking_precision", "fp32", "int8")
    with pytest.raises(ConfigError, match="speaking_precision yet"):
        measure_variant(row, None, SCALE, repeats=3, out=None, record=UsageRecord("x", {}))


@pytest.mark.parametrize("family", [f for f in FAMILIES.values() if "training" not in f])
def test_every_family_can_be_imported(family):
    name, _, attribute = family.partition(":")
    assert hasattr(import_module(name), attribute)
