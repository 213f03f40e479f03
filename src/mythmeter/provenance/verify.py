"""What a finished file says and shows of itself, read back from that file alone."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mythmeter import __version__
from mythmeter.atomic import replacing
from mythmeter.errors import MediaError, ProvenanceError
from mythmeter.media.mp4 import read_movie
from mythmeter.models.fetch import sha256_of
from mythmeter.provenance.c2pa_file import Reading, read_file
from mythmeter.provenance.checks import (
    Check,
    check_captions,
    check_consent_reference,
    check_faststart,
    check_frames,
    check_label,
    check_lengths,
    check_signature,
    check_source_type,
    check_watermark,
    scan_pictures,
)
from mythmeter.provenance.keys import KEY_FILE, load_signer, signing_folder
from mythmeter.usage.record import UsageRecord

RECEIPT_VERSION = 1


@dataclass(frozen=True)
class Verdict:
    """All checks of one file."""

    file: str
    sha256: str
    bytes: int
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every mark was found and every property holds."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """What is missing or wrong."""
        return tuple(check for check in self.checks if not check.passed)

    def __str__(self) -> str:
        lines = [f"{'ok  ' if c.passed else 'FAIL'}  {c.name}: {c.finding}" for c in self.checks]
        return "\n".join([f"{self.file}  sha256 {self.sha256}", *lines])


def verify_file(path: Path, signing: Path | None = None, *, ours: bool = False) -> Verdict:
    """Check a finished render by its own bytes.

    Args:
        path: an `.mp4`.
        signing: folder of our own certificate, whose root is trusted in a second reading; None:
            the usual one. Where there is none, a file can be valid but not trusted.
        ours: whether the file must be signed by our own certificate.

    Raises:
        MediaError: not a file that can be read as video.
    """
    if not path.is_file():
        raise MediaError(f"{path}: no such file.")
    movie = read_movie(path)
    reading = read_file(path)
    scan = scan_pictures(path, movie, reading)
    checks = (
        check_signature(reading, _read_with_own_root(path, signing), ours=ours),
        check_consent_reference(reading),
        check_source_type(reading),
        check_label(scan),
        check_watermark(path),
        check_frames(movie, scan, reading),
        check_lengths(movie),
        check_captions(movie),
        check_faststart(path),
    )
    return Verdict(path.name, sha256_of(path), path.stat().st_size, checks)


def verify_render(
    video: Path, receipt: Path, *, signing: Path | None, record: UsageRecord
) -> Verdict:
    """Verify a render that this run signed and write its receipt; one that fails loses its name.

    A file that fails is renamed to `<name>.unverified.mp4`: under its own name it would be taken
    for a finished render. The next run makes it again.

    Raises:
        ProvenanceError: a mark is missing or broken; no receipt is written.
    """
    unverified = video.with_suffix(".unverified.mp4")
    with record.phase("steady") as work:
        verdict = verify_file(video, signing, ours=True)
        work["bytes"] = verdict.bytes
    print(verdict)
    if not verdict.passed:
        video.replace(unverified)
        found = "; ".join(f"{check.name}: {check.finding}" for check in verdict.failures)
        raise ProvenanceError(
            f"{video.name} does not carry what it must ({found}). It is not a finished render and "
            f"was renamed to {unverified}; do not pass it on. Run again to make it anew."
        )
    unverified.unlink(missing_ok=True)
    with replacing(receipt) as partial:
        partial.write_text(json.dumps(_receipt(verdict), indent=2) + "\n", encoding="utf-8")
    return verdict


def _read_with_own_root(path: Path, signing: Path | None) -> Reading | None:
    """Read a file trusting our own root; None where this machine has no certificate."""
    if not (signing_folder(signing) / KEY_FILE).is_file():
        return None
    return read_file(path, load_signer(signing).root_pem)


def _receipt(verdict: Verdict) -> dict[str, Any]:
    return {
        "receipt_version": RECEIPT_VERSION,
        "decision": "verified",
        "mythmeter_version": __version__,
        "file": verdict.file,
        "sha256": verdict.sha256,
        "bytes": verdict.bytes,
        "verified_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "checks": {check.name: asdict(check) for check in verdict.checks},
    }
