"""What a gate is asked: whose likeness, from which files, for what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Asked:
    """A question to the gate. It comes from the configuration, never from a receipt."""

    record: Path
    sources: Mapping[str, Path]
    """Id and file of each clip of the person."""
    person: str
    """Name of the person's file."""
    person_kind: str
    """`synthetic`, `person` or `corpus`, as the person's file says."""
    face: bool
    """Whether a face is generated."""
    voice: bool
    languages: Sequence[str]
    """Languages that the person is made to speak."""
    key: str | None = None
    """The public key that the person's file pins; None: none is pinned."""
    generated: bool = False
    """Whether rule generate_person made the person: then this machine's generator key counts."""
    distribution: str = "none"
    """Who is going to see the renders: `none`, `private` or `public`."""
    purpose: str | None = None
    """What the renders are for; None: any purpose of the record."""
    revocations: Path | None = None
    """The project's list of consents taken back."""
