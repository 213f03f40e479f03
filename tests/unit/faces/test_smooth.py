import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from mythmeter.faces.landmarks.protocol import Observation
from mythmeter.faces.smooth import SpanSmoother
from mythmeter.faces.track import smooth_spans


def smoothed(values: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    smoother = SpanSmoother(window)
    return np.array([p for v in values for p in smoother.push(v)] + smoother.flush())


@pytest.mark.parametrize("window", [1, 3, 5, 9])
@pytest.mark.parametrize("length", [9, 10, 50])
def test_streaming_gives_what_scipy_gives_for_the_whole_span(window: int, length: int) -> None:
    values = np.random.default_rng(9).normal(size=(length, 4, 3))
    expected = values if window == 1 else savgol_filter(values, window, min(2, window - 1), axis=0)
    np.testing.assert_allclose(smoothed(values, window), expected, atol=1e-9)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6])
def test_a_span_shorter_than_the_window_keeps_its_length(length: int) -> None:
    values = np.random.default_rng(10).normal(size=(length, 2))
    fitting = length - 1 + length % 2
    expected = savgol_filter(values, fitting, 2, axis=0) if fitting >= 3 else values
    np.testing.assert_allclose(smoothed(values, 7), expected, atol=1e-9)


def test_a_moving_peak_is_not_delayed() -> None:
    times = np.arange(40)
    peak = np.exp(-(((times - 20) / 3.0) ** 2))[:, None]
    assert smoothed(peak, 5).argmax() == 20


def test_no_more_than_a_window_of_frames_is_held_back() -> None:
    smoother = SpanSmoother(5)
    given = 0
    for number in range(100):
        given += len(smoother.push(np.array([float(number)])))
        assert number + 1 - given <= 4


def test_an_even_window_is_refused() -> None:
    with pytest.raises(ValueError, match="odd"):
        SpanSmoother(4)


def seen(value: float, height: float = 10.0) -> Observation:
    points = np.zeros((468, 3))
    points[:, 1] = np.linspace(0, height, 468)
    points[:, 0] = value
    return Observation(points=points, score=1.0)


def test_smoothing_never_reaches_across_a_gap() -> None:
    before, after = [seen(0.0)] * 6, [seen(1.0)] * 6
    frames = list(smooth_spans([*before, Observation(reason="gone"), *after], 5))
    values = [None if f.points is None else round(float(f.points[0, 0]), 9) for f in frames]
    assert values == [0.0] * 6 + [None] + [1.0] * 6
    assert frames[6].observation.reason == "gone"


def test_smoothing_never_reaches_across_a_cut_to_another_place() -> None:
    frames = list(smooth_spans([seen(0.0)] * 6 + [seen(8.0)] * 6, 5))
    values = [round(float(f.points[0, 0]), 9) for f in frames if f.points is not None]
    assert values == [0.0] * 6 + [8.0] * 6
