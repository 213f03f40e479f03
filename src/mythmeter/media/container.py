"""Opening a container: which formats are read, and a name that is nothing but a name."""

from pathlib import Path
from typing import Any

import av

from mythmeter.errors import MediaError

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2",
    "matroska,webm",
    "mpeg,mpegts,mpegvideo,avi,flv,asf,ogg,mxf,nut",
    "dv,gxf,rm,wtv,ivf,yuv4mpegpipe,h263,h264,hevc,m4v,mjpeg,mjpeg_2000,av1,obu,vc1",
    "wav,w64,aiff,caf,mp3,aac,flac,ac3,eac3,amr,au",
    "image2,gif,apng,ico,webp_anim,bmp_pipe,jpeg_pipe,jpegls_pipe,j2k_pipe,jpegxl_pipe",
    "png_pipe,tiff_pipe,webp_pipe,psd_pipe,ppm_pipe,pgm_pipe,exr_pipe,dds_pipe,gif_pipe",
)
READING = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "file"}
"""Options of FFmpeg for a user's file. Play lists (HLS, DASH, concat) are not read: they make it
open other files, or the network."""


def open_media(path: Path) -> Any:
    """Open a file of pictures or sound for reading; its name is never taken for a protocol.

    Raises:
        MediaError: not a file, or not of the containers that are read.
    """
    return _open(path, "video or sound")


def open_clip(path: Path) -> Any:
    """Open a container for reading.

    Raises:
        MediaError: not a file, not of the containers that are read, or without a video track.
    """
    container = _open(path, "a video")
    if not container.streams.video:
        container.close()
        raise MediaError(f"{path}: has no video track.")
    return container


def _open(path: Path, what: str) -> Any:
    try:
        return av.open(f"file:{path}", options=READING, metadata_errors="replace")
    except MemoryError:  # a sandbox's limit: its message is another
        raise
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise MediaError(f"{path}: cannot be read as {what} ({reason_of(error)}).") from error


def reason_of(error: Exception) -> str:
    """Say in FFmpeg's words what an error was."""
    return str(getattr(error, "strerror", None) or type(error).__name__)
