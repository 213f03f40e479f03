"""The library's voices of LJ Speech, on random checkpoints in the real format and folders."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coqui_checkpoints import STEPS, write_tacotron2, write_vits

from mythmeter.errors import ModelError, SpeechError
from mythmeter.voice.assets import COQUI_FILES, speaking_assets
from mythmeter.voice.reference import Reference
from mythmeter.voice.speech import Speech
from mythmeter.voice.synthesiser import (
    FitSettings,
    Request,
    Synthesiser,
    Voice,
    load_synthesiser,
    read_voice,
    say,
    write_voice,
)

TACOTRON2 = "coqui:tacotron2-DDC"
VITS = "coqui:vits"
NAMES = [TACOTRON2, VITS]
TEXT = "The harbour was quiet."


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vits(write_tacotron2(tmp_path_factory.mktemp("coqui")))


@pytest.fixture(scope="module")
def speakers(folder: Path) -> dict[str, Synthesiser]:
    return {name: load(name, folder) for name in NAMES}


def load(name: str, folder: Path) -> Synthesiser:
    return load_synthesiser(name, {asset: folder / file for asset, file in COQUI_FILES.items()})


def enrol(speaker: Synthesiser) -> Any:
    noise = np.random.default_rng(1).normal(0, 0.1, 24000 * 4).astype(np.float32)
    return speaker.enrol(Reference(noise, 4.0, ()), FitSettings(10, 1.0, 1))


def speak(speaker: Synthesiser, *texts: str, **changed: Any) -> list[Speech]:
    settings = {"seed": 7, **changed}
    requests = [Request(text, "en", **settings) for text in texts]
    return list(speaker.takes(enrol(speaker).voice, requests))


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_is_sound_and_the_same_for_a_seed(
    speakers: dict[str, Synthesiser], name: str
) -> None:
    speaker = speakers[name]
    (take,) = speak(speaker, TEXT)
    assert take.rate_hz == speaker.rate_hz == 24000
    assert take.samples.dtype == np.float32 and np.isfinite(take.samples).all()
    assert take.duration_s > 0.3 and np.abs(take.samples).max() > 1e-3
    assert take.sentences[0].text == TEXT and take.sentences[0].words == ()
    assert np.array_equal(speak(speaker, TEXT)[0].samples, take.samples)
    long_ago = speak(speaker, "It rained.", TEXT)
    assert np.array_equal(long_ago[1].samples, take.samples)


@pytest.mark.parametrize("name", NAMES)
def test_another_take_sounds_otherwise_and_the_first_comes_back(
    speakers: dict[str, Synthesiser], name: str
) -> None:
    takes = [speak(speakers[name], TEXT, take=take)[0].samples for take in (0, 1, 2, 1, 0)]
    assert np.array_equal(takes[0], takes[4]) and np.array_equal(takes[1], takes[3])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        size = min(len(takes[one]), len(takes[other]))
        change = np.abs(takes[one][:size] - takes[other][:size]).max()
        assert change > 1e-3 * np.abs(takes[0]).max()


@pytest.mark.parametrize("name", NAMES)
def test_two_sentences_come_in_order(speakers: dict[str, Synthesiser], name: str) -> None:
    speaker = speakers[name]
    script = "The harbour was quiet this morning. The ferry cost $3 in May 1984."
    pieces = speaker.split(script, "en")
    assert " ".join(pieces) == script
    first, second = speak(speaker, *pieces, seed=0)
    said = say(speaker, enrol(speaker).voice, script)
    assert [sentence.text for sentence in said.sentences] == pieces
    assert np.array_equal(said.samples[: len(first.samples)], first.samples)
    assert np.array_equal(said.samples[-len(second.samples) :], second.samples)


@pytest.mark.parametrize("name", NAMES)
def test_nobody_is_imitated_whoever_is_enrolled(
    speakers: dict[str, Synthesiser], name: str, tmp_path: Path
) -> None:
    enrolled = enrol(speakers[name])
    assert enrolled.start is None and enrolled.strangers == ()
    assert enrolled.notes["clones"] is False and enrolled.notes["optimised"] == []
    assert enrolled.notes["steps"] == 0 and enrolled.notes["equaliser_strength"] == 0
    assert all(not values.any() for values in enrolled.voice.tensors.values())
    write_voice(tmp_path / "voice.safetensors", enrolled.voice)
    assert read_voice(tmp_path / "voice.safetensors", name).synthesiser == name


@pytest.mark.parametrize("name", NAMES)
def test_what_they_do_not_read_is_refused(speakers: dict[str, Synthesiser], name: str) -> None:
    speaker = speakers[name]
    with pytest.raises(SpeechError, match=r"'de' is not spoken by .*It speaks en \(English"):
        speaker.split("Der Hafen war still.", "de")
    with pytest.raises(SpeechError, match="'de' is not spoken"):
        list(speaker.takes(Voice(name, {}), [Request("Der Hafen.", "de")]))
    with pytest.raises(SpeechError, match="no words"):
        speaker.split("…!", "en")
    with pytest.raises(SpeechError, match="no letters for '今天'"):
        speak(speaker, "今天")


def test_speed_is_the_length_of_vits_and_refused_by_tacotron(
    speakers: dict[str, Synthesiser],
) -> None:
    usual, fast = (speak(speakers[VITS], TEXT, speed=speed)[0] for speed in (1.0, 1.5))
    assert fast.duration_s < 0.85 * usual.duration_s
    assert np.array_equal(speak(speakers[VITS], TEXT)[0].samples, usual.samples)
    model: Any = speakers[VITS]
    assert model._library.tts_model.length_scale == 1.5, "the checkpoint's own pace"
    with pytest.raises(SpeechError, match=r"one speed, not 1\.2.*duration_s"):
        speak(speakers[TACOTRON2], TEXT, speed=1.2)


def test_a_random_tacotron_is_stopped_by_its_config(speakers: dict[str, Synthesiser]) -> None:
    (take,) = speak(speakers[TACOTRON2], TEXT)
    assert take.duration_s <= STEPS * 2 * 256 / 22050 + 0.5


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_says_where_it_goes_and_under_which_licence(
    folder: Path, tmp_path: Path, name: str
) -> None:
    for missing in speaking_assets(name):
        assets = {asset: folder / file for asset, file in COQUI_FILES.items()}
        assets[missing] = tmp_path / COQUI_FILES[missing]
        with pytest.raises(ModelError) as error:
            load_synthesiser(name, assets)
        message = str(error.value)
        assert str(assets[missing]) in message and "\n" not in message
        assert f"tts_models/en/ljspeech/{name.removeprefix('coqui:')} " in message
        assert "Apache-2.0" in message and "voice.coqui.folder" in message


def test_the_folders_are_those_of_the_librarys_own_list() -> None:
    import TTS

    known = json.loads((Path(TTS.__file__).parent / ".models.json").read_text())
    for kind, name in (("tts", "tacotron2-DDC"), ("tts", "vits"), ("vocoder", "hifigan_v2")):
        item = known[f"{kind}_models"]["en"]["ljspeech"][name]
        place = f"{kind}_models--en--ljspeech--{name}"
        assert item["github_rls_url"].endswith(f"/{place}.zip"), "unpacked where its name says"
        assert item["license"] == "apache 2.0"
        assert f"{place}/config.json" in COQUI_FILES.values()
    vocoder = known["tts_models"]["en"]["ljspeech"]["tacotron2-DDC"]["default_vocoder"]
    assert vocoder == "vocoder_models/en/ljspeech/hifigan_v2"


def test_phonemes_without_espeak_are_one_message(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = copy_vits(folder, tmp_path, use_phonemes=True, phonemizer="espeak")
    monkeypatch.setattr("mythmeter.voice.voices.coqui.shutil.which", lambda name: None)
    with pytest.raises(ModelError, match=r"espeak-ng, is not installed \(`apt-get install"):
        load(VITS, tmp_path)
    assert config.is_file()


def test_files_that_are_something_else(tmp_path: Path, folder: Path) -> None:
    config = copy_vits(folder, tmp_path)
    model = tmp_path / COQUI_FILES["coqui_vits_model"]
    model.write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ModelError, match=r"vits could not be loaded .*LFS.*one checkpoint"):
        load(VITS, tmp_path)
    shutil.copy(folder / COQUI_FILES["coqui_tacotron2_config"], config)
    with pytest.raises(ModelError, match="config of a 'tacotron2' model"):
        load(VITS, tmp_path)
    config.write_text("nothing")
    with pytest.raises(ModelError, match="not a config that coqui-tts reads"):
        load(VITS, tmp_path)


def copy_vits(folder: Path, to: Path, **changed: Any) -> Path:
    place = Path(COQUI_FILES["coqui_vits_config"]).parent
    shutil.copytree(folder / place, to / place)
    config = to / COQUI_FILES["coqui_vits_config"]
    config.write_text(json.dumps({**json.loads(config.read_text()), **changed}))
    return config


@pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
def test_phonemes_of_espeak_are_spoken(tmp_path: Path) -> None:
    speaker: Any = load(VITS, write_vits(tmp_path, phonemizer="espeak"))
    tokenizer = speaker._library.tts_model.tokenizer
    ids = tokenizer.text_to_ids("It cost $3.", language="en")
    assert "dˈɑːlɚz" in tokenizer.ids_to_text(ids).replace("<BLNK>", "")
    assert speak(speaker, TEXT)[0].duration_s > 0.3
