"""The one face that is meant, chosen among all tracklets by identity.

Samples of dlib's face embedding decide, not size and not order. A tracklet whose samples disagree
is split where the person changes, which bisection finds. A tracklet that shows too little to be
recognised (a hand, a turned head) counts as the target's only where it carries on from one that
does, in place and time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import FaceError
from mythmeter.faces.follow import overlap
from mythmeter.faces.identity import SAME_PERSON, Embedding

UNSURE: Final = 0.75
"""Up to this distance a tracklet may still be the target's, if it carries on from one that is."""
SWITCH: Final = 0.45
"""Two neighbouring frames further apart than this show two people; a change that comes slowly is a
turning head or a hand."""
CARRY_ON_S: Final = 0.5
CARRY_ON_OVERLAP: Final = 0.3
RECHECK_S: Final = 0.4
"""A tracklet whose last sample is older than this is sampled once more at its end."""
START_S: Final = 1.0
"""The prominent face at the start is the largest of this time after the first face."""


@dataclass(frozen=True)
class Sample:
    """An embedding of one sighting."""

    row: int
    embedding: Embedding


@dataclass(frozen=True)
class Lock:
    """Which sighting of each frame is the target's."""

    row: NDArray[np.int64]
    """(frames,) row of the sightings, -1 where the target is not seen."""
    reason: list[str | None]
    """Why the target is not seen; None where it is."""
    distance: NDArray[np.float32]
    """(frames,) embedding's distance to the reference, of the nearest sample of the tracklet."""
    sampled: NDArray[np.int32]
    """(frames,) the frame of that sample, -1 where the tracklet has none."""
    people: int
    """People told apart, the target among them."""
    switches: list[int]
    """Frames at which one tracklet was split, because the person changed."""
    chosen_at: int
    """Frame of the sighting that made the reference; -1: a picture did."""


Embed = Callable[[int], Embedding]
"""Embedding of a sighting, by its row."""


class Locker:
    """Assigns tracklets to the target."""

    def __init__(self, index: NDArray[Any], rate: float, embed: Embed) -> None:
        """Take the index of `Sightings`, frames a second, and how to embed a sighting."""
        self._index = index
        self._rate = rate
        self._embed = embed
        self._tracklet = index["tracklet"].astype(np.int64)
        self._samples: dict[int, Embedding] = {}
        self.switches: list[int] = []

    def add_samples(self, samples: Sequence[Sample]) -> None:
        """Take embeddings that were made on the way, complete them, and split where they differ."""
        self._samples.update({s.row: s.embedding for s in samples})
        for tracklet in np.unique(self._tracklet):
            rows = self._rows(tracklet)
            known = [r for r in rows if r in self._samples]
            age = self._index["frame"][rows[-1]] - self._index["frame"][(known or rows)[-1]]
            if known and age > RECHECK_S * self._rate:
                self._samples[int(rows[-1])] = self._embed(int(rows[-1]))
            self._split(rows)

    def _rows(self, tracklet: int) -> NDArray[np.int64]:
        return np.flatnonzero(self._tracklet == tracklet)

    def _split(self, rows: NDArray[np.int64]) -> None:
        """Give the rest of a tracklet a new number wherever neighbouring samples disagree."""
        places = [i for i, row in enumerate(rows) if int(row) in self._samples]
        for early, late in pairwise(places):
            first, last = self._samples[int(rows[early])], self._samples[int(rows[late])]
            if np.linalg.norm(first - last) <= SAME_PERSON:
                continue
            low, high = early, late
            while high - low > 1:
                middle = (low + high) // 2
                seen = self._samples[int(rows[middle])] = self._embed(int(rows[middle]))
                nearer_first = np.linalg.norm(seen - first) <= np.linalg.norm(seen - last)
                low, high = (middle, high) if nearer_first else (low, middle)
            before, after = (self._samples[int(rows[i])] for i in (low, high))
            if np.linalg.norm(before - after) <= SWITCH:
                continue
            self._tracklet[rows[high:]] = self._tracklet.max() + 1
            self.switches.append(int(self._index["frame"][rows[high]]))

    def at(self, frame: int, box: NDArray[Any]) -> int:
        """Return the row of the sighting of a frame that a box (pixels) means.

        Raises:
            FaceError: no face overlaps the box there.
        """
        rows = np.flatnonzero(self._index["frame"] == frame)
        overlaps = [overlap(box, self._index["box"][row]) for row in rows]
        if not overlaps or max(overlaps) < 0.05:
            seen = "; ".join(str(self._index["box"][row].round().tolist()) for row in rows)
            raise FaceError(
                f"frame {frame} shows no face in the box {np.round(box).tolist()} that "
                f"`face` names. Faces there (left, top, right, bottom, pixels): {seen or 'none'}."
            )
        return int(rows[int(np.argmax(overlaps))])

    def prominent_at_start(self) -> int:
        """Return the row of the largest face of the first second that shows any."""
        frames = self._index["frame"]
        start = frames <= frames[0] + START_S * self._rate
        width = np.diff(self._index["box"][:, [0, 2]], axis=1)[:, 0]
        tracklets = np.unique(self._tracklet[start])
        sizes = [width[start & (self._tracklet == t)].sum() for t in tracklets]
        return int(self._rows(int(tracklets[int(np.argmax(sizes))]))[0])

    def reference_of(self, row: int) -> Embedding:
        """Mean embedding of the tracklet of a sighting."""
        rows = self._rows(int(self._tracklet[row]))
        if not any(int(r) in self._samples for r in rows):
            self._samples[row] = self._embed(row)
        known = [self._samples[int(r)] for r in rows if int(r) in self._samples]
        mean: Embedding = np.mean(known, axis=0)
        return mean

    def passing(self, check: Callable[[int], bool]) -> set[int]:
        """Tracklets of which most of three samples (first, middle, last) pass a check of rows."""
        passed = set()
        for tracklet in np.unique(self._tracklet):
            known = [int(r) for r in self._rows(tracklet) if int(r) in self._samples]
            tried = {known[i] for i in (0, len(known) // 2, -1)} if known else set()
            if sum(check(row) for row in sorted(tried)) * 2 > len(tried):
                passed.add(int(tracklet))
        return passed

    def mean_of(self, tracklets: set[int]) -> Embedding:
        """Mean of all samples of some tracklets."""
        known = [e for row, e in self._samples.items() if int(self._tracklet[row]) in tracklets]
        mean: Embedding = np.mean(known, axis=0)
        return mean

    def nearest(self, reference: Embedding) -> float:
        """Smallest distance of any sample to the reference; infinite without samples."""
        far = [float(np.linalg.norm(e - reference)) for e in self._samples.values()]
        return min(far, default=float("inf"))

    def lock(
        self,
        reference: Embedding,
        frames: int,
        cuts: Sequence[int],
        chosen: int,
        allowed: set[int] | None = None,
    ) -> Lock:
        """Choose the target's sighting in each of `frames` frames.

        `chosen` is the row of the sighting that made the reference, -1 where a picture did. Where
        only some tracklets are `allowed`, nothing unclear is carried on from them.
        """
        tracklets = [int(t) for t in np.unique(self._tracklet)]
        rows = {t: self._rows(t) for t in tracklets}
        distance = {t: self._distance(rows[t], reference) for t in tracklets}
        if chosen >= 0:
            distance[int(self._tracklet[chosen])] = 0.0
        usable = [t for t in tracklets if allowed is None or t in allowed]
        accepted = self._recognised(usable, rows, distance)
        if allowed is None:
            self._carry_on(tracklets, rows, distance, accepted, cuts)
        best_row = np.full(frames, -1, np.int64)
        best = np.full(frames, np.inf)
        for t in sorted(accepted):
            found = self._index["frame"][rows[t]]
            nearer = distance[t] < best[found]
            best_row[found[nearer]] = rows[t][nearer]
            best[found[nearer]] = distance[t] if np.isfinite(distance[t]) else UNSURE
        values, sampled = self._nearest_samples(best_row, reference)
        return Lock(
            row=best_row,
            reason=self._reasons(best_row, distance),
            distance=values,
            sampled=sampled,
            people=self._count_people([rows[t] for t in tracklets], reference),
            switches=sorted(self.switches),
            chosen_at=int(self._index["frame"][chosen]) if chosen >= 0 else -1,
        )

    def _distance(self, rows: NDArray[np.int64], reference: Embedding) -> float:
        """Median distance of a tracklet's samples to the reference; infinite without any."""
        known = [self._samples[int(r)] for r in rows if int(r) in self._samples]
        if not known:
            return float("inf")
        return float(np.median([np.linalg.norm(e - reference) for e in known]))

    def _recognised(
        self,
        tracklets: Sequence[int],
        rows: dict[int, NDArray[np.int64]],
        distance: dict[int, float],
    ) -> set[int]:
        """Tracklets near enough to the target, nearest first; two at once cannot both be."""
        accepted: set[int] = set()
        taken: set[int] = set()
        others: list[Embedding] = []
        for t in sorted(tracklets, key=lambda t: distance[t]):
            frames = set(self._index["frame"][rows[t]].tolist())
            own = [self._samples[int(r)] for r in rows[t] if int(r) in self._samples]
            nearer_other = any(
                np.median([np.linalg.norm(e - o) for e in own]) < distance[t] for o in others
            )
            if frames & taken:
                # Seen beside the target, so somebody else: whoever looks more like them is too.
                others += [np.mean(own, axis=0)] if own else []
            elif distance[t] <= SAME_PERSON and not nearer_other:
                accepted.add(t)
                taken |= frames
        return accepted

    def _carry_on(
        self,
        tracklets: Sequence[int],
        rows: dict[int, NDArray[np.int64]],
        distance: dict[int, float],
        accepted: set[int],
        cuts: Sequence[int],
    ) -> None:
        """Accept unclear tracklets that touch accepted ones in time and place."""
        taken = {int(f) for t in accepted for f in self._index["frame"][rows[t]]}
        for order in (tracklets, tracklets[::-1]):
            for t in order:
                unclear = SAME_PERSON < distance[t] <= UNSURE or np.isinf(distance[t])
                frames = {int(f) for f in self._index["frame"][rows[t]]}
                if t in accepted or not unclear or frames & taken:
                    continue
                if any(self._follows(rows[t], rows[a], cuts) for a in accepted):
                    accepted.add(t)
                    taken |= frames

    def _follows(
        self, one: NDArray[np.int64], other: NDArray[np.int64], cuts: Sequence[int]
    ) -> bool:
        """Whether two tracklets are neighbours in time and place, within one shot."""
        if self._index["frame"][one[0]] > self._index["frame"][other[0]]:
            one, other = other, one
        end, start = int(one[-1]), int(other[0])
        last, first = int(self._index["frame"][end]), int(self._index["frame"][start])
        if not 0 < first - last <= CARRY_ON_S * self._rate or first in self.switches:
            return False
        if any(last < cut <= first for cut in cuts):
            return False
        boxes = self._index["box"]
        return overlap(boxes[end], boxes[start]) > CARRY_ON_OVERLAP

    def _nearest_samples(
        self, chosen: NDArray[np.int64], reference: Embedding
    ) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        values = np.full(len(chosen), np.nan, np.float32)
        sampled = np.full(len(chosen), -1, np.int32)
        for t in np.unique(self._tracklet[chosen[chosen >= 0]]):
            rows = self._rows(int(t))
            known = np.array([r for r in rows if int(r) in self._samples], np.int64)
            if not len(known):
                continue
            at = self._index["frame"][known]
            far = [np.linalg.norm(self._samples[int(r)] - reference) for r in known]
            frames = np.flatnonzero((chosen >= 0) & np.isin(chosen, rows))
            after = np.searchsorted(at, frames).clip(max=len(at) - 1)
            before = np.maximum(after - 1, 0)
            earlier = np.abs(frames - at[before]) <= np.abs(at[after] - frames)
            nearest = np.where(earlier, before, after)
            values[frames], sampled[frames] = np.array(far, np.float32)[nearest], at[nearest]
        return values, sampled

    def _reasons(self, chosen: NDArray[np.int64], distance: dict[int, float]) -> list[str | None]:
        reasons: list[str | None] = [None if row >= 0 else "no face detected" for row in chosen]
        for row, frame in enumerate(self._index["frame"]):
            if chosen[frame] < 0:
                unclear = distance[int(self._tracklet[row])] > UNSURE
                known = np.isfinite(distance[int(self._tracklet[row])]) and unclear
                reasons[frame] = (
                    "only other people are seen"
                    if known or reasons[frame] == "only other people are seen"
                    else "a face is seen, but too little of it to say whose it is"
                )
        return reasons

    def _count_people(self, rows: Sequence[NDArray[np.int64]], reference: Embedding) -> int:
        """People among the samples: each is one of those before, or somebody new."""
        known = [reference]
        for tracklet in rows:
            own = [self._samples[int(r)] for r in tracklet if int(r) in self._samples]
            if own:
                mean = np.mean(own, axis=0)
                if min(float(np.linalg.norm(mean - k)) for k in known) > SAME_PERSON:
                    known.append(mean)
        return len(known)
