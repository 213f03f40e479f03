"""A source clip made uniform: upright, constant rate, even size, BT.709, a key frame every second.

Later stages then need not know what a phone, a camera or a download may do. What was found and
what was changed is written down in a verdict.
"""

import json
import re
from pathlib import Path
from typing import Any

import ffmpeg

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError
from mythmeter.media.decode import count_frames
from mythmeter.media.encoders import same_every_time
from mythmeter.media.ffmpeg import error_lines, has_filter, run_ffmpeg, user_input
from mythmeter.media.limits import Limits, limits_of_conversion
from mythmeter.media.plan import (
    FRAMES_TOLERATED,
    WIDE_GAMUTS,
    Plan,
    assumed_colour,
    fraction_text,
    make_plan,
)
from mythmeter.media.probe import LONGEST_FRAME_S, ClipInfo, probe
from mythmeter.media.verdict import describe
from mythmeter.usage.record import UsageRecord

NOMINAL_PEAK_NITS = 100
"""Linear light of 1 before tone mapping. Grey of 26 nits (ITU-R BT.2408) then becomes 38 % of the
signal, as in SDR, diffuse white of 203 nits becomes 76 %, and 1,000 nits become white."""


SPARE_S = LONGEST_FRAME_S
"""How much later than the last frame that `probe` found the clip may end."""


def normalise_clip(
    source: Path,
    clip: Path,
    verdict: Path,
    *,
    crf: int,
    max_height: int,
    keyframe_s: float,
    threads: int,
    record: UsageRecord,
    limits_factor: float = 1.0,
) -> None:
    """Write the uniform version of `source` to `clip` and what was found and changed to `verdict`.

    The result is H.264 yuv420p BT.709 in limited range at an exact constant rate, with square
    pixels, even width and height, its first frame at 0, a key frame every `keyframe_s` and no
    sound. Memory does not grow with the clip's length, but for 8 bytes a frame of time stamps.

    The source is opened only in child processes with limits (`sandbox`, `limits`), which
    `limits_factor` multiplies.

    Raises:
        MediaError: not a video, no video track, a side under 64 px, truncated, damaged, or beyond
            a limit.
    """
    record.backend = "ffmpeg"
    with record.phase("steady") as work:
        info = probe(source, limits_factor)
        plan = make_plan(info, max_height=max_height, keyframe_s=keyframe_s)
        with replacing(clip) as partial:
            graph = _graph(info, plan, partial, crf=crf, threads=threads)
            log = run_ffmpeg(graph, source, _limits(info, plan, threads, limits_factor))
            counts = _count(log, count_frames(partial), source)
            _check_complete(info, counts)
        work["frames"] = counts["out"]
    with replacing(verdict) as partial:
        text = json.dumps(describe(info, plan, counts, error_lines(log)), indent=2)
        partial.write_text(text + "\n", encoding="utf-8")


def _limits(info: ClipInfo, plan: Plan, threads: int, factor: float) -> Limits:
    return limits_of_conversion(
        frames=max(info.frames, plan.frames),
        source_px=info.width * info.height,
        clip_px=plan.width * plan.height,
        threads=threads,
        factor=factor,
    )


def _check_complete(info: ClipInfo, counts: dict[str, int]) -> None:
    if counts["in"] < info.frames - FRAMES_TOLERATED + 1:
        raise MediaError(
            f"{info.path}: is damaged: {counts['in']} of its {info.frames} frames can be decoded. "
            "Copy the file again from where it came from, or cut the damaged part off."
        )


def _graph(info: ClipInfo, plan: Plan, output: Path, *, crf: int, threads: int) -> Any:
    """Build the FFmpeg graph. FFmpeg itself turns the picture upright before the first filter."""
    video = user_input(info.path, threads=threads)[str(info.video_index)]
    video = video.filter("setpts", "PTS-STARTPTS")
    if info.interlaced:
        video = video.filter("bwdif", mode="send_frame", parity="auto", deint="all")
    video = video.filter("fps", fps=fraction_text(plan.rate.rate), round="near")
    # A wrong time stamp, or a last frame of days, is filled up with copies, all of them in memory.
    video = video.filter("trim", end=f"{1.05 * (info.times_s[-1] - info.start_s) + SPARE_S:.6f}")
    if plan.crop:
        video = video.filter("crop", plan.width, plan.height, 0, 0)
    video = _to_bt709(video, info, plan)
    video = video.filter("setsar", 1)
    interval = plan.keyframe_interval
    return ffmpeg.output(
        video,
        str(output),
        vcodec="libx264",
        preset="veryfast",
        crf=crf,
        threads=threads,
        g=interval,
        keyint_min=interval,
        sc_threshold=0,
        force_key_frames=f"expr:eq(mod(n,{interval}),0)",
        **same_every_time(),
        map_metadata=-1,
        map_chapters=-1,
        fflags="+bitexact",
        movflags="+faststart",
    )


def _to_bt709(video: Any, info: ClipInfo, plan: Plan) -> Any:
    """Scale, and bring colour to 8-bit BT.709 in limited range.

    Standard definition primaries (BT.470BG, SMPTE 170M) are relabelled, not converted: they are
    close to BT.709. HDR is tone mapped by Hable's curve.

    Raises:
        MediaError: HDR or wide gamut where FFmpeg was built without zscale.
    """
    colour = assumed_colour(info)
    wide = colour["primaries"] in WIDE_GAMUTS
    if not (info.hdr or wide):
        video = video.filter(
            "scale",
            plan.width,
            plan.height,
            flags="lanczos+accurate_rnd+full_chroma_int",
            in_color_matrix="bt709" if colour["matrix"] == "rgb" else colour["matrix"],
            out_color_matrix="bt709",
            in_range=colour["range"],
            out_range="limited",
        )
    else:
        if not has_filter("zscale"):
            raise MediaError(
                f"{info.path}: is HDR or wide gamut ({colour['transfer']}, {colour['primaries']}), "
                "and this FFmpeg has no zscale filter to convert it. Install imageio-ffmpeg's own."
            )
        video = video.filter(
            "zscale",
            width=plan.width,
            height=plan.height,
            filter="lanczos",
            primariesin=colour["primaries"],
            transferin=colour["transfer"],
            matrixin=colour["matrix"],
            rangein=colour["range"],
            primaries="bt709",
            matrix="gbr",
            range="full",
            transfer="linear",
            npl=NOMINAL_PEAK_NITS,
        ).filter("format", "gbrpf32le")
        if info.hdr:
            video = video.filter("tonemap", tonemap="hable", desat=0)
        video = video.filter("zscale", transfer="bt709", matrix="bt709", range="limited")
    video = video.filter("format", "yuv420p")
    return video.filter(
        "setparams",
        range="limited",
        color_primaries="bt709",
        color_trc="bt709",
        colorspace="bt709",
    )


def _count(log: list[str], written: int, source: Path) -> dict[str, int]:
    """Read the frame counts that FFmpeg's rate filter logs when it ends.

    Raises:
        MediaError: nothing was decoded, or FFmpeg did not say.
    """
    pattern = r"(\d+) frames in, (\d+) frames out; (\d+) frames dropped, (\d+) frames duplicated"
    matches = [match for line in log if (match := re.search(pattern, line))]
    if not matches:
        raise MediaError(f"{source}: FFmpeg counted no frames, so nothing was decoded.")
    found = dict(
        zip(("in", "out", "dropped", "duplicated"), map(int, matches[-1].groups()), strict=True)
    )
    return found | {"out": written}
