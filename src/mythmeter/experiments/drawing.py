"""Variants of the swap: how many frames are drawn together."""

from collections.abc import Callable
from typing import Any

import numpy as np

from mythmeter.errors import FaceError
from mythmeter.experiments.bench import Quality
from mythmeter.experiments.files import Material, Scale
from mythmeter.media.decode import count_frames, frame_rate
from mythmeter.media.segment import segment_frames
from mythmeter.swap.crops import stream_crops
from mythmeter.swap.model import load_face
from mythmeter.swap.swappers.base import Drawn


class Batch:
    """Settings: frames that `closed_form` draws together."""

    def __init__(self, material: Material, scale: Scale) -> None:
        video, table = material.crops
        end_s = scale.start_s + scale.segment_s
        span = segment_frames(scale.start_s, end_s, frame_rate(video), count_frames(video))
        self._crops = [c for c in stream_crops(video, table, *span) if c.points is not None]
        if not self._crops:
            raise FaceError(f"{video}: the segment of the experiment shows no face.")
        self._face = load_face(material.swap_model, "closed_form")
        self._performance = self._face.study(self._crops)
        self.unit = f"{len(self._crops)} crops of {self._crops[0].picture.shape[0]} pixels"

    def ready(self, setting: str) -> Callable[[], list[Drawn]]:
        """Return the work: every crop drawn."""
        return lambda: self._drawn(int(setting))

    def _drawn(self, size: int) -> list[Drawn]:
        drawn: list[Drawn] = []
        for start in range(0, len(self._crops), size):
            part = self._crops[start : start + size]
            drawn += self._face.draw(part, self._performance, start)
        return drawn

    def quality(self, base: list[Drawn], changed: list[Drawn]) -> Quality:
        """Mean difference of the drawn pictures."""
        apart = [_difference(a, b) for a, b in zip(base, changed, strict=True)]
        return Quality(
            "picture_difference",
            "levels of 255",
            0.0,
            float(np.mean(apart)),
            "mean absolute difference to the pictures of the base, which is 0 by definition",
        )


def _difference(one: Drawn, other: Drawn) -> Any:
    return np.abs(one.picture.astype(np.int16) - other.picture.astype(np.int16)).mean()
