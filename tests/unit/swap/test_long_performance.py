"""A long performance is studied in blocks, and gives what studying all of it at once gives."""

import numpy as np

from mythmeter.media.long_rows import LongRows
from mythmeter.swap import features as F
from mythmeter.swap.path import follow, follow_blocks
from mythmeter.swap.regression import BLOCK_ROWS, KernelRidge


def test_scaling_of_features_on_disk_is_that_of_an_array_to_the_bit() -> None:
    random = np.random.default_rng(5)
    features = (random.standard_normal((2300, F.FEATURES)) * 20 + 50).astype(np.float32)
    rows = LongRows((F.FEATURES,), np.float32)
    for row in features:
        rows.append(row)
    person = F.own_scaling(features[:400])
    spread = person(features[:400]).std(axis=0)
    usual = np.zeros(F.LIPS.stop)
    one, other = (F.performer_scaling(f, person, spread, usual) for f in (features, rows))
    assert np.array_equal(one.centre, other.centre)
    assert np.array_equal(one.factor, other.factor)
    own = F.own_scaling(features)
    assert np.array_equal(own.centre, features.mean(axis=0))
    eyes = 0.25 / max(float(features[:, F.EYE_VIEWS].std(axis=0).mean()), 1.0)
    assert np.array_equal(own.factor[F.EYE_VIEWS], np.full(192, eyes, np.float32))
    lips = one(features)[:, F.LIPS]
    narrow = F.Narrowing.of(lambda: map(other, rows.blocks()), spread)
    assert np.array_equal(narrow.mean, lips.mean(axis=0))
    narrowed = narrow(one(features))
    assert np.array_equal(narrowed[:, F.LIPS.stop :], one(features)[:, F.LIPS.stop :])
    assert narrowed[:, F.LIPS].std() < lips.std()


def test_a_path_through_blocks_is_the_path_through_all() -> None:
    random = np.random.default_rng(6)
    known = random.standard_normal((30, 4)).astype(np.float32)
    wanted = np.cumsum(random.standard_normal((2500, 4)) * 0.3, axis=0).astype(np.float32)
    following = np.append(np.arange(1, 30), -1).astype(np.int32)
    whole = follow(known, wanted, following, smoothness=0.5)
    parts = follow_blocks(known, np.array_split(wanted, 11), following, smoothness=0.5)
    assert np.array_equal(parts, whole)
    assert len(np.unique(whole)) > 5


def test_predictions_of_many_rows_are_those_of_each() -> None:
    random = np.random.default_rng(7)
    known = random.standard_normal((40, 6)).astype(np.float32)
    ridge = KernelRidge.fit(known, known[:, :2] ** 2, ridge=0.03)
    rows = random.standard_normal((BLOCK_ROWS + 3, 6)).astype(np.float32)
    apart = np.abs(ridge.predict(rows)[-3:] - ridge.predict(rows[-3:]))
    assert apart.max() < 1e-5
