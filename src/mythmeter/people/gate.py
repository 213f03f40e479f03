"""Questions to the gate, put together from what a job or the configuration says."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mythmeter.people.asked import Asked
from mythmeter.people.consent import standing
from mythmeter.people.footage import footage_of
from mythmeter.people.signing import SigningGate


def asked_of(gate: Mapping[str, Any], record: Path, files: Sequence[Path]) -> Asked:
    """Return the question of a job.

    Args:
        gate: params `gate` of the rule.
        record: the person's record.
        files: the person's clips, in the order of `gate["clips"]`.
    """
    rest = {key: value for key, value in gate.items() if key not in ("clips", "revocations")}
    sources = dict(zip(gate["clips"], files, strict=True))
    return Asked(record=record, sources=sources, revocations=Path(gate["revocations"]), **rest)


def gate_of_job(job: Any) -> SigningGate:
    """Return what checks consent again when the job `mark_render` signs."""
    files = [Path(file) for file in job.input.sources]
    matches = {"face": list(job.input.face_match), "voice": list(job.input.voice_match)}
    return SigningGate(
        receipt=Path(job.input.consent),
        asked=asked_of(job.params.gate, Path(job.input.record), files),
        matches={what: Path(paths[0]) for what, paths in matches.items() if paths},
        footage=footage_of(job),
        generated=[Path(folder) for folder in job.params.generated],
    )


def standing_of(gate: Mapping[str, Any], record: Path) -> str:
    """Say how a person's record stands now; nothing where a rule is still to make it."""
    if gate["generated"]:
        return "made by a rule"
    return standing(asked_of({**gate, "clips": []}, record, []), datetime.now(UTC))
