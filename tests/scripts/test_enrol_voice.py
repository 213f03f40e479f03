"""The adapter of rule enrol_voice writes a voice, its reference and its report."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mythmeter.media.audio import read_wav, write_wav
from mythmeter.voice import enrol
from mythmeter.voice.assets import enrolment_assets
from mythmeter.voice.synthesiser import read_voice
from mythmeter.voice.voices import kokoro_voice
from mythmeter.voice.voices.kokoro import Kokoro


@pytest.fixture
def job(
    tmp_path: Path, models: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    monkeypatch.setattr(kokoro_voice, "CANDIDATES", 2)
    monkeypatch.setattr(kokoro_voice, "ENGLISH", ("bf_", "bm_"))
    monkeypatch.setattr(enrol, "WITNESS_TEXT", "The harbour was quiet.")
    recording = tmp_path / "ada.talk" / "speech_24k.wav"
    names = enrolment_assets("kokoro")
    return SimpleNamespace(
        rule="enrol_voice",
        input=SimpleNamespace(
            recordings=[str(recording)], models=[str(models(name)) for name in names]
        ),
        output=SimpleNamespace(
            voice=str(tmp_path / "out" / "voice.safetensors"),
            reference=str(tmp_path / "out" / "reference.wav"),
            enrolment=str(tmp_path / "out" / "enrolment.json"),
            usage=str(tmp_path / "usage.jsonl"),
        ),
        params=SimpleNamespace(
            assets=names,
            synthesiser="kokoro",
            settings={},
            fit_steps=0,
            equaliser_strength=0.5,
            seed=1,
            device="cpu",
        ),
        wildcards={"person": "ada"},
        threads=1,
        resources=SimpleNamespace(gpu=1),
        log=str(tmp_path / "job.log"),
    )


def run(repository: Path, job: SimpleNamespace) -> None:
    runpy.run_path(str(repository / "scripts" / "enrol_voice.py"), init_globals={"snakemake": job})


def test_a_voice_is_enrolled_and_judged(
    job: SimpleNamespace, repository: Path, models: Callable[[str], Path]
) -> None:
    kokoro = Kokoro(models("kokoro"), models("kokoro_voices"))
    person = kokoro.blend({"am_adam": 1.0, "bm_george": 1.0})
    speech = kokoro.synthesise("Every morning the ferry crosses to the old town.", person)
    path = Path(job.input.recordings[0])
    write_wav(path, speech.samples * 0.5, speech.rate_hz)

    run(repository, job)

    voice = read_voice(Path(job.output.voice), "kokoro")
    assert voice.tensors["style"].shape == (256,)
    assert np.abs(voice.tensors["equaliser_db"]).max() <= 6.0
    reference, rate_hz = read_wav(Path(job.output.reference))
    assert rate_hz == 24000 and len(reference) <= len(speech.samples) + rate_hz
    report = json.loads(Path(job.output.enrolment).read_text(encoding="utf-8"))
    assert report["nearest_stock_voice"][1] == "m"
    assert report["spoken_pitch_hz"] == pytest.approx(report["pitch_hz"], rel=0.04)
    assert set(report["similarity"]) == {"resemblyzer", "campplus", "dvector"}
    for figures in report["similarity"].values():
        assert set(figures) == {"before", "after", "ceiling", "floor_mean", "floor_max"}
    assert report["optimised"] == []
    assert any("speech" in warning for warning in report["warnings"])
    lines = [json.loads(line) for line in Path(job.output.usage).read_text().splitlines()]
    assert {"import", "model_load", "steady"} <= {line["phase"] for line in lines}


@pytest.mark.parametrize("synthesiser", ["kokoro", "xtts"])
@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(5 * 24000), "the sound is silent"),
        (np.sign(np.sin(np.arange(5 * 24000) / 30)), "the sound is clipped"),
        (np.random.default_rng(3).normal(0, 0.1, 5 * 24000), "only 0.0 s of speech"),
    ],
    ids=["silent", "clipped", "too short"],
)
def test_a_bad_reference_is_refused_before_any_model_loads(
    job: SimpleNamespace,
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    synthesiser: str,
    samples: np.ndarray,
    message: str,
) -> None:
    def loaded(*_: object, **__: object) -> None:
        pytest.fail("a model was loaded")

    monkeypatch.setattr(enrol, "load_synthesiser", loaded)
    monkeypatch.setattr(enrol, "load_encoder", loaded)
    job.params.synthesiser = synthesiser
    write_wav(Path(job.input.recordings[0]), samples.astype(np.float32), 24000)
    with pytest.raises(SystemExit) as caught:
        run(repository, job)
    assert caught.value.code == 1
    assert f"ada.talk: {message}" in capsys.readouterr().err
    assert not Path(job.output.voice).exists()
