"""Everything that was measured, as the answers need it; what was not is None."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mythmeter.answers import projection
from mythmeter.answers.capacity.demand import service_times_s
from mythmeter.answers.charts import scope_text
from mythmeter.answers.cost import Scope, gpu_slot_seconds, scope_of, seconds_of_renders
from mythmeter.answers.gpus import Gpu, named_by_driver
from mythmeter.answers.outputs import output_seconds
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.scaling import ScalingFit, fit_scaling

RUN = "snakemake --cores all --resources gpu=1"
USAGE = "profile/usage.parquet"
LENGTHS = "experiments/length.parquet"
MINUTE_S = 60.0
SAMPLED_SHARE = 0.9
"""Below this share of the held time sampled, how busy the GPU was is not known."""


@dataclass(frozen=True)
class Measured:
    """A run, and the experiments beside it."""

    usage: pd.DataFrame
    """Rows of `usage.parquet`."""
    output_s: Mapping[str, float]
    """Seconds of video by render."""
    prices: pd.DataFrame
    """From `read_prices`."""
    gpus: Mapping[str, Gpu]
    """From `read_gpus`."""
    lengths: pd.DataFrame | None = None
    """Rows of `experiments/length.parquet`; None: it was not run."""
    command: str = RUN

    @property
    def scope(self) -> Scope:
        """What came out of the run, and what it ran on."""
        return scope_of(self.usage, sum(self.output_s.values()), len(self.output_s))

    @property
    def scope_text(self) -> str:
        """The same in words."""
        return scope_text(self.scope)

    @property
    def slot_s(self) -> float:
        """GPU seconds held by all jobs of the run."""
        return gpu_slot_seconds(self.usage)

    @property
    def longest_output_s(self) -> float:
        """Seconds of the longest video of the run: the one that is spoken of."""
        return max(self.output_s.values())

    def held_by_a_render(self) -> Quantity:
        """Return how long the longest render alone held a GPU slot.

        Its interval is that of one further run of this length, by the line through the lengths of
        the experiment; without the experiment there is none.
        """
        name = max(self.output_s, key=lambda render: self.output_s[render])
        held_s, scope = self._held_by_render()[name], "cold, a render alone, enrolment left out"
        if self.lengths is None:
            reason = "n = 1 run; make experiments measures more"
            return Quantity(held_s, "s", 1, USAGE, scope, reason=reason)
        around = self._slot_fit().predict(self.output_s[name])
        if around.low is None or around.high is None:
            return Quantity(held_s, "s", 1, USAGE, scope, reason=around.reason)
        source = f"{USAGE}; interval: {LENGTHS}"
        low = max(0.0, around.low)
        return Quantity(held_s, "s", around.n + 1, source, scope, low, around.high, around.spread)

    @property
    def once_s(self) -> float:
        """Those of them that were held by jobs that serve every render of a person."""
        serves_all = ["render" not in json.loads(text or "{}") for text in self.usage["wildcards"]]
        return gpu_slot_seconds(self.usage[serves_all])

    def quantity(self, value: float, unit: str, scope: str) -> Quantity:
        """Return a number of this run alone."""
        return Quantity(value, unit, 1, USAGE, scope, reason="n = 1 run")

    def service_s(self, video_s: float) -> NDArray[np.float64]:
        """Return GPU seconds of a video of that length, one a measured render.

        From the experiment on length where there is one: its fitted line at that length, scattered
        as the measured renders were around it. From this run's own renders otherwise, in proportion
        to their length, which overstates what is paid once a render.
        """
        if self.lengths is None:
            own = self._held_by_render()
            return service_times_s(list(own.values()), list(self.output_s.values()), video_s)
        whole = self._whole_renders()
        fit = self._slot_fit()
        expected = [fit.predict(length).value for length in whole["output_s"]]
        at_length = fit.predict(video_s).value
        if at_length is None or at_length <= 0 or any(v is None or v <= 0 for v in expected):
            return service_times_s(whole["gpu_slot_s"], whole["output_s"], video_s)
        scatter = whole["gpu_slot_s"].to_numpy() / np.array(expected, dtype=float)
        return at_length * scatter

    def held_per_output_of_a_minute(self) -> Quantity:
        """Return GPU seconds held per second of video, in a video of a minute of a known person.

        What is paid once for a person is left out: it does not grow with what is made.
        """
        return seconds_of_renders(
            self.service_s(MINUTE_S) / MINUTE_S, self.service_source, self.service_scope(MINUTE_S)
        )

    def usd_per_gpu_s(self, label: str) -> float:
        """Return the price of a second of one GPU at the offer of that label."""
        offer = self.prices[self.prices["label"] == label].iloc[0]
        return float(offer["usd_per_gpu_hour"]) / 3600

    @property
    def service_source(self) -> str:
        """Where `service_s` comes from."""
        return USAGE if self.lengths is None else LENGTHS

    def service_scope(self, video_s: float) -> str:
        """What `service_s` covers."""
        how = (
            f"this run's renders in proportion to {video_s:g} s of video"
            if self.lengths is None
            else f"the line fitted to the measured lengths, at {video_s:g} s of video"
        )
        return f"cold, without enrolment; {how}; {self.scope.processor}, device {self.scope.device}"

    def seconds_by_gpu(self, per_output: Quantity) -> Quantity | dict[str, Quantity]:
        """Return GPU seconds per second of video on every GPU of the table.

        From a GPU run by the projection between GPUs. Where a CPU worked there is no projection:
        the seconds for which the slot was held stand for every GPU, as an upper bound.

        Args:
            per_output: GPU seconds held per second of video on this machine.
        """
        if self.scope.device == "cpu" or per_output.value is None:
            return per_output
        held = self.usage[self.usage["gpu_granted"] > 0]
        busy_s = held["gpu_busy_s"].sum() / self.scope.output_s
        sampled_s = held.loc[held["gpu_busy_s"].notna(), "wall_s"].sum()
        whole = sampled_s >= SAMPLED_SHARE * held["wall_s"].sum()
        name = next(iter(held["gpu_name"].dropna()), "")
        peak = held["vram_process_peak_bytes"].max()
        here = projection.Measured(
            wall_s=per_output.value,
            busy_s=float(busy_s) if whole else None,
            gpu=named_by_driver(str(name), self.gpus),
            source=per_output.source,
            scope=per_output.scope,
            n=per_output.n,
            peak_vram_bytes=None if pd.isna(peak) else int(peak),
        )
        return projection.project_all(here, self.gpus, "fp32") | (
            {here.gpu: per_output} if here.gpu else {}
        )

    def _held_by_render(self) -> dict[str, float]:
        render = self.usage["wildcards"].map(lambda text: json.loads(text or "{}").get("render"))
        return {name: gpu_slot_seconds(self.usage[render == name]) for name in self.output_s}

    def _slot_fit(self) -> ScalingFit:
        whole = self._whole_renders()
        return fit_scaling(
            whole["output_s"], whole["gpu_slot_s"], stage="whole", source=LENGTHS, scope="cold"
        )

    def _whole_renders(self) -> pd.DataFrame:
        assert self.lengths is not None
        rows = self.lengths[(self.lengths["stage"] == "whole") & self.lengths["output_s"].notna()]
        return rows[rows["gpu_slot_s"] > 0]


def output_by_render(timelines: Mapping[str, Path]) -> dict[str, float]:
    """Return seconds of video by render, from the timelines."""
    return {name: output_seconds([path]) for name, path in timelines.items()}
