"""Resemblyzer's encoder with a front end that a gradient passes through.

Three LSTM layers over 1.6 s windows of mel energies (Wan et al., ICASSP 2018), weights in the
package resemblyzer 0.1.4 (Apache-2.0).
"""

import importlib.util
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mythmeter.errors import ModelError
from mythmeter.media.long_sound import Sound
from mythmeter.voice.activity import without_pauses
from mythmeter.voice.embeddings.encoder import RATE_HZ, Embedding
from mythmeter.voice.embeddings.mel import mel_filters

WINDOW_FRAMES = 160
STRIDE_FRAMES = 40
LEVEL_DBFS = -30.0


class _Network(nn.Module):
    """Mel energies (batch, frames, 40) to unit vectors (batch, 256)."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(40, 256, 3, batch_first=True)
        self.linear = nn.Linear(256, 256)

    def forward(self, mel: torch.Tensor) -> torch.Tensor:
        _, (hidden, _) = self.lstm(mel)
        return F.normalize(F.relu(self.linear(hidden[-1])), dim=1)


def packaged_weights() -> Path:
    """Return the weights inside the package resemblyzer, without its slow import.

    Raises:
        ModelError: the package is not installed.
    """
    found = importlib.util.find_spec("resemblyzer")
    if found is None or found.origin is None:
        raise ModelError("The package resemblyzer is not installed. Run `make setup` again.")
    return Path(found.origin).parent / "pretrained.pt"


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    try:
        state: dict[str, torch.Tensor] = torch.load(path, map_location="cpu", weights_only=True)[
            "model_state"
        ]
    except Exception as error:  # unpickling errors have no common base
        raise ModelError(f"{path} is not Resemblyzer's encoder ({error}).") from error
    return state


class ResemblyzerEncoder:
    """256 values, none negative."""

    name = "resemblyzer"

    def __init__(self, weights: Path | None = None, threads: int = 1, device: str = "cpu") -> None:
        torch.set_num_threads(threads)
        self._network = _Network()
        self._network.load_state_dict(_read_weights(weights or packaged_weights()), strict=False)
        self._network.eval().to(device)
        self._network.requires_grad_(False)
        self._filters = torch.from_numpy(mel_filters(RATE_HZ, 400, 40)).to(device)
        self._window = torch.hann_window(400, device=device)

    def embed(self, samples_16k: Sound) -> Embedding:
        """Return the unit vector (256,) of speech at 16 kHz; see SpeakerEncoder."""
        speech = torch.from_numpy(without_pauses(samples_16k, RATE_HZ)).to(self._window.device)
        with torch.no_grad():
            return np.asarray(self.embed_tensor(speech).cpu().numpy())

    def embed_tensor(self, samples_16k: torch.Tensor) -> torch.Tensor:
        """Return the unit vector (256,) of a tensor (n,), with its gradient."""
        mel = self._mel(samples_16k)
        mel = F.pad(mel, (0, 0, 0, max(0, WINDOW_FRAMES - len(mel))))
        windows = mel.unfold(0, WINDOW_FRAMES, STRIDE_FRAMES).transpose(1, 2)
        mean = self._network(windows).mean(dim=0)
        return mean / mean.norm()

    def _mel(self, samples: torch.Tensor) -> torch.Tensor:
        """Return mel energies (frames, 40) of sound brought to LEVEL_DBFS."""
        level = samples.pow(2).mean().sqrt() + 1e-8
        spectrum = torch.stft(
            samples / level * 10 ** (LEVEL_DBFS / 20),
            n_fft=400,
            hop_length=160,
            window=self._window,
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        return (self._filters @ spectrum.abs().pow(2)).T
