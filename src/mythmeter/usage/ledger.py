"""How much memory of each GPU is promised to whom, where several jobs share a device.

One JSON file a device beside its lock, read and written under a lock of its own. An entry names its
process by id and start time: one of a process that is gone, or of an id that was given out again,
is dropped by whoever looks next.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from filelock import FileLock

from mythmeter.atomic import replacing
from mythmeter.usage.locks import DeviceLock

SAME_START_S = 1.0
"""Start times are told apart to a second: an id comes round again much later than that."""


@dataclass(frozen=True)
class Promise:
    """Memory of a device that a process may use."""

    pid: int
    started: float
    """Seconds since the epoch."""
    vram_mb: int

    def holds(self) -> bool:
        """Whether the process that it was made to is still there."""
        try:
            began = psutil.Process(self.pid).create_time()
        except psutil.NoSuchProcess:
            return False
        return abs(began - self.started) <= SAME_START_S


class Ledger:
    """The promises made on one device."""

    def __init__(self, index: str, folder: Path) -> None:
        self.path = folder / f"gpu-{index}.ledger.json"
        self._guard = FileLock(folder / f"gpu-{index}.ledger.lock")
        self._device = DeviceLock(index, folder)

    def promise(self, vram_mb: int, capacity_mb: int) -> bool:
        """Promise memory to this process if what is left of the device allows it."""
        with self._guarded():
            standing = self._read()
            if standing is None:
                # Unreadable: nobody knows what was promised. Only an unused device starts afresh.
                if not self._device.take():
                    return False
                self._device.release()
                standing = []
            if sum(entry.vram_mb for entry in standing) + vram_mb > capacity_mb:
                return False
            own = Promise(os.getpid(), psutil.Process().create_time(), vram_mb)
            self._write([*standing, own])
            return True

    def withdraw(self) -> None:
        """Take this process's promise back."""
        with self._guarded():
            standing = self._read() or []
            self._write([entry for entry in standing if entry.pid != os.getpid()])

    def standing(self) -> list[Promise] | None:
        """Return the promises to living processes; None: the file cannot be read."""
        with self._guarded():
            return self._read()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._guard:
            yield

    def _read(self) -> list[Promise] | None:
        try:
            entries = json.loads(self.path.read_text(encoding="utf-8"))
            promises = [Promise(**entry) for entry in entries]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError):
            return None
        return [promise for promise in promises if promise.holds()]

    def _write(self, promises: list[Promise]) -> None:
        with replacing(self.path) as partial:
            partial.write_text(json.dumps([asdict(entry) for entry in promises]), encoding="utf-8")
