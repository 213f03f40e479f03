"""The chunks joined into one file, with speech and captions; not yet signed."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import soundfile

from mythmeter.errors import MediaError
from mythmeter.media.mux import write_movie
from mythmeter.render.captions import captions, cues, language_code, read_transcript
from mythmeter.render.timeline import read_timeline
from mythmeter.usage.record import UsageRecord


def assemble(
    *,
    chunks: Sequence[Path],
    speech: Path,
    words: Path,
    timeline: Path,
    out: Path,
    audio_kbps: int,
    record: UsageRecord,
) -> None:
    """Join the chunks of a render without encoding them again; add AAC and a caption track.

    Args:
        chunks: in the order of the timeline.
        speech: watermarked WAV.
        words: `words.json` of the speech.

    Raises:
        MediaError: chunks, speech and timeline do not have the same length.
    """
    with record.phase("warmup"):
        plan = read_timeline(timeline)
        wav = soundfile.info(speech)
        spoken_s = Fraction(wav.frames, wav.samplerate)
        lasts_s = plan.frames / plan.rate
        if not lasts_s - 1 / plan.rate < spoken_s <= lasts_s:
            raise MediaError(
                f"{speech}: lasts {float(spoken_s):.3f} s, but the timeline was planned for "
                f"{float(lasts_s):.3f} s. Delete {timeline} and run again."
            )
        transcript = read_transcript(words)
    with record.phase("steady", frames=plan.frames, audio_s=float(spoken_s)):
        write_movie(
            out,
            chunks,
            speech,
            captions(cues(transcript)),
            rate=plan.rate,
            frames=plan.frames,
            audio_kbps=audio_kbps,
            language=language_code(transcript.language),
        )
