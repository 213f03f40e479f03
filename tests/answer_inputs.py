"""Everything that the page of answers is drawn from, made up with known truths."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from mythmeter.usage.table import COLUMNS

COMMON = {"device": "cpu", "processor": "Test CPU", "logical_cores": 2, "n": 1, "source": "made up"}
RENDER_JOBS = (
    ("speak_script", (), 1, 4.0),
    ("swap_faces", (), 1, 3.0),
    ("plan_render", ("speak_script",), 0, 0.5),
    ("drive_lips", ("plan_render",), 0, 1.0),
    ("sync_lips", ("drive_lips", "swap_faces"), 1, 2.0),
    ("composite", ("sync_lips",), 0, 3.0),
    ("assemble", ("composite",), 0, 0.5),
    ("mark_render", ("assemble",), 0, 0.5),
    ("verify_render", ("mark_render",), 0, 2.0),
)


def usage_table() -> pd.DataFrame:
    """A run of one render of 8 s: shared work first, then the render's own jobs in a row."""
    start = datetime(2026, 11, 21, tzinfo=UTC)
    jobs: list[tuple[str, dict[str, str], int, float]] = [
        ("track_faces", {"clip": "langer"}, 0, 10.0),
        ("enrol_voice", {"person": "ada"}, 1, 60.0),
        *((rule, {"render": "demo"}, gpu, wall) for rule, _, gpu, wall in RENDER_JOBS),
        ("score_render", {"render": "demo"}, 0, 5.0),
    ]
    rows, at = [], 0.0
    for rule, wildcards, gpu, wall_s in jobs:
        for phase, share in (("import", 0.2), ("steady", 0.8)):
            offset = 0.0 if phase == "import" else 0.2 * wall_s
            rows.append(
                dict.fromkeys(COLUMNS)
                | {
                    "machine": "here",
                    "rule": rule,
                    "job": " ".join([rule, *wildcards.values()]),
                    "phase": phase,
                    "started_at": start + timedelta(seconds=at + offset),
                    "process_started_at": start + timedelta(seconds=at),
                    "start_s": offset,
                    "wall_s": share * wall_s,
                    "cpu_s": 1.5 * share * wall_s,
                    "job_wall_s": wall_s,
                    "threads": 1,
                    "gpu_granted": gpu,
                    "device": "cpu",
                    "wildcards": json.dumps(wildcards),
                    "peak_rss_bytes": 2**28,
                    "processor": "Test CPU",
                    "logical_cores": 2,
                }
            )
        at += wall_s
    return pd.DataFrame(rows)


def length_table() -> pd.DataFrame:
    """Renders whose CPU seconds are 6 + 4 a second of video, but for a little noise."""
    noise = np.random.default_rng(0).normal(0, 0.2, 4)
    rows: list[dict[str, Any]] = []
    for output_s, extra in zip((2.5, 5.0, 10.0, 16.0), noise, strict=True):
        render = f"length-{output_s:g}".replace(".", "_")
        parts = {"voice": (2.0, 1.0), "swap": (2.0, 2.0), "render": (2.0, 1.0)}
        for stage, (once, each) in parts.items():
            cpu = once + each * output_s + extra / 3
            rows.append(
                {"render": render, "scope": "render", "output_s": output_s, "stage": stage}
                | {"cpu_s": cpu, "wall_s": cpu, "gpu_slot_s": cpu / 2}
            )
        whole = 6 + 4 * output_s + extra
        rows.append(
            {"render": render, "scope": "render", "output_s": output_s, "stage": "whole"}
            | {"cpu_s": whole, "wall_s": whole, "gpu_slot_s": whole / 2}
        )
    return pd.DataFrame(rows).assign(**COMMON)


def users_table() -> pd.DataFrame:
    """Batches of 1 and 2 renders on one GPU slot and two cores, each job started when it could."""
    rows: list[dict[str, Any]] = []
    for batch in (1, 2):
        ends: dict[tuple[int, str], float] = {}
        slot_free = 0.0
        for rule, after, gpu, wall_s in RENDER_JOBS:
            for render in range(batch):
                ready = max((ends[render, other] for other in after), default=0.0)
                start = max(ready, slot_free) if gpu else ready
                ends[render, rule] = start + wall_s
                if gpu:
                    slot_free = start + wall_s
                name = f"users-{batch}-{render + 1}"
                rows.append(
                    {"batch": batch, "render": name, "rule": rule, "job": f"{rule} {name}"}
                    | {"stage": "any", "ready_s": ready, "start_s": start, "end_s": start + wall_s}
                    | {"wait_s": start - ready, "gpu": gpu, "threads": 1, "gpus": 1}
                )
    table = pd.DataFrame(rows).assign(**COMMON)
    table["render_finish_s"] = table.groupby("render")["end_s"].transform("max")
    return table


def training_table() -> pd.DataFrame:
    """A trained swapper that comes half of what was left nearer, for twenty times the seconds."""
    common = {
        "person": "ada",
        "target": "langer",
        "identity_to_performer": 0.8,
        "expression_error": 0.6,
        "landmark_jitter": 0.07,
        "change_outside_face": 0.0,
        "own_frames": 0.2,
        "still_face": 1.0,
        "draw_s_per_min": 30.0,
        "equal_min": 1.0,
        "break_even_min": None,
        "frames": 100,
        "scope": "made up",
    }
    rows = [
        {"render": "free", "swapper": "closed_form", "preset": None, "name": "closed_form"}
        | {"identity_to_person": 0.4, "learn_s": 5.0},
        {"render": "quick", "swapper": "trained", "preset": "quick", "name": "trained, quick"}
        | {"identity_to_person": 0.3, "learn_s": 100.0},
    ]
    return pd.DataFrame([common | row for row in rows]).assign(**COMMON)


def ablation_table() -> pd.DataFrame:
    """One setting that halves the cost, one that is dearer, one that was not measured."""
    common = {"unit": "a segment of 2 s", "quality_unit": "px", "quality_method": "made up"}
    rows = []
    for name, factor in (("detect-every-5", 0.5), ("train-in-bf16", 1.5)):
        base = [2.0, 2.1, 1.9]
        changed = [factor * value for value in base]
        rows.append(
            {"variant": name, "stage": "faces", "base": "1", "changed": "5", "reason": None}
            | {"base_s": 2.0, "variant_s": 2.0 * factor, "speed_ratio": 1 / factor}
            | {"base_cpu_s": 2.0, "variant_cpu_s": 2.0 * factor, "cpu_ratio": 1 / factor}
            | {"base_each_s": base, "variant_each_s": changed}
            | {"base_cpu_each_s": base, "variant_cpu_each_s": changed}
            | {"quality_metric": "landmark_drift", "base_quality": 0.0, "variant_quality": 0.3}
            | common
            | COMMON
            | {"n": 3}
        )
    skipped = dict.fromkeys(rows[0]) | COMMON | {"n": 0, "variant": "train-compiled"}
    skipped |= {"stage": "swap", "reason": "takes minutes on a processor"}
    return pd.DataFrame([*rows, skipped])


TABLES = {
    "length": length_table,
    "users": users_table,
    "training": training_table,
    "ablation": ablation_table,
}


def answer_inputs(
    repository: Path, folder: Path, experiments: tuple[str, ...] = tuple(TABLES)
) -> dict[str, Any]:
    """Write all inputs below a folder; return the arguments of `answer_questions`."""
    folder.mkdir(parents=True, exist_ok=True)
    usage = usage_table()
    usage.to_parquet(folder / "usage.parquet")
    usage.assign(label="here", output_s=8.0, renders=1).to_parquet(folder / "machines.parquet")
    timeline = pa.table({"frame": [0]}).replace_schema_metadata({"rate": "25/1", "frames": "200"})
    pq.write_table(timeline, folder / "timeline.parquet")
    for name in experiments:
        TABLES[name]().to_parquet(folder / f"{name}.parquet")
    config = repository / "config"
    return {
        "usage": folder / "usage.parquet",
        "timelines": {"demo": folder / "timeline.parquet"},
        "prices": config / "prices.csv",
        "gpus": config / "gpus.csv",
        "market": config / "market.csv",
        "founding": config / "founding.csv",
        "machines": folder / "machines.parquet",
        "experiments": [folder / f"{name}.parquet" for name in experiments],
        "detector_scores": [],
        "service": {
            "users": [100, 10000],
            "videos_per_user_day": 0.2,
            "video_s": 60,
            "peak_factor": 3,
            "wait_p95_s": 120,
        },
        "spot_mtbi_h": 6.0,
        "template": repository / "reports" / "templates" / "answers.html.j2",
        "page": folder / "answers.html",
        "folder": folder / "answers",
    }
