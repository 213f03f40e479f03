import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import savgol_filter, welch

from mythmeter.faces import mesh
from mythmeter.faces.landmarks.protocol import Observation
from mythmeter.faces.smooth import AdaptiveSmoother, SpanSmoother
from mythmeter.faces.spans import smooth_spans
from mythmeter.faces.spectrum import jitter_px, power_spectrum


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


def adapted(values: NDArray[np.float64], window: int = 5) -> NDArray[np.float64]:
    smoother = AdaptiveSmoother(window)
    return np.array([p for v in values for p in smoother.push(v)] + smoother.flush())


def noisy_face(path: NDArray[np.float64], noise_px: float = 0.1) -> NDArray[np.float64]:
    """The canonical face moved along a path (n, 2) in pixels, with noise on every point."""
    noise = np.random.default_rng(11).normal(0, noise_px, (len(path), 468, 2))
    return mesh.CANONICAL * 120 + path[:, None] + noise


def test_noise_of_a_still_face_is_less_than_half_by_two_measures() -> None:
    still = noisy_face(np.zeros((100, 2)))
    smooth = adapted(still)
    assert jitter_px(smooth) < 0.2 * jitter_px(still)
    assert smooth.std(axis=0).mean() < 0.5 * still.std(axis=0).mean()


def test_the_power_of_a_still_face_falls_above_five_hertz_and_stays_below_one() -> None:
    slow = np.column_stack([2 * np.sin(2 * np.pi * 0.8 * np.arange(200) / 25), np.zeros(200)])
    raw = noisy_face(slow)
    hz, before = power_spectrum(raw, 25)
    after = power_spectrum(adapted(raw), 25)[1]
    high, low = np.array(hz) > 5, (np.array(hz) > 0.3) & (np.array(hz) < 1.2)
    assert np.sum(np.array(after)[high]) < 0.25 * np.sum(np.array(before)[high])
    assert np.sum(np.array(after)[low]) > 0.95 * np.sum(np.array(before)[low])


@pytest.mark.parametrize("hertz", [0.5, 1.5, 3.0])
def test_a_nodding_head_is_followed_without_delay(hertz: float) -> None:
    """Lag by the phase of the known motion: a tenth of a frame at most."""
    times = np.arange(200) / 25
    raw = noisy_face(np.column_stack([np.zeros(200), 6 * np.sin(2 * np.pi * hertz * times)]))
    moved = adapted(raw)[20:-20, :, 1].mean(axis=1)
    moved = moved - moved.mean()
    carrier = np.exp(-2j * np.pi * hertz * times[20:-20])
    lag_frames = -(np.angle((moved * carrier).sum()) + np.pi / 2) / (2 * np.pi * hertz) * 25
    assert abs(lag_frames) < 0.1
    assert np.ptp(moved) > 0.93 * 12


def test_a_blink_keeps_its_depth_while_the_rest_is_still() -> None:
    raw = noisy_face(np.zeros((60, 2)))
    lids = list(mesh.EYE_LEFT)
    raw[30:33, lids, 1] += 5
    smooth = adapted(raw)
    assert smooth[31, lids, 1].mean() - smooth[10, lids, 1].mean() > 4.5
    assert jitter_px(smooth[:, [mesh.CHIN]]) < 0.3 * jitter_px(raw[:, [mesh.CHIN]])


def test_a_window_of_one_changes_nothing_and_short_spans_keep_their_length() -> None:
    raw = noisy_face(np.zeros((7, 2)))
    np.testing.assert_allclose(adapted(raw, 1), raw)
    for length in range(1, 16):
        assert adapted(noisy_face(np.zeros((length, 2)))).shape == (length, 468, 2)


@pytest.mark.parametrize("frames", [33, 64, 200])
def test_the_spectrum_is_scipy_s(frames: int) -> None:
    values = np.random.default_rng(12).normal(size=(frames, 3)).cumsum(axis=0)
    hz, power = power_spectrum(values, 25.0)
    expected = welch(values, 25.0, nperseg=min(64, frames), detrend="linear", axis=0)
    np.testing.assert_allclose(hz, expected[0])
    np.testing.assert_allclose(power, expected[1].mean(axis=1), rtol=1e-9)
