"""Which fetched files each synthesiser needs. Nothing heavy is imported: rules read it."""

from collections.abc import Mapping

from mythmeter.voice.languages import check_synthesiser

SPEAKING: Mapping[str, tuple[str, ...]] = {"kokoro": ("kokoro", "kokoro_voices")}
"""Synthesiser -> names in the model catalogue of what it needs to speak."""

LISTENING = ("whisper",)
"""What checks speech as it is spoken."""

JUDGING = ("campplus", "dvector")
"""Speaker encoders that say how like an enrolled voice is."""


def speaking_assets(synthesiser: str) -> tuple[str, ...]:
    """Return the names of what a synthesiser needs to speak.

    Raises:
        ConfigError: an unknown synthesiser.
    """
    check_synthesiser(synthesiser)
    return SPEAKING[synthesiser]


def spoken_assets(synthesiser: str) -> tuple[str, ...]:
    """Return the names of what a synthesiser needs to speak a script and have it checked.

    Raises:
        ConfigError: an unknown synthesiser.
    """
    return (*speaking_assets(synthesiser), *LISTENING)


def enrolment_assets(synthesiser: str) -> tuple[str, ...]:
    """Return the names of what a synthesiser needs to enrol a voice and have it judged.

    Raises:
        ConfigError: an unknown synthesiser.
    """
    return (*speaking_assets(synthesiser), *JUDGING)
