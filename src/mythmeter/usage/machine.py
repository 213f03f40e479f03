"""What machine it was."""

import os
import platform
import socket
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
    import psutil

    return datetime.fromtimestamp(psutil.Process().create_time(), UTC).isoformat()
