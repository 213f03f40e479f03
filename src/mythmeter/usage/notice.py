"""Notice of the end: SIGTERM, which a spot instance or a scheduler sends up to two minutes before.

A job stops where it is, as after any error: what is half-written goes, its outputs do not appear.
One that keeps a checkpoint is asked to save first, at the end of its step.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED_EXIT = 128 + signal.SIGTERM
"""Exit status of a job that was given notice: 143, as a shell reports it."""


class Terminated(SystemExit):
    """The job was given notice. No MythmeterError: nothing is wrong, the next run goes on."""

    def __init__(self) -> None:
        super().__init__(TERMINATED_EXIT)


class Notice:
    """Whether notice was given to a job that saves before it stops."""

    def __init__(self) -> None:
        self.given = False


_savers: list[Notice] = []


@contextmanager
def heeding_notice() -> Iterator[None]:
    """Turn SIGTERM into `Terminated`, or into a given `Notice` where a block is saving.

    Signals reach the main thread only: elsewhere this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _on_notice)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def saving_at_notice() -> Iterator[Notice]:
    """Let a block see that notice was given: it saves first and then raises `Terminated`."""
    notice = Notice()
    _savers.append(notice)
    try:
        yield notice
    finally:
        _savers.remove(notice)


def _on_notice(number: int, frame: FrameType | None) -> None:
    if not _savers:
        raise Terminated
    for notice in _savers:
        notice.given = True
