import json
from types import SimpleNamespace

import pytest

from mythmeter.errors import DamagedError
from mythmeter.usage import sums
from mythmeter.usage.job import run_job


@pytest.fixture
def chunk(tmp_path):
    path = tmp_path / "chunk.mp4"
    path.write_bytes(bytes(range(256)) * 40)
    sums.note([path], "composite")
    return path


def test_a_file_as_it_was_written_passes(chunk):
    sums.check([chunk])


def test_a_truncated_file_is_named_with_both_sizes_and_its_rule(chunk):
    chunk.write_bytes(chunk.read_bytes()[:1000])
    message = r"chunk\.mp4 was edited or damaged after composite wrote it \(1000 bytes, not 10240\)"
    with pytest.raises(DamagedError, match=message + r"\. Delete it"):
        sums.check([chunk])


def test_one_flipped_bit_is_enough(chunk):
    content = bytearray(chunk.read_bytes())
    content[5000] ^= 1
    chunk.write_bytes(content)
    with pytest.raises(DamagedError, match="with other bytes"):
        sums.check([chunk])


def test_a_file_that_nobody_noted_and_one_that_is_not_there_are_not_judged(tmp_path, chunk):
    users = tmp_path / "clip.mp4"
    users.write_bytes(b"mine")
    chunk.unlink()
    sums.check([users, chunk])


@pytest.mark.parametrize("note", ["", "[]", '{"size": 1}'])
def test_a_damaged_note_does_not_condemn_its_file(chunk, note):
    (chunk.parent / ".sums" / "chunk.mp4.json").write_text(note)
    sums.check([chunk])


class Files(list):
    """Paths with names, as Snakemake hands them to a script."""

    def __init__(self, **named):
        super().__init__(named.values())
        self.__dict__.update(named)


def job(folder, rule, reads, writes):
    return SimpleNamespace(
        rule=rule,
        log=str(folder / f"{rule}.log"),
        wildcards={},
        threads=1,
        resources=SimpleNamespace(),
        params=SimpleNamespace(),
        input=Files(chunk=str(reads)) if reads else Files(),
        output=Files(chunk=str(writes), usage=str(folder / f"{rule}.jsonl")),
    )


def test_a_job_stops_before_it_works_on_what_was_damaged_on_the_way(tmp_path, capsys):
    first, second = tmp_path / "first.bin", tmp_path / "second.bin"
    with run_job(job(tmp_path, "composite", None, first)):
        first.write_bytes(bytes(1000))
    assert json.loads((tmp_path / ".sums" / "first.bin.json").read_text())["rule"] == "composite"
    first.write_bytes(bytes(999))
    worked = []
    with pytest.raises(SystemExit), run_job(job(tmp_path, "assemble", first, second)):
        worked.append(True)
    assert not worked
    assert "assemble: " in (said := capsys.readouterr().err)
    assert "first.bin was edited or damaged after composite wrote it" in said
