import pytest

from mythmeter.answers.charts import cost_per_stage, gantt, peak_memory, write_svg
from mythmeter.answers.cost import scope_of, stage_costs


@pytest.fixture
def scope(usage):
    return scope_of(usage, 10.0, 1)


def test_every_chart_states_its_scope_and_unit(usage, scope, tmp_path):
    charts = {
        "cost": (cost_per_stage(stage_costs(usage, 10.0), scope), "CPU seconds per second"),
        "gantt": (gantt(usage, scope), "seconds since the first job"),
        "memory": (peak_memory(usage, scope), "MiB"),
    }
    for name, (chart, unit) in charts.items():
        write_svg(chart, tmp_path / f"{name}.svg")
        text = (tmp_path / f"{name}.svg").read_text()
        assert unit in text
        assert "n = 1 run" in text
        assert "Test CPU" in text


def test_the_gantt_has_a_lane_for_jobs_that_hold_a_gpu_slot(usage, scope, tmp_path):
    write_svg(gantt(usage, scope), tmp_path / "gantt.svg")
    text = (tmp_path / "gantt.svg").read_text()
    assert text.index("holds a GPU slot") < text.index("CPU only")
    assert "enrol_voice x" in text
