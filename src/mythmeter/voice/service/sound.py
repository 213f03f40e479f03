"""Sound as bytes of the formats that the speech endpoint offers."""

import io
import struct
from collections.abc import Mapping

import numpy as np
import soundfile

from mythmeter.media.audio import Samples

FORMATS: Mapping[str, tuple[str, str, str]] = {
    "mp3": ("audio/mpeg", "MP3", "MPEG_LAYER_III"),
    "opus": ("audio/ogg", "OGG", "OPUS"),
    "flac": ("audio/flac", "FLAC", "PCM_16"),
    "wav": ("audio/wav", "WAV", "PCM_16"),
    "pcm": ("audio/pcm", "RAW", "PCM_16"),
}
"""Name -> media type, and container and coding as libsndfile names them."""

STREAMED = ("pcm", "wav")
"""Formats that can be sent before all is spoken."""
UNKNOWN_SIZE = 0xFFFFFFFF
COMMENT = "AI-generated speech"


def pcm(samples: Samples) -> bytes:
    """Return little-endian 16-bit samples."""
    return (np.clip(samples, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()


def wav_header(rate_hz: int) -> bytes:
    """Return the header of a mono 16-bit WAV whose length is not known yet."""
    body = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate_hz, rate_hz * 2, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", UNKNOWN_SIZE, b"WAVE")
    return riff + body + struct.pack("<4sI", b"data", UNKNOWN_SIZE)


def encoded(samples: Samples, rate_hz: int, name: str) -> bytes:
    """Return a whole file of a format; what it is, is written into those that have a comment."""
    if name == "pcm":
        return pcm(samples)
    _, container, coding = FORMATS[name]
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", rate_hz, 1, subtype=coding, format=container) as file:
        if name != "mp3":
            file.comment = COMMENT
        file.write(samples)
    return buffer.getvalue()
