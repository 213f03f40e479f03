"""One chunk of the render: each face back in its picture, watermark and label in it, H.264."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mythmeter.errors import MediaError
from mythmeter.faces.align import transform
from mythmeter.faces.mask import face_mask, paste
from mythmeter.faces.table import CropTable, FaceTrack, read_crops, read_faces
from mythmeter.media.decode import Frame, count_frames, frame_size, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.render.label import LabelStyle, draw_label, label_text
from mythmeter.render.sequence import frames_in_order
from mythmeter.render.timeline import Timeline, read_timeline
from mythmeter.render.watermark import VideoMarker, Windows, mark_id
from mythmeter.usage.record import UsageRecord

KEYFRAME_S = 2.0
"""A key frame at least this often, so that players can seek."""

GROW = 0.04
"""How far the mask reaches beyond both faces, over the side of the crop."""

ROWS_AT_ONCE = 256
"""Rows of geometry held at a time."""


@dataclass(frozen=True)
class Encoding:
    """Settings of the H.264 encoder."""

    crf: float
    preset: str
    threads: int = 1


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

    Raises:
        MediaError: crops and timeline disagree, or the picture is too small for the label.
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
    writer = VideoWriter(
        out,
        rate=plan.rate,
        size=(width, height),
        codec="libx264",
        options={"crf": f"{encoding.crf:g}", "preset": encoding.preset},
        keyframe_interval=max(1, round(KEYFRAME_S * plan.rate)),
        threads=encoding.threads,
    )
    with record.phase("steady", frames=len(numbers)), writer:
        for picture in composed(clip, faces, masks, plan, crops, crop_table, numbers):
            number = int(numbers[writer.frames_written])
            picture = _watermarked(picture, number, marker, clip, plan)
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
    geometry = _Geometry(faces, crop_table)
    for number, target, frame, visible, crop in pictures:
        placed = geometry.of(int(number), int(target))
        if placed is not None and placed.opacity > 0:
            mask = blend_mask(placed.swapped, placed.performer, crop.shape[0])
            mask *= visible.astype(np.float32) * (placed.opacity / 255)
            frame = paste(frame, crop, mask, placed.matrix)
        yield frame


def _watermarked(
    picture: Frame, number: int, marker: VideoMarker, clip: Path, plan: Timeline
) -> Frame:
    """Mark an output frame.

    The network looks at the untouched footage of a window, not at the finished picture, which may
    belong to another chunk: so a render is the same in however many chunks it is made.
    """
    key = marker.needs(number)
    if key is not None:
        shown = int(plan.target_frame[key])
        marker.look(number, next(read_frames(clip, shown, shown + 1)))
    return marker.mark(number, picture)


def blend_mask(
    swapped: NDArray[np.float32], performer: NDArray[np.float32] | None, crop_px: int
) -> NDArray[np.float32]:
    """Return a (crop_px, crop_px) mask, 1 over both faces, soft beyond them, 0 at the crop's edge.

    The crop already holds the person's face blended into the performer's picture, and lips that may
    reach lower than either. So the mask covers all of it and only hides the seam of resampling.

    Args:
        swapped: (468, 2) points of the finished face in crop pixels.
        performer: the same of the performer's own face; None where it was not tracked.
    """
    hulls = [swapped] if performer is None else [swapped, performer]
    covered = np.max([face_mask(points, crop_px, erode=0, feather=0) for points in hulls], axis=0)
    reach = max(1, round(GROW * crop_px))
    side = 2 * reach + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grown = cv2.dilate((covered > 0).astype(np.uint8), kernel).astype(np.float32)
    # Two standard deviations inside the grown edge, the blurred mask is still 0.98.
    soft = cv2.GaussianBlur(grown, (0, 0), reach / 2)
    soft[soft < 1 / 255] = 0
    inside = np.minimum(np.arange(crop_px), np.arange(crop_px)[::-1]) / reach
    ramp = np.clip(inside, 0, 1).astype(np.float32)
    return soft * np.minimum(ramp[:, None], ramp[None, :])


@dataclass(frozen=True)
class _Placed:
    """Where the face of one output frame goes, in crop pixels."""

    matrix: NDArray[np.float32]
    swapped: NDArray[np.float32]
    performer: NDArray[np.float32] | None
    opacity: float
    """Of the swap, 0–1: it fades in and out beside frames that are not swapped."""


class _Geometry:
    """Points and matrices of frames, read in blocks so that memory stays flat."""

    def __init__(self, faces: Path, crop_table: Path) -> None:
        self._faces, self._crop_table = faces, crop_table
        self._face_rows: tuple[int, FaceTrack] | None = None
        self._crop_rows: tuple[int, CropTable] | None = None

    def of(self, number: int, target: int) -> _Placed | None:
        """Return where the face of an output frame goes, or None: there is none."""
        block, row = divmod(number, ROWS_AT_ONCE)
        if self._crop_rows is None or self._crop_rows[0] != block:
            self._crop_rows = block, read_crops(self._crop_table, *_limits(block))
        crops = self._crop_rows[1]
        row = int(np.searchsorted(crops.frame, number))
        if not crops.present[row]:
            return None
        matrix = crops.matrix[row]
        performer, opacity = self._performer(target, matrix)
        return _Placed(matrix, crops.points[row], performer, opacity)

    def _performer(
        self, target: int, matrix: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32] | None, float]:
        """The performer's own points, and the opacity of the swap there."""
        block = target // ROWS_AT_ONCE
        if self._face_rows is None or self._face_rows[0] != block:
            self._face_rows = block, read_faces(self._faces, *_limits(block))
        faces = self._face_rows[1]
        row = int(np.searchsorted(faces.frame, target))
        if not faces.present[row]:
            return None, 1.0
        return transform(faces.points[row], matrix).astype(np.float32), float(faces.opacity[row])


def _limits(block: int) -> tuple[int, int]:
    return block * ROWS_AT_ONCE, (block + 1) * ROWS_AT_ONCE


def _check_counts(crops: Path, crop_table: Path, numbers: NDArray[np.int32]) -> None:
    """Compare the crops of a chunk with its timeline before anything is rendered."""
    pictures = count_frames(crops)
    rows = pq.read_table(crop_table, columns=["frame"])["frame"].to_numpy()
    if pictures != len(numbers) or not np.array_equal(rows, numbers):
        raise MediaError(
            f"{crops}: holds {pictures} crops and {len(rows)} rows of geometry for output frames "
            f"{numbers[0]} to {numbers[-1]}. Delete it and run again."
        )
