"""What is a person's stays where only its owner can read it."""

import os
import stat
import tempfile
from pathlib import Path

import numpy as np

from mythmeter.people.keys import KEY_FILE, make_key
from mythmeter.people.ledger import ledger_path, open_ledger
from mythmeter.people.likeness import Likeness, write_likeness


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_no_rule_puts_its_output_into_a_cache_that_others_share(repository: Path) -> None:
    rules = [*(repository / "rules").rglob("*.smk"), repository / "Snakefile"]
    assert len(rules) > 5
    assert not [path.name for path in rules if "cache:" in path.read_text()]


def test_temporary_folders_are_made_by_the_one_function_that_keeps_others_out(
    repository: Path,
) -> None:
    sources = [*(repository / "src").rglob("*.py"), *(repository / "scripts").glob("*.py")]
    words = ("mktemp(", '"/tmp', "'/tmp", "/dev/shm")
    assert not [path for path in sources for word in words if word in path.read_text()]
    before = os.umask(0)
    try:
        with tempfile.TemporaryDirectory() as folder:
            assert mode(Path(folder)) == 0o700
    finally:
        os.umask(before)


def test_keys_embeddings_and_ledgers_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        make_key(tmp_path / "key")
        write_likeness(Likeness(np.zeros(128), None), tmp_path / "jane.likeness.json")
        with open_ledger(tmp_path / "jane.json"):
            pass
    finally:
        os.umask(before)
    private = (
        tmp_path / "key" / KEY_FILE,
        tmp_path / "jane.likeness.json",
        ledger_path(tmp_path / "jane.json"),
    )
    assert {mode(path) for path in private} == {0o600}
    assert mode(tmp_path / "key") == 0o700
