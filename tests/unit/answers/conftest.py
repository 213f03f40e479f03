from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from mythmeter.usage.table import COLUMNS


@pytest.fixture
def usage():
    """Two jobs: a tracker on the CPU and a voice that holds a GPU slot."""
    start = datetime(2026, 11, 21, tzinfo=UTC)
    lines = [
        ("track_faces", "import", 0.0, 1.0, 1.0, 4.0, 0),
        ("track_faces", "steady", 1.0, 3.0, 6.0, 4.0, 0),
        ("enrol_voice", "model_load", 2.0, 4.0, 4.0, 14.0, 1),
        ("enrol_voice", "steady", 6.0, 10.0, 20.0, 14.0, 1),
        ("score_render", "steady", 0.0, 5.0, 100.0, 5.0, 0),
    ]
    rows = [
        dict.fromkeys(COLUMNS)
        | {
            "rule": rule,
            "job": f"{rule} x",
            "phase": phase,
            "started_at": start + timedelta(seconds=at),
            "start_s": at,
            "wall_s": wall,
            "cpu_s": cpu,
            "job_wall_s": job,
            "gpu_granted": gpu,
            "device": "cpu",
            "peak_rss_bytes": 2**20 * (1 + gpu),
            "processor": "Test CPU",
            "logical_cores": 2,
        }
        for rule, phase, at, wall, cpu, job, gpu in lines
    ]
    return pd.DataFrame(rows)
