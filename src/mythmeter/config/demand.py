"""What a job asks of the machine, estimated from the size of its input."""

import math
from collections.abc import Iterable
from pathlib import Path


def ramp(base: float, per_input_mb: float, size_mb: float, attempt: int) -> int:
    """Return a demand in MB: a base plus a multiple of the input, doubled with each attempt.

    Args:
        base: MB that the job needs whatever its input.
        per_input_mb: MB for each MB of input.
        size_mb: size of the input.
        attempt: 1 for the first try; a job that was killed for memory comes back with 2, 3, …
    """
    return math.ceil((base + per_input_mb * size_mb) * 2 ** (attempt - 1))


def size_mb(paths: Iterable[str]) -> float:
    """Return the size of files in MB; a file that is still to be made counts nothing.

    Snakemake's own `input.size_mb` starts an event loop at each call, which is a third of the time
    that a dry run of a long sheet takes.
    """
    return sum(file.stat().st_size for file in map(Path, paths) if file.exists()) / 1e6
