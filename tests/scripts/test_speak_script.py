"""The adapter of rule speak_script writes marked speech and its words, or one clear message."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mythmeter.media.audio import read_wav, write_wav
from mythmeter.media.loudness import measure_loudness
from mythmeter.voice.assets import spoken_assets
from mythmeter.voice.equaliser import BINS
from mythmeter.voice.synthesiser import write_voice
from mythmeter.voice.voices.kokoro import read_stock_voices
from mythmeter.voice.voices.kokoro_voice import kokoro_voice
from mythmeter.voice.watermark import THRESHOLD, mark_strength

SCRIPT = "I cost two cents a second. Count them."


@pytest.fixture
def job(tmp_path: Path, models: Callable[[str], Path]) -> SimpleNamespace:
    style = read_stock_voices(models("kokoro_voices"))["bf_emma"][63]
    curve_db = np.linspace(2, -2, BINS).astype(np.float32)
    write_voice(tmp_path / "voice.safetensors", kokoro_voice(style, 1.05, curve_db))
    tone = np.sin(np.arange(48000) * 2 * np.pi * 150 / 24000).astype(np.float32)
    write_wav(tmp_path / "reference.wav", tone * 0.3, 24000)
    names = spoken_assets("kokoro")
    return SimpleNamespace(
        rule="speak_script",
        input=SimpleNamespace(
            voice=str(tmp_path / "voice.safetensors"),
            reference=str(tmp_path / "reference.wav"),
            models=[str(models(name)) for name in names],
            first_takes=[],
        ),
        output=SimpleNamespace(
            speech=str(tmp_path / "out" / "speech.wav"),
            words=str(tmp_path / "out" / "words.json"),
            takes=str(tmp_path / "out" / "takes.json"),
            usage=str(tmp_path / "usage.jsonl"),
        ),
        params=SimpleNamespace(
            assets=names,
            script=SCRIPT,
            language="en-gb",
            synthesiser="kokoro",
            settings={},
            speed=1.0,
            pause_s=0.25,
            lead_s=0.3,
            tail_s=0.4,
            loudness_lufs=-16,
            seed=1,
            takes=2,
            worst_wer=0.2,
            duration_s=5.0,
            speed_limits=[0.8, 1.25],
            device="cpu",
        ),
        wildcards={"render": "demo"},
        threads=1,
        resources=SimpleNamespace(gpu=1),
        log=str(tmp_path / "job.log"),
    )


def run(repository: Path, job: SimpleNamespace) -> None:
    runpy.run_path(str(repository / "scripts" / "speak_script.py"), init_globals={"snakemake": job})


def test_speech_is_marked_checked_and_as_long_and_loud_as_asked(
    job: SimpleNamespace, repository: Path
) -> None:
    run(repository, job)
    samples, rate_hz = read_wav(Path(job.output.speech))
    assert mark_strength(samples, rate_hz) > THRESHOLD
    assert np.abs(samples).max() < 0.95
    assert len(samples) == 5 * 24000
    assert measure_loudness(Path(job.output.speech)).integrated_lufs == pytest.approx(-16, abs=0.5)
    takes = json.loads(Path(job.output.takes).read_text(encoding="utf-8"))
    assert takes["word_error_rate"] < 0.5
    assert [row["text"] for row in takes["sentences"]] == [
        "I cost two cents a second.",
        "Count them.",
    ]
    for row in takes["sentences"]:
        assert row["takes"][row["used"]]["heard"]
        assert all(take["faults"] for take in row["takes"][:-1])
    words = json.loads(Path(job.output.words).read_text(encoding="utf-8"))
    assert words["rate_hz"] == rate_hz == 24000
    assert words["duration_s"] == pytest.approx(len(samples) / rate_hz, abs=1e-3)
    assert words["language"] == "en-gb"
    texts = [word["text"] for sentence in words["sentences"] for word in sentence["words"]]
    assert texts == SCRIPT.split()
    phonemes = [p for s in words["sentences"] for w in s["words"] for p in w["phonemes"]]
    assert set(phonemes[0]) == {"symbol", "start_s", "end_s"}
    assert phonemes[0]["start_s"] >= 0.3
    assert phonemes[-1]["end_s"] <= words["duration_s"] - 0.4
    lines = [json.loads(line) for line in Path(job.output.usage).read_text().splitlines()]
    assert [line["phase"] for line in lines][:3] == ["import", "model_load", "steady"]
    assert lines[2]["backend"] == "kokoro" and lines[2]["work"]["audio_s"] > 2


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"script": "  "}, "The script is empty"),
        ({"language": "ja"}, "language 'ja' is not spoken"),
        ({"speed": 9.0}, "voice.speed must lie in"),
        ({"speed_limits": [1.2, 0.8]}, "voice.speed_limits are"),
        ({"synthesiser": "festival"}, "Known ones: coqui"),
    ],
)
def test_what_cannot_be_spoken_ends_with_one_message_and_no_output(
    job: SimpleNamespace,
    repository: Path,
    capsys: pytest.CaptureFixture[str],
    changed: dict[str, object],
    message: str,
) -> None:
    vars(job.params).update(changed)
    with pytest.raises(SystemExit) as caught:
        run(repository, job)
    assert caught.value.code == 1
    printed = capsys.readouterr().err.strip()
    assert printed.startswith("speak_script (render=demo): ") and message in printed
    assert not Path(job.output.speech).exists() and not Path(job.output.usage).exists()
