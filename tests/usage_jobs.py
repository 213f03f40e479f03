"""Usage records of jobs that never ran, as a table."""

import json
from datetime import UTC, datetime, timedelta

import pandas as pd

from mythmeter.usage.table import COLUMNS

START = datetime(2026, 12, 1, tzinfo=UTC)
IMPORTS_S = 0.5
"""From the start of a job's process to the first line of its record."""


def job(rule, start_s, end_s, *, gpu=0, threads=1, **wildcards):
    """Rows of one job: a second of model load, and the rest steady at one core."""
    record = start_s + IMPORTS_S
    wall_s = end_s - record
    common = dict.fromkeys(COLUMNS) | {
        "rule": rule,
        "job": " ".join([rule, *wildcards.values()]),
        "wildcards": json.dumps(wildcards),
        "process_started_at": pd.Timestamp(START + timedelta(seconds=start_s)),
        "job_wall_s": wall_s,
        "gpu_granted": gpu,
        "threads": threads,
        "device": "cpu",
        "peak_rss_bytes": 2**20 * 100,
        "processor": "Test CPU",
        "logical_cores": 2,
    }
    phases = (("model_load", 0.0, 1.0), ("steady", 1.0, wall_s - 1.0))
    return [
        common
        | {
            "phase": phase,
            "start_s": at,
            "started_at": pd.Timestamp(START + timedelta(seconds=record + at)),
            "wall_s": seconds,
            "cpu_s": seconds,
        }
        for phase, at, seconds in phases
    ]


def table(*jobs):
    """One table of the rows of several jobs."""
    return pd.DataFrame([row for rows in jobs for row in rows], columns=list(COLUMNS))
