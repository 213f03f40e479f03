"""The device of a job: what the run resolved once, or what a cluster granted."""

import os

from mythmeter.usage.claim import resolve_device

DEVICE_VARIABLE = "MYTHMETER_DEVICE"
"""What `device: auto` comes to in the jobs of a run, which inherit it."""


def device_of_job(wanted: str) -> str:
    """Return `cpu` or `cuda` for a job whose configuration says `auto`, `cpu` or `cuda`.

    `cuda` is not checked here: whoever claims a GPU that is not there says so.
    """
    if wanted != "auto":
        return wanted
    return os.environ.get(DEVICE_VARIABLE) or resolve_device(wanted)
