"""Locks on devices: one file each, held exclusively or shared, freed by the system at death.

`flock` belongs to the open file, so a killed process leaves nothing behind that had to be cleaned
up; what the file contains does not matter. A lock whose file was deleted under its holder is still
found, by the holder's open file, so that a lost folder never puts two jobs on one device.
"""

import fcntl
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from mythmeter.errors import DeviceError

FOLDER_VARIABLE = "MYTHMETER_LOCKS"


def lock_folder(folder: Path | None = None) -> Path:
    """Return the folder of the locks, made if it is not there: of this machine and this user.

    Raises:
        DeviceError: it cannot be made or written to, or belongs to somebody else.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    folder = folder or (Path(given) if given else None)
    folder = folder or Path(tempfile.gettempdir()) / f"mythmeter-gpu-{os.getuid()}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
        writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise DeviceError(_trouble(folder, error.strerror or str(error))) from None
    if owner != os.getuid():
        raise DeviceError(_trouble(folder, "it belongs to another user"))
    if not writable:
        raise DeviceError(_trouble(folder, "it cannot be written to"))
    return folder


def _trouble(folder: Path, reason: str) -> str:
    return (
        f"The folder of the GPU locks, {folder}, cannot be used: {reason}. Without locks two jobs "
        f"could land on one GPU. Remove it, or set {FOLDER_VARIABLE} to a folder of your own on "
        "this machine."
    )


class DeviceLock:
    """The lock of one device, taken without waiting."""

    def __init__(self, index: str, folder: Path) -> None:
        self.index = index
        self.path = folder / f"gpu-{index}.lock"
        self._file: int | None = None

    def take(self, *, shared: bool = False) -> bool:
        """Try to take the lock; a shared one stands beside other shared ones.

        Raises:
            DeviceError: the lock file cannot be opened, or is no file.
        """
        file = self._open()
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        if not self._same(file) or holders_of_deleted(self.path):
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let go; harmless if nothing is held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        lock_folder(self.path.parent)
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DeviceError(_damaged(self.path, error.strerror or str(error))) from None
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise DeviceError(_damaged(self.path, "it is no regular file"))
        return file

    def _same(self, file: int) -> bool:
        """Whether the path still leads to the file that was locked."""
        with suppress(OSError):
            return os.path.samestat(os.fstat(file), self.path.stat())
        return False


def _damaged(path: Path, reason: str) -> str:
    return f"The GPU lock {path} cannot be opened: {reason}. Remove it once no job is running."


def holders_of_deleted(path: Path) -> list[int]:
    """Return the processes of this user that still have a deleted file of this path open.

    Empty where there is no /proc: there, a folder deleted under a running job is not noticed.
    """
    gone = f"{path.resolve()} (deleted)"
    return [
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if process.name != str(os.getpid()) and gone in _open_files(process)
    ]


def _open_files(process: Path) -> set[str]:
    found = set()
    with suppress(OSError):  # it ended meanwhile, or is another user's
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                found.add(str(link.readlink()))
    return found
