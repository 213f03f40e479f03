"""The sound of a clip as mono PCM, in step with the first frame of its picture."""

from collections.abc import Sequence
from pathlib import Path

import ffmpeg

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError
from mythmeter.media.audio import read_wav
from mythmeter.media.ffmpeg import run_ffmpeg
from mythmeter.media.probe import AudioTrack, ClipInfo, choose_audio, probe
from mythmeter.usage.record import UsageRecord


def extract_audio(
    source: Path, outputs: dict[int, Path], *, wanted_by: Sequence[str], record: UsageRecord
) -> None:
    """Write the clip's sound as mono PCM s16le WAV at each sample rate in Hz of `outputs`.

    Time 0 of the sound is the first frame of the picture: what comes earlier is cut, a later start
    and gaps become silence. The default track is taken, else the first.

    Args:
        source: the clip as it was given, not its normalised version, which has no sound.
        outputs: path of the WAV for each sample rate in Hz.
        wanted_by: who asked for it, e.g. "ada lists it under voice"; named if there is no sound.
        record: the job's usage record.

    Raises:
        MediaError: the clip has no sound, or none that can be decoded.
    """
    record.backend = "ffmpeg"
    with record.phase("steady") as work:
        info = probe(source)
        track = choose_audio(info)
        if track is None:
            reason = f", but {' and '.join(wanted_by)}" if wanted_by else ""
            raise MediaError(
                f"{source}: has no sound{reason}. "
                "Name a clip with speech there, or take this one out."
            )
        for rate_hz, path in outputs.items():
            with replacing(path) as partial:
                run_ffmpeg(_graph(info, track, rate_hz, partial), source)
                samples, _ = read_wav(partial)
                if not len(samples):
                    raise MediaError(f"{source}: its sound (stream {track.index}) is empty.")
            work["audio_s"] = len(samples) / rate_hz


def _graph(info: ClipInfo, track: AudioTrack, rate_hz: int, output: Path) -> ffmpeg.Stream:
    # Time stamps are kept as the file has them, so that the picture's start means the same here.
    sound = ffmpeg.input(str(info.path), copyts=None)[str(track.index)]
    sound = sound.filter("atrim", start=info.start_s)
    sound = sound.filter("asetpts", f"PTS-({info.start_s:.6f})/TB")
    sound = sound.filter("aresample", rate_hz, **{"async": 1, "first_pts": 0})
    return ffmpeg.output(
        sound, str(output), acodec="pcm_s16le", ar=rate_hz, ac=1, fflags="+bitexact", vn=None
    )
