"""Adapter of rule score_render."""

from pathlib import Path
from typing import TYPE_CHECKING

from mythmeter.usage.job import run_job

if TYPE_CHECKING:
    from snakemake.iocontainers import snakemake

with run_job(snakemake) as record:
    with record.phase("import"):
        from mythmeter.quality.score import PersonFiles, RenderFiles, Settings, score_render
        from mythmeter.render.label import LabelStyle

    given, wanted, params = snakemake.input, snakemake.output, snakemake.params

    def paths(files):
        """Paths of an input of several files."""
        return [Path(file) for file in files]

    score_render(
        RenderFiles(
            render=Path(given.render),
            consent=Path(given.consent),
            clip=Path(given.clip),
            faces=Path(given.faces),
            verdict=Path(given.verdict),
            source=Path(given.source),
            timeline=Path(given.timeline),
            speech=Path(given.speech),
            words=Path(given.words),
            enrolment=Path(given.enrolment),
        ),
        PersonFiles(
            face_clips=paths(given.person_clips),
            face_tracks=paths(given.person_tracks),
            voice=paths(given.person_voice),
            talking_tracks=paths(given.talking_tracks),
            talking_sounds=paths(given.talking_sounds),
        ),
        Settings(
            every_frames=params.every_frames,
            landmarks=params.landmarks,
            label=LabelStyle.of(params.label),
            crf=params.crf,
            preset=params.preset,
            # No param: limits change no score, so raising them must not score anything again.
            limits_factor=snakemake.config["ingest"]["limits_factor"],
        ),
        models=dict(zip(params.model_names, paths(given.models), strict=True)),
        landmark_models=dict(
            zip(params.landmark_assets, paths(given.landmark_models), strict=True)
        ),
        scores=Path(wanted.scores),
        frames=Path(wanted.frames),
        sheet=Path(wanted.sheet),
        threads=snakemake.threads,
        record=record,
    )
