"""Who is who, with embeddings of people who do not exist."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces.lock import Lock, Locker, Sample
from mythmeter.faces.sightings import _INDEX

RATE = 25.0
ADA, BOB, EVE = np.eye(128)[:3] * 0.6
"""0.85 apart from each other."""
LEFT, RIGHT = [0, 0, 100, 100], [300, 0, 400, 100]

Row = tuple[int, int, list[int], NDArray[np.float64]]
"""Frame, tracklet, box, and who it really is."""


def locker(rows: list[Row], sampled: list[int]) -> tuple[Locker, list[int]]:
    index = np.zeros(len(rows), _INDEX)
    for number, (frame, tracklet, box, _) in enumerate(rows):
        index[number]["frame"], index[number]["tracklet"] = frame, tracklet
        index[number]["box"] = box
    asked: list[int] = []

    def embed(row: int) -> NDArray[np.float64]:
        asked.append(row)
        return rows[row][3]

    made = Locker(index, RATE, embed)
    made.add_samples([Sample(row, rows[row][3]) for row in sampled])
    return made, asked


def locked(rows: list[Row], sampled: list[int], who: NDArray[np.float64], frames: int) -> Lock:
    return locker(rows, sampled)[0].lock(who, frames, [], -1)


def test_the_face_is_chosen_by_identity_not_by_size_or_order() -> None:
    rows: list[Row] = [(f, 0, [0, 0, 300, 300], BOB) for f in range(10)]
    rows += [(f, 1, RIGHT, ADA) for f in range(10)]
    found = locked(rows, [0, 10], ADA, 10)
    assert found.row.tolist() == list(range(10, 20))
    assert found.people == 2
    assert found.distance.max() < 0.01


def test_people_who_change_places_unseen_are_found_by_bisection() -> None:
    rows: list[Row] = []
    for f in range(40):
        swapped = f >= 23
        rows.append((f, 0, LEFT, BOB if swapped else ADA))
        rows.append((f, 1, RIGHT, ADA if swapped else BOB))
    made, asked = locker(rows, [0, 1])
    found = made.lock(ADA, 40, [], 0)
    assert made.switches == [23, 23]
    assert found.row.tolist() == [2 * f + (f >= 23) for f in range(40)]
    assert len(asked) <= 16


def test_a_stretch_too_unclear_to_recognise_counts_only_where_it_carries_on() -> None:
    unclear = ADA + np.eye(128)[5] * 0.65
    rows: list[Row] = [(f, 0, LEFT, ADA) for f in range(10)]
    rows += [(f, 1, LEFT, unclear) for f in range(11, 20)]
    rows += [(f, 2, RIGHT, unclear) for f in range(21, 30)]
    found = locked(rows, [0, 10, 19], ADA, 30)
    assert (found.row[11:20] >= 0).all()
    assert (found.row[21:] == -1).all()
    assert found.reason[25] == "a face is seen, but too little of it to say whose it is"


def test_when_the_target_is_away_another_person_is_not_taken() -> None:
    rows: list[Row] = [(f, 0, LEFT, ADA) for f in range(10)]
    rows += [(f, 1, LEFT, EVE) for f in range(11, 20)]
    found = locked(rows, [0, 10], ADA, 20)
    assert (found.row[10:] == -1).all()
    assert found.reason[10] == "no face detected"
    assert found.reason[15] == "only other people are seen"


def test_a_box_that_names_nobody_lists_who_is_there() -> None:
    made, _ = locker([(0, 0, LEFT, ADA)], [0])
    assert made.at(0, np.array([10, 10, 90, 90])) == 0
    with pytest.raises(FaceError, match=r"frame 0 shows no face .*\[0.0, 0.0, 100.0, 100.0\]"):
        made.at(0, np.array([200, 0, 250, 50]))
