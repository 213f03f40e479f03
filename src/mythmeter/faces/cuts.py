"""Cuts between shots, found by PySceneDetect's content detector."""

from fractions import Fraction
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX: Final = 160
"""Frames are looked at this wide."""


class CutDetector:
    """Tells of each frame of a clip, in order, whether it begins a new shot."""

    def __init__(self, rate: Fraction) -> None:
        from scenedetect import FrameTimecode
        from scenedetect.detectors import ContentDetector

        self._detector = ContentDetector(min_scene_len=1)
        self._timecode = FrameTimecode
        self._rate = float(rate)
        self._number = -1

    def begins_shot(self, frame: NDArray[np.uint8]) -> bool:
        """Look at the next frame, (height, width, 3) RGB."""
        self._number += 1
        height = max(1, round(frame.shape[0] * WIDTH_PX / frame.shape[1]))
        small = cv2.resize(frame, (WIDTH_PX, height), interpolation=cv2.INTER_AREA)
        time = self._timecode(self._number, self._rate)
        bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
        return bool(self._detector.process_frame(time, bgr)) and self._number > 0
