"""The receipt of a verified render: signed, so that one that was edited or copied is noticed."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from mythmeter.errors import ProvenanceError
from mythmeter.models.fetch import sha256_of
from mythmeter.provenance.keys import Signer, load_signer

PSS = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
HASHES = {"es256": hashes.SHA256(), "es384": hashes.SHA384(), "es512": hashes.SHA512()}


def sign_receipt(receipt: Mapping[str, Any], signer: Signer) -> dict[str, Any]:
    """Return the receipt with a signature over all that it says."""
    key = serialization.load_pem_private_key(signer.key_pem, password=None)
    content = _canonical(receipt)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(content, ec.ECDSA(HASHES[signer.algorithm]))
    elif isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(content)
    elif isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(content, PSS, hashes.SHA256())
    else:
        raise ProvenanceError(f"Receipts cannot be signed with {signer.algorithm}.")
    value = base64.b64encode(signature).decode()
    return {**receipt, "signature": {"algorithm": signer.algorithm, "value": value}}


def check_receipt(path: Path, video: Path, signing: Path | None = None) -> dict[str, Any]:
    """Return a receipt after checking that we wrote it, as it is, and for this file.

    Args:
        path: `<render>.receipt.json`.
        video: the render that it lies beside.
        signing: folder of our certificate; None: the usual one.

    Raises:
        ProvenanceError: not a receipt; edited; written by somebody else; of another file.
    """
    what_to_do = f"Delete {path} and run again: the render is made and verified anew."
    try:
        receipt: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        signature = base64.b64decode(receipt["signature"]["value"])
        stated = receipt["sha256"], receipt["file"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProvenanceError(f"{path} is not a receipt ({error!r}). {what_to_do}") from error
    content = _canonical({key: value for key, value in receipt.items() if key != "signature"})
    if not _signed_by(load_signer(signing), content, signature):
        raise ProvenanceError(
            f"{path} was edited, or not written with our certificate. {what_to_do}"
        )
    if stated != (sha256_of(video), video.name):
        raise ProvenanceError(
            f"{path} is the receipt of {stated[1]} with sha256 {stated[0][:16]}…, not of {video} "
            f"as it is now. {what_to_do}"
        )
    return receipt


def _signed_by(signer: Signer, content: bytes, signature: bytes) -> bool:
    key = x509.load_pem_x509_certificates(signer.chain_pem)[0].public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(HASHES[signer.algorithm]))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, content)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, PSS, hashes.SHA256())
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _canonical(receipt: Mapping[str, Any]) -> bytes:
    return json.dumps(receipt, sort_keys=True, separators=(",", ":")).encode()
