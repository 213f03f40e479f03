"""Jitter of landmarks: raw, a plain Savitzky–Golay filter, and ours; and what tracking costs.

One run over the built-in footage after its hands are gone, and over the same noise put on a motion
whose truth is known. Writes the power spectra as docs/images/jitter_spectrum.png.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.align import canonical_to_crop, transform
from mythmeter.faces.landmarks.protocol import assets, load_landmarker
from mythmeter.faces.mesh import CANONICAL, STABLE
from mythmeter.faces.smooth import AdaptiveSmoother, SpanSmoother
from mythmeter.faces.spectrum import jitter_px, power_spectrum, stillest
from mythmeter.media.decode import read_frames
from mythmeter.models.catalogue import load_catalogue

REPOSITORY = Path(__file__).parents[1]
PICTURE = REPOSITORY / "docs" / "images" / "jitter_spectrum.png"
START, STOP, RATE = 240, 472, 24.0
Points = NDArray[np.float64]


def smoothed(smoother: SpanSmoother | AdaptiveSmoother, raw: Points) -> Points:
    out = [points for frame in raw for points in smoother.push(frame)]
    return np.stack(out + smoother.flush())


def tracked() -> tuple[Points, float]:
    """Raw points of the footage, (frames, 468, 3), and CPU milliseconds a frame of the mesh."""
    catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
    folder = REPOSITORY / "resources" / "models"
    models = {name: folder / catalogue[name].file for name in assets("facemesh")}
    mesh = load_landmarker("facemesh", models)
    frames = list(read_frames(folder / catalogue["langer"].file, START, STOP))
    started = time.process_time()
    points = [mesh.observe(frame).points for frame in frames]
    return np.stack(points).astype(np.float64), 1e3 * (time.process_time() - started) / len(points)


def lag_frames(smoother: SpanSmoother | AdaptiveSmoother, hertz: float) -> float:
    """Delay of a nodding face with noise, by the phase of the known motion."""
    times = np.arange(240) / RATE
    face = transform(CANONICAL, canonical_to_crop(256))
    noise = np.random.default_rng(3).normal(0, 0.15, (len(times), len(face), 2))
    raw = face + noise
    raw[..., 1] += 6 * np.sin(2 * np.pi * hertz * times)[:, None]
    moved = smoothed(smoother, raw)[24:-24, :, 1].mean(axis=1)
    phase = np.angle(((moved - moved.mean()) * np.exp(-2j * np.pi * hertz * times[24:-24])).sum())
    return float(-(phase + np.pi / 2) / (2 * np.pi * hertz) * RATE)


def draw(spectra: dict[str, tuple[list[float], list[float]]]) -> None:
    import altair as alt
    import pandas as pd

    rows = [
        {"Hz": hz, "px² per Hz": power, "points": name}
        for name, (frequencies, powers) in spectra.items()
        for hz, power in zip(frequencies[1:], powers[1:], strict=True)
    ]
    chart = (
        alt.Chart(pd.DataFrame(rows), title="Power spectrum of 31 still points, built-in footage")
        .mark_line()
        .encode(
            x=alt.X("Hz:Q"),
            y=alt.Y("px² per Hz:Q", scale=alt.Scale(type="log")),
            color=alt.Color("points:N", sort=list(spectra)),
        )
        .properties(width=520, height=260)
    )
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    chart.save(str(PICTURE), ppi=110)


def main() -> None:
    raw, mesh_ms = tracked()
    stable = list(STABLE)
    started = time.process_time()
    ours = smoothed(AdaptiveSmoother(5), raw)
    smoothing_ms = 1e3 * (time.process_time() - started) / len(raw)
    plain = smoothed(SpanSmoother(5), raw)
    series = {"raw": raw, "Savitzky–Golay (5, 2)": plain, "ours": ours}
    still = stillest(raw[:, stable, :2], 24)
    jitter = {name: jitter_px(p[still][:, stable, :2]) for name, p in series.items()}
    for name, points in series.items():
        mouth = np.hypot(*(points[:, 13, :2] - points[:, 14, :2]).T)
        print(f"{name:24s} still {jitter[name]:.4f} px, mouth opening up to {mouth.max():.1f} px")
    for hertz in (0.5, 1.5, 3.0):
        print(f"lag at {hertz} Hz: {lag_frames(AdaptiveSmoother(5), hertz):+.3f} frames")
    print(f"mesh and eyelids {mesh_ms:.1f} CPU-ms a frame, smoothing {smoothing_ms:.2f}")
    draw({name: power_spectrum(p[:, stable, :2], RATE) for name, p in series.items()})
    theirs = jitter["Savitzky–Golay (5, 2)"]
    result = {
        "name": "landmark_jitter",
        "ours": round(jitter["ours"], 4),
        "theirs": round(theirs, 4),
        "ratio": round(theirs / jitter["ours"], 2),
        "unit": "px of one frame's noise while the face is still",
        "n": len(raw),
        "scope": f"built-in footage, frames {START}–{STOP}; theirs: Savitzky–Golay (5, 2); "
        f"raw {jitter['raw']:.4f}",
    }
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
