"""Video files written frame by frame: FFV1 for intermediate crops, H.264 for what people watch."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.media.colour import BT709, WrittenColour
from mythmeter.media.encoders import Stream


class VideoWriter:
    """Write RGB frames to one video stream; the file appears only when it is complete.

    Args:
        path: `.mkv` for FFV1, `.mp4` for H.264.
        rate: exact frames a second.
        size: (width, height) in pixels; H.264 with 4:2:0 needs both even.
        codec: `ffv1` (lossless RGB, or grey), or an H.264 encoder such as `libx264` (yuv420p).
        grey: frames are (height, width), one lossless channel (FFV1 only).
        options: encoder options such as crf and preset.
        keyframe_interval: a key frame every so many frames of a group and nowhere else (H.264).
        threads: encoder threads.
        colour: matrix, range and tags of H.264.

    Raises:
        MediaError: the encoder is not part of this PyAV, or does not run on this machine.
    """

    def __init__(
        self,
        path: Path,
        *,
        rate: Fraction,
        size: tuple[int, int],
        codec: str = "ffv1",
        grey: bool = False,
        options: Mapping[str, str] | None = None,
        keyframe_interval: int | None = None,
        threads: int = 1,
        colour: WrittenColour = BT709,
    ) -> None:
        lossless = codec == "ffv1"
        self._colour = None if lossless else colour
        self._settings = Stream(
            codec=codec,
            size=size,
            rate=rate,
            pix_fmt=("gray" if grey else "bgr0") if lossless else "yuv420p",
            options=dict(options or {}),
            keyframe_interval=keyframe_interval,
            threads=threads,
            colour=self._colour,
        )
        self.frames_written = 0
        self._group_start = 0
        self._lead: int | None = None
        self._encoder = self._settings.encoder()
        self._replacing = replacing(path)
        partial = self._replacing.__enter__()
        self._container: Any = av.open(str(partial), "w")
        # Its own encoder is opened for the header alone: no picture goes through it.
        self._stream: Any = self._container.add_stream(codec, rate=rate)
        self._settings.set_up(self._stream.codec_context)
        self._container.start_encoding()

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Append one (height, width, 3) RGB frame, or one (height, width) frame of a grey video."""
        pixels = "gray" if frame.ndim == 2 else "rgb24"
        picture: Any = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=pixels)
        if self._colour is not None:
            picture = self._colour.converted(picture)
        number = self.frames_written - self._group_start
        picture.pts, picture.time_base = number, 1 / self._settings.rate
        interval = self._settings.keyframe_interval
        if interval and number % interval == 0:
            picture.pict_type = av.video.frame.PictureType.I
        self._mux(self._encoder.encode(picture))
        self.frames_written += 1

    def start_group(self) -> None:
        """Let the next frame begin a group of pictures that depends on none before it.

        A new encoder is opened, whose rate control knows nothing either: what a group becomes
        follows from its own pictures, wherever a video is cut between groups.
        """
        if self.frames_written > self._group_start:
            self._mux(self._encoder.encode(None))
            self._encoder = self._settings.encoder()
            self._group_start, self._lead = self.frames_written, None

    def _mux(self, packets: Iterable[Any]) -> None:
        """Write packets of the group, whose times count from its start.

        Decoding runs ahead of showing by the reordering depth. In a group too short to need it the
        encoder has less, so it gets the rest here: times of decoding then never collide.
        """
        for packet in packets:
            if self._lead is None:
                self._lead = self._encoder.reorder_depth + packet.dts
            packet.stream, packet.time_base = self._stream, 1 / self._settings.rate
            packet.pts = self._group_start + packet.pts
            packet.dts = self._group_start + packet.dts - self._lead
            packet.duration = 1
            self._container.mux(packet)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self._mux(self._encoder.encode(None))
        self._container.close()
        self._replacing.__exit__(kind, error, trace)
