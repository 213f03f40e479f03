"""Numba compilation with a cache on disk where there is a place for one."""

from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., None]) -> Callable[..., None]:
    """Compile to machine code on first call, and keep it on disk for later processes.

    Numba looks for a writable folder: beside the module, then the user's cache. Where there is
    neither (a read-only container), the code is compiled again in each process.
    """
    machine_code: Any
    try:
        machine_code = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        machine_code = numba.njit(nogil=True)(function)
    kernel: Callable[..., None] = machine_code
    return kernel
