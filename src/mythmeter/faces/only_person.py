"""Following one known person through a clip in which others may be seen too.

Any landmark backend follows the most prominent face. Where that is someone else, it is painted
over and the backend looks again; frames in which the person is not found have no face.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.faces.landmarks.protocol import Landmarker, Observation

ANOTHER: Final = "a face, but not that of the person who agreed"
EVERY_FRAMES: Final = 12
"""While one face is followed, how often it is compared again; frames wait until it was."""
MOST_FACES: Final = 4
"""Faces of one frame that are looked at."""
MARGIN: Final = 0.15
"""What is painted over beyond the points of a face, over its size."""

IsPerson = Callable[[NDArray[np.uint8], NDArray[Any]], bool]
"""Whether the face with these points (468, 2 or more, in frame pixels) is the person's."""


def observe_person(
    landmarker: Landmarker,
    frames: Iterable[NDArray[np.uint8]],
    is_person: IsPerson,
    breaks: Callable[[Observation, Observation], bool],
) -> Iterator[Observation]:
    """Yield what a backend sees of one person in each frame.

    Args:
        landmarker: any backend.
        frames: (height, width, 3) RGB.
        is_person: compares a face with the person's.
        breaks: whether the face of one frame does not carry on in the next.
    """
    waiting: list[Observation] = []
    last: tuple[NDArray[np.uint8], Observation] | None = None
    unseen = 0

    def settled() -> Iterator[Observation]:
        """Let the waiting frames go: as they are if the last of them shows the person."""
        if waiting and last is not None:
            same = is_person(last[0], last[1].points)
            yield from (seen if same else _refused(seen) for seen in waiting)
        waiting.clear()

    for frame in frames:
        if unseen:
            unseen -= 1
            yield Observation(reason=ANOTHER)
            continue
        seen = landmarker.observe(frame)
        if seen.points is not None and last is not None and not breaks(last[1], seen):
            waiting.append(seen)
            last = (frame, seen)
            if len(waiting) == EVERY_FRAMES:
                released = list(settled())
                yield from released
                if released[-1].points is None:
                    last = None
            continue
        yield from settled()
        if seen.points is not None:
            seen = _find(landmarker, frame, seen, is_person)
            if seen.points is None:
                unseen = EVERY_FRAMES - 1
        last = None if seen.points is None else (frame, seen)
        yield seen
    yield from settled()


def _find(
    landmarker: Landmarker, frame: NDArray[np.uint8], seen: Observation, is_person: IsPerson
) -> Observation:
    """Return the person among the faces of a frame, or why there is none."""
    rest = frame
    for _ in range(MOST_FACES):
        if seen.points is None:
            break
        if is_person(frame, seen.points):
            return seen
        rest = _without(rest, seen.points)
        seen = landmarker.observe(rest)
    return Observation(reason=ANOTHER)


def _without(frame: NDArray[np.uint8], points: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the frame with one face painted over in grey."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    margin = MARGIN * (high - low)
    left, top = np.maximum(low - margin, 0).astype(int)
    right, bottom = np.ceil(high + margin).astype(int)
    rest = frame.copy()
    rest[top:bottom, left:right] = 128
    return rest


def _refused(seen: Observation) -> Observation:
    return Observation(reason=ANOTHER, score=seen.score)
