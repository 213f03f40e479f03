import json
import runpy
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mythmeter.people.keys import SigningKey
from mythmeter.people.record import Scope, new_record, write_record
from mythmeter.people.signature import signed

SCRIPT = Path(__file__).parents[2] / "scripts" / "check_consent.py"


@pytest.fixture
def job(tmp_path: Path) -> SimpleNamespace:
    """The job of a synthetic person with one clip and a valid record."""
    clip, record = tmp_path / "ada.mp4", tmp_path / "consent.json"
    clip.write_bytes(b"a clip")
    scope = Scope(face=True, voice=True, languages=("en",))
    issued = datetime(2026, 1, 1, tzinfo=UTC)
    key = SigningKey(Ed25519PrivateKey.generate())
    made = new_record(
        "synthetic", "ada", {"ada.a": clip}, scope=scope, issued=issued, generator=("g", "1")
    )
    write_record(signed(made, key), record)
    return SimpleNamespace(
        input=SimpleNamespace(record=str(record), clips=[str(clip)]),
        output=SimpleNamespace(
            receipt=str(tmp_path / "out" / "ada.json"), usage=str(tmp_path / "out" / "ada.jsonl")
        ),
        params=SimpleNamespace(
            gate={
                "person": "ada",
                "person_kind": "synthetic",
                "key": key.id,
                "generated": True,
                "face": True,
                "voice": True,
                "languages": ["en"],
                "distribution": "none",
                "purpose": None,
                "clips": ["ada.a"],
                "revocations": str(tmp_path / "revoked.json"),
            }
        ),
        wildcards=SimpleNamespace(person="ada"),
        log=str(tmp_path / "ada.log"),
        rule="check_consent",
        threads=1,
        resources=SimpleNamespace(),
    )


def test_the_receipt_and_the_usage_record_are_written(job: SimpleNamespace) -> None:
    runpy.run_path(str(SCRIPT), init_globals={"snakemake": job})
    receipt = json.loads(Path(job.output.receipt).read_text())
    assert (receipt["person"], receipt["decision"]) == ("ada", "granted")
    lines = [json.loads(line) for line in Path(job.output.usage).read_text().splitlines()]
    assert [line["phase"] for line in lines] == ["import", "steady", "other"]
    assert lines[1]["work"] == {"files": 1}


def test_a_refusal_is_one_message_and_leaves_nothing(
    job: SimpleNamespace, capfd: pytest.CaptureFixture[str]
) -> None:
    Path(job.input.clips[0]).write_bytes(b"another clip")
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(SCRIPT), init_globals={"snakemake": job})
    assert stop.value.code == 1
    shown = capfd.readouterr().err
    assert "speaks of another file" in shown
    assert "Traceback" not in shown
    assert not Path(job.output.receipt).parent.exists()
