import json

import pandas as pd
import pytest

from mythmeter.answers.tables import write_table
from mythmeter.errors import UnfoundedError

ROW = {"n": 1, "source": "make experiments", "processor": "Test CPU", "logical_cores": 2}


def test_a_table_is_written_as_parquet_and_as_csv(tmp_path):
    table = pd.DataFrame([ROW | {"each_s": [1.0, 2.5], "reason": None}])
    write_table(table, tmp_path / "t.parquet", tmp_path / "t.csv")
    assert list(pd.read_parquet(tmp_path / "t.parquet")["each_s"][0]) == [1.0, 2.5]
    assert json.loads(pd.read_csv(tmp_path / "t.csv")["each_s"][0]) == [1.0, 2.5]


@pytest.mark.parametrize("column", ["n", "source", "processor", "logical_cores"])
def test_a_row_that_lacks_its_ground_is_not_written(tmp_path, column):
    table = pd.DataFrame([ROW, ROW | {column: None}])
    with pytest.raises(UnfoundedError, match=column):
        write_table(table, tmp_path / "t.parquet", tmp_path / "t.csv")
    assert not (tmp_path / "t.parquet").exists()
