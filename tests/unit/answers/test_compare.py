"""Two runs side by side, the two machines of the second founding note among them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from mythmeter.answers.compare import compare, comparison_frame, comparison_text
from mythmeter.answers.measures import HourlyPrice
from mythmeter.answers.record_sets import read_run
from mythmeter.cli import main
from mythmeter.errors import AnswerError, UsageError

AUDIO_S = 60.0
SECONDS = ("wall_s", "cpu_s", "gpu_busy_s", "host_s", "gpu_allocated_s")
GPU_FIELDS = (
    *("gpu_busy_s", "vram_allocated_peak_bytes", "vram_reserved_peak_bytes"),
    *("vram_process_peak_bytes", "energy_j", "gpu_allocated_s"),
)


def line(phase: str, wall_s: float, version: int = 2, **changes) -> dict:
    """One line of a record of either version; on a GPU unless changed."""
    whole = {
        "record_version": version,
        "mythmeter_version": "0.1.0",
        "rule": "speak_script",
        "wildcards": {"render": "log"},
        "backend": "xtts",
        "phase": phase,
        "started_at": "2026-11-01T00:00:00+00:00",
        "start_s": 0.0,
        "wall_s": wall_s,
        "cpu_s": wall_s,
        "work": {"audio_s": AUDIO_S} if phase == "steady" else {},
        "gpu_granted": 1,
        "device": "cuda",
        "device_indices": [0],
        "machine": {"processor": "Test CPU", "logical_cores": 2},
        **dict.fromkeys(GPU_FIELDS),
    }
    if version == 1:
        whole["gpu_null_reason"] = "not sampled: this version records allocated time only"
    else:
        whole |= {"gpu_util_mean": None, "host_s": None, "gpu_name": "Test GPU"}
        whole |= {"model_sha256": "ab" * 32, "precision": "fp16", "batch": 1, "null_reasons": {}}
    return whole | changes


def sampled(phase: str, wall_s: float, utilisation: float, **changes) -> dict:
    """A phase of version 2 whose device was sampled."""
    return line(
        phase,
        wall_s,
        gpu_util_mean=utilisation,
        gpu_busy_s=utilisation * wall_s,
        host_s=(1 - utilisation) * wall_s,
        **changes,
    )


def record_set(folder: Path, lines: list[dict], **facts) -> Path:
    for number, rule in enumerate(dict.fromkeys(one["rule"] for one in lines)):
        path = folder / "usage" / rule / f"{number}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        own = [one for one in lines if one["rule"] == rule]
        if own[-1]["phase"] != "other":  # a record is whole when it ends so
            own.append(own[-1] | {"phase": "other", "work": {}} | dict.fromkeys(SECONDS, 0.0))
        path.write_text("".join(json.dumps(one) + "\n" for one in own))
    run = {"label": folder.name, "output_s": AUDIO_S, "renders": 1, "scripts": {"log": "d1"}}
    (folder / "run.json").write_text(json.dumps(run | facts))
    return folder


@pytest.fixture
def laptop(tmp_path):
    """1.4 times real time at 75 % utilisation, the least that the note allows."""
    wall_s = AUDIO_S / 1.4
    return record_set(tmp_path / "laptop", [sampled("steady", wall_s, 0.75), other()])


@pytest.fixture
def rented(tmp_path):
    """Three times slower at 25 %, the most that the note allows."""
    wall_s = 3 * AUDIO_S / 1.4
    return record_set(tmp_path / "rented", [sampled("steady", wall_s, 0.25), other()])


def other() -> dict:
    return sampled("other", 0.001, 0.0)


def test_the_two_machines_of_the_note_do_equal_gpu_work_and_differ_in_the_host(laptop, rented):
    found = compare(read_run(laptop), read_run(rented))
    rtf = found.row("speech", "RTF")
    assert (rtf.a.value, rtf.b.value) == pytest.approx((1 / 1.4, 3 / 1.4))
    assert rtf.ratio.value == pytest.approx(3.0)
    busy = found.row("speech", "GPU-busy seconds")
    assert (busy.a.value, busy.b.value) == pytest.approx((0.5357, 0.5357), abs=1e-4)
    assert busy.ratio.value == pytest.approx(1.0)
    host = found.row("speech", "host seconds")
    assert host.ratio.value >= 9.0 - 1e-9
    utilisation = found.row("speech", "GPU utilisation")
    assert (utilisation.a.value, utilisation.b.value) == pytest.approx((0.75, 0.25))
    assert found.warnings == ()


def test_a_t4_at_twice_real_time_costs_26_cents_an_audio_hour(tmp_path, laptop):
    t4 = record_set(
        tmp_path / "t4",
        [
            sampled("steady", AUDIO_S / 2, 0.9, vram_process_peak_bytes=2905 * 2**20),
            sampled("other", 0.0, 0.0),
        ],
    )
    found = compare(read_run(laptop), read_run(t4), None, HourlyPrice(0.526, "AWS, 2026-09-06"))
    price = found.row("speech", "price per audio hour")
    assert price.b.value == pytest.approx(0.263)
    assert "AWS, 2026-09-06" in price.b.source
    assert price.a.reason.startswith("no price was given (--price A=USD")
    assert price.ratio.reason == f"A: {price.a.reason}"
    assert found.row("speech", "peak VRAM, whole process").b.value == pytest.approx(2905)
    minute = found.row("whole", "price per output minute")
    assert minute.b.value == pytest.approx(0.526 / 3600 * 30)


def test_records_of_both_versions_are_read_and_the_older_says_what_it_lacks(tmp_path, laptop):
    old = record_set(
        tmp_path / "old",
        [
            line("steady", 60.0, 1, vram_reserved_peak_bytes=2**30),
            line("other", 1.0, 1, job_wall_s=61.0),
        ],
    )
    found = compare(read_run(old), read_run(laptop))
    busy = found.row("speech", "GPU-busy seconds")
    assert busy.a.reason == "not sampled: this version records allocated time only"
    assert busy.b.value == pytest.approx(0.5357, abs=1e-4)
    assert busy.ratio.value is None
    assert found.row("speech", "RTF").ratio.value == pytest.approx(1 / 1.4)
    assert found.row("speech", "peak VRAM, reserved").a.value == 1024
    assert "models of speak_script are not recorded in A, so they may differ" in found.warnings
    assert "precisions of speak_script are not recorded in A, so they may differ" in found.warnings


def test_a_run_on_a_cpu_has_no_figures_of_a_gpu_and_its_price_is_an_upper_bound(tmp_path, laptop):
    phases = [
        line(phase, wall, 1, device="cpu", device_indices=[], gpu_null_reason="ran on the CPU")
        for phase, wall in (("steady", 120.0), ("other", 0.0))
    ]
    cpu = record_set(tmp_path / "cpu", phases)
    found = compare(read_run(cpu), read_run(laptop), HourlyPrice(0.36, "as given"))
    for measure in ("GPU utilisation", "GPU-busy seconds", "host seconds", "peak VRAM, whole"):
        assert found.row("speech", measure).a.reason == "ran on the CPU"
    price = found.row("speech", "price per audio hour").a
    assert price.value == pytest.approx(0.72)
    assert "an upper bound: a CPU did the work" in price.scope
    text = comparison_text(found)
    assert "≤ 0.720" in text
    assert "≤ an upper bound: a CPU did the work" in text


def test_work_without_a_slot_and_without_a_gpu_is_not_billed(tmp_path, laptop):
    tracking = line("steady", 9.0, 1, rule="track_faces", device="cpu", gpu_granted=0)
    run = record_set(tmp_path / "run", [tracking, sampled("steady", 30.0, 0.5)])
    found = compare(read_run(run), read_run(laptop), HourlyPrice(0.36, "as given"))
    faces = found.row("faces", "price per output minute")
    assert faces.a.reason == "held no GPU, so no GPU is billed"
    assert faces.b.reason == "no faces in it"
    assert "only A ran track_faces" in found.warnings
    whole = found.row("whole", "price per output minute").a
    assert whole.value == pytest.approx(30 * 0.36 / 3600)


def test_a_split_is_printed_only_where_most_of_the_gpu_time_was_sampled(tmp_path, laptop):
    reasons = {"gpu_busy_s": "shorter than 2 s"}
    some = record_set(
        tmp_path / "some",
        [
            sampled("steady", 50.0, 0.5, rule="swap_faces"),
            line("other", 50.0, rule="swap_faces", null_reasons=reasons),
            sampled("steady", 98.0, 0.5),
            line("other", 2.0, null_reasons=reasons),
        ],
    )
    found = compare(read_run(some), read_run(laptop))
    swap = found.row("swap", "GPU-busy seconds").a
    assert swap.reason == "sampled for 50% of its GPU time only: shorter than 2 s"
    voice = found.row("voice", "GPU-busy seconds").a
    assert voice.value == pytest.approx(49 / AUDIO_S)
    assert "98% of the GPU time was sampled" in voice.scope


def test_phases_of_no_length_have_no_split(tmp_path, laptop):
    phases = [sampled("steady", 0.0, 0.0), sampled("other", 0.0, 0.0)]
    found = compare(read_run(record_set(tmp_path / "empty", phases)), read_run(laptop))
    assert found.row("speech", "GPU utilisation").a.reason == "nothing was recorded"
    assert found.row("speech", "RTF").ratio.reason == "A is 0, so there is no ratio to it"


def test_host_seconds_of_two_devices_are_what_neither_was_busy_for(tmp_path, laptop):
    both = line("steady", 60.0, device_indices=[0, 1], gpu_granted=2, gpu_busy_s=90.0)
    found = compare(
        read_run(record_set(tmp_path / "two", [both])),
        read_run(laptop),
        HourlyPrice(1.0, "as given"),
    )
    assert found.row("speech", "GPU utilisation").a.value == pytest.approx(0.75)
    assert found.row("speech", "host seconds").a.value == pytest.approx(15 / AUDIO_S)
    assert found.row("speech", "price per audio hour").a.value == pytest.approx(2.0)


def test_what_speaks_together_is_counted_once_as_audio(tmp_path, laptop):
    run = record_set(
        tmp_path / "xtts",
        [sampled("steady", 20.0, 0.5, rule="speak_together"), sampled("steady", 10.0, 0.5)],
    )
    found = compare(read_run(run), read_run(laptop))
    assert found.row("speech", "RTF").a.value == pytest.approx(30 / AUDIO_S)


def test_runs_that_are_not_like_for_like_say_why(tmp_path, laptop):
    changed = record_set(
        tmp_path / "changed",
        [
            sampled(
                "steady",
                30.0,
                0.5,
                backend="kokoro",
                model_sha256="cd" * 32,
                precision="fp32",
                batch=4,
                mythmeter_version="0.2.0",
                other_processes=2,
            )
        ],
        output_s=30.0,
        scripts={"log": "d2"},
    )
    warnings = "\n".join(compare(read_run(laptop), read_run(changed)).warnings)
    for expected in (
        "versions of Mythmeter differ: A 0.1.0, B 0.2.0",
        "backends of speak_script differ: A xtts, B kokoro",
        "models of speak_script differ: A abababababab, B cdcdcdcdcdcd",
        "precisions of speak_script differ: A fp16, B fp32",
        "batch sizes of speak_script differ: A 1, B 4",
        "scripts differ",
        "A made 60.0 s in 1 render(s), B 30.0 s in 1",
        "in B up to 2 other process(es) used the device",
    ):
        assert expected in warnings


def test_a_results_folder_is_read_and_its_script_compared(tmp_path, laptop):
    folder = record_set(tmp_path / "results", [sampled("steady", 30.0, 0.5)])
    (folder / "run.json").unlink()
    (folder / "profile").mkdir()
    scope = {"output_s": 60.0, "renders": 1, "device": "cuda"}
    (folder / "profile" / "scope.json").write_text(json.dumps(scope))
    assert "what was spoken is not recorded in B, so it may differ" in (
        compare(read_run(laptop), read_run(folder)).warnings
    )
    (folder / "voice" / "log").mkdir(parents=True)
    words = {"sentences": [{"text": "Hello."}, {"text": "This is me."}]}
    (folder / "voice" / "log" / "words.json").write_text(json.dumps(words))
    run = read_run(folder)
    assert run.label == str(folder)
    assert set(run.scripts) == {"log"}
    assert compare(run, run).warnings == ()
    assert "scripts differ" in compare(read_run(laptop), run).warnings


def test_records_that_an_earlier_sheet_left_behind_do_not_count(tmp_path):
    left = sampled("steady", 500.0, 0.5, rule="track_faces", wildcards={"clip": "old"})
    folder = record_set(tmp_path / "results", [sampled("steady", 30.0, 0.5), left])
    assert read_run(folder).phases["wall_s"].sum() == 530.0
    (folder / "profile").mkdir()
    table = pd.DataFrame({"rule": ["speak_script"], "wildcards": ['{"render": "log"}']})
    table.to_parquet(folder / "profile" / "usage.parquet")
    assert read_run(folder).phases["wall_s"].sum() == 30.0
    table.assign(rule="assemble").to_parquet(folder / "profile" / "usage.parquet")
    with pytest.raises(UsageError, match="none of its usage records is of the run"):
        read_run(folder)


def test_the_whole_leaves_out_what_a_deepfake_does_not_need(tmp_path, laptop):
    score = sampled("steady", 90.0, 0.5, rule="score_render")
    run = read_run(record_set(tmp_path / "run", [sampled("steady", 30.0, 0.5), score]))
    found = compare(run, run)
    assert found.row("whole", "seconds of jobs").a.value == pytest.approx(30 / AUDIO_S)
    assert found.row("quality", "seconds of jobs").a.value == pytest.approx(90 / AUDIO_S)
    assert "without person and quality" in found.row("whole", "seconds of jobs").a.scope


def test_what_neither_run_has_stands_under_speech_and_the_whole_only(tmp_path):
    phases = [line("steady", 9.0, 1), line("steady", 9.0, 1, rule="swap_faces")]
    run = read_run(record_set(tmp_path / "old", phases))
    text = comparison_text(compare(run, run))
    rows = [row.split()[0] for row in text.splitlines() if "host seconds" in row]
    assert rows == ["speech", "whole"]
    assert len(comparison_frame(compare(run, run)).query("measure == 'host seconds'")) == 4


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: (f / "run.json").unlink(), r"neither profile/scope\.json"),
        (lambda f: (f / "run.json").write_text("{"), r"run\.json: not JSON"),
        (lambda f: (f / "run.json").write_text('{"output_s": 0}'), "output_s is 0"),
        (lambda f: (f / "run.json").write_text('{"output_s": 1}'), "renders is None"),
        (lambda f: record(f).unlink(), "no usage records"),
        (lambda f: record(f).write_text("nonsense"), "not a usage record"),
        (
            lambda f: record(f).write_text('{"record_version": 9}'),
            "line 1: usage record of version 9",
        ),
        (lambda f: record(f).write_text('{"record_version": 2}'), "it has no rule"),
        (
            lambda f: record(f).write_text('{"record_version": 2, "wall_s": NaN}'),
            "NaN is no measurement",
        ),
    ],
)
def test_what_is_no_run_is_refused_with_its_file(laptop, spoil, message):
    spoil(laptop)
    with pytest.raises(UsageError, match=message):
        read_run(laptop)


def record(folder: Path) -> Path:
    return next(folder.glob("usage/**/*.jsonl"))


def test_the_command_prints_the_comparison_and_writes_every_figure(
    laptop, rented, tmp_path, capsys
):
    out = tmp_path / "out" / "comparison.csv"
    arguments = ["compare", str(laptop), str(rented), "--price", "A=0.25", "--gpu", "B=T4"]
    assert main([*arguments, "--csv", str(out)]) == 0
    text = capsys.readouterr().out
    assert "RTF (compute over audio, lower is better)" in text
    assert "$0.25 an hour (as given)" in text
    assert "$0.526 an hour (T4" in text
    table = pd.read_csv(out)
    row = table[(table["stage"] == "speech") & (table["measure"] == "host seconds")].iloc[0]
    assert row["ratio"] == pytest.approx(9.0)
    valued = table["a"].notna()
    assert (table.loc[valued, "a_source"] != "").all()
    assert table.loc[~valued, "a_reason"].notna().all()
    for value in (row["a"], row["b"]):
        assert f"{value:.3g}" in text


def test_every_missing_figure_has_its_reason_below_the_table(laptop, rented):
    text = comparison_text(compare(read_run(laptop), read_run(rented)))
    line = next(line for line in text.splitlines() if line.startswith("[2]"))
    assert line.startswith("[2] no price was given (--price A=USD an hour, or --gpu A=NAME")
    assert "– [2]  – [3]" in text
    frame = comparison_frame(compare(read_run(laptop), read_run(rented)))
    assert frame.loc[frame["ratio"].isna(), "ratio_reason"].notna().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--price", "0.25"], "write --price A=… or --price B=…"),
        (["--price", "C=0.25"], "write --price A=… or --price B=…"),
        (["--price", "A=nan"], "a price is a number of USD an hour, above 0"),
        (["--price", "A=1", "--gpu", "A=T4"], "run A already has a price"),
        (
            ["--gpu", "A=A100"],
            "has no price by the hour for 'A100'. Did you mean 'V100'? Known: A100-40",
        ),
        (["--gpu", "A=H200"], "has no price by the hour for 'H200'"),
    ],
)
def test_a_price_that_makes_no_sense_is_one_message(laptop, rented, capsys, arguments, message):
    assert main(["compare", str(laptop), str(rented), *arguments]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_measure_that_is_not_there_is_named(laptop):
    run = read_run(laptop)
    with pytest.raises(AnswerError, match="no measure 'speed' of 'speech'"):
        compare(run, run).row("speech", "speed")
