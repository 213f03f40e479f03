"""An invisible mark in every picture: 32 bits that lead to the consent record (RivaGAN, MIT).

The network is slow, so it runs once for each second of video: on a small copy of the footage's
picture in the middle of that second. What it changes there is enlarged and added to the pictures
around, each change fading into the next, so that no second begins with a jump. That costs little,
does not flicker, survives compression better than a fine pattern, and any picture can be read.

The word is the same throughout, since encoders do not spend bits on a faint pattern that changes:
12 bits that every Mythmeter render carries (PREFIX), then 20 of the render's own (`mark_id`).
Where a picture hides the word badly, the network runs again on its own result, PASSES times at
most: that part of the footage gets a stronger mark, the rest does not.

Source: Zhang, Xu, Cuesta-Infante and Veeramachaneni, "Robust invisible video watermarking with
attention", 2019; weights as ONNX files out of the package invisible-watermark 0.2.0.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.media.decode import Frame
from mythmeter.render.rivagan import BITS, RivaganDecoder, RivaganEncoder

METHOD = "RivaGAN, 32 bits: 12 of Mythmeter, 20 of the render"
ENCODER, DECODER = "rivagan_encoder", "rivagan_decoder"
"""Names of the two files in the model catalogue."""

WORK_PX = 192
"""Shorter side of the copy that the networks see: small is quick, coarse and robust."""
WINDOW_S = 1.0
PASSES = 2
CLEAR = 1.0
"""A mark is strong enough when each bit reads so clearly before compression, by its logit."""

PREFIX = hashlib.sha256(b"mythmeter video watermark 1").hexdigest()[:3]
"""The 12 bits that all renders share, in hexadecimal."""
PREFIX_BITS = 4 * len(PREFIX)
PREFIX_AGREEMENT = 0.8
"""They must agree so far: 1 where all are right, weighed by their logits; about 0 by chance."""
STRENGTH = 1.5
"""And the mean size of all logits must reach this; docs/provenance.md says what was measured."""

WORD_AGREEMENT = 0.8
"""A file belongs to a known word when its bits, weighed by their logits, agree so far.

Unclear bits count little. Where the prefix is right anyway, a random rest reaches it with odds of
about 1.3 in a thousand for each known word, as three wrong bits of 20 would.
"""

STATED_AGREEMENT = 0.7
"""Agreement with the one word that a file's own manifest states."""

Logits = NDArray[np.float32]
"""(32,): above 0 is a 1; marked pictures give 3 to 15 in size, others mostly below 1."""


def mark_id(record_id: str, render: str) -> str:
    """Return the word of a render: the prefix, then 20 bits of sha256 over record id and name.

    One render among 1,000 shares its word with another with odds of 0.1 %.
    """
    digest = hashlib.sha256(f"{record_id}\n{render}".encode()).hexdigest()
    return PREFIX + digest[: BITS // 4 - len(PREFIX)]


def bits_of(word: str) -> NDArray[np.float32]:
    """Return (32,) zeros and ones of a hexadecimal word."""
    return np.array([int(bit) for bit in f"{int(word, 16):0{BITS}b}"], np.float32)


def word_of(logits: Logits) -> str:
    """Return the hexadecimal word that logits read as."""
    return f"{int(''.join('1' if value > 0 else '0' for value in logits), 2):0{BITS // 4}x}"


@dataclass(frozen=True)
class Windows:
    """Which changes an output frame carries, and which frame the network looks at for each.

    It follows from frame numbers alone, so that it does not matter how a render is cut into chunks.
    """

    length: int
    frames: int

    @classmethod
    def of(cls, frames: int, rate: float) -> "Windows":
        """Windows of a second."""
        return cls(max(1, round(WINDOW_S * rate)), frames)

    def around(self, frame: int) -> tuple[int, int, float]:
        """Return the windows whose middles lie before and after a frame, and the later's share.

        Before the first middle and behind the last both are the same window.
        """
        last = (self.frames - 1) // self.length
        window, beyond = divmod(frame - self.length // 2, self.length)
        return max(window, 0), min(window + 1, last), beyond / self.length

    def key_frame(self, window: int) -> int:
        """Return the frame in the middle of a window."""
        return min(window * self.length + self.length // 2, self.frames - 1)


class VideoMarker:
    """Adds the mark to output frames, which come in order.

    Args:
        encoder: `rivagan_encoder.onnx`.
        decoder: `rivagan_decoder.onnx`, which tells how well a picture hides the word.
        word: `mark_id` of the render.
        windows: which frames carry which changes.

    Raises:
        ModelError: the file is missing or not the network.
    """

    def __init__(self, encoder: Path, decoder: Path, word: str, windows: Windows) -> None:
        self._encoder, self._decoder = RivaganEncoder(encoder), RivaganDecoder(decoder)
        self._word = bits_of(word)
        self._windows = windows
        self._changes: dict[int, NDArray[np.int16]] = {}

    def mark(self, number: int, frame: Frame, footage: Callable[[int], Frame]) -> Frame:
        """Return the marked picture (height, width, 3).

        Args:
            number: of the output frame.
            frame: the finished picture.
            footage: gives the picture of an output frame that the network looks at.
        """
        before, after, share = self._windows.around(number)
        self._changes = {
            window: self._changes[window]
            if window in self._changes
            else self._change(footage(self._windows.key_frame(window)))
            for window in {before, after}
        }
        change = cv2.addWeighted(self._changes[before], 1 - share, self._changes[after], share, 0)
        return np.asarray(cv2.add(frame, change, dtype=cv2.CV_8U))

    def _change(self, picture: Frame) -> NDArray[np.int16]:
        height, width = picture.shape[:2]
        seen = marked = _network_input(picture)
        signs = 2 * self._word - 1
        for number in range(PASSES):
            marked = np.clip(self._encoder.hide(marked, self._word), -1, 1)
            if number + 1 == PASSES:
                break
            if (self._decoder.read(marked) * signs).min() >= CLEAR:
                break
        change = ((marked - seen) * 127.5).transpose(1, 2, 0)
        enlarged = cv2.resize(change, (width, height), interpolation=cv2.INTER_CUBIC)
        return np.round(enlarged).astype(np.int16)


class VideoMarkReader:
    """Reads the mark from single pictures.

    Raises:
        ModelError: the file is missing or not the network.
    """

    def __init__(self, decoder: Path) -> None:
        self._decoder = RivaganDecoder(decoder)

    def read(self, picture: Frame) -> Logits:
        """Return the logits of a picture (height, width, 3), of any size."""
        return self._decoder.read(_network_input(picture))


@dataclass(frozen=True)
class VideoMark:
    """What the pictures of a file say together."""

    pictures: int
    strength: float
    """Mean size of the logits, each the mean of all pictures."""
    weakest_bit: float
    """Smallest of them: below 1, single bits are uncertain."""
    prefix_agreement: float
    """Logits of the shared bits, signed by what they should be, over their sizes: −1 to 1."""
    word: str | None
    """The 32 bits as read, whether or not they mean anything."""
    logits: tuple[float, ...] = ()
    """The mean of each bit over the pictures."""

    @property
    def present(self) -> bool:
        """Whether the file carries a mark of this workflow."""
        return self.prefix_agreement >= PREFIX_AGREEMENT and self.strength >= STRENGTH

    @property
    def payload(self) -> str | None:
        """The word, if the file carries a mark."""
        return self.word if self.present else None


def vote(logits: Sequence[Logits]) -> VideoMark:
    """Sum up what was read from pictures of one file."""
    if not logits:
        return VideoMark(0, 0.0, 0.0, 0.0, None)
    mean = np.mean(np.stack(logits), axis=0)
    size = np.abs(mean)
    prefix = agreement(mean[:PREFIX_BITS].tolist(), PREFIX)
    return VideoMark(
        len(logits),
        float(size.mean()),
        float(size.min()),
        prefix,
        word_of(mean),
        tuple(round(value, 2) for value in mean.tolist()),
    )


def sample_frames(frames: int, rate: float, most: int) -> list[int]:
    """Return the middle frames of windows, spread over the file, in an order that spreads too."""
    step = Windows.of(frames, rate).length
    numbers = list(range(min(step // 2, max(0, frames - 1)), max(1, frames), step))
    if len(numbers) > most:
        chosen = np.linspace(0, len(numbers) - 1, most).round().astype(int)
        numbers = [numbers[i] for i in dict.fromkeys(chosen.tolist())]
    return numbers[::2] + numbers[1::2]


def agreement(logits: Sequence[float], word: str) -> float:
    """Return how far logits agree with the first bits of a word: −1 to 1, about 0 by chance."""
    read = np.asarray(logits, np.float32)
    signs = 2 * bits_of(f"{word:0<8}")[: len(read)] - 1
    return float((read * signs).sum() / max(1e-9, float(np.abs(read).sum())))


def nearest(logits: Sequence[float], known: Iterable[str]) -> list[tuple[str, float]]:
    """Return known words with their agreement, the nearest first."""
    ranked = [(word, agreement(logits, word)) for word in known]
    return sorted(ranked, key=lambda pair: -pair[1])


def _network_input(picture: Frame) -> NDArray[np.float32]:
    """Return (3, height, width) of a small copy, from -1 to 1."""
    height, width = picture.shape[:2]
    scale = WORK_PX / min(height, width)
    size = (max(8, round(width * scale / 8) * 8), max(8, round(height * scale / 8) * 8))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = cv2.resize(picture, size, interpolation=how).astype(np.float32) / 127.5 - 1
    return np.ascontiguousarray(small.transpose(2, 0, 1))
