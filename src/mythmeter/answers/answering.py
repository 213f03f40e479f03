"""Rule answer_questions: the six questions, answered from the tables of a run."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from mythmeter.answers.answers_page import write_answers
from mythmeter.answers.at_once.compared import batch_waits
from mythmeter.answers.capacity.demand import Demand, Target
from mythmeter.answers.challenge.audit import audit_challenge
from mythmeter.answers.challenge.scenarios import challenge_scenarios
from mythmeter.answers.detectability import judge, read_scores
from mythmeter.answers.founding import read_founding
from mythmeter.answers.gpus import read_gpus
from mythmeter.answers.measured import RUN, Measured, output_by_render
from mythmeter.answers.prices import read_prices
from mythmeter.answers.priors import read_priors
from mythmeter.answers.question import Question
from mythmeter.answers.questions.checks import can_be_told, other_machines, published_figures
from mythmeter.answers.questions.compute import which_stage
from mythmeter.answers.questions.gpus import headline, how_many
from mythmeter.answers.questions.market import what_becomes_of_the_market
from mythmeter.answers.questions.optimisations import what_optimises
from mythmeter.answers.questions.scaling import how_it_scales
from mythmeter.answers.questions.service import Service
from mythmeter.answers.questions.training import is_training_needed

CHALLENGE = "detection_challenge"


def answer_questions(
    *,
    usage: Path,
    timelines: Mapping[str, Path],
    prices: Path,
    gpus: Path,
    market: Path,
    founding: Path,
    machines: Path,
    experiments: Sequence[Path],
    detector_scores: Sequence[Path],
    service: Mapping[str, Any],
    spot_mtbi_h: float,
    template: Path,
    page: Path,
    folder: Path,
    today: date | None = None,
) -> None:
    """Write the page of answers and its tables.

    Args:
        usage: `usage.parquet` of the run.
        timelines: of each render.
        prices, gpus, market, founding: the tables of config/.
        machines: `machines.parquet`.
        experiments: those of `length`, `users`, `training`, `ablation` that were run (Parquet).
        detector_scores: scores of a detector, where there are any (CSV).
        service: `answers.service` of the configuration.
        spot_mtbi_h: mean hours between interruptions of a spot GPU.
        template: of the page.
        page, folder: written.
        today: by which prices are fresh or stale; None: today.
    """
    today = today or datetime.now(UTC).date()
    tables = {path.stem: pd.read_parquet(path) for path in experiments}
    measured = Measured(
        usage=pd.read_parquet(usage),
        output_s=output_by_render(timelines),
        prices=read_prices(prices, today),
        gpus=read_gpus(gpus),
        lengths=tables.get("length"),
    )
    challenge = read_founding(founding)[CHALLENGE]
    first = how_many(measured, service_of(service), spot_mtbi_h)
    questions = [
        first,
        which_stage(measured.usage, measured.scope, measured.scope_text, RUN),
        is_training_needed(tables.get("training")),
        how_it_scales(tables.get("length"), _waits(tables.get("users"))),
        what_optimises(tables.get("ablation")),
        what_becomes_of_the_market(read_priors(market), today, RUN),
        published_figures(
            audit_challenge(challenge), challenge_scenarios(challenge, spot_mtbi_h), RUN
        ),
        *_others(pd.read_parquet(machines)),
        *_told(detector_scores),
    ]
    write_answers(
        questions,
        headline=headline(first, measured),
        scope=measured.scope_text,
        template=template,
        page=page,
        folder=folder,
    )


def service_of(settings: Mapping[str, Any]) -> Service:
    """Return the service that `answers.service` describes."""
    return Service(
        users=tuple(settings["users"]),
        demand=Demand(
            users=settings["users"][0],
            videos_per_user_day=settings["videos_per_user_day"],
            video_s=settings["video_s"],
            peak_factor=settings["peak_factor"],
        ),
        target=Target(wait_s=settings["wait_p95_s"]),
    )


def _waits(users: pd.DataFrame | None) -> list[Any]:
    return [] if users is None else batch_waits(users)


def _told(files: Sequence[Path]) -> Iterable[Question]:
    found = [one for path in files for one in judge(read_scores(path), source=path.name)]
    if found:
        yield can_be_told(found, RUN)


def _others(machines: pd.DataFrame) -> Iterable[Question]:
    if machines["machine"].nunique() > 1:
        yield other_machines(machines, RUN)
