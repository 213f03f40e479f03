"""68 landmarks by face-alignment's network (FAN), batched over frames, without its detector.

The steps are those of face-alignment 1.5.0's `get_landmarks_from_image`: a crop round the box, the
network on the crop and on its mirror image, the highest cell of each heatmap moved a quarter
towards its higher neighbour. The boxes are the tracker's, so the library's own detector (s3fd,
90 MB and most of its time) is not needed; frames are worked on together instead of one by one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.landmarks.fan_network import (
    CROP_PX,
    HEATMAP_PX,
    POINTS,
    ProcessorNetwork,
    load_network,
)
from mythmeter.faces.landmarks.ibug import of_mesh

REFERENCE_PX: Final = 195
"""Mean side of a box that the network was trained to see at scale 1."""
SIDE_PX: Final = 200.0
"""Side of the crop at scale 1."""
RISE: Final = 0.12
"""The crop's centre lies this part of the box's height above the box's."""
PAIR: Final = 2
"""Crops that a processor works on at once: larger batches leave its cache and are slower."""

MIRRORED: Final = np.array(
    [
        *range(16, -1, -1),
        *range(26, 16, -1),
        *(27, 28, 29, 30, 35, 34, 33, 32, 31),
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
        *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65),
    ]
)
"""(68,) which point of the mirror image is which point of the face."""

Array = NDArray[np.float32]
Box = NDArray[np.float64]


@dataclass(frozen=True)
class Located:
    """The 68 points of one face."""

    points: NDArray[np.float64]
    """(68, 2) x, y in pixels of the frame."""
    scores: Array
    """(68,) height of each point's heatmap; with mirroring the sum of two."""


class Fan:
    """Finds 68 points in boxes that somebody else found."""

    def __init__(
        self, weights: Path, *, device: str, flip_input: bool, whole_pixels: bool, batch: int
    ) -> None:
        """Load the network.

        Args:
            weights: `2DFAN4-11f355bf06.pth.tar`, or one of that format with fewer stacks.
            device: `cpu` or `cuda`.
            flip_input: look at the mirror image too and add the heatmaps, as the library does.
            whole_pixels: cut points down to whole pixels, as the library does.
            batch: frames that are worked on together.

        Raises:
            ModelError: the file is no checkpoint of this network.
        """
        network = load_network(weights)
        self._heatmaps = _OnGpu(network) if device == "cuda" else _in_pairs(network)
        self._flip, self._whole, self._batch = flip_input, whole_pixels, batch

    def locate(self, faces: Iterable[tuple[NDArray[np.uint8], Box]]) -> Iterator[Located]:
        """Yield the points of each face, in order.

        Args:
            faces: frame (height, width, 3) RGB, and box (4,) left, top, right, bottom. The stream
                is read a batch ahead; only crops are kept of it.
        """
        from face_alignment.utils import crop

        stream = iter(faces)
        while True:
            crops, places = [], []
            for frame, box in islice(stream, self._batch):
                centre, scale = placement(box)
                crops.append(crop(frame, centre, scale))
                places.append((centre, scale))
            if not crops:
                return
            pictures = np.stack(crops).astype(np.float32) / np.float32(255)
            for heatmaps, (centre, scale) in zip(self._seen(pictures), places, strict=True):
                yield decode(heatmaps, centre, scale, whole_pixels=self._whole)

    def _seen(self, pictures: Array) -> Array:
        """Heatmaps (n, 64, 64, 68) of crops (n, 256, 256, 3), those of the mirror image added."""
        if not self._flip:
            return self._heatmaps(pictures)
        # Each crop beside its mirror image, so that a pair is one face.
        both = np.stack([pictures, pictures[:, :, ::-1]], axis=1)
        seen = self._heatmaps(both.reshape(-1, CROP_PX, CROP_PX, 3))
        seen = seen.reshape(-1, 2, HEATMAP_PX, HEATMAP_PX, POINTS)
        total: Array = seen[:, 0] + seen[:, 1, :, ::-1][..., MIRRORED]
        return total


def box_of_mesh(points: NDArray[Any]) -> Box:
    """The box the network was trained on: that of the 68 points, brows to chin.

    Args:
        points: (468, 2 or 3).
    """
    outline = of_mesh(points)
    return np.concatenate([outline.min(axis=0), outline.max(axis=0)]).astype(np.float64)


def placement(box: Box) -> tuple[Box, float]:
    """Centre (2,) and scale of the crop round a box."""
    left, top, right, bottom = (float(v) for v in box[:4])
    centre = np.array([right - (right - left) / 2.0, bottom - (bottom - top) / 2.0])
    centre[1] -= (bottom - top) * RISE
    return centre, (right - left + bottom - top) / REFERENCE_PX


def decode(heatmaps: Array, centre: Box, scale: float, *, whole_pixels: bool) -> Located:
    """Turn (64, 64, 68) heatmaps into points of the frame, as the library does.

    The library cuts coordinates down to whole pixels of the frame at the end; without
    `whole_pixels` they keep their fraction, in steps of a quarter of a cell.
    """
    flat = heatmaps.reshape(-1, POINTS)
    highest = flat.argmax(axis=0)
    scores = np.take_along_axis(flat, highest[None], axis=0)[0]
    row, column = np.divmod(highest, HEATMAP_PX)
    cells = np.stack([column, row], axis=1) + 0.5
    inside = (np.minimum(row, column) > 0) & (np.maximum(row, column) < HEATMAP_PX - 1)
    y, x, point = row[inside], column[inside], np.flatnonzero(inside)
    slope = np.stack(
        [
            heatmaps[y, x + 1, point] - heatmaps[y, x - 1, point],
            heatmaps[y + 1, x, point] - heatmaps[y - 1, x, point],
        ],
        axis=1,
    )
    cells[inside] += np.sign(slope) * 0.25
    # Pixels = (cell / 64 - 1/2) · side + centre, by the inverse that the library takes.
    side = SIDE_PX * scale
    matrix = np.eye(3)
    matrix[0, 0] = matrix[1, 1] = HEATMAP_PX / side
    matrix[:2, 2] = HEATMAP_PX * (-centre / side + 0.5)
    inverse = np.linalg.pinv(matrix)
    points = cells @ inverse[:2, :2].T + inverse[:2, 2]
    return Located(np.trunc(points) if whole_pixels else points, scores)


def _in_pairs(network: Any) -> Any:
    processor = ProcessorNetwork(network)

    def heatmaps(crops: Array) -> Array:
        parts = [processor(crops[i : i + PAIR]) for i in range(0, len(crops), PAIR)]
        return np.concatenate(parts)

    return heatmaps


class _OnGpu:
    """The library's module on a CUDA device."""

    def __init__(self, network: Any) -> None:
        import torch

        self._torch = torch
        self._network = network.to("cuda", memory_format=torch.channels_last)

    def __call__(self, crops: Array) -> Array:
        torch = self._torch
        with torch.inference_mode():
            pictures = torch.from_numpy(crops).to("cuda").permute(0, 3, 1, 2)
            heatmaps = self._network(pictures)[-1]
            result: Array = heatmaps.permute(0, 2, 3, 1).cpu().numpy()
            return result
