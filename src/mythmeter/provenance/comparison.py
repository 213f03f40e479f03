"""The comparison of a render with its footage: labelled, marked, signed and verified like a render.

It shows a swapped face, so it is made in one job from end to end: nothing unmarked is left behind.
"""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mythmeter.media.decode import Frame, read_frames
from mythmeter.provenance.mark import Made, Marked, mark_render
from mythmeter.provenance.verify import verify_render
from mythmeter.render.assemble import assemble
from mythmeter.render.composite import Encoding
from mythmeter.render.label import LabelStyle, draw_label, label_text
from mythmeter.render.panels import Sources, named, side_by_side
from mythmeter.render.timeline import Timeline, read_timeline
from mythmeter.render.watermark import VideoMarker, Windows, mark_id
from mythmeter.usage.record import UsageRecord

SUFFIX = "comparison"
"""A comparison is named as its render, with this after a full stop."""


@dataclass(frozen=True)
class Look:
    """How a comparison is written."""

    label: LabelStyle
    encoding: Encoding
    audio_kbps: int
    networks: tuple[Path, Path]
    """Encoder and decoder of the video watermark."""


@dataclass(frozen=True)
class Credits:
    """What the manifest names, and what signs it."""

    backends: Sequence[str]
    catalogue: Path
    signing: Path | None


def compare_render(
    sources: Sources,
    made: Made,
    final: Marked,
    receipt: Path,
    *,
    render: str,
    look: Look,
    credits: Credits,
    work: Path,
    record: UsageRecord,
) -> None:
    """Make, sign and verify the comparison of a render; only then put it in its final place.

    Args:
        sources: footage, swap and synced faces.
        made: what the render was made from; consent is checked again.
        final, receipt: written, as for a render.
        render: its name.
        work: folder to work in; it is emptied, whatever happens, but for a file that failed.

    Raises:
        ConsentError: consent no longer holds, or does not cover so many minutes.
        MediaError, ModelError: see `composite`.
        ProvenanceError: a mark is missing or broken; nothing is written.
    """
    name = f"{render}.{SUFFIX}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    assembled = work / "assembled.mp4"
    signed = Marked(*(work / f"signed.{kind}" for kind in ("mp4", "vtt", "jpg")))
    consent = json.loads(made.gate.receipt.read_text(encoding="utf-8"))
    try:
        _write_pictures(sources, work / "pictures.mp4", consent, name, look, record)
        assemble(
            chunks=[work / "pictures.mp4"],
            speech=made.speech,
            words=made.words,
            timeline=sources.timeline,
            out=assembled,
            audio_kbps=look.audio_kbps,
            record=record,
        )
        mark_render(
            assembled,
            made,
            signed,
            render=name,
            label=look.label,
            backends=credits.backends,
            catalogue=credits.catalogue,
            signing=credits.signing,
            record=record,
            final=final.video,
        )
        verify_render(
            signed,
            final,
            receipt,
            decoder=look.networks[1],
            signing=credits.signing,
            record=record,
        )
    finally:
        for path in work.iterdir() if work.is_dir() else ():
            if path.name != "unverified.mp4":
                path.unlink()


def _write_pictures(
    sources: Sources, out: Path, consent: dict[str, str], name: str, look: Look, record: UsageRecord
) -> None:
    """Encode the pictures side by side, watermarked and labelled."""
    plan = read_timeline(sources.timeline)
    first = _untouched(sources.clip, plan, 0, look.label)
    height, width = first.shape[:2]
    text = label_text(look.label, consent["kind"])
    drawn = text and draw_label(text, width, height, look.label.position, look.label.size)
    windows = Windows.of(plan.frames, float(plan.rate))
    marker = VideoMarker(*look.networks, mark_id(consent["record_id"], name), windows)

    def footage(shown: int) -> Frame:
        return _untouched(sources.clip, plan, shown, look.label)

    writer = look.encoding.writer(out, plan, (width, height))
    with record.phase("steady", frames=plan.frames), writer:
        for number, picture in enumerate(side_by_side(sources, plan, look.label)):
            marked = marker.mark(number, picture, footage)
            if plan.starts_group(number):
                writer.start_group()
            writer.write(drawn.burn_in(marked) if drawn else marked)


def _untouched(clip: Path, plan: Timeline, number: int, style: LabelStyle) -> Frame:
    """Three times the footage of an output frame: what the watermark's network looks at."""
    shown = int(plan.target_frame[number])
    frame = next(read_frames(clip, shown, shown + 1))
    return named([frame] * 3, style)
