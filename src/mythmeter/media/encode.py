"""Video files written frame by frame: FFV1 for intermediate crops, H.264 for what people watch."""

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from numpy.typing import NDArray

from mythmeter.atomic import replacing


class VideoWriter:
    """Write RGB frames to one video stream; the file appears only when it is complete.

    Args:
        path: `.mkv` for FFV1, `.mp4` for H.264.
        rate: exact frames a second.
        size: (width, height) in pixels; H.264 with 4:2:0 needs both even.
        codec: `ffv1` (lossless RGB, or grey), or `libx264` (yuv420p, BT.709, limited range).
        grey: frames are (height, width), one lossless channel (FFV1 only).
        options: encoder options such as crf and preset.
        keyframe_interval: a key frame every so many frames and nowhere else (H.264).
        threads: encoder threads.
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
    ) -> None:
        self.frames_written = 0
        self._replacing = replacing(path)
        partial = self._replacing.__enter__()
        self._container: Any = av.open(str(partial), "w")
        stream: Any = self._container.add_stream(codec, rate=rate)
        stream.width, stream.height = size
        self._time_base = 1 / rate
        stream.codec_context.time_base = self._time_base
        stream.codec_context.thread_count = threads
        stream.options = dict(options or {})
        if codec == "ffv1":
            stream.pix_fmt = "gray" if grey else "bgr0"
        else:
            stream.pix_fmt = "yuv420p"
            context = stream.codec_context
            context.color_range, context.colorspace = 1, 1
            context.color_primaries, context.color_trc = 1, 1
        if keyframe_interval:
            stream.codec_context.gop_size = keyframe_interval
            stream.options = {**stream.options, "sc_threshold": "0", "forced-idr": "1"}
        self._keyframe_interval = keyframe_interval
        self._stream = stream

    def write(self, frame: NDArray[np.uint8]) -> None:
        """Append one (height, width, 3) RGB frame, or one (height, width) frame of a grey video."""
        pixels = "gray" if frame.ndim == 2 else "rgb24"
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format=pixels)
        if self._stream.pix_fmt == "yuv420p":
            picture = picture.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
        picture.pts = self.frames_written
        picture.time_base = self._time_base
        if self._keyframe_interval and self.frames_written % self._keyframe_interval == 0:
            picture.pict_type = av.video.frame.PictureType.I
        for packet in self._stream.encode(picture):
            self._container.mux(packet)
        self.frames_written += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            for packet in self._stream.encode():
                self._container.mux(packet)
        self._container.close()
        self._replacing.__exit__(kind, error, trace)
