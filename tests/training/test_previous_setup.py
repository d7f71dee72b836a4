"""How a worker prepares the replay of the changes since the previous version."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from forecasting.core.domain import SeriesChoice
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors
from forecasting.evaluation.candidate_engines import CandidateEngines
from forecasting.training.previous_setup import InputsWithPlan, PreviousSetup
from forecasting.training.store_files import CachingReader, StoreFiles
from tests.fakes import FlatEngine, engines
from tests.series import START, daily_series
from tests.stores import HistoryShelf

HORIZON, DAYS = 28, 200
LAST = (START + timedelta(days=DAYS - 1)).date()
KNOWN = engines(FlatEngine())


def by(files: StoreFiles, shelf: HistoryShelf) -> InputsWithPlan:
    """The inputs of a store on a shelf, with any plan."""
    return lambda plan: replace(files, plan=plan).inputs(shelf, HORIZON)


def test_a_replay_starts_from_the_previous_chain_and_choices() -> None:
    """The reader reads each file once."""
    shelf = HistoryShelf()
    files = shelf.put("1", {"100": daily_series(DAYS)})
    previous, current = (
        ChainPriors(name, datetime(2019, 1, 1, tzinfo=UTC), "flat", LAST, HORIZON, "", 1)
        for name in ("previous", "current")
    )
    choice = SeriesChoice("100", "flat", "", widths=(2.0,))
    setup = PreviousSetup((Cause.SALES, Cause.MODEL), None, (choice,), previous)
    again = setup.replay(CandidateEngines("flat", KNOWN, current), by(files, shelf))
    assert (again.engines.chain, again.choices, again.futures) == (previous, {"100": choice}, {})
    once = CachingReader(shelf)
    first = once.days(files.sales)
    shelf.frames.clear()
    assert once.days(files.sales) is first


def test_days_to_forecast_come_from_the_previous_plan() -> None:
    """If sales and plan have changed. There may have been no plan, or its file may be gone."""
    shelf = HistoryShelf()
    files = shelf.put("1", {"100": daily_series(DAYS)})
    candidates = CandidateEngines("flat", KNOWN)
    causes = (Cause.SALES, Cause.PLAN)
    days = pd.date_range(LAST + timedelta(days=1), periods=2)
    closed = pd.DataFrame({"store": "1", "item": "all", "ds": days, "is_open": False, "promo": False})
    plan = shelf.file("1", "plan", closed.assign(holiday="", school_holiday=False))
    by_plan = PreviousSetup(causes, plan, (), None).replay(candidates, by(files, shelf)).futures
    by_habit = (
        PreviousSetup(causes, None, (), None).replay(candidates, by(replace(files, plan=plan), shelf)).futures
    )
    assert by_plan is not None
    assert by_habit is not None
    assert list(by_plan) == list(by_habit) == ["all", "100"]
    assert not by_plan["100"].is_open[:2].any()
    assert by_habit["100"].is_open[:2].any()
    del shelf.frames[plan.content_hash]
    assert PreviousSetup(causes, plan, (), None).replay(candidates, by(files, shelf)).futures is None
