"""Train a network by a schedule: resumable to the bit, with a running mean of its weights."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from mythmeter.swap.learning.checkpoint import (
    network_tensors,
    optimiser_tensors,
    read_checkpoint,
    restore_network,
    restore_optimiser,
    write_checkpoint,
)
from mythmeter.swap.learning.gradients import Gradients
from mythmeter.swap.learning.learner import Learner
from mythmeter.swap.learning.precision import fast_type
from mythmeter.swap.learning.schedule import Schedule
from mythmeter.swap.learning.team import Team
from mythmeter.usage.notice import Terminated, saving_at_notice

MEAN_EVERY = 4
"""Steps between two updates of the running mean of the weights."""
MEAN_DECAY = 0.99
LARGEST_GRADIENT = 1.0
GAIN = 0.001
"""Share by which the held-out error must fall to count as a gain."""


@dataclass(frozen=True)
class Keeping:
    """Where and how often a run is written down."""

    path: Path
    fingerprint: str
    """Of all that the result depends on."""
    every_s: float = 60.0


@dataclass
class Result:
    """A finished run."""

    network: nn.Module
    """The running mean of the weights, as it was when the held-out error was lowest."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Samples, micro-batch, precision, why it ended, history; plain values."""


def optimise(
    learner: Learner,
    schedule: Schedule,
    *,
    seed: int,
    device: torch.device,
    team: Team | None = None,
    keeping: Keeping | None = None,
    on_step: Callable[[int], None] | None = None,
    precision: torch.dtype | Literal["fastest"] | None = "fastest",
    also_look: Callable[[nn.Module], dict[str, float]] | None = None,
) -> Result:
    """Train until the schedule ends or the held-out error no longer falls.

    What is random in a step depends on the seed and the step's number alone, and a checkpoint holds
    all else, so a run that was killed and goes on ends in the same weights.

    Args:
        learner: network and footage, on the device.
        schedule: samples, batch and rate.
        seed: of everything random.
        device: of the learner.
        team: processes that train together.
        keeping: checkpoints; None keeps none.
        on_step: called with the number of each finished step.
        precision: of the steps; None is float32, `fastest` what `fast_type` finds.
        also_look: measures more of the running mean at each look, for the history; its seconds do
            not count as training.

    Raises:
        DeviceError: not even one sample fits into memory.
        Terminated: notice of the end was given; a checkpoint of the last step is kept.
    """
    number_format = fast_type(device) if precision == "fastest" else precision
    run = _Run(learner, schedule, seed, device, team or Team(), keeping, number_format)
    run.also_look = also_look
    run.resume()
    with saving_at_notice() as notice:
        while run.step < schedule.steps and not run.ended:
            run.advance()
            if on_step is not None:
                on_step(run.step)
            if notice.given:
                run.keep()
                raise Terminated
    return run.result()


class _Run:
    def __init__(
        self,
        learner: Learner,
        schedule: Schedule,
        seed: int,
        device: torch.device,
        team: Team,
        keeping: Keeping | None,
        precision: torch.dtype | None,
    ) -> None:
        self.learner, self.schedule, self.seed = learner, schedule, seed
        self.device, self.team, self.keeping = device, team, keeping
        self.network = learner.network
        team.agree(self.network)
        self.mean, self.best = _copy(self.network), _copy(self.network)
        self.optimiser = torch.optim.AdamW(
            [p for p in self.network.parameters() if p.requires_grad],
            lr=schedule.learning_rate,
            betas=(0.5, 0.99),
            weight_decay=1e-4,
            fused=True,
        )
        self.precision = precision
        self.gradients = Gradients(
            learner,
            micro_batch=-(-schedule.batch // team.size),
            fast_type=self.precision,
            device=device,
            team=team,
        )
        self.generator = torch.Generator(device)
        self.step = 0
        self.ended = ""
        self.history: list[dict[str, float]] = []
        self.best_error, self.looks_without_gain = float("inf"), 0
        self.spent_cpu_s, self.spent_s = 0.0, 0.0
        self._began_cpu, self._began = time.process_time(), time.perf_counter()
        self._kept_at = self._began
        self._loss = torch.zeros((), device=device)
        self._steps_in_loss = 0
        self.also_look: Callable[[nn.Module], dict[str, float]] | None = None

    def advance(self) -> None:
        """One step, and what is due after it."""
        self.generator.manual_seed((self.seed << 32) + self.step)
        batch = self.learner.batch(self.schedule.batch, self.generator)
        self._loss += self.gradients.of(batch)
        self._steps_in_loss += 1
        nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        for group in self.optimiser.param_groups:
            group["lr"] = self.schedule.rate_at(self.step)
        self.optimiser.step()
        self.step += 1
        if self.step % MEAN_EVERY == 0 or self.step == self.schedule.steps:
            self._follow()
        last = self.step == self.schedule.steps
        if last or self.step % self.schedule.steps_between_looks == 0:
            self._look()
        self._keep_if_due()

    def _follow(self) -> None:
        """Let the running mean follow; early on it follows fast."""
        share = 1 - min(MEAN_DECAY, self.step / (self.step + 40))
        with torch.no_grad():
            torch._foreach_lerp_(
                list(self.mean.parameters()), list(self.network.parameters()), share
            )

    def _look(self) -> None:
        """Measure the held-out error; keep the weights if it fell, stop if it has not for long."""
        error = self.learner.held_out_error(self.mean)
        loss = float(self._loss) / max(1, self._steps_in_loss)
        cpu_s, wall_s = self._spent()
        samples = self.step * self.schedule.batch
        self.history.append(
            {
                "samples": samples,
                "loss": loss,
                "held_out_error": error,
                "learning_rate": self.schedule.rate_at(self.step - 1),
                "cpu_s": round(cpu_s, 3),
                "wall_s": round(wall_s, 3),
            }
        )
        if self.team.leads and self.also_look is not None:
            self.history[-1] |= self.also_look(self.mean)
            self._leave_out_since(cpu_s, wall_s)
        if self.team.leads:
            print(
                f"{samples} samples, {cpu_s:.0f} CPU-s: loss {loss:.4f}, held out {error:.4f}",
                flush=True,
            )
        self._loss.zero_()
        self._steps_in_loss = 0
        if error < self.best_error * (1 - GAIN):
            self.looks_without_gain = 0
        else:
            self.looks_without_gain += 1
        if error < self.best_error:
            self.best_error = error
            self.best.load_state_dict(self.mean.state_dict())
        if self.looks_without_gain >= self.schedule.patience:
            self.ended = f"no gain on held-out frames in {self.looks_without_gain} looks"

    def _spent(self) -> tuple[float, float]:
        return (
            self.spent_cpu_s + time.process_time() - self._began_cpu,
            self.spent_s + time.perf_counter() - self._began,
        )

    def _leave_out_since(self, cpu_s: float, wall_s: float) -> None:
        """Count no seconds since then."""
        now_cpu_s, now_s = self._spent()
        self._began_cpu += now_cpu_s - cpu_s
        self._began += now_s - wall_s

    def _keep_if_due(self) -> None:
        if self.keeping is None or self.step == self.schedule.steps:
            return
        if time.perf_counter() - self._kept_at >= self.keeping.every_s:
            self.keep()

    def keep(self) -> None:
        """Write a checkpoint of this very step, where checkpoints are kept."""
        if self.keeping is None or not self.team.leads:
            return
        cpu_s, wall_s = self._spent()
        facts = {
            "fingerprint": self.keeping.fingerprint,
            "step": self.step,
            "micro_batch": self.gradients.micro_batch,
            "ended": self.ended,
            "history": self.history,
            "best_error": self.best_error,
            "looks_without_gain": self.looks_without_gain,
            "cpu_s": cpu_s,
            "wall_s": wall_s,
            "steps_in_loss": self._steps_in_loss,
        }
        write_checkpoint(self.keeping.path, {**self._tensors(), "loss": self._loss}, facts)
        self._kept_at = time.perf_counter()

    def _tensors(self) -> dict[str, Tensor]:
        return {
            **network_tensors(self.network, "network"),
            **network_tensors(self.mean, "mean"),
            **network_tensors(self.best, "best"),
            **optimiser_tensors(self.optimiser),
        }

    def resume(self) -> None:
        """Go on from a checkpoint, if there is one of this very run."""
        found = self.keeping and read_checkpoint(self.keeping.path, self.keeping.fingerprint)
        if not found:
            return
        tensors, facts = found
        for network, prefix in (
            (self.network, "network"),
            (self.mean, "mean"),
            (self.best, "best"),
        ):
            restore_network(network, tensors, prefix)
        restore_optimiser(self.optimiser, tensors)
        self._loss.copy_(tensors["loss"])
        self.step, self.ended = facts["step"], facts["ended"]
        self.gradients.micro_batch = facts["micro_batch"]
        self.history = facts["history"]
        self.best_error = facts["best_error"]
        self.looks_without_gain = facts["looks_without_gain"]
        self.spent_cpu_s, self.spent_s = facts["cpu_s"], facts["wall_s"]
        self._steps_in_loss = facts["steps_in_loss"]
        if self.team.leads:
            print(f"Going on after step {self.step} of {self.schedule.steps}.", flush=True)

    def result(self) -> Result:
        """The best weights and how they came about."""
        cpu_s, wall_s = self._spent()
        parameters = sum(p.numel() for p in self.network.parameters())
        facts = {
            "samples": self.step * self.schedule.batch,
            "batch": self.schedule.batch,
            "micro_batch": self.gradients.micro_batch,
            "processes": self.team.size,
            "precision": "bfloat16" if self.precision else "float32",
            "parameters": parameters,
            "ended": self.ended or "the schedule ended",
            "held_out_error": self.best_error,
            "cpu_s": round(cpu_s, 3),
            "wall_s": round(wall_s, 3),
            "history": self.history,
        }
        return Result(self.best, facts)


def _copy(network: nn.Module) -> nn.Module:
    """A copy with parameters of its own; what is constant is shared."""
    constant = {id(buffer): buffer for buffer in network.buffers()}
    return copy.deepcopy(network, constant).eval().requires_grad_(False)
