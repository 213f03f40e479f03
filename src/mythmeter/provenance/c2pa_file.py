"""Signing a file and reading a signed one back, offline: the only module that touches c2pa."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import c2pa

from mythmeter.atomic import replacing
from mythmeter.errors import ProvenanceError
from mythmeter.provenance.keys import Signer
from mythmeter.provenance.manifest import MEDIA_TYPES, Ingredient

OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}

FLAT_MEMORY = {"backing_store_memory_threshold_in_mb": 1, "merkle_tree_chunk_size_in_kb": 4096}
"""The library otherwise holds up to 768 MB of a long video: half a gigabyte of what it writes, and
256 MB of what it hashes. As leaves of a Merkle tree (C2PA 2.x, section on BMFF hashes) the video is
hashed, and later checked, some megabytes at a time; each leaf adds a small box behind the data."""


@dataclass(frozen=True)
class Reading:
    """What a file's manifest says, and whether it can be believed."""

    state: str | None
    """`Trusted`, `Valid`, `Invalid`, or None where the file has no manifest."""
    problems: tuple[str, ...]
    """Codes of all failures, by the C2PA specification; an untrusted signer is one of them."""
    manifest: Mapping[str, Any]
    """The active manifest; empty where there is none."""

    def assertion(self, label: str) -> Mapping[str, Any] | None:
        """Return the data of an assertion, or None."""
        for assertion in self.manifest.get("assertions", []):
            if assertion["label"] == label:
                data: Mapping[str, Any] = assertion["data"]
                return data
        return None

    def source_types(self) -> list[str]:
        """Return the digital source types of all actions, as terms."""
        actions = self.assertion("c2pa.actions.v2") or {}
        found = [action.get("digitalSourceType") for action in actions.get("actions", [])]
        return [str(uri).rsplit("/", 1)[-1] for uri in found if uri]


def sign_file(
    source: Path,
    out: Path,
    definition: Mapping[str, Any],
    parts: Iterable[Ingredient],
    signer: Signer,
) -> None:
    """Write `source` with a signed manifest in it to `out`.

    Raises:
        ProvenanceError: the library refuses the manifest, the certificate or the file.
    """
    settings = {"builder": {"thumbnail": {"enabled": False}}, "core": FLAT_MEMORY}
    context = c2pa.Context.from_dict(settings)
    info = c2pa.C2paSignerInfo(signer.algorithm.encode(), signer.chain_pem, signer.key_pem, None)
    try:
        with c2pa.Builder(dict(definition), context) as builder:
            for part in parts:
                described = {
                    "title": part.name,
                    "label": part.name,
                    "relationship": part.relationship,
                }
                with part.path.open("rb") as stream:
                    builder.add_ingredient(described, part.media_type, stream)
            with (
                c2pa.Signer.from_info(info) as native,
                replacing(out) as partial,
                source.open("rb") as unsigned,
                partial.open("w+b") as signed,
            ):
                builder.sign(native, MEDIA_TYPES[source.suffix], unsigned, signed)
    except c2pa.C2paError as error:
        raise ProvenanceError(f"{out.name} could not be signed: {error}") from error


def read_file(path: Path, anchors_pem: bytes | None = None) -> Reading:
    """Read and validate a file's manifest, without any network.

    Args:
        path: of any kind; kinds that cannot hold a manifest (Matroska, Opus) have none.
        anchors_pem: root certificates to trust; None: trust nobody, and only check integrity.

    Raises:
        ProvenanceError: the file cannot be read at all.
    """
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        return Reading(None, ("claim.missing",), {})
    settings: dict[str, Any] = {
        "verify": {"verify_trust": True, **OFFLINE},
        "core": FLAT_MEMORY,
    }
    if anchors_pem is not None:
        settings["trust"] = {"trust_anchors": anchors_pem.decode()}
    context = c2pa.Context.from_dict(settings)
    try:
        with (
            path.open("rb") as stream,
            c2pa.Reader(media_type, stream, context=context) as reader,
        ):
            content = json.loads(reader.json())
            active = reader.get_active_manifest() or {}
            results = content.get("validation_results", {}).get("activeManifest", {})
            problems = tuple(failure["code"] for failure in results.get("failure", []))
            return Reading(reader.get_validation_state(), problems, active)
    except c2pa.C2paError.ManifestNotFound:
        return Reading(None, ("claim.missing",), {})
    except c2pa.C2paError as error:
        raise ProvenanceError(f"{path}: cannot be read as signed media ({error}).") from error
