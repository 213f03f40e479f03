import pytest

from mythmeter.answers.quantity import Quantity
from mythmeter.answers.question import Question, quantity_table
from mythmeter.answers.saying import Saying, with_spread, written


def measured(value, unit, **more):
    return Quantity(value, unit, more.pop("n", 4), "usage.parquet", **more)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4.234, "s", "4.23 s"),
        (725.0, "s", "12 min 5 s"),
        (0.371, "share", "37 %"),
        (0.263, "USD", "$0.263"),
        (0.98, "USD per minute of video", "$0.980 per minute of video"),
        (37800.0, "GPU hours", "37,800 GPU hours"),
        (3.0, "1", "3"),
        (1.25, "1", "1.25"),
    ],
)
def test_a_number_is_written_with_its_unit(value, unit, text):
    assert written(measured(value, unit)) == text


def test_a_missing_number_is_written_as_its_reason():
    assert written(Quantity.missing("J", "ran on the CPU")) == "unknown (ran on the CPU)"


def test_the_error_bar_is_written_or_why_there_is_none():
    whole = measured(4.0, "s", low=3.0, high=5.5, spread="95 % bootstrap interval")
    assert with_spread(whole) == "4.00 s (3.00 s to 5.50 s; 95 % bootstrap interval, n = 4)"
    assert with_spread(measured(4.0, "s", n=1)) == "4.00 s (no error bar: n = 1)"


def test_the_page_carries_the_exact_value_of_each_number():
    saying = Saying("It took {time} <in all>.", {"time": measured(1 / 3, "s")})
    assert saying.html() == (
        'It took <data value="0.3333333333333333" data-quantity="time">0.333 s</data> '
        "&lt;in all&gt;."
    )
    assert saying.plain() == "It took 0.333 s <in all>."


def question(key, **numbers):
    text = " ".join(f"{{{name}}}" for name in numbers)
    return Question(key, key, Saying(text, numbers), scope="one run", command="make demo")


def test_every_number_of_every_question_is_a_row():
    table = quantity_table(
        [question("a", x=measured(1.0, "s")), question("b", y=measured(2.0, "s", scope="warm"))]
    )
    assert table["quantity"].tolist() == ["x", "y"]
    assert table["scope"].tolist() == ["one run", "warm"]


def test_two_numbers_of_one_name_are_a_mistake():
    twice = Question(
        "a",
        "a",
        Saying("{x}", {"x": measured(1.0, "s")}),
        scope="one run",
        command="make demo",
        further=[Saying("{x}", {"x": measured(2.0, "s")})],
    )
    with pytest.raises(ValueError, match="two different numbers are called 'x'"):
        twice.quantities()
