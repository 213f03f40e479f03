"""What a job asks of the machine, estimated from the size of its input."""

import math


def ramp(base: float, per_input_mb: float, size_mb: float, attempt: int) -> int:
    """Return a demand in MB: a base plus a multiple of the input, doubled with each attempt.

    Args:
        base: MB that the job needs whatever its input.
        per_input_mb: MB for each MB of input.
        size_mb: size of the input.
        attempt: 1 for the first try; a job that was killed for memory comes back with 2, 3, …
    """
    return math.ceil((base + per_input_mb * size_mb) * 2 ** (attempt - 1))
