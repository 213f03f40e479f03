"""The visible label: what it says, how it is drawn, and where in the picture it stands."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from mythmeter.errors import ConfigError, MediaError
from mythmeter.media.decode import Frame

Position = Literal["top-left", "top-right", "bottom-left", "bottom-right"]

SMALLEST_TEXT_PX = 10
LARGEST_SHARE = 0.4
"""Share of the picture's height that the label may take; the rest is left for the picture."""

PLATE_OPACITY = 0.62

TEXTS = {
    "en": "AI-generated: face, voice",
    "de": "KI-generiert: Gesicht, Stimme",
    "es": "Generado por IA: rostro, voz",
    "fr": "Généré par IA : visage, voix",
    "it": "Generato con IA: volto, voce",
    "nl": "Door AI gegenereerd: gezicht, stem",
    "pl": "Wygenerowane przez AI: twarz, głos",
    "pt": "Gerado por IA: rosto, voz",
}
"""What the label says in each language, where the configuration gives no text of its own."""

SYNTHETIC, EVALUATION = "synthetic", "corpus-evaluation"
NOTES = {
    "en": {
        SYNTHETIC: "(synthetic person)",
        EVALUATION: "evaluation only, not for publication",
    },
    "de": {
        SYNTHETIC: "(synthetische Person)",
        EVALUATION: "nur zur Auswertung, nicht zur Veröffentlichung",
    },
    "es": {
        SYNTHETIC: "(persona sintética)",
        EVALUATION: "solo para evaluación, no publicar",
    },
    "fr": {
        SYNTHETIC: "(personne synthétique)",
        EVALUATION: "pour évaluation seulement, ne pas publier",
    },
    "it": {
        SYNTHETIC: "(persona sintetica)",
        EVALUATION: "solo per valutazione, non pubblicare",
    },
    "nl": {
        SYNTHETIC: "(synthetische persoon)",
        EVALUATION: "alleen voor evaluatie, niet voor publicatie",
    },
    "pl": {
        SYNTHETIC: "(osoba syntetyczna)",
        EVALUATION: "tylko do oceny, nie do publikacji",
    },
    "pt": {
        SYNTHETIC: "(pessoa sintética)",
        EVALUATION: "apenas para avaliação, não publicar",
    },
}
"""What the label says besides, by the kind of the consent record."""

SHORTEST_REASON = 10


@dataclass(frozen=True)
class LabelStyle:
    """The label as the configuration asks for it: section `render.label`."""

    language: str = "en"
    text: str | None = None
    """None: the text of the language."""
    position: Position = "top-left"
    size: float = 0.045
    """Height of the letters' em over the shorter side of the picture."""
    off_reason: str | None = None
    """Why there is no label; None: there is one. It goes into the signed manifest."""

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "LabelStyle":
        """Build it from the section of the configuration.

        Raises:
            ConfigError: a reason that says nothing.
        """
        style = cls(**settings)
        reason = style.off_reason
        if reason is not None and len(reason.strip()) < SHORTEST_REASON:
            raise ConfigError(
                f"render.label.off_reason is {reason!r}. A render without its label needs a reason "
                f"of {SHORTEST_REASON} characters at least, signed with it; null: labelled."
            )
        return style


def label_text(style: LabelStyle, kind: str) -> str | None:
    """Return what is burnt in: the configured label, and a note where the person is not a real one.

    Args:
        style: `render.label` of the configuration.
        kind: kind of the consent record, from the receipt.

    Returns:
        The text; None where the label is switched off for a reason.

    Raises:
        ConfigError: the label is blank, has characters that its font cannot draw, or is switched
            off for a person who did not agree.
    """
    if style.off_reason is not None:
        if kind == EVALUATION:
            raise ConfigError(
                "render.label.off_reason: the person of this render did not agree to anything "
                "(record of kind corpus-evaluation), so the label cannot be switched off."
            )
        return None
    text = TEXTS[style.language] if style.text is None else style.text
    label = " ".join(text.split())
    if not label:
        raise ConfigError(
            "render.label.text is blank. Every render says that it is made by AI, and what in it: "
            'for example "AI-generated: face, voice".'
        )
    unknown = sorted({c for c in label if c != " " and ord(c) not in _drawable()})
    if unknown:
        raise ConfigError(
            f"render.label.text has characters that DejaVu Sans cannot draw: {' '.join(unknown)}"
        )
    note = NOTES[style.language].get(kind)
    if note is None:
        return label
    return f"{label} {note}" if note.startswith("(") else f"{label}; {note}"


@dataclass(frozen=True)
class Label:
    """A label drawn for one size of picture.

    A burnt-in pixel is `picture × (1 − PLATE_OPACITY) × (1 − text) + 255 × text`: white letters on
    a dark plate, so that it can be read on any background.
    """

    text: str
    left: int
    top: int
    coverage: NDArray[np.float32]
    """(height, width): 1 inside a letter, 0 on the plate."""

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the picture that the label covers."""
        height, width = self.coverage.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)

    def burn_in(self, frame: Frame) -> Frame:
        """Return the frame with the label in it; the rest is untouched."""
        result = frame.copy()
        text = self.coverage[..., None]
        under = frame[self.box].astype(np.float32) * (1 - PLATE_OPACITY)
        result[self.box] = np.round(under * (1 - text) + 255 * text).astype(np.uint8)
        return result


@cache
def draw_label(
    text: str,
    width: int,
    height: int,
    position: Position = "top-left",
    size: float = LabelStyle.size,
) -> Label:
    """Draw a label into a corner of a picture of this size.

    Letters are `size` of the shorter side, at least 10 px; long texts are broken into lines.

    Raises:
        MediaError: the picture is too small for a label that can be read.
    """
    wanted_px = max(SMALLEST_TEXT_PX, round(size * min(width, height)))
    for text_px in range(wanted_px, SMALLEST_TEXT_PX - 1, -1):
        label = _laid_out(text, text_px, width, height, position)
        if label is not None:
            return label
    raise MediaError(
        f'The label "{text}" cannot be read on a picture of {width}×{height}. Use larger footage '
        "or a shorter render.label.text."
    )


def _laid_out(text: str, text_px: int, width: int, height: int, position: Position) -> Label | None:
    """Draw at one size of letters; None where it does not fit."""
    font = label_font(text_px)
    margin, padding = round(0.6 * text_px), round(0.4 * text_px)
    lines = _broken(text, font, width - 2 * (margin + padding))
    if lines is None:
        return None
    ascent, descent = font.getmetrics()
    plate_width = max(round(font.getlength(line)) for line in lines) + 2 * padding
    plate_height = (ascent + descent) * len(lines) + 2 * padding
    if margin + plate_height > LARGEST_SHARE * height:
        return None
    plate = Image.new("L", (plate_width, plate_height), 0)
    pen = ImageDraw.Draw(plate)
    for number, line in enumerate(lines):
        pen.text((padding, padding + number * (ascent + descent)), line, fill=255, font=font)
    left = margin if position.endswith("left") else width - margin - plate_width
    top = margin if position.startswith("top") else height - margin - plate_height
    return Label(text, left, top, np.asarray(plate, np.float32) / np.float32(255))


def label_font(text_px: int) -> ImageFont.FreeTypeFont:
    """Return the label's font at a size of its em in pixels."""
    return ImageFont.truetype(str(_font_file()), text_px, layout_engine=ImageFont.Layout.BASIC)


def _broken(text: str, font: ImageFont.FreeTypeFont, width_px: int) -> list[str] | None:
    """Break a text into lines between words; None where a word alone is too wide."""
    lines: list[str] = []
    for word in text.split():
        if font.getlength(word) > width_px:
            return None
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


@cache
def _font_file() -> Path:
    """DejaVu Sans Bold as Matplotlib ships it: found, not imported, because that takes long."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise MediaError("Matplotlib, whose font draws the label, is missing. Run `make setup`.")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"


@cache
def _drawable() -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(_font_file(), lazy=True) as font:
        return frozenset(font.getBestCmap())
