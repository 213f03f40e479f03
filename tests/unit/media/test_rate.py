"""The constant rate that times of frames ask for."""

from fractions import Fraction

import numpy as np
import pytest

from mythmeter.media.rate import choose_rate

NTSC_FILM = Fraction(24000, 1001)


@pytest.mark.parametrize("rate", [NTSC_FILM, Fraction(24), Fraction(25), Fraction(30000, 1001)])
def test_an_even_clip_keeps_its_exact_rate_even_with_times_rounded_to_milliseconds(
    rate: Fraction,
) -> None:
    times_s = np.round(np.arange(400) / float(rate), 3)
    choice = choose_rate(times_s, tick_s=0.001)
    assert choice.rate == rate
    assert not choice.variable


def test_an_even_clip_of_an_unusual_rate_keeps_it() -> None:
    choice = choose_rate(np.arange(100) / 17, tick_s=1e-5, stated=Fraction(17))
    assert choice.rate == 17
    assert not choice.variable


def test_a_phone_clip_with_missing_frames_becomes_its_nominal_rate_not_its_average() -> None:
    kept = [i for i in range(300) if i % 7]
    choice = choose_rate(np.array(kept) / 30, tick_s=1 / 600)
    assert choice.rate == 30
    assert choice.variable


def test_the_ntsc_twin_is_chosen_where_its_grid_fits_better() -> None:
    kept = [i for i in range(1500) if i % 7]
    assert choose_rate(np.array(kept) * 1001 / 30000, tick_s=1e-5).rate == Fraction(30000, 1001)


def test_two_frames_suffice_to_choose_a_rate() -> None:
    assert choose_rate(np.array([0.0, 0.04]), tick_s=1e-5).rate == 25
