"""Who of a clip's people is followed: the one named, agreed to, or prominent at the start."""

import dataclasses
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from mythmeter.errors import ConsentError, FaceError
from mythmeter.faces.identity import Embedding, FaceEncoder
from mythmeter.faces.landmarks.protocol import Landmarker
from mythmeter.faces.lock import Lock, Locker
from mythmeter.faces.only_person import ANOTHER, IsPerson
from mythmeter.faces.reference import FaceReference
from mythmeter.faces.sightings import Sightings
from mythmeter.faces.watch import Watched
from mythmeter.media.decode import frame_rate, frame_size, read_frames


def lock_on_target(
    clip: Path,
    face: FaceReference | None,
    watched: Watched,
    sightings: Sightings,
    landmarker: Landmarker,
    encoder: FaceEncoder,
    is_person: IsPerson | None,
) -> Lock:
    """Decide which sighting of each frame is the target's.

    Args:
        clip: the normalised clip, whose frames are read again where a face is compared.
        face: who is meant; None: the prominent face at the start.
        watched, sightings: of the first pass.
        landmarker, encoder: that find and compare faces.
        is_person: says whether a face is the one that may be tracked; None: any face.

    Raises:
        FaceError: nobody in the clip is the one that is meant.
        ConsentError: the person who agreed is not in it.
    """

    def seen(row: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        frame = int(sightings.index["frame"][row])
        return next(read_frames(clip, frame, frame + 1)), sightings.record(row)["points"]

    def embed(row: int) -> Embedding:
        return encoder.embed(*seen(row))

    rate = float(frame_rate(clip))
    locker = Locker(sightings.index, rate, embed)
    locker.add_samples(watched.samples)
    if is_person is not None:
        allowed = locker.passing(lambda row: is_person(*seen(row)))
        if not allowed:
            raise ConsentError(
                f"{clip}: faces in it, but none of them is that of the person who agreed. "
                "Take the clip out, or let the person agree again with clips of their own."
            )
        reference = locker.mean_of(allowed)
        lock = locker.lock(reference, watched.frames, watched.cuts, -1, allowed)
        seen_by = [r if r in (None, "no face detected") else ANOTHER for r in lock.reason]
        return dataclasses.replace(lock, reason=seen_by)
    row = -1
    if face is not None and face.picture is not None:
        reference = _of_picture(face.picture, landmarker, encoder)
    else:
        if face is None:
            row = locker.prominent_at_start()
        else:
            at = round(Fraction(str(face.time_s)) * frame_rate(clip))
            frame = min(at, watched.frames - 1)
            box = np.array(face.box) * np.tile(frame_size(clip), 2)
            try:
                row = locker.at(frame, box)
            except FaceError as error:
                raise FaceError(f"{clip}: {error}") from None
        reference = locker.reference_of(row)
    lock = locker.lock(reference, watched.frames, watched.cuts, row)
    if not (lock.row >= 0).any():
        raise FaceError(
            f"{clip}: none of its {lock.people - 1} people is {face} (nearest "
            f"distance {locker.nearest(reference):.2f}; under 0.6 is the same person). "
            "Name a better picture."
        )
    return lock


def _of_picture(path: Path, landmarker: Landmarker, encoder: FaceEncoder) -> Embedding:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FaceError(f"{path}: cannot be read as a picture. `face.picture` takes JPEG or PNG.")
    frame = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
    found = [landmarker.fit(frame, d) for d in landmarker.detect(frame, fine=True)]
    faces = [seen.points for seen in found if seen.points is not None]
    if not faces:
        raise FaceError(f"{path}: shows no face. `face.picture` needs one, seen from the front.")
    return encoder.embed(frame, max(faces, key=lambda points: float(np.ptp(points[:, 1]))))
