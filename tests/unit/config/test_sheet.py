from pathlib import Path

import pytest

from mythmeter.config.sheet import read_sheet
from mythmeter.errors import ConfigError

HEADER = "name\tperson\ttarget\tstart_s\tend_s\tscript\tscript_file\tlanguage\tfit\n"


def sheet(folder: Path, body: str, header: str = HEADER) -> Path:
    path = folder / "renders.tsv"
    path.write_bytes((header + body).encode())
    return path


def test_quotes_are_part_of_a_script(tmp_path: Path) -> None:
    path = sheet(tmp_path, 'a\tp\tt\t0\t\t"Hello," she said.\t\ten\ttrim\n')
    ((where, row),) = read_sheet(path, tmp_path, check=True)
    assert row["script"] == '"Hello," she said.'
    assert where.endswith("renders.tsv, line 2")


def test_windows_line_ends_a_byte_order_mark_comments_and_short_rows_are_understood(
    tmp_path: Path,
) -> None:
    path = tmp_path / "renders.tsv"
    text = "\ufeffname\tperson\ttarget\tscript\tfit\r\n\r\n# later\r\na\tp\tt\thello\r\n"
    path.write_bytes(text.encode())
    ((where, row),) = read_sheet(path, tmp_path, check=True)
    assert where.endswith("line 4")
    assert row == {"name": "a", "person": "p", "target": "t", "script": "hello"}


def test_a_script_file_is_read_relative_to_the_sheets_folder(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("First line.\nSecond line.\n")
    path = sheet(tmp_path, "a\tp\tt\t\t\t\twords.txt\t\t\n")
    ((_, row),) = read_sheet(path, tmp_path, check=True)
    assert row["script"] == "First line.\nSecond line."


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a\tp\tt\t0\t\t\t\ten\ttrim", "the script is empty"),
        ("a\tp\tt\t0\t\t ... !\t\ten\ttrim", "has no word in it"),
        ("a\tp\tt\t0\t\thi\tx.txt\ten\ttrim", "both script and script_file"),
        ("a\tp\tt\t0\t\t\tnone.txt\ten\ttrim", "none.txt: there is no such file"),
        ("a\tp\tt\tsoon\t\thi\t\ten\ttrim", "start_s is 'soon'"),
        ("a\tp\tt\tnan\t\thi\t\ten\ttrim", "start_s is nan"),
        ("a\tp\tt\t-1\t\thi\t\ten\ttrim", "start_s is -1"),
        ("a\tp\tt\t0\t0\thi\t\ten\ttrim", "end_s is 0.0; it must be more than 0"),
        ("a\tp\tt\t0\t\thi\t\ten\tpingpong", "Did you mean 'ping-pong'?"),
        ("a\tp\tt\t0\t\thi\t\tEnglish please\ttrim", "BCP 47"),
        ("../a\tp\tt\t0\t\thi\t\ten\ttrim", "name is '../a'. Ids are"),
        ("a\x00\tp\tt\t0\t\thi\t\ten\ttrim", "Ids are"),
        ("A\tp\tt\t0\t\thi\t\ten\ttrim", "name is 'A'. Ids are"),
        ("\tp\tt\t0\t\thi\t\ten\ttrim", "lacks 'name'"),
        ("a\tp\tt\t0\t\thi\t\ten\ttrim\tmore", "10 cells under 9 columns"),
    ],
)
def test_a_faulty_row_is_named_by_its_line(tmp_path: Path, row: str, message: str) -> None:
    path = sheet(tmp_path, f"# first\n{row}\n")
    with pytest.raises(ConfigError) as error:
        read_sheet(path, tmp_path, check=True)
    assert message in str(error.value)
    assert "renders.tsv, line 3" in str(error.value) or "none.txt" in message


def test_two_rows_of_one_name_are_refused(tmp_path: Path) -> None:
    row = "a\tp\tt\t0\t\thi\t\ten\ttrim\n"
    with pytest.raises(ConfigError, match="line 3: name 'a' is already used in line 2"):
        read_sheet(sheet(tmp_path, row + row), tmp_path, check=True)


def test_an_unknown_column_is_named_with_the_near_one(tmp_path: Path) -> None:
    path = sheet(tmp_path, "", header="name\tperson\ttarget\tscirpt\n")
    with pytest.raises(ConfigError, match=r"unknown column 'scirpt'\. Did you mean 'script'"):
        read_sheet(path, tmp_path, check=True)


def test_a_sheet_without_a_render_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no render in it"):
        read_sheet(sheet(tmp_path, ""), tmp_path, check=True)
    (tmp_path / "renders.tsv").write_text("")
    with pytest.raises(ConfigError, match="empty"):
        read_sheet(tmp_path / "renders.tsv", tmp_path, check=True)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "renders.tsv"
    path.write_bytes(b"name\tperson\xff\xfe\n")
    with pytest.raises(ConfigError, match="not UTF-8 text"):
        read_sheet(path, tmp_path, check=True)
