"""The single checks of a finished file, each with what it measured."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mythmeter.media.decode import Frame
from mythmeter.media.mp4 import Movie, box_order, read_luma, read_pictures, read_sound
from mythmeter.provenance.c2pa_file import Reading
from mythmeter.provenance.manifest import CERTIFICATE, CONSENT, LABEL, RENDER, WATERMARKS
from mythmeter.provenance.source_types import FACE_SWAP
from mythmeter.provenance.visible import FOUND_THRESHOLD, LabelMeter, find_label
from mythmeter.provenance.visible import THRESHOLD as LABEL_THRESHOLD
from mythmeter.render.label import LabelStyle, draw_label
from mythmeter.render.watermark import (
    METHOD,
    PREFIX_AGREEMENT,
    STATED_AGREEMENT,
    STRENGTH,
    Logits,
    VideoMarkReader,
    agreement,
    sample_frames,
    vote,
)
from mythmeter.voice.watermark import THRESHOLD as WATERMARK_THRESHOLD
from mythmeter.voice.watermark import mark_strength

SOUND_BLOCK_S = 30.0
MOST_PICTURES = 16
"""So many pictures are read for the video watermark at most."""
FEWEST_PICTURES = 2
CERTAIN = 1.0
"""When every bit is read this clearly, by its mean logit, no further picture is read."""
LABEL_PICTURES = 8
"""So many are searched for a label that no manifest describes."""

MARKS = ("signature", "visible_label", "audio_watermark", "video_watermark")
"""Checks that say whether a file is marked; the others say whether it is whole."""


@dataclass(frozen=True)
class Check:
    """One mark or property: whether it is there, and what was measured."""

    name: str
    passed: bool
    finding: str
    """One sentence for people."""
    measured: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PictureScan:
    """All pictures of a file, decoded once."""

    decoded: int
    uneven: tuple[int, ...]
    """Pictures whose time is not their number over the rate."""
    label: str | None
    """The label that the manifest states."""
    scores: tuple[float, ...]
    controls: tuple[float, ...]
    off_reason: str | None = None
    """Why there is no label, by the manifest."""


def check_signature(reading: Reading, own_root: Reading | None, *, ours: bool) -> Check:
    """Check the state of the manifest; of a file that we signed, also that we did.

    Args:
        reading: trusting nobody.
        own_root: trusting the root of our own certificate; None where there is none.
        ours: whether the file must be signed by our own certificate.
    """
    if reading.state is None:
        return Check("signature", False, "there is no C2PA manifest in it", {"state": None})
    trusted = own_root.state if own_root else None
    certificate = (reading.assertion(CERTIFICATE) or {}).get("text")
    intact = reading.state in ("Valid", "Trusted")
    signed_by_us = trusted == "Trusted"
    finding = f"C2PA state {reading.state}, with our own root {trusted or 'not read'}"
    if not intact:
        finding += f" ({', '.join(reading.problems)})"
    elif certificate:
        finding += f"; {certificate}"
    measured = {
        "state": reading.state,
        "state_with_own_root": trusted,
        "problems": list(reading.problems),
        "certificate": certificate,
        "signed_by": dict(reading.manifest.get("signature_info", {})),
    }
    return Check("signature", intact and (signed_by_us or not ours), finding, measured)


def check_consent_reference(reading: Reading) -> Check:
    """Check that the manifest names a consent record by id, kind and hash."""
    consent = reading.assertion(CONSENT) or {}
    complete = all(consent.get(key) for key in ("record_id", "kind", "sha256"))
    finding = "the manifest names no consent record"
    if complete:
        finding = f"record {consent['record_id']}, kind {consent['kind']}"
    return Check("consent_reference", complete, finding, dict(consent))


def check_source_type(reading: Reading) -> Check:
    """Check that the manifest says that generated media was put into footage."""
    terms = reading.source_types()
    finding = ", ".join(terms) or "the manifest states no digital source type"
    return Check("source_type", FACE_SWAP in terms, finding, {"terms": terms, "needed": FACE_SWAP})


def scan_pictures(path: Path, movie: Movie, reading: Reading) -> PictureScan:
    """Decode every picture; score it against the label that the manifest states."""
    label = reading.assertion(LABEL) or {}
    text = label.get("text")
    meter = None
    if text:
        place = label.get("position", "top-left"), label.get("size", LabelStyle.size)
        meter = LabelMeter(draw_label(text, movie.width, movie.height, *place), movie.height)
    uneven: list[int] = []
    scores: list[tuple[float, float]] = []
    number = -1
    for number, (time_s, luma) in enumerate(read_luma(path)):
        if time_s != number / movie.rate:
            uneven.append(number)
        if meter is not None:
            scores.append((meter.score(luma), meter.control(luma)))
    return PictureScan(
        decoded=number + 1,
        uneven=tuple(uneven),
        label=text,
        scores=tuple(score for score, _ in scores),
        controls=tuple(control for _, control in scores),
        off_reason=label.get("off_reason"),
    )


def check_label(scan: PictureScan) -> Check:
    """Check that the label stands in every picture, or that the manifest says why it does not."""
    if scan.off_reason:
        finding = f'switched off, and the signed manifest says why: "{scan.off_reason}"'
        return Check("visible_label", True, finding, {"off_reason": scan.off_reason})
    if scan.label is None or not scan.scores:
        finding = "the manifest does not say what the visible label reads"
        return Check("visible_label", False, finding, {"text": scan.label})
    lowest = min(scan.scores)
    number = scan.scores.index(lowest)
    measured = {
        "text": scan.label,
        "lowest": round(lowest, 4),
        "lowest_frame": number,
        "mean": round(sum(scan.scores) / len(scan.scores), 4),
        "control_highest": round(max(scan.controls), 4),
        "threshold": LABEL_THRESHOLD,
        "pictures": len(scan.scores),
    }
    passed = lowest >= LABEL_THRESHOLD
    finding = (
        f'"{scan.label}" {"in every picture" if passed else f"not seen in picture {number}"}: '
        f"{lowest:.2f} at least, {LABEL_THRESHOLD} needed, "
        f"{max(scan.controls):.2f} where there is none"
    )
    return Check("visible_label", passed, finding, measured)


def search_label(pictures: Iterable[Frame]) -> Check:
    """Search the pictures of a file that does not say what its label reads."""
    found = find_label(pictures)
    if found is None:
        return Check("visible_label", False, "there are no pictures", {})
    passed = found.score >= FOUND_THRESHOLD
    finding = (
        f'begins with "{found.text}": {found.score:.2f}, {FOUND_THRESHOLD} needed'
        if passed
        else f"no label found: best match {found.score:.2f}, {FOUND_THRESHOLD} needed"
    )
    return Check("visible_label", passed, finding, {**asdict(found), "threshold": FOUND_THRESHOLD})


def check_video_watermark(
    path: Path, movie: Movie, reading: Reading, reader: VideoMarkReader
) -> Check:
    """Read the watermark back from pictures until they agree, at most MOST_PICTURES of them.

    A payload that is not the manifest's fails: then one of the two belongs to another render.
    """
    stated = ((reading.assertion(WATERMARKS) or {}).get("video") or {}).get("payload")
    numbers = sample_frames(movie.frames, float(movie.rate), MOST_PICTURES)
    read: list[Logits] = []
    mark = vote(read)
    for picture in read_pictures(path, [number / movie.rate for number in numbers]):
        read.append(reader.read(picture))
        mark = vote(read)
        if mark.present and mark.weakest_bit >= CERTAIN and len(read) >= FEWEST_PICTURES:
            break
    measured = {
        "method": METHOD,
        **{k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(mark).items()},
        "payload": mark.payload,
        "stated": stated,
        "threshold": {"prefix_agreement": PREFIX_AGREEMENT, "strength": STRENGTH},
    }
    finding = (
        f"strength {mark.strength:.1f}, {STRENGTH} needed; prefix {mark.prefix_agreement:.2f}, "
        f"{PREFIX_AGREEMENT} needed; {mark.pictures} pictures read"
    )
    if mark.present:
        finding += f"; payload {mark.payload}"
    agrees = stated is None or agreement(mark.logits, stated) >= STATED_AGREEMENT
    if mark.present and not agrees:
        finding += f", but the manifest states {stated}"
    return Check("video_watermark", mark.present and agrees, finding, measured)


def check_frames(movie: Movie, scan: PictureScan, reading: Reading) -> Check:
    """Check that all pictures stated can be decoded, at exact times."""
    stated = (reading.assertion(RENDER) or {}).get("frames")
    passed = scan.decoded == movie.frames == stated and not scan.uneven
    finding = f"{scan.decoded} decoded, {movie.frames} in the index, {stated} in the manifest"
    if scan.uneven:
        finding += f"; {len(scan.uneven)} at a wrong time, the first is {scan.uneven[0]}"
    measured = {
        "decoded": scan.decoded,
        "indexed": movie.frames,
        "stated": stated,
        "uneven": len(scan.uneven),
        "rate": f"{movie.rate.numerator}/{movie.rate.denominator}",
        "width": movie.width,
        "height": movie.height,
    }
    return Check("frames", passed, finding, measured)


def check_watermark(path: Path) -> Check:
    """Read the watermark back from the sound, block by block."""
    # Silence reads as not a number; it carries no mark.
    strengths = [
        float(np.nan_to_num(mark_strength(block, rate)))
        for block, rate in read_sound(path, SOUND_BLOCK_S)
    ]
    if not strengths:
        return Check("audio_watermark", False, "there is no sound", {"strengths": []})
    lowest = min(strengths)
    measured = {
        "method": "Perth",
        "lowest": round(lowest, 4),
        "strengths": [round(strength, 4) for strength in strengths],
        "threshold": WATERMARK_THRESHOLD,
        "block_s": SOUND_BLOCK_S,
    }
    finding = f"strength {lowest:.2f}, {WATERMARK_THRESHOLD} needed"
    return Check("audio_watermark", lowest >= WATERMARK_THRESHOLD, finding, measured)


def check_lengths(movie: Movie) -> Check:
    """Check that sound and pictures last equally long, within one picture."""
    if movie.audio_s is None:
        return Check("lengths", False, "there is no sound", {"video_s": movie.video_s})
    difference_s = movie.audio_s - movie.video_s
    frame_s = float(1 / movie.rate)
    measured = {
        "video_s": round(movie.video_s, 6),
        "audio_s": round(movie.audio_s, 6),
        "difference_s": round(difference_s, 6),
        "frame_s": round(frame_s, 6),
    }
    finding = f"pictures {movie.video_s:.3f} s, sound {movie.audio_s:.3f} s"
    return Check("lengths", abs(difference_s) <= frame_s, finding, measured)


def check_captions(movie: Movie) -> Check:
    """Check that there is a text track with captions in it."""
    finding = f"{movie.captions} in language {movie.caption_language}"
    measured = {"captions": movie.captions, "language": movie.caption_language}
    return Check("captions", movie.captions > 0, finding, measured)


def check_faststart(path: Path) -> Check:
    """Check that the index comes before the data, so that playback starts while it loads."""
    order = box_order(path)
    passed = "moov" in order and "mdat" in order and order.index("moov") < order.index("mdat")
    finding = f"boxes {', '.join(order)}"
    return Check("faststart", passed, finding, {"boxes": order})
