"""Records that the gated rules want: a person who is nobody, and the likeness of a clip."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memory.inputs import asset

if TYPE_CHECKING:
    from mythmeter.people.signing import SigningGate

CLIP = "nobody.a"
SOURCE = "reference.wav"
"""A file that is the same at every length: repeated chunks carry the mark of one record."""


def prepare_receipt(given: Path, out: Path) -> None:
    """Write the record of a synthetic person, and the receipt of its check."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from mythmeter.people.consent import check
    from mythmeter.people.keys import SigningKey
    from mythmeter.people.record import Scope, new_record, write_record
    from mythmeter.people.signature import signed

    key = SigningKey(Ed25519PrivateKey.generate())
    (given / "record.key").write_text(key.id, encoding="utf-8")
    record = new_record(
        "synthetic",
        "nobody",
        {CLIP: given / SOURCE},
        scope=Scope(face=True, voice=True, languages=("en", "en-gb")),
        issued=datetime.now(UTC),
        generator=("benchmark", "1"),
    )
    for name in ("record.json", "record.renders.jsonl"):
        (given / name).unlink(missing_ok=True)
    write_record(signed(record, key), given / "record.json")
    receipt = check(gate_of(given).asked, datetime.now(UTC))
    (given / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")


def gate_of(given: Path) -> "SigningGate":
    """What checks the record again when a render is signed."""
    from mythmeter.people.gate import asked_of
    from mythmeter.people.signing import SigningGate

    gate: dict[str, Any] = {
        "person": "nobody",
        "person_kind": "synthetic",
        "key": (given / "record.key").read_text(encoding="utf-8"),
        "generated": False,
        "face": True,
        "voice": True,
        "languages": ["en"],
        "distribution": "none",
        "purpose": None,
        "clips": [CLIP],
        "revocations": str(given / "revoked.json"),
    }
    asked = asked_of(gate, given / "record.json", [given / SOURCE])
    return SigningGate(given / "receipt.json", asked, matches={})


def prepare_likeness(given: Path, out: Path) -> None:
    """Write a record whose likeness is that of the clip itself."""
    import numpy as np
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from mythmeter.faces.identity import FaceEncoder
    from mythmeter.people.keys import SigningKey
    from mythmeter.people.likeness import Likeness, describe, write_likeness
    from mythmeter.people.record import Party, Scope, likeness_path, new_record, write_record
    from mythmeter.people.sampling import mean_of, sample_faces, sample_voice
    from mythmeter.people.signature import signed
    from mythmeter.voice.embeddings.encoder import load_encoder

    faces = sample_faces(
        FaceEncoder(asset("dlib_points"), asset("dlib_face")),
        given / "clip.mp4",
        given / "faces.parquet",
    )
    voices = sample_voice(load_encoder("dvector", asset("dvector")), given / "speech_16k.wav")
    taken = Likeness(mean_of(faces), np.asarray(mean_of(voices)), len(faces), len(voices))
    path = given / "person.json"
    for old in (path, likeness_path(path)):
        old.unlink(missing_ok=True)
    write_likeness(taken, likeness_path(path))
    now = datetime.now(UTC)
    record = new_record(
        "consent",
        "nobody",
        {CLIP: given / "clip.mp4"},
        scope=Scope(face=True, voice=True, languages=("en",)),
        issued=now,
        expires=now.replace(year=now.year + 1),
        subject="Nobody",
        controller=Party("Nobody", "nobody@example.org"),
        likeness=describe(taken, likeness_path(path), {"dlib_face": "f" * 64, "dvector": "d" * 64}),
    )
    write_record(signed(record, SigningKey(Ed25519PrivateKey.generate())), path)


def prepare_fan(given: Path, out: Path) -> None:
    """Random weights of FAN, all four stacks of it."""
    import torch
    from face_alignment.models import FAN

    torch.manual_seed(0)
    torch.save(FAN(4).state_dict(), given / "fan.pth.tar")
