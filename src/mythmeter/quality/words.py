"""Whether the speech can be understood: word error rate by a packaged Whisper."""

import json
from pathlib import Path

from mythmeter.media.long_sound import Sound
from mythmeter.quality.metric import Metric, not_measured
from mythmeter.voice.transcribe import LANGUAGE, Transcriber
from mythmeter.voice.wording import spoken_words, word_errors

METHOD = (
    "words wrong (substituted, left out or put in) over words of the script; sound of the finished "
    "file written down by Whisper tiny.en; control: the speech before it was encoded"
)


def script_of(words_file: Path) -> tuple[str, str]:
    """Return (language, text) of a `words.json`."""
    words = json.loads(words_file.read_text(encoding="utf-8"))
    return words["language"], " ".join(sentence["text"] for sentence in words["sentences"])


def intelligibility(
    transcriber: Transcriber, language: str, script: str, heard: Sound, spoken: Sound
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
