"""One chunk of the render: each face back in its picture, watermark and label in it, H.264."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.errors import MediaError
from mythmeter.media.colour import BT709, WrittenColour
from mythmeter.media.decode import Frame, count_frames, frame_size, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.media.encoders import encoder_options
from mythmeter.media.verdict import render_colour
from mythmeter.render.label import LabelStyle, draw_label, label_text
from mythmeter.render.placing import Geometry, face_in
from mythmeter.render.sequence import frames_in_order
from mythmeter.render.timeline import Timeline, read_timeline
from mythmeter.render.watermark import VideoMarker, Windows, mark_id
from mythmeter.usage.record import UsageRecord


@dataclass(frozen=True)
class Encoding:
    """Settings of the H.264 encoder."""

    crf: float
    preset: str
    threads: int = 1
    encoder: str = "libx264"
    """Or `h264_nvenc`."""

    def writer(
        self, out: Path, plan: Timeline, size: tuple[int, int], colour: WrittenColour = BT709
    ) -> VideoWriter:
        """Open the file of a chunk.

        Raises:
            MediaError: the encoder does not run here.
        """
        return VideoWriter(
            out,
            rate=plan.rate,
            size=size,
            codec=self.encoder,
            options=encoder_options(self.encoder, self.crf, self.preset),
            # Longer than any group: groups begin with `start_group`, and have no other key frame.
            keyframe_interval=int(np.bincount(plan.group).max()),
            threads=self.threads,
            colour=colour,
        )


def chunk_number(scatteritem: str) -> int:
    """Return the chunk of a wildcard such as `1-of-2`."""
    return int(scatteritem.split("-of-")[0])


def composite(
    *,
    consent: Path,
    clip: Path,
    faces: Path,
    masks: Path,
    timeline: Path,
    crops: Path,
    crop_table: Path,
    out: Path,
    chunk: int,
    render: str,
    label: LabelStyle,
    networks: tuple[Path, Path],
    encoding: Encoding,
    record: UsageRecord,
    verdict: Path | None = None,
) -> None:
    """Render one chunk.

    Args:
        consent: receipt of `check_consent`; the label says what kind of record it is.
        clip: the target's `clip.mp4`.
        faces: its `faces.parquet`, for the performer's own face.
        masks: its `masks.mkv`: what covers the face stays in front of it.
        timeline: `timeline.parquet` of the render.
        crops, crop_table: finished crops of this chunk's output frames, and their geometry.
        out: the `.mp4` to write; a closed group of pictures starts it.
        chunk: from 1.
        render: name of the render; with the consent record's id it makes the watermark's payload.
        label: `render.label` of the configuration.
        networks: encoder and decoder of the video watermark.
        verdict: `verdict.json` of the target, which says in which colour the original is; None:
            BT.709 in limited range, as `clip.mp4` is.

    Raises:
        MediaError: crops and timeline disagree, the picture is too small for the label, or the
            encoder does not run here.
        ModelError: the watermark's network does not load; nothing is written without it.
    """
    with record.phase("warmup"):
        plan = read_timeline(timeline)
        numbers = plan.of_chunk(chunk)
        _check_counts(crops, crop_table, numbers)
        width, height = frame_size(clip)
        receipt = json.loads(consent.read_text(encoding="utf-8"))
        text = label_text(label, receipt["kind"])
        drawn = text and draw_label(text, width, height, label.position, label.size)
    with record.phase("model_load"):
        windows = Windows.of(plan.frames, float(plan.rate))
        word = mark_id(receipt["record_id"], render)
        marker = VideoMarker(*networks, word, windows)

    def footage(shown: int) -> Frame:
        # Untouched, not finished: that may be another chunk's, and a render is to be the same in
        # however many chunks it is made.
        target = int(plan.target_frame[shown])
        return next(read_frames(clip, target, target + 1))

    colour = BT709 if verdict is None else render_colour(verdict)
    writer = encoding.writer(out, plan, (width, height), colour)
    with record.phase("steady", frames=len(numbers)), writer:
        for picture in composed(clip, faces, masks, plan, crops, crop_table, numbers):
            number = int(numbers[writer.frames_written])
            if plan.starts_group(number):
                writer.start_group()
            picture = marker.mark(number, picture, footage)
            writer.write(drawn.burn_in(picture) if drawn else picture)
        if writer.frames_written != len(numbers):
            raise MediaError(
                f"{out.name}: {writer.frames_written} frames were encoded, but chunk {chunk} of "
                f"the timeline has {len(numbers)}."
            )


def composed(
    clip: Path,
    faces: Path,
    masks: Path,
    plan: Timeline,
    crops: Path,
    crop_table: Path,
    numbers: NDArray[np.int32],
) -> Iterator[Frame]:
    """Yield the pictures of consecutive output frames `numbers`, neither marked nor labelled."""
    shown = plan.target_frame[numbers]
    footage = frames_in_order(clip, shown), frames_in_order(masks, shown, pixels="gray")
    pictures = zip(numbers, shown, *footage, read_frames(crops), strict=True)
    geometry = Geometry(faces, crop_table)
    for number, target, frame, visible, crop in pictures:
        yield face_in(frame, crop, visible, geometry.of(int(number), int(target)))


def _check_counts(crops: Path, crop_table: Path, numbers: NDArray[np.int32]) -> None:
    """Compare the crops of a chunk with its timeline before anything is rendered."""
    pictures = count_frames(crops)
    rows = pq.read_table(crop_table, columns=["frame"])["frame"].to_numpy()
    if pictures != len(numbers) or not np.array_equal(rows, numbers):
        raise MediaError(
            f"{crops}: holds {pictures} crops and {len(rows)} rows of geometry for output frames "
            f"{numbers[0]} to {numbers[-1]}. Delete it and run again."
        )
