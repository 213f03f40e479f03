"""Rule speak_script: a script in an enrolled voice, checked, fitted to a length, marked, timed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from mythmeter.atomic import replacing, scratch_beside
from mythmeter.errors import ConfigError, SpeechError
from mythmeter.media.loudness import measure_loudness
from mythmeter.usage.record import UsageRecord
from mythmeter.voice.alignment import Aligner
from mythmeter.voice.embeddings.encoder import load_encoder
from mythmeter.voice.languages import check_language
from mythmeter.voice.master import Store, lay_out, timed, write_master
from mythmeter.voice.pace import Pace, fit_pace
from mythmeter.voice.speech import Sentence
from mythmeter.voice.synthesiser import Request, Synthesiser, Voice, load_synthesiser, read_voice
from mythmeter.voice.takes import Checker, Choice, person_16k, speak_checked, understands
from mythmeter.voice.together import Recorded
from mythmeter.voice.transcribe import Transcriber

FITS = 4
"""Times that a script is spoken at most to meet a length: speed changes durations only roughly."""


@dataclass(frozen=True)
class Delivery:
    """How a script is spoken."""

    language: str
    speed: float
    pause_s: float
    """Silence between sentences."""
    lead_s: float
    """Silence before the first word."""
    tail_s: float
    """Silence after the last."""
    loudness_lufs: float
    seed: int
    most_takes: int
    """Of each sentence."""
    worst_wer: float
    """Share of wrong words above which a take is bad."""
    duration_s: float | None = None
    """How long the speech shall last, silence around it included; None: as long as it takes."""
    speed_limits: tuple[float, float] = (0.8, 1.25)
    """Slowest and fastest speed that `duration_s` may lead to."""


@dataclass(frozen=True)
class Outputs:
    """Files of a spoken script; see docs/files.md."""

    speech: Path
    """WAV, 24 kHz mono."""
    words: Path
    takes: Path


def speak_script(
    script: str,
    voice_path: Path,
    reference: Path,
    *,
    synthesiser: str,
    synthesiser_settings: Mapping[str, Any],
    assets: Mapping[str, Path],
    delivery: Delivery,
    outputs: Outputs,
    record: UsageRecord,
    first_takes: Path | None = None,
) -> None:
    """Speak a script and write the marked WAV, its words.json and its takes.json.

    Args:
        script: the text, one or more sentences.
        voice_path: from enrol_voice.
        reference: the person's cleaned reference, likeness to which decides between takes.
        synthesiser: name of the backend.
        synthesiser_settings: its own settings (`settings.settings_of`).
        assets: files by catalogue name; `whisper` is always needed.
        delivery: language, pace, silences, loudness and checks.
        outputs: what is written.
        record: usage record of the job.
        first_takes: from `speak_together`, where all scripts of the person were spoken before.

    Raises:
        SpeechError: an empty script, an unsupported language, nothing that can be said, or a
            duration that cannot be met.
        ConfigError: a speed or silence out of range.
        ModelError: the voice was enrolled for another synthesiser.
        ProvenanceError: the watermark does not read back.
    """
    _check(delivery, synthesiser)
    record.backend = synthesiser
    voice = read_voice(voice_path, synthesiser)
    load = partial(
        load_synthesiser,
        synthesiser,
        assets,
        threads=record.threads,
        device=record.device.kind,
        settings=synthesiser_settings,
    )
    with record.phase("model_load"):
        speaker = Recorded(first_takes, load) if first_takes else load()
        pieces = speaker.split(script, delivery.language)
        transcriber = Transcriber(assets["whisper"], record.threads)
        checker = Checker(
            transcriber,
            load_encoder("resemblyzer", threads=record.threads),
            person_16k(reference),
            delivery.worst_wer,
        )
    with (
        record.phase("steady") as work,
        scratch_beside(outputs.speech) as scratch,
        (scratch / "sentences.f32").open("w+b") as file,
    ):
        spoken = _Performance(speaker, voice, checker, Aligner(transcriber))
        pace, choices, store = spoken.fitted(pieces, delivery, file)
        rate_hz, counted = speaker.rate_hz, getattr(speaker, "work", {})
        # The networks that speak and listen go before the watermark's comes.
        del spoken, speaker, checker, transcriber
        layout = lay_out(store.lengths(), pace, delivery.lead_s, rate_hz)
        write_master(
            outputs.speech,
            store,
            layout,
            rate_hz=rate_hz,
            lufs=delivery.loudness_lufs,
            scratch=scratch,
        )
        sentences = timed(store.sentences, layout, rate_hz)
        duration_s = layout.length / rate_hz
        work["audio_s"] = duration_s
        work["takes"] = sum(len(choice["takes"]) for choice in choices)
        work["phonemes"] = sum(len(word.phonemes) for s in sentences for word in s.words)
        work.update(counted)
    _write(outputs.words, words_table(sentences, rate_hz, duration_s, delivery.language))
    _write(outputs.takes, _takes_table(outputs.speech, choices, pace, delivery))


@dataclass(frozen=True)
class _Performance:
    """Speaks pieces at a pace, or finds the pace that meets a length."""

    speaker: Synthesiser
    voice: Voice
    checker: Checker
    aligner: Aligner

    def fitted(
        self, pieces: list[str], delivery: Delivery, file: Any
    ) -> tuple[Pace, list[dict[str, Any]], Store]:
        pace = Pace(delivery.speed, delivery.pause_s, delivery.tail_s)
        for _ in range(FITS):
            choices, store = self.spoken(pieces, delivery, pace.speed, file)
            if delivery.duration_s is None:
                return pace, choices, store
            wanted = fit_pace(
                pace,
                sum(store.lengths()) / self.speaker.rate_hz,
                len(pieces) - 1,
                sum(len(piece.split()) for piece in pieces),
                lead_s=delivery.lead_s,
                tail_s=delivery.tail_s,
                duration_s=delivery.duration_s,
                speed_limits=delivery.speed_limits,
            )
            if wanted.speed == pace.speed:
                return wanted, choices, store
            pace = wanted
        raise SpeechError(
            f"The script was spoken {FITS} times and still does not last "
            f"{delivery.duration_s:g} s. Change duration_s a little, or leave it out."
        )

    def spoken(
        self, pieces: list[str], delivery: Delivery, speed: float, file: Any
    ) -> tuple[list[dict[str, Any]], Store]:
        """Return what the report says of each sentence, and the sentences that are used."""
        file.seek(0)
        file.truncate()
        store, table = Store(file), []
        requests = [Request(piece, delivery.language, speed, delivery.seed) for piece in pieces]
        chosen = speak_checked(
            self.speaker, self.voice, requests, self.checker, self.aligner, delivery.most_takes
        )
        for choice in chosen:
            store.add(choice.best.speech)
            table.append(_choice_row(choice))
        return table, store


def _choice_row(choice: Choice) -> dict[str, Any]:
    return {
        "text": choice.text,
        "used": choice.best.number,
        "takes": [
            {
                "take": take.number,
                "duration_s": take.speech.duration_s,
                "wrong_words": take.errors,
                "words": take.words,
                "similarity": take.similarity,
                "faults": [asdict(fault) for fault in take.faults],
                "heard": take.heard,
            }
            for take in choice.takes
        ],
    }


def _takes_table(
    speech: Path, choices: list[dict[str, Any]], pace: Pace, delivery: Delivery
) -> dict[str, Any]:
    listened = understands(delivery.language)
    used = [row["takes"][row["used"]] for row in choices]
    wrong = sum(take["wrong_words"] for take in used) if listened else None
    loudness = measure_loudness(speech)
    return {
        "word_error_rate": None if wrong is None else wrong / sum(t["words"] for t in used),
        "not_listened_because": None
        if listened
        else f"the packaged Whisper understands English only, not {delivery.language!r}",
        "most_takes": delivery.most_takes,
        "worst_wer": delivery.worst_wer,
        "pace": {**asdict(pace), "lead_s": delivery.lead_s, "wanted_s": delivery.duration_s},
        "loudness": loudness._asdict(),
        "sentences": choices,
    }


def words_table(
    sentences: tuple[Sentence, ...], rate_hz: int, duration_s: float, language: str
) -> dict[str, Any]:
    """Return what words.json holds: sentences, words and phonemes with their times."""
    return {
        "rate_hz": rate_hz,
        "duration_s": duration_s,
        "language": language,
        "sentences": [asdict(sentence) for sentence in sentences],
    }


def _write(path: Path, table: Mapping[str, Any]) -> None:
    """Write a table as JSON, its numbers to four decimals: times to 0.1 ms."""
    with replacing(path) as partial:
        text = json.dumps(_rounded(table), ensure_ascii=False, indent=1)
        partial.write_text(text + "\n", encoding="utf-8")


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value


def _check(delivery: Delivery, synthesiser: str) -> None:
    check_language(synthesiser, delivery.language)
    if not 0.5 <= delivery.speed <= 2.0:
        raise ConfigError(f"voice.speed must lie in 0.5–2, not {delivery.speed}.")
    slowest, fastest = delivery.speed_limits
    if not 0.5 <= slowest <= fastest <= 2.0:
        raise ConfigError(
            "voice.speed_limits are a slowest and a fastest speed within 0.5–2, not "
            f"{list(delivery.speed_limits)}."
        )
    for key in ("pause_s", "lead_s", "tail_s"):
        if not 0.0 <= getattr(delivery, key) <= 10.0:
            raise ConfigError(f"voice.{key} must lie in 0–10 s, not {getattr(delivery, key)}.")
