"""The log of a job, on a disk that may take no more."""

import io
from contextlib import suppress
from pathlib import Path


class JobLog(io.TextIOBase):
    """A text file that drops what no longer fits.

    A log lies on the same disk as the results. Where that is full the job fails by its results,
    with a message for the terminal that a second error, about the log, must not take the place of.
    """

    def __init__(self, path: Path) -> None:
        """Make the file, and its folder.

        Raises:
            OSError: it cannot be made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8", buffering=1)

    def write(self, text: str) -> int:
        """Write, or drop, a text."""
        with suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Hand over what is buffered."""
        if not self._file.closed:
            with suppress(OSError):
                self._file.flush()

    def fileno(self) -> int:
        """Number of the open file, for programs that are started with it."""
        return self._file.fileno()

    def writable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):
            self._file.close()
        super().close()
