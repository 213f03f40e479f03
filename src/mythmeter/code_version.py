"""A digest of the code behind a stage, so that an edited module reruns what it made.

Snakemake's code trigger sees the adapter's text only, not the modules that it imports. Rules pass
`code_version("faces", "media")` as a param; the digest changes when any of these rooms does.
"""

import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


@cache
def code_version(*rooms: str) -> str:
    """Return 12 hex digits over the sources of the named rooms of the package.

    A room is a sub-package ("faces"), a sub-package's sub-package ("voice/voices") or a module
    ("atomic.py"). Data files count too; caches do not.

    Raises:
        FileNotFoundError: a room that does not exist, which is a mistake in a rule.
    """
    digest = hashlib.sha256()
    for room in sorted(rooms):
        root = PACKAGE / room
        if not root.exists():
            raise FileNotFoundError(f"code_version: no room {room!r} in {PACKAGE}")
        files = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.is_file())
        for file in files:
            if "__pycache__" in file.parts:
                continue
            digest.update(str(file.relative_to(PACKAGE)).encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
