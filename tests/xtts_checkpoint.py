"""Checkpoints of XTTS v2 with random weights, in the format of the real one."""

from pathlib import Path
from typing import Any

REAL: dict[str, Any] = {
    "gpt_num_audio_tokens": 1026,
    "gpt_start_audio_token": 1024,
    "gpt_stop_audio_token": 1025,
    "gpt_use_perceiver_resampler": True,
    "gpt_start_text_token": 261,
    "gpt_stop_text_token": 0,
}
"""Where XTTS v2 differs from the defaults of the library."""

TINY: dict[str, Any] = {
    "gpt_layers": 2,
    "gpt_n_model_channels": 64,
    "gpt_n_heads": 2,
    "decoder_input_dim": 64,
}
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "pl", "tr", "ru", "nl", "cs", "ar", "zh-cn", "hu")
TEXT_TOKENS = 6681


def write_checkpoint(folder: Path, *, tiny: bool = True, seed: int = 0) -> Path:
    """Write a checkpoint that the library loads with strict=True; return its folder.

    Tiny: 23 million parameters, 93 MB. Full: 453 million, 1.8 GB, the sizes of XTTS v2.
    """
    import torch
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.models.xtts import Xtts

    folder.mkdir(parents=True, exist_ok=True)
    tokens = write_vocabulary(folder / "vocab.json", 300 if tiny else TEXT_TOKENS)
    sizes = TINY if tiny else {}
    config = XttsConfig(
        model_args=XttsArgs(**REAL, **sizes, gpt_number_text_tokens=tokens),
        temperature=0.75,
        repetition_penalty=5.0,
        gpt_cond_len=30,
        gpt_cond_chunk_len=4,
        max_ref_len=30,
    )
    torch.manual_seed(seed)
    model = Xtts(config)
    _shape_like_trained(model)
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    config.save_json(folder / "config.json")
    return folder


def _shape_like_trained(model: Any) -> None:
    """Make random weights usable: heads that prefer some tokens, statistics that are not one."""
    import torch

    with torch.no_grad():
        model.mel_stats.uniform_(0.5, 2.0)
        model.gpt.mel_head.weight.mul_(4.0)


def write_vocabulary(path: Path, size: int) -> int:
    """Write a tokenizers file with the special tokens of XTTS; return the number of tokens."""
    from tokenizers import Tokenizer, models

    special = ["[STOP]", "[UNK]", "[SPACE]"]
    letters = "abcdefghijklmnopqrstuvwxyzàáâäçèéêëíîïñóôöùúûüß0123456789!'(),-.:;?"
    table = {token: number for number, token in enumerate([*special, *letters])}
    for language in LANGUAGES:
        table[f"[{language}]"] = len(table)
    while len(table) < 261:
        table[f"[unused{len(table)}]"] = len(table)
    table["[START]"] = 261
    pairs = [a + b for a in letters[:26] for b in letters[:26]]
    merges = []
    for pair in [*pairs, *(p + c for p in pairs for c in letters[:26])]:
        if len(table) >= size:
            break
        table[pair] = len(table)
        merges.append((pair[:-1], pair[-1]))
    tokenizer = Tokenizer(models.BPE(vocab=table, merges=merges, unk_token="[UNK]"))
    languages = [f"[{language}]" for language in LANGUAGES]
    tokenizer.add_special_tokens([*special, "[START]", *languages])
    tokenizer.save(str(path))
    return len(table)
