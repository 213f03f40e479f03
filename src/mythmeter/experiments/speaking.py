"""Variants of speech: threads, and a synthesiser kept in memory against one loaded each time."""

from collections.abc import Callable
from typing import ClassVar

from mythmeter.errors import ConfigError
from mythmeter.experiments.bench import Quality
from mythmeter.experiments.files import Material, Scale
from mythmeter.media.audio import resample
from mythmeter.voice.speech import Speech
from mythmeter.voice.synthesiser import Synthesiser, load_synthesiser, read_voice, say
from mythmeter.voice.transcribe import RATE_HZ, Transcriber
from mythmeter.voice.wording import spoken_words, word_errors

SYNTHESISER = "kokoro"


class _Speaking:
    """One text in the person's voice; what a setting changes is up to the family."""

    def __init__(self, material: Material, scale: Scale) -> None:
        self._models, self._text = material.models, scale.text
        self._voice = read_voice(material.voice, SYNTHESISER)
        self._transcriber = Transcriber(material.models["whisper"], scale.threads)
        self._wanted = spoken_words(scale.text)
        self.unit = f"{len(self._wanted)} words by {SYNTHESISER}"

    def load(self, threads: int) -> Synthesiser:
        """Load the synthesiser."""
        return load_synthesiser(SYNTHESISER, self._models, threads=threads)

    def say(self, speaker: Synthesiser) -> Speech:
        """Speak the text."""
        return say(speaker, self._voice, self._text)

    def quality(self, base: Speech, changed: Speech) -> Quality:
        """Words that Whisper understands otherwise."""
        return Quality(
            "word_error_rate",
            "share of words",
            self._error_rate(base),
            self._error_rate(changed),
            f"Whisper tiny.en, {len(self._wanted)} words",
        )

    def _error_rate(self, speech: Speech) -> float:
        heard = self._transcriber.transcribe(resample(speech.samples, speech.rate_hz, RATE_HZ))
        return word_errors(self._wanted, spoken_words(heard)) / len(self._wanted)


class Threads(_Speaking):
    """Settings: processor threads of the synthesiser."""

    def __init__(self, material: Material, scale: Scale) -> None:
        super().__init__(material, scale)
        self._speakers: dict[str, Synthesiser] = {}

    def ready(self, setting: str) -> Callable[[], Speech]:
        """Return the work: the text, spoken by a loaded synthesiser."""
        if setting not in self._speakers:
            self._speakers[setting] = self.load(int(setting))
        return lambda: self.say(self._speakers[setting])


class Loading(_Speaking):
    """Settings: `anew` loads the synthesiser for every text, `kept` has it in memory."""

    settings: ClassVar[tuple[str, ...]] = ("anew", "kept")

    def __init__(self, material: Material, scale: Scale) -> None:
        super().__init__(material, scale)
        self._kept = self.load(threads=1)

    def ready(self, setting: str) -> Callable[[], Speech]:
        """Return the work: the text, spoken."""
        if setting not in self.settings:
            raise ConfigError(f"A variant of loading is `anew` or `kept`, not {setting!r}.")
        if setting == "kept":
            return lambda: self.say(self._kept)
        return lambda: self.say(self.load(threads=1))
