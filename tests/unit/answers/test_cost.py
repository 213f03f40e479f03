from datetime import date

import pandas as pd
import pytest

from mythmeter.answers.cost import gpu_slot_seconds, price_table, scope_of, stage_costs
from mythmeter.answers.stages import STAGES, stage_of


def test_a_stage_sums_its_phases_cold_and_only_steady_ones_warm(usage):
    table = stage_costs(usage, output_s=10.0).set_index("stage")
    assert table.loc["faces", "cpu_s"] == 7.0
    assert table.loc["faces", "warm_cpu_s"] == 6.0
    assert table.loc["voice", "cpu_s_per_output_s"] == pytest.approx(2.4)
    assert table.loc["voice", "warm_wall_s_per_output_s"] == pytest.approx(1.0)


def test_stages_come_in_walking_order_and_the_instrument_is_not_needed(usage):
    table = stage_costs(usage, output_s=10.0)
    assert list(table["stage"]) == ["faces", "voice", "quality"]
    assert list(table["needed"]) == [True, True, False]


def test_only_jobs_that_hold_a_slot_count_and_each_counts_once(usage):
    assert gpu_slot_seconds(usage) == 14.0


def test_every_rule_of_the_workflow_belongs_to_a_stage(repository):
    text = "".join(path.read_text() for path in (repository / "rules").rglob("*.smk"))
    rules = {line.split()[1].rstrip(":") for line in text.splitlines() if line.startswith("rule ")}
    without_work = {"fetch_model", "gather_usage", "draw_charts", "write_report", "compare_swaps"}
    without_work |= {"gather_machines", "answer_questions", "show_quality"}
    experiments = {"share_work", "measure_lengths", "measure_batch", "measure_users"}
    experiments |= {"measure_variant", "measure_ablation"}
    assert rules - without_work - experiments == {
        rule for rules in STAGES.values() for rule in rules
    }
    assert stage_of("composite") == "render"


@pytest.fixture
def prices(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(
        "gpu,gpus,provider,offer,scope,unit,price,currency,date,source,note\n"
        "T4,1,Cloud,small,on demand,hour,0.36,USD,2026-11-01,list,\n"
        "H100,8,Cloud,eight,on demand,hour,28.8,USD,2026-07,list,\n"
        ",,Host,plan,subscription,video minute,0.98,USD,2026-10-01,page,\n"
        "L40S,1,Host,model,on demand,run,0.13,USD,,page,\n"
    )
    return path


def test_prices_follow_from_held_seconds_and_a_machine_of_eight_is_shared(prices):
    table = price_table(prices, slot_s=100.0, output_s=10.0, today=date(2026, 11, 21))
    cost = table.set_index("unit")["usd_per_output_min"]
    by_gpu = table.set_index("gpu")["usd_per_output_min"]
    assert by_gpu["T4"] == pytest.approx(0.36 / 3600 * 600)
    assert by_gpu["H100"] == pytest.approx(28.8 / 8 / 3600 * 600)
    assert cost["video minute"] == 0.98


def test_what_cannot_be_priced_is_empty_with_a_reason(prices):
    table = price_table(prices, slot_s=100.0, output_s=10.0, today=date(2026, 11, 21))
    run = table[table["unit"] == "run"].iloc[0]
    assert pd.isna(run["usd_per_output_min"])
    assert "run" in run["no_cost_reason"]


def test_old_and_undated_prices_are_stale(prices):
    table = price_table(prices, slot_s=1.0, output_s=1.0, today=date(2026, 11, 21))
    stale = table.set_index("unit")["stale"]
    assert dict(zip(table["gpu"].fillna("hosted"), table["stale"], strict=True)) == {
        "T4": False,
        "H100": True,
        "hosted": False,
        "L40S": True,
    }
    assert stale["run"]


def test_the_scope_names_the_machine(usage):
    scope = scope_of(usage, 10.0, 1)
    assert (scope.device, scope.processor, scope.logical_cores) == ("cpu", "Test CPU", 2)
