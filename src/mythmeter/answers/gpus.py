"""The table of GPUs: what a roofline needs to know of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mythmeter.config.schema import near
from mythmeter.config.tables import check_gpus
from mythmeter.errors import AnswerError

TENSOR_PRECISIONS = ("fp16", "bf16")
PRECISIONS = ("fp32", *TENSOR_PRECISIONS)


@dataclass(frozen=True)
class Gpu:
    """One row of gpus.csv."""

    name: str
    fp32_tflops: float
    fp16_tensor_tflops: float | None
    bandwidth_gb_s: float
    memory_gb: float | None
    """In units of 1e9 bytes, the cautious reading of a vendor's GB."""
    source: str
    driver_names: tuple[str, ...] = ()
    """What NVML calls it."""

    def tflops(self, precision: str) -> float | None:
        """Peak arithmetic in TFLOP/s: the FP32 figure, or that of the tensor cores for halves.

        Raises:
            AnswerError: a precision that the table has no figure for.
        """
        if precision not in PRECISIONS:
            raise AnswerError(
                f"precision {precision!r} has no peak figure. {near(precision, PRECISIONS)}"
            )
        return self.fp16_tensor_tflops if precision in TENSOR_PRECISIONS else self.fp32_tflops


def read_gpus(path: Path) -> dict[str, Gpu]:
    """Read gpus.csv by name.

    Raises:
        ConfigError: a faulty row, by line and column.
    """
    return {
        row["gpu"]: Gpu(
            name=row["gpu"],
            fp32_tflops=row["fp32_tflops"],
            fp16_tensor_tflops=row.get("fp16_tensor_tflops"),
            bandwidth_gb_s=row["bandwidth_gb_s"],
            memory_gb=row.get("memory_gb"),
            source=f"{row['source']}, {row.get('date', 'undated')}",
            driver_names=tuple(row.get("driver_names", "").split(";"))
            if row.get("driver_names")
            else (),
        )
        for row in check_gpus(path)
    }


def named_by_driver(name: str, gpus: Mapping[str, Gpu]) -> str | None:
    """Return the table's name of a GPU that NVML calls `name`; None where the table has no such.

    Only whole names count: a `RTX 4080 SUPER` is no `RTX 4080`, a PCIe card no SXM module.
    """
    return next((g.name for g in gpus.values() if name == g.name or name in g.driver_names), None)
