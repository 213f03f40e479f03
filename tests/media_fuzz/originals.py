"""The real containers that are mutated: small clips made on the spot, and shared media if there."""

import subprocess
from pathlib import Path

import imageio_ffmpeg

PICTURE = "testsrc2=s=96x80:r=25:d=0.8"
SOUND = "sine=f=330:r=44100:d=0.8"

RECIPES: dict[str, tuple[str, ...]] = {
    "fast.mp4": ("-c:v libx264 -g 8 -bf 2 -c:a aac -movflags +faststart",),
    "slow.mp4": ("-c:v mpeg4 -g 5 -c:a aac",),
    "fragments.mp4": ("-c:v libx264 -g 8 -c:a aac -movflags frag_keyframe+empty_moov",),
    "tracks.mp4": (
        "-map 0 -map 0 -map 1 -map 1 -c:v libx264 -c:a aac -movflags +faststart -ac:a:1 2",
    ),
    "deep.mp4": ("-c:v libx265 -x265-params log-level=none -pix_fmt yuv420p10le -c:a ac3",),
    "camera.mov": ("-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le -metadata:s:v rotate=90",),
    "edit.mov": ("-c:v prores_ks -c:a pcm_s24le -ar 48000 -ac 2",),
    "disc.mpg": ("-c:v mpeg2video -g 6 -c:a mp2 -f mpeg",),
    "old.mpg": ("-c:v mpeg1video -g 6 -c:a mp2 -f mpeg",),
    "air.ts": ("-c:v libx264 -g 8 -c:a mp2 -f mpegts",),
    "film.mkv": ("-c:v libx264 -g 8 -bf 2 -c:a flac",),
    "lossless.mkv": ("-c:v ffv1 -level 3 -c:a pcm_s16le -ac 6",),
    "web.webm": ("-c:v libvpx -deadline realtime -b:v 200k -c:a libvorbis",),
    "web9.webm": ("-c:v libvpx-vp9 -deadline realtime -b:v 200k -c:a libopus",),
}


def make_originals(folder: Path, media: Path | None = None) -> dict[str, bytes]:
    """Return the bytes of every original by name.

    Args:
        folder: scratch.
        media: folder of shared media; one MPEG and one MOV of it are added where they are there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = {name: _made(folder / name, options) for name, (options,) in RECIPES.items()}
    for name in ("grid_lrwp9a.mpg", "pyfeat_face_noface.mov"):
        if media is not None and (media / name).is_file():
            made[name] = (media / name).read_bytes()
    return made


def _made(path: Path, options: str) -> bytes:
    exe = imageio_ffmpeg.get_ffmpeg_exe()
    inputs = ["-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", SOUND]
    quiet = ["-y", "-loglevel", "error", "-threads", "1"]
    exact = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact"]
    command = [exe, *quiet, *inputs, *options.split(), "-threads", "1", *exact, str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path.read_bytes()
