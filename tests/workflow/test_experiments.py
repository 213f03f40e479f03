"""What each experiment would run: the graph of its jobs; nothing is made."""

import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.workflow

SHARED = {"generate_person", "enrol_voice", "train_swap", "normalise_clip", "track_faces"}
OF_A_RENDER = {"speak_script", "swap_faces", "plan_render", "drive_lips", "assemble"} | {
    "mark_render",
    "verify_render",
}


@pytest.fixture(scope="session")
def planned(repository):
    """Return a function: the graph (dot) of jobs that would make everything anew."""

    def of(config, target):
        command = [
            *(sys.executable, "-m", "snakemake", "--cores", "2", "--resources", "gpu=1"),
            *("--dag", "dot", "--forceall", "--nolock", "--quiet", "all"),
            *("--configfile", f"config/experiments/{config}.yaml", "--", target),
        ]
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return of


def counts(planned, config, target):
    """Rule -> jobs."""
    labels = re.findall(r'label ?= ?"([a-z_]+)', planned(config, target))
    return {rule: labels.count(rule) for rule in labels}


def test_length_makes_each_length_and_shares_the_rest(planned):
    found = counts(planned, "length", "measure_lengths")
    assert {rule: found[rule] for rule in OF_A_RENDER} == dict.fromkeys(OF_A_RENDER, 4)
    assert {rule: found[rule] for rule in ("generate_person", "enrol_voice", "train_swap")} == (
        dict.fromkeys(("generate_person", "enrol_voice", "train_swap"), 1)
    )
    assert "score_render" not in found


def test_a_batch_makes_its_own_renders_alone(planned):
    found = counts(planned, "users", "results/experiments/users/4.parquet")
    assert {rule: found[rule] for rule in OF_A_RENDER} == dict.fromkeys(OF_A_RENDER, 4)
    assert found["sync_lips"] == 4


def test_ablation_makes_no_render(planned):
    found = counts(planned, "ablation", "measure_ablation")
    assert found["measure_variant"] == 8
    assert not OF_A_RENDER & set(found)


def test_training_trains_two_pairs_and_scores_three_swaps(planned):
    found = counts(planned, "training", "compare_swaps")
    assert (found["train_pair"], found["score_swap"]) == (2, 3)
