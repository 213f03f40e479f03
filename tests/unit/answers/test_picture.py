import altair as alt
import pandas as pd
import pytest

from mythmeter.answers.picture import Picture
from mythmeter.errors import UnfoundedError


def picture(title="seconds, s", units=None, **columns):
    table = pd.DataFrame({"stage": ["voice", "lips"], "wall_s": [3.0, 1.0]})
    table = table.assign(**{"n": 2, "source": "usage.parquet", **columns})
    chart = alt.Chart(table).mark_bar().encode(x=alt.X("wall_s:Q", title=title), y="stage:N")
    units = {"wall_s": "s"} if units is None else units
    return Picture("cost", "Cost", "Bars of seconds by stage.", chart, table, units)


def test_a_picture_of_founded_numbers_is_accepted():
    assert picture().spec()["mark"]["type"] == "bar"


def test_a_number_without_a_unit_is_not_drawn():
    with pytest.raises(UnfoundedError, match="'wall_s' is drawn without a unit"):
        picture(units={})


def test_an_axis_names_the_unit():
    with pytest.raises(UnfoundedError, match="the title 'time' of x lacks 's'"):
        picture(title="time")


@pytest.mark.parametrize("column", ["n", "source"])
def test_a_table_without_n_or_source_is_refused(column):
    table = picture().table.drop(columns=column)
    chart = alt.Chart(table).mark_bar().encode(x=alt.X("wall_s:Q", title="s"))
    with pytest.raises(UnfoundedError, match=f"has no column '{column}'"):
        Picture("cost", "Cost", "Bars.", chart, table, {"wall_s": "s"})


@pytest.mark.parametrize(
    "hole", [{"n": [2, 0]}, {"n": [2, None]}, {"source": ["run", None]}, {"source": ["run", ""]}]
)
def test_one_row_without_n_or_source_stops_the_build(hole):
    with pytest.raises(UnfoundedError, match="1 values of 'wall_s' have no n or source"):
        picture(**hole)


def test_a_missing_value_needs_no_source_since_it_is_not_drawn():
    assert picture(wall_s=[3.0, None], source=["run", None]).name == "cost"


def test_a_number_inside_a_layer_is_found_too():
    table = picture().table
    bars = alt.Chart(table).mark_bar().encode(x=alt.X("wall_s:Q", title="s"))
    marks = alt.Chart(table).mark_text().encode(text="n:Q")
    with pytest.raises(UnfoundedError, match="'n' is drawn without a unit"):
        Picture("cost", "Cost", "Bars.", alt.layer(bars, marks), table, {"wall_s": "s"})


def test_a_picture_without_words_for_it_is_refused():
    whole = picture()
    with pytest.raises(UnfoundedError, match="no description"):
        Picture("cost", "Cost", "", whole.chart, whole.table, {"wall_s": "s"})
