"""The last step before a render is seen: consent checked again, then signed, with its poster."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from PIL import Image

from mythmeter.media.decode import read_frames
from mythmeter.media.mp4 import Movie, read_movie
from mythmeter.models.catalogue import Asset, load_catalogue
from mythmeter.people.signing import SigningGate
from mythmeter.provenance.c2pa_file import sign_file
from mythmeter.provenance.credits import MARKERS, credited_models, credited_packages
from mythmeter.provenance.keys import Signer, load_signer
from mythmeter.provenance.licences import clip_parts, consent_part, model_parts, summary
from mythmeter.provenance.manifest import (
    Ingredient,
    Statement,
    ingredients,
    poster_manifest,
    video_manifest,
)
from mythmeter.render.captions import cues, read_transcript, write_webvtt
from mythmeter.render.label import LabelStyle, label_text
from mythmeter.render.watermark import METHOD, mark_id
from mythmeter.usage.record import UsageRecord

POSTER_AT = 0.4
"""Where the poster's picture is taken, over the length of the render."""


@dataclass(frozen=True)
class Made:
    """What a render was made from."""

    target: Path
    """The target's `clip.mp4`."""
    faces: Sequence[Path]
    """`clip.mp4` of each clip that shows the person's face."""
    voices: Sequence[Path]
    """Sound of each clip that carries the person's voice."""
    speech: Path
    words: Path
    gate: SigningGate
    """Checks consent again; the receipt of `check_consent` is in it."""
    clips: Sequence[Mapping[str, str]] = ()
    """`id`, `role`, `licence` and `source` of the footage and of the person's clips."""
    ingredients: Sequence[str] = ()
    """Files of the catalogue that a synthetic person was made with."""


@dataclass(frozen=True)
class Marked:
    """What is written: all of it or nothing."""

    video: Path
    captions: Path
    poster: Path


def mark_render(
    assembled: Path,
    made: Made,
    out: Marked,
    *,
    render: str,
    label: LabelStyle,
    backends: Sequence[str],
    catalogue: Path,
    signing: Path | None,
    record: UsageRecord,
    final: Path | None = None,
    now: datetime | None = None,
) -> None:
    """Sign an assembled render and its poster, and write its captions beside it.

    Args:
        assembled: the unsigned file.
        render: its name.
        label: `render.label` of the configuration.
        backends: names of the landmark tracker, swapper, synthesiser and syncer used.
        catalogue: `config/models.yaml`.
        signing: folder of the certificate and key; None: the usual one.
        final: where the video comes to lie once verified, as the ledger of the record names it;
            None: where it is written.
        now: time of signing; None: the clock.

    Raises:
        ConsentError: consent no longer holds, or does not cover so many minutes.
        ProvenanceError: nothing to sign with, or the signing library refuses.
    """
    with record.phase("steady") as work:
        movie = read_movie(assembled)
        when = now or datetime.now(UTC)
        place = final or out.video
        with made.gate.consented(place, movie.video_s, when, written=out.video) as receipt:
            signer = load_signer(signing)
            known = load_catalogue(catalogue)
            models = credited_models([*backends, *MARKERS], known)
            licences = _licences(made, models, known, receipt)
            statement = _statement(render, receipt, label, models, licences, signer, movie)
            transcript = read_transcript(made.words)
            parts = ingredients(made.target, made.faces, made.voices, made.speech)
            sign_file(assembled, out.video, video_manifest(statement, parts), parts, signer)
            _sign_poster(out, movie, statement, signer)
            write_webvtt(out.captions, cues(transcript), transcript.language)
        work["frames"] = movie.frames


def _statement(
    render: str,
    receipt: dict[str, Any],
    style: LabelStyle,
    models: Sequence[dict[str, str]],
    licences: dict[str, Any],
    signer: Signer,
    movie: Movie,
) -> Statement:
    return Statement(
        title=f"{render}.mp4",
        consent={
            "record_id": receipt["record_id"],
            "kind": receipt["kind"],
            "sha256": receipt["record_sha256"],
        },
        label=_label(style, receipt["kind"]),
        watermarks={
            "video": {
                "method": METHOD,
                "payload": mark_id(receipt["record_id"], render),
            },
            "audio": {"method": "Perth", "version": metadata.version("resemble-perth")},
        },
        licences=licences,
        models=models,
        software=credited_packages(),
        certificate=signer.label,
        rate=movie.rate,
        frames=movie.frames,
    )


def _licences(
    made: Made,
    models: Sequence[dict[str, str]],
    known: Mapping[str, Asset],
    receipt: dict[str, Any],
) -> dict[str, Any]:
    """Sum up the licences of everything that went into the render."""
    person = [{"name": name, "licence": known[name].licence} for name in made.ingredients]
    return summary(
        [
            *model_parts(models),
            *clip_parts(made.clips),
            *model_parts(person, role="ingredient of the person"),
            consent_part(receipt),
        ]
    )


def _label(style: LabelStyle, kind: str) -> dict[str, Any]:
    text = label_text(style, kind)
    if text is None:
        return {"off_reason": style.off_reason}
    return {
        "text": text,
        "language": style.language,
        "position": style.position,
        "size": style.size,
    }


def _sign_poster(out: Marked, movie: Movie, statement: Statement, signer: Signer) -> None:
    """Write one picture of the signed render as a signed JPEG."""
    number = int(movie.frames * POSTER_AT)
    picture = next(read_frames(out.video, number, number + 1))
    with tempfile.TemporaryDirectory() as scratch:
        unsigned = Path(scratch) / "poster.jpg"
        Image.fromarray(picture).save(unsigned, quality=90, optimize=True)
        render = Ingredient("render", out.video, "parentOf")
        sign_file(unsigned, out.poster, poster_manifest(statement), [render], signer)
