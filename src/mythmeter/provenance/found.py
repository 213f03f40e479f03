"""A file found anywhere, verified in a sandbox: whoever made it may have wanted to harm."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mythmeter.errors import MediaError
from mythmeter.media.limits import limits_of_verification
from mythmeter.media.sandbox import call_apart


def verify_found(
    path: Path,
    signing: Path | None = None,
    *,
    decoder: Path,
    anchors: Path | None = None,
    registry: Path | None = None,
    limits_factor: float = 1.0,
) -> dict[str, Any]:
    """Verify a file in a child process with limits.

    Args:
        path: the file.
        signing: folder of our own certificate; None: the usual one.
        decoder: network that reads the video watermark.
        anchors: PEM file of roots to trust instead of our own.
        registry: folder of receipts, or one receipt.
        limits_factor: multiplies the limits.

    Returns:
        The verdict as JSON, `verdict`, `passed` and its `text` for people included.

    Raises:
        MediaError: not a file that can be read as video or sound, or beyond a limit.
        ProvenanceError: the registry holds no receipt.
    """
    if not path.is_file():
        raise MediaError(f"{path}: no such file.")
    paths = {"path": path, "signing": signing, "decoder": decoder}
    paths |= {"anchors": anchors, "registry": registry}
    verdict: dict[str, Any] = call_apart(
        "mythmeter.provenance.found:verify_to_json",
        {name: None if given is None else str(given) for name, given in paths.items()},
        source=path,
        limits=limits_of_verification(path.stat().st_size, limits_factor),
    )
    return verdict


def verify_to_json(
    path: str, signing: str | None, decoder: str, anchors: str | None, registry: str | None
) -> dict[str, Any]:
    """Verify a file; the child's side of `verify_found`."""
    import av

    from mythmeter.provenance.registry import read_registry
    from mythmeter.provenance.verify import verify_file

    try:
        verdict = verify_file(
            Path(path),
            Path(signing) if signing else None,
            decoder=Path(decoder),
            anchors_pem=Path(anchors).read_bytes() if anchors else None,
            registry=read_registry(Path(registry)) if registry else None,
        )
    except MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise MediaError(f"{path}: is damaged and cannot be read ({error.strerror}).") from error
    said = {"verdict": verdict.verdict, "passed": verdict.passed, "text": str(verdict)}
    plain: dict[str, Any] = json.loads(json.dumps(asdict(verdict) | said))
    return plain
