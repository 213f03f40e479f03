"""A disk that takes no more, told apart from every other error of the system."""

import errno

REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than this process may write",
    errno.EROFS: "the disk is mounted read-only",
}


def disk_trouble(error: BaseException) -> str | None:
    """Return what a user can do about a disk that took no more, or None for any other error."""
    if not isinstance(error, OSError) or error.errno not in REASONS:
        return None
    file = f" at {error.filename}" if error.filename else ""
    return (
        f"{REASONS[error.errno]}{file}. Make room or set paths.results elsewhere, and run again: "
        "what is finished is kept, and nothing half-written is taken for it."
    )
