"""The certificate and key that sign."""

import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from mythmeter.errors import ProvenanceError
from mythmeter.provenance.keys import (
    CHAIN_FILE,
    KEY_FILE,
    TEST_LABEL,
    ensure_test_signer,
    load_signer,
    signing_folder,
)


def test_a_test_pair_says_what_it_is_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "signing"
    signer = ensure_test_signer(folder)
    assert signer.label == TEST_LABEL and signer.algorithm == "es256"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(f.stat().st_mode) for f in folder.iterdir()} == {0o600}
    assert [f.name for f in folder.parent.iterdir()] == ["signing"]


def test_the_leaf_is_a_signer_below_a_root_and_says_test_in_its_name(tmp_path: Path) -> None:
    leaf, root = x509.load_pem_x509_certificates(ensure_test_signer(tmp_path / "s").chain_pem)
    leaf.verify_directly_issued_by(root)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(purposes) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    assert "not publicly trusted" in leaf.issuer.rfc4514_string()


def test_a_second_call_keeps_the_pair(tmp_path: Path) -> None:
    first = ensure_test_signer(tmp_path)
    assert ensure_test_signer(tmp_path) == first == load_signer(tmp_path)


def test_an_own_certificate_is_used_as_it_is(tmp_path: Path) -> None:
    pair = ensure_test_signer(tmp_path / "other")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / CHAIN_FILE).write_bytes(pair.chain_pem)
    (folder / KEY_FILE).write_bytes(pair.key_pem)
    assert ensure_test_signer(folder) == pair


def test_nothing_to_sign_with_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ProvenanceError, match="mythmeter keys init"):
        load_signer(tmp_path / "nothing")


def test_half_a_pair_is_not_completed(tmp_path: Path) -> None:
    pair = ensure_test_signer(tmp_path / "other")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / CHAIN_FILE).write_bytes(pair.chain_pem)
    with pytest.raises(ProvenanceError):
        ensure_test_signer(folder)
    assert [f.name for f in folder.iterdir()] == [CHAIN_FILE]


def test_a_key_of_another_certificate_is_noticed(tmp_path: Path) -> None:
    ensure_test_signer(tmp_path)
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / KEY_FILE).write_bytes(other)
    with pytest.raises(ProvenanceError, match="is not the key of the first certificate"):
        load_signer(tmp_path)


def test_files_that_are_not_pem_are_refused(tmp_path: Path) -> None:
    ensure_test_signer(tmp_path)
    (tmp_path / CHAIN_FILE).write_bytes(b"hello")
    with pytest.raises(ProvenanceError, match="cannot be read"):
        load_signer(tmp_path)


def test_the_usual_folder_follows_the_desktop_standard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert signing_folder() == tmp_path / "mythmeter" / "signing"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert signing_folder() == tmp_path / ".config" / "mythmeter" / "signing"
    assert signing_folder(tmp_path / "mine") == tmp_path / "mine"
