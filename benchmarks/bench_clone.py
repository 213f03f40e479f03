"""How like a person the embedded voice gets, and what that costs: `make bench-clone`.

Five speakers of the shared test media are enrolled with `kokoro`. The fitted voice says a sentence
that the fit has not seen and is compared with the person by the d-vector, the encoder that nothing
is optimised for, beside: the best of all 28 English stock voices by that same encoder (a choice
that enrolment cannot make), the person's own two halves (ceiling) and all stock voices (floor).
Last, the real-time factor of speaking. With `--curve 6 24` also other numbers of steps for the
first speaker: similarity for each second of fitting.

Figures (never sound) wait in `results/bench-clone/` for the next run of the same code: a run that
was cut off goes on, and `--speakers` can be measured a few at a time; `--fresh` forgets them.
Research recordings: what is spoken is kept only where `--keep FOLDER` says, to be listened to.
"""

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mythmeter.atomic import replacing
from mythmeter.code_version import code_version
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


class Speaker(NamedTuple):
    """A person, what the voice is fitted to, and other recordings to compare with, if any."""

    name: str
    fitted: tuple[str, ...]
    others: tuple[str, ...] = ()


SPEAKERS = {
    "lj": Speaker(
        "LJ Speech", ("LJ001-0001.wav", "LJ001-0002.wav"), ("LJ001-0003.wav", "LJ001-0004.wav")
    ),
    "man": Speaker("GRID id2", ("grid_id2_vcd_swwp2s.mpg", "grid_pwij3p.mpg")),
    "arctic": Speaker("ARCTIC", ("arctic_a0009.wav",)),
    "bbaf2n": Speaker("GRID bbaf2n", ("grid_bbaf2n.mpg",)),
    "lbbc2a": Speaker("GRID lbbc2a", ("grid_lbbc2a.mpg",)),
}


class Row(NamedTuple):
    """What one enrolment came to, by the d-vector."""

    speech_s: float
    nearest: float
    best: float
    best_name: str
    fitted: float
    ceiling: float
    floor: float
    cpu_s: float
    rtf: float


class Bench:
    """Synthesiser, encoder and stock voices, loaded once."""

    def __init__(self, threads: int, figures: "Figures", keep: Path | None) -> None:
        catalogue = load_catalogue(REPOSITORY / "config" / "models.yaml")
        assets = {}
        for name in enrolment_assets("kokoro"):
            assets[name] = REPOSITORY / "resources" / "models" / catalogue[name].file
            if not assets[name].is_file():
                fetch(catalogue[name], assets[name])
        self.speaker = KokoroSynthesiser(assets, threads, "cpu")
        self.encoder = load_encoder("dvector", assets["dvector"], threads)
        self.keep = keep
        names = [n for n in self.speaker.kokoro.stock_voices() if n.startswith(ENGLISH)]
        self.stock = {n: np.array(figures.of(f"stock {n}", partial(self._stock, n))) for n in names}

    def _stock(self, name: str) -> list[float]:
        """Return the embedding of a stock voice."""
        style = self.speaker.kokoro.style(name)[STYLE_ROW]
        flat = np.zeros(BINS, dtype=np.float32)
        spoken = self._spoken(kokoro_voice(style, 1.0, flat))
        return [float(value) for value in self.encoder.embed(spoken)]

    def _spoken(self, voice: Voice, name: str = "") -> Samples:
        """Say the sentence that no fit has seen; 16 kHz."""
        speech = say(self.speaker, voice, WITNESS_TEXT)
        if self.keep and name:
            write_wav(self.keep / f"{name}.wav", speech.samples, speech.rate_hz)
        return resample(speech.samples, speech.rate_hz, 16000)

    def measure(self, key: str, steps: int) -> Row:
        """Fit a voice and measure it against recordings of the person."""
        speaker = SPEAKERS[key]
        with tempfile.TemporaryDirectory() as scratch:
            reference = clean_reference(sound_of(speaker.fitted, Path(scratch)), shortest_s=1.0)
            own = self.encoder.embed(reference.samples_16k)
            if speaker.others:
                others = clean_reference(sound_of(speaker.others, Path(scratch)))
                person = self.encoder.embed(others.samples_16k)
                ceiling = similarity(own, person)
            else:
                person = own
                first, second = reference.halves_16k()
                ceiling = similarity(self.encoder.embed(first), self.encoder.embed(second))
        if self.keep:
            write_wav(self.keep / f"{key}_person.wav", reference.samples, RATE_HZ)
        began = time.process_time()
        enrolled = self.speaker.enrol(reference, FitSettings(steps, 0.5, 1))
        fitted_at = time.process_time()
        spoken = self._spoken(enrolled.voice, f"{key}_{steps}_steps")
        spoken_s = time.process_time() - fitted_at
        stock = {name: similarity(vector, person) for name, vector in self.stock.items()}
        best = max(stock, key=stock.__getitem__)
        return Row(
            speech_s=reference.speech_s,
            nearest=stock[enrolled.notes["nearest_stock_voice"]],
            best=stock[best],
            best_name=best,
            fitted=similarity(self.encoder.embed(spoken), person),
            ceiling=ceiling,
            floor=float(np.mean(list(stock.values()))),
            cpu_s=fitted_at - began,
            rtf=spoken_s / (len(spoken) / 16000),
        )


class Figures:
    """Figures of earlier runs of the same code, by name, in one JSON file."""

    def __init__(self, *, fresh: bool) -> None:
        sources = (code_version("enrol_voice"), Path(__file__).read_text(encoding="utf-8"))
        version = hashlib.sha256("".join(sources).encode()).hexdigest()[:12]
        self._path = REPOSITORY / "results" / "bench-clone" / f"{version}.json"
        self._known: dict[str, Any] = {}
        if self._path.is_file() and not fresh:
            self._known = json.loads(self._path.read_text(encoding="utf-8"))

    def of(self, name: str, measure: Callable[[], Any]) -> Any:
        """Return a figure, measured only if it is not known."""
        if name not in self._known:
            self._known[name] = measure()
            with replacing(self._path) as part:
                part.write_text(json.dumps(self._known), encoding="utf-8")
        return self._known[name]


def sound_of(names: tuple[str, ...], folder: Path) -> list[Path]:
    """Return 24 kHz WAVs of shared media."""
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


def summary(rows: Mapping[str, Row], steps: int) -> dict[str, Any]:
    """Return the last line."""
    fitted = float(np.mean([row.fitted for row in rows.values()]))
    best = float(np.mean([row.best for row in rows.values()]))
    margins = {SPEAKERS[key].name: row.fitted - row.best for key, row in rows.items()}
    least = min(margins, key=margins.__getitem__)
    return {
        "name": "clone",
        "ours": round(fitted, 3),
        "theirs": round(best, 3),
        "ratio": round(fitted / best, 3),
        "unit": "cosine of d-vectors, mean of speakers",
        "n": len(rows),
        "scope": "theirs: the best of 28 stock voices, chosen by the judging encoder; smallest "
        f"margin {margins[least]:+.3f} ({least}); {steps} steps, "
        f"{np.mean([row.cpu_s for row in rows.values()]):.0f} CPU-s; speaking "
        f"{np.mean([row.rtf for row in rows.values()]):.2f} CPU-s a second",
    }


def main() -> None:
    """Print the figures; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--speakers", nargs="+", choices=SPEAKERS, default=list(SPEAKERS))
    parser.add_argument("--curve", nargs="+", type=int, default=[], metavar="STEPS")
    parser.add_argument("--fresh", action="store_true", help="forget figures of earlier runs")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep what is spoken")
    options = parser.parse_args()
    if not MEDIA.is_dir():
        sys.exit("bench-clone needs the shared test media at ../shared/media.")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    figures = Figures(fresh=options.fresh)
    bench = Bench(options.threads, figures, options.keep)

    def measured(key: str, steps: int) -> Row:
        return Row(*figures.of(f"{key} {steps}", partial(bench.measure, key, steps)))

    print("| speaker | speech | stock, nearest | stock, best | fitted | ceiling | floor | CPU-s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    rows: dict[str, Row] = {}
    for key in options.speakers:
        row = rows[key] = measured(key, options.steps)
        refused = "" if row.speech_s >= SHORTEST_S else ", refused by enrol_voice"
        print(
            f"| {SPEAKERS[key].name} | {row.speech_s:.1f} s{refused} | {row.nearest:.2f} | "
            f"{row.best:.2f} ({row.best_name}) | {row.fitted:.2f} | {row.ceiling:.2f} | "
            f"{row.floor:.2f} | {row.cpu_s:.0f} |",
            flush=True,
        )
    for steps in options.curve:
        row = measured(options.speakers[0], steps)
        gain = row.fitted - row.nearest
        print(
            f"{SPEAKERS[options.speakers[0]].name}, {steps} steps: {row.fitted:.3f} ({gain:+.3f}) "
            f"in {row.cpu_s:.0f} CPU-s, {100 * gain / row.cpu_s:.2f} in 100",
            flush=True,
        )
    print(json.dumps(summary(rows, options.steps)))


if __name__ == "__main__":
    try:
        main()
    except SpeechError as error:
        sys.exit(str(error))
