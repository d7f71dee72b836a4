"""What a worker runs again."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from forecasting.core.domain import SeriesChoice
from forecasting.core.explanation import Cause
from forecasting.core.pooled_priors import ChainPriors
from forecasting.evaluation.selection import Contest
from forecasting.training.attribution_fits import Before, InputsBy, OnceReader
from forecasting.training.tasks import StoreFiles
from tests.fakes import FlatEngine, engines
from tests.series import START, daily_series
from tests.stores import Shelf

HORIZON, DAYS = 28, 200
LAST = (START + timedelta(days=DAYS - 1)).date()
KNOWN = engines(FlatEngine())


def by(files: StoreFiles, shelf: Shelf) -> InputsBy:
    """The inputs of a store on a shelf."""
    return lambda plan: replace(files, plan=plan).read(shelf, HORIZON)


def test_what_is_run_again_is_told_of_the_chain_of_then() -> None:
    """And each file is read once, however often it is asked for."""
    shelf = Shelf()
    files = shelf.put("1", {"100": daily_series(DAYS)})
    then, now = (
        ChainPriors(name, datetime(2019, 1, 1, tzinfo=UTC), "flat", LAST, HORIZON, "", 1)
        for name in ("then", "now")
    )
    choice = SeriesChoice("100", "flat", "", widths=(2.0,))
    before = Before((Cause.SALES, Cause.MODEL), None, (choice,), then)
    again = before.rerun(Contest("flat", KNOWN, now), by(files, shelf))
    assert (again.contest.chain, again.choices, again.futures) == (then, {"100": choice}, {})
    once = OnceReader(shelf)
    first = once.days(files.sales)
    shelf.frames.clear()
    assert once.days(files.sales) is first


def test_days_to_come_are_told_by_the_plan_of_then() -> None:
    """Where sales and plan have changed; there may have been none, and it may be gone."""
    shelf = Shelf()
    files = shelf.put("1", {"100": daily_series(DAYS)})
    contest = Contest("flat", KNOWN)
    causes = (Cause.SALES, Cause.PLAN)
    days = pd.date_range(LAST + timedelta(days=1), periods=2)
    closed = pd.DataFrame({"store": "1", "item": "all", "ds": days, "is_open": False, "promo": False})
    plan = shelf.file("1", "plan", closed.assign(holiday="", school_holiday=False))
    by_plan = Before(causes, plan, (), None).rerun(contest, by(files, shelf)).futures
    by_habit = Before(causes, None, (), None).rerun(contest, by(replace(files, plan=plan), shelf)).futures
    assert by_plan is not None
    assert by_habit is not None
    assert list(by_plan) == list(by_habit) == ["all", "100"]
    assert not by_plan["100"].is_open[:2].any()
    assert by_habit["100"].is_open[:2].any()
    del shelf.frames[plan.content_hash]
    assert Before(causes, plan, (), None).rerun(contest, by(files, shelf)).futures is None
