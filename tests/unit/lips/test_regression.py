import numpy as np

from mythmeter.lips.regression import ShapeRegression, ShapeSpace


def test_kernel_ridge_recovers_a_linear_relation():
    random = np.random.default_rng(0)
    matrix = random.normal(size=(6, 3))
    features = random.normal(size=(400, 6))
    fitted = ShapeRegression.fit(features, features @ matrix, ridge=0.01)
    unseen = random.normal(size=(50, 6)) * 0.8
    predicted, wanted = fitted.predict(unseen), unseen @ matrix
    assert np.corrcoef(predicted.ravel(), wanted.ravel())[0, 1] > 0.98


def test_far_from_every_example_the_mean_is_predicted():
    random = np.random.default_rng(0)
    features = random.normal(size=(100, 4))
    targets = features[:, :2] + 5
    fitted = ShapeRegression.fit(features, targets, ridge=0.3)
    far = np.full((1, 4), 1000.0)
    np.testing.assert_allclose(fitted.predict(far)[0], targets.mean(axis=0))


def test_shapes_survive_encoding_with_enough_components():
    random = np.random.default_rng(0)
    shapes = random.normal(size=(60, 3)) @ random.normal(size=(3, 40)) + 7
    space = ShapeSpace.fit(shapes, 3)
    np.testing.assert_allclose(space.decode(space.encode(shapes)), shapes, atol=1e-9)


def test_codes_are_held_near_what_was_seen():
    shapes = np.linspace(0, 1, 50)[:, None] * np.ones((1, 4))
    space = ShapeSpace.fit(shapes, 1)
    wild = space.decode(space.clamp(space.encode(np.full((1, 4), 40.0))))
    assert wild.max() < 1.3
