"""Syncer `wav2lip`: the mouth from Wav2Lip's generator, with weights that the user supplies.

Prajwal et al. 2020, ACM Multimedia. Faces are those that were tracked, cropped and swapped before:
nothing is detected here. The generator draws a whole face of 96 × 96 pixels; of it only the mouth
is taken, inside the mask of `blend`, in the light of the swapped face.
"""

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ConfigError
from mythmeter.faces.align import Matrix, invert
from mythmeter.faces.mesh import OVAL
from mythmeter.lips.blend import lay_mouth
from mythmeter.lips.placement import ease
from mythmeter.lips.syncers.protocol import Spoken, SyncContext
from mythmeter.lips.syncers.wav2lip_sound import STEPS, Sound, first_step
from mythmeter.media.decode import Frame

FACE_PX: Final = 96
BELOW_CHIN: Final = 0.05
"""The box ends this part of its height below the chin: published inference adds 10 pixels there."""
TRUSTED_ROWS: Final = (40, 46)
"""Rows of the generated face between which it begins to count. The mask of a frontal face begins at
46; above row 39 the network is not worked out."""

Array = NDArray[np.float32]


class Wav2LipSyncer:
    """Draws mouths in batches of one size, so that where a chunk ends changes no pixel."""

    def __init__(self, context: SyncContext) -> None:
        """Load the network and the speech of the chunk.

        Raises:
            ConfigError: the context names no weights.
            ModelError: the file is no checkpoint of this network.
            MediaError: the speech cannot be read.
        """
        import torch

        from mythmeter.lips.syncers.wav2lip_network import FastNetwork, load_network

        supplied = context.supplied
        if supplied is None:
            raise ConfigError("lips.syncer: wav2lip needs a file of weights and the speech.")
        self.batch_frames = supplied.batch_frames
        self.precision: str | None = number_format(supplied.precision, supplied.device)
        self._network = FastNetwork(
            load_network(supplied.weights),
            device=supplied.device,
            precision=getattr(torch, self.precision),
        )
        self._torch = torch
        self._starts = [first_step(int(f), context.rate, supplied.shift_s) for f in context.frames]
        self._sound = Sound(supplied.speech, min(self._starts), max(self._starts) + STEPS)
        self._trust = _trust()
        print(f"{supplied.weights.name} on {supplied.device}, {self.precision}, {supplied.licence}")

    def sync(
        self, rows: Sequence[int], crops: Sequence[Frame], points: Sequence[NDArray[Any]]
    ) -> list[Spoken]:
        """Return crops with their new mouths; points are returned as they came.

        Where the generated lips are is not known, and the jaw's outline is the swapped face's.
        """
        boxes = [box_matrix(face) for face in points]
        seen = [look(crop, box) for crop, box in zip(crops, boxes, strict=True)]
        heard = [self._sound.heard_from(self._starts[row]) for row in rows]
        drawn = self.draw(np.stack(heard), np.stack(seen))
        return [
            (self._lay(crop, face, box, picture), np.asarray(face, np.float64))
            for crop, face, box, picture in zip(crops, points, boxes, drawn, strict=True)
        ]

    def draw(self, mels: Array, faces: NDArray[np.uint8]) -> Array:
        """Return generated faces (n, 96, 96, 3) RGB in 0..1, right from row 39 on.

        Args:
            mels: (n, 80, 16), n at most `batch_frames`.
            faces: (n, 96, 96, 3) RGB.
        """
        torch, count = self._torch, len(faces)
        # The last batch is filled up: another size may be rounded otherwise.
        full = np.arange(self.batch_frames) % count
        generated = self._network(
            torch.from_numpy(mels[full][:, None]), torch.from_numpy(network_input(faces[full]))
        )
        result: Array = generated[:count].numpy().transpose(0, 2, 3, 1)[..., ::-1]
        return result

    def _lay(self, crop: Frame, points: NDArray[Any], box: Matrix, picture: Array) -> Frame:
        size = crop.shape[1::-1]
        back = invert(box)
        levels = np.clip(picture * 255 + 0.5, 0, 255).astype(np.uint8)
        laid = cv2.warpAffine(
            levels, back, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        trust = cv2.warpAffine(self._trust, back, size, flags=cv2.INTER_LINEAR)
        return lay_mouth(crop, points, np.asarray(laid, np.uint8), np.asarray(trust, np.float32))


def number_format(precision: str, device: str) -> str:
    """Return torch's name for `auto`, `fp32` or `bf16` on `cpu` or `cuda`."""
    if precision == "auto":
        precision = "bf16" if device == "cuda" else "fp32"
    return {"fp32": "float32", "bf16": "bfloat16"}[precision]


def box_matrix(points: NDArray[Any]) -> Matrix:
    """Map crop pixels to the network's 96 × 96: the box of the face's outline (468, 2) fills it.

    Width and height are scaled each for itself, as the network was trained.
    """
    outline = np.asarray(points, np.float64)[list(OVAL), :2]
    low, high = outline.min(axis=0), outline.max(axis=0)
    high[1] += BELOW_CHIN * (high[1] - low[1])
    scale = FACE_PX / np.maximum(high - low, 1.0)
    return np.column_stack([np.diag(scale), -low * scale - 0.5])


def look(crop: Frame, box: Matrix) -> NDArray[np.uint8]:
    """Return the (96, 96, 3) RGB face that the network is shown."""
    seen = cv2.warpAffine(
        crop, box, (FACE_PX, FACE_PX), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(seen, np.uint8)


def network_input(faces: NDArray[np.uint8]) -> Array:
    """Return (n, 6, 96, 96) in 0..1, blue first: the face with its lower half black, and whole."""
    whole = faces[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    masked = whole.copy()
    masked[:, :, FACE_PX // 2 :] = 0
    return np.concatenate([masked, whole], axis=1)


def _trust() -> Array:
    first, last = TRUSTED_ROWS
    ramp = ease((np.arange(FACE_PX) - first) / (last - first))
    return np.repeat(ramp[:, None], FACE_PX, axis=1).astype(np.float32)
