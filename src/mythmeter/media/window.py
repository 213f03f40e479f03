"""Frames of a clip in any order, through a small window, so that memory stays flat."""

from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path

from mythmeter.errors import MediaError
from mythmeter.media.decode import Frame, read_frames


class FrameWindow:
    """Random access to the frames of a clip, for reading forwards, backwards or in loops.

    A missing frame is decoded together with its neighbours in the direction of reading; the least
    recently used frames are dropped. Meant for intra-only clips such as our FFV1 crops, where a
    seek costs nothing but opening the file.

    Args:
        path: a constant-rate clip.
        frames: how many it has.
        read_ahead: frames decoded at a miss, at most.
        keep: frames held at most.
        wanted: frames that will be asked for, if known; reading ahead stops where they do.
    """

    def __init__(
        self,
        path: Path,
        frames: int,
        *,
        read_ahead: int = 16,
        keep: int = 64,
        wanted: Collection[int] | None = None,
    ) -> None:
        self._path = path
        self._wanted = range(frames) if wanted is None else frozenset(wanted)
        self._frames = frames
        self._read_ahead = read_ahead
        self._keep = max(keep, read_ahead)
        self._held: OrderedDict[int, Frame] = OrderedDict()
        self._last = -1

    def __getitem__(self, number: int) -> Frame:
        """Return one frame, (height, width, 3) RGB; it is shared, so copy it before changing it.

        Raises:
            MediaError: no such frame.
        """
        if not 0 <= number < self._frames:
            raise MediaError(f"{self._path}: has no frame {number}; its frames are {self._frames}.")
        if number not in self._held:
            self._decode(number)
        self._held.move_to_end(number)
        self._last = number
        return self._held[number]

    def _decode(self, number: int) -> None:
        start, stop = number, number + 1
        backwards = number == self._last - 1
        while stop - start < self._read_ahead:
            following = start - 1 if backwards else stop
            if following not in self._wanted:
                break
            start, stop = min(start, following), max(stop, following + 1)
        for index, frame in enumerate(read_frames(self._path, start, stop), start):
            self._held[index] = frame
            self._held.move_to_end(index)
        while len(self._held) > self._keep:
            self._held.popitem(last=False)
