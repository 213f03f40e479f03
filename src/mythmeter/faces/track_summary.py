"""`faces.json`: who was followed, how it was decided, and how well it went."""

from collections import Counter
from typing import Any

import numpy as np

from mythmeter.faces.lock import Lock
from mythmeter.faces.reference import FaceReference
from mythmeter.faces.spectrum import spans_of
from mythmeter.faces.watch import Watched
from mythmeter.faces.write_track import Written


def track_summary(
    face: FaceReference | None, lock: Lock, watched: Watched, written: Written, rate: float
) -> dict[str, Any]:
    """Return what `docs/files.md` lists of a track; plain values."""
    present = lock.row >= 0
    if face is None and lock.chosen_at < 0:
        chosen, how = "the person of the consent record", "consent record"
    elif face is None:
        chosen, how = f"the prominent face at the start (frame {lock.chosen_at})", "default"
    else:
        chosen, how = str(face), "configuration"
    drift = watched.drift
    distances = lock.distance[np.isfinite(lock.distance)]
    return {
        "target": chosen,
        "target_chosen_by": how,
        "people": lock.people,
        "frames": len(lock.row),
        "present_frames": int(present.sum()),
        "swappable_frames": int((written.swappable.opacity > 0).sum()),
        "absent": dict(Counter(r for r in written.reasons if r)),
        "not_swappable": dict(
            Counter(r.split(" (")[0] for r in written.swappable.reason if r is not None)
        ),
        "cuts": watched.cuts,
        "person_switches": lock.switches,
        "spans": spans_of(written.span.tolist(), rate),
        "identity": {
            "method": "dlib ResNet-128, sampled; distance under 0.6 is the same person",
            "samples": len(np.unique(lock.sampled[lock.sampled >= 0])),
            "median_distance": float(np.median(distances)) if len(distances) else None,
            "largest_distance": float(distances.max()) if len(distances) else None,
        },
        "detection": {
            "every_frames_median": float(np.median(drift.steps)) if drift.steps else None,
            "drift_median": float(np.median(drift.measured)) if drift.measured else None,
            "drift_largest": max(drift.measured, default=None),
            "drift_of": "mean point distance over face size, followed against freshly detected",
        },
        "frames_with_hands": sum(bool(watched.hands[n]) for n in range(len(watched.hands))),
        "smoothing": "Savitzky–Golay of order 2, two windows mixed by stillness; no delay",
        "jitter": written.jitter.report(rate),
    }
