"""The tasks of a run that pools over all stores."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from forecasting.core.domain import SeriesKey
from forecasting.core.errors import StateUnavailable
from forecasting.core.pooled_priors import ChainPriors, PooledPrior
from forecasting.evaluation.backtest import backtest
from forecasting.evaluation.calibration import ConformityScores
from forecasting.evaluation.windows import Window
from forecasting.training.pooling_tasks import PooledFit, PoolTask, SpreadTask, representative
from tests.fakes import FlatEngine, engines
from tests.pooling import PoolableEngine
from tests.series import START, as_days, daily_series
from tests.stores import HistoryShelf

HORIZON = 28
DAYS = 200
LAST = (START + timedelta(days=DAYS - 1)).date()
KNOWN = engines(FlatEngine())


def products(count: int) -> dict[str, pd.DataFrame]:
    """Histories of some products, each at its own level."""
    return {
        str(100 + number): daily_series(DAYS, seed=number, level=50.0 + number) for number in range(count)
    }


# -- priors ---------------------------------------------------------------------


CUTOFFS = (LAST - timedelta(days=56), LAST - timedelta(days=28), LAST)


def chain(priors: list[PooledPrior]) -> ChainPriors:
    """A chain with these priors."""
    return ChainPriors("c", datetime(2018, 1, 1, tzinfo=UTC), "pooling", LAST, HORIZON, "", 8, tuple(priors))


def pooled(frames: Mapping[str, pd.DataFrame], engine: PoolableEngine | None = None) -> list[PooledFit]:
    """The fits of a store's products, without that of their total."""
    shelf = HistoryShelf()
    made = engine or PoolableEngine()
    fits = PoolTask(shelf.put("1", frames), "pooling", CUTOFFS).run(shelf, made.named)
    assert all(prior is None for prior in made.priors)
    found = [fit for fit in fits if isinstance(fit, PooledFit)]
    assert len(found) == len(fits)
    return [fit for fit in found if fit.item != "all"]


def test_every_series_is_fitted_at_every_cutoff_without_a_prior() -> None:
    """From the days up to the cutoff."""
    fits = pooled(products(2))
    assert [(fit.item, fit.cutoff) for fit in fits] == [
        (item, cutoff) for item in ("100", "101") for cutoff in CUTOFFS
    ]
    assert [fit.coefficients["days"] for fit in fits] == [144, 172, 200] * 2


def test_the_total_is_pooled_like_a_product() -> None:
    """With the totals of the other stores."""
    shelf = HistoryShelf()
    fits = PoolTask(shelf.put("1", products(2)), "pooling", CUTOFFS).run(shelf, PoolableEngine().named)
    assert [fit.cutoff for fit in fits if isinstance(fit, PooledFit) and fit.item == "all"] == list(CUTOFFS)


def test_short_and_closed_series_are_not_pooled() -> None:
    """A series needs sixty days with sales, the last of them less than sixty days before the cutoff."""
    frame = daily_series(DAYS, closed=())
    day = frame.index
    found = pooled(
        {
            "young": frame[day >= DAYS - 60],
            "younger": frame[day >= DAYS - 59],
            "closed": frame.assign(is_open=day < DAYS - 60, y=frame["y"].where(day < DAYS - 60, 0.0)),
            "unsold": frame.assign(y=frame["y"].where(day < DAYS - 60, 0.0)),
            "gone": frame[day < DAYS - 60],
            "lately": frame[day < DAYS - 59],
        }
    )
    cutoffs: dict[str, list[date]] = {}
    for fit in found:
        cutoffs.setdefault(fit.item, []).append(fit.cutoff)
    before = list(CUTOFFS[:2])
    assert cutoffs == {
        "young": [LAST], "closed": before, "unsold": before, "gone": before, "lately": list(CUTOFFS),
    }  # fmt: skip


def test_a_series_without_a_sale_is_not_representative() -> None:
    """Nor is one without a day, and neither is an error."""
    past = as_days(daily_series(DAYS))
    assert representative(past, LAST)
    assert not representative(replace(past, y=0 * past.y), LAST)
    assert not representative(past[:0], LAST)


def test_a_fit_that_fails_is_left_out_at_its_cutoff() -> None:
    """And at no other."""
    fits = pooled(products(1), PoolableEngine(fails_at=CUTOFFS[1]))
    assert [fit.cutoff for fit in fits] == [CUTOFFS[0], CUTOFFS[2]]


def test_an_engine_without_coefficients_has_nothing_to_pool() -> None:
    """That is no error."""
    shelf = HistoryShelf()
    assert PoolTask(shelf.put("1", products(2)), "flat", CUTOFFS).run(shelf, KNOWN) == ()


def test_sales_after_a_cutoff_do_not_change_what_is_pooled_at_it() -> None:
    """Whatever they were."""
    frame = daily_series(DAYS)
    later = frame["ds"] > pd.Timestamp(CUTOFFS[1])
    first, second = (pooled({"100": each}) for each in (frame, frame.assign(y=frame["y"].where(~later, 7.0))))
    assert first[:2] == second[:2]
    assert first[2] != second[2]


# -- spreads --------------------------------------------------------------------

WINDOWS = tuple(Window(LAST - timedelta(days=28 * back), HORIZON) for back in (4, 3, 2, 1))


def spread(
    frames: Mapping[str, pd.DataFrame], engine: PoolableEngine, priors: list[PooledPrior] | None = None
) -> dict[str, ConformityScores]:
    """The scores of a store's products, without those of their total."""
    shelf = HistoryShelf()
    found = SpreadTask(shelf.put("1", frames), chain(priors or []), WINDOWS).run(shelf, engine.named)
    assert len(dict(found)) == len(found)
    return {item: scores for item, scores in found if item != "all"}


def test_every_series_is_scored_over_the_windows() -> None:
    """As in a backtest of its own."""
    found = spread(products(2), PoolableEngine())
    assert list(found) == ["100", "101"]
    for item, frame in products(2).items():
        made = backtest(
            "pooling", lambda _at: PoolableEngine(), SeriesKey("1", item), as_days(frame), WINDOWS
        )
        expected = made.scores
        assert found[item].days.tolist() == expected.days.tolist()
        assert found[item].ahead.tolist() == expected.ahead.tolist()
        assert found[item].scores.tolist() == expected.scores.tolist()


def test_each_window_has_the_prior_of_its_product_known_at_its_cutoff() -> None:
    """The oldest window has none yet, and no window has a later one."""
    at = {day: PooledPrior("100", day, 8, {}) for day in (WINDOWS[1].cutoff, WINDOWS[3].cutoff, LAST)}
    engine = PoolableEngine()
    spread(products(1), engine, [*at.values(), *(replace(prior, item="900") for prior in at.values())])
    one, three = at[WINDOWS[1].cutoff], at[WINDOWS[3].cutoff]
    assert [prior for prior in engine.priors if prior] == [one, one, three]
    assert len(engine.priors) == 2 * len(WINDOWS)


def test_only_windows_that_a_series_covers_are_scored() -> None:
    """A series without any window is left out."""
    frame = daily_series(DAYS, closed=())
    day = frame.index
    found = spread(
        {
            "100": frame,
            "young": frame[day >= DAYS - 28 * 2 - 60],
            "ended": frame[day < DAYS - 1],
            "gone": frame[day < DAYS - 28 * 4],
            "new": frame[day >= DAYS - 40],
        },
        PoolableEngine(),
    )
    assert {item: scores.days.size for item, scores in found.items()} == {
        "100": 4 * 28, "young": 2 * 28, "ended": 3 * 28,
    }  # fmt: skip


def test_a_series_that_cannot_be_backtested_is_left_out() -> None:
    """The others are scored."""
    frame = daily_series(DAYS)
    ends = frame[frame["ds"] != pd.Timestamp(WINDOWS[2].cutoff)]
    assert list(spread({"100": ends, "101": frame}, PoolableEngine(fails_at=WINDOWS[2].cutoff))) == ["100"]


@pytest.mark.parametrize("spread", [False, True])
def test_a_missing_file_is_an_error_of_the_task(*, spread: bool) -> None:
    """Not of one of its series."""
    shelf = HistoryShelf()
    files = shelf.put("1", products(1))
    shelf.frames.clear()
    task = SpreadTask(files, chain([]), WINDOWS) if spread else PoolTask(files, "flat", (LAST,))
    with pytest.raises(StateUnavailable, match="sales of store 1: expected a file, found none"):
        task.run(shelf, KNOWN)
