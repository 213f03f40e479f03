"""A long script spoken whole by the embedded backend: `make bench-script`.

313 words with abbreviations, numbers, quotes and a sentence of 101 words are spoken, checked and
marked by the function behind rule speak_script, once its longest paragraph and once all of it, each
in a process of its own. Reported: words that Whisper, listening to the finished file as a whole,
understands otherwise; sentences that it does not understand at all; the longest silence at an end;
the checks' share of the time; peak memory of both lengths. The voice is a stock voice's, nobody's.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mythmeter.media.audio import read_wav, resample, write_wav
from mythmeter.models.catalogue import load_catalogue
from mythmeter.usage.record import UsageRecord
from mythmeter.voice import takes
from mythmeter.voice.activity import FRAME_S, sounding_frames
from mythmeter.voice.assets import spoken_assets
from mythmeter.voice.equaliser import BINS
from mythmeter.voice.speak import Delivery, Outputs, speak_script
from mythmeter.voice.synthesiser import say, write_voice
from mythmeter.voice.transcribe import Transcriber
from mythmeter.voice.voices.kokoro_voice import STYLE_ROW, KokoroSynthesiser, kokoro_voice
from mythmeter.voice.wording import edits, spoken_words

REPOSITORY = Path(__file__).parents[1]
SCRIPT = REPOSITORY / "tests" / "unit" / "voice" / "long_script.txt"
VOICE = "bf_emma"


def assets() -> dict[str, Path]:
    """Return the fetched files."""
    catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
    folder = REPOSITORY / "resources" / "models"
    return {name: folder / catalogue[name].file for name in spoken_assets("kokoro")}


def speak(script: str, folder: Path) -> None:
    """Speak a script in this process; the last line says seconds and peak memory."""
    files = assets()
    speaker = KokoroSynthesiser(files, 1, "cpu")
    flat = np.zeros(BINS, dtype=np.float32)
    voice = kokoro_voice(speaker.kokoro.style(VOICE)[STYLE_ROW], 1.0, flat)
    write_voice(folder / "voice.safetensors", voice)
    reference = say(speaker, voice, "The harbour was quiet this morning.")
    write_wav(folder / "reference.wav", reference.samples, reference.rate_hz)
    del speaker
    checks = _timed_checks()
    began = time.process_time()
    speak_script(
        script,
        folder / "voice.safetensors",
        folder / "reference.wav",
        synthesiser="kokoro",
        synthesiser_settings={},
        assets=files,
        delivery=Delivery("en-gb", 1.0, 0.25, 0.3, 0.4, -16.0, 1, 3, 0.2),
        outputs=Outputs(folder / "speech.wav", folder / "words.json", folder / "takes.json"),
        record=UsageRecord("bench_script", {}),
    )
    figures = {
        "cpu_s": time.process_time() - began,
        "check_cpu_s": checks["cpu_s"],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(figures))


def _timed_checks() -> dict[str, float]:
    """Count the processor time of every check."""
    spent = {"cpu_s": 0.0}
    check = takes.Checker.check

    def counted(self: takes.Checker, *given: object) -> takes.Take:
        began = time.process_time()
        found = check(self, *given)
        spent["cpu_s"] += time.process_time() - began
        return found

    takes.Checker.check = counted
    return spent


def in_process(script: str, folder: Path) -> dict[str, float]:
    """Speak in a fresh process."""
    folder.mkdir()
    (folder / "script.txt").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def unheard(folder: Path, heard: list[str]) -> list[str]:
    """Return the sentences of which less than half of the words were understood."""
    sentences = json.loads((folder / "words.json").read_text())["sentences"]
    owners = [i for i, s in enumerate(sentences) for _ in spoken_words(s["text"])]
    steps = edits([w for s in sentences for w in spoken_words(s["text"])], heard)
    right = np.zeros(len(sentences))
    position = 0
    for step in steps:
        if step.kind != "added":
            right[owners[position]] += step.kind == "same"
            position += 1
    share = right / np.bincount(owners, minlength=len(sentences))
    return [s["text"] for s, part in zip(sentences, share, strict=True) if part < 0.5]


def main() -> None:
    """Print the figures; the last line is one JSON object."""
    script = SCRIPT.read_text(encoding="utf-8")
    paragraph = max(script.split("\n\n"), key=lambda text: max(map(len, text.split("."))))
    with tempfile.TemporaryDirectory() as scratch:
        short = in_process(paragraph, Path(scratch) / "short")
        folder = Path(scratch) / "whole"
        whole = in_process(script, folder)
        samples, rate_hz = read_wav(folder / "speech.wav")
        speech = resample(samples, rate_hz, 16000)
        text = Transcriber(assets()["whisper"]).transcribe(speech)
        table = json.loads((folder / "takes.json").read_text())
        wanted, heard = spoken_words(script), spoken_words(text)
        wrong = sum(step.kind != "same" for step in edits(wanted, heard))
        missing = unheard(folder, heard)
        sounding = np.flatnonzero(sounding_frames(speech, 16000))
        tail_s = len(speech) / 16000 - (sounding[-1] + 1) * FRAME_S
        duration_s = len(samples) / rate_hz
    again = [row for row in table["sentences"] if len(row["takes"]) > 1]
    print(text)
    print(f"words: {len(wanted)}, wrong {wrong} ({wrong / len(wanted):.1%})")
    print(f"pieces: {len(table['sentences'])}, not understood: {missing or 'none'}")
    for row in again:
        faults = [[f["kind"] for f in take["faults"]] for take in row["takes"]]
        print(f"spoken again: {row['text'][:60]!r} {faults}, used {row['used']}")
    print(f"speech: {duration_s:.1f} s, silence at its end {tail_s:.2f} s, {table['loudness']}")
    print(f"CPU: {whole['cpu_s']:.0f} s, of which checks {whole['check_cpu_s']:.1f} s")
    print(f"peak: {short['peak_mb']:.0f} MB for one paragraph, {whole['peak_mb']:.0f} MB for all")
    print(
        json.dumps(
            {
                "name": "script",
                "ours": round(wrong / len(wanted), 4),
                "theirs": 0.10,
                "ratio": round(0.10 / max(wrong / len(wanted), 1e-4), 2),
                "unit": "share of words understood otherwise; theirs is the limit that we set",
                "n": len(wanted),
                "scope": f"{duration_s:.0f} s by kokoro ({VOICE}); {len(missing)} sentences not "
                f"understood; {len(again)} spoken again; peak {whole['peak_mb']:.0f} MB against "
                f"{short['peak_mb']:.0f} MB for a third of it; RTF "
                f"{whole['cpu_s'] / duration_s:.2f} CPU-s a second, checks "
                f"{whole['check_cpu_s'] / duration_s:.2f}",
            }
        )
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        place = Path(sys.argv[1])
        speak((place / "script.txt").read_text(encoding="utf-8"), place)
    else:
        main()
