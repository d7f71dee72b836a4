"""What one refresh run does: inputs → fits → a publication."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import uuid4

import numpy as np
import pandas as pd

from forecasting import schema
from forecasting.calendar.inputs import SeriesInputs, StoreInputs, build_inputs, input_hash
from forecasting.domain import (
    Predictor,
    RefreshRun,
    SeriesChoice,
    SeriesSummary,
    Verdict,
)
from forecasting.errors import ComputeLost, FitFailed, UnknownSeries
from forecasting.evaluation.selection import CHALLENGER, SeriesResult, SeriesTask
from forecasting.planning.week import WEEK, week_note
from forecasting.ports import Clock, Compute, Manifest, Publication, SalesHistory, Storage
from forecasting.refresh.policy import settled
from forecasting.refresh.worker import Progress
from forecasting.settings import Settings

SPARKLINE_DAYS = 28


@dataclass(frozen=True, slots=True)
class StoreTraining:
    """Trains, or forecasts again, all series of the store a run is about."""

    history: SalesHistory
    storage: Storage
    compute: Compute[SeriesTask, SeriesResult]
    clock: Clock
    settings: Settings

    def __call__(self, run: RefreshRun, progress: Progress) -> Publication | None:
        """Do what the run asks for; None where another run has done it since.

        Raises
        ------
        UnknownSeries
            If the store has no sales.
        FitFailed
            If not one of its series could be forecast.
        ComputeLost
            If worker processes died twice in a row.
        """
        snapshot = self.storage.ledger.snapshots([run.store]).get(run.store)
        if snapshot is None or settled(run, snapshot, self.settings.horizon):
            return None
        progress("Reading sales and plan", 0, 0)
        inputs = read_inputs(self.history, self.storage.manifest, run.store, self.settings.horizon)
        kept = None
        if run.verdict is Verdict.REFORECAST and snapshot.head is not None:
            kept = self.storage.versions.predictor(snapshot.head.predictor_id)
        tasks = [_task(series, run.engine, kept) for series in inputs.series]
        results = self._fit(tasks, "Forecasting" if kept else "Training", progress)
        predictor = _with_new_choices(kept, results) if kept else self._new_predictor(run, inputs, results)
        return publication(inputs, predictor, results)

    def _fit(self, tasks: Sequence[SeriesTask], stage: str, progress: Progress) -> list[SeriesResult]:
        done: dict[str, SeriesResult] = {}
        progress(stage, 0, len(tasks))
        for last_try in (False, True):
            missing = [task for task in tasks if task.inputs.key.item not in done]
            try:
                for result in self.compute.run(missing):
                    done[result.key.item] = result
                    progress(stage, len(done), len(tasks))
            except ComputeLost:
                if last_try:
                    raise
            else:
                break
        return [done[task.inputs.key.item] for task in tasks]

    def _new_predictor(
        self, run: RefreshRun, inputs: StoreInputs, results: Sequence[SeriesResult]
    ) -> Predictor:
        choices = tuple(result.choice for result in results if result.choice is not None)
        return Predictor(uuid4().hex, run.scope, run.engine, self.clock.now(), inputs.cutoff, choices)


def read_inputs(history: SalesHistory, manifest: Manifest, store: str, horizon: int) -> StoreInputs:
    """Read the newest sales and plan of a store; the hash is of exactly what was read.

    Raises
    ------
    UnknownSeries
        If the store has no sales.
    """
    sales, plan = manifest.head(store, "sales"), manifest.head(store, "plan")
    if sales is None:
        raise UnknownSeries(f"store {store}: expected sales history, found none")
    plan_frame = history.read(plan) if plan else pd.DataFrame(columns=list(schema.PLAN))
    values = input_hash(sales.content_hash, plan.content_hash if plan else None, horizon)
    return build_inputs(store, history.read(sales), plan_frame, horizon, values)


def publication(inputs: StoreInputs, predictor: Predictor, results: Sequence[SeriesResult]) -> Publication:
    """Put the series of a store together; series without a forecast are left out and named.

    Raises
    ------
    FitFailed
        If there is not one forecast.
    """
    by_item = {series.key.item: series for series in inputs.series}
    made = [result for result in results if result.forecast is not None]
    if not made:
        raise FitFailed("; ".join(result.failure for result in results))
    failed = tuple(f"Left out: {result.failure}." for result in results if result.forecast is None)
    return Publication(
        store=inputs.store,
        predictor=predictor,
        cutoff=inputs.cutoff,
        horizon=inputs.horizon,
        input_hash=inputs.input_hash,
        assumptions=inputs.assumptions + failed,
        forecast=pd.concat([_rows(result, by_item) for result in made], ignore_index=True),
        summaries=tuple(_summary(result, by_item[result.key.item]) for result in made),
    )


def _with_new_choices(kept: Predictor, results: Sequence[SeriesResult]) -> Predictor:
    """Return the predictor as it is or, where a series was chosen for anew, one of the same age with that."""
    known = {choice.item: choice for choice in kept.choices}
    chosen = {result.choice.item: result.choice for result in results if result.choice is not None}
    if all(known.get(item) == choice for item, choice in chosen.items()):
        return kept
    return replace(kept, predictor_id=uuid4().hex, choices=tuple((known | chosen).values()))


def _task(series: SeriesInputs, engine: str, kept: Predictor | None) -> SeriesTask:
    """Forecast again with the choice that was kept; a product the training did not see is trained."""
    return SeriesTask(series, engine, kept.choice_of(series.key.item) if kept else None)


def _rows(result: SeriesResult, by_item: Mapping[str, SeriesInputs]) -> pd.DataFrame:
    forecast, choice = result.forecast, result.choice
    if forecast is None or choice is None:
        raise FitFailed(result.failure)
    future = by_item[result.key.item].future.drop(columns="ds").reset_index(drop=True)
    rows = pd.concat([forecast.reset_index(drop=True), future], axis=1)
    return rows.assign(item=result.key.item, engine=choice.engine).loc[:, list(schema.STORE_FORECAST)]


def _summary(result: SeriesResult, series: SeriesInputs) -> SeriesSummary:
    choice: SeriesChoice | None = result.choice
    if choice is None or result.forecast is None:
        raise FitFailed(result.failure)
    mean, sold = result.forecast["mean"], series.history.set_index("ds")["y"]
    week_before = result.forecast["ds"].head(WEEK) - pd.Timedelta(days=WEEK)
    last7 = sold.reindex(week_before).to_numpy()
    closed = ~series.future["is_open"].head(WEEK).to_numpy(bool)
    last7 = np.where(np.isnan(last7) & closed, 0.0, last7)  # feeds may leave out closed days
    served, naive = choice.score_of(choice.engine), choice.score_of(CHALLENGER)
    return SeriesSummary(
        store=result.key.store,
        item=result.key.item,
        engine=choice.engine,
        next7=float(mean.head(WEEK).sum()) if len(mean) >= WEEK else None,
        last7=None if np.isnan(last7).any() else float(last7.sum()),
        wape=served.wape if served else None,
        naive_wape=naive.wape if naive else None,
        coverage=served.coverage if served else None,
        closed_ahead=int((series.future["is_open"].cumsum() == 0).sum()),
        note=week_note(series.future, bool(series.history["promo"].iloc[-1])),
        sparkline=tuple(float(value) for value in [*sold.tail(SPARKLINE_DAYS), *mean.head(WEEK)]),
    )
