"""The sheet of variants."""

import pytest

from mythmeter.config.variants import load_variants, read_variants
from mythmeter.errors import ConfigError
from mythmeter.experiments.variant import FAMILIES

HEADER = "variant\tstage\tfamily\tbase\tchanged\tskipped\n"


def sheet(tmp_path, *rows):
    path = tmp_path / "ablation.tsv"
    path.write_text(HEADER + "".join(row + "\n" for row in rows))
    return path


def test_a_row_is_a_variant_and_an_empty_cell_means_that_it_is_measured(tmp_path):
    path = sheet(
        tmp_path, "a\tfaces\tdetection\t1\t5\t", "b\tswap\tdrawing_batch\t1\t2\ttoo long here"
    )
    variants = read_variants(path)
    assert (variants["a"].changed, variants["a"].skipped) == ("5", None)
    assert variants["b"].skipped == "too long here"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["a\tfaces\tdetection\t1\t5\t"] * 2, "line 3: variant 'a' is already there"),
        (["a\tfaces\tdetection\t1\t1\t"], "line 2: base and changed are both '1'"),
        (["a\tfaces\tdetektion\t1\t5\t"], "line 2.*detektion"),
        (["a\tfaces\tdetection\t1\t\t"], "line 2.*changed"),
        ([], "no variant in it"),
    ],
)
def test_a_faulty_sheet_is_refused_by_line(tmp_path, rows, message):
    with pytest.raises(ConfigError, match=message):
        read_variants(sheet(tmp_path, *rows))


def test_every_variant_that_ships_is_run_by_something_or_says_why_it_is_not(repository):
    for variant in read_variants(repository / "config/experiments/ablation.tsv").values():
        assert variant.skipped or variant.family in FAMILIES


def test_the_sheet_is_relative_to_the_file_that_names_it(tmp_path):
    sheet(tmp_path, "a\tfaces\tdetection\t1\t5\t")
    (tmp_path / "config.yaml").write_text("experiments: {ablation: {variants: ablation.tsv}}\n")
    config = {"experiments": {"ablation": {"variants": "ablation.tsv"}}}
    assert set(load_variants(config, [tmp_path / "config.yaml"])) == {"a"}
