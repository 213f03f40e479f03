"""What a finished file says and shows of itself, read back from that file alone."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mythmeter import __version__
from mythmeter.atomic import replacing
from mythmeter.errors import MediaError, ProvenanceError
from mythmeter.media.mp4 import Movie, has_pictures, read_movie, read_pictures
from mythmeter.models.fetch import sha256_of
from mythmeter.provenance.c2pa_file import Reading, read_file
from mythmeter.provenance.checks import (
    LABEL_PICTURES,
    MARKS,
    Check,
    check_captions,
    check_consent_reference,
    check_faststart,
    check_frames,
    check_label,
    check_lengths,
    check_signature,
    check_source_type,
    check_video_watermark,
    check_watermark,
    scan_pictures,
    search_label,
)
from mythmeter.provenance.keys import KEY_FILE, load_signer, signing_folder
from mythmeter.provenance.manifest import CONSENT, LABEL, LICENCES
from mythmeter.provenance.mark import Marked
from mythmeter.provenance.receipt import sign_receipt
from mythmeter.provenance.registry import Entry, resolve
from mythmeter.render.watermark import VideoMarkReader, mark_id, sample_frames
from mythmeter.usage.record import UsageRecord

RECEIPT_VERSION = 2


@dataclass(frozen=True)
class Verdict:
    """All checks of one file."""

    file: str
    sha256: str
    bytes: int
    checks: tuple[Check, ...]
    licences: dict[str, Any] | None = None
    """What the manifest says about licences."""

    @property
    def passed(self) -> bool:
        """Whether every mark was found and every property holds."""
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """What is missing or wrong."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def marks(self) -> tuple[str, ...]:
        """Names of the marks that were found."""
        return tuple(check.name for check in self.checks if check.name in MARKS and check.passed)

    @property
    def verdict(self) -> str:
        """`complete` (a finished render), `marked` (some marks are there) or `unmarked`."""
        if self.passed:
            return "complete"
        return "marked" if self.marks else "unmarked"

    def __str__(self) -> str:
        lines = [f"{'ok  ' if c.passed else 'FAIL'}  {c.name}: {c.finding}" for c in self.checks]
        if self.licences:
            lines.append(f"      licences: {self.licences['line']}")
        found = ", ".join(self.marks) or "none"
        last = f"verdict: {self.verdict} (marks found: {found})"
        return "\n".join([f"{self.file}  sha256 {self.sha256}", *lines, last])


def verify_file(
    path: Path,
    signing: Path | None = None,
    *,
    decoder: Path,
    ours: bool = False,
    anchors_pem: bytes | None = None,
    registry: Mapping[str, Entry] | None = None,
) -> Verdict:
    """Check a file by its own bytes: a finished render, or what was found somewhere.

    Args:
        path: video or sound in any container that FFmpeg reads.
        signing: folder of our own certificate, whose root is trusted in a second reading; None:
            the usual one. Where there is none, a file can be valid but not trusted.
        decoder: network that reads the video watermark.
        ours: whether the file must be signed by our own certificate.
        anchors_pem: roots to trust instead of our own.
        registry: known payloads, to say which render a watermark belongs to.

    Raises:
        MediaError: not a file that can be read as video or sound.
    """
    if not path.is_file():
        raise MediaError(f"{path}: no such file.")
    pictures = has_pictures(path)
    reading = read_file(path)
    trusting = read_file(path, anchors_pem) if anchors_pem else _read_with_own_root(path, signing)
    checks = [
        check_signature(reading, trusting, ours=ours),
        check_consent_reference(reading),
        check_source_type(reading),
    ]
    if pictures:
        movie = read_movie(path)
        mark = check_video_watermark(path, movie, reading, VideoMarkReader(decoder))
        checks += _picture_checks(path, movie, reading)
        checks += [_resolved(mark, reading, registry or {})]
    checks.append(check_watermark(path))
    if pictures and reading.state is not None:
        checks += [check_lengths(movie), check_captions(movie), check_faststart(path)]
    licences = reading.assertion(LICENCES)
    return Verdict(
        path.name,
        sha256_of(path),
        path.stat().st_size,
        tuple(checks),
        dict(licences) if licences else None,
    )


def verify_render(
    signed: Marked,
    final: Marked,
    receipt: Path,
    *,
    decoder: Path,
    signing: Path | None,
    record: UsageRecord,
) -> Verdict:
    """Verify a render that this run signed; only then put it, and its receipt, in its final place.

    A file that fails loses its name (`signed.mp4` becomes `unverified.mp4` in the same folder), so
    that the next run makes it again. Nothing else writes to the final place.

    Raises:
        ProvenanceError: a mark is missing or broken; nothing is written.
    """
    unverified = signed.video.with_name("unverified.mp4")
    with record.phase("steady") as work:
        verdict = verify_file(signed.video, signing, decoder=decoder, ours=True)
        work["bytes"] = verdict.bytes
        print(verdict)
        if not verdict.passed:
            signed.video.replace(unverified)
            found = "; ".join(f"{check.name}: {check.finding}" for check in verdict.failures)
            raise ProvenanceError(
                f"{final.video.name} does not carry what it must ({found}). It is not a finished "
                f"render; the file was renamed to {unverified}; do not pass it on. Run again to "
                "make it anew."
            )
        unverified.unlink(missing_ok=True)
        content = _receipt(verdict, final.video.name)
        for source, out in (
            (signed.captions, final.captions),
            (signed.poster, final.poster),
            (signed.video, final.video),
        ):
            with replacing(out) as partial:
                shutil.copyfile(source, partial)
        if sha256_of(final.video) != verdict.sha256:
            final.video.unlink()
            raise ProvenanceError(f"{signed.video} changed while it was verified. Run again.")
        with replacing(receipt) as partial:
            text = json.dumps(sign_receipt(content, load_signer(signing)), indent=2)
            partial.write_text(text + "\n", encoding="utf-8")
    return verdict


def _picture_checks(path: Path, movie: Movie, reading: Reading) -> list[Check]:
    """Checks that need every picture; of a file without a manifest, the label alone."""
    if reading.assertion(LABEL) is None:
        numbers = sample_frames(movie.frames, float(movie.rate), LABEL_PICTURES)
        times_s = [number / movie.rate for number in numbers]
        return [search_label(read_pictures(path, times_s))]
    scan = scan_pictures(path, movie, reading)
    return [check_label(scan), check_frames(movie, scan, reading)]


def _resolved(mark: Check, reading: Reading, registry: Mapping[str, Entry]) -> Check:
    """Add to what a video watermark says which render and record its payload leads to."""
    payload = mark.measured.get("payload")
    if payload is None:
        return mark
    known = dict(registry)
    consent = reading.assertion(CONSENT)
    title = str(reading.manifest.get("title", "")).removesuffix(".mp4")
    if consent and title:
        word = mark_id(consent["record_id"], title)
        known.setdefault(word, Entry(title, consent["record_id"], "the manifest"))
    lead = resolve(mark.measured["logits"], known)
    if lead is None:
        where = "in no receipt of the registry" if registry else "no registry was given"
        return replace(mark, finding=f"{mark.finding} ({where})")
    entry, agrees = lead
    finding = (
        f"{mark.finding}: render {entry.render!r}, record {entry.record_id} "
        f"(agreement {agrees:.2f}; by {entry.source})"
    )
    leads_to = {**asdict(entry), "agreement": round(agrees, 3)}
    return replace(mark, finding=finding, measured={**mark.measured, "leads_to": leads_to})


def _read_with_own_root(path: Path, signing: Path | None) -> Reading | None:
    """Read a file trusting our own root; None where this machine has no certificate."""
    if not (signing_folder(signing) / KEY_FILE).is_file():
        return None
    return read_file(path, load_signer(signing).root_pem)


def _receipt(verdict: Verdict, name: str) -> dict[str, Any]:
    return {
        "receipt_version": RECEIPT_VERSION,
        "decision": "verified",
        "mythmeter_version": __version__,
        "file": name,
        "sha256": verdict.sha256,
        "bytes": verdict.bytes,
        "verified_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "checks": {check.name: asdict(check) for check in verdict.checks},
        "licences": verdict.licences,
    }
