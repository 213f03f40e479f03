"""The training loop: schedule, micro-batches, memory that runs out, early stop."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mythmeter.errors import DeviceError
from mythmeter.swap.learning.optimise import Keeping, optimise
from mythmeter.swap.learning.schedule import Schedule
from mythmeter.usage.notice import Terminated, heeding_notice

CPU = torch.device("cpu")


class Line:
    """Learns y = 3x + 1 from noisy points; memory holds so many rows."""

    def __init__(self, rows_that_fit: int = 99) -> None:
        torch.manual_seed(0)
        self.network = nn.Linear(1, 1)
        self.rows_that_fit = rows_that_fit
        self.rows_seen: list[int] = []

    def batch(self, samples: int, generator: torch.Generator) -> dict[str, Tensor]:
        x = torch.randn(samples, 2, 1, generator=generator)
        return {"x": x, "y": 3 * x + 1 + 0.1 * torch.randn(x.shape, generator=generator)}

    def loss(self, network: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        self.rows_seen.append(len(batch["x"]))
        if len(batch["x"]) > self.rows_that_fit:
            raise torch.OutOfMemoryError("pretended: tried to allocate 9 GiB")
        return (network(batch["x"]).float() - batch["y"]).square().mean()

    def held_out_error(self, network: nn.Module) -> float:
        x = torch.linspace(-1, 1, 9)[:, None]
        with torch.no_grad():
            return float((network(x) - 3 * x - 1).abs().mean())

    def preview(self, network: nn.Module) -> np.ndarray:
        return np.zeros((1, 1, 3), np.uint8)


def schedule(**changes: float) -> Schedule:
    values = {"samples": 3200, "batch": 16, "learning_rate": 0.1}
    values |= {"validate_every": 320, "patience": 99}
    return Schedule(**(values | changes))


def weights(network: nn.Module) -> np.ndarray:
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()]).numpy()


def test_it_learns_and_says_how_it_went() -> None:
    result = optimise(Line(), schedule(), seed=1, device=CPU)
    assert np.allclose(weights(result.network), [3, 1], atol=0.1)
    assert (result.facts["samples"], result.facts["micro_batch"]) == (3200, 16)
    assert [look["samples"] for look in result.facts["history"]][:2] == [320, 640]


def test_the_rate_follows_the_samples_whatever_the_batch() -> None:
    small, large = schedule(batch=8), schedule(batch=32)
    assert small.steps == 4 * large.steps
    assert small.rate_at(small.steps // 2) == pytest.approx(large.rate_at(large.steps // 2))
    assert small.rate_at(0) < small.rate_at(40)
    assert small.rate_at(small.steps - 1) < 0.03 * small.learning_rate


def test_out_of_memory_halves_the_micro_batch_and_not_the_batch(
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = Line(rows_that_fit=5)
    tight = optimise(line, schedule(samples=160), seed=1, device=CPU)
    roomy = optimise(Line(), schedule(samples=160), seed=1, device=CPU)
    assert tight.facts["micro_batch"] == 4
    assert line.rows_seen[:3] == [16, 8, 4]
    assert set(line.rows_seen[3:]) == {4}
    assert np.allclose(weights(tight.network), weights(roomy.network), atol=2e-3)
    said = capsys.readouterr().out
    assert "going on with micro-batches of 8; a step still takes 16 samples" in said
    assert "pretended: tried to allocate 9 GiB" in said


def test_memory_for_not_even_one_sample_is_one_message() -> None:
    with pytest.raises(DeviceError, match=r"one sample at a time .*smaller swap\.preset"):
        optimise(Line(rows_that_fit=0), schedule(), seed=1, device=CPU)


def test_other_errors_are_not_taken_for_a_lack_of_memory() -> None:
    line = Line()
    line.loss = lambda network, batch: network(torch.ones(2, 7)).sum()  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="shapes"):
        optimise(line, schedule(), seed=1, device=CPU)


def test_it_stops_when_held_out_frames_gain_nothing_and_keeps_the_best() -> None:
    line = Line()
    errors = iter([5.0, 4.0, 4.5, 4.6, 4.7, 0.1])
    kept: list[np.ndarray] = []

    def error(network: nn.Module) -> float:
        kept.append(weights(network))
        return next(errors)

    line.held_out_error = error  # type: ignore[method-assign]
    result = optimise(line, schedule(patience=3), seed=1, device=CPU)
    assert result.facts["ended"] == "no gain on held-out frames in 3 looks"
    assert result.facts["samples"] == 5 * 320
    assert np.array_equal(weights(result.network), kept[1])
    assert result.facts["held_out_error"] == 4.0


def test_notice_of_the_end_saves_the_step_and_the_next_run_goes_on_from_it(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path / "checkpoint.safetensors", "this run", every_s=1e9)
    steps: list[int] = []

    def give_notice(step: int) -> None:
        steps.append(step)
        if step == 7:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Terminated), heeding_notice():
        optimise(Line(), schedule(), seed=1, device=CPU, keeping=keeping, on_step=give_notice)
    assert steps == list(range(1, 8))
    later: list[int] = []
    resumed = optimise(
        Line(), schedule(), seed=1, device=CPU, keeping=keeping, on_step=later.append
    )
    assert later[0] == 8
    undisturbed = optimise(Line(), schedule(), seed=1, device=CPU)
    assert np.array_equal(weights(resumed.network), weights(undisturbed.network))
