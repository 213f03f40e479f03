"""Which of the people in a clip is meant, as the configuration says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class FaceReference:
    """A picture of the person, or where they are in the clip at one time."""

    picture: Path | None = None
    time_s: float = 0.0
    box: tuple[float, float, float, float] | None = None
    """Left, top, right, bottom, as shares (0–1) of the clip's width and height."""

    @classmethod
    def of_config(cls, entry: Mapping[str, Any] | None) -> Self | None:
        """Read the `face` of a clip; None where the configuration does not say."""
        if entry is None:
            return None
        if entry.get("picture"):
            return cls(picture=Path(entry["picture"]))
        left, top, right, bottom = entry["box"]
        return cls(time_s=float(entry["time_s"]), box=(left, top, right, bottom))

    def __str__(self) -> str:
        if self.picture is not None:
            return f"the face of {self.picture}"
        return f"the face at {self.time_s:g} s in the box {self.box}"
