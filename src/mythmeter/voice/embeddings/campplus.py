"""CAM++ with a front end that a gradient passes through.

Wang et al., "CAM++: a fast and efficient network for speaker verification using context-aware
masking", Interspeech 2023; weights of 3D-Speaker, Chinese and English (Apache-2.0).
"""

from pathlib import Path

import numpy as np
import torch

from mythmeter.errors import ModelError
from mythmeter.media.long_sound import Sound
from mythmeter.voice.activity import without_pauses
from mythmeter.voice.embeddings.campplus_network import CampplusNetwork
from mythmeter.voice.embeddings.encoder import RATE_HZ, Embedding

MEL_BINS = 80
PEAK = 0.7


class CampplusEncoder:
    """192 values."""

    name = "campplus"

    def __init__(self, weights: Path | None, threads: int = 1, device: str = "cpu") -> None:
        torch.set_num_threads(threads)
        network = CampplusNetwork(MEL_BINS)
        try:
            state = torch.load(str(weights), map_location="cpu", weights_only=True)
            network.load_state_dict(state)
        except Exception as error:  # unpickling and shape errors have no common base
            raise ModelError(
                f"{weights} is not the speaker encoder `campplus` ({error}). Fetch it again."
            ) from error
        self._network = network.eval().to(device)
        self._network.requires_grad_(False)
        self._device = device

    def embed(self, samples_16k: Sound) -> Embedding:
        """Return the unit vector (192,) of speech at 16 kHz; see SpeakerEncoder."""
        speech = torch.from_numpy(without_pauses(samples_16k, RATE_HZ)).to(self._device)
        with torch.no_grad():
            return np.asarray(self.embed_tensor(speech).cpu().numpy())

    def embed_tensor(self, samples_16k: torch.Tensor) -> torch.Tensor:
        """Return the unit vector (192,) of a tensor (n,), with its gradient."""
        from torchaudio.compliance import kaldi

        scaled = samples_16k / (samples_16k.abs().max() + 1e-6) * PEAK
        bank = kaldi.fbank(
            scaled[None], num_mel_bins=MEL_BINS, sample_frequency=RATE_HZ, dither=0.0
        )
        vector = self._network((bank - bank.mean(dim=0, keepdim=True))[None])[0]
        return vector / vector.norm()
