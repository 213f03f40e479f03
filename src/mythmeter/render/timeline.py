"""The timeline: which target frame each output frame shows, and in which chunk it is encoded."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import soundfile
from numpy.typing import NDArray

from mythmeter.atomic import replacing
from mythmeter.errors import ConfigError, MediaError
from mythmeter.faces.table import read_luma_step
from mythmeter.media.segment import segment_frames
from mythmeter.render.groups import Steps, place_groups, steps_shown
from mythmeter.usage.record import UsageRecord

Frames = NDArray[np.int32]

GROUP_S = 2
"""A key frame about this often, so that players can seek, and never half as long again later."""

FEWEST_GROUPS = 8
"""A short render has so many groups of pictures, so that it too can be cut between them,"""

SHORTEST_GROUP_S = 0.4
"""unless they would be shorter: an encoder that cannot look ahead spends its bits worse."""


@dataclass(frozen=True)
class Timeline:
    """Rows of `timeline.parquet`: all arrays are (frames,), one entry an output frame."""

    rate: Fraction
    fit: str
    target_frame: Frames
    """Frame of the target's clip."""
    swap_frame: Frames
    """Row of the swap: target frame minus the first frame of the segment."""
    chunk: NDArray[np.int16]
    """Chunk that encodes the frame, from 1."""
    group: Frames
    """Group of pictures of the frame, from 0: it begins with a key frame, and no group is cut."""

    @property
    def frames(self) -> int:
        """Number of output frames."""
        return len(self.target_frame)

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return int(self.chunk[-1])

    def starts_group(self, number: int) -> bool:
        """Tell whether an output frame is the first of its group of pictures."""
        return number == 0 or bool(self.group[number] != self.group[number - 1])

    def of_chunk(self, chunk: int) -> Frames:
        """Return the output frames of a chunk, counted from 1."""
        return np.flatnonzero(self.chunk == chunk).astype(np.int32)


def _once(frames: int, available: int) -> Frames:
    return np.arange(frames, dtype=np.int32)


def _loop(frames: int, available: int) -> Frames:
    return np.arange(frames, dtype=np.int32) % available


def _ping_pong(frames: int, available: int) -> Frames:
    """Play forwards, then backwards; the two end frames are not shown twice."""
    period = max(1, 2 * available - 2)
    step = np.arange(frames, dtype=np.int32) % period
    return np.where(step < available, step, period - step).astype(np.int32)


FITS: Mapping[str, Callable[[int, int], Frames]] = {
    "trim": _once,
    "loop": _loop,
    "ping-pong": _ping_pong,
}
"""How footage is fitted to the speech: (output frames, frames available) -> offsets to show."""


def plan(
    duration_s: Fraction,
    rate: Fraction,
    segment: tuple[int, int],
    fit: str,
    chunks: int,
    luma_step: Steps | None = None,
) -> Timeline:
    """Fit a segment of footage to speech.

    Args:
        duration_s: exact length of the speech.
        rate: exact frames a second of the footage.
        segment: first frame, and the frame after the last.
        fit: a key of FITS.
        chunks: how many, of lengths that differ by one group of pictures at most.
        luma_step: (frames of the clip,) how much each differs from the one before, where groups are
            to begin in the moments that hide it; None: they are of one length.

    Groups follow from length and footage, unless there are more chunks than groups: then there are
    as many groups. So however many chunks there are, up to that, the same pictures are encoded
    together, and come out the same to the bit.

    Raises:
        ConfigError: an unknown fit, or more chunks than frames.
        MediaError: `trim`, and the segment is shorter than the speech; or no speech at all.
    """
    if fit not in FITS:
        raise ConfigError(f"fit: there is no {fit!r}. Known ones: {', '.join(sorted(FITS))}.")
    first, stop = segment
    available = stop - first
    frames = math.ceil(duration_s * rate)
    if frames == 0:
        raise MediaError("The speech is empty: there is nothing to render. Check the script.")
    if fit == "trim" and available < frames:
        raise MediaError(
            f"target shorter than the speech: the segment lasts {float(available / rate):.2f} s "
            f"({available} frames), the speech {float(duration_s):.2f} s ({frames} frames). "
            "Set fit to loop or ping-pong, choose a longer segment, or shorten the script."
        )
    if chunks > frames:
        raise ConfigError(
            f"render.chunks is {chunks}, but the render has only {frames} frames. Lower it."
        )
    offsets = FITS[fit](frames, available)
    usual = max(1, round(GROUP_S * rate))
    most = frames // max(1, round(SHORTEST_GROUP_S * rate))
    groups = max(-(-frames // usual), min(FEWEST_GROUPS, most), chunks)
    target_frame = (first + offsets).astype(np.int32)
    unknown = np.full(frames - 1, np.nan, np.float32)
    steps = unknown if luma_step is None else steps_shown(luma_step, target_frame)
    group = place_groups(frames, groups, steps)
    return Timeline(
        rate=rate,
        fit=fit,
        target_frame=target_frame,
        swap_frame=offsets,
        chunk=(group * chunks // groups + 1).astype(np.int16),
        group=group,
    )


def plan_render(
    speech: Path,
    faces: Path,
    out: Path,
    *,
    start_s: float,
    end_s: float | None,
    fit: str,
    chunks: int,
    record: UsageRecord,
) -> None:
    """Write the timeline of a render.

    Args:
        speech: WAV whose length, rounded up to whole frames, is the length of the render.
        faces: `faces.parquet` of the target clip, for its rate, its number of frames, and how much
            each differs from the one before.
        start_s, end_s: segment of the target, in seconds.

    Raises:
        ConfigError, MediaError: see `plan` and `segment_frames`.
    """
    with record.phase("steady") as work:
        wav = soundfile.info(speech)
        metadata = pq.read_schema(faces).metadata
        rate = Fraction(metadata[b"rate"].decode())
        segment = segment_frames(start_s, end_s, rate, int(metadata[b"frames"]))
        duration_s = Fraction(wav.frames, wav.samplerate)
        timeline = plan(duration_s, rate, segment, fit, chunks, read_luma_step(faces))
        write_timeline(out, timeline)
        work["frames"] = timeline.frames


def write_timeline(path: Path, timeline: Timeline) -> None:
    """Write `timeline.parquet`."""
    table = pa.table(
        {
            "frame": np.arange(timeline.frames, dtype=np.int32),
            "target_frame": timeline.target_frame,
            "swap_frame": timeline.swap_frame,
            "chunk": timeline.chunk,
            "group": timeline.group,
        }
    ).replace_schema_metadata(
        {
            "rate": f"{timeline.rate.numerator}/{timeline.rate.denominator}",
            "frames": str(timeline.frames),
            "chunks": str(timeline.chunks),
            "fit": timeline.fit,
        }
    )
    with replacing(path) as partial:
        pq.write_table(table, partial)


def read_timeline(path: Path) -> Timeline:
    """Read `timeline.parquet`."""
    table = pq.read_table(path)
    metadata = table.schema.metadata
    return Timeline(
        rate=Fraction(metadata[b"rate"].decode()),
        fit=metadata[b"fit"].decode(),
        target_frame=table["target_frame"].to_numpy(),
        swap_frame=table["swap_frame"].to_numpy(),
        chunk=table["chunk"].to_numpy(),
        group=table["group"].to_numpy(),
    )
