"""Speech written down, and words found in speech, by a packaged Whisper on the CPU."""

import zipfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mythmeter.errors import ModelError
from mythmeter.media.audio import Samples
from mythmeter.media.long_sound import Sound

RATE_HZ = 16000
LANGUAGE = "en"

FRAMES_A_SECOND = 100
MARGIN_FRAMES = 1000
"""Silence that the encoder is given after a sentence. With 10 s, 20 sentences were understood about
as well as with the usual filling up to 30 s (10 words of 321 wrong, not 8) in less than half the
time; with 7 s and less the decoder invents repetitions."""
LONGEST_S = 29.0
"""Whisper sees 30 s at once."""
PIECE_S = 120.0
"""Longer sound is cut before it is written down: its spectrum is computed whole. Two minutes of it
take 50 MB."""
SEARCHED_S = 15.0
QUIET_FRAMES = 10
"""Frames of 20 ms that are looked at together for the quietest place: a pause, not a zero."""
TOKENS_A_SECOND = 12
"""More is never said: it bounds what a broken take can be written down as."""


def pieces(samples_16k: Sound) -> list[tuple[int, int]]:
    """Cut a long sound where it is quietest in the last seconds of each piece: (start, stop)."""
    longest, searched = round(PIECE_S * RATE_HZ), round(SEARCHED_S * RATE_HZ)
    frame = round(0.02 * RATE_HZ)
    cuts = [0]
    while len(samples_16k) - cuts[-1] > longest:
        stop = cuts[-1] + longest
        end = np.asarray(samples_16k[stop - searched : stop], np.float32).reshape(-1, frame)
        level = np.convolve(np.square(end).mean(axis=1), np.ones(QUIET_FRAMES), mode="valid")
        quiet = int(level.argmin()) + QUIET_FRAMES // 2
        cuts.append(stop - searched + quiet * frame)
    return list(pairwise([*cuts, len(samples_16k)])) or [(0, 0)]


class Transcriber:
    """Whisper tiny.en, read from the archive that the catalogue pins.

    Nothing is sampled, so the same sound is written down the same.
    """

    def __init__(self, archive: Path, threads: int = 1) -> None:
        """Load the asset `whisper`.

        Raises:
            ModelError: the archive does not hold the model.
        """
        from faster_whisper import WhisperModel
        from faster_whisper.tokenizer import Tokenizer

        try:
            with zipfile.ZipFile(archive) as packed:
                files = {
                    Path(name).name: packed.read(name)
                    for name in packed.namelist()
                    if "/model/" in name and not name.endswith("/")
                }
            self._model = WhisperModel(
                archive.stem, device="cpu", compute_type="int8", cpu_threads=threads, files=files
            )
        except (OSError, RuntimeError, KeyError, zipfile.BadZipFile) as error:
            raise ModelError(f"{archive}: does not hold a Whisper model ({error}).") from error
        self._tokenizer = Tokenizer(self._model.hf_tokenizer, multilingual=False)

    def transcribe(self, samples_16k: Sound) -> str:
        """Write down English speech of any length, mono at 16 kHz, PIECE_S or less at a time."""
        return " ".join(
            segment.text.strip()
            for start, stop in pieces(samples_16k)
            for segment in self._model.transcribe(
                np.ascontiguousarray(samples_16k[start:stop], np.float32),
                language=LANGUAGE,
                beam_size=5,
                temperature=0.0,
                condition_on_previous_text=False,
            )[0]
        )

    def hear(self, samples_16k: Samples, *, carefully: bool = False) -> str:
        """Write down one sentence of up to LONGEST_S; a longer one goes to `transcribe`.

        Args:
            samples_16k: (n,).
            carefully: give the encoder the 30 s that it was trained with, at twice the price.
        """
        duration_s = len(samples_16k) / RATE_HZ
        if duration_s > LONGEST_S:
            return self.transcribe(samples_16k)
        encoded, _ = self._encoded(samples_16k, 30 * FRAMES_A_SECOND if carefully else None)
        start = [self._tokenizer.sot, self._tokenizer.no_timestamps]
        (result,) = self._model.model.generate(
            encoded,
            [start],
            beam_size=1,
            max_length=len(start) + 16 + round(TOKENS_A_SECOND * duration_s),
        )
        return str(self._tokenizer.decode(result.sequences_ids[0])).strip()

    def find(self, samples_16k: Samples, words: Sequence[str]) -> list[tuple[float, float]]:
        """Return (start, end) in s of each word of a sentence that is known to be said.

        Dynamic time warping of the decoder's attention (Radford et al., "Robust speech recognition
        via large-scale weak supervision", 2022). Sentences longer than LONGEST_S cannot be aligned.

        Raises:
            ValueError: too long.
        """
        if len(samples_16k) > LONGEST_S * RATE_HZ:
            raise ValueError(f"at most {LONGEST_S} s can be aligned at once")
        encoded, frames = self._encoded(samples_16k)
        tokens = [self._tokenizer.encode(f" {word}") for word in words]
        (result,) = self._model.model.align(
            encoded,
            self._tokenizer.sot_sequence,
            [[token for word in tokens for token in word]],
            frames,
            median_filter_width=7,
        )
        first_s: dict[int, float] = {}
        for token, frame in result.alignments:
            first_s.setdefault(token, frame / self._model.tokens_per_second)
        starts = np.cumsum([0, *(len(word) for word in tokens)])
        edges = [first_s.get(int(index), len(samples_16k) / RATE_HZ) for index in starts]
        return list(pairwise(edges))

    def _encoded(self, samples_16k: Samples, frames: int | None = None) -> tuple[Any, int]:
        """Return the encoder's output for a sentence, and the frames that it is long."""
        from faster_whisper.audio import pad_or_trim

        features = self._model.feature_extractor(np.ascontiguousarray(samples_16k, np.float32))
        found = features.shape[1]
        wanted = frames or min(30 * FRAMES_A_SECOND, (found + MARGIN_FRAMES) // 2 * 2)
        return self._model.encode(pad_or_trim(features, wanted)), found
