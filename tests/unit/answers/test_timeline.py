import json

import pandas as pd
import pytest
from answer_inputs import usage_table

from mythmeter.answers.timeline import busy_cores, job_times, jobs_in_lanes


def test_time_in_which_nothing_ran_is_cut_out():
    usage = usage_table()
    later = usage["rule"] == "score_render"
    usage.loc[later, "started_at"] += pd.Timedelta(days=1)
    jobs = job_times(usage).set_index("rule")
    assert jobs.loc["score_render", "start_s"] == jobs.loc["verify_render", "end_s"]


def test_no_two_jobs_of_a_lane_overlap():
    usage = usage_table()
    usage["started_at"] = usage["started_at"].min() + pd.to_timedelta(usage["start_s"], unit="s")
    jobs = jobs_in_lanes(usage)
    assert jobs["lane"].str.startswith("GPU slot").sum() == 4
    for _, lane in jobs.groupby("lane"):
        assert (lane["start_s"].iloc[1:].to_numpy() >= lane["end_s"].iloc[:-1].to_numpy()).all()


def test_a_job_on_a_device_has_the_lane_of_the_device_and_its_busy_share():
    usage = usage_table()
    on_gpu = usage["rule"] == "enrol_voice"
    usage.loc[on_gpu, "device_indices"] = json.dumps(["1"])
    usage.loc[on_gpu, "gpu_busy_s"] = 15.0
    job = jobs_in_lanes(usage).set_index("rule").loc["enrol_voice"]
    assert job["lane"] == "GPU 1"
    assert job["busy_share"] == 0.5


def test_cores_at_work_are_cpu_seconds_over_wall_seconds():
    table = busy_cores(usage_table())
    held = table[table["holding"] == "a GPU slot held"]
    assert held["cores"].max() == pytest.approx(1.5)
    assert held["cores"].iloc[-1] == pytest.approx(0, abs=1e-9)
