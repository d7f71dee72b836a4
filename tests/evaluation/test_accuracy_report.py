from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from forecasting.core.domain import (
    LOCAL_USER,
    BacktestScore,
    Predictor,
    Principal,
    SeriesChoice,
    SeriesKey,
)
from forecasting.core.error_sums import ErrorSums
from forecasting.core.errors import UnknownSeries
from forecasting.evaluation.accuracy_report import (
    BandVerdict,
    EngineReason,
    ErrorComparison,
    accuracy_report,
    judge_band,
)
from tests.house import House

NEWEST = date(2026, 1, 4)
NORTH = Principal("n", "Nora", frozenset({"planner"}), regions=frozenset({"North"}))


def errors(missed: float, days: int = 7, inside: int = 6) -> ErrorSums:
    """Errors of a week with sales of 100."""
    return ErrorSums(days=days, sold=100.0, missed=missed, inside=inside)


def score(
    engine: str, *missed: float, failure: str = "", horizon: int = 28, windows: int = 4
) -> BacktestScore:
    """A backtest with these misses by week ahead."""
    cutoffs = tuple(NEWEST - timedelta(days=28 * back) for back in reversed(range(windows)))
    return BacktestScore(engine, cutoffs, horizon, tuple(errors(each) for each in missed), failure)


def choice(item: str, engine: str, *scores: BacktestScore, reason: str = "as good") -> SeriesChoice:
    """The choice for an item."""
    return SeriesChoice(item, engine, reason, scores)


def predictor(store: str, *choices: SeriesChoice) -> Predictor:
    """The predictor of a store's training."""
    trained = datetime(2026, 3, 1, tzinfo=UTC)
    return Predictor(f"p-{store}", f"store:{store}", "prophet", trained, NEWEST, choices)


def prophet(item: str = "all", own: float = 10.0, naive: float = 20.0) -> SeriesChoice:
    """Prophet is used; two weeks ahead."""
    return choice(item, "prophet", score("prophet", own, own), score("seasonal_naive", naive, naive))


def test_errors_are_added_up_by_week_ahead() -> None:
    """Over the stores' totals, for the engine in use and for the average."""
    two = {
        "1": predictor("1", prophet(own=10, naive=20), prophet("bread", own=99)),
        "2": predictor("2", prophet(own=30, naive=20)),
    }
    tested = accuracy_report(two, {}).backtest
    assert tested is not None
    assert [(week.first, week.last) for week in tested.weeks] == [(1, 7), (8, 14)]
    assert [(week.sums.served.wape, week.sums.naive.wape) for week in tested.weeks] == [(0.2, 0.2)] * 2
    assert (tested.series, tested.better, tested.same) == (2, 1, 0)
    assert (tested.windows, tested.horizon) == (4, 28)
    assert tested.total.served.days == 28
    assert tested.total.gain == 0


def test_only_series_that_both_have_figures_for_are_compared() -> None:
    """Otherwise the one with the easier stores would win; other series keep their rows."""
    lone = choice("all", "prophet", score("prophet", 90.0), score("seasonal_naive", failure="too short"))
    report = accuracy_report({"1": predictor("1", prophet()), "2": predictor("2", lone)}, {})
    assert report.backtest is not None
    assert (report.backtest.series, report.backtest.total.served.wape) == (1, 0.1)
    assert report.untested == 0
    sums = report.rows[1].sums
    assert sums is not None
    assert (sums.served.wape, sums.naive.wape, sums.gain) == (0.9, None, None)
    alone = accuracy_report({"2": predictor("2", lone)}, {}).backtest
    assert alone is not None
    assert (alone.total.served.wape, alone.total.naive.wape, alone.total.gain) == (0.9, None, None)


def test_the_average_in_use_counts_as_same_and_not_as_better() -> None:
    """It is compared with itself."""
    own = choice("all", "seasonal_naive", score("prophet", 30.0), score("seasonal_naive", 20.0))
    tested = accuracy_report({"1": predictor("1", own)}, {}).backtest
    assert tested is not None
    assert (tested.better, tested.same, tested.total.gain) == (0, 1, 0.0)


def test_a_predictor_of_an_older_version_has_no_figures() -> None:
    """They are None, not 0; its engine is still listed."""
    report = accuracy_report({"1": predictor("1", choice("all", "prophet", reason="as configured"))}, {})
    assert (report.backtest, report.untested) == (None, 1)
    assert report.rows[0].sums is None
    assert [(share.engine, share.series) for share in report.engines] == [("prophet", 1)]


def test_an_engine_whose_backtest_failed_has_no_figures() -> None:
    """Missing weeks do not count as perfect."""
    failed = choice(
        "all", "seasonal_naive", score("prophet", failure="x"), score("seasonal_naive", failure="y")
    )
    assert accuracy_report({"1": predictor("1", failed)}, {}).backtest is None


def test_horizons_may_differ_after_the_setting_has_changed() -> None:
    """A week that only one store has comes from that store."""
    short = choice(
        "all", "prophet", score("prophet", 10.0, horizon=7), score("seasonal_naive", 20.0, horizon=7)
    )
    tested = accuracy_report({"1": predictor("1", short), "2": predictor("2", prophet())}, {}).backtest
    assert tested is not None
    assert [week.sums.served.days for week in tested.weeks] == [14, 7]


def test_a_last_week_ends_with_the_horizon() -> None:
    """Thirty days are four weeks and two days."""
    five = [score(engine, *[10.0] * 5, horizon=30) for engine in ("prophet", "seasonal_naive")]
    tested = accuracy_report({"1": predictor("1", choice("all", "prophet", *five))}, {}).backtest
    assert tested is not None
    assert (tested.weeks[-1].first, tested.weeks[-1].last) == (29, 30)


def test_engines_are_counted_with_their_reasons() -> None:
    """Including products, most common reason first; failures are counted without the series' name."""
    reasons = ["as good", "as good", "as configured"]
    served = [choice(f"i{n}", "prophet", reason=reason) for n, reason in enumerate(reasons)]
    failed = [
        choice(item, "seasonal_naive", reason=f"{SeriesKey('1', item)}: expected 14 days, found 3")
        for item in ("all", "bread")
    ]
    report = accuracy_report({"1": predictor("1", *served, *failed)}, {}, store="1")
    assert [(share.engine, share.series, share.reasons) for share in report.engines] == [
        ("prophet", 3, (EngineReason("as good", 2), EngineReason("as configured", 1))),
        ("seasonal_naive", 2, (EngineReason("expected 14 days, found 3", 2),)),
    ]


def test_rows_are_stores_in_natural_order_or_the_series_of_one_store() -> None:
    """A product can be requested too."""
    all_stores = {store: predictor(store, prophet(), prophet("bread")) for store in ("10", "9")}
    assert [row.key.store for row in accuracy_report(all_stores, {}).rows] == ["9", "10"]
    one = {"9": all_stores["9"]}
    assert [row.key.item for row in accuracy_report(one, {}, store="9").rows] == ["all", "bread"]
    bread = accuracy_report(one, {}, store="9", item="bread")
    assert [row.key.item for row in bread.rows] == ["bread"]
    assert [share.series for share in bread.engines] == [1]
    assert accuracy_report(one, {}, store="9", item="milk").rows == ()


def test_without_sales_no_gain_is_defined() -> None:
    """Neither over an error of 0, nor without one of the errors."""
    empty, some = ErrorSums(), errors(10.0)
    assert [ErrorComparison(*pair).gain for pair in ((empty, some), (some, empty), (some, errors(0.0)))] == [
        None
    ] * 3


@pytest.mark.parametrize(
    ("coverage", "verdict"),
    [
        (0.759, BandVerdict.NARROW), (0.76, BandVerdict.HONEST), (0.86, BandVerdict.HONEST),
        (0.861, BandVerdict.WIDE), (0.0, BandVerdict.NARROW), (1.0, BandVerdict.WIDE),
    ],
)  # fmt: skip
def test_a_band_is_judged_by_its_coverage(coverage: float, verdict: BandVerdict) -> None:
    """80% are intended; a few more or less can be chance."""
    assert judge_band(coverage) is verdict


@pytest.fixture
def trained(house: House) -> House:
    """A house with a forecast for both stores."""
    house.services.refreshing.refresh_all(LOCAL_USER)
    house.work()
    return house


def test_the_service_reports_the_principals_stores_only(trained: House) -> None:
    """Other stores have no report."""
    assert [row.key.store for row in trained.services.accuracy.report(LOCAL_USER).rows] == ["1", "2"]
    assert [row.key.store for row in trained.services.accuracy.report(NORTH).rows] == ["1"]
    assert trained.services.accuracy.report(NORTH, region="South").rows == ()
    with pytest.raises(UnknownSeries):
        trained.services.accuracy.report(NORTH, store="2")
    nobody = replace(NORTH, regions=frozenset())
    assert trained.services.accuracy.report(nobody).engines == ()


def test_the_service_reports_the_figures_of_the_predictors(trained: House) -> None:
    """They equal those of the training's choices."""
    chosen = trained.services.forecasts.predictor(LOCAL_USER, "1").choice_of("all")
    assert chosen is not None
    served = chosen.score_of(chosen.engine)
    report = trained.services.accuracy.report(LOCAL_USER, store="1")
    assert served is not None
    assert report.backtest is not None
    assert report.backtest.total.served == served.total
    assert {row.key.item for row in report.rows} == {"all", "101", "102"}


def test_before_the_first_forecast_the_report_is_empty(house: House) -> None:
    """No rows, no engines, nothing published."""
    report = house.services.accuracy.report(LOCAL_USER)
    assert (report.rows, report.engines, report.backtest) == ((), (), None)
    assert {sums.days for sums in report.track.values()} == {0}


def test_new_sales_change_only_the_track_record(trained: House) -> None:
    """The backtest remains that of the training."""
    before = trained.services.accuracy.report(LOCAL_USER, region="North")
    trained.next_day()
    after = trained.services.accuracy.report(LOCAL_USER, region="North")
    assert after.backtest == before.backtest
    assert (before.track[1].days, after.track[1].days) == (0, 1)
    assert trained.services.accuracy.report(LOCAL_USER, region="South").track[1].days == 0
