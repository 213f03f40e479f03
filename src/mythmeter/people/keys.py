"""Ed25519 keys that sign consent records (RFC 8032). Private keys lie outside the repository.

A person's key says: whoever holds it agreed. A generator's key says: this machine drew the person.
A public key is short enough to be its own fingerprint: `ed25519:` and 43 letters.
"""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from mythmeter.errors import ConsentError

KEY_FILE = "key.pem"
PREFIX = "ed25519:"


@dataclass(frozen=True)
class SigningKey:
    """A private key, and what it is known by."""

    private: Ed25519PrivateKey

    @property
    def id(self) -> str:
        """The public key as text, as a person's file pins it."""
        return PREFIX + _text(self.private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> str:
        """Return the signature (64 bytes) as base64url text."""
        return _text(self.private.sign(message))


def consent_folder() -> Path:
    """Return where the key of the person who agrees lies, unless told otherwise."""
    return _home() / "consent"


def generator_folder() -> Path:
    """Return where the key lies by which this machine signs people whom it generated."""
    return _home() / "generator"


def make_key(folder: Path) -> SigningKey:
    """Make a key pair in a folder that only its owner can read.

    Raises:
        ConsentError: there is a key already (it is never replaced), or the folder cannot be made.
    """
    key = SigningKey(Ed25519PrivateKey.generate())
    text = key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        descriptor = os.open(folder / KEY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise ConsentError(
            f"{folder / KEY_FILE} is already there. A key is never replaced: records that it "
            "signed would be worthless. Move it away first if that is what you want."
        ) from None
    except OSError as error:
        raise ConsentError(f"{folder}: no key can be put there: {error.strerror}.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
    return key


def load_key(folder: Path) -> SigningKey:
    """Load the key of a folder.

    Raises:
        ConsentError: none there, not an Ed25519 key, or one that others can read.
    """
    path = folder / KEY_FILE
    try:
        others = path.stat().st_mode & 0o077
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise ConsentError(
            f"There is no consent key at {path}. Make one with `mythmeter consent keygen`."
        ) from error
    except (OSError, ValueError, TypeError) as error:
        raise ConsentError(f"{path} cannot be read as a private key: {error}.") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise ConsentError(f"{path} is not an Ed25519 key.")
    if others:
        raise ConsentError(f"{path} can be read by others. Run: chmod 600 {path}")
    return SigningKey(private)


def ensure_key(folder: Path) -> tuple[SigningKey, bool]:
    """Return the key of a folder, and whether it had to be made."""
    if (folder / KEY_FILE).exists():
        return load_key(folder), False
    try:
        return make_key(folder), True
    except ConsentError:
        if not (folder / KEY_FILE).exists():
            raise
        return load_key(folder), False  # another job was quicker


def generator_id() -> str | None:
    """Return the public key of this machine's generator; None where it has generated nobody."""
    folder = generator_folder()
    return load_key(folder).id if (folder / KEY_FILE).exists() else None


def is_signed(message: bytes, signature: str, key_id: str) -> bool:
    """Whether a signature over a message is by the private half of a public key."""
    try:
        public = Ed25519PublicKey.from_public_bytes(_bytes(key_id.removeprefix(PREFIX)))
        public.verify(_bytes(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "mythmeter"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    """Decode strictly: spare bits and foreign letters would give one value several spellings."""
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if _text(raw) != text:
        raise ValueError("not base64url")
    return raw
