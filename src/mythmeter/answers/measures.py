"""What a run measured, stage by stage and for speech alone: the sides of a comparison."""

from dataclasses import dataclass

import pandas as pd

from mythmeter.answers.quantity import Quantity
from mythmeter.answers.record_sets import RunRecords
from mythmeter.answers.stages import INSTRUMENT, STAGES

SPEECH = "speech"
WHOLE = "whole"
SPEAKING = ("speak_together", "speak_script")
UPPER_BOUND = "an upper bound: a CPU did the work"
ENOUGH_COVERED = 0.9
"""Share of the GPU-held seconds that must have been sampled before their split is printed."""
VRAM = {
    "vram_process_peak_bytes": "peak VRAM, whole process (NVML)",
    "vram_reserved_peak_bytes": "peak VRAM, reserved (torch)",
    "vram_allocated_peak_bytes": "peak VRAM, allocated (torch)",
}

Key = tuple[str, str]
"""Stage and measure."""


@dataclass(frozen=True)
class HourlyPrice:
    """What an hour of the machine's GPU is billed at."""

    usd: float
    source: str
    stale: bool = False


def measure_run(run: RunRecords, price: HourlyPrice | str) -> dict[Key, Quantity]:
    """Measure every stage, speech and the whole.

    Speech counts the steady phases of speaking over the seconds of audio that came out; stages and
    the whole count every phase (cold) over the seconds of video. The whole leaves out what only
    the example and the measuring need, as the report's first sentence does.

    Args:
        run: the records.
        price: of an hour of its GPU, or why there is none.

    Returns:
        Quantities by stage and measure, each null with a reason where it was not measured.
    """
    found = _speech(run, price)
    present = list(dict.fromkeys(run.phases["stage"]))
    order = [s for s in STAGES if s in present] + [s for s in present if s not in STAGES]
    for stage in (*order, WHOLE):
        scope = "cold: every phase"
        rows = run.phases[run.phases["stage"] == stage]
        if stage == WHOLE:
            rows = run.phases[~run.phases["stage"].isin(INSTRUMENT)]
            scope += f"; without {' and '.join(INSTRUMENT)}"
        group = _Group(run, rows, run.output_s, "output s", scope)
        found |= {(stage, name): value for name, value in _of(group).items()}
        found[(stage, "price per output minute")] = group.price(price, 60, "output minute")
    return found


def _speech(run: RunRecords, price: HourlyPrice | str) -> dict[Key, Quantity]:
    rows = run.phases[run.phases["rule"].isin(SPEAKING) & (run.phases["phase"] == "steady")]
    if rows.empty:
        return {}
    last = rows[rows["rule"] == SPEAKING[-1]]
    spoken = last if not last.empty else rows
    audio = pd.to_numeric(spoken["audio_s"])
    audio_s = float(audio.sum()) if audio.notna().all() and audio.sum() > 0 else None
    group = _Group(run, rows, audio_s, "audio s", "warm: steady phases of speaking")
    measures = _of(group)
    rtf = "RTF (compute over audio, lower is better)"
    found = {(SPEECH, rtf): measures.pop("seconds of jobs")}
    found |= {(SPEECH, name): value for name, value in measures.items()}
    found[(SPEECH, "price per audio hour")] = group.price(price, 3600, "audio hour")
    return found


@dataclass(frozen=True)
class _Group:
    """Some phases of a run, and the seconds that came out of them."""

    run: RunRecords
    rows: pd.DataFrame
    made_s: float | None
    made: str
    scope: str

    @property
    def held(self) -> pd.DataFrame:
        """The phases in which a GPU was used."""
        return self.rows[self.rows["device"] == "cuda"]

    def quantity(self, total: float, unit: str, scope: str = "") -> Quantity:
        """A total over what was made."""
        per = f"{unit} per {self.made}"
        if self.made_s is None:
            return self.missing(per, f"the records do not say how many {self.made} were made")
        return self.value(total / self.made_s, per, scope)

    def value(self, value: float, unit: str, scope: str = "") -> Quantity:
        return Quantity(
            value,
            unit,
            max(1, self.rows["job"].nunique()),
            f"usage records of {self.run.label}",
            "; ".join(part for part in (self.scope, scope) if part),
            reason="one run: no interval",
        )

    def missing(self, unit: str, reason: str) -> Quantity:
        source = f"usage records of {self.run.label}"
        return Quantity.missing(unit, reason, source, self.scope)

    def no_gpu(self) -> str:
        """Why there are no figures of a GPU."""
        cpu = (self.rows["device"] == "cpu").all()
        return "ran on the CPU" if cpu else self.run.reason("gpu_busy_s", self.rows)

    def price(self, price: HourlyPrice | str, made_s: float, made: str) -> Quantity:
        """What it costs to make `made_s` seconds, by the seconds for which GPUs were held."""
        unit = f"USD per {made}"
        granted = pd.to_numeric(self.rows["gpu_granted"]).fillna(0)
        used = self.rows["devices"].where(self.rows["device"] == "cuda", 0)
        granted = granted.where(granted > 0, used)  # used without a slot: held all the same
        held_s = float((self.rows["wall_s"] * granted).sum())
        if isinstance(price, str):
            return self.missing(unit, price)
        if held_s == 0:
            return self.missing(unit, "held no GPU, so no GPU is billed")
        if self.made_s is None:
            return self.missing(unit, f"the records do not say how many {self.made} were made")
        on_cpu = (self.rows.loc[granted > 0, "device"] == "cpu").any()
        bound = UPPER_BOUND if on_cpu else ""
        found = self.value(held_s / self.made_s * made_s * price.usd / 3600, unit, bound)
        return found.scaled(1.0, unit, f"{found.source} x price: {price.source}")


def _of(group: _Group) -> dict[str, Quantity]:
    measures = {"seconds of jobs": group.quantity(float(group.rows["wall_s"].sum()), "s")}
    measures |= _split(group)
    for field, name in VRAM.items():
        measures[name] = _peak(group, field)
    return measures


def _split(group: _Group) -> dict[str, Quantity]:
    """Utilisation, GPU-busy and host seconds, of the phases that were sampled."""
    names = ("GPU utilisation", "GPU-busy seconds", "host seconds")
    units = ("share of time", f"s per {group.made}", f"s per {group.made}")
    held = group.held
    reason = group.no_gpu() if held.empty else None
    sampled = held[held["gpu_busy_s"].notna()]
    held_s = float(held["wall_s"].sum())
    share = float(sampled["wall_s"].sum()) / held_s if held_s > 0 else 0.0
    if reason is None and share < ENOUGH_COVERED:
        why = group.run.reason("gpu_busy_s", held)
        reason = why if share == 0 else f"sampled for {share:.0%} of its GPU time only: {why}"
    if reason is not None:
        return {n: group.missing(u, reason) for n, u in zip(names, units, strict=True)}
    busy_s = float(sampled["gpu_busy_s"].sum())
    device_s = float((sampled["wall_s"] * sampled["devices"]).sum())
    waited = sampled["wall_s"] - sampled["gpu_busy_s"] / sampled["devices"]
    host_s = float(sampled["host_s"].astype(float).fillna(waited).sum())
    scope = "" if share == 1 else f"{share:.0%} of the GPU time was sampled"
    return {
        names[0]: group.value(busy_s / device_s, units[0], scope),
        names[1]: group.quantity(busy_s, "s", scope),
        names[2]: group.quantity(host_s, "s", scope),
    }


def _peak(group: _Group, field: str) -> Quantity:
    if group.held.empty:
        return group.missing("MiB", group.no_gpu())
    known = group.held[field].dropna()
    if known.empty:
        return group.missing("MiB", group.run.reason(field, group.held))
    return group.value(float(known.max()) / 2**20, "MiB")
