"""How like a person the embedded voice gets, and what that costs: `make bench-clone`.

Five speakers of the shared test media are enrolled with `kokoro`. The fitted voice says a sentence
that the fit has not seen and is compared with the person by the d-vector, the encoder that nothing
is optimised for, beside: the best of all 28 English stock voices by that same encoder (a choice
that enrolment cannot make), the person's own two halves (ceiling) and all stock voices (floor).
Then LJ Speech with more and fewer steps: similarity for each second of fitting. Last, the
real-time factor of speaking.

Research recordings: nothing that is spoken here is kept.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mythmeter.errors import SpeechError
from mythmeter.media.audio import Samples, read_wav, resample, write_wav
from mythmeter.media.speech import extract_audio
from mythmeter.models.catalogue import load_catalogue
from mythmeter.models.fetch import fetch
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.assets import enrolment_assets
from mythmeter.voice.embeddings.encoder import load_encoder, similarity
from mythmeter.voice.enrol import WITNESS_TEXT
from mythmeter.voice.equaliser import BINS
from mythmeter.voice.reference import RATE_HZ, SHORTEST_S, clean_reference
from mythmeter.voice.synthesiser import FitSettings, Voice, say
from mythmeter.voice.voices.kokoro_voice import (
    ENGLISH,
    STYLE_ROW,
    KokoroSynthesiser,
    kokoro_voice,
)

REPOSITORY = Path(__file__).parents[1]
MEDIA = REPOSITORY.parent / "shared" / "media"
STEPS = 12
CURVE = (0, 6, 24)


class Speaker(NamedTuple):
    """A person, what the voice is fitted to, and other recordings to compare with, if any."""

    name: str
    fitted: tuple[str, ...]
    others: tuple[str, ...] = ()


SPEAKERS = (
    Speaker(
        "LJ Speech", ("LJ001-0001.wav", "LJ001-0002.wav"), ("LJ001-0003.wav", "LJ001-0004.wav")
    ),
    Speaker("GRID id2", ("grid_id2_vcd_swwp2s.mpg", "grid_pwij3p.mpg")),
    Speaker("ARCTIC", ("arctic_a0009.wav",)),
    Speaker("GRID bbaf2n", ("grid_bbaf2n.mpg",)),
    Speaker("GRID lbbc2a", ("grid_lbbc2a.mpg",)),
)


class Row(NamedTuple):
    """What one enrolment came to, by the d-vector."""

    before: float
    after: float
    cpu_s: float


class Bench:
    """Synthesiser, encoder and stock voices, loaded once."""

    def __init__(self, threads: int) -> None:
        catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
        assets = {}
        for name in enrolment_assets("kokoro"):
            assets[name] = REPOSITORY / "resources" / "models" / catalogue[name].file
            if not assets[name].is_file():
                fetch(catalogue[name], assets[name])
        self.speaker = KokoroSynthesiser(assets, threads, "cpu")
        self.encoder = load_encoder("dvector", assets["dvector"], threads)
        kokoro = self.speaker.kokoro
        flat = np.zeros(BINS, dtype=np.float32)
        self.stock = {
            name: self.encoder.embed(
                self.spoken(kokoro_voice(kokoro.style(name)[STYLE_ROW], 1.0, flat))
            )
            for name in kokoro.stock_voices()
            if name.startswith(ENGLISH)
        }

    def spoken(self, voice: Voice) -> Samples:
        """Say the sentence that no fit has seen; 16 kHz."""
        speech = say(self.speaker, voice, WITNESS_TEXT)
        return resample(speech.samples, speech.rate_hz, 16000)

    def enrol(self, reference, person, steps: int) -> tuple[Row, Voice]:
        """Fit a voice and measure it against an embedding of the person."""
        began = time.process_time()
        enrolled = self.speaker.enrol(reference, FitSettings(steps, 0.5, 1))
        cpu_s = time.process_time() - began
        before, after = (
            similarity(self.encoder.embed(self.spoken(voice)), person)
            for voice in (enrolled.start, enrolled.voice)
        )
        return Row(before, after, cpu_s), enrolled.voice


def sound_of(names: tuple[str, ...], folder: Path) -> list[Path]:
    """Return 24 kHz WAVs of shared media, with half a second of silence around short clips."""
    paths = []
    for name in names:
        path = folder / Path(name).stem / "speech_24k.wav"
        path.parent.mkdir(exist_ok=True)
        if name.endswith(".wav"):
            samples, rate_hz = read_wav(MEDIA / name)
            write_wav(path, resample(samples, rate_hz, RATE_HZ), RATE_HZ)
        else:
            record = UsageRecord("bench", {})
            extract_audio(MEDIA / name, {RATE_HZ: path}, wanted_by=(), record=record)
        paths.append(path)
    return paths


def main() -> None:
    """Print the figures; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-curve", action="store_true", help="leave out other numbers of steps")
    options = parser.parse_args()
    if not MEDIA.is_dir():
        sys.exit("bench-clone needs the shared test media at ../shared/media.")
    bench = Bench(options.threads)
    print("| speaker | speech | stock, nearest | stock, best | fitted | ceiling | floor | CPU-s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    rows: dict[str, Row] = {}
    margins: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for speaker in SPEAKERS:
            wavs = sound_of(speaker.fitted, Path(scratch))
            reference = clean_reference(wavs, shortest_s=1.0)
            own = bench.encoder.embed(reference.samples_16k)
            halves = [bench.encoder.embed(half) for half in reference.halves_16k()]
            ceiling = similarity(*halves)
            person = own
            if speaker.others:
                others = clean_reference(sound_of(speaker.others, Path(scratch)))
                person = bench.encoder.embed(others.samples_16k)
                ceiling = similarity(own, person)
            row, voice = bench.enrol(reference, person, STEPS)
            stock = {name: similarity(vector, person) for name, vector in bench.stock.items()}
            best = max(stock, key=stock.__getitem__)
            rows[speaker.name], margins[speaker.name] = row, row.after - stock[best]
            refused = "" if reference.speech_s >= SHORTEST_S else ", refused by enrol_voice"
            print(
                f"| {speaker.name} | {reference.speech_s:.1f} s{refused} | {row.before:.2f} | "
                f"{stock[best]:.2f} ({best}) | {row.after:.2f} | {ceiling:.2f} | "
                f"{np.mean(list(stock.values())):.2f} | {row.cpu_s:.0f} |",
                flush=True,
            )
            if speaker is SPEAKERS[0]:
                first = (replace(reference), person, voice)
        reference, person, voice = first
        began = time.process_time()
        seconds = say(bench.speaker, voice, WITNESS_TEXT).duration_s
        rtf = (time.process_time() - began) / seconds
        print(f"\nreal-time factor of speaking: {rtf:.2f} CPU-s a second")
        for steps in () if options.no_curve else CURVE:
            row, _ = bench.enrol(reference, person, steps)
            gain = row.after - row.before
            print(
                f"LJ, {steps} steps: {row.after:.3f} (+{gain:.3f}) in {row.cpu_s:.0f} CPU-s, "
                f"{100 * gain / row.cpu_s:.2f} of 100 for each",
                flush=True,
            )
    mean_after = float(np.mean([row.after for row in rows.values()]))
    mean_stock = float(np.mean([row.after - margins[name] for name, row in rows.items()]))
    print(
        json.dumps(
            {
                "name": "clone",
                "ours": round(mean_after, 3),
                "theirs": round(mean_stock, 3),
                "ratio": round(mean_after / mean_stock, 3),
                "unit": "cosine of d-vectors, mean of speakers",
                "n": len(rows),
                "scope": "theirs: the best of 28 stock voices, chosen by the judging encoder; "
                f"smallest margin {min(margins.values()):+.3f}; RTF {rtf:.2f} CPU-s a second; "
                f"{STEPS} steps, {np.mean([row.cpu_s for row in rows.values()]):.0f} CPU-s",
            }
        )
    )


if __name__ == "__main__":
    try:
        main()
    except SpeechError as error:
        sys.exit(str(error))
