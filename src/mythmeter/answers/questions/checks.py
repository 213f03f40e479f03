"""Sections after the six questions: published figures through the same model, other machines, and
whether a detector tells the renders apart."""

from collections.abc import Sequence

import pandas as pd

from mythmeter.answers.batch_scoring import Finding, finding_frame
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question
from mythmeter.answers.saying import Saying

MACHINES = "profile/machines.parquet"


def published_figures(findings: Sequence[Finding], command: str) -> Question:
    """The account of the detection challenge, worked out again by our own model.

    Args:
        findings: from `audit_challenge`.
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
            Saying(
                f"{finding.what.capitalize()}: {finding.remark}.".replace("{", "(").replace(
                    "}", ")"
                )
            )
            for finding in wrong
        ],
        scope="config/founding.csv; docs/answers.md has the audit in full",
        command=command,
        tables={"published_figures": finding_frame(list(findings))},
    )


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
