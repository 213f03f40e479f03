"""Encoders by name: settings in the words of the configuration, and one error where one is missing.

There is no fallback: a render that was to be made by a GPU's encoder is never made by another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av

from mythmeter.errors import MediaError
from mythmeter.media.colour import WrittenColour

GLOBAL_HEADER: Final = 1 << 22
"""AV_CODEC_FLAG_GLOBAL_HEADER: MP4 keeps the decoder's set-up beside the pictures."""

NVENC_PRESETS: Final = {
    **{"ultrafast": "p1", "superfast": "p1", "veryfast": "p2", "faster": "p3", "fast": "p4"},
    **{"medium": "p5", "slow": "p6", "slower": "p7", "veryslow": "p7"},
}
"""NVENC has seven presets, from fast to good."""


CPUINFO: Final = Path("/proc/cpuinfo")


def same_every_time(cpuinfo: Path = CPUINFO) -> dict[str, str]:
    """Return options that make x264 give the same bits for the same pictures.

    With AVX-512 its macroblock tree depends on what happened to be in memory, at some widths (360,
    352 and 320, not 640): 16 runs of one clip came out in eight ways. Up to AVX2 it does not, is as
    fast, and is what every other x86 machine writes. Where nothing says that there is AVX-512, x264
    chooses by itself: naming what a processor lacks would crash it.
    """
    if not cpuinfo.exists() or "avx512bw" not in cpuinfo.read_text(encoding="utf-8"):
        return {}
    return {"x264-params": "asm=avx2,fma3,bmi2,lzcnt"}


@dataclass(frozen=True)
class Stream:
    """What is encoded, and how."""

    codec: str
    size: tuple[int, int]
    """(width, height) in pixels."""
    rate: Fraction
    pix_fmt: str
    options: Mapping[str, str]
    keyframe_interval: int | None
    threads: int
    colour: WrittenColour | None

    def set_up(self, context: Any) -> None:
        """Give the settings to a codec context."""
        context.width, context.height = self.size
        context.framerate, context.time_base = self.rate, 1 / self.rate
        context.pix_fmt = self.pix_fmt
        context.thread_count = self.threads
        if self.colour is not None:
            self.colour.tag(context)
        options = dict(self.options)
        if self.keyframe_interval:
            context.gop_size = self.keyframe_interval
            if self.codec == "libx264":
                options["sc_threshold"] = "0"
            options["forced-idr"] = "1"
        if self.codec == "libx264":
            options |= same_every_time()
        context.options = options

    def encoder(self) -> Any:
        """Open an encoder.

        Raises:
            MediaError: it is not part of this PyAV, or does not run on this machine.
        """
        context = _created(self.codec)
        context.flags |= GLOBAL_HEADER
        self.set_up(context)
        try:
            context.open()
        except (av.error.FFmpegError, OSError) as error:
            raise MediaError(
                f"render.encoder: {self.codec} does not run on this machine ({error.strerror}). "
                f"{_wanted(self.codec)} Nothing was encoded with another encoder: name one that "
                "runs here, such as libx264, if that is what you want."
            ) from error
        return context


def encoder_options(codec: str, crf: float, preset: str) -> dict[str, str]:
    """Return the options of an encoder for constant quality.

    Args:
        codec: `libx264` or `h264_nvenc`.
        crf: `render.crf`; NVENC's scale (cq) is about the same.
        preset: of x264; the nearest of NVENC's is taken.
    """
    if codec == "h264_nvenc":
        return {
            **{"rc": "vbr", "cq": f"{crf:g}", "b": "0", "preset": NVENC_PRESETS[preset]},
            **{"bf": "0", "no-scenecut": "1"},
        }
    return {"crf": f"{crf:g}", "preset": preset}


def _created(codec: str) -> Any:
    try:
        return av.CodecContext.create(codec, "w")
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(
            f"render.encoder: {codec} is not part of the PyAV installed here. Name another, such "
            "as libx264, or install a build that has it."
        ) from error


def _wanted(codec: str) -> str:
    if codec == "h264_nvenc":
        return "It needs an NVIDIA GPU with an encoder, and its driver."
    return "Check render.crf and render.preset."
