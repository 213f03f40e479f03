"""Ways round the marks, each of which must end without a render in its final place."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import perth
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mythmeter.errors import ProvenanceError
from mythmeter.provenance.c2pa_file import read_file
from mythmeter.provenance.keys import load_signer
from mythmeter.voice import watermark

RULE = re.compile(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"^    output:\n(.*?)(?=^    \w|\Z)", re.MULTILINE | re.DOTALL)


def test_only_rules_that_verify_write_to_the_final_place(repository: Path) -> None:
    """Asking Snakemake for `renders/demo.mp4` therefore runs the verification first."""
    writing = {
        name
        for file in (repository / "rules").rglob("*.smk")
        for name, body in RULE.findall(file.read_text(encoding="utf-8"))
        if any("<results>/renders/" in output for output in OUTPUT.findall(body))
    }
    assert writing == {"verify_render", "compare_render"}
    # The second marks, signs and verifies in its own job, by the functions of the first.
    made_by = (repository / "src/mythmeter/provenance/comparison.py").read_text(encoding="utf-8")
    assert "verify_render(\n            signed,\n            final," in made_by


def test_the_signed_file_before_verification_is_temporary(repository: Path) -> None:
    text = (repository / "rules" / "render.smk").read_text(encoding="utf-8")
    assert 'video=temp("<results>/render/{render}/signed.mp4")' in text


def test_without_the_audio_watermarker_no_speech_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    watermark._perth.cache_clear()
    monkeypatch.setattr(perth, "PerthImplicitWatermarker", None)
    with pytest.raises(ProvenanceError, match="unmarked speech is never written"):
        watermark.mark(watermark.np.zeros(72_000, watermark.np.float32), 24_000)
    watermark._perth.cache_clear()


def test_half_a_signing_pair_signs_nothing(signed, tmp_path: Path) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    (folder / "chain.pem").write_bytes((signed.signing / "chain.pem").read_bytes())
    with pytest.raises(ProvenanceError, match=r"chain\.pem and key\.pem"):
        replace(signed, signing=folder).mark(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: tuple[str, ec.EllipticCurvePrivateKey],
    *,
    authority: bool,
) -> x509.Certificate:
    """A certificate as a real authority would issue it."""
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer[0]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not authority,
                key_cert_sign=authority,
                crl_sign=authority,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key()),
            critical=False,
        )
    )
    if not authority:
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(issuer[1], hashes.SHA384())


def named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Studio"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def test_a_certificate_of_ones_own_is_configured_by_its_folder(signed, tmp_path: Path) -> None:
    keys = [ec.generate_private_key(ec.SECP384R1()) for _ in range(3)]
    root = certificate("Root", keys[0], ("Root", keys[0]), authority=True)
    middle = certificate("Middle", keys[1], ("Root", keys[0]), authority=True)
    leaf = certificate("Signer", keys[2], ("Middle", keys[1]), authority=False)
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "chain.pem").write_bytes(pem(leaf) + pem(middle))
    (folder / "key.pem").write_bytes(
        keys[2].private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    assert load_signer(folder).label.startswith("certificate of CN=Signer")
    video = replace(signed, signing=folder).mark(tmp_path / "out").video
    assert read_file(video).state == "Valid"
    assert read_file(video, pem(root)).state == "Trusted"
    content = bytearray(video.read_bytes())
    content[content.rindex(b"mdat") + 2000] ^= 1
    video.write_bytes(content)
    assert read_file(video, pem(root)).state == "Invalid"
