"""Licences that a user must accept by name before a synthesiser runs. Light: the config uses it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mythmeter.errors import ModelError


@dataclass(frozen=True)
class Licence:
    """Terms that only the user can accept."""

    name: str
    text: str
    """Where to read them."""
    gist: str


ASKED: Mapping[str, Licence] = {
    "xtts": Licence(
        "CPML",
        "https://tts-hub.github.io/cpml",
        "the Coqui Public Model License: no commercial use of the model or of what it says",
    ),
}
"""Synthesiser -> licence of its weights that must be accepted in `licences` of the config."""


def require_licence(synthesiser: str, accepted: Collection[str]) -> None:
    """Raise ModelError unless the licence that a synthesiser asks for is accepted by name.

    Nothing else counts: no prompt is shown and no environment variable is read or set.
    """
    licence = ASKED.get(synthesiser)
    if licence is not None and licence.name not in accepted:
        raise ModelError(
            f"The weights of {synthesiser} are under {licence.gist}. Read it ({licence.text}); if "
            f"you accept it, write `licences: [{licence.name}]` in the config. The synthesiser "
            "kokoro (Apache-2.0) asks for nothing."
        )
