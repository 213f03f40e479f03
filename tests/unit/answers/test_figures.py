import pytest

from mythmeter.answers.figures import number, quality_rows, seconds, voice_reach


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.012345, "0.0123"), (1234.6, "1,235"), (0, "0"), (None, "–"), (float("nan"), "–")],
)
def test_numbers_keep_three_digits_and_missing_ones_are_a_dash(value, text):
    assert number(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.500 s"), (83, "83.0 s"), (725, "12 min 5 s")])
def test_durations_are_written_for_people(value, text):
    assert seconds(value) == text


def test_a_score_without_a_value_shows_its_reason():
    rows = quality_rows(
        {
            "metrics": {
                "identity_distance": {
                    "value": 0.36,
                    "unit": "distance",
                    "n": 40,
                    "controls": {"performer": 0.81},
                    "method": "dlib",
                },
                "word_error_rate": {"value": None, "unit": "", "n": 0, "reason": "no speech"},
            }
        }
    )
    assert rows[0]["controls"] == "performer: 0.810"
    assert rows[0]["value"] == "0.360 distance"
    assert rows[1]["value"] == "–"
    assert rows[1]["note"] == "no speech"


def test_a_voice_is_judged_by_the_encoder_that_was_not_optimised() -> None:
    figures = {"before": 0.5, "after": 0.7, "ceiling": 0.9, "floor_mean": 0.4, "floor_max": 0.6}
    enrolment = {
        "similarity": {"resemblyzer": {}, "dvector": figures},
        "optimised": ["resemblyzer"],
    }
    said = voice_reach(enrolment)
    assert "nearest stock voice is 20% of the way" in said and "fitted voice is 60%" in said
    assert "not judged" in voice_reach({**enrolment, "optimised": ["resemblyzer", "dvector"]})
    alone = {"dvector": {**figures, "before": None, "floor_mean": None}}
    assert "no floor" in voice_reach({"similarity": alone, "optimised": []})
