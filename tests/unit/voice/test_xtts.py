"""XTTS on a tiny random checkpoint in the real format: ours against the library."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from xtts_checkpoint import write_checkpoint

from mythmeter.errors import ConfigError, DeviceError, ModelError, SpeechError
from mythmeter.voice.assets import OWN_FILES
from mythmeter.voice.reference import Reference
from mythmeter.voice.synthesiser import FitSettings, Request, Voice, load_synthesiser
from mythmeter.voice.voices.xtts import XttsSynthesiser, seed_of
from mythmeter.voice.voices.xtts_decoder import Request as Prompt
from mythmeter.voice.voices.xtts_decoder import TokenDecoder

TEXTS = (
    "The harbour was quiet this morning.",
    "A few boats with bright sails had already left for the island, one by one.",
    "Nobody was there.",
)
TOKENS = 10


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("xtts"))


def assets_of(folder: Path) -> dict[str, Path]:
    return {name: folder / file for name, file in OWN_FILES.items()}


def load(folder: Path, **settings: Any) -> XttsSynthesiser:
    settings = {"licences": ["CPML"], "max_tokens": TOKENS, **settings}
    speaker = load_synthesiser("xtts", assets_of(folder), settings=settings)
    assert isinstance(speaker, XttsSynthesiser)
    return speaker


@pytest.fixture(scope="module")
def stock(folder: Path) -> XttsSynthesiser:
    return load(folder, mode="reference")


@pytest.fixture(scope="module")
def ours(folder: Path) -> XttsSynthesiser:
    return load(folder, rows=2)


@pytest.fixture(scope="module")
def voice(stock: XttsSynthesiser) -> Voice:
    noise = np.random.default_rng(1).normal(0, 0.1, 24000 * 6).astype(np.float32)
    enrolled = stock.enrol(Reference(noise, 6.0, ()), FitSettings(0, 0.0, 1))
    assert enrolled.start is None and enrolled.notes["optimised"] == []
    assert len(enrolled.notes["xtts"]["model_sha256"]) == 64
    return enrolled.voice


def requests(**changed: Any) -> list[Request]:
    return [Request(text, "en", **{"seed": 7, **changed}) for text in TEXTS]


def library_sound(stock: XttsSynthesiser, voice: Voice, request: Request) -> np.ndarray:
    """What a user of the library gets, by its own public call."""
    torch.manual_seed(request.seed)
    spoken = stock._model.xtts.inference(
        request.text,
        request.language,
        torch.from_numpy(voice.tensors["gpt_cond_latent"]),
        torch.from_numpy(voice.tensors["speaker_embedding"]),
        temperature=0.75,
        top_k=50,
        top_p=0.85,
        repetition_penalty=5.0,
        speed=request.speed,
        max_new_tokens=TOKENS,
    )
    return np.asarray(spoken["wav"])


@pytest.mark.parametrize("speed", [1.0, 1.2])
def test_reference_mode_is_the_library_bit_for_bit(
    stock: XttsSynthesiser, voice: Voice, speed: float
) -> None:
    request = requests(speed=speed)[0]
    assert np.array_equal(stock.raw(voice, request), library_sound(stock, voice, request))


def test_rows_side_by_side_say_what_the_library_says_one_by_one(
    stock: XttsSynthesiser, ours: XttsSynthesiser, voice: Voice
) -> None:
    wanted = [library_sound(stock, voice, request) for request in requests()]
    spoken = dict(ours._engine.speak(voice, requests()))
    assert sorted(spoken) == [0, 1, 2]
    for index, expected in enumerate(wanted):
        assert spoken[index].shape == expected.shape
        assert np.abs(spoken[index] - expected).max() < 1e-4 * np.abs(expected).max()


def test_one_row_gives_the_tokens_and_latents_of_the_librarys_own_loop_bit_for_bit(
    stock: XttsSynthesiser, voice: Voice
) -> None:
    model = stock._model
    latents, _ = model.tensors(voice)
    ids = torch.tensor([model.encode(TEXTS[0], "en")], dtype=torch.int32)
    prompt = model.gpt.compute_embeddings(latents, ids)
    torch.manual_seed(3)
    loop = model.gpt.get_generator(
        fake_inputs=prompt,
        do_sample=True,
        num_beams=1,
        num_return_sequences=1,
        temperature=0.75,
        top_k=50,
        top_p=0.85,
        repetition_penalty=5.0,
        length_penalty=1.0,
        max_new_tokens=TOKENS,
        output_attentions=False,
        output_hidden_states=True,
        return_dict_in_generate=True,
    )
    tokens, hidden = zip(*loop, strict=True)
    decoder = TokenDecoder(model.gpt, model.sampling, rows=1, mode="eager")
    prefix = model.gpt.gpt_inference.cached_prefix_emb
    (decoded,) = decoder.decode([Prompt(prefix, 3, TOKENS)])
    assert torch.equal(decoded.tokens, torch.cat(tokens))
    assert torch.equal(decoded.latents[0], torch.cat(hidden))


def test_rows_end_apart_move_up_and_make_room(stock: XttsSynthesiser, voice: Voice) -> None:
    """Sentences of different limits through two rows: each is what it is alone."""
    model = stock._model
    latents, _ = model.tensors(voice)
    prefixes = []
    for text in (*TEXTS, TEXTS[0]):
        ids = torch.tensor([model.encode(text, "en")], dtype=torch.int32)
        model.gpt.compute_embeddings(latents, ids)
        prefixes.append(model.gpt.gpt_inference.cached_prefix_emb)
    limits = (9, 2, 5, 1)
    prompts = [Prompt(prefixes[n], 5 + n, limit) for n, limit in enumerate(limits)]
    decoder = TokenDecoder(model.gpt, model.sampling, rows=2, mode="eager")
    together = {d.index: d for d in decoder.decode(prompts)}
    assert decoder.tokens == 17 and decoder.steps < 14
    for index, prompt in enumerate(prompts):
        (alone,) = TokenDecoder(model.gpt, model.sampling, rows=1, mode="eager").decode([prompt])
        assert torch.equal(together[index].tokens, alone.tokens)
        assert torch.allclose(together[index].latents, alone.latents, atol=1e-5)


def test_a_sentence_ends_at_its_stop_token(stock: XttsSynthesiser, voice: Voice) -> None:
    model = stock._model
    latents, _ = model.tensors(voice)
    ids = torch.tensor([model.encode(TEXTS[0], "en")], dtype=torch.int32)
    model.gpt.compute_embeddings(latents, ids)
    bias = model.gpt.mel_head.bias
    before = bias.detach().clone()
    with torch.no_grad():
        bias[model.gpt.stop_audio_token] = 100.0
    try:
        decoder = TokenDecoder(model.gpt, model.sampling, rows=1, mode="eager")
        (decoded,) = decoder.decode([Prompt(model.gpt.gpt_inference.cached_prefix_emb, 1, 8)])
    finally:
        with torch.no_grad():
            bias.copy_(before)
    assert decoded.tokens.tolist() == [model.gpt.stop_audio_token]


def test_takes_come_in_order_trimmed_and_differ_by_seed_and_take(
    ours: XttsSynthesiser, voice: Voice
) -> None:
    first = list(ours.takes(voice, requests()))
    assert [take.sentences[0].text for take in first] == list(TEXTS)
    assert all(take.sentences[0].words == () for take in first)
    assert all(take.rate_hz == 24000 and len(take.samples) > 2400 for take in first)
    again = list(ours.takes(voice, requests()[:1]))
    other = list(ours.takes(voice, requests(take=1)[:1]))
    assert np.allclose(again[0].samples, first[0].samples, atol=1e-5)
    # Far beyond the last bits in which rows side by side differ.
    assert not np.allclose(other[0].samples[:2000], first[0].samples[:2000], atol=1e-3)
    assert seed_of(requests(take=0)[0]) == 7
    assert len({seed_of(requests(take=take)[0]) % 2**32 for take in range(5)}) == 5
    work = ours.work
    assert work["tokens"] >= 5 * TOKENS and work["first_audio_s"] > 0
    assert {"decoder_s", "vocoder_s"} <= set(work) and "gpu_busy_s" not in work


def test_a_graph_step_looks_over_a_rounded_width_and_says_the_same(
    stock: XttsSynthesiser, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a GPU: recording is faked, the masked step that it records is run."""
    model = stock._model
    latents, _ = model.tensors(voice)
    ids = torch.tensor([model.encode(TEXTS[1], "en")], dtype=torch.int32)
    model.gpt.compute_embeddings(latents, ids)
    prompt = Prompt(model.gpt.gpt_inference.cached_prefix_emb, 11, TOKENS)
    (eager,) = TokenDecoder(model.gpt, model.sampling, rows=1, mode="eager").decode([prompt])
    recorded: list[tuple[int, int]] = []

    def record(self: Any, rows: int, width: int) -> Any:
        recorded.append((rows, width))
        decoder = self._decoder
        return SimpleNamespace(replay=lambda: decoder.advance_rows(rows, width, masked=True))

    monkeypatch.setattr("mythmeter.voice.voices.xtts_steps.GraphStep._record", record)
    graphs = TokenDecoder(model.gpt, model.sampling, rows=1, mode="graphs")
    (decoded,) = graphs.decode([prompt])
    assert recorded == [(1, 256)]
    assert torch.equal(decoded.tokens, eager.tokens)
    assert torch.allclose(decoded.latents, eager.latents, atol=1e-5)


def test_half_precision_changes_the_transformer_only(folder: Path, voice: Voice) -> None:
    half = load(folder, precision="bf16", rows=2)
    assert half._model.gpt.mel_head.weight.dtype == torch.bfloat16
    decoder = half._model.xtts.hifigan_decoder
    assert decoder.waveform_decoder.conv_pre.weight.dtype == torch.float32
    assert half._model.gpt.conditioning_encoder.init.weight.dtype == torch.float32
    (take,) = half.takes(voice, requests()[:1])
    assert np.isfinite(take.samples).all()


def test_long_sentences_are_cut_at_pauses_and_short_ones_joined(ours: XttsSynthesiser) -> None:
    clause = "the ferry crosses to the old town and comes back"
    script = f"Yes. No! {', '.join([clause] * 12)}. Dr. Smith paid $5.50."
    pieces = ours.split(script, "en")
    assert " ".join(pieces).split() == script.split()
    assert all(len(piece) <= 250 for piece in pieces)
    assert pieces[0].startswith("Yes. No! the ferry") or pieces[0] == "Yes. No!"
    assert sum(piece.endswith(",") for piece in pieces) >= 2
    german = "Der Hafen war heute früh still. " * 12
    assert all(len(piece) <= 253 for piece in ours.split(german, "de"))


def test_chinese_needs_its_package_and_has_its_own_limit() -> None:
    from mythmeter.voice.pieces import split_pieces

    script = "今天天气很好，我们去海边走走，看看那些船。" * 6
    pieces = split_pieces(script, "zh-cn", lambda piece: len(piece) <= 82)
    assert "".join("".join(pieces).split()) == script
    assert max(map(len, pieces)) <= 82


def test_the_librarys_file_is_not_rewritten(folder: Path, stock: XttsSynthesiser) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.pth",
        "vocab.json",
    ]


def test_a_voice_of_another_width_is_refused(ours: XttsSynthesiser, voice: Voice) -> None:
    tensors: Mapping[str, np.ndarray] = {
        **voice.tensors,
        "gpt_cond_latent": np.zeros((1, 32, 1024), dtype=np.float32),
    }
    with pytest.raises(ModelError, match=r"width 1024.*Enrol it again"):
        list(ours.takes(Voice("xtts", tensors), requests()[:1]))


@pytest.fixture
def no_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if anything heavy is reached: what is refused here is refused before."""
    import mythmeter.voice.voices.xtts_model as heavy

    def reached(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr(heavy, "XttsModel", reached)


@pytest.mark.usefixtures("no_loading")
class TestRefusedBeforeAnythingIsLoaded:
    def test_a_licence_that_is_not_accepted(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COQUI_TOS_AGREED", "1")
        with pytest.raises(ModelError, match=r"non-?commercial|no commercial.*licences: \[CPML\]"):
            load(folder, licences=["MIT"])

    @pytest.mark.parametrize("file", ["config.json", "model.pth", "vocab.json"])
    def test_a_file_that_is_missing(self, tmp_path: Path, folder: Path, file: str) -> None:
        assets = assets_of(folder)
        name = next(name for name, own in OWN_FILES.items() if own == file)
        assets[name] = tmp_path / file
        with pytest.raises(ModelError, match=f"needs {file}, and .*is not there.*voice.xtts"):
            load_synthesiser("xtts", assets, settings={"licences": ["CPML"]})

    def test_a_checksum_that_is_wrong(self, tmp_path: Path, folder: Path) -> None:
        for file in OWN_FILES.values():
            (tmp_path / file).symlink_to(folder / file)
        (tmp_path / "SHA256SUMS").write_text(f"{'0' * 64}  vocab.json\n")
        with pytest.raises(ModelError, match=r"vocab.json is not the file that SHA256SUMS names"):
            load(tmp_path)

    def test_files_that_are_something_else(self, tmp_path: Path, folder: Path) -> None:
        for file in OWN_FILES.values():
            shutil.copy(folder / file, tmp_path) if file != "model.pth" else None
        (tmp_path / "model.pth").write_text("version https://git-lfs.github.com/spec/v1\n")
        with pytest.raises(ModelError, match=r"not a PyTorch checkpoint.*LFS pointer"):
            load(tmp_path)
        (tmp_path / "model.pth").unlink()
        (tmp_path / "model.pth").symlink_to(folder / "model.pth")
        (tmp_path / "config.json").write_text(json.dumps({"model": "vits"}))
        with pytest.raises(ModelError, match="config of a 'vits' model"):
            load(tmp_path)

    def test_settings_out_of_range(self, folder: Path) -> None:
        with pytest.raises(ConfigError, match="mode is 'fast'"):
            load(folder, mode="fast")
        with pytest.raises(DeviceError, match="CUDA graphs"):
            load(folder, mode="graphs")
        with pytest.raises(ConfigError, match="precision 'int3'"):
            load(folder, precision="int3")


def test_weights_of_another_size_are_one_message(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    path = tmp_path / "other" / "config.json"
    config = json.loads(path.read_text())
    config["model_args"]["gpt_layers"] = 3
    path.write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"could not be loaded as XTTS.*one checkpoint"):
        load(tmp_path / "other")


def test_languages_are_those_of_the_model(ours: XttsSynthesiser) -> None:
    with pytest.raises(SpeechError, match="'sv' is not spoken"):
        ours.split("Hamnen var stilla.", "sv")
    with pytest.raises(SpeechError, match="needs the Python package cutlet"):
        ours.split("港は静かだった。", "ja")
    with pytest.raises(SpeechError, match="it has no words"):
        ours.split("…", "en")
