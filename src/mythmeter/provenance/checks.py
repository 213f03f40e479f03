"""The single checks of a finished file, each with what it measured."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mythmeter.media.mp4 import Movie, box_order, read_luma, read_sound
from mythmeter.provenance.c2pa_file import Reading
from mythmeter.provenance.manifest import CERTIFICATE, CONSENT, LABEL, RENDER
from mythmeter.provenance.source_types import FACE_SWAP
from mythmeter.provenance.visible import THRESHOLD as LABEL_THRESHOLD
from mythmeter.provenance.visible import LabelMeter
from mythmeter.render.label import draw_label
from mythmeter.voice.watermark import THRESHOLD as WATERMARK_THRESHOLD
from mythmeter.voice.watermark import mark_strength

SOUND_BLOCK_S = 30.0


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
    text = (reading.assertion(LABEL) or {}).get("text")
    meter = None
    if text:
        meter = LabelMeter(draw_label(text, movie.width, movie.height), movie.height)
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
    )


def check_label(scan: PictureScan) -> Check:
    """Check that the label stands in every picture."""
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
    strengths = [mark_strength(block, rate) for block, rate in read_sound(path, SOUND_BLOCK_S)]
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
