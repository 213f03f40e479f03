"""The certificate and key that sign renders: a user's own, or a test pair that set-up makes.

They lie outside the repository, in `$XDG_CONFIG_HOME/mythmeter/signing` (or
`~/.config/mythmeter/signing`), or where the config's `provenance.signing_folder` says.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mythmeter.errors import ProvenanceError

CHAIN_FILE = "chain.pem"
KEY_FILE = "key.pem"

TEST_ISSUER = "Mythmeter test root, not publicly trusted"
TEST_LABEL = "test certificate, not publicly trusted"
TEST_YEARS = 5

CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
"""Elliptic curves to the signature algorithms that C2PA allows with them."""


@dataclass(frozen=True)
class Signer:
    """What signs a manifest."""

    chain_pem: bytes
    """The signing certificate first, then the ones above it."""
    key_pem: bytes
    algorithm: str
    """C2PA's name: es256, es384, es512, ps256 or ed25519."""
    label: str
    """What to say about the certificate: a test one is said to be one."""

    @property
    def root_pem(self) -> bytes:
        """The last certificate of the chain: the anchor to trust when our own files are checked."""
        last = x509.load_pem_x509_certificates(self.chain_pem)[-1]
        return last.public_bytes(serialization.Encoding.PEM)


def signing_folder(configured: Path | None = None) -> Path:
    """Return where the certificate and key are looked for."""
    if configured is not None:
        return configured
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "mythmeter" / "signing"


def load_signer(folder: Path | None = None) -> Signer:
    """Load the certificate chain and key of a folder (None: the usual one).

    Raises:
        ProvenanceError: nothing there, the two files do not belong together, the certificate is
            not valid today, or its key is of a kind that C2PA does not sign with.
    """
    folder = signing_folder(folder)
    chain_file, key_file = folder / CHAIN_FILE, folder / KEY_FILE
    if not (chain_file.is_file() and key_file.is_file()):
        raise ProvenanceError(
            f"{folder}: has no {CHAIN_FILE} and {KEY_FILE} to sign renders with. Run "
            "`mythmeter keys init` to make a test certificate, or put your own pair there."
        )
    chain_pem, key_pem = chain_file.read_bytes(), key_file.read_bytes()
    try:
        chain = x509.load_pem_x509_certificates(chain_pem)
        key = serialization.load_pem_private_key(key_pem, password=None)
    except (ValueError, TypeError) as error:
        raise ProvenanceError(
            f"{folder}: {CHAIN_FILE} or {KEY_FILE} cannot be read ({error}). Both are PEM; the "
            "key has no password."
        ) from error
    leaf = chain[0]
    if leaf.public_key() != key.public_key():
        raise ProvenanceError(
            f"{folder}: {KEY_FILE} is not the key of the first certificate in {CHAIN_FILE}. Put "
            "the signing certificate first."
        )
    now = datetime.now(UTC)
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise ProvenanceError(
            f"{chain_file}: is valid from {leaf.not_valid_before_utc:%Y-%m-%d} to "
            f"{leaf.not_valid_after_utc:%Y-%m-%d} only. Replace it; a test certificate is made "
            f"anew by `mythmeter keys init` after {folder} is moved away."
        )
    return Signer(chain_pem, key_pem, _algorithm(key, key_file), _label(chain))


def ensure_test_signer(folder: Path | None = None) -> Signer:
    """Return the signer of a folder (None: the usual one); make a test pair where there is none.

    What is there is never replaced, a user's own certificate least of all. The folder is readable
    by its owner only, and appears as a whole.

    Raises:
        ProvenanceError: see `load_signer`; or a folder that holds one of the two files only.
    """
    folder = signing_folder(folder)
    if not (folder / CHAIN_FILE).exists() and not (folder / KEY_FILE).exists():
        _make_test_pair(folder)
    return load_signer(folder)


def _make_test_pair(folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        root = _root_certificate(root_key)
        leaf = _leaf_certificate(leaf_key, root, root_key)
        chain = b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (leaf, root))
        key = leaf_key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        for name, content in ((CHAIN_FILE, chain), (KEY_FILE, key)):
            with open(scratch / name, "wb", opener=_owner_only) as file:
                file.write(content)
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
        if folder.exists():
            for name in (KEY_FILE, CHAIN_FILE):
                (scratch / name).replace(folder / name)
        else:
            scratch.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_EXCL, 0o600)


def _root_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = _name(TEST_ISSUER)
    return (
        _dated(x509.CertificateBuilder())
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _leaf_certificate(
    key: ec.EllipticCurvePrivateKey, root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """Make a certificate with the key usages that C2PA asks of a signer.

    Source: C2PA technical specification, section "Certificate profile".
    """
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    return (
        _dated(x509.CertificateBuilder())
        .subject_name(_name("Mythmeter test signer"))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(issuer_key, critical=False)
        .sign(root_key, hashes.SHA256())
    )


def _dated(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    # A day's allowance for a clock that is set back later.
    start = datetime.now(UTC) - timedelta(days=1)
    return (
        builder.serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=365 * TEST_YEARS))
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, TEST_LABEL),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _algorithm(key: object, key_file: Path) -> str:
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    raise ProvenanceError(
        f"{key_file}: is of a kind that C2PA does not sign with. Use an elliptic curve key "
        f"({', '.join(CURVES)}), Ed25519 or RSA."
    )


def _label(chain: list[x509.Certificate]) -> str:
    """Say of a certificate what it is; a test one says so in its own issuer's name."""
    names = chain[0].issuer.get_attributes_for_oid(NameOID.COMMON_NAME)
    if any(name.value == TEST_ISSUER for name in names):
        return TEST_LABEL
    return f"certificate of {chain[0].subject.rfc4514_string()}"
