"""From what was read of the devices to the fields of a record, each null with its reason."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mythmeter.usage.gpu_watch import DeviceTally, GpuTally, GpuWatch
from mythmeter.usage.nvml import Gpu, Gpus, Unreadable

SHORTEST_ENERGY_S = 2.0
"""The counter moves every 20 to 100 ms, so a shorter window would be wrong by percents."""
SHORTEST_UTILISATION_S = 1.0
"""NVML averages utilisation over up to a second."""
FEWEST_FOR_P95 = 130
"""MLPerf's rule for a percentile, as in `mythmeter.answers.sample.minimum_n`."""

DEVICE_FIELDS = ("gpu_name", "gpu_uuid", "gpu_driver", "gpu_power_cap_w")
BUSY_FIELDS = ("gpu_util_mean", "gpu_util_p95", "gpu_busy_s", "host_s")
OTHERS_FIELDS = ("other_processes", "other_processes_note")
SAMPLED_FIELDS = (
    *DEVICE_FIELDS,
    *BUSY_FIELDS,
    "vram_process_peak_bytes",
    "energy_j",
    *OTHERS_FIELDS,
)
"""What only NVML knows."""


@dataclass
class Fields:
    """Values, and why those are null that are."""

    values: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def null(self, names: Sequence[str], reason: str) -> None:
        """Make fields null."""
        for name in names:
            self.values[name] = None
            self.reasons[name] = reason


def without_nvml(reason: str) -> Fields:
    """Every field that only NVML knows, null."""
    fields = Fields({"energy_method": "none"})
    fields.null(SAMPLED_FIELDS, reason)
    return fields


def device_fields(gpus: Gpus, held: Sequence[Gpu]) -> Fields:
    """What the devices are: the same in every phase of a job.

    With several devices the ids are joined by `, `; names and power caps where they differ, too.
    """
    fields = Fields()
    reads: dict[str, Callable[[], Any]] = {
        "gpu_name": lambda: ", ".join(dict.fromkeys(gpu.name() for gpu in held)),
        "gpu_uuid": lambda: ", ".join(gpu.uuid() for gpu in held),
        "gpu_driver": gpus.driver,
        "gpu_power_cap_w": lambda: _one_cap([gpu.power_cap_w() for gpu in held]),
    }
    for name, read in reads.items():
        try:
            fields.values[name] = read()
        except Unreadable as error:
            fields.null([name], str(error))
    return fields


def phase_fields(watch: GpuWatch, tally: GpuTally, wall_s: float) -> Fields:
    """What the devices did within a phase."""
    fields = Fields({"energy_method": "none"})
    _busy(fields, tally, wall_s)
    _energy(fields, watch, tally, wall_s)
    _memory_and_others(fields, watch, tally)
    return fields


def energy_of(watch: GpuWatch, devices: Sequence[DeviceTally], wall_s: float) -> float | str:
    """Joules of all devices within a window, or why there is no figure."""
    failed = next((d.failed["energy_j"] for d in devices if "energy_j" in d.failed), None)
    if failed is not None:
        return failed
    if wall_s < SHORTEST_ENERGY_S:
        return f"shorter than {SHORTEST_ENERGY_S:g} s: the counter moves every 20 to 100 ms"
    return round(sum(device.energy_j for device in devices), 3)


def _busy(fields: Fields, tally: GpuTally, wall_s: float) -> None:
    devices = tally.devices
    failed = next((d.failed["gpu_util"] for d in devices if "gpu_util" in d.failed), None)
    if failed is None and wall_s < SHORTEST_UTILISATION_S:
        failed = f"shorter than {SHORTEST_UTILISATION_S:g} s: NVML averages over up to a second"
    if failed is None and any(len(d.utilisation) < 2 for d in devices):
        failed = "fewer than two samples"
    if failed is not None:
        fields.null(BUSY_FIELDS, failed)
        return
    means = [sum(d.utilisation) / len(d.utilisation) for d in devices]
    mean = sum(means) / len(means)
    fields.values["gpu_util_mean"] = round(mean, 4)
    fields.values["gpu_busy_s"] = round(sum(means) * wall_s, 6)
    fields.values["host_s"] = round((1 - mean) * wall_s, 6)
    samples = sorted(used for d in devices for used in d.utilisation)
    if len(samples) < FEWEST_FOR_P95:
        reason = f"{len(samples)} samples; a 95th percentile needs {FEWEST_FOR_P95}"
        fields.null(["gpu_util_p95"], reason)
        return
    # Nearest rank: no value between two samples is made up.
    fields.values["gpu_util_p95"] = samples[-(-95 * len(samples) // 100) - 1]


def _energy(fields: Fields, watch: GpuWatch, tally: GpuTally, wall_s: float) -> None:
    energy = energy_of(watch, tally.devices, wall_s)
    if isinstance(energy, str):
        fields.null(["energy_j"], energy)
        return
    fields.values["energy_j"] = energy
    fields.values["energy_method"] = watch.energy_method


def _memory_and_others(fields: Fields, watch: GpuWatch, tally: GpuTally) -> None:
    devices = tally.devices
    names = ("vram_process_peak_bytes", *OTHERS_FIELDS)
    failed = next((d.failed["processes"] for d in devices if "processes" in d.failed), None)
    if failed is None and any(d.looks == 0 for d in devices):
        failed = "shorter than the time between two samples"
    if failed is None and watch.from_elsewhere and not watch.seen_own:
        failed = (
            "the driver numbers processes otherwise than this job sees them (a container): its own "
            "cannot be told from others"
        )
    if failed is not None:
        fields.null(names, failed)
        return
    fields.values["vram_process_peak_bytes"] = tally.process_peak_bytes
    unsaid = next((d.failed["vram"] for d in devices if "vram" in d.failed), None)
    if unsaid is not None:
        fields.null(["vram_process_peak_bytes"], unsaid)
    others = set().union(*(device.others for device in devices))
    fields.values["other_processes"] = len(others)
    fields.values["other_processes_note"] = _note(others, sum(d.looks for d in devices))


def _note(others: set[int], looks: int) -> str:
    if not others:
        return f"no other process in {looks} looks"
    shown = ", ".join(str(pid) for pid in sorted(others)[:5]) + (", …" if len(others) > 5 else "")
    what = "another process" if len(others) == 1 else f"{len(others)} other processes"
    return (
        f"{what} used the device too (pid {shown}): utilisation and energy are of the whole device"
    )


def _one_cap(caps: Sequence[float]) -> float:
    if len(set(caps)) > 1:
        raise Unreadable("the devices differ: " + ", ".join(f"{cap:g} W" for cap in caps))
    return caps[0]
