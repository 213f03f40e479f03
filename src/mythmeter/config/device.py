"""Which device the jobs of a run work on."""

import os
import sys

from mythmeter.usage.claim import resolve_device
from mythmeter.usage.device import DEVICE_VARIABLE, device_of_job


def device_of_run(wanted: str, main: bool, cluster: bool) -> str:
    """Resolve the device where the jobs run, and tell them by a variable that they inherit.

    On a cluster the machine that plans says nothing about those that work. There a job that was
    granted a GPU uses it or stops, and one that was granted none runs on the processor, so `auto`
    and `cuda` are one.
    """
    if cluster:
        device = "cpu" if wanted == "cpu" else "cuda"
        if main:
            os.environ.pop(DEVICE_VARIABLE, None)
            where = "cpu, on every node" if wanted == "cpu" else "what each job is granted"
            print(f"Device: {where} (device: {wanted} in the configuration).", file=sys.stderr)
        else:
            os.environ[DEVICE_VARIABLE] = device
        return device
    if not main:
        return device_of_job(wanted)
    device = resolve_device(wanted)
    os.environ[DEVICE_VARIABLE] = device
    print(f"Device: {device} (device: {wanted} in the configuration).", file=sys.stderr)
    return device
