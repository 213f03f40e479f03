"""Whether the speech can be understood: word error rate by a packaged Whisper."""

import json
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mythmeter.errors import ModelError
from mythmeter.media.audio import Samples
from mythmeter.quality.metric import Metric, not_measured

RATE_HZ = 16000
LANGUAGE = "en"
METHOD = (
    "words wrong (substituted, left out or put in) over words of the script; sound of the finished "
    "file written down by Whisper tiny.en; control: the speech before it was encoded"
)

SPOKEN = {
    "%": " percent",
    "$": " dollar ",
    "£": " pound ",
    "€": " euro ",
    "&": " and ",
    "+": " plus ",
}


class Transcriber:
    """Whisper tiny.en, read from the archive that the catalogue pins, on the CPU."""

    def __init__(self, archive: Path, threads: int = 1) -> None:
        """Load the asset `whisper`.

        Raises:
            ModelError: the archive does not hold the model.
        """
        from faster_whisper import WhisperModel

        try:
            with zipfile.ZipFile(archive) as packed:
                files = {
                    Path(name).name: packed.read(name)
                    for name in packed.namelist()
                    if "/model/" in name and not name.endswith("/")
                }
            self._model = WhisperModel(
                archive.stem, device="cpu", compute_type="int8", cpu_threads=threads, files=files
            )
        except (OSError, RuntimeError, KeyError, zipfile.BadZipFile) as error:
            raise ModelError(f"{archive}: does not hold a Whisper model ({error}).") from error

    def transcribe(self, samples_16k: Samples) -> str:
        """Write down English speech, mono at 16 kHz; nothing is sampled, so it is repeatable."""
        segments, _ = self._model.transcribe(
            np.ascontiguousarray(samples_16k, np.float32),
            language=LANGUAGE,
            beam_size=5,
            temperature=0.0,
            condition_on_previous_text=False,
        )
        return " ".join(segment.text.strip() for segment in segments)


def script_of(words_file: Path) -> tuple[str, str]:
    """Return (language, text) of a `words.json`."""
    words = json.loads(words_file.read_text(encoding="utf-8"))
    return words["language"], " ".join(sentence["text"] for sentence in words["sentences"])


def spoken_words(text: str) -> list[str]:
    """Split a text into lower-case words as they are said: numbers in words, no punctuation.

    "And" is left out, because it comes and goes in spoken numbers.
    """
    from num2words import num2words

    for sign, spoken in SPOKEN.items():
        text = text.replace(sign, spoken)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    text = re.sub(r"\d+(\.\d+)?", lambda found: f" {num2words(found.group())} ", text)
    text = text.lower().replace("’", "'").replace("-", " ").replace("—", " ")
    words = (word.strip("'") for word in re.sub(r"[^\w' ]", " ", text).split())
    return [word for word in words if word and word != "and"]


def word_errors(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Return the least number of words to change, leave out or put in (Levenshtein 1966)."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(wanted, 1):
        diagonal, row[0] = row[0], number
        for column, other in enumerate(heard, 1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


def intelligibility(
    transcriber: Transcriber, language: str, script: str, heard: Samples, spoken: Samples
) -> tuple[Metric, str | None]:
    """Return the word error rate of the finished file, and what Whisper understood.

    Args:
        heard: sound of the finished file at 16 kHz.
        spoken: the speech before it was encoded, at 16 kHz.
    """
    if language.split("-")[0] != LANGUAGE:
        reason = f"the packaged Whisper understands English only, and this is {language!r}"
        return not_measured("share of words", METHOD, reason), None
    wanted = spoken_words(script)
    if not wanted:
        return not_measured("share of words", METHOD, "the script has no words"), None
    text = transcriber.transcribe(heard)
    before = word_errors(wanted, spoken_words(transcriber.transcribe(spoken)))
    errors = word_errors(wanted, spoken_words(text))
    metric = Metric(
        value=errors / len(wanted),
        unit="share of words",
        n=len(wanted),
        method=METHOD,
        controls={"before_encoding": before / len(wanted)},
    )
    return metric, text
