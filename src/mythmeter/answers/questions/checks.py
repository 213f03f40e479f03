"""Sections after the six questions: published figures through the same model, other machines, and
whether a detector tells the renders apart."""

from collections.abc import Sequence

import pandas as pd

from mythmeter.answers.challenge.audit import Finding, finding_frame
from mythmeter.answers.challenge.scenarios import Scenario, scenario_frame
from mythmeter.answers.detectability import (
    CHALLENGE_WINNER,
    Detectability,
    detectability_table,
    in_words,
)
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question
from mythmeter.answers.saying import Saying

MACHINES = "profile/machines.parquet"


def published_figures(
    findings: Sequence[Finding], scenarios: Sequence[Scenario], command: str
) -> Question:
    """The account of the detection challenge, worked out again by our own model.

    Args:
        findings: from `audit_challenge`.
        scenarios: from `challenge_scenarios`: on demand, spot, spot with checkpoints.
        command: draws the page again.
    """
    wrong = [finding for finding in findings if finding.agrees is False]
    stated = [finding for finding in findings if finding.agrees is not None]
    counted = {
        "figures_checked": _count(len(stated)),
        "figures_wrong": _count(len(wrong)),
    }
    return Question(
        key="published",
        title="Do published figures come out of the same arithmetic?",
        answer=Saying(
            "Of {figures_checked} figures of the Deepfake Detection Challenge's account, "
            "{figures_wrong} do not follow from its own inputs; the rest come out.",
            counted,
        ),
        further=[
            *(
                Saying(_plain(f"{finding.what.capitalize()}: {finding.remark}."))
                for finding in wrong
            ),
            _played_through(scenarios),
        ],
        scope="config/founding.csv; docs/answers.md has the audit in full",
        command=command,
        tables={
            "published_figures": finding_frame(list(findings)),
            "published_replays": scenario_frame(scenarios),
        },
    )


def _played_through(scenarios: Sequence[Scenario]) -> Saying:
    on_demand, begun_again, saved = scenarios
    text = (
        "Played through in simulated time, the fleet is done after {days_on_demand}. On spot "
        "machines, were every interrupted job begun again: {days_begun_again}"
    )
    numbers = {"days_on_demand": on_demand.days, "days_begun_again": begun_again.days}
    if begun_again.days.value is not None:
        text += ", with {lost_begun_again} lost"
        numbers["lost_begun_again"] = begun_again.lost_share
    text += "; with checkpoints {days_saved}. How much the jobs' hours vary is assumed."
    return Saying(text, numbers | {"days_saved": saved.days})


def can_be_told(found: Sequence[Detectability], command: str) -> Question:
    """Whether a detector tells the renders from footage; for the page alone.

    Args:
        found: from `judge`, at least one detector.
        command: draws the page again.
    """
    first = found[0]
    return Question(
        key="detectability",
        title="Does a detector tell the renders from footage?",
        answer=Saying(
            f"By the scores of {_plain(first.detector)}: log loss {{log_loss}}, AUC {{auc}}; "
            "saying the same of every clip has a log loss of {constant}.",
            {
                "log_loss": first.log_loss,
                "auc": first.auc,
                "constant": first.constant_log_loss,
            },
        ),
        further=[
            *(Saying(_plain(in_words(one))) for one in found),
            Saying(
                "The winner of the Deepfake Detection Challenge had {challenge_winner}, on other "
                "clips. Nothing here is ever fed back into rendering.",
                {"challenge_winner": CHALLENGE_WINNER},
            ),
        ],
        scope="scores brought by the user, or by their own detector over finished renders",
        command=command,
        tables={"detectability": detectability_table(list(found))},
    )


def _plain(text: str) -> str:
    """Text without the braces that would stand for a number."""
    return text.replace("{", "(").replace("}", ")")


def _count(found: int) -> Quantity:
    return Quantity(
        found, "1", max(1, found), "config/founding.csv", "figures", reason="a count has no spread"
    )


def other_machines(machines: pd.DataFrame, command: str) -> Question:
    """What this and other machines took for a second of video.

    Args:
        machines: rows of `machines.parquet`, with sets of other machines among them.
        command: draws the page again.
    """
    table = per_machine(machines)
    fastest = table.loc[table["cpu_s_per_output_s"].idxmin()]
    return Question(
        key="machines",
        title="What did other machines take?",
        answer=Saying(
            f"{len(table)} machines were measured; least processor time took {fastest['label']}: "
            "{least_cpu}.",
            {
                "least_cpu": Quantity(
                    float(fastest["cpu_s_per_output_s"]),
                    "CPU s per s of video",
                    1,
                    MACHINES,
                    str(fastest["processor"]),
                    reason="n = 1 run",
                )
            },
        ),
        further=[
            Saying(
                "`mythmeter compare` puts two of them side by side, stage by stage; it says where "
                "versions, backends or scripts differ, so that they are not like for like."
            )
        ],
        scope="this run and the record sets under records/",
        command=command,
        tables={"machines_measured": table},
    )


def per_machine(machines: pd.DataFrame) -> pd.DataFrame:
    """Return a row a machine: seconds, energy and memory for each second of video.

    `gpu_busy_s_per_output_s`, `energy_j_per_output_s` are null where no device was sampled.
    """
    rows = []
    for machine, own in machines.groupby("machine"):
        jobs = own.drop_duplicates("job")
        output_s = float(own["output_s"].iloc[0])
        rows.append(
            {
                "machine": machine,
                "label": own["label"].iloc[0],
                "processor": own["processor"].iloc[0],
                "gpu": next(iter(own["gpu_name"].dropna()), None),
                "output_s": output_s,
                "cpu_s_per_output_s": own["cpu_s"].sum() / output_s,
                "wall_s_per_output_s": jobs["job_wall_s"].sum() / output_s,
                "gpu_busy_s_per_output_s": own["gpu_busy_s"].sum(min_count=1) / output_s,
                "energy_j_per_output_s": jobs["job_energy_j"].sum(min_count=1) / output_s,
                "peak_rss_bytes": own["peak_rss_bytes"].max(),
                "peak_vram_bytes": own["vram_process_peak_bytes"].max(),
                "n": 1,
                "source": MACHINES,
            }
        )
    return pd.DataFrame(rows)
