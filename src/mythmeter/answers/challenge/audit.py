"""The account of the detection challenge, its figures worked out again from its own inputs."""

from dataclasses import dataclass

import pandas as pd

from mythmeter.answers.founding import Case
from mythmeter.answers.quantity import Quantity

AGREES_WITHIN = 0.06
"""A stated figure is rounded ("just under 50,000"): further off than this it disagrees."""


@dataclass(frozen=True)
class Finding:
    """One figure of an account, worked out again."""

    what: str
    stated: Quantity | None
    """None where the account does not say."""
    worked_out: Quantity
    agrees: bool | None
    remark: str = ""


def audit_challenge(case: Case) -> list[Finding]:
    """Work the figures of the Deepfake Detection Challenge out again from its own inputs.

    Args:
        case: `detection_challenge` of founding.csv.

    Raises:
        AnswerError: a figure that is needed is not in the table.
    """
    p3, g4 = case["p3_2xlarge_usd_per_hour"], case["g4dn_xlarge_usd_per_hour"]
    wide = case["g4dn_8xlarge_usd_per_hour"]
    planned, scored = case["projected_p3_hours"], case["submissions"]
    g4_hours = case["projected_g4_hours"]
    ratio = g4_hours / planned
    hours_each = planned / scored
    equivalent = case["actual_g4_hours"] + case["actual_p3_hours"] * ratio
    actual = actual_usd(case)
    projected_usd = g4_hours * g4
    return [
        _finding(
            "hours of all submissions",
            case.quantity("projected_p3_hours"),
            scored * case["hours_each"],
            f"{planned:,.0f} h would be {hours_each:g} h each, or "
            f"{planned / case['hours_each']:,.0f} submissions",
        ),
        _finding(
            "hours of the fleet",
            case.quantity("projected_p3_hours"),
            case["fleet_gpus"] * case["fleet_days"] * 24,
        ),
        _finding(
            "price of a P3 hour in the projection",
            case.quantity("p3_2xlarge_usd_per_hour"),
            case["projected_p3_usd"] / planned,
        ),
        _finding(
            "projection on g4dn.xlarge",
            case.quantity("projected_g4_usd"),
            projected_usd,
        ),
        _finding(
            "projection on g4dn.8xlarge, the size of the printed header",
            case.quantity("projected_g4_usd"),
            g4_hours * wide,
            "the header is wrong: the bill is that of g4dn.xlarge",
        ),
        _finding("saving of an hour on g4dn.xlarge", case.quantity("g4_saving_share"), 1 - g4 / p3),
        _finding(
            "saving of an hour on g4dn.8xlarge",
            case.quantity("g4_saving_share"),
            1 - wide / p3,
            "the header is wrong: the saving is that of g4dn.xlarge",
        ),
        _finding(
            "G4 hours in the runtime row of the printed table",
            case.quantity("printed_g4_hours"),
            g4_hours,
            "the row should read 42,000 | 90,000; 25,000 is what was used in the end",
        ),
        _finding("what was paid", case.quantity("actual_usd"), actual, _c4_remark(case)),
        _finding(
            "hours projected over hours used, in hours of a G4",
            None,
            g4_hours / equivalent,
            "early submissions were larger than later ones: draw jobs at random before quoting",
            unit="times",
        ),
        _finding(
            "dollars projected over dollars paid, on G4",
            None,
            projected_usd / actual,
            "without the CPU hours, which the projection did not count: "
            f"{projected_usd / (actual - case['actual_c4_hours'] * case['c4_usd_per_hour']):.1f}",
            unit="times",
        ),
    ]


def actual_usd(case: Case, c4_key: str = "c4_usd_per_hour") -> float:
    """Return what the hours that were used come to, in USD.

    Raises:
        AnswerError: a figure that is needed is not in the table.
    """
    return (
        case["actual_g4_hours"] * case["g4dn_xlarge_usd_per_hour"]
        + case["actual_p3_hours"] * case["p3_2xlarge_usd_per_hour"]
        + case["actual_c4_hours"] * case[c4_key]
    )


def finding_frame(findings: list[Finding]) -> pd.DataFrame:
    """Return findings as a table: `what`, `stated`, `worked_out`, `unit`, `agrees`, `remark`, …."""
    return pd.DataFrame(
        [
            {
                "what": f.what,
                "stated": None if f.stated is None else f.stated.value,
                "worked_out": f.worked_out.value,
                "unit": f.worked_out.unit,
                "agrees": f.agrees,
                "remark": f.remark,
                "n": f.worked_out.n,
                "source": f.worked_out.source,
                "stated_in": None if f.stated is None else f.stated.source,
            }
            for f in findings
        ]
    )


def _finding(
    what: str, stated: Quantity | None, worked_out: float, remark: str = "", unit: str = ""
) -> Finding:
    value = Quantity(
        worked_out,
        stated.unit if stated is not None else unit,
        1,
        "worked out from config/founding.csv",
        what,
        reason="worked out from single published figures",
    )
    if stated is None or not stated.value:
        return Finding(what, None, value, None, remark)
    agrees = abs(worked_out / stated.value - 1) <= AGREES_WITHIN
    return Finding(what, stated, value, agrees, remark)


def _c4_remark(case: Case) -> str:
    least, most = (actual_usd(case, f"c4_{end}_usd_per_hour") for end in ("smallest", "largest"))
    return (
        "the size of the C4 is not stated: with c4.4xlarge the bill comes out; the smallest and "
        f"the largest would make ${least:,.0f} and ${most:,.0f}"
    )
