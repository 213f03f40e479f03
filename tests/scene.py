"""A made-up render, small enough for unit tests: footage, a face in it, crops, words and sound.

Every picture of the footage carries its own number as the grey level of a square, so that a test
can tell which frame it is looking at after decoding.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from mythmeter.faces.align import crop_matrix, transform
from mythmeter.faces.mesh import CANONICAL
from mythmeter.faces.table import CropTable, FacesWriter, write_crops
from mythmeter.media.encode import VideoWriter
from mythmeter.people.consent import check
from mythmeter.people.gate import asked_of
from mythmeter.people.keys import SigningKey
from mythmeter.people.ledger import ledger_path
from mythmeter.people.record import Scope, new_record, write_record
from mythmeter.people.signature import signed
from mythmeter.people.signing import SigningGate
from mythmeter.render.timeline import read_timeline

WIDTH, HEIGHT = 256, 192
CROP_PX = 64
SQUARE = slice(144, 184), slice(8, 48)
LABEL = "AI-generated: face, voice"
CROP_COLOUR = (30, 200, 60)
KEY = SigningKey(Ed25519PrivateKey.generate())
AGREED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """Files of a target clip, named as the workflow names them."""

    folder: Path
    rate: Fraction
    frames: int

    @property
    def clip(self) -> Path:
        return self.folder / "clip.mp4"

    @property
    def faces(self) -> Path:
        return self.folder / "faces.parquet"

    @property
    def masks(self) -> Path:
        return self.folder / "masks.mkv"

    @property
    def timeline(self) -> Path:
        return self.folder / "timeline.parquet"

    @property
    def speech(self) -> Path:
        return self.folder / "speech.wav"

    @property
    def words(self) -> Path:
        return self.folder / "words.json"

    @property
    def receipt(self) -> Path:
        return self.folder / "receipt.json"

    @property
    def record(self) -> Path:
        return self.folder / "record.json"

    @property
    def gate_params(self) -> dict[str, Any]:
        """Params `gate` of a rule, for the person of the scene."""
        return {
            "person": "nobody",
            "person_kind": "synthetic",
            "key": KEY.id,
            "generated": False,
            "face": True,
            "voice": True,
            "languages": ["en"],
            "distribution": "none",
            "purpose": None,
            "clips": ["nobody.a"],
            "revocations": str(self.folder / "revoked.json"),
        }

    @property
    def gate(self) -> SigningGate:
        return SigningGate(
            self.receipt, asked_of(self.gate_params, self.record, [self.clip]), matches={}
        )


def face_points(number: int) -> NDArray[np.float32]:
    """A face in the middle of the picture that moves a little: (468, 3) in pixels."""
    points = CANONICAL * 80 + [90 + 0.2 * number, 60]
    return np.column_stack([points, np.zeros(len(points))]).astype(np.float32)


def footage_picture(number: int) -> NDArray[np.uint8]:
    """A ramp of colours with the picture's number in the square."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[..., 0] = np.linspace(40, 200, WIDTH).astype(np.uint8)
    picture[..., 1] = np.linspace(60, 160, HEIGHT).astype(np.uint8)[:, None]
    picture[..., 2] = 120
    picture += _texture()
    picture[SQUARE] = 40 + 5 * number
    return picture


@cache
def _texture() -> NDArray[np.uint8]:
    """Noise with the spectrum of natural pictures (1/f), of up to 50 levels.

    A watermark cannot be hidden in a picture that is flat.
    """
    rows, columns = np.meshgrid(np.fft.fftfreq(HEIGHT), np.fft.fftfreq(WIDTH), indexing="ij")
    falling = 1 / np.maximum(np.hypot(rows, columns), 1 / WIDTH) ** 1.2
    white = np.random.default_rng(5).standard_normal((3, HEIGHT, WIDTH))
    noise = np.fft.ifft2(np.fft.fft2(white) * falling).real.transpose(1, 2, 0)
    return np.clip(25 + 12 * noise / noise.std(), 0, 50).astype(np.uint8)


def number_of(picture: NDArray[np.uint8]) -> int:
    """Read a picture's number back."""
    return round((float(picture[SQUARE][4:-4, 4:-4].mean()) - 40) / 5)


def make_scene(folder: Path, rate: Fraction = Fraction(25), frames: int = 40) -> Scene:
    """Write footage, its faces, a receipt of consent; speech and words by `make_speech`."""
    scene = Scene(folder, rate, frames)
    options = {"crf": "4", "preset": "ultrafast"}
    writer = VideoWriter(
        scene.clip,
        rate=rate,
        size=(WIDTH, HEIGHT),
        codec="libx264",
        options=options,
        keyframe_interval=10,
    )
    with (
        writer,
        FacesWriter(scene.faces, rate=rate, width=WIDTH, height=HEIGHT, frames=frames) as faces,
    ):
        for number in range(frames):
            writer.write(footage_picture(number))
            points = face_points(number)
            measures = dict.fromkeys(
                ("yaw_deg", "pitch_deg", "roll_deg", "eye_left", "eye_right", "mouth_open"), 0.0
            )
            faces.write(number, score=1.0, points=points, points_raw=points, measures=measures)
    with VideoWriter(scene.masks, rate=rate, size=(CROP_PX, CROP_PX), grey=True) as masks:
        for _ in range(frames):
            masks.write(np.full((CROP_PX, CROP_PX), 255, np.uint8))
    write_consent(scene)
    return scene


def write_consent(
    scene: Scene, expires: datetime | None = None, minutes: float | None = None
) -> None:
    """Write the record of a person who does not exist, and the receipt of its check."""
    record = new_record(
        "synthetic",
        "nobody",
        {"nobody.a": scene.clip},
        scope=Scope(face=True, voice=True, languages=("en",), minutes=minutes),
        issued=AGREED,
        expires=expires,
        generator=("tests", "1"),
    )
    ledger_path(scene.record).unlink(missing_ok=True)
    write_record(signed(record, KEY), scene.record)
    receipt = check(scene.gate.asked, AGREED)
    scene.receipt.write_text(json.dumps(receipt), encoding="utf-8")


def record_id_of(scene: Scene) -> str:
    """Id of the consent record behind the scene's receipt."""
    return str(json.loads(scene.receipt.read_text(encoding="utf-8"))["record_id"])


def receipt_content(kind: str) -> dict[str, object]:
    """As much of a receipt as label and watermark need."""
    return {"decision": "granted", "kind": kind, "record_id": "urn:nobody"}


def make_speech(scene: Scene, samples: NDArray[np.float32], rate_hz: int = 24_000) -> None:
    """Write speech and its words: two sentences of four words, evenly spread."""
    soundfile.write(scene.speech, samples, rate_hz, subtype="PCM_16")
    duration_s = len(samples) / rate_hz
    spoken = (("I", "am", "not", "real."), ("Count", "the", "cost", "<now>."))
    step_s = duration_s / 8
    sentences = []
    for index, sentence in enumerate(spoken):
        words = [
            {
                "text": text,
                "start_s": (4 * index + i) * step_s,
                "end_s": (4 * index + i + 1) * step_s,
            }
            for i, text in enumerate(sentence)
        ]
        sentences.append(
            {
                "text": " ".join(sentence),
                "start_s": words[0]["start_s"],
                "end_s": words[-1]["end_s"],
                "words": words,
            }
        )
    content = {
        "rate_hz": rate_hz,
        "duration_s": duration_s,
        "language": "en",
        "sentences": sentences,
    }
    scene.words.write_text(json.dumps(content), encoding="utf-8")


def tone(duration_s: float, rate_hz: int = 24_000) -> NDArray[np.float32]:
    """A quiet tone."""
    return (
        0.2 * np.sin(2 * np.pi * 220 * np.arange(round(duration_s * rate_hz)) / rate_hz)
    ).astype(np.float32)


def make_crops(
    scene: Scene, chunk: int, *, absent: frozenset[int] = frozenset()
) -> tuple[Path, Path]:
    """Write the finished crops of a chunk, all of one colour, and their geometry."""
    plan = read_timeline(scene.timeline)
    numbers = plan.of_chunk(chunk)
    crops = scene.folder / f"{chunk}-of-{plan.chunks}.mkv"
    matrices, points = [], []
    with VideoWriter(crops, rate=scene.rate, size=(CROP_PX, CROP_PX)) as writer:
        for target in plan.target_frame[numbers]:
            writer.write(np.full((CROP_PX, CROP_PX, 3), CROP_COLOUR, np.uint8))
            matrix = crop_matrix(face_points(int(target)), CROP_PX)
            matrices.append(matrix)
            points.append(transform(face_points(int(target)), matrix))
    table = CropTable(
        rate=scene.rate,
        crop_px=CROP_PX,
        frame=numbers,
        present=np.array([number not in absent for number in numbers]),
        matrix=np.array(matrices, np.float32),
        points=np.array(points, np.float32),
    )
    write_crops(crops.with_suffix(".parquet"), table)
    return crops, crops.with_suffix(".parquet")
