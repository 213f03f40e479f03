"""The sequence of known frames that follows a target best without jumping about.

Viterbi, "Error bounds for convolutional codes" (1967), used as in Bregler, Covell, Slaney,
"Video Rewrite" (1997): each target frame is close to the frame chosen for it, and frames that were
neighbours when they were filmed follow one another for free.
"""

import numpy as np
from numpy.typing import NDArray

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

    One back pointer of 16 bits is kept for each pair of known and wanted frame.
    """
    steps = np.sqrt(squared_distances(known, known)) * smoothness + JUMP_COST
    np.fill_diagonal(steps, 0.0)
    filmed = np.flatnonzero(following >= 0)
    steps[filmed, following[filmed]] = 0.0
    steps_into = np.ascontiguousarray(steps.T)
    distances = squared_distances(known, wanted[:1])[:, 0]
    back = np.zeros((len(wanted), len(known)), np.int16)
    everything = np.arange(len(known))
    for row in range(1, len(wanted)):
        totals = steps_into + distances
        back[row] = totals.argmin(axis=1)
        distances = totals[everything, back[row]]
        distances += squared_distances(known, wanted[row : row + 1])[:, 0]
        distances -= distances.min()
    chosen = np.empty(len(wanted), np.int32)
    chosen[-1] = distances.argmin()
    for row in range(len(wanted) - 1, 0, -1):
        chosen[row - 1] = back[row, chosen[row]]
    return chosen
