"""XTTS loaded: text to tokens, a voice to latents, latents to sound, and the two ways to decode."""

import logging
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from mythmeter.errors import ModelError, SpeechError
from mythmeter.media.audio import Samples
from mythmeter.voice.synthesiser import Request, Voice
from mythmeter.voice.voices.xtts import Engine, seed_of
from mythmeter.voice.voices.xtts_decoder import Request as Prompt
from mythmeter.voice.voices.xtts_decoder import TokenDecoder, by_length
from mythmeter.voice.voices.xtts_files import CheckpointFiles
from mythmeter.voice.voices.xtts_sampling import Sampling

SEED_BITS = 2**63 - 1
AMPERE = (8, 0)
"""Compute capability from which a GPU has bf16 tensor cores."""


class XttsModel:
    """The library's model and what it is asked to do.

    Args:
        files: checkpoint, already looked at.
        threads: cores that it uses.
        device: `cpu` or `cuda`.
        precision: `auto`, `fp32`, `bf16` or `fp16`, of the transformer only: the vocoder stays in
            fp32, where bf16 is heard.
        max_tokens: most audio tokens of a piece; None: the model's own limit.
        sampling: temperature, top_k, top_p, repetition_penalty; None takes the checkpoint's.

    Raises:
        ModelError: the weights do not fit the config.
    """

    def __init__(
        self,
        files: CheckpointFiles,
        threads: int,
        device: str,
        *,
        precision: str,
        max_tokens: int | None,
        sampling: Mapping[str, float | None],
    ) -> None:
        torch.set_num_threads(threads)
        self.xtts = _load(files).to(device)
        self.device = torch.device(device)
        self.gpt = self.xtts.gpt
        config = self.xtts.config
        chosen: dict[str, Any] = {
            name: config[name] if value is None else value for name, value in sampling.items()
        }
        self.sampling = Sampling(**chosen)
        self.text_tokens = self.xtts.args.gpt_max_text_tokens
        self.limit = min(max_tokens or self.gpt.max_gen_mel_tokens, self.gpt.max_gen_mel_tokens)
        self.precision = _precision(precision, self.device)
        self.clock = _Clock(self.device)
        self._tokens = 0

    def engine(self, mode: str, rows: int) -> Engine:
        """Return the library's own loop for `reference`, ours for the other modes."""
        return _Stock(self) if mode == "reference" else _Batched(self, mode, rows)

    def work(self) -> dict[str, float]:
        """Return tokens decoded and seconds spent, by part; the GPU's own where there is one."""
        return {"tokens": float(self._tokens), **self.clock.seconds()}

    def count(self, tokens: int) -> None:
        """Add audio tokens to the work done."""
        self._tokens += tokens

    def encode(self, text: str, language: str) -> list[int]:
        """Return the text tokens of a piece, prepared as `Xtts.inference` does."""
        ids: list[int] = self.xtts.tokenizer.encode(text.strip().lower(), lang=_base(language))
        return ids

    def characters(self, language: str) -> int:
        """Return how many characters of a language the model speaks well at once."""
        limits: Mapping[str, int] = self.xtts.tokenizer.char_limits
        return limits[_base(language)]

    @torch.inference_mode()
    def condition(
        self, samples: Samples, rate_hz: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], dict[str, Any]]:
        """Return conditioning latents (1, 32, d), speaker embedding (1, 512, 1), and notes.

        As `Xtts.get_conditioning_latents`, but from samples: no file is decoded by the library.
        """
        config = self.xtts.config
        audio = torch.from_numpy(np.ascontiguousarray(samples))[None]
        audio = audio[:, : rate_hz * config.max_ref_len].to(self.device)
        latents = self.xtts.get_gpt_cond_latents(
            audio, rate_hz, config.gpt_cond_len, config.gpt_cond_chunk_len
        )
        embedding = self.xtts.get_speaker_embedding(audio, rate_hz)
        notes = {
            "parameters": sum(p.numel() for p in self.xtts.parameters()),
            "gpt_cond_len_s": config.gpt_cond_len,
            "gpt_cond_chunk_len_s": config.gpt_cond_chunk_len,
            "max_ref_len_s": config.max_ref_len,
        }
        return latents.cpu().numpy(), embedding.cpu().numpy(), notes

    def tensors(self, voice: Voice) -> tuple[Tensor, Tensor]:
        """Return a voice's latents and embedding on the device.

        Raises:
            ModelError: the voice was enrolled with a checkpoint of another size.
        """
        latents, embedding = (
            torch.from_numpy(voice.tensors[name]).to(self.device)
            for name in ("gpt_cond_latent", "speaker_embedding")
        )
        if latents.shape[-1] != self.gpt.model_dim:
            raise ModelError(
                f"The voice was enrolled with a checkpoint of width {latents.shape[-1]}; this one "
                f"has {self.gpt.model_dim}. Enrol it again."
            )
        return latents, embedding

    @torch.inference_mode()
    def sound(self, latents: Tensor, embedding: Tensor, speed: float) -> Samples:
        """Turn latents (1, n, d) into samples, stretched as `Xtts.inference` does for speed."""
        with self.clock.part("vocoder"):
            scale = 1.0 / max(speed, 0.05)
            if scale != 1.0:
                latents = F.interpolate(
                    latents.transpose(1, 2), scale_factor=scale, mode="linear"
                ).transpose(1, 2)
            sound = self.xtts.hifigan_decoder(latents, g=embedding)
            return np.asarray(sound.cpu().squeeze().numpy(), dtype=np.float32)


class _Stock:
    """`Xtts.inference`, a sentence at a time, seeded as a caller of the library would."""

    def __init__(self, model: XttsModel) -> None:
        self._model = model

    def speak(self, voice: Voice, requests: Sequence[Request]) -> Iterator[tuple[int, Samples]]:
        """See Engine."""
        model = self._model
        latents, embedding = model.tensors(voice)
        sampling = model.sampling
        for index, request in enumerate(requests):
            torch.manual_seed(seed_of(request) & SEED_BITS)
            with model.clock.part("decoder"):
                spoken = model.xtts.inference(
                    request.text,
                    request.language,
                    latents,
                    embedding,
                    temperature=sampling.temperature,
                    top_k=sampling.top_k,
                    top_p=sampling.top_p,
                    repetition_penalty=sampling.repetition_penalty,
                    speed=request.speed,
                    max_new_tokens=model.limit,
                )
            model.count(spoken["gpt_latents"].shape[1])
            yield index, np.asarray(spoken["wav"], dtype=np.float32)


class _Batched:
    """Our decoder: pieces side by side, longest first, so that rows end about together."""

    def __init__(self, model: XttsModel, mode: str, rows: int) -> None:
        self._model = model
        _fold_weight_norm(model.xtts.hifigan_decoder.waveform_decoder)
        gpt = model.gpt
        # What enrols a voice and embeds the text stays exact.
        for part in (
            *(gpt.gpt, gpt.final_norm, gpt.mel_head),
            *(gpt.mel_embedding, gpt.mel_pos_embedding),
        ):
            part.to(model.precision)
        self._decoder = TokenDecoder(gpt, model.sampling, rows=rows, mode=mode)

    def speak(self, voice: Voice, requests: Sequence[Request]) -> Iterator[tuple[int, Samples]]:
        """See Engine."""
        model = self._model
        latents, embedding = model.tensors(voice)
        encoded = [model.encode(request.text, request.language) for request in requests]
        for ids in encoded:
            if len(ids) >= model.text_tokens:
                raise SpeechError(f"A piece of {len(ids)} text tokens is too long for XTTS.")
        order = by_length([len(ids) for ids in encoded])
        prompts = (
            Prompt(
                _prefix(model.gpt, latents, encoded[index]),
                seed_of(requests[index]) & SEED_BITS,
                model.limit,
            )
            for index in order
        )
        decoding = self._decoder.decode(prompts)
        while True:
            with model.clock.part("decoder"):
                decoded = next(decoding, None)
            if decoded is None:
                return
            index = order[decoded.index]
            model.count(len(decoded.tokens))
            yield index, model.sound(decoded.latents, embedding, requests[index].speed)


def _prefix(gpt: Any, latents: Tensor, ids: Sequence[int]) -> Tensor:
    """Return what the transformer hears first (1, n, d), as `GPT.compute_embeddings` makes it."""
    text = torch.tensor([[gpt.start_text_token, *ids, gpt.stop_text_token]], device=latents.device)
    embedded = gpt.text_embedding(text) + gpt.text_pos_embedding(text)
    return torch.cat([latents.to(embedded.dtype), embedded], dim=1)


def _base(language: str) -> str:
    return language.lower().partition("-")[0]


def _load(files: CheckpointFiles) -> Any:
    """Load the library's model, quietly, without touching the files."""
    with _quiet():
        from TTS.tts.configs.xtts_config import XttsConfig
        from TTS.tts.models.xtts import Xtts, _legacy_safe_globals

        class ReadOnlyXtts(Xtts):
            """The library rewrites the published model.pth when it loads it; this does not."""

            def _load_checkpoint(self, model_path: Path) -> dict[str, Any]:
                with _legacy_safe_globals():
                    loaded = torch.load(
                        model_path, map_location="cpu", weights_only=True, mmap=True
                    )
                state: dict[str, Any] = dict(loaded["model"])
                return state

        try:
            config = XttsConfig()
            config.load_json(str(files.config))
            model = ReadOnlyXtts(config)
            model.load_checkpoint(
                config,
                checkpoint_path=files.model,
                vocab_path=files.vocabulary,
                speaker_file_path="",
                eval=True,
            )
        except Exception as error:  # the library and torch raise many unrelated types
            lines = str(error).strip().splitlines() or [type(error).__name__]
            raise ModelError(
                f"{files.model} could not be loaded as XTTS with {files.config}: {lines[0]} "
                "Take all three files from one checkpoint."
            ) from error
    model.eval()
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's start-up chatter about its own configs off the log."""
    loggers = [logging.getLogger(name) for name in ("transformers", "TTS")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def _precision(precision: str, device: torch.device) -> torch.dtype:
    if precision == "auto":
        if device.type == "cpu":
            return torch.float32
        modern = torch.cuda.get_device_capability(device) >= AMPERE
        return torch.bfloat16 if modern else torch.float16
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


def _fold_weight_norm(vocoder: Any) -> None:
    """Compute the vocoder's weights once instead of at every call; the same numbers."""
    from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations

    for module in vocoder.modules():
        if is_parametrized(module, "weight"):
            remove_parametrizations(module, "weight")


class _Clock:
    """Seconds by part: as the host sees them, and as the GPU itself was at it.

    GPU seconds lie between two events on its own time line. Within one recorded step there are no
    gaps; in `eager` and `reference` the gaps in which the GPU waits for Python are counted as busy,
    so that the figure is an upper bound there.
    """

    def __init__(self, device: torch.device) -> None:
        self._cuda = device.type == "cuda"
        self._host_s: dict[str, float] = {}
        self._events: list[tuple[Any, Any]] = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure a block."""
        began = time.perf_counter()
        if self._cuda:
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            start.record()
        try:
            yield
        finally:
            if self._cuda:
                end.record()
                self._events.append((start, end))
            elapsed = time.perf_counter() - began
            self._host_s[name] = self._host_s.get(name, 0.0) + elapsed

    def seconds(self) -> dict[str, float]:
        """Return `<part>_s` as the host saw it, and `gpu_busy_s` where there is a GPU."""
        seconds = {f"{name}_s": round(value, 4) for name, value in self._host_s.items()}
        if self._cuda:
            torch.cuda.synchronize()
            busy_ms = sum(start.elapsed_time(end) for start, end in self._events)
            seconds["gpu_busy_s"] = round(busy_ms / 1000, 4)
        return seconds
