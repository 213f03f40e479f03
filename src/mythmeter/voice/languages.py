"""Languages that each synthesiser speaks. Light: the config is checked with it."""

from collections.abc import Mapping
from importlib.util import find_spec

from mythmeter.errors import ConfigError, SpeechError

SUPPORTED_LANGUAGES: Mapping[str, Mapping[str, str]] = {
    "kokoro": {
        "en": "English, American pronunciation",
        "en-us": "English, American pronunciation",
        "en-gb": "English, British pronunciation",
    },
    "xtts": {
        **{"en": "English", "es": "Spanish", "fr": "French", "de": "German", "it": "Italian"},
        **{"pt": "Portuguese", "pl": "Polish", "tr": "Turkish", "ru": "Russian", "nl": "Dutch"},
        **{"cs": "Czech", "ar": "Arabic", "zh-cn": "Chinese", "hu": "Hungarian", "ko": "Korean"},
        **{"ja": "Japanese", "hi": "Hindi"},
    },
    "coqui:tacotron2-DDC": {"en": "English, in the voice of LJ Speech"},
    "coqui:vits": {"en": "English, in the voice of LJ Speech"},
}
"""Synthesiser name -> language code (lower case) -> what is spoken."""

EXTRA_PACKAGES: Mapping[tuple[str, str], str] = {
    ("xtts", "zh-cn"): "pypinyin",
    ("xtts", "ja"): "cutlet",
}
"""What a language needs beyond the locked environment."""


def check_synthesiser(name: str) -> None:
    """Raise ConfigError, naming the known ones, if no synthesiser has this name."""
    if name not in SUPPORTED_LANGUAGES:
        known = ", ".join(sorted(SUPPORTED_LANGUAGES))
        raise ConfigError(
            f"voice.synthesiser: there is no synthesiser {name!r}. Known ones: {known}."
        )


def check_language(synthesiser: str, language: str) -> None:
    """Raise SpeechError if the synthesiser does not speak the language; see SUPPORTED_LANGUAGES."""
    check_synthesiser(synthesiser)
    languages = SUPPORTED_LANGUAGES[synthesiser]
    if language.lower() not in languages:
        known = ", ".join(f"{code} ({what})" for code, what in languages.items())
        raise SpeechError(
            f"language {language!r} is not spoken by the synthesiser {synthesiser}. It speaks "
            f"{known}. Set the row's `language` to one of them, or choose another synthesiser."
        )
    package = EXTRA_PACKAGES.get((synthesiser, language.lower()))
    if package and find_spec(package) is None:
        raise SpeechError(
            f"language {language!r} of {synthesiser} needs the Python package {package}, which "
            "Mythmeter's environment does not hold. Install it into .venv."
        )
