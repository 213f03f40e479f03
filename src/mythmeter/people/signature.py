"""Signing a record, and telling whether a file is, byte for byte, what was signed.

The signature covers the record without its `signature`, as JSON with sorted keys and no spaces
(for these values the form of RFC 8785), after a line that keeps it from being taken for anything
else.
"""

import json
from collections.abc import Mapping
from typing import Any

from mythmeter.errors import ConsentError
from mythmeter.people.keys import SigningKey, is_signed

ALGORITHM = "Ed25519"
_DOMAIN = b"mythmeter signed record 1\n"


def signed(record: Mapping[str, Any], key: SigningKey) -> dict[str, Any]:
    """Return the record with a signature; one that it had is replaced."""
    value = key.sign(_message(record))
    return {**record, "signature": {"algorithm": ALGORITHM, "key": key.id, "value": value}}


def require_signature(record: Mapping[str, Any], where: str) -> str:
    """Check that a record is as it was when it was signed; return the key that signed it.

    Raises:
        ConsentError: unsigned, or changed since.
    """
    signature = record.get("signature")
    if not isinstance(signature, dict):
        raise ConsentError(f"{where} is not signed. The person signs it with `mythmeter consent`.")
    key_id = str(signature.get("key"))
    if not is_signed(_message(record), str(signature.get("value")), key_id):
        raise ConsentError(
            f"{where} is not what {key_id} signed: it was changed afterwards, or that key never "
            "signed it. Restore it, or have it signed again."
        )
    return key_id


def file_text(record: Mapping[str, Any]) -> str:
    """Return the one text that a record has as a file."""
    return json.dumps(record, indent=2, ensure_ascii=False) + "\n"


def require_exact(content: bytes, record: Mapping[str, Any], where: str) -> None:
    """Check that a file holds a record in its one form: no byte more, less or different.

    Raises:
        ConsentError: spaces, order, escapes or repeated keys differ.
    """
    if content != file_text(record).encode("utf-8", "surrogatepass"):
        raise ConsentError(
            f"{where} was edited by hand: it is not in the form in which records are written. "
            "Restore it, or have it signed again."
        )


def canonical(record: Mapping[str, Any]) -> str:
    """Return a record as JSON with sorted keys and no spaces."""
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _message(record: Mapping[str, Any]) -> bytes:
    body = {key: value for key, value in record.items() if key != "signature"}
    return _DOMAIN + canonical(body).encode("utf-8", "surrogatepass")
