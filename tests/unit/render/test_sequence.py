"""Frames of a clip in any order."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scene import Scene, make_scene, number_of

from mythmeter.errors import MediaError
from mythmeter.media import decode
from mythmeter.render import sequence
from mythmeter.render.sequence import frames_in_order


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(tmp_path_factory.mktemp("scene"), Fraction(30000, 1001))


@pytest.mark.parametrize(
    "numbers",
    [
        list(range(5, 20)),
        list(range(39, -1, -1)),
        [*range(30, 40), *range(38, 2, -1), *range(4, 9)],
        [3, 4, 5, 3, 4, 5, 3],
        [7, 7, 7],
        [12, 2, 31],
    ],
    ids=["forwards", "backwards", "ping-pong", "loop", "held", "anyhow"],
)
def test_frames_come_in_the_order_asked_for(scene: Scene, numbers: list[int]) -> None:
    found = [number_of(frame) for frame in frames_in_order(scene.clip, np.array(numbers))]
    assert found == numbers


def test_reading_backwards_never_holds_more_than_a_window(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def spy(path: Path, start: int, stop: int, pixels: str):  # type: ignore[no-untyped-def]
        asked.append(stop - start)
        return decode.read_frames(path, start, stop, pixels=pixels)

    monkeypatch.setattr(sequence, "read_frames", spy)
    assert sum(1 for _ in frames_in_order(scene.clip, np.arange(39, -1, -1))) == 40
    assert max(asked) == sequence.BACKWARD_WINDOW and sum(asked) == 40


def test_a_frame_beyond_the_clip_is_an_error(scene: Scene) -> None:
    with pytest.raises(MediaError, match="ends at frame 40"):
        list(frames_in_order(scene.clip, np.arange(35, 45)))
