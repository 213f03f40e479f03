"""The joins of chunks, looked at in pictures."""

import cv2
import numpy as np
import pytest

from mythmeter.quality.joins import JoinSteps, join_metrics, join_rows

CHUNK = np.repeat([1, 2, 3], 12).astype(np.int16)


def moving(frames: int = len(CHUNK)) -> list[np.ndarray]:
    """A pattern that moves two pixels a frame."""
    rng = np.random.default_rng(1)
    wide = np.repeat(rng.integers(60, 190, (40, 60 + 2 * frames, 1), dtype=np.uint8), 3, axis=2)
    return [np.ascontiguousarray(wide[:, 2 * k : 2 * k + 60]) for k in range(frames)]


def soft(frame: np.ndarray) -> np.ndarray:
    """Blurred, so that the further it moves, the more it differs."""
    return cv2.GaussianBlur(frame, (0, 0), 4)


def watched(render: list[np.ndarray], chunk: np.ndarray = CHUNK) -> JoinSteps:
    steps = JoinSteps(chunk, np.arange(len(chunk)) // 6)
    for number, (frame, untouched) in enumerate(zip(render, moving(len(chunk)), strict=True)):
        steps.look(number, frame, untouched)
    return steps


def test_a_render_that_runs_through_has_no_seam() -> None:
    metrics = join_metrics(watched(moving()))
    assert metrics["seam_score"].value == pytest.approx(1.0, abs=0.05)
    assert metrics["seam_score"].n == 2
    assert metrics["frames_repeated_at_joins"].value == 0


def test_a_chunk_of_another_brightness_raises_the_seam_score_and_no_control() -> None:
    frames = [np.clip(f.astype(int) + 60 * (12 <= k < 24), 0, 255) for k, f in enumerate(moving())]
    metric = join_metrics(watched([f.astype(np.uint8) for f in frames]))["seam_score"]
    assert metric.value is not None and metric.value > 1.1
    assert metric.controls["between_joins"] == pytest.approx(1.0, abs=0.05)
    assert metric.controls["untouched_footage"] == pytest.approx(1.0, abs=0.05)


def test_key_frames_that_show_everywhere_are_told_from_seams() -> None:
    frames = [np.roll(f, k // 6 % 2, axis=0) for k, f in enumerate(map(soft, moving()))]
    metric = join_metrics(watched(frames))["seam_score"]
    assert metric.value is not None and metric.value > 1.1
    assert metric.controls["other_key_frames"] == pytest.approx(metric.value, rel=0.05)
    assert metric.controls["between_joins"] == metric.controls["other_key_frames"]


def test_where_only_joins_have_key_frames_that_control_is_missing() -> None:
    steps = JoinSteps(CHUNK, CHUNK)
    for number, frame in enumerate(moving()):
        steps.look(number, frame, frame)
    assert join_metrics(steps)["seam_score"].controls["other_key_frames"] is None


def test_frames_left_out_at_a_join_raise_the_seam_score() -> None:
    frames = [soft(f) for f in moving(40)]
    jumping = frames[:24] + frames[27:39]
    rows = {row["frame"]: row["score"] for row in join_rows(watched(jumping))}
    assert rows[12] == pytest.approx(1.0, abs=0.05)
    assert rows[24] > 1.1


def test_a_frame_shown_twice_at_a_join_is_counted() -> None:
    frames = moving()
    frames[12] = frames[11]
    metrics = join_metrics(watched(frames))
    assert metrics["frames_repeated_at_joins"].value == 1
    assert metrics["frames_repeated_at_joins"].controls == {"untouched_footage": 0.0}
    # The seam score goes the other way: no step is a small step.
    assert metrics["seam_score"].value is not None and metrics["seam_score"].value < 0.7


def test_only_the_surroundings_of_joins_and_of_their_middles_are_looked_at() -> None:
    long = np.repeat([1, 2], 200).astype(np.int16)
    steps = watched(moving(400), long)
    measured = np.flatnonzero(np.isfinite(steps.render))
    assert len(measured) < 30
    assert {196, 199, 202} <= set(measured.tolist())


def test_one_chunk_has_no_join_and_says_so() -> None:
    one = np.ones(10, np.int16)
    metric = join_metrics(watched(moving(10), one))["seam_score"]
    assert metric.value is None
    assert "no join" in str(metric.reason)
    assert join_rows(watched(moving(10), one)) == []
