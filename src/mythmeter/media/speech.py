"""The sound of a clip as mono PCM, in step with the first frame of its picture."""

from collections.abc import Sequence
from pathlib import Path

import ffmpeg

from mythmeter.atomic import replacing
from mythmeter.errors import MediaError
from mythmeter.media.ffmpeg import run_ffmpeg, user_input
from mythmeter.media.limits import limits_of_sound
from mythmeter.media.long_sound import wav_length
from mythmeter.media.probe import AudioTrack, ClipInfo, choose_audio, probe
from mythmeter.usage.record import UsageRecord

SILENCE_ALLOWED_S = 60.0
"""So much longer than the picture the gaps in a sound may be together."""


def extract_audio(
    source: Path,
    outputs: dict[int, Path],
    *,
    wanted_by: Sequence[str],
    record: UsageRecord,
    limits_factor: float = 1.0,
) -> None:
    """Write the clip's sound as mono PCM s16le WAV at each sample rate in Hz of `outputs`.

    Time 0 of the sound is the first frame of the picture: what comes earlier is cut, a later start
    and gaps become silence. The default track is taken, else the first.

    Args:
        source: the clip as it was given, not its normalised version, which has no sound.
        outputs: path of the WAV for each sample rate in Hz.
        wanted_by: who asked for it, e.g. "ada lists it under voice"; named if there is no sound.
        record: the job's usage record.
        limits_factor: multiplies the limits on decoding (`limits`).

    Raises:
        MediaError: the clip has no sound, none that can be decoded, or one beyond a limit.
    """
    record.backend = "ffmpeg"
    with record.phase("steady") as work:
        info = probe(source, limits_factor)
        track = choose_audio(info)
        if track is None:
            reason = f", but {' and '.join(wanted_by)}" if wanted_by else ""
            raise MediaError(
                f"{source}: has no sound{reason}. "
                "Name a clip with speech there, or take this one out."
            )
        sound_s = _sound_s(info, track)
        size_bytes = source.stat().st_size
        for rate_hz, path in outputs.items():
            limits = limits_of_sound(
                size_bytes=size_bytes, sound_s=sound_s, rate_hz=rate_hz, factor=limits_factor
            )
            with replacing(path) as partial:
                run_ffmpeg(_graph(info, track, rate_hz, partial), source, limits)
                samples, _ = wav_length(partial)
                if not samples:
                    raise MediaError(f"{source}: its sound (stream {track.index}) is empty.")
            work["audio_s"] = samples / rate_hz


def _sound_s(info: ClipInfo, track: AudioTrack) -> float:
    """Return how long the sound is, from the first frame of the picture on.

    Raises:
        MediaError: no sound at all, or mostly gaps: its time stamps cannot be meant.
    """
    if track.found_start_s is None or track.found_end_s is None:
        raise MediaError(f"{info.path}: its sound (stream {track.index}) is empty.")
    late_s = max(0.0, track.found_start_s - info.start_s)
    picture_s = float(info.times_s[-1]) - info.start_s
    if track.gaps_s + late_s > SILENCE_ALLOWED_S + picture_s:
        raise MediaError(
            f"{info.path}: the time stamps of its sound (stream {track.index}) jump: there is none "
            f"for {track.gaps_s + late_s:.4g} s, and the picture lasts {picture_s:.4g} s. Convert "
            "the clip with an editor first."
        )
    return max(0.0, track.found_end_s - info.start_s)


def _graph(info: ClipInfo, track: AudioTrack, rate_hz: int, output: Path) -> ffmpeg.Stream:
    # Time stamps are kept as the file has them, so that the picture's start means the same here.
    sound = user_input(info.path, copyts=None)[str(track.index)]
    end_s = info.start_s + _sound_s(info, track) + 1
    sound = sound.filter("atrim", start=f"{info.start_s:.6f}", end=f"{end_s:.6f}")
    sound = sound.filter("asetpts", f"PTS-({info.start_s:.6f})/TB")
    sound = sound.filter("aresample", rate_hz, **{"async": 1, "first_pts": 0})
    return ffmpeg.output(
        sound, str(output), acodec="pcm_s16le", ar=rate_hz, ac=1, fflags="+bitexact", vn=None
    )
