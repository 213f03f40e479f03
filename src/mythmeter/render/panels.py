"""Pictures side by side: the footage, the face swapped, and the face swapped and speaking."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mythmeter.lips.sync import SwappedFaces
from mythmeter.media.decode import Frame
from mythmeter.render.composite import composed
from mythmeter.render.label import LabelStyle, Position, draw_label
from mythmeter.render.placing import Geometry, face_in
from mythmeter.render.sequence import frames_in_order
from mythmeter.render.timeline import Timeline

WIDEST_PX = 1920
"""Three pictures side by side are made smaller until they fit."""

NAMES = {
    "en": ("original", "AI: face", "AI: face, lips"),
    "de": ("Original", "KI: Gesicht", "KI: Gesicht, Lippen"),
    "es": ("original", "IA: rostro", "IA: rostro, labios"),
    "fr": ("original", "IA : visage", "IA : visage, lèvres"),
    "it": ("originale", "IA: volto", "IA: volto, labbra"),
    "nl": ("origineel", "AI: gezicht", "AI: gezicht, lippen"),
    "pl": ("oryginał", "AI: twarz", "AI: twarz, usta"),
    "pt": ("original", "IA: rosto", "IA: rosto, lábios"),
}
"""What stands in each picture, away from the label, by the language of the label."""


@dataclass(frozen=True)
class Sources:
    """What the pictures are made from."""

    clip: Path
    """The target's `clip.mp4`, its `faces.parquet` and its `masks.mkv`."""
    faces: Path
    masks: Path
    timeline: Path
    swap: tuple[Path, Path]
    """`faces.mkv` and `faces.parquet` of the swap."""
    synced: Sequence[tuple[Path, Path]]
    """Crops with their new mouths and their table, of each chunk in order."""


def panel_size(width: int, height: int) -> tuple[int, int]:
    """Return (width, height) of one of the three pictures, both even."""
    scale = min(1.0, WIDEST_PX / (3 * width))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def side_by_side(sources: Sources, plan: Timeline, style: LabelStyle) -> Iterator[Frame]:
    """Yield (height, 3 × width, 3) for each output frame: named, neither marked nor labelled."""
    swapped, synced = _swapped(sources, plan), _synced(sources, plan)
    originals = frames_in_order(sources.clip, plan.target_frame)
    for pictures in zip(originals, swapped, synced, strict=True):
        yield named(pictures, style)


def named(pictures: Sequence[Frame], style: LabelStyle) -> Frame:
    """Put pictures beside each other, each with its name in it."""
    height, width = pictures[0].shape[:2]
    size = panel_size(width, height)
    names = NAMES[style.language]
    corner: Position = "top-right" if style.position.startswith("bottom") else "bottom-right"
    panels = []
    for picture, name in zip(pictures, names, strict=True):
        small = (
            cv2.resize(picture, size, interpolation=cv2.INTER_AREA) if size[0] < width else picture
        )
        label = draw_label(name, *size, corner, style.size)
        panels.append(label.burn_in(np.asarray(small[: size[1], : size[0]], np.uint8)))
    return np.concatenate(panels, axis=1)


def _synced(sources: Sources, plan: Timeline) -> Iterator[Frame]:
    for chunk, (crops, table) in enumerate(sources.synced, start=1):
        numbers = plan.of_chunk(chunk)
        yield from composed(sources.clip, sources.faces, sources.masks, plan, crops, table, numbers)


def _swapped(sources: Sources, plan: Timeline) -> Iterator[Frame]:
    """Yield the footage with the swapped face as it was before its lips were moved."""
    drawn = SwappedFaces(*sources.swap)
    geometry = Geometry(sources.faces, sources.swap[1])
    frames = frames_in_order(sources.clip, plan.target_frame)
    masks = frames_in_order(sources.masks, plan.target_frame, pixels="gray")
    rows = zip(plan.target_frame, plan.swap_frame, frames, masks, strict=True)
    for target, row, frame, visible in rows:
        # The swap's table counts frames of the target, as `composed` counts output frames.
        placed = geometry.of(int(target), int(target))
        yield face_in(frame, drawn.picture(int(row)), visible, placed)
