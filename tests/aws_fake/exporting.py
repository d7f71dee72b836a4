"""The rows of exported files, the header first."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from tests.aws_fake.frames import DAY, Corruption, quantile_names, scores, values_of
from tests.aws_fake.resources import Resource


def stamp(day: pd.Timestamp) -> str:
    """An instant as exported files have it."""
    return f"{day:%Y-%m-%dT%H:%M:%SZ}"


def _columns(types: Sequence[str], spoils: Sequence[Corruption]) -> list[str]:
    """The columns of values; one that is missing for all items is left out."""
    gone = {each.missing for each in spoils if not each.item}
    return [name for name in quantile_names(types).values() if name not in gone]


def forecast_rows(forecast: Resource, spoils: Sequence[Corruption]) -> Iterator[list[Any]]:
    """``item_id, dimensions…, date, p10, p50, p90, mean``."""
    types = forecast.attributes["ForecastTypes"]
    names = _columns(types, spoils)
    yield [*forecast.data.keys, "date", *names]
    made = forecast.attributes["values"]
    for key in made.columns:
        for day, value in made[key].items():
            values = values_of(value, types, key, spoils)
            yield [*key, stamp(day), *(values.get(name) for name in names)]


def backtest_rows(predictor: Resource, spoils: Sequence[Corruption]) -> Iterator[list[Any]]:
    """``item_id, dimensions…, timestamp, target_value, window's start and end, p10, p50, p90, mean``."""
    types, inputs = predictor.attributes["ForecastTypes"], predictor.data
    names = _columns(types, spoils)
    window = ["backtestwindow_start_time", "backtestwindow_end_time"]
    yield [*inputs.keys, "timestamp", "target_value", *window, *names]
    for start, made in predictor.attributes["windows"]:
        ends = [stamp(start), stamp(start + len(made) * DAY)]
        for key in made.columns:
            truth = inputs.demand[key].reindex(made.index)
            for day, value in made[key].items():
                values = values_of(value, types, key, spoils)
                known = "" if pd.isna(truth[day]) else truth[day]
                yield [*key, stamp(day), known, *ends, *(values.get(name) for name in names)]


def accuracy_rows(predictor: Resource) -> Iterator[list[Any]]:
    """RMSE and WAPE of each series and window."""
    window = ["backtest_window", "backtestwindow_start_time", "backtestwindow_end_time"]
    yield [*predictor.data.keys, *window, "RMSE", "WAPE"]
    for number, (start, made) in enumerate(predictor.attributes["windows"]):
        ends = [stamp(start), stamp(start + len(made) * DAY)]
        truth = predictor.data.demand.reindex(made.index)
        for key in made.columns:
            yield [*key, number, *ends, *scores(truth[[key]], made[[key]])]
