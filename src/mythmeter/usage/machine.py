"""What machine it was."""

import os
import platform
import socket
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Describe this machine without naming its owner: processor, cores, memory, system."""
    return dict(_machine())


@cache
def _machine() -> dict[str, Any]:
    import psutil

    return {
        "host": socket.gethostname(),
        "system": platform.system(),
        "processor": _processor_name(),
        "logical_cores": os.cpu_count(),
        "memory_bytes": psutil.virtual_memory().total,
        "python": platform.python_version(),
    }


def _processor_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def process_started_at() -> str:
    """When the process of the job began: a slot is held from here on, not from the import."""
    return datetime.fromtimestamp(time.time() - _age_s(), UTC).isoformat()


def _age_s() -> float:
    """Seconds since this process began, to a hundredth.

    psutil counts from the second in which the machine was started, which it knows as a whole
    number: up to a second early, so that a job would seem to begin before the last one ended.
    """
    try:
        fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        began_s = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - began_s
    except (OSError, AttributeError):
        import psutil

        return time.time() - psutil.Process().create_time()
