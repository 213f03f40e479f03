"""The adapter of rule score_render, on a pretended render: the person's other clip.

Its picture is the person's, its sound too, and the footage it claims to be is someone else's. So
every score is known beforehand.
"""

import json
import runpy
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

from mythmeter.faces.landmarks.protocol import assets
from mythmeter.faces.track import assets as tracking_assets
from mythmeter.faces.track import track_faces
from mythmeter.media.mux import write_movie
from mythmeter.media.normalise import normalise_clip
from mythmeter.media.speech import extract_audio
from mythmeter.render.timeline import plan, write_timeline
from mythmeter.usage.record import UsageRecord

MODELS = ("dlib_face", "dlib_points", "dvector", "whisper")


def ingest(source: Path, folder: Path, landmark_models: dict[str, Path]) -> Path:
    """Make of a source what the stages before would have made of it."""
    record = UsageRecord("ingest", {})
    normalise_clip(
        source,
        folder / "clip.mp4",
        folder / "verdict.json",
        crf=12,
        max_height=1080,
        keyframe_s=1.0,
        threads=1,
        record=record,
    )
    outputs = {16000: folder / "speech_16k.wav", 24000: folder / "speech_24k.wav"}
    extract_audio(source, outputs, wanted_by=(), record=record)
    track_faces(
        folder / "clip.mp4",
        folder / "faces.parquet",
        verdict=folder / "faces.json",
        landmarks="facemesh",
        models=landmark_models,
        smoothing_frames=5,
        record=record,
    )
    return folder


@pytest.fixture(scope="module")
def scored(
    media: Path,
    models: Callable[[str], Path],
    repository: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> SimpleNamespace:
    folder = tmp_path_factory.mktemp("score")
    names = assets("facemesh")
    landmark_models = {name: models(name) for name in names}
    tracking_models = {name: models(name) for name in tracking_assets("facemesh")}
    person = ingest(media / "grid_id2_vcd_swwp2s.mpg", folder / "person", tracking_models)
    pretended = ingest(media / "grid_pwij3p.mpg", folder / "pretended", tracking_models)
    target = ingest(media / "grid_lrwp9a.mpg", folder / "target", tracking_models)
    rate = Fraction(25)
    timeline = plan(Fraction(3), rate, (0, 75), "trim", 3)
    write_timeline(folder / "timeline.parquet", timeline)
    write_movie(
        folder / "render.mp4",
        [pretended / "clip.mp4"],
        pretended / "speech_24k.wav",
        [],
        rate=rate,
        frames=75,
        audio_kbps=128,
        language="eng",
    )
    (folder / "consent.json").write_text('{"kind": "corpus-evaluation"}')
    (folder / "enrolment.json").write_text("{}")
    sentence = {"text": "Place white in J 3 please.", "words": []}
    (folder / "words.json").write_text(json.dumps({"language": "en", "sentences": [sentence]}))
    snakemake = SimpleNamespace(
        rule="score_render",
        input=SimpleNamespace(
            render=folder / "render.mp4",
            consent=folder / "consent.json",
            clip=target / "clip.mp4",
            faces=target / "faces.parquet",
            verdict=target / "verdict.json",
            source=media / "grid_lrwp9a.mpg",
            timeline=folder / "timeline.parquet",
            speech=pretended / "speech_24k.wav",
            words=folder / "words.json",
            enrolment=folder / "enrolment.json",
            person_clips=[person / "clip.mp4"],
            person_tracks=[person / "faces.parquet"],
            person_voice=[person / "speech_16k.wav"],
            talking_tracks=[person / "faces.parquet"],
            talking_sounds=[person / "speech_16k.wav"],
            models=[models(name) for name in MODELS],
            landmark_models=list(landmark_models.values()),
        ),
        output=SimpleNamespace(
            scores=folder / "quality" / "demo.json",
            frames=folder / "quality" / "demo.parquet",
            sheet=folder / "quality" / "demo.jpg",
            usage=folder / "usage.jsonl",
        ),
        params=SimpleNamespace(
            every_frames=10,
            landmarks="facemesh",
            landmark_assets=names,
            model_names=MODELS,
            label={},
            crf=18,
            preset="veryfast",
        ),
        wildcards={"render": "demo"},
        threads=1,
        resources=SimpleNamespace(),
        config={"ingest": {"limits_factor": 1.0}},
        log=str(folder / "job.log"),
    )
    runpy.run_path(
        str(repository / "scripts" / "score_render.py"), init_globals={"snakemake": snakemake}
    )
    scores = json.loads(snakemake.output.scores.read_text())
    return SimpleNamespace(
        files=snakemake.output,
        metrics=scores["metrics"],
        scores=scores,
        joins=[int(frame) for frame in np.flatnonzero(np.diff(timeline.chunk)) + 1],
    )


def test_the_face_is_the_persons_in_every_frame_and_never_in_the_footage(
    scored: SimpleNamespace,
) -> None:
    nearer = scored.metrics["identity_nearer_person"]
    assert nearer["value"] == 1.0
    assert nearer["controls"]["untouched_footage"] == 0.0
    assert scored.metrics["identity_to_person"]["value"] < 0.35
    assert scored.metrics["identity_to_performer"]["value"] > 0.6


def test_the_voice_is_the_persons_and_the_words_are_understood(scored: SimpleNamespace) -> None:
    assert scored.metrics["speaker_similarity"]["value"] > 0.7
    assert scored.metrics["word_error_rate"]["value"] <= 1 / 6
    assert "please" in scored.scores["transcript"].lower()


def test_real_lips_follow_their_sound_better_than_shifted_sound(scored: SimpleNamespace) -> None:
    lips = scored.metrics["lip_audio_correlation"]
    assert lips["value"] > lips["controls"]["shifted_highest"]
    assert abs(scored.metrics["lip_audio_delay"]["value"]) <= 2


def test_the_original_clip_with_its_own_sound_stands_beside_the_render(
    scored: SimpleNamespace,
) -> None:
    assert scored.metrics["lip_audio_correlation"]["controls"]["original_clip"] > 0.2
    frames, ms = (scored.metrics[f"lip_audio_delay{unit}"]["value"] for unit in ("", "_ms"))
    assert ms == frames * 40
    assert [row["offset_frames"] for row in scored.scores["lip_audio_by_offset"]] == [
        *range(-15, 16)
    ]


def test_another_clip_that_nothing_was_done_to_neither_flickers_nor_shows_a_seam(
    scored: SimpleNamespace,
) -> None:
    for name in ("warp_error", "warp_error_mouth"):
        assert 0 < scored.metrics[name]["value"] < 10, name
        assert 0 < scored.metrics[name]["controls"]["untouched_footage"] < 10, name
    seam = scored.metrics["seam_score"]
    assert seam["n"] == 2
    assert 0.5 < seam["value"] < 2
    assert [row["frame"] for row in scored.scores["joins"]] == scored.joins
    assert len(scored.joins) == 2
    assert scored.metrics["frames_repeated_at_joins"]["value"] == 0


def test_another_picture_is_seen_to_differ_where_nothing_should(scored: SimpleNamespace) -> None:
    change = scored.metrics["change_outside_face"]
    assert change["value"] > 10 * change["controls"]["encoded_again"] > 0


def test_sound_and_picture_are_equally_long(scored: SimpleNamespace) -> None:
    length = scored.metrics["length_difference"]
    assert abs(length["value"]) <= 1
    assert length["controls"] == {"frames_found": 75, "frames_planned": 75}


def test_every_metric_says_how_it_was_measured_and_has_a_value_or_a_reason(
    scored: SimpleNamespace,
) -> None:
    for name, metric in scored.metrics.items():
        assert metric["method"], name
        assert (metric["value"] is None) == (metric["reason"] is not None), name


def test_each_frame_has_a_row_and_sampled_frames_have_distances(scored: SimpleNamespace) -> None:
    table = pq.read_table(scored.files.frames).to_pydict()
    assert table["frame"] == list(range(75))
    measured = [i for i, d in enumerate(table["distance_person"]) if d is not None]
    assert measured == list(range(0, 75, 10))
    assert all(value is not None for value in table["mouth_open"])
    assert scored.files.sheet.stat().st_size > 10_000
    assert scored.files.usage.exists()
