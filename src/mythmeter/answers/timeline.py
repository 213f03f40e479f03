"""When each job ran: lanes of a Gantt chart, and how many cores were at work."""

import json

import pandas as pd

from mythmeter.answers.stages import stage_of

IDLE_S = 5.0
"""A longer gap in which no job ran separates two runs, and is cut out."""


def job_times(usage: pd.DataFrame) -> pd.DataFrame:
    """Return a row a job: `job`, `rule`, `stage`, `start_s`, `end_s`, `wall_s`, `cpu_s`, `gpu`,
    `devices` (JSON list of those it held), `busy_share` (of its wall time in which they ran a
    kernel; null where that was not sampled), in the order of their starts.

    Seconds count from the first job; stretches in which nothing ran are cut out, so that jobs kept
    from an earlier run do not stretch the axis.
    """
    begun = usage["started_at"] - pd.to_timedelta(usage["start_s"], unit="s")
    jobs = (
        usage.assign(begun=begun)
        .groupby("job")
        .agg(
            rule=("rule", "first"),
            begun=("begun", "min"),
            wall_s=("job_wall_s", "first"),
            cpu_s=("cpu_s", "sum"),
            gpu=("gpu_granted", "first"),
            devices=("device_indices", "first"),
            busy_s=("gpu_busy_s", lambda s: s.astype(float).sum(min_count=1)),
        )
        .reset_index()
        .sort_values(["begun", "job"], ignore_index=True)
    )
    jobs["stage"] = jobs["rule"].map(stage_of)
    start = (jobs["begun"] - jobs["begun"].min()).dt.total_seconds()
    last_end = (start + jobs["wall_s"]).cummax().shift(fill_value=0.0)
    gap = (start - last_end).clip(lower=0)
    jobs["start_s"] = start - gap.where(gap > IDLE_S, 0.0).cumsum()
    jobs["end_s"] = jobs["start_s"] + jobs["wall_s"]
    jobs["busy_share"] = (jobs["busy_s"] / jobs["wall_s"]).clip(upper=1.0)
    return jobs.drop(columns=["begun", "busy_s"])


def jobs_in_lanes(usage: pd.DataFrame) -> pd.DataFrame:
    """Return `job_times` with a `lane` each; no two jobs of a lane overlap.

    A lane is the device that a job held (`GPU 0`), a slot where a CPU did its work (`GPU slot 1`),
    or one of those that held none (`no GPU 1`).
    """
    jobs = job_times(usage)
    free: dict[str, list[float]] = {"GPU slot": [], "no GPU": []}
    lanes = []
    for job in jobs.itertuples():
        held = json.loads(job.devices or "[]") if isinstance(job.devices, str) else []
        if held:
            lanes.append(f"GPU {', '.join(held)}")
            continue
        kind = "GPU slot" if job.gpu else "no GPU"
        ends = free[kind]
        lane = next((i for i, end in enumerate(ends) if end <= job.start_s), len(ends))
        if lane == len(ends):
            ends.append(0.0)
        ends[lane] = job.end_s
        lanes.append(f"{kind} {lane + 1}")
    jobs["lane"] = lanes
    return jobs.sort_values(["lane", "start_s"], ignore_index=True)


def busy_cores(usage: pd.DataFrame) -> pd.DataFrame:
    """Return how many cores were at work over time: `time_s`, `holding`, `cores`.

    A job counts with its mean: CPU seconds over wall seconds.
    """
    jobs = job_times(usage)
    jobs["cores"] = (jobs["cpu_s"] / jobs["wall_s"]).where(jobs["wall_s"] > 0, 0.0)
    jobs["holding"] = jobs["gpu"].map(lambda n: "a GPU slot held" if n else "no GPU slot held")
    times = sorted({*jobs["start_s"], *jobs["end_s"]})
    rows = []
    for holding, own in jobs.groupby("holding"):
        steps = (
            pd.concat([own.set_index("start_s")["cores"], -own.set_index("end_s")["cores"]])
            .groupby(level=0)
            .sum()
        )
        level = steps.reindex(times, fill_value=0.0).cumsum().clip(lower=0)
        rows += [
            {"time_s": time, "holding": holding, "cores": cores} for time, cores in level.items()
        ]
    return pd.DataFrame(rows)
