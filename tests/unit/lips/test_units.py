from fractions import Fraction

import numpy as np

from mythmeter.lips import units
from mythmeter.lips.units import UnitBank, UnitCosts, choose_units, join_costs

COSTS = UnitCosts()


def bank_of(clips: list[np.ndarray], rate: Fraction = Fraction(25)) -> UnitBank:
    return UnitBank(
        codes=np.concatenate(clips),
        clips=np.concatenate([np.full(len(c), i, np.int16) for i, c in enumerate(clips)]),
        frames=np.concatenate([np.arange(len(c), dtype=np.int32) for c in clips]),
        rates=(rate,) * len(clips),
    )


def walk(frames: int, seed: int) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(size=(frames, 4))
    path = np.cumsum(steps, axis=0)
    return (path - path.mean(axis=0)) / np.sqrt(path.var(axis=0).sum())


def test_planted_units_are_found():
    bank = bank_of([walk(120, 1), walk(80, 2)])
    planted = np.concatenate([np.arange(30, 70), np.arange(140, 180)])
    chosen = choose_units(bank.codes[planted], bank, Fraction(25), COSTS)
    # The motion across the join belongs to neither clip.
    inner = np.r_[0:37, 43:80]
    assert (chosen[inner] == planted[inner]).mean() > 0.95


def test_noisy_targets_still_give_runs_and_few_joins():
    bank = bank_of([walk(150, 3)])
    targets = bank.codes[20:120] + np.random.default_rng(0).normal(0, 0.1, (100, 4))
    chosen = choose_units(targets, bank, Fraction(25), COSTS)
    nearest = np.square(targets[:, None] - bank.codes[None]).sum(2).argmin(1)
    assert (np.diff(chosen) != 1).sum() < (np.diff(nearest) != 1).sum() / 3


def test_only_the_next_frame_joins_for_free_at_equal_rates():
    bank = bank_of([np.zeros((6, 2)), np.zeros((4, 2))])
    joins = join_costs(bank, Fraction(25), COSTS)
    free = np.argwhere(joins.T == 0)
    assert free.tolist() == [[i, i + 1] for i in (0, 1, 2, 3, 4, 6, 7, 8)]
    assert joins[6, 5] >= COSTS.jump + COSTS.clip_change


def test_a_run_keeps_its_speed_when_the_output_is_slower_than_the_footage():
    codes = walk(200, 4)
    bank = bank_of([codes], Fraction(30))
    seconds = np.arange(100) / 24
    targets = np.stack([np.interp(seconds * 30, np.arange(200), c) for c in codes.T], axis=1)
    chosen = choose_units(targets, bank, Fraction(24), COSTS)
    assert np.abs(chosen - seconds * 30).max() <= 2
    assert set(np.diff(chosen)) <= {1, 2}


def test_long_searches_are_cut_into_blocks_without_a_trace(monkeypatch):
    bank = bank_of([walk(60, 5), walk(60, 6)])
    targets = np.concatenate([bank.codes[5:55], bank.codes[65:115], bank.codes[20:50]])
    whole = choose_units(targets, bank, Fraction(25), COSTS)
    monkeypatch.setattr(units, "BLOCK_FRAMES", 40)
    np.testing.assert_array_equal(choose_units(targets, bank, Fraction(25), COSTS), whole)


def test_one_texture_is_held_at_rest_however_the_search_is_cut(monkeypatch):
    bank = bank_of([walk(120, 6), walk(60, 7)])
    targets = np.concatenate([bank.codes[20:60], np.tile(bank.codes[70] + 0.05, (40, 1))])
    targets = np.concatenate([targets, bank.codes[100:150]])
    at_rest = np.zeros(len(targets), np.bool_)
    at_rest[40:80] = True
    held = choose_units(targets, bank, Fraction(25), COSTS, at_rest)
    assert set(held[at_rest]) == {70}
    assert len(set(held[~at_rest])) > 40
    monkeypatch.setattr(units, "BLOCK_FRAMES", 17)
    np.testing.assert_array_equal(choose_units(targets, bank, Fraction(25), COSTS, at_rest), held)
