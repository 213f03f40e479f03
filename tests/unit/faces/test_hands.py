"""Hands drawn from their points, and kept over short losses."""

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.hands import HandsOfFrames
from mythmeter.faces.occlusion import hands_mask, steady_hands, visible_mask, visible_share


def open_hand(x: float, y: float, size: float = 60.0) -> NDArray[np.float32]:
    """Wrist at (x, y), fingers straight up."""
    points = np.zeros((21, 2))
    for finger, across in enumerate((-0.45, -0.3, -0.1, 0.1, 0.3)):
        for joint in range(4):
            points[1 + 4 * finger + joint] = [across, -0.5 - 0.25 * joint - 0.25 * (finger > 0)]
    return (points * size + [x, y]).astype(np.float32)


def test_every_point_of_a_hand_lies_in_its_mask_and_the_gap_beside_it_does_not() -> None:
    hand = open_hand(100, 180)
    mask = hands_mask([hand], (200, 200))
    columns, rows = hand.round().astype(int).T
    assert (mask[rows, columns] == 255).all()
    assert not mask[:, :40].any()
    assert not mask[:, 160:].any()


def test_what_a_hand_covers_is_not_visible(face_points: NDArray[np.float64]) -> None:
    identity = np.eye(2, 3)
    free = visible_mask([], identity, 256)
    assert visible_share(free, face_points) == 1.0
    covered = visible_mask([open_hand(128, 250, 120)], identity, 256)
    assert 0.3 < visible_share(covered, face_points) < 0.8
    assert covered[240, 128] == 0
    assert covered[30, 30] == 255


def test_a_short_loss_keeps_the_nearest_hand_and_a_long_one_does_not() -> None:
    hands = HandsOfFrames()
    for number in range(12):
        hands.append([open_hand(50 + number, 90)] if number in (3, 4) else [])
    assert len(hands) == 12
    found = [len(steady_hands(hands, n)) for n in range(12)]
    assert found == [0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(steady_hands(hands, 6)[0], open_hand(54, 90))
