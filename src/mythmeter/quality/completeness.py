"""What a finished file holds: faces in its pictures, and as much sound as picture."""

from pathlib import Path

import numpy as np

from mythmeter.media.mp4 import read_movie
from mythmeter.quality.metric import Metric, not_measured
from mythmeter.quality.observe import Observed
from mythmeter.render.timeline import Timeline


def faces_found(observed: Observed) -> Metric:
    """Share of the frames in which the tracker finds a face in the finished file."""
    return Metric(
        value=float(np.isfinite(observed.mouth).mean()),
        unit="share of frames",
        n=len(observed.mouth),
        method="frames of the finished file in which the tracker finds a face",
        controls={
            "untouched_footage": float(
                np.mean([np.isfinite(points).all() for points in observed.stable_untouched])
            )
        },
    )


def length_metric(render: Path, timeline: Timeline) -> Metric:
    """Difference of the lengths of sound and picture in the finished file, in frames."""
    movie = read_movie(render)
    method = "sound minus picture in the finished file; controls: frames found and planned"
    if movie.audio_s is None:
        return not_measured("frames", method, "the finished file has no sound")
    return Metric(
        value=(movie.audio_s - movie.video_s) * float(movie.rate),
        unit="frames",
        n=movie.frames,
        method=method,
        controls={"frames_found": movie.frames, "frames_planned": timeline.frames},
    )
