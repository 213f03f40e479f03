"""The detection challenge in simulated time."""

from dataclasses import replace

import pytest

from mythmeter.answers.challenge.replay import ScoringBatch, replay
from mythmeter.errors import AnswerError

CHALLENGE = ScoringBatch(
    jobs=4200,
    hours_each=9.0,
    spread=0.5,
    gpus=85,
    success=0.94,
    interruptions_per_hour=0.0,
    checkpoint_h=None,
    restart_h=0.1,
    usd_per_hour=3.0,
)


def test_jobs_alike_on_one_gpu_take_their_hours_one_after_another():
    done = replay(replace(CHALLENGE, jobs=3, gpus=1, spread=0.0, success=1.0), seed=1)
    assert done.makespan_h == pytest.approx(27.0)
    assert done.gpu_hours == pytest.approx(27.0)
    assert done.usd == pytest.approx(81.0)
    assert done.usd_per_success == pytest.approx(27.0)
    assert done.utilisation == pytest.approx(1.0)


def test_the_challenge_fits_into_three_weeks_of_85_gpus():
    done = replay(CHALLENGE, seed=1)
    assert done.gpu_hours == pytest.approx(37_800, rel=0.03)
    assert 37_800 / 85 / 24 < done.makespan_h / 24 < 21
    assert done.succeeded == pytest.approx(0.94 * 4200, rel=0.02)
    assert done.lost_hours == 0


def test_the_same_seed_replays_the_same():
    assert replay(CHALLENGE, seed=5) == replay(CHALLENGE, seed=5)
    assert replay(CHALLENGE, seed=5) != replay(CHALLENGE, seed=6)


def test_without_checkpoints_interruptions_cost_what_theory_says():
    """Mean time to finish w hours at a rate r, begun again each time: (exp(rw) - 1) / r."""
    batch = replace(CHALLENGE, spread=0.0, interruptions_per_hour=0.05, restart_h=0.0)
    done = replay(batch, seed=2)
    expected_h = (2.718281828 ** (0.05 * 9) - 1) / 0.05
    assert done.gpu_hours / batch.jobs == pytest.approx(expected_h, rel=0.03)
    assert done.gpu_hours - done.lost_hours == pytest.approx(4200 * 9)


def test_checkpoints_save_most_of_what_interruptions_cost():
    spot = replace(CHALLENGE, interruptions_per_hour=0.05)
    saved = replay(replace(spot, checkpoint_h=0.25), seed=3)
    begun_again = replay(spot, seed=3)
    assert saved.lost_hours < begun_again.lost_hours / 10
    assert saved.makespan_h < begun_again.makespan_h


def test_jobs_that_come_in_over_time_are_not_done_before_the_last_has_come():
    done = replay(replace(CHALLENGE, submitted_over_h=2000.0), seed=4)
    assert done.makespan_h > 1990
    assert done.utilisation < 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gpus": 0}, "gpus is 0"),
        ({"success": 1.5}, "success is 1.5"),
        ({"checkpoint_h": 0.0}, "None stands for no checkpoints"),
        ({"interruptions_per_hour": 10.0}, "save more often"),
    ],
)
def test_figures_that_make_no_sense_are_refused(change, message):
    with pytest.raises(AnswerError, match=message):
        replay(replace(CHALLENGE, **change), seed=1)
