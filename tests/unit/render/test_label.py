"""What the visible label says and how it is drawn."""

import numpy as np
import pytest

from mythmeter.errors import ConfigError, MediaError
from mythmeter.render.label import NOTES, TEXTS, LabelStyle, draw_label, label_text

LABEL = "AI-generated: face, voice"


def test_a_consenting_person_gets_the_configured_label() -> None:
    assert label_text(LabelStyle(text=f"  {LABEL} "), "consent") == LABEL


def test_a_synthetic_person_is_said_to_be_one() -> None:
    assert label_text(LabelStyle(), "synthetic") == f"{LABEL} (synthetic person)"


def test_a_render_for_evaluation_says_that_it_is_not_for_publication() -> None:
    text = label_text(LabelStyle(), "corpus-evaluation")
    assert text is not None and text.endswith("evaluation only, not for publication")


@pytest.mark.parametrize("blank", ["", "  \n"])
def test_a_blank_label_is_refused(blank: str) -> None:
    with pytest.raises(ConfigError, match=r"render\.label\.text is blank"):
        label_text(LabelStyle(text=blank), "consent")


def test_characters_that_the_font_lacks_are_named() -> None:
    with pytest.raises(ConfigError, match="字"):
        label_text(LabelStyle(text="AI 字"), "consent")


@pytest.mark.parametrize("size", [(320, 240), (640, 360), (720, 1280), (1920, 1080)])
def test_letters_are_tall_enough_and_the_label_lies_inside_the_picture(
    size: tuple[int, int],
) -> None:
    width, height = size
    label = draw_label(LABEL, width, height)
    rows, columns = label.box
    assert rows.stop < 0.4 * height and columns.stop < width
    inked = np.flatnonzero(label.coverage.max(axis=1) > 0.5)
    assert inked[-1] - inked[0] + 1 >= max(8, 0.03 * min(width, height))


def test_burning_in_touches_nothing_outside_the_plate() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    label = draw_label(LABEL, 320, 240)
    before = frame.copy()
    labelled = label.burn_in(frame)
    outside = np.ones((240, 320), bool)
    outside[label.box] = False
    assert np.array_equal(frame, before)
    assert np.array_equal(labelled[outside], frame[outside])
    assert (labelled[label.box].max(axis=2)[label.coverage == 1] == 255).all()
    assert labelled[label.box][label.coverage == 0].max() <= 0.38 * 255 + 1


def test_the_same_label_is_drawn_alike_every_time() -> None:
    first = draw_label(LABEL, 640, 360).coverage
    draw_label.cache_clear()
    assert np.array_equal(first, draw_label(LABEL, 640, 360).coverage)


def test_a_picture_too_small_for_a_readable_label_is_refused() -> None:
    with pytest.raises(MediaError, match="cannot be read on a picture of 64×48"):
        draw_label(LABEL, 64, 48)


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_says_ai_and_has_its_notes_in_letters_of_the_font(language: str) -> None:
    assert NOTES[language].keys() == NOTES["en"].keys()
    for kind in NOTES[language]:
        text = label_text(LabelStyle(language=language), kind)
        assert (text is not None and {"AI", "IA", "KI"} & set(text.replace("-", " ").split())) or (
            ":" in text and any(word.strip(":") in {"AI", "IA"} for word in text.split())
        )


@pytest.mark.parametrize("position", ["top-left", "top-right", "bottom-left", "bottom-right"])
def test_the_label_stands_in_the_corner_that_was_asked_for(position) -> None:  # type: ignore[no-untyped-def]
    rows, columns = draw_label(LABEL, 640, 360, position).box
    assert (rows.stop < 90) == position.startswith("top") and rows.stop < 360
    assert (columns.start < 20) == position.endswith("left") and columns.stop < 640


def test_larger_letters_make_a_larger_label() -> None:
    small, large = (draw_label(LABEL, 640, 360, "top-left", size) for size in (0.045, 0.09))
    assert large.coverage.size > 3 * small.coverage.size


def test_the_label_is_off_only_for_a_reason_and_never_for_somebody_who_did_not_agree() -> None:
    style = LabelStyle.of({"off_reason": "an exhibition that labels the room"})
    assert label_text(style, "consent") is None
    with pytest.raises(ConfigError, match="cannot be switched off"):
        label_text(style, "corpus-evaluation")
    for reason in ("", "   ", "because"):
        with pytest.raises(ConfigError, match="needs a reason"):
            LabelStyle.of({"off_reason": reason})
