"""The drive of the lips: for each output frame a mouth shape and where its texture comes from.

Learnt from the person's own footage: kernel ridge regression from what is heard to principal
components of the mouth's shape, then texture units chosen along the speech (see `units`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import savgol_filter

from mythmeter.errors import MediaError
from mythmeter.faces.mesh import MOUTH
from mythmeter.lips.articulation import (
    OwnShapes,
    articulate,
    impose,
    opening,
    read_timing,
)
from mythmeter.lips.features import (
    ANALYSIS_HZ,
    features_at,
    frame_times_s,
    mfcc,
)
from mythmeter.lips.footage import (
    SILENT_DB,
    Footage,
    mouths_of,
    narrowest,
    read_footage,
    rest_face,
)
from mythmeter.lips.openness import LEAST_FRAMES, OwnOpening
from mythmeter.lips.regression import ShapeRegression, ShapeSpace
from mythmeter.lips.table import Drive, read_timeline, write_drives
from mythmeter.lips.units import UnitBank, UnitCosts, choose_units
from mythmeter.media.long_sound import LongSound
from mythmeter.usage.record import UsageRecord

Array = NDArray[np.float64]

SMOOTHING_FRAMES = 5
BLOCK_FRAMES = 256
"""Output frames whose shapes are in memory at a time."""
HELD_S = Fraction(1, 5)
"""A mouth that rests for less keeps the texture that runs on: two joins would show more."""
MIN_EXAMPLES = 50
"""Frames with a face and sound that the regression needs: two seconds."""


@dataclass(frozen=True)
class DriveSettings:
    """Leaves of `lips:` in the configuration.

    Attributes:
        gain: scales the predicted motion, which a regression damps.
        components: principal components of the mouth's shape.
        ridge: λ of the kernel ridge regression.
        viseme_mix: share in the mouth's opening of what the sounds are, where that is known; how
            they sound gives the rest.
        shape_mix: share of the regression in the final shape; the units give the rest.
        max_units: frames of footage used at most, in equal parts of the clips.
        costs: of the unit search.
    """

    gain: float = 1.2
    components: int = 8
    ridge: float = 0.3
    viseme_mix: float = 0.4
    shape_mix: float = 0.6
    max_units: int = 2000
    costs: UnitCosts = field(default_factory=UnitCosts)


class MouthModel:
    """What the person's footage says about her mouth: shapes, their cause in sound, textures."""

    def __init__(self, footage: Sequence[Footage], settings: DriveSettings) -> None:
        """Fit the model.

        Raises:
            MediaError: less than two seconds of the person's face with sound.
        """
        self.settings = settings
        heard = [clip for clip in footage if clip.features is not None]
        examples = sum(len(clip.frames) for clip in heard)
        if examples < MIN_EXAMPLES:
            raise MediaError(
                f"The lips are learnt from clips that show the person's face and carry the "
                f"person's voice; {examples} such frames were found and {MIN_EXAMPLES} are needed. "
                "List a clip with both under `face` and `voice` of the person's file."
            )
        shapes = np.concatenate([mouths_of(clip) for clip in footage])
        heard_shapes = np.concatenate([mouths_of(clip) for clip in heard])
        self.space = ShapeSpace.fit(heard_shapes, settings.components)
        features = np.concatenate([clip.features for clip in heard if clip.features is not None])
        self.regression = ShapeRegression.fit(
            features, self.space.encode(heard_shapes), settings.ridge
        )
        self.bank = UnitBank(
            codes=self.space.encode(shapes) / self.space.deviation,
            clips=np.concatenate(
                [np.full(len(clip.frames), i, np.int16) for i, clip in enumerate(footage)]
            ),
            frames=np.concatenate([clip.frames for clip in footage]),
            rates=tuple(clip.rate for clip in footage),
        )
        self.rest_face = rest_face(heard)
        mouths = heard_shapes.reshape(len(heard_shapes), -1, 2)
        self.own = OwnShapes(self.rest_face[list(MOUTH)], narrowest(mouths))
        spoken = np.concatenate([c.level_db for c in heard if c.level_db is not None]) >= SILENT_DB
        if spoken.sum() < LEAST_FRAMES:
            spoken[:] = True
        self.own_opening = OwnOpening.fit(mouths[spoken], opening(mouths[spoken], MOUTH))

    def predict(self, features: Array) -> Array:
        """Codes (t, k) of the shapes that go with features (t, f), smoothed and amplified."""
        return self.finished(self.regression.predict(features))

    def finished(self, predicted: Array) -> Array:
        """Smooth and amplify codes (t, k) as the regression gives them."""
        codes = _smoothed(predicted)
        centre = self.regression.target_mean
        return self.space.clamp((codes - centre) * self.settings.gain + centre)

    def shapes(self, codes: Array) -> Array:
        """Shapes (t, p, 2) of codes (t, k)."""
        return self.space.decode(codes).reshape(len(codes), -1, 2)

    def codes(self, shapes: Array) -> Array:
        """Codes (t, k) of shapes (t, p, 2)."""
        return self.space.encode(shapes.reshape(len(shapes), -1))


def drive_lips(
    *,
    crops: Sequence[Path],
    heard: Sequence[Path | None],
    clips: Sequence[str],
    speech: Path,
    words: Path,
    timeline: Path,
    output: Path,
    settings: DriveSettings,
    record: UsageRecord,
) -> None:
    """Choose mouth shape and texture unit of each output frame and write `drive.parquet`.

    Args:
        crops: table of crops of each face clip, in the order of the person's file.
        heard: for each of them its sound, or None where it only lends textures.
        clips: their names.
        speech, words: the render's speech and its timings.
        timeline: the render's timeline (frame rate and number of frames).
        output: `drive.parquet`.

    Raises:
        MediaError: no clip with both face and sound, or too little of it.
        SpeechError: words.json is not a speech's.
    """
    record.backend = "kernel_ridge"
    with record.phase("model_load") as work:
        share = settings.max_units // max(len(crops), 1)
        footage = [read_footage(c, s, share) for c, s in zip(crops, heard, strict=True)]
        model = MouthModel(footage, settings)
        work["frames"] = len(model.bank.codes)
        del footage
    plan = read_timeline(timeline)
    times_s = frame_times_s(len(plan), plan.rate)
    with record.phase("steady", frames=len(plan)):
        blocks = [slice(n, n + BLOCK_FRAMES) for n in range(0, len(plan), BLOCK_FRAMES)]
        heard_speech = mfcc(LongSound.of_wav(speech, ANALYSIS_HZ), ANALYSIS_HZ)
        predicted = np.concatenate(
            [model.regression.predict(features_at(heard_speech, times_s[b])) for b in blocks]
        )
        codes = model.finished(predicted)
        del heard_speech, predicted
        heard_gaps = np.concatenate([opening(model.shapes(codes[b]), MOUTH) for b in blocks])
        timing = read_timing(words)
        sounds = np.concatenate([timing.sounds.at(times_s[b]) for b in blocks], axis=1)
        change = model.own_opening.change(
            heard_gaps, (sounds[0], sounds[1]), settings.viseme_mix, settings.gain
        )
        demands = articulate(timing, times_s, heard_gaps + change)
        # The units follow roundings already; closures and rests must be whole.
        exact = replace(demands, rounded=np.zeros(len(plan)))

        def wanted(block: slice) -> Array:
            spoken = model.own_opening.opened(model.shapes(codes[block]), change[block])
            return impose(spoken, demands.part(block), model.own, MOUTH)

        targets = np.concatenate([model.codes(wanted(b)) / model.space.deviation for b in blocks])
        chosen = choose_units(
            targets, model.bank, plan.rate, settings.costs, at_rest(demands.rest, plan.rate)
        )
        unit_codes = _smoothed(model.bank.codes[chosen] * model.space.deviation)

        def driven(block: slice) -> Drive:
            unit_shapes = model.shapes(unit_codes[block])
            mixed = settings.shape_mix * wanted(block) + (1 - settings.shape_mix) * unit_shapes
            shapes = impose(mixed, exact.part(block), model.own, MOUTH)
            return Drive(
                rate=plan.rate,
                clips=tuple(clips),
                rest=model.rest_face.astype(np.float32),
                frame=plan.frame[block],
                shape=shapes.astype(np.float32),
                unit_clip=model.bank.clips[chosen[block]],
                unit_frame=model.bank.frames[chosen[block]],
                closed=demands.closed[block].astype(np.float32),
                resting=demands.rest[block].astype(np.float32),
                rounded=demands.rounded[block].astype(np.float32),
            )

        write_drives(output, map(driven, blocks), len(plan))


def at_rest(rest: Array, rate: Fraction) -> NDArray[np.bool_]:
    """Where (t,) the words let the mouth rest for long enough to hold one texture."""
    still = rest >= 1
    edges = np.flatnonzero(np.diff(np.concatenate([[0], still.astype(np.int8), [0]])))
    for start, stop in edges.reshape(-1, 2):
        still[start:stop] = stop - start >= HELD_S * rate
    return still


def _smoothed(codes: Array) -> Array:
    """Savitzky-Golay smoothing (5 frames, quadratic) along time."""
    if len(codes) < SMOOTHING_FRAMES:
        return codes
    smooth: Array = savgol_filter(codes, SMOOTHING_FRAMES, 2, axis=0)
    return smooth
