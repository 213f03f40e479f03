"""Variants of the render: frames handed on in memory, or as one PNG file each."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np

from mythmeter.errors import ConfigError, MediaError
from mythmeter.experiments.bench import Quality
from mythmeter.experiments.files import Material, Scale
from mythmeter.media.decode import Frame, frame_rate, frame_size, read_frames
from mythmeter.media.encode import VideoWriter
from mythmeter.render.composite import Encoding, composed
from mythmeter.render.timeline import GROUP_S, plan

ENCODER_THREADS = 1


class Pictures:
    """Settings: `stream` composes and encodes at once, `png` writes every picture in between.

    Composed are the performer's own crops, put back into their frames: as much work as any face.
    """

    settings: ClassVar[tuple[str, ...]] = ("stream", "png")

    def __init__(self, material: Material, scale: Scale) -> None:
        self._material, self._scratch = material, scale.scratch
        self._rate = frame_rate(material.clip)
        self._size = frame_size(material.clip)
        frames = max(1, int(scale.segment_s * self._rate))
        self._plan = plan(Fraction(frames) / self._rate, self._rate, (0, frames), "trim", 1)
        self._crops = self._cut_crops(frames)
        self._encoding = Encoding(*scale.encoder, ENCODER_THREADS)
        self._composed = list(self._compose())
        self.unit = f"{frames} frames of {self._size[0]}×{self._size[1]}"

    def _cut_crops(self, frames: int) -> Path:
        """The first crops of the target as a file of their own, as a chunk of lips would be."""
        video = self._material.crops[0]
        pictures = list(islice(read_frames(video), frames))
        if len(pictures) < frames:
            raise MediaError(f"{video}: has fewer frames than the {frames} of the experiment.")
        path = self._scratch / "crops.mkv"
        height, width = pictures[0].shape[:2]
        with VideoWriter(path, rate=self._rate, size=(width, height)) as writer:
            for picture in pictures:
                writer.write(picture)
        return path

    def _compose(self) -> Iterator[Frame]:
        material, timeline = self._material, self._plan
        numbers = timeline.of_chunk(1)
        return composed(
            *(material.clip, material.faces, material.masks, timeline),
            *(self._crops, material.crops[1], numbers),
        )

    def ready(self, setting: str) -> Callable[[], Path]:
        """Return the work: the file that was encoded."""
        if setting not in self.settings:
            raise ConfigError(f"A variant of frames is `stream` or `png`, not {setting!r}.")
        out = self._scratch / f"{setting}.mp4"
        if setting == "stream":
            return lambda: self._encode(self._compose(), out)
        return lambda: self._by_png(out)

    def _by_png(self, out: Path) -> Path:
        with tempfile.TemporaryDirectory(dir=self._scratch) as folder:
            paths = []
            for number, picture in enumerate(self._compose()):
                paths.append(Path(folder) / f"{number:06d}.png")
                cv2.imwrite(str(paths[-1]), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
            return self._encode(map(_read_png, paths), out)

    def _encode(self, pictures: Iterable[Frame], out: Path) -> Path:
        writer = VideoWriter(
            out,
            rate=self._rate,
            size=self._size,
            codec="libx264",
            options={"crf": f"{self._encoding.crf:g}", "preset": self._encoding.preset},
            keyframe_interval=max(1, round(GROUP_S * self._rate)),
            threads=self._encoding.threads,
        )
        with writer:
            for picture in pictures:
                writer.write(picture)
        return out

    def quality(self, base: Path, changed: Path) -> Quality:
        """How near the encoded pictures are to the composed ones."""
        return Quality(
            "psnr", "dB", self._psnr(base), self._psnr(changed), "encoded against composed pictures"
        )

    def _psnr(self, path: Path) -> float:
        pairs = zip(self._composed, read_frames(path), strict=True)
        squares = [np.square(a.astype(np.float64) - b).mean() for a, b in pairs]
        return float(10 * np.log10(255**2 / np.mean(squares)))


def _read_png(path: Path) -> Frame:
    picture = cv2.imread(str(path))
    if picture is None:
        raise MediaError(f"{path}: cannot be read as a picture.")
    return np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
