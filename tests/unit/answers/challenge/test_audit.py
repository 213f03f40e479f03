"""The Deepfake Detection Challenge, worked out again from its own figures."""

import pytest

from mythmeter.answers.challenge.audit import actual_usd, audit_challenge, finding_frame
from mythmeter.answers.challenge.plan import Batch, plan
from mythmeter.answers.founding import read_founding
from mythmeter.answers.gpus import read_gpus
from mythmeter.answers.projection import time_ratio
from mythmeter.answers.quantity import Quantity
from mythmeter.answers.utilisation import host_ratio, split
from mythmeter.config.tables import check_founding
from mythmeter.errors import AnswerError, ConfigError


@pytest.fixture(scope="module")
def founding(repository):
    return read_founding(repository / "config" / "founding.csv")


@pytest.fixture(scope="module")
def challenge(founding):
    return founding["detection_challenge"]


@pytest.fixture(scope="module")
def found(challenge):
    return {f.what: f for f in audit_challenge(challenge)}


def test_nine_hours_each_are_not_what_was_printed(found):
    hours = found["hours of all submissions"]
    assert hours.worked_out.value == 37_800
    assert hours.stated.value == 42_000
    assert hours.agrees is False
    assert hours.remark == "42,000 h would be 10 h each, or 4,667 submissions"


def test_the_fleet_and_the_price_of_the_projection_are_right(found):
    assert found["hours of the fleet"].worked_out.value == 42_840
    assert found["hours of the fleet"].agrees
    price = found["price of a P3 hour in the projection"]
    assert round(price.worked_out.value, 2) == 2.98
    assert price.agrees


def test_the_projection_is_that_of_the_small_machine_and_the_printed_header_is_wrong(found):
    small = found["projection on g4dn.xlarge"]
    wide = found["projection on g4dn.8xlarge, the size of the printed header"]
    assert round(small.worked_out.value / 1000, 1) == 47.3
    assert round(wide.worked_out.value / 1000) == 196
    assert (small.agrees, wide.agrees) == (True, False)
    assert found["saving of an hour on g4dn.xlarge"].agrees
    assert found["saving of an hour on g4dn.8xlarge"].agrees is False


def test_the_runtime_row_should_have_read_ninety_thousand(found):
    row = found["G4 hours in the runtime row of the printed table"]
    assert (row.stated.value, row.worked_out.value, row.agrees) == (25_000, 90_000, False)
    assert "42,000 | 90,000" in row.remark


def test_the_bill_comes_to_what_was_paid_and_hangs_on_the_size_of_the_cpu_machine(found, challenge):
    bill = found["what was paid"]
    assert round(bill.worked_out.value / 1000, 1) == 19.6
    assert bill.agrees
    least = actual_usd(challenge, "c4_smallest_usd_per_hour")
    most = actual_usd(challenge, "c4_largest_usd_per_hour")
    assert least < bill.worked_out.value < most
    assert "$16,098 and $23,553" in bill.remark


def test_the_projection_was_about_three_times_what_was_used(found):
    hours = found["hours projected over hours used, in hours of a G4"].worked_out
    usd = found["dollars projected over dollars paid, on G4"]
    assert round(hours.value, 1) == 3.4
    assert round(usd.worked_out.value, 1) == 2.4
    assert usd.remark.endswith("3.0")


def test_a_table_says_of_every_figure_where_it_comes_from(challenge):
    frame = finding_frame(audit_challenge(challenge))
    assert (frame["unit"] != "").all()
    assert (frame["source"] == "worked out from config/founding.csv").all()
    assert frame["stated"].isna().sum() == 2


def batch(**changes) -> Batch:
    inputs = {
        "submissions": 4200,
        "hours_each": 10,
        "days": 21,
        "usd_per_hour": 3.06,
        "times_as_long": Quantity(90 / 42, "times as long", 1, "the challenge"),
        "other_usd_per_hour": 0.526,
        "source": "founding.csv",
        "reserve_share": 0.5,
        "success_share": 0.94,
        **changes,
    }
    return Batch(**inputs)


def test_a_plan_gives_hours_gpus_and_dollars_on_both_machines():
    made = plan(batch())
    assert made.hours.value == 42_000
    assert (made.gpus.value, made.gpus_with_reserve.value) == (84, 126)  # they took 85
    assert made.other_hours.value == pytest.approx(90_000)
    assert made.other_gpus.value == 179
    assert made.other_usd.value == pytest.approx(47_340)
    assert made.saving_share.value == pytest.approx(1 - 47_340 / 128_520)
    assert made.usd_per_success.value == pytest.approx(128_520 / (4200 * 0.94))


def test_the_interval_of_the_roofline_reaches_the_dollars(repository):
    gpus = read_gpus(repository / "config" / "gpus.csv")
    made = plan(batch(times_as_long=time_ratio("V100", "T4", gpus, "fp16")))
    assert made.other_hours.low < 90_000 < made.other_hours.high
    assert made.other_usd.low < 47_340 < made.other_usd.high
    assert made.saving_share.low < made.saving_share.value < made.saving_share.high
    assert "interval of the model" in made.other_usd.spread


def test_a_ratio_that_is_missing_leaves_the_other_machine_missing():
    made = plan(batch(times_as_long=Quantity.missing("times as long", "no tensor figure")))
    assert made.other_usd.reason == "no tensor figure"
    assert made.usd.value == pytest.approx(128_520)


@pytest.mark.parametrize(
    "changes", [{"hours_each": 0}, {"days": float("nan")}, {"success_share": 1.2}]
)
def test_inputs_that_make_no_sense_are_refused(changes):
    with pytest.raises(AnswerError):
        plan(batch(**changes))


def test_the_speech_server_s_figures_explain_themselves(founding):
    case = founding["speech_server"]
    laptop_s = 1 / case["laptop_audio_s_per_s"]
    rented_s = laptop_s * case["rented_times_as_long"]
    laptop = split(laptop_s, case["laptop_least_utilisation"], 1.0, "s per audio s", "log")
    rented = split(rented_s, 0.0, case["rented_most_utilisation"], "s per audio s", "log")
    assert laptop.busy.value == pytest.approx(rented.busy.value)
    assert host_ratio(rented, laptop).value == pytest.approx(9.0)
    t4_usd = founding["detection_challenge"]["g4dn_xlarge_usd_per_hour"]
    assert t4_usd / case["t4_audio_s_per_s"] == pytest.approx(0.263)


def test_a_figure_that_is_not_there_is_named(challenge):
    with pytest.raises(AnswerError, match="lacks 'hours_eech' of detection_challenge"):
        challenge["hours_eech"]


def test_a_faulty_row_of_the_founding_figures_is_named_by_line(repository, tmp_path):
    text = (repository / "config" / "founding.csv").read_text()
    path = tmp_path / "founding.csv"
    path.write_text(text.replace(",4200,", ",nan,", 1))
    with pytest.raises(ConfigError, match=r"founding\.csv, line 2: value is 'nan'"):
        check_founding(path)
    path.write_text(text + text.splitlines()[1])
    with pytest.raises(ConfigError, match="submissions has more than one row"):
        check_founding(path)


def test_the_page_on_answers_states_what_the_audit_found(repository, found):
    page = (repository / "docs" / "answers.md").read_text()

    def thousands(what: str) -> str:
        return f"${found[what].worked_out.value / 1000:.1f}k".replace(".0k", "k")

    for text in (
        f"{found['hours of all submissions'].worked_out.value:,.0f} h",
        f"{found['hours of the fleet'].worked_out.value:,.0f} h",
        thousands("projection on g4dn.xlarge"),
        thousands("what was paid"),
        "$196k",
        '**the printed header "g4dn.8xl" is wrong**',
        r"it should read 42,000 \| 90,000",
    ):
        assert text in page, text
