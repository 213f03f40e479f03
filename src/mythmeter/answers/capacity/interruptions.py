"""What interruptions of a spot GPU cost a job: with nothing saved, and with checkpoints.

Interruptions come at random with a mean time m between them (exponential). A job of s seconds that
starts from scratch each time takes m·exp(r/m)·(exp(s/m) − 1) seconds on average, r being the time
to get going again. Saved every c seconds at a cost of d, it takes s/c times that of a piece of
c + d. Source: J. T. Daly, *A higher order estimate of the optimum checkpoint interval for restart
dumps* (2006), equation 20; the best interval to first order: J. W. Young (1974).
"""

import math
from collections.abc import Sequence

import pandas as pd

from mythmeter.errors import AnswerError

FORMULA = "m·exp(r/m)·(exp(s/m) − 1)/s, Daly (2006)"
HOPELESS = 1e6
"""A job this many times slower than undisturbed never ends; no figure is given."""


def times_slower(
    job_s: float,
    between_s: float,
    *,
    chunk_s: float | None = None,
    save_s: float = 0.0,
    restart_s: float = 0.0,
) -> float:
    """Return expected over undisturbed duration of a job on a machine that is taken away.

    Args:
        job_s: seconds that the job works, undisturbed.
        between_s: mean seconds between interruptions.
        chunk_s: seconds of work between two checkpoints, or of a piece that is a job of its own;
            None: the whole job.
        save_s: seconds that a checkpoint takes.
        restart_s: seconds to get a machine again and load what was saved.

    Returns:
        A factor of 1 or more; infinite where it is beyond any use (above a million).

    Raises:
        AnswerError: a time that is not positive (0 is allowed for saving and restarting).
    """
    for name, value in (("job", job_s), ("time between interruptions", between_s)):
        if not (value > 0 and math.isfinite(value)):
            raise AnswerError(f"The {name} is {value} s; it must be more than 0.")
    if save_s < 0 or restart_s < 0:
        raise AnswerError("Saving and restarting cannot take less than no time.")
    if chunk_s is not None and not chunk_s > 0:
        raise AnswerError(f"A chunk of {chunk_s} s is none; it must be more than 0.")
    if chunk_s is None or chunk_s >= job_s:
        chunk_s, save_s = job_s, 0.0
    exponent = (chunk_s + save_s + restart_s) / between_s
    if exponent > math.log(HOPELESS * (1 + job_s / between_s)):
        return math.inf
    piece_s = (
        between_s * math.exp(restart_s / between_s) * math.expm1((chunk_s + save_s) / between_s)
    )
    return piece_s / chunk_s


def best_chunk_s(between_s: float, save_s: float) -> float:
    """Return the seconds of work between checkpoints that cost least: Young's √(2dm) − d.

    Good where a checkpoint takes far less than the time between interruptions.
    """
    return math.sqrt(2 * save_s * between_s) - save_s


def between_from_share(share: float, period_s: float) -> float:
    """Return the mean seconds between interruptions from the share of machines taken in a period.

    Clouds publish it so: `< 5 %` of spot machines a month, for example.
    """
    if not 0 < share < 1:
        raise AnswerError(f"A share of {share} is none; it must lie between 0 and 1.")
    return -period_s / math.log1p(-share)


def spot_table(
    jobs_s: Sequence[float],
    between_s: float,
    *,
    chunk_s: float,
    save_s: float,
    restart_s: float,
    source: str,
) -> pd.DataFrame:
    """Return how much slower jobs become, a row per length and way of saving.

    Columns: `job_s`, `saved` (`never`, `every … s`), `times_slower` (unit: 1; empty with a
    `reason` where the job would never end), `extra_s`, `unit`, `n`, `spread`, `source`.
    """
    rows = []
    for job_s in jobs_s:
        for saved, piece_s in (("never", None), (f"every {chunk_s:g} s", chunk_s)):
            factor = times_slower(
                job_s, between_s, chunk_s=piece_s, save_s=save_s, restart_s=restart_s
            )
            ends = math.isfinite(factor)
            rows.append(
                {
                    "job_s": job_s,
                    "saved": saved,
                    "times_slower": factor if ends else None,
                    "extra_s": (factor - 1) * job_s if ends else None,
                    "unit": "times the undisturbed duration",
                    "n": 1,
                    "spread": None,
                    "source": f"{FORMULA}; m = {between_s:g} s: {source}",
                    "reason": None if ends else "would practically never end",
                }
            )
    return pd.DataFrame(rows)
