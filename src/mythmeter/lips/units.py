"""Texture units: frames of the person's footage, chosen along the speech by dynamic programming.

Unit selection in the manner of Video Rewrite (Bregler, Covell and Slaney 1997): each output frame
pays for how far a unit's mouth is from the wanted shape and motion, each pair of neighbours for how
much the mouth jumps between them. Frames that follow one another in the footage join for free.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BLOCK_FRAMES = 750
LOOKAHEAD_FRAMES = 50
BLOCK_UNITS = 128
CACHED_UNITS = 64
BARRED = 1e6
"""Cost of a unit that must not be shown: more than any path costs."""


@dataclass(frozen=True)
class UnitBank:
    """Candidate frames, in order of clip and frame.

    Attributes:
        codes: (n, k) mouth shapes, in units of their total standard deviation.
        clips: (n,) index of the person's face clip.
        frames: (n,) frame of that clip.
        rates: frame rate of each clip.
    """

    codes: Array
    clips: NDArray[np.int16]
    frames: NDArray[np.int32]
    rates: tuple[Fraction, ...]

    def velocities(self) -> Array:
        """Motion of each unit (n, k), in codes a second, from its neighbours in the footage."""
        velocities = np.zeros_like(self.codes)
        for clip in np.unique(self.clips):
            rows = np.flatnonzero(self.clips == clip)
            if len(rows) > 1:
                seconds = self.frames[rows] / float(self.rates[clip])
                velocities[rows] = np.gradient(self.codes[rows], seconds, axis=0)
        return velocities


@dataclass(frozen=True)
class UnitCosts:
    """Weights of the search, relative to a squared distance of one standard deviation."""

    motion: float = 0.1
    join: float = 0.15
    jump: float = 0.2
    """Paid by every join that is not the footage running on, however alike the shapes."""
    clip_change: float = 0.03
    """Paid on top where the join changes clips: light and pose differ more there."""


def join_costs(bank: UnitBank, output_rate: Fraction, costs: UnitCosts) -> NDArray[np.float32]:
    """Return (n, n): the cost of showing unit `row` right after unit `column`.

    The search takes minima over the earlier unit: contiguous rows make that four times faster.

    The footage runs on where the next unit lies less than one frame from where the clip would be
    after one output frame; with equal rates that is the next frame and nothing else. With others,
    some frames must be left out or repeated; the part of a frame by which such a step is wrong is
    paid for as that part of a jump, so that runs keep their speed.
    """
    joins = np.empty((len(bank.codes), len(bank.codes)), np.float32)
    for clip in np.unique(bank.clips):
        rows = np.flatnonzero(bank.clips == clip)
        step = float(bank.rates[clip] / output_rate)
        expected = _codes_after(bank, rows, step)
        # A few rows at a time: of 2000 units each intermediate matrix would take 32 MB.
        for start in range(0, len(rows), BLOCK_UNITS):
            some = slice(start, start + BLOCK_UNITS)
            distance = np.sqrt(_squared(expected[some], bank.codes))
            block = costs.join * distance + costs.jump
            block[:, bank.clips != clip] += costs.clip_change
            ahead = bank.frames[rows][None] - bank.frames[rows[some]][:, None]
            drift = np.abs(ahead - step)
            runs_on = drift < 1 - 1e-9
            block[:, rows] = np.where(runs_on, costs.jump * drift, block[:, rows])
            joins[:, rows[some]] = block.T
    return joins


def _codes_after(bank: UnitBank, rows: NDArray[np.int64], step: float) -> Array:
    """Shapes (len(rows), k) that a clip shows `step` frames after each of its units."""
    frames = bank.frames[rows].astype(np.float64)
    later = frames + step
    return np.stack([np.interp(later, frames, code) for code in bank.codes[rows].T], axis=1)


def choose_units(
    targets: Array,
    bank: UnitBank,
    output_rate: Fraction,
    costs: UnitCosts,
    at_rest: NDArray[np.bool_] | None = None,
) -> NDArray[np.int64]:
    """Choose a unit (row of the bank) for each wanted shape (t, k); return (t,).

    Where `at_rest` (t,) holds, all frames show the one unit that is nearest to the shapes wanted
    there: footage that runs on under a still mouth is seen to move. Viterbi search; memory does
    not grow with t: blocks of 750 frames are decided with 50 frames of look-ahead.
    """
    joins = join_costs(bank, output_rate, costs)
    motion = np.gradient(targets, axis=0) * float(output_rate) if len(targets) > 1 else targets * 0
    unit_motion = bank.velocities()
    speed = max(float(np.sqrt(unit_motion.var(axis=0).sum())), 1e-9)
    if at_rest is None:
        at_rest = np.zeros(len(targets), np.bool_)
    held = _nearest(targets[at_rest], bank) if at_rest.any() else 0
    chosen = np.empty(len(targets), np.int64)
    entry: int | None = None
    for start in range(0, len(targets), BLOCK_FRAMES):
        stop = min(start + BLOCK_FRAMES, len(targets))
        seen = slice(start, min(stop + LOOKAHEAD_FRAMES, len(targets)))
        local = np.empty((seen.stop - start, len(bank.codes)), np.float32)
        for first in range(start, seen.stop, BLOCK_UNITS):
            some = slice(first, min(first + BLOCK_UNITS, seen.stop))
            cost = _squared(targets[some], bank.codes)
            cost += costs.motion * _squared(motion[some] / speed, unit_motion / speed)
            cost[at_rest[some], :held] = cost[at_rest[some], held + 1 :] = BARRED
            local[some.start - start : some.stop - start] = cost
        path = _best_path(local, joins, entry)
        chosen[start:stop] = path[: stop - start]
        entry = int(chosen[stop - 1])
    return chosen


def _nearest(shapes: Array, bank: UnitBank) -> int:
    """The unit nearest to the mean of shapes (t, k)."""
    return int(_squared(shapes.mean(axis=0, keepdims=True), bank.codes).argmin())


def _squared(left: Array, right: Array) -> Array:
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1)[None]
    squares -= 2 * left @ right.T
    return np.maximum(squares, 0, out=squares)


def _best_path(
    local: NDArray[np.float32], joins_to: NDArray[np.float32], entry: int | None
) -> NDArray[np.int64]:
    """Cheapest path through local costs (t, n); joins_to[j, i] is the cost of i before j."""
    units = local.shape[1]
    total = local[0] + (joins_to[:, entry] if entry is not None else 0)
    came_from = np.zeros(local.shape, np.int32)
    # Some units at a time: what is added up stays in the processor's cache.
    blocks = [
        slice(first, min(first + CACHED_UNITS, units)) for first in range(0, units, CACHED_UNITS)
    ]
    through = np.empty((CACHED_UNITS, units), np.float32)
    lowest, every = np.empty(units, np.float32), np.arange(CACHED_UNITS)
    for frame in range(1, len(local)):
        for block in blocks:
            part = np.add(joins_to[block], total, out=through[: block.stop - block.start])
            came_from[frame, block] = best = part.argmin(axis=1)
            lowest[block] = part[every[: len(best)], best]
        total = lowest + local[frame]
    path = np.empty(len(local), np.int64)
    path[-1] = int(total.argmin())
    for frame in range(len(local) - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    return path
