"""A fault in the configuration reaches the user as one message, before any work."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.workflow

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("render:\n  crff: 20\n", "config.yaml, line 2: unknown key 'render.crff'. Did you mean"),
        ("renders: sheet.tsv\n", "sheet.tsv, line 2: unknown person 'nobody'. Known: ada."),
    ],
)
def test_snakemake_prints_the_message_alone(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.yaml").write_text(f"{text}paths:\n  results: out\n  reports: out\n")
    (tmp_path / "sheet.tsv").write_text("name\tperson\ttarget\tscript\nhi\tnobody\tlanger\thello\n")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--nolock"),
            *("--configfile", str(tmp_path / "config.yaml")),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f"ConfigError: {tmp_path}/" in done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert "Snakefile" not in done.stderr
    assert not (tmp_path / "out").exists()
