"""Waiting of renders submitted at once: measured in a table whose truth is known, and simulated."""

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from mythmeter.answers.at_once.simulate import (
    batch_table,
    chain_of,
    inside_band,
    services_of,
    simulate_batch,
)
from mythmeter.answers.at_once.waiting import gpu_waits, render_waits, start_overheads_s
from mythmeter.answers.job_graph import WALK, jobs_of, link
from mythmeter.answers.stages import STAGES
from mythmeter.errors import AnswerError
from mythmeter.usage.table import COLUMNS

START = datetime(2026, 11, 21, tzinfo=UTC)


def row(rule, wildcards, start_s, wall_s, gpus=0, threads=1, phase="other", phase_s=0.0):
    return dict.fromkeys(COLUMNS) | {
        "rule": rule,
        "job": " ".join([rule, *wildcards.values()]),
        "phase": phase,
        "started_at": START + timedelta(seconds=start_s + phase_s),
        "start_s": phase_s,
        "wall_s": wall_s,
        "job_wall_s": wall_s,
        "threads": threads,
        "gpu_granted": gpus,
        "wildcards": json.dumps(wildcards),
    }


def run(renders, gap_s=0.0):
    """One machine, one GPU: a voice shared by all (10 s), then each speaks (5 s, GPU), swaps
    (7 s, GPU), and is verified (2 s). The GPU serves all that speak, then all that swap."""
    rows, at = [row("enrol_voice", {"person": "ada"}, 0, 10, gpus=1)], 10.0 + gap_s
    for name, wall_s in (("speak_script", 5), ("swap_faces", 7)):
        for render in renders:
            rows.append(row(name, {"render": render}, at, wall_s, gpus=1))
            at += wall_s + gap_s
            if name == "swap_faces":
                rows.append(row("verify_render", {"render": render}, at, 2))
    return pd.DataFrame(rows)


CHAIN = {
    "enrol_voice": (),
    "speak_script": ("enrol_voice",),
    "swap_faces": ("speak_script",),
    "verify_render": ("swap_faces",),
}


def test_the_waiting_of_every_render_is_what_others_took_from_it():
    found = render_waits(run(["a", "b", "c"]), walk=CHAIN).set_index("render")
    # Alone: 10 + 5 + 7 + 2 = 24 s. The last swap of `a` starts when all three have spoken.
    assert found["alone_s"].tolist() == [24, 24, 24]
    assert found["finish_s"].to_dict() == {"a": 34, "b": 41, "c": 48}
    assert found["waiting_s"].to_dict() == {"a": 10, "b": 17, "c": 24}
    assert found["jobs"].tolist() == [4, 4, 4]


def test_a_render_alone_does_not_wait():
    assert render_waits(run(["a"]), walk=CHAIN)["waiting_s"].tolist() == [0]


def test_what_starting_a_job_takes_is_not_waiting():
    usage = run(["a"], gap_s=1.5)
    overheads = start_overheads_s(usage, cores=2, gpus=1, walk=CHAIN)
    assert overheads == pytest.approx([1.5, 1.5, 1.5])
    assert render_waits(usage, walk=CHAIN)["waiting_s"].tolist() == pytest.approx([4.5])
    assert render_waits(usage, walk=CHAIN, overhead_s=1.5)["waiting_s"].tolist() == [0]


def test_a_job_that_waited_for_the_gpu_does_not_count_as_overhead():
    # Of two renders only the first to speak and what is verified found all it needed free.
    overheads = start_overheads_s(run(["a", "b"]), cores=4, gpus=1, walk=CHAIN)
    assert overheads == pytest.approx([0, 0, 0])


def test_a_gpu_job_is_ready_when_the_last_before_it_has_ended():
    table = gpu_waits(run(["a", "b"]), walk=CHAIN).set_index("job")
    assert table["wait_s"].to_dict() == {
        "enrol_voice ada": 0,
        "speak_script a": 0,
        "speak_script b": 5,
        "swap_faces a": 5,
        "swap_faces b": 7,
    }
    assert table.at["swap_faces b", "ready_s"] == 20
    assert (table["unit"] == "s").all() and "verify_render a" not in table.index


def test_a_job_starts_where_its_earliest_phase_says():
    usage = run(["a"])
    usage.loc[0, ["phase", "started_at", "start_s"]] = ["steady", START + timedelta(seconds=4), 4.0]
    assert jobs_of(usage).at["enrol_voice ada", "start_s"] == 0


def test_chunks_and_clips_are_linked_to_their_own():
    usage = pd.DataFrame(
        [
            row("normalise_clip", {"clip": "langer"}, 0, 1),
            row("normalise_clip", {"clip": "bob.talk"}, 0, 1),
            row("track_faces", {"clip": "langer"}, 1, 1),
            row("crop_faces", {"clip": "langer"}, 1, 1),
            row("crop_faces", {"clip": "bob.talk"}, 1, 1),
            row("swap_faces", {"render": "a"}, 2, 1),
            row("swap_faces", {"render": "b"}, 2, 1),
            row("sync_lips", {"render": "a", "scatteritem": "1-of-2"}, 3, 1),
            row("composite", {"render": "a", "scatteritem": "1-of-2"}, 4, 1),
            row("composite", {"render": "a", "scatteritem": "2-of-2"}, 4, 1),
            row("train_pair", {"person": "bob", "clip": "langer"}, 2, 1),
        ]
    )
    sheet = {"a": ("ada", "langer"), "b": ("bob", "langer")}
    links = link(jobs_of(usage), sheet=sheet)
    assert links["track_faces langer"] == ("normalise_clip langer",)
    assert "crop_faces bob.talk" not in links["swap_faces a"]
    assert {"crop_faces bob.talk", "crop_faces langer"} <= set(links["swap_faces b"])
    assert "train_pair bob langer" not in links["swap_faces a"]
    assert "sync_lips a 1-of-2" in links["composite a 1-of-2"]
    assert "sync_lips a 1-of-2" not in links["composite a 2-of-2"]
    assert "crop_faces bob.talk" in links["train_pair bob langer"]


def test_the_walk_knows_every_rule_that_leaves_a_record():
    assert set(WALK) == {rule for rules in STAGES.values() for rule in rules}


def test_what_cannot_be_measured_is_said():
    usage = run(["a"])
    with pytest.raises(AnswerError, match="no job of rule mark_render"):
        render_waits(usage, walk=CHAIN, last="mark_render")
    with pytest.raises(AnswerError, match="does not know rule verify_render"):
        render_waits(usage, walk={k: v for k, v in CHAIN.items() if k != "verify_render"})
    with pytest.raises(AnswerError, match="not in the sheet"):
        render_waits(usage, walk=CHAIN, sheet={"b": ("ada", "langer")})
    with pytest.raises(AnswerError, match="circle"):
        render_waits(usage, walk=CHAIN | {"enrol_voice": ("swap_faces",)})
    usage.loc[1, "job_wall_s"] = None
    with pytest.raises(AnswerError, match="speak_script a: its usage record has no wall time"):
        render_waits(usage, walk=CHAIN)


def simulated(renders, usage=None, **rest):
    usage = run(["a"]) if usage is None else usage
    machine = {"cores": 8, "gpus": 1, "runs": 20} | rest
    return simulate_batch(chain_of(usage, walk=CHAIN), services_of([usage]), renders, **machine)


def test_one_simulated_render_takes_its_critical_path():
    batch = simulated(1, overheads_s=[1.0])
    assert batch.makespan_s.value == pytest.approx(24 + 3, abs=1e-3)
    assert batch.waiting_s.value == pytest.approx(0, abs=1e-3)


def test_the_gpu_is_the_bottleneck_of_many():
    batch = simulated(6)
    # The shared voice, then six times 12 s of GPU, then the last is verified: whatever the order.
    assert batch.makespan_s.low == pytest.approx(10 + 6 * 12 + 2, abs=1e-3)
    assert batch.makespan_s.high == pytest.approx(84, abs=1e-3)
    assert batch.waiting_s.low < batch.waiting_s.high  # the order is left to chance
    # At best one render after the other; at worst all swap when all have spoken.
    assert batch.waiting_s.low >= 12 * (1 + 2 + 3 + 4 + 5) - 1e-2
    assert batch.waiting_s.high <= sum(10 + 30 + 7 * i + 2 - 24 for i in range(1, 7)) + 1e-2


def test_a_second_gpu_halves_the_queue_and_a_single_core_does_not():
    assert simulated(6, gpus=2).makespan_s.value < 10 + 3 * 12 + 7 + 2 + 1e-3
    assert simulated(6, gpus=2, cores=1).makespan_s.value == pytest.approx(10 + 6 * 14, abs=1e-3)


def test_a_measured_run_is_held_against_its_simulation():
    usage = run(list("abcdef"))
    measured = render_waits(usage, walk=CHAIN)
    batch = simulated(6, usage, runs=200)
    assert inside_band(measured["finish_s"].max(), batch.makespan_s)[0]
    # That all spoke before any swapped is the worst order for waiting, and chance rarely finds it.
    inside, text = inside_band(measured["waiting_s"].sum(), batch.waiting_s)
    assert not inside and "above" in text


def test_varied_service_gives_a_band_that_holds_fresh_runs():
    import random

    rng = random.Random(3)
    services = {name: [rng.uniform(2, 12) for _ in range(30)] for name in list(CHAIN)[1:]}
    services["enrol_voice ada"] = [10.0, 12.0]
    chain = chain_of(run(["a"]), walk=CHAIN)
    batch = simulate_batch(chain, services, 4, cores=4, gpus=1, runs=200)
    inside = 0
    for seed in range(1000, 1060):
        again = simulate_batch(chain, services, 4, cores=4, gpus=1, runs=1, seed=seed)
        inside += inside_band(again.waiting_s.value, batch.waiting_s)[0]
    assert 46 <= inside <= 60
    assert batch.waiting_s.n == 2


def test_the_page_hears_either_way():
    band = simulated(6).waiting_s
    inside, text = inside_band(band.value, band, "the waiting of 6 renders")
    assert inside and text.startswith("Measured, the waiting of 6 renders was")
    assert "inside the 90% band of 20 simulated runs" in text
    outside, text = inside_band(band.high * 2, band)
    assert not outside and "above" in text and "the measured figure counts" in text
    assert "below" in inside_band(0.0, band)[1]


def test_the_table_of_batches_has_unit_n_and_source():
    table = batch_table([simulated(1), simulated(2)])
    assert table["renders"].tolist() == [1, 1, 2, 2]
    assert (table["unit"] == "s").all() and (table["n"] == 1).all()
    assert (table["source"] == "usage.parquet").all() and table["spread"].notna().all()


def test_a_batch_that_cannot_be_simulated_is_refused():
    with pytest.raises(AnswerError, match="renders is 0"):
        simulated(0)
    with pytest.raises(AnswerError, match="holds a GPU slot"):
        simulated(1, gpus=0)
    with pytest.raises(AnswerError, match="swap_faces was never measured"):
        simulate_batch(
            chain_of(run(["a"]), walk=CHAIN),
            {"enrol_voice ada": [1.0], "speak_script": [1.0]},
            1,
            cores=1,
            gpus=1,
        )
