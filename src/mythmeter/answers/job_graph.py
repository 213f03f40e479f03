"""The jobs of a run and which of them had to end before another could start."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mythmeter.errors import AnswerError

WALK: dict[str, tuple[str, ...]] = {
    "generate_person": (),
    "check_consent": ("generate_person",),
    "normalise_clip": ("generate_person",),
    "extract_audio": ("generate_person",),
    "track_faces": ("normalise_clip",),
    "locate_points": ("normalise_clip", "track_faces"),
    "crop_faces": ("normalise_clip", "track_faces", "locate_points"),
    "match_face": ("check_consent", "normalise_clip", "track_faces"),
    "match_voice": ("check_consent", "extract_audio"),
    "train_swap": ("check_consent", "match_face", "crop_faces"),
    "train_pair": ("check_consent", "match_face", "crop_faces"),
    "swap_faces": ("check_consent", "train_swap", "train_pair", "crop_faces"),
    "enrol_voice": ("check_consent", "match_voice", "extract_audio"),
    "speak_together": ("check_consent", "enrol_voice"),
    "speak_script": ("check_consent", "enrol_voice", "speak_together"),
    "plan_render": ("speak_script", "track_faces"),
    "drive_lips": (
        "check_consent",
        "match_face",
        "crop_faces",
        "extract_audio",
        "speak_script",
        "plan_render",
    ),
    "sync_lips": (
        "check_consent",
        "match_face",
        "drive_lips",
        "plan_render",
        "swap_faces",
        "crop_faces",
    ),
    "composite": (
        "check_consent",
        "normalise_clip",
        "track_faces",
        "crop_faces",
        "plan_render",
        "sync_lips",
    ),
    "assemble": ("check_consent", "composite", "speak_script", "plan_render"),
    "mark_render": (
        "generate_person",
        "check_consent",
        "match_face",
        "match_voice",
        "assemble",
        "speak_script",
        "normalise_clip",
        "extract_audio",
    ),
    "verify_render": ("mark_render",),
    "score_render": (
        "verify_render",
        "check_consent",
        "normalise_clip",
        "track_faces",
        "plan_render",
        "speak_script",
        "enrol_voice",
        "extract_audio",
    ),
    "score_swap": ("check_consent", "swap_faces", "normalise_clip", "track_faces", "crop_faces"),
    "score_detector": ("verify_render", "normalise_clip"),
    "compare_render": (
        "generate_person",
        "check_consent",
        "match_face",
        "match_voice",
        "normalise_clip",
        "extract_audio",
        "track_faces",
        "crop_faces",
        "speak_script",
        "plan_render",
        "swap_faces",
        "sync_lips",
    ),
}
"""Rule -> rules whose files it reads, as in rules/*.smk."""

READS_ANY_CLIP = ("train_pair",)
"""Rules whose wildcard `clip` names one of several clips that they read."""

Sheet = Mapping[str, tuple[str, str]]
"""Render -> its person and its footage."""

Links = dict[str, tuple[str, ...]]
"""Job -> the jobs whose files it reads."""


def jobs_of(usage: pd.DataFrame) -> pd.DataFrame:
    """Return the jobs of a run, a row each, in the order of their starts.

    Args:
        usage: `usage.parquet` as `mythmeter.usage.table` writes it, a row per job and phase. Used
            are `job`, `rule`, `started_at`, `start_s`, `job_wall_s`, `threads`, `gpu_granted` and
            `wildcards` (JSON).

    Returns:
        Index `job`; columns `rule`, `wildcards` (dict), `start_s` and `end_s` (seconds since the
        run's first job), `wall_s`, `threads`, `gpus`.

    Raises:
        AnswerError: a job without its wall time.
    """
    first = usage.drop_duplicates("job").set_index("job")
    unknown = first.index[first["job_wall_s"].isna() | first["started_at"].isna()]
    if len(unknown):
        raise AnswerError(f"{unknown[0]}: its usage record has no wall time; run the job again.")
    started = pd.to_datetime(first["started_at"]) - pd.to_timedelta(first["start_s"], unit="s")
    since = (started - started.min()).dt.total_seconds()
    wall_s = first["job_wall_s"].astype(float)
    table = pd.DataFrame(
        {
            "rule": first["rule"],
            "wildcards": [json.loads(text or "{}") for text in first["wildcards"]],
            "start_s": since,
            "end_s": since + wall_s,
            "wall_s": wall_s,
            "threads": first["threads"].fillna(1).astype(int),
            "gpus": first["gpu_granted"].fillna(0).astype(int),
        }
    )
    return table.sort_values("start_s", kind="stable")


def link(
    jobs: pd.DataFrame,
    walk: Mapping[str, Sequence[str]] = WALK,
    sheet: Sheet | None = None,
) -> Links:
    """Return each job's predecessors.

    Two jobs are linked where the walk links their rules, no wildcard of the same name differs, and
    they work for a render in common. Without a sheet a job that names no render works for all of
    them: right where all renders of the run share one person and one footage. Renders of one person
    by different swappers are linked to the learning of both.

    Args:
        jobs: from `jobs_of`.
        walk: rule -> rules whose files it reads.
        sheet: render -> person and footage.

    Raises:
        AnswerError: a rule that the walk does not know, or a render that the sheet does not.
    """
    unknown = sorted(set(jobs["rule"]) - set(walk))
    if unknown:
        raise AnswerError(f"The walk does not know rule {unknown[0]}: pass one that does.")
    wildcards: dict[str, dict[str, str]] = jobs["wildcards"].to_dict()
    renders = {w["render"] for w in wildcards.values() if "render" in w}
    if sheet is not None and renders - set(sheet):
        raise AnswerError(f"Render {min(renders - set(sheet))} is not in the sheet.")
    serves = {job: _renders_of(given, renders, sheet) for job, given in wildcards.items()}
    by_rule = jobs.groupby("rule").groups
    return {
        str(job): tuple(
            str(other)
            for rule in walk[jobs.at[job, "rule"]]
            for other in by_rule.get(rule, ())
            if serves[job] & serves[other] and _agree(jobs.loc[job], jobs.loc[other])
        )
        for job in jobs.index
    }


def chain_s(jobs: pd.DataFrame, links: Links, overhead_s: float = 0.0) -> dict[str, float]:
    """Return, for each job, the seconds until it would end if nothing ever waited.

    The longest chain of wall times behind it (the critical path), its own included, plus
    `overhead_s` for every job of the chain: what it takes to start one.
    """
    wall: dict[str, float] = jobs["wall_s"].to_dict()
    ends: dict[str, float] = {}
    for job in order_of(links):
        before = max((ends[other] for other in links[job]), default=0.0)
        ends[job] = before + overhead_s + wall[job]
    return ends


def order_of(links: Links) -> list[str]:
    """Return the jobs, each after its predecessors.

    Raises:
        AnswerError: they go round in a circle.
    """
    from graphlib import CycleError, TopologicalSorter

    try:
        return list(TopologicalSorter(links).static_order())
    except CycleError as error:
        raise AnswerError(
            f"The walk goes round in a circle: {' -> '.join(error.args[1])}"
        ) from None


def ready_s(jobs: pd.DataFrame, links: Links) -> pd.Series:
    """Return when the last predecessor of each job ended; 0 for a job without any."""
    ends: dict[str, float] = jobs["end_s"].to_dict()
    ready = [max((ends[other] for other in links[str(job)]), default=0.0) for job in jobs.index]
    return pd.Series(ready, index=jobs.index, dtype=float)


def ancestors(links: Links, job: str) -> set[str]:
    """Return all jobs that must end before a job can start."""
    found: set[str] = set()
    waiting = list(links[job])
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting.extend(links[other])
    return found


def _renders_of(given: Mapping[str, Any], renders: set[str], sheet: Sheet | None) -> set[str]:
    """The renders that a job with these wildcards works for. A clip `ada.talk` is Ada's."""
    if "render" in given:
        return {given["render"]}
    if sheet is None:
        return renders
    person, clip = given.get("person"), given.get("clip")
    return {
        render
        for render in renders
        if person in (None, sheet[render][0])
        and (clip in (None, sheet[render][1]) or clip.startswith(f"{sheet[render][0]}."))
    }


def _agree(job: pd.Series, other: pd.Series) -> bool:
    """Whether no wildcard that both have differs."""
    mine, theirs = job["wildcards"], other["wildcards"]
    return all(
        theirs.get(name, value) == value
        for name, value in mine.items()
        if not (name == "clip" and job["rule"] in READS_ANY_CLIP)
    )
