"""The sequence of known frames that follows a target best without jumping about.

Viterbi, "Error bounds for convolutional codes" (1967), used as in Bregler, Covell, Slaney,
"Video Rewrite" (1997): each target frame is close to the frame chosen for it, and frames that were
neighbours when they were filmed follow one another for free.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mythmeter.media.long_rows import BLOCK_ROWS, LongRows
from mythmeter.swap.regression import squared_distances

JUMP_COST = 0.15
"""Cost of any step that is not the next filmed frame, in units of the features."""


def follow(
    known: NDArray[np.float32],
    wanted: NDArray[np.float32],
    following: NDArray[np.int32],
    *,
    smoothness: float,
) -> NDArray[np.int32]:
    """Return, for each wanted row, the index of a known row, (m,).

    Args:
        known: (n, f) features of known frames.
        wanted: (m, f) features to be matched, in order.
        following: (n,) the known frame that was filmed right after each, or -1.
        smoothness: cost of a step for each unit of distance between the frames it joins.

    One back pointer of 16 bits is kept on disk for each pair of known and wanted frame.
    """
    return follow_blocks(known, [wanted], following, smoothness=smoothness)


def follow_blocks(
    known: NDArray[np.float32],
    wanted: Iterable[NDArray[np.float32]],
    following: NDArray[np.int32],
    *,
    smoothness: float,
) -> NDArray[np.int32]:
    """Do what `follow` does for wanted rows that come in blocks, at least one row in all.

    The back pointers wait on disk, so memory grows by four bytes a wanted row.
    """
    steps = np.sqrt(squared_distances(known, known)) * smoothness + JUMP_COST
    np.fill_diagonal(steps, 0.0)
    filmed = np.flatnonzero(following >= 0)
    steps[filmed, following[filmed]] = 0.0
    steps_into = np.ascontiguousarray(steps.T)
    back = LongRows((len(known),), np.int16)
    everything = np.arange(len(known))
    distances: NDArray[np.float32] | None = None
    for block in wanted:
        for row in range(len(block)):
            apart = squared_distances(known, block[row : row + 1])[:, 0]
            if distances is None:
                distances = apart
                back.append(np.zeros(len(known), np.int16))
                continue
            totals = steps_into + distances
            came_from = totals.argmin(axis=1)
            back.append(came_from)
            distances = totals[everything, came_from] + apart
            distances -= distances.min()
    if distances is None:
        raise ValueError("there is nothing to follow")
    chosen = np.empty(len(back), np.int32)
    chosen[-1] = distances.argmin()
    for start in range((len(back) - 1) // BLOCK_ROWS * BLOCK_ROWS, -1, -BLOCK_ROWS):
        pointers = back[start : start + BLOCK_ROWS]
        for row in range(len(pointers) - 1, -1, -1):
            if start + row:
                chosen[start + row - 1] = pointers[row, chosen[start + row]]
    return chosen
