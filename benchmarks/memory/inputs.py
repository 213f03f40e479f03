"""Files of a stage at any length: those of the short run, repeated without working them out again.

Pictures and sound are copied packet by packet, tables and timings get their numbers shifted. So an
hour of a stage's input costs seconds, and the stage itself runs on all of it.
"""

import json
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
RATE = 25
SIZE = "320:180"
"""Small enough that an hour can be worked through, large enough that the face is found."""


def asset(name: str) -> Path:
    """A file of the catalogue, fetched when missing."""
    from mythmeter.models.catalogue import load_catalogue
    from mythmeter.models.fetch import fetch

    entry = load_catalogue(REPOSITORY / "config" / "models.yaml")[name]
    path = REPOSITORY / "resources" / "models" / entry.file
    if not path.is_file():
        fetch(entry, path)
    return path


def ffmpeg(*arguments: str) -> None:
    """Run the packaged FFmpeg."""
    import imageio_ffmpeg

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-nostdin"]
    subprocess.run([*command, *arguments], check=True)


def make_source(out: Path, speech: Path, seconds: float, scratch: Path) -> None:
    """Loop the example's footage, made small once, with speech for its sound."""
    small, sound = scratch / "small.mp4", scratch / "sound.m4a"
    if not small.exists():
        filters = ("-vf", f"scale={SIZE},fps={RATE}", "-an", "-c:v", "libx264", "-crf", "18")
        ffmpeg("-i", str(asset("langer")), *filters, "-preset", "veryfast", str(small))
    if not sound.exists():
        ffmpeg("-i", str(speech), "-c:a", "aac", "-b:a", "96k", str(sound))
    loop = ("-stream_loop", "-1")
    given = (*loop, "-i", str(small), *loop, "-i", str(sound), "-map", "0:v", "-map", "1:a")
    ffmpeg(*given, "-c", "copy", "-t", f"{seconds:g}", str(out))


def repeat(source: Path, out: Path, times: int) -> None:
    """Write a file of the short run so many times over; nothing else is changed."""
    if source.suffix in (".mp4", ".mkv"):
        ffmpeg("-stream_loop", str(times - 1), "-i", str(source), "-c", "copy", str(out))
    elif source.suffix == ".parquet":
        repeat_table(source, out, times)
    elif source.suffix == ".wav":
        repeat_sound(source, out, times)
    elif source.name == "words.json":
        repeat_words(source, out, times)
    else:
        out.write_bytes(source.read_bytes())


def cut(source: Path, out: Path, seconds: float) -> None:
    """Write the first whole seconds of a file of the short run: for rules too slow for more."""
    frames = round(seconds * RATE)
    if source.suffix in (".mp4", ".mkv"):
        ffmpeg("-i", str(source), "-frames:v", str(frames), "-c", "copy", str(out))
    elif source.suffix == ".parquet":
        import pyarrow.parquet as pq

        table = pq.read_table(source).slice(0, frames)
        metadata = dict(table.schema.metadata)
        if b"frames" in metadata:
            metadata[b"frames"] = str(frames).encode()
        pq.write_table(table.replace_schema_metadata(metadata), out, row_group_size=256)
    elif source.suffix == ".wav":
        import soundfile

        samples, rate_hz = soundfile.read(source, dtype="int16")
        soundfile.write(out, samples[: round(seconds * rate_hz)], rate_hz, subtype="PCM_16")
    elif source.name == "words.json":
        content = json.loads(source.read_text(encoding="utf-8"))
        content["sentences"] = [s for s in content["sentences"] if s["end_s"] <= seconds]
        content["duration_s"] = seconds
        out.write_text(json.dumps(content), encoding="utf-8")
    else:
        out.write_bytes(source.read_bytes())


def repeat_table(source: Path, out: Path, times: int) -> None:
    """Repeat a table of frames, its frame numbers and spans counted on."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(source)
    metadata = dict(table.schema.metadata)
    if b"frames" in metadata:
        metadata[b"frames"] = str(len(table) * times).encode()
    steps = {"frame": len(table), "identity_frame": len(table)}
    steps["span"] = (pc.max(table["span"]).as_py() or 0) + 1 if "span" in table.column_names else 0
    schema = table.schema.with_metadata(metadata)
    with pq.ParquetWriter(out, schema, compression="zstd", use_dictionary=False) as writer:
        for turn in range(times):
            moved = table
            for name in steps.keys() & set(table.column_names):
                at = moved.column_names.index(name)
                values = pc.add(moved[name], pa.scalar(turn * steps[name], moved[name].type))
                moved = moved.set_column(at, schema.field(name), values)
            writer.write_table(moved.cast(schema), row_group_size=256)


def repeat_sound(source: Path, out: Path, times: int) -> None:
    """Repeat a WAV file."""
    import soundfile

    samples, rate_hz = soundfile.read(source, dtype="int16")
    with soundfile.SoundFile(out, "w", rate_hz, 1, subtype="PCM_16") as wav:
        for _ in range(times):
            wav.write(samples)


def repeat_words(source: Path, out: Path, times: int) -> None:
    """Repeat the timings of a speech."""
    content = json.loads(source.read_text(encoding="utf-8"))
    lasts_s = content["duration_s"]
    sentences = [
        _moved(sentence, turn * lasts_s)
        for turn in range(times)
        for sentence in content["sentences"]
    ]
    content |= {"duration_s": lasts_s * times, "sentences": sentences}
    out.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _moved(item: object, by_s: float) -> object:
    if isinstance(item, dict):
        times = ("start_s", "end_s")
        return {k: round(v + by_s, 4) if k in times else _moved(v, by_s) for k, v in item.items()}
    if isinstance(item, list):
        return [_moved(part, by_s) for part in item]
    return item
