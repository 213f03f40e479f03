"""Rule score_detector: a detector of the user's looks at renders and footage, for the report only.

Frames are sampled and looked at whole, made as large as the graph asks for; a clip's score is the
mean over its frames. Nothing that generates reads the scores.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError, ModelError
from mythmeter.media.decode import Frame, read_frames
from mythmeter.models.session import open_session
from mythmeter.usage.record import UsageRecord

BATCH = 16


@dataclass(frozen=True)
class Clip:
    """A clip to be scored, under the name and label of its row."""

    name: str
    label: str
    """`real` or `rendered`."""
    path: Path


@dataclass(frozen=True)
class Preparation:
    """How a frame is prepared: (RGB / 255 − mean) / std, each three numbers."""

    mean: Sequence[float]
    std: Sequence[float]


class Detector:
    """A graph from pictures to the probability that each is rendered.

    One float32 input (N, 3, height, width) of fixed height and width; one output of N, (N, 1), or
    (N, 2) probabilities, of which the second is that of being rendered.
    """

    def __init__(self, path: Path, provider: str, preparation: Preparation) -> None:
        """Load the graph.

        Raises:
            DeviceError: the provider is not there, or did not load.
            ModelError: no graph, or one of another signature.
        """
        self.path, self._preparation = path, preparation
        self._session = open_session(
            path, provider, key="answers.detector.provider", undone="scored"
        )
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        shape = inputs[0].shape
        fits = (
            len(inputs) == len(outputs) == 1
            and inputs[0].type == "tensor(float)"
            and len(shape) == 4
            and shape[1] == 3
            and all(isinstance(side, int) and side > 0 for side in shape[2:])
        )
        if not fits:
            raise ModelError(
                f"{path}: is no detector: it must have one float32 input [N, 3, height, width] of "
                f"fixed height and width and one output, and has {_said(inputs)} and "
                f"{_said(outputs)}."
            )
        self._name, self._height, self._width = inputs[0].name, shape[2], shape[3]
        self.batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else BATCH
        self._fixed = isinstance(shape[0], int) and shape[0] > 0

    def __call__(self, frames: Sequence[Frame]) -> NDArray[np.float64]:
        """Return the probability of being rendered for each of at most `batch` frames.

        Raises:
            ModelError: what comes out is no probability a frame.
        """
        pictures = np.stack([self._prepared(frame) for frame in frames])
        if self._fixed and len(frames) < self.batch:
            lacking = self.batch - len(frames)
            pictures = np.concatenate([pictures, np.repeat(pictures[-1:], lacking, axis=0)])
        found = np.asarray(self._session.run(None, {self._name: pictures})[0], float)
        if found.shape not in ((len(pictures),), (len(pictures), 1), (len(pictures), 2)):
            raise ModelError(
                f"{self.path}: is no detector: for {len(pictures)} pictures it gives "
                f"{list(found.shape)}; it must give one or two probabilities a picture."
            )
        scores: NDArray[np.float64] = found.reshape(len(pictures), -1)[: len(frames), -1]
        if not (np.isfinite(scores) & (scores >= 0) & (scores <= 1)).all():
            raise ModelError(
                f"{self.path}: gives {scores.min():g} to {scores.max():g}, which are no "
                "probabilities. Export it with its sigmoid or softmax."
            )
        return scores

    def _prepared(self, frame: Frame) -> NDArray[np.float32]:
        smaller = frame.shape[0] > self._height
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        picture = cv2.resize(frame, (self._width, self._height), interpolation=how) / 255.0
        mean, std = np.array(self._preparation.mean), np.array(self._preparation.std)
        return np.ascontiguousarray(((picture - mean) / std).transpose(2, 0, 1), np.float32)


def score_detector(
    clips: Sequence[Clip],
    *,
    model: Path,
    provider: str,
    preparation: Preparation,
    every_frames: int,
    scores: Path,
    record: UsageRecord,
) -> None:
    """Score clips and write `clip,label,score,detector`, the table that the report reads.

    Args:
        clips: renders and footage, written by this workflow (constant rate).
        model: the detector's graph.
        provider: of ONNX Runtime; another never takes over.
        preparation: of every frame.
        every_frames: every how many frames it looks.
        scores: written.
        record: of this job.

    Raises:
        DeviceError: the provider is not there, or did not load.
        MediaError: a clip without a frame.
        ModelError: no graph, one of another signature, or what comes out is no probability.
    """
    record.backend = model.stem
    with record.phase("model_load"):
        detector = Detector(model, provider, preparation)
    rows = []
    with record.phase("steady", frames=0) as work:
        for clip in clips:
            found = np.concatenate(
                [detector(frames) for frames in _batches(clip.path, every_frames, detector.batch)]
                or [np.empty(0)]
            )
            if not found.size:
                raise MediaError(f"{clip.path}: has no frame to score.")
            work["frames"] += found.size
            rows.append((clip.name, clip.label, repr(float(found.mean())), model.stem))
    with replacing(scores) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("clip", "label", "score", "detector"))
        writer.writerows(rows)


def _batches(path: Path, every_frames: int, size: int) -> Iterator[list[Frame]]:
    batch: list[Frame] = []
    for number, frame in enumerate(read_frames(path)):
        if number % every_frames == 0:
            batch.append(frame)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _said(values: Sequence[Any]) -> str:
    return ", ".join(f"{value.name} {value.type} {value.shape}" for value in values) or "none"
