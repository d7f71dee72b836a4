import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy.optimize import nnls

from forecasting.core.day_arrays import SeriesForecast
from forecasting.evaluation.reconciliation import BAND, reconcile

START = 18_000
ITEMS, DAYS = 4, 6
NAMES = ("mean", "q10", "q50", "q90")


def forecast(mean: np.ndarray, width: np.ndarray | float) -> SeriesForecast:
    """A forecast with a band of a given width, cut at 0."""
    low = np.maximum(mean - np.asarray(width) / 2, 0.0)
    return SeriesForecast(START + np.arange(mean.size), mean, low, low + 0.4 * width, low + width)


def variance(made: SeriesForecast) -> np.ndarray:
    """The variance that belongs to the band."""
    return ((made.q90 - made.q10) / BAND) ** 2


demand = st.one_of(st.just(0.0), st.integers(1, 10**6).map(lambda value: value / 100))
width = st.sampled_from([0.0, 0.01, 1.0, 30.0, 5000.0])


@st.composite
def stores(draw: st.DrawFn) -> tuple[SeriesForecast, list[SeriesForecast]]:
    """A total and its products; on a day with a mean of 0, such as a closed one, everything is 0."""

    def one() -> SeriesForecast:
        means = draw(npst.arrays(np.float64, DAYS, elements=demand))
        return forecast(means, np.where(means > 0, draw(npst.arrays(np.float64, DAYS, elements=width)), 0.0))

    return one(), [one() for _ in range(draw(st.integers(1, ITEMS)))]


def means_of(items: list[SeriesForecast] | tuple[SeriesForecast, ...]) -> np.ndarray:
    """(items, days)."""
    return np.vstack([each.mean for each in items])


@given(stores())
def test_products_add_up_to_the_total_and_every_promise_holds(
    store: tuple[SeriesForecast, list[SeriesForecast]],
) -> None:
    """Nothing is negative, quantiles, days and products keep their order, closed days are exactly 0."""
    total, items = store
    agreed, parts = reconcile(total, items)
    np.testing.assert_allclose(means_of(parts).sum(axis=0), agreed.mean, rtol=1e-9, atol=1e-9)
    assert len(parts) == len(items)
    for before, after in zip([total, *items], [agreed, *parts], strict=True):
        values = np.vstack([getattr(after, name) for name in NAMES])
        assert np.isfinite(values).all()
        assert (values >= 0).all()
        assert (np.diff(values[1:], axis=0) >= 0).all()
        assert (after.days == before.days).all()
    for before, after in zip(items, parts, strict=True):
        certain = variance(before) == 0
        for name in NAMES:
            assert (getattr(after, name)[certain] == getattr(before, name)[certain]).all()


@given(stores())
def test_no_other_consistent_forecast_is_closer(store: tuple[SeriesForecast, list[SeriesForecast]]) -> None:
    """Measured in standard deviations, day by day, against a non-negative least squares solver."""
    total, items = store
    agreed, parts = reconcile(total, items)
    for day in range(DAYS):
        means, spread = means_of(items)[:, day], np.array([variance(each)[day] for each in items])
        free, doubt = spread > 0, variance(total)[day]
        if doubt == 0 or not free.any():
            continue
        wanted = total.mean[day] - means[~free].sum()
        weights = 1 / np.sqrt(np.append(spread[free], doubt))
        rows = np.vstack([np.eye(free.sum()), np.ones(free.sum())]) * weights[:, None]
        best, _ = nnls(rows, np.append(means[free], wanted) * weights)
        size = max(1.0, total.mean[day], means.sum())
        np.testing.assert_allclose(means_of(parts)[free, day], best, rtol=1e-6, atol=1e-6 * size)
        assert agreed.mean[day] == pytest.approx(best.sum() + means[~free].sum(), rel=1e-6, abs=1e-6 * size)


@given(stores())
def test_consistent_forecasts_do_not_change(store: tuple[SeriesForecast, list[SeriesForecast]]) -> None:
    """Up to rounding; reconciling twice changes nothing more."""
    total, items = store
    once = reconcile(total, items)
    again = reconcile(*once)
    for before, after in zip([once[0], *once[1]], [again[0], *again[1]], strict=True):
        for name in NAMES:
            np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-9, atol=1e-6)


@given(stores())
def test_a_total_without_a_band_is_kept_if_the_products_can_match_it(
    store: tuple[SeriesForecast, list[SeriesForecast]],
) -> None:
    """If one product has a band, and those without one do not exceed the total."""
    total, items = store
    certain = forecast(total.mean, 0.0)
    agreed, _ = reconcile(certain, items)
    free = np.vstack([variance(each) for each in items]) > 0
    can = free.any(axis=0) & (np.where(free, 0.0, means_of(items)).sum(axis=0) <= certain.mean)
    np.testing.assert_allclose(agreed.mean[can], certain.mean[can], rtol=1e-9, atol=1e-9)


@given(stores())
def test_the_more_uncertain_product_moves_more(store: tuple[SeriesForecast, list[SeriesForecast]]) -> None:
    """All products move in the same direction, but not below 0."""
    total, items = store
    _, parts = reconcile(total, items)
    moved = means_of(parts) - means_of(items)
    spread = np.vstack([variance(each) for each in items])
    for day in range(DAYS):
        rising, falling = (moved[:, day] > 1e-6).any(), (moved[:, day] < -1e-6).any()
        assert not (rising and falling)
        free = (spread[:, day] == 0) | (means_of(parts)[:, day] > 0)
        order = np.argsort(spread[free, day])
        assert (np.diff(np.abs(moved[free, day])[order]) >= -1e-6).all()


def test_a_hand_calculated_case() -> None:
    """The products are 10 too low: variances 1 and 3, and 1 of the total, take 2, 6 and 2 of the gap."""
    total = forecast(np.array([110.0]), BAND)
    items = [forecast(np.array([40.0]), BAND), forecast(np.array([60.0]), BAND * 3**0.5)]
    agreed, (first, second) = reconcile(total, items)
    assert [agreed.mean[0], first.mean[0], second.mean[0]] == pytest.approx([108, 42, 66])
    for before, after in ((items[0], first), (items[1], second), (total, agreed)):
        ratio = [getattr(after, name)[0] / getattr(before, name)[0] for name in NAMES]
        assert ratio == pytest.approx([after.mean[0] / before.mean[0]] * 4)


def test_a_product_that_would_be_negative_becomes_zero_and_the_others_take_the_rest() -> None:
    """The products are 90 too high: the first can give only 10."""
    items = [forecast(np.array([10.0]), 300.0), forecast(np.array([100.0]), 100.0)]
    agreed, (first, second) = reconcile(forecast(np.array([20.0]), 0.0), items)
    assert [agreed.mean[0], first.mean[0], second.mean[0]] == pytest.approx([20, 0, 20])
    assert first.q90[0] == 0


@pytest.mark.parametrize("doubt", [1e-9, 1e-6, 1e-3])
def test_an_almost_certain_total_is_almost_kept(doubt: float) -> None:
    """For any ratio of the uncertainties."""
    items = [forecast(np.array([500.0]), 300.0), forecast(np.array([300.0]), 200.0)]
    agreed, _ = reconcile(forecast(np.array([600.0]), doubt), items)
    assert agreed.mean[0] == pytest.approx(600, rel=1e-9)


def test_without_any_band_the_products_win() -> None:
    """The total becomes their sum."""
    items = [forecast(np.array([40.0, 0.0]), 0.0), forecast(np.array([60.0, 0.0]), 0.0)]
    agreed, parts = reconcile(forecast(np.array([110.0, 5.0]), 0.0), items)
    assert agreed.mean.tolist() == [100, 0]
    assert agreed.q90.tolist() == pytest.approx([100, 0])
    assert means_of(parts).tolist() == [[40, 0], [60, 0]]


def test_a_product_with_a_band_and_no_mean_may_rise() -> None:
    """Its band can't be scaled, and stays the same."""
    item = forecast(np.array([0.0]), 2.0)
    agreed, (part,) = reconcile(forecast(np.array([4.0]), 2.0), [item])
    assert part.mean[0] == agreed.mean[0] == pytest.approx(2.0)
    assert (part.q10[0], part.q90[0]) == (item.q10[0], item.q90[0])


@given(stores(), st.sampled_from([1e-3, 64.0, 1e4]))
def test_the_unit_of_demand_does_not_matter(
    store: tuple[SeriesForecast, list[SeriesForecast]], unit: float
) -> None:
    """In pieces or in pallets."""

    def scaled(made: SeriesForecast) -> SeriesForecast:
        return SeriesForecast(made.days, *(unit * getattr(made, name) for name in NAMES))

    total, items = store
    spread = np.vstack([variance(each) for each in [total, *items]])
    assume((spread > 0).any())
    agreed, parts = reconcile(total, items)
    other, others = reconcile(scaled(total), [scaled(each) for each in items])
    np.testing.assert_allclose(other.mean, unit * agreed.mean, rtol=1e-9, atol=1e-6 * unit)
    np.testing.assert_allclose(means_of(others), unit * means_of(parts), rtol=1e-9, atol=1e-6 * unit)


def test_no_days_are_reconciled_to_no_days() -> None:
    """An empty horizon works."""
    empty = forecast(np.zeros(0), 0.0)
    agreed, parts = reconcile(empty, [empty, empty])
    assert (len(agreed), [len(part) for part in parts]) == (0, [0, 0])
