import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.sightings import _INDEX
from mythmeter.faces.swappable import FADE_FRAMES, judge

SIZE = (640, 360)


def sightings(yaw: list[float]) -> NDArray[np.void]:
    """One sharp face in the middle of the picture, turned as said."""
    index = np.zeros(len(yaw), _INDEX)
    index["frame"] = np.arange(len(yaw))
    index["score"], index["sharpness"] = 1.0, 0.5
    index["box"] = [200, 100, 300, 250]
    index["yaw_deg"] = yaw
    return index


def judged(index: NDArray[np.void]) -> tuple[list[str | None], NDArray[np.float32]]:
    rows = np.arange(len(index))
    found = judge(rows, np.zeros(len(index), np.int32), index, SIZE, max_turn_deg=60)
    return found.reason, found.opacity


def test_a_face_turned_away_passes_and_the_swap_fades_beside_it() -> None:
    reasons, opacity = judged(sightings([0.0] * 20 + [75.0] * 10 + [0.0] * 20))
    assert [n for n, r in enumerate(reasons) if r] == list(range(20, 30))
    assert reasons[20] == "turned too far (yaw 75°, pitch 0°)"
    assert not opacity[20:30].any()
    np.testing.assert_allclose(opacity[15:20], np.arange(5, 0, -1) / (FADE_FRAMES + 1))
    assert (opacity[:15] == 1).all()


def test_a_face_at_the_limit_does_not_flicker() -> None:
    reasons, _ = judged(sightings([0.0] * 10 + [61.0, 58.0] * 5 + [50.0] * 10))
    assert [n for n, r in enumerate(reasons) if r] == list(range(10, 20))


def test_blur_is_judged_by_the_clip_s_own_sharpness() -> None:
    index = sightings([0.0] * 30)
    index["sharpness"][10:14] = 0.1
    reasons, _ = judged(index)
    assert [n for n, r in enumerate(reasons) if r == "blurred"] == [10, 11, 12, 13]


def test_a_face_behind_another_or_leaving_the_picture_passes() -> None:
    index = sightings([0.0] * 12)
    index["box"][0] = [600, 100, 700, 250]
    other = sightings([0.0])
    other["frame"], other["tracklet"], index["score"][8] = 8, 1, 0.9
    both = np.concatenate([index, other])
    found = judge(np.arange(12), np.zeros(12, np.int32), both, SIZE, max_turn_deg=60)
    assert found.reason[0] == "leaves the picture"
    assert found.reason[8] == "behind another face"
