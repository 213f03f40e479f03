"""A tiny training in a process of its own, which may be killed at a step; for tests of resuming."""

import os
import signal

import torch

from mythmeter.swap import presets
from mythmeter.swap.learning import optimise as loop
from mythmeter.swap.learning.schedule import Schedule
from mythmeter.swap.learning.team import Team
from mythmeter.swap.presets import TextureSize
from mythmeter.swap.train_pair import PairJob, run_job_here

TINY = "tiny"
STEPS = 24


def add_tiny_preset() -> None:
    """A preset that trains in a second."""
    presets.TEXTURE_PRESETS[TINY] = (
        Schedule(samples=4 * STEPS, batch=4, learning_rate=2e-3, validate_every=32, patience=99),
        TextureSize(
            texture_px=32, encoder_px=32, width=4, code=16, components=6, detail=(4, 4, 4, 4)
        ),
    )


def train(job: str, kill_before: int | None) -> None:
    """Run a job; with SIGKILL in the middle of step `kill_before`, gradients done."""
    torch.set_num_threads(1)
    add_tiny_preset()
    if kill_before is not None:
        whole_step = loop._Run._follow

        def die(run: loop._Run) -> None:
            if run.step >= kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            whole_step(run)

        loop._Run._follow = die  # type: ignore[method-assign]
    loop.MEAN_EVERY = 1  # so that every step comes by
    run_job_here(PairJob.from_json(job), Team(), torch.device("cpu"))
