"""What users ask for, how long they may wait, and how long a GPU works on one video."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import AnswerError

DAY_S = 86_400.0


@dataclass(frozen=True)
class Demand:
    """Users of a service and what they ask of it.

    Raises:
        AnswerError: a number that is not positive, or a peak below the mean.
    """

    users: int
    videos_per_user_day: float
    video_s: float
    """Seconds of output of one video."""
    peak_factor: float
    """Arrivals at the busiest hour over those of the mean hour; 1 where all hours are alike."""

    def __post_init__(self) -> None:
        for name in ("users", "videos_per_user_day", "video_s"):
            if not getattr(self, name) > 0:
                raise AnswerError(f"{name} is {getattr(self, name)}; it must be more than 0.")
        if not self.peak_factor >= 1:
            raise AnswerError(
                f"peak_factor is {self.peak_factor}; the busiest hour has at least the mean: 1."
            )

    @property
    def arrivals_per_s(self) -> float:
        """Videos a second asked for at the busiest hour."""
        return self.users * self.videos_per_user_day * self.peak_factor / DAY_S

    @property
    def output_min_per_day(self) -> float:
        """Minutes of finished video a day."""
        return self.users * self.videos_per_user_day * self.video_s / 60


@dataclass(frozen=True)
class Target:
    """How long a video may wait for a GPU: that percentile of the waits is at most `wait_s`."""

    wait_s: float = 120.0
    percentile: float = 95.0

    def __post_init__(self) -> None:
        if not self.wait_s >= 0:
            raise AnswerError(f"wait_s is {self.wait_s}; it must be at least 0.")
        if not 0 < self.percentile < 100:
            raise AnswerError(f"percentile is {self.percentile}; it must lie between 0 and 100.")


def service_times_s(
    gpu_s: Sequence[float] | NDArray[np.float64],
    output_s: Sequence[float] | NDArray[np.float64],
    video_s: float,
    speed: float = 1.0,
) -> NDArray[np.float64]:
    """Scale measured GPU seconds of renders to a video of another length and a GPU of another kind.

    Args:
        gpu_s: seconds for which each measured render held a GPU.
        output_s: seconds of video that came out of each, parallel to `gpu_s`.
        video_s: seconds of output of the video that a user asks for.
        speed: how many times faster the service's GPU is than the measured one (an assumption; see
            the projection between GPUs). 1: the same.

    Returns:
        Seconds of GPU for such a video, one a measured render. The work is taken to grow in
        proportion to length, as that of per-frame stages does.

    Raises:
        AnswerError: nothing measured, or a value that is missing or not positive.
    """
    held, made = np.asarray(gpu_s, float), np.asarray(output_s, float)
    if held.shape != made.shape:
        raise AnswerError(f"{held.size} service times, but {made.size} lengths of output.")
    if not speed > 0:
        raise AnswerError(f"speed is {speed}; it must be more than 0.")
    check_service(held)
    check_service(made)
    return held / made * video_s / speed


def check_service(service_s: NDArray[np.float64]) -> None:
    """Raise AnswerError unless there are measured times, all of them positive and finite."""
    if service_s.size == 0:
        raise AnswerError("No service time was measured: run a render that holds a GPU slot first.")
    wrong = ~(np.isfinite(service_s) & (service_s > 0))
    if wrong.any():
        raise AnswerError(
            f"service time {int(np.flatnonzero(wrong)[0]) + 1} of {service_s.size} is "
            f"{service_s[wrong][0]:g} s; it must be a positive number. Leave out what was not "
            "measured."
        )


def squared_variation(service_s: NDArray[np.float64]) -> float | None:
    """Return cs², variance over squared mean; None for a single measurement."""
    if service_s.size < 2:
        return None
    return float(np.var(service_s, ddof=1) / np.mean(service_s) ** 2)
