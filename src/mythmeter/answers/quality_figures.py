"""The scores of a render as figures: grouped, each with unit, n, scope, and its controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mythmeter.answers.figures import number
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.saying import Saying

GROUPS: dict[str, dict[str, str]] = {
    "Lips": {
        "lip_audio_correlation": "mouth and sound",
        "lip_audio_delay": "lip offset",
        "lip_audio_delay_ms": "lip offset in time",
        "length_difference": "sound longer than picture",
    },
    "Whose face": {
        "identity_to_person": "distance to the person",
        "identity_to_performer": "distance to the performer",
        "identity_nearer_person": "nearer to the person",
        "face_resolution": "resolution of the face",
    },
    "Steadiness": {
        "faces_found": "face found",
        "landmark_jitter": "landmark jitter",
        "warp_error": "flicker of the face",
        "warp_error_mouth": "flicker of the mouth",
        "seam_score": "seams at joins of chunks",
        "frames_repeated_at_joins": "frames shown twice at joins",
    },
    "Beyond the face": {
        "change_outside_face": "change outside the mask",
        "psnr_outside_face": "PSNR outside the mask",
    },
    "Voice": {
        "speaker_similarity": "likeness of the voice",
        "word_error_rate": "words understood otherwise",
    },
}
"""Metric of `score_render` -> its label, by the heading that it stands under."""

FURTHER = "Further"


@dataclass(frozen=True)
class Figure:
    """One score of one render."""

    render: str
    name: str
    label: str
    value: Quantity
    controls: Mapping[str, Quantity]
    method: str


def figures_of(
    render: str, scores: Mapping[str, Any], source: str, scope: str
) -> dict[str, list[Figure]]:
    """Return the figures of a render by heading; a metric that no heading lists comes last.

    Args:
        render: its name.
        scores: its JSON, as `score_render` writes it.
        source: where that lies, below the results.
        scope: what was measured.

    Raises:
        UnfoundedError: a score without unit, n or a reason.
    """
    metrics = scores["metrics"]
    listed = {name for names in GROUPS.values() for name in names}
    further = {name: name.replace("_", " ") for name in metrics if name not in listed}
    groups = {
        heading: [
            _figure(render, name, label, metrics[name], source, scope)
            for name, label in names.items()
            if name in metrics
        ]
        for heading, names in {**GROUPS, FURTHER: further}.items()
    }
    return {heading: figures for heading, figures in groups.items() if figures}


def _figure(
    render: str, name: str, label: str, metric: Mapping[str, Any], source: str, scope: str
) -> Figure:
    unit = metric["unit"]
    controls = {
        control: _quantity(
            value,
            _unit_of(control, unit),
            metric["control_n"][control],
            source,
            "control, see how",
            metric["control_reasons"].get(control),
        )
        for control, value in metric["controls"].items()
    }
    value = _quantity(metric["value"], unit, metric["n"], source, scope, metric["reason"])
    return Figure(render, name, label, value, controls, metric["method"])


def _unit_of(control: str, unit: str) -> str:
    """Controls have the unit of their metric, but for correlations beside an offset."""
    return "r" if control in ("r_at_this_delay", "peak_over_median_r") else unit


def _quantity(
    value: float | None, unit: str, n: int, source: str, scope: str, reason: str | None
) -> Quantity:
    if value is None:
        return Quantity.missing(unit, reason or "not measured", source, scope)
    return Quantity(value, unit, n, source, scope, reason="one render, so no spread")


def figures_table(figures: Sequence[Figure]) -> pd.DataFrame:
    """Return a row for every value and every control."""
    rows = []
    for figure in figures:
        for control, quantity in {"": figure.value, **figure.controls}.items():
            missing = quantity.value is None
            rows.append(
                {
                    "render": figure.render,
                    "metric": figure.name,
                    "control": control or None,
                    "value": quantity.value,
                    "unit": quantity.unit,
                    "n": quantity.n,
                    "scope": quantity.scope,
                    "source": quantity.source,
                    "reason": quantity.reason if missing else None,
                    "method": figure.method,
                }
            )
    return pd.DataFrame(rows).astype({"value": "float64", "n": "int64"})


def figure_text(quantity: Quantity) -> str:
    """Write a number without its unit, which has a column of its own; a reason where it is null."""
    if quantity.value is None:
        return f"none: {quantity.reason}"
    if float(quantity.value).is_integer():
        return f"{quantity.value:,.0f}"
    return number(quantity.value)


def headline(renders: Mapping[str, Mapping[str, Figure]]) -> str:
    """The first sentences of the page, from the numbers alone."""
    synced = sum(_beats_its_shifts(figures) for figures in renders.values())
    nearer = sum(_is_the_person(figures) for figures in renders.values())
    return (
        f"Lips that follow the sound better than any shift of it: {synced} of {len(renders)} "
        f"render{'' if len(renders) == 1 else 's'}. The person and not the performer in at least "
        f"nine frames of ten: {nearer} of {len(renders)}."
    )


def summary(figures: Mapping[str, Figure]) -> Saying:
    """Sync, offset, identity and flicker of one render in a paragraph, each beside its control."""
    parts = [
        (
            "lip_audio_correlation",
            "Mouth and sound correlate at {0}",
            ("shifted_mean", "original_clip"),
        ),
        ("lip_audio_delay_ms", "lip offset {0}, positive is late", ("original_clip",)),
        ("identity_to_person", "the face lies {0} from the person", ("untouched_footage",)),
        ("warp_error", "it flickers by {0}", ("untouched_footage",)),
    ]
    text, quantities = [], {}
    for name, phrase, controls in parts:
        figure = figures.get(name)
        if figure is None:
            continue
        quantities[name] = figure.value
        known = {
            f"{name}_{control}": figure.controls[control]
            for control in controls
            if figure.controls.get(control) and figure.controls[control].value is not None
        }
        beside = ", ".join(
            f"{key.removeprefix(name + '_').replace('_', ' ')}: {{{key}}}" for key in known
        )
        quantities |= known
        text.append(phrase.replace("{0}", f"{{{name}}}") + (f" ({beside})" if beside else ""))
    return Saying("; ".join(text) + ".", quantities)


def _beats_its_shifts(figures: Mapping[str, Figure]) -> bool:
    sync = figures["lip_audio_correlation"]
    shifted = sync.controls.get("shifted_highest")
    if sync.value.value is None or shifted is None or shifted.value is None:
        return False
    return sync.value.value > shifted.value


def _is_the_person(figures: Mapping[str, Figure]) -> bool:
    share = figures["identity_nearer_person"].value.value
    return share is not None and share >= 0.9
