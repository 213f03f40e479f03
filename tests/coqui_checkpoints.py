"""Checkpoints of Tacotron 2 with HiFi-GAN and of VITS: random weights, in the real ones' format.

`write_tacotron2` and `write_vits` fill a folder as `tts --model_name …` does. Sizes that the
library leaves open are small; Tacotron 2's (512 units, 1,024 in the decoder) it fixes.
"""

from pathlib import Path
from typing import Any

from mythmeter.voice.assets import COQUI_FILES

RATE_HZ = 22050
AUDIO = {
    "sample_rate": RATE_HZ,
    "signal_norm": False,
    "stats_path": None,
    "do_trim_silence": True,
    "trim_db": 60,
    "mel_fmin": 0.0,
    "mel_fmax": 8000.0,
}
"""As the models on LJ Speech have it."""
STEPS = 40
"""Tacotron 2 of random weights never stops by itself."""


def write_tacotron2(folder: Path, *, seed: int = 0) -> Path:
    """Write Tacotron 2 with DDC, of characters, and its vocoder; return the folder."""
    import torch
    from TTS.config.shared_configs import BaseAudioConfig
    from TTS.tts.configs.tacotron2_config import Tacotron2Config
    from TTS.tts.models.tacotron2 import Tacotron2
    from TTS.vocoder.configs import HifiganConfig
    from TTS.vocoder.models.gan import GAN

    torch.manual_seed(seed)
    config = Tacotron2Config(
        r=2,
        ddc_r=6,
        double_decoder_consistency=True,
        attention_type="original",
        text_cleaner="english_cleaners",
        use_phonemes=False,
        max_decoder_steps=STEPS,
        audio=BaseAudioConfig(**AUDIO),
    )
    model = Tacotron2(config)
    _shape_like_trained(model)
    _write(folder, "coqui_tacotron2", config, model, r=2)
    sizes = {
        "upsample_factors": [8, 8, 2, 2],
        "upsample_kernel_sizes": [16, 16, 4, 4],
        "upsample_initial_channel": 32,
        "resblock_kernel_sizes": [3],
        "resblock_dilation_sizes": [[1, 3, 5]],
        "resblock_type": "1",
    }
    vocoder = HifiganConfig(generator_model_params=sizes, audio=BaseAudioConfig(**AUDIO))
    generator = GAN(vocoder).model_g
    # Without the 280 MB of its discriminator: the library takes a generator's weights alone where
    # the state has this key.
    _write(folder, "coqui_hifigan", vocoder, generator, model_disc={})
    return folder


def write_vits(folder: Path, *, seed: int = 0, phonemizer: str | None = None) -> Path:
    """Write VITS, of characters or of a phonemizer's phonemes; return the folder."""
    import torch
    from TTS.config.shared_configs import BaseAudioConfig
    from TTS.tts.configs.vits_config import VitsArgs, VitsConfig
    from TTS.tts.models.vits import Vits

    torch.manual_seed(seed)
    sizes = VitsArgs(
        hidden_channels=32,
        hidden_channels_ffn_text_encoder=32,
        num_layers_text_encoder=1,
        num_layers_posterior_encoder=1,
        num_layers_flow=1,
        upsample_initial_channel_decoder=32,
        resblock_kernel_sizes_decoder=[3],
        resblock_dilation_sizes_decoder=[[1, 3, 5]],
        length_scale=1.5,
        init_discriminator=False,
    )
    config = VitsConfig(
        model_args=sizes,
        text_cleaner="english_cleaners",
        use_phonemes=False,
        add_blank=True,
        audio=BaseAudioConfig(sample_rate=RATE_HZ, mel_fmin=0.0),
    )
    if phonemizer:
        config.use_phonemes, config.phonemizer = True, phonemizer
        config.text_cleaner, config.phoneme_language = "phoneme_cleaners", "en-us"
    _write(folder, "coqui_vits", config, Vits(config))
    return folder


def _shape_like_trained(model: Any) -> None:
    """Let text and pre-net be heard in the spectrogram, and no stop token end it at once."""
    import torch

    with torch.no_grad():
        for name, values in model.decoder.named_parameters():
            if name.startswith("stopnet") and name.endswith("bias"):
                values.fill_(-20.0)
            elif name.endswith("weight") and name.startswith(("prenet", "linear_projection")):
                values.mul_(6.0)


def _write(folder: Path, name: str, config: Any, model: Any, **state: Any) -> None:
    import torch

    weights = folder / COQUI_FILES[f"{name}_model"]
    weights.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"model": model.state_dict(), "config": config.to_dict(), **state}, weights)
    config.save_json(folder / COQUI_FILES[f"{name}_config"])
