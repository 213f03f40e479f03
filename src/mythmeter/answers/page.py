"""The report: one HTML page that needs nothing beside it, not even a network."""

import base64
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from mythmeter import __version__
from mythmeter.answers.figures import number, quality_rows, seconds, voice_reach
from mythmeter.answers.outputs import RenderResult, read_json
from mythmeter.atomic import replacing
from mythmeter.provenance.receipt import check_receipt

ROBUSTNESS = Path(__file__).with_name("robustness.json")
"""What benchmarks/bench_marks.py --write measured: the same for every run."""

EMBED_BELOW_BYTES = 24 * 2**20
"""A larger video is linked beside the page instead of being carried inside it."""

TYPES = {
    ".mp4": "video/mp4",
    ".vtt": "text/vtt",
    ".jpg": "image/jpeg",
    ".svg": "image/svg+xml",
}


def data_uri(path: Path) -> str:
    """Return a file as a `data:` address."""
    content = base64.b64encode(path.read_bytes()).decode()
    return f"data:{TYPES[path.suffix]};base64,{content}"


def video_address(path: Path, page: Path) -> str:
    """Embed a short video; link a long one, relative to the page."""
    if path.stat().st_size <= EMBED_BELOW_BYTES:
        return data_uri(path)
    return Path(os.path.relpath(path.resolve(), page.parent.resolve())).as_posix()


def write_page(
    *,
    renders: Sequence[str],
    videos: Sequence[Path],
    captions: Sequence[Path],
    posters: Sequence[Path],
    marks: Sequence[Path],
    quality: Sequence[Path],
    sheets: Sequence[Path],
    consent: Sequence[Path],
    enrolments: Sequence[Path],
    takes: Sequence[Path],
    crops: Sequence[Path],
    verdicts: Sequence[Path],
    charts: Sequence[Path],
    stages: Path,
    prices: Path,
    scope: Path,
    footage: Mapping[str, str],
    template: Path,
    page: Path,
    points: Sequence[tuple[Path, Path]] = (),
    models: Sequence[Mapping[str, str]] = (),
    signing: Path | None = None,
) -> None:
    """Fill the template from the files of a run. The sequences are parallel to `renders`.

    Args:
        points: picture and summary of the 68 landmarks of each clip, where there are any.
        models: `file`, `purpose` and `licence` of what the user supplied.
        signing: folder of our certificate; None: the usual one.

    Raises:
        ProvenanceError: a receipt that we did not write so, or not of the file beside it.
    """
    results = [
        RenderResult(
            name=name,
            video=videos[i],
            captions=captions[i],
            poster=posters[i],
            marks=check_receipt(marks[i], videos[i], signing),
            consent=read_json(consent[i]),
            quality=read_json(quality[i]),
            takes=read_json(takes[i]),
        )
        for i, name in enumerate(renders)
    ]
    facts = read_json(scope)
    table = pd.read_csv(stages)
    text = environment(template.parent).get_template(template.name)
    html = text.render(
        version=__version__,
        headline=headline(table, facts),
        scope=facts,
        results=[_view(result, sheet, page) for result, sheet in zip(results, sheets, strict=True)],
        charts={path.stem: data_uri(path) for path in charts},
        stages=table.to_dict("records"),
        prices=pd.read_csv(prices).to_dict("records"),
        enrolments={path.parent.name: read_json(path) for path in enrolments},
        voice_reach={path.parent.name: voice_reach(read_json(path)) for path in enrolments},
        clips=[
            {"name": crop.parent.name, "sheet": data_uri(crop), "verdict": read_json(verdict)}
            for crop, verdict in zip(crops, verdicts, strict=True)
        ],
        footage=footage,
        points=[
            {"name": summary.parent.name, "sheet": data_uri(sheet), **read_json(summary)}
            for sheet, summary in points
        ],
        models=models,
        robustness=read_json(ROBUSTNESS),
    )
    with replacing(page) as partial:
        partial.write_text(html, encoding="utf-8")


def headline(stages: pd.DataFrame, facts: Mapping[str, Any]) -> str:
    """The first sentence of the page, from the numbers alone."""
    needed = stages[stages["needed"]]
    cpu_s = needed["cpu_s"].sum()
    output_s = facts["output_s"]
    busiest = needed.loc[needed["cpu_s"].idxmax()]
    subject = "One deepfake" if facts["renders"] == 1 else f"{facts['renders']} deepfakes"
    return (
        f"{subject} of {number(output_s)} s took {seconds(cpu_s)} of processor time, "
        f"{number(cpu_s / output_s)} s for each second of video. One GPU slot was enough; it was "
        f"held for {seconds(facts['gpu_slot_s'])}. Most compute went into {busiest['stage']} "
        f"({busiest['cpu_s'] / cpu_s:.0%})."
    )


def _view(result: RenderResult, sheet: Path, page: Path) -> dict[str, Any]:
    return {
        "name": result.name,
        "video": video_address(result.video, page),
        "captions": data_uri(result.captions),
        "poster": data_uri(result.poster),
        "sheet": data_uri(sheet),
        "marks": result.marks,
        "consent": result.consent,
        "quality": quality_rows(result.quality),
        "takes": result.takes,
    }


def environment(folder: Path) -> jinja2.Environment:
    """Templates of a folder, with the filters that write numbers."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number=number, seconds=seconds)
    return environment
