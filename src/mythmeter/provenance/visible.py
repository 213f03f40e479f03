"""Whether the visible label stands in a picture: measured, with a control.

Where the manifest says what the label reads and where, it is looked for there, in every picture. In
a file without a manifest, scaled or cropped, it is searched for anywhere, at any size.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mythmeter.media.decode import Frame
from mythmeter.render.label import TEXTS, Label, label_font

THRESHOLD = 0.5
"""Least correlation that counts as present; see docs/provenance.md for what was measured."""

FOUND_THRESHOLD = 0.6
"""Least correlation of a label that was searched for: higher, since so many places are tried."""
SEARCH_PX = 288
"""Shorter side of the copy that is searched."""
SMALLEST_PX, LARGEST_PX, STEP = 8.0, 32.0, 1.05
"""Sizes of letters that are tried, in pixels of that copy."""
GRAIN = 2.0
"""Added noise, in levels a pixel: flat pictures must not correlate with anything."""


@dataclass(frozen=True)
class Found:
    """The best match of a search."""

    text: str
    score: float
    left: float
    """Place and size over the width and the height of the picture."""
    top: float
    letter_height: float


class LabelMeter:
    """Correlates the edges of pictures with those of the label that should stand in them.

    A plate darkens whatever lies behind it, so brightness says little; where the letters' edges
    are, and which way they face, says all. The score is the normalised correlation of the
    brightness gradients with those of the label: 1 for the label on a plain ground, 0 for
    unrelated edges.

    Args:
        label: the expected label, drawn for pictures of this size.
        height: of the pictures, in pixels.
    """

    def __init__(self, label: Label, height: int) -> None:
        self._box = label.box
        rows, columns = label.box
        # The same distance from the foot as the label has from the head; they never overlap.
        self._control_box = slice(height - rows.stop, height - rows.start), columns
        self._expected = _gradients(label.coverage)

    def score(self, luma: NDArray[np.uint8]) -> float:
        """Return the score of one picture (height, width)."""
        return self._correlation(luma[self._box])

    def control(self, luma: NDArray[np.uint8]) -> float:
        """Return the score of the foot of the picture, where there is no label."""
        return self._correlation(luma[self._control_box])

    def _correlation(self, region: NDArray[np.uint8]) -> float:
        found = _gradients(region.astype(np.float32))
        norms = float(np.linalg.norm(found) * np.linalg.norm(self._expected))
        return float((found * self._expected).sum()) / norms if norms > 0 else 0.0


def beginnings() -> dict[str, str]:
    """Return what each language's label begins with, up to its colon."""
    return {language: text.partition(":")[0] + ":" for language, text in TEXTS.items()}


def find_label(pictures: Iterable[Frame], texts: Mapping[str, str] | None = None) -> Found | None:
    """Search pictures of one file for the beginning of a label, anywhere and at any size.

    Edges of the label stand still while those behind it move, so the mean of the pictures' edges is
    searched.

    Args:
        pictures: (height, width, 3), all of one size.
        texts: what to look for; None: the labels of all languages.

    Returns:
        The best match, whether or not it reaches FOUND_THRESHOLD; None without pictures.
    """
    greys = [_search_copy(picture) for picture in pictures]
    if not greys:
        return None
    grain = np.random.default_rng(0).normal(0, GRAIN, greys[0].shape).astype(np.float32)
    edges = _edges(np.mean(greys, axis=0, dtype=np.float32) + grain)
    height, width = greys[0].shape
    best: Found | None = None
    for text in (texts or beginnings()).values():
        for size_px in _sizes():
            template = _edges(_text_coverage(text, size_px) * 255)
            if template.shape[0] > height or template.shape[1] > width:
                break
            scores = cv2.matchTemplate(edges, template, cv2.TM_CCORR_NORMED)
            _, score, _, (left, top) = cv2.minMaxLoc(scores)
            if best is None or score > best.score:
                best = Found(text, score, left / width, top / height, size_px / height)
    return best


def _sizes() -> list[float]:
    count = int(np.log(LARGEST_PX / SMALLEST_PX) / np.log(STEP)) + 1
    return [SMALLEST_PX * STEP**number for number in range(count)]


def _search_copy(picture: Frame) -> NDArray[np.float32]:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    scale = SEARCH_PX / min(grey.shape)
    size = round(grey.shape[1] * scale), round(grey.shape[0] * scale)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(grey, size, interpolation=how), np.float32)


def _text_coverage(text: str, size_px: float) -> NDArray[np.float32]:
    """Draw text with letters of a fractional size: (height, width), 0 to 1, cut to the letters."""
    drawn_px = 64
    font = label_font(drawn_px)
    left, top, right, bottom = font.getbbox(text)
    margin = drawn_px // 8
    size = (round(right - left) + 2 * margin, round(bottom - top) + 2 * margin)
    plate = Image.new("L", size, 0)
    ImageDraw.Draw(plate).text((margin - left, margin - top), text, fill=255, font=font)
    scale = size_px / drawn_px
    smaller = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    coverage = cv2.resize(np.asarray(plate, np.float32), smaller, interpolation=cv2.INTER_AREA)
    return coverage / np.float32(255)


def _edges(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (height, width, 2) gradients, as template matching wants them."""
    return np.ascontiguousarray(_gradients(picture).transpose(1, 2, 0))


def _gradients(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (2, height, width): Sobel gradients to the right and downwards."""
    return np.stack([cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)])
