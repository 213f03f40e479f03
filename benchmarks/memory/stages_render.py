"""Calls of the rules of lips, render, provenance and quality, with the settings of the example."""

from pathlib import Path

from memory.inputs import REPOSITORY, asset
from memory.stages_face import record_of

RENDER = "bench"


def plan_render(given: Path, out: Path) -> None:
    from mythmeter.render.timeline import plan_render

    plan_render(
        given / "speech.wav",
        given / "faces.parquet",
        out / "timeline.parquet",
        start_s=0,
        end_s=None,
        fit="trim",
        chunks=1,
        record=record_of("plan_render"),
    )


def drive_lips(given: Path, out: Path) -> None:
    from mythmeter.lips.drive import DriveSettings, drive_lips

    drive_lips(
        crops=[given / "crops.parquet"],
        heard=[given / "speech_16k.wav"],
        clips=["nobody.a"],
        speech=given / "speech.wav",
        words=given / "words.json",
        timeline=given / "timeline.parquet",
        output=out / "drive.parquet",
        settings=DriveSettings(),
        record=record_of("drive_lips"),
    )


def sync_lips(given: Path, out: Path) -> None:
    from mythmeter.lips.sync import sync_lips

    sync_lips(
        drive=given / "drive.parquet",
        timeline=given / "timeline.parquet",
        swap_video=given / "swap.mkv",
        swap_table=given / "swap.parquet",
        crop_videos=[given / "crops.mkv"],
        crop_tables=[given / "crops.parquet"],
        chunk=1,
        syncer="rewrite",
        output_video=out / "synced.mkv",
        output_table=out / "synced.parquet",
        record=record_of("sync_lips"),
    )


def composite(given: Path, out: Path) -> None:
    from mythmeter.render.composite import Encoding, composite
    from mythmeter.render.label import LabelStyle

    names = {"clip": "clip.mp4", "faces": "faces.parquet", "masks": "masks.mkv"}
    names |= {"timeline": "timeline.parquet", "consent": "receipt.json"}
    composite(
        **{name: given / file for name, file in names.items()},
        crops=given / "synced.mkv",
        crop_table=given / "synced.parquet",
        out=out / "chunk.mp4",
        chunk=1,
        render=RENDER,
        label=LabelStyle(),
        networks=(asset("rivagan_encoder"), asset("rivagan_decoder")),
        encoding=Encoding(crf=18, preset="veryfast"),
        record=record_of("composite"),
    )


def assemble(given: Path, out: Path) -> None:
    from mythmeter.render.assemble import assemble

    assemble(
        chunks=[given / "chunk.mp4"],
        speech=given / "speech.wav",
        words=given / "words.json",
        timeline=given / "timeline.parquet",
        out=out / "assembled.mp4",
        audio_kbps=128,
        record=record_of("assemble"),
    )


def mark_render(given: Path, out: Path) -> None:
    from memory.consent import gate_of
    from mythmeter.provenance.mark import Made, Marked, mark_render
    from mythmeter.render.label import LabelStyle

    clip = given / "clip.mp4"
    words = given / "words.json"
    made = Made(
        clip, [clip], [given / "speech_24k.wav"], given / "speech.wav", words, gate_of(given)
    )
    mark_render(
        given / "assembled.mp4",
        made,
        Marked(out / "signed.mp4", out / "signed.vtt", out / "signed.jpg"),
        render=RENDER,
        label=LabelStyle(),
        backends=["facemesh", "closed_form", "kokoro", "rewrite"],
        catalogue=REPOSITORY / "config" / "models.yaml",
        signing=None,
        record=record_of("mark_render"),
    )


def verify_render(given: Path, out: Path) -> None:
    from mythmeter.provenance.mark import Marked
    from mythmeter.provenance.verify import verify_render

    signed, final = (
        Marked(folder / f"{name}.mp4", folder / f"{name}.vtt", folder / f"{name}.jpg")
        for folder, name in ((given, "signed"), (out, RENDER))
    )
    decoder = asset("rivagan_decoder")
    receipt = out / "receipt.json"
    record = record_of("verify_render")
    verify_render(signed, final, receipt, decoder=decoder, signing=None, record=record)


def score_render(given: Path, out: Path) -> None:
    from mythmeter.faces.landmarks.protocol import assets
    from mythmeter.quality.score import PersonFiles, RenderFiles, Settings, score_render
    from mythmeter.render.label import LabelStyle

    names = ("clip.mp4", "faces.parquet", "verdict.json", "source.mp4", "timeline.parquet")
    clip, faces, verdict, source, timeline = (given / name for name in names)
    files = RenderFiles(
        render=given / "signed.mp4",
        consent=given / "receipt.json",
        clip=clip,
        faces=faces,
        verdict=verdict,
        source=source,
        timeline=timeline,
        speech=given / "speech.wav",
        words=given / "words.json",
        enrolment=given / "enrolment.json",
    )
    sound = given / "speech_16k.wav"
    score_render(
        files,
        PersonFiles([clip], [faces], [sound], [faces], [sound]),
        Settings(8, "facemesh", LabelStyle(), 18, "veryfast"),
        models={name: asset(name) for name in ("dlib_face", "dlib_points", "dvector", "whisper")},
        landmark_models={name: asset(name) for name in assets("facemesh")},
        scores=out / "scores.json",
        frames=out / "frames.parquet",
        sheet=out / "sheet.jpg",
        threads=1,
        record=record_of("score_render"),
    )


def score_swap(given: Path, out: Path) -> None:
    from mythmeter.faces.landmarks.protocol import assets
    from mythmeter.quality.swap_score import SwapFiles, score_swap

    names = ("swap.mkv", "swap.parquet", "clip.mp4", "faces.parquet", "masks.mkv")
    files = SwapFiles(*(given / name for name in names))
    score_swap(
        files,
        [files.clip],
        [files.faces],
        models={name: asset(name) for name in ("dlib_face", "dlib_points")},
        landmarks="facemesh",
        landmark_models={name: asset(name) for name in assets("facemesh")},
        every_frames=8,
        scores=out / "score.json",
        strip=out / "strip.jpg",
        record=record_of("score_swap"),
    )
