"""Variants of training: number format, threads, compilation; a few steps from the same start."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import torch

from mythmeter.errors import ConfigError
from mythmeter.experiments.bench import Quality
from mythmeter.experiments.files import Material, Scale
from mythmeter.swap.dataset import read_pair
from mythmeter.swap.learning.optimise import Result, optimise
from mythmeter.swap.swappers import pair_swapper

SWAPPER, PRESET, SEED = "trained", "quick", 1
FRAMES = 100
"""Of each face: enough for steps whose cost does not depend on it."""

PRECISIONS = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


class _Training:
    """Steps of `trained`; what a setting changes is up to the family."""

    settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, material: Material, scale: Scale) -> None:
        self._footage = read_pair(
            material.person_crops, material.crops, limit=FRAMES, held_out="tail"
        )
        self._kind = pair_swapper(SWAPPER)
        self._scale, self._device = scale, torch.device(scale.device)
        schedule = self._kind.schedule(PRESET)
        self._schedule = replace(
            schedule, samples=scale.samples, validate_every=scale.samples, patience=10**6
        )
        self.unit = f"{scale.samples} samples of swapper {SWAPPER}, {PRESET}"

    def ready(self, setting: str) -> Callable[[], Result]:
        """Return the work: the steps, their last look at the held-out frames included."""
        if self.settings and setting not in self.settings:
            known = ", ".join(self.settings)
            raise ConfigError(f"A variant of training cannot be set to {setting!r}, only {known}.")
        torch.manual_seed(SEED)
        learner: Any = self._kind.learner(self._footage, PRESET, self._device)
        return self.prepared(learner, setting)

    def prepared(self, learner: Any, setting: str) -> Callable[[], Result]:
        """Apply a setting to a fresh learner and return the work."""
        raise NotImplementedError

    def steps(self, learner: Any, threads: int = 1, **options: Any) -> Result:
        """Train on so many threads."""
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            return optimise(learner, self._schedule, seed=SEED, device=self._device, **options)
        finally:
            torch.set_num_threads(before)

    def quality(self, base: Result, changed: Result) -> Quality:
        """Error on held-out frames after the same samples."""
        return Quality(
            "held_out_error",
            "levels of 255",
            float(base.facts["held_out_error"]),
            float(changed.facts["held_out_error"]),
            f"after {self._schedule.samples} samples from the same start: far from trained, so it "
            "says whether a setting disturbs the steps, not how good the face is",
        )


class Precision(_Training):
    """Settings: number format of the steps."""

    settings = tuple(PRECISIONS)

    def prepared(self, learner: Any, setting: str) -> Callable[[], Result]:
        """Train in a number format."""
        return lambda: self.steps(learner, precision=PRECISIONS[setting])


class Threads(_Training):
    """Settings: processor threads of the steps."""

    def prepared(self, learner: Any, setting: str) -> Callable[[], Result]:
        """Train on so many threads."""
        return lambda: self.steps(learner, threads=int(setting))


class Compilation(_Training):
    """Settings: `eager` or `compiled`, by torch.compile; compiling is part of the untimed run."""

    settings = ("eager", "compiled")

    def prepared(self, learner: Any, setting: str) -> Callable[[], Result]:
        """Train with the network as it is, or compiled."""
        if setting == "compiled":
            learner.network.compile()
        return lambda: self.steps(learner)
