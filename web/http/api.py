"""The HTTP API: `POST /forecast`, `POST /training`, and `GET /training/{run_id}` to follow a run.

The process that serves the pages serves it too; without a login, on this machine only (`web.http.guard`).
"""

import logging
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

import pandas as pd
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.routing import Route

from forecasting.core.domain import ALL_ITEMS, Principal, RefreshRun, RunState, SeriesKey, StoreState, Verdict
from forecasting.core.errors import (
    BadInput,
    InvalidRequest,
    NoForecastYet,
    NotPermitted,
    StorageError,
    StorecastError,
    UnknownRun,
    UnknownSeries,
)
from forecasting.services.composition import Services
from web.http.api_docs import docs_page
from web.shared import access

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


log = logging.getLogger(__name__)

UNAVAILABLE = "The database can't be used at the moment. Nothing is lost; the server's log says why"


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ForecastRequest(_Request):
    """Which forecast to read: store, product (by default the store's total), and first day."""

    store_number: int | Name = Field(description="The store, as in the sales files", examples=[17])
    item: int | Name = Field(
        ALL_ITEMS, description="A product, or 'all' for the store's total", examples=["101"]
    )
    forecast_start_date: date | None = Field(
        None, description="First day wanted; by default the day after the newest sales"
    )


class Prediction(BaseModel):
    """One day's value."""

    Timestamp: str = Field(
        description="The day, as midnight in the store's own time", examples=["2019-04-03T00:00:00"]
    )
    Value: float


class Predictions(BaseModel):
    """Low (p10), median (p50), high (p90) and expected (mean) demand by day."""

    p10: list[Prediction]
    p50: list[Prediction]
    p90: list[Prediction]
    mean: list[Prediction]


class ForecastBody(BaseModel):
    """The predictions of a forecast."""

    Predictions: Predictions


class ForecastResult(BaseModel):
    """A published forecast and where it comes from."""

    Forecast: ForecastBody
    engine: str = Field(description="The engine that made this forecast")
    cutoff: date = Field(description="The newest day of sales it was made from")
    trained_at: datetime
    version: int
    state: StoreState


class ForecastAnswer(BaseModel):
    """The newest published forecast."""

    store_number: int | str
    result: ForecastResult


class TrainingRequest(_Request):
    """A request to refresh a store's forecast."""

    store_number: int | Name = Field(description="The store, as in the sales files", examples=[17])
    train_request_date: datetime | None = Field(
        None,
        description="Time from which the age of the last training counts, with its zone; by default, and at "
        "the latest, now",
    )


class TrainingAnswer(BaseModel):
    """What the request led to; `run_id` is absent if nothing needs to be run."""

    verdict: Verdict
    message: str
    run_id: str | None = None


class RunAnswer(BaseModel):
    """A refresh run."""

    run_id: str
    store_number: str
    verdict: Verdict
    message: str
    state: RunState
    stage: str
    done: int
    total: int
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str
    version: int | None
    next_attempt_at: datetime | None = Field(description="When a waiting run is tried or polled again")
    ready_at: datetime | None = Field(description="When work outside Storecast is expected to be done")
    followed_by: str | None = Field(
        description="The run that follows because a later request came with newer inputs"
    )

    @classmethod
    def of(cls, run: RefreshRun) -> "RunAnswer":
        """The wire form of a run."""
        shared = {name: getattr(run, name) for name in cls.model_fields if hasattr(run, name)}
        return cls(store_number=run.store, **shared)


class Refusal(BaseModel):
    """Why a request was refused."""

    detail: str


class Caller(NamedTuple):
    """The user who asks, and the service that answers."""

    user: Principal
    services: Services


def caller() -> Caller:
    """Resolve the user of this request and the service."""
    return Caller(access.require_user(), access.services())


Asking = Annotated[Caller, Depends(caller)]

Responses = dict[int | str, dict[str, Any]]
"""Descriptions of answers by status, as FastAPI takes them."""

_REFUSALS: Responses = {
    404: {"model": Refusal, "description": "There is no such store or product."},
    422: {"model": Refusal, "description": "The request is not valid."},
}
_FORECAST: Responses = {
    **_REFUSALS,
    409: {"model": Refusal, "description": "The store has no forecast yet."},
}
_TRAINING: Responses = {
    202: {"model": TrainingAnswer, "description": "A run was queued, or one is active already."},
    **_REFUSALS,
}

api = FastAPI(
    title="Storecast",
    version="1",
    summary="Store-level demand forecasts: read the newest one, or ask for a refresh.",
    docs_url=None,
    redoc_url=None,
)


@api.post("/forecast", responses=_FORECAST)
def forecast(wanted: ForecastRequest, asking: Asking) -> ForecastAnswer:
    """Return the newest published forecast of a series. Never starts a training."""
    key = SeriesKey(str(wanted.store_number), str(wanted.item))
    freshness = asking.services.stores.freshness(asking.user, key.store)
    header = freshness.header
    if header is None:
        raise NoForecastYet(f"store '{key.store}': expected a forecast, found none yet")
    rows = _from_day(
        asking.services.forecasts.forecast(asking.user, key, header.version), wanted.forecast_start_date
    )
    result = ForecastResult(
        Forecast=ForecastBody(Predictions=_predictions(rows)),
        engine=str(rows["engine"].iloc[0]),
        cutoff=header.cutoff,
        trained_at=header.trained_at,
        version=header.version,
        state=freshness.state,
    )
    return ForecastAnswer(store_number=wanted.store_number, result=result)


@api.post("/training", responses=_TRAINING, response_model_exclude_none=True)
def training(wanted: TrainingRequest, response: Response, asking: Asking) -> TrainingAnswer:
    """Request a refresh: 200 if nothing needs to be run, else 202 with the id of the run."""
    answer = asking.services.refreshing.refresh(
        asking.user, str(wanted.store_number), at=wanted.train_request_date
    )
    response.status_code = 200 if answer.verdict is Verdict.FRESH else 202
    return TrainingAnswer(
        verdict=answer.verdict, message=answer.message, run_id=answer.run.run_id if answer.run else None
    )


@api.get("/training/{run_id}", responses={404: {"model": Refusal, "description": "There is no such run."}})
def training_run(run_id: str, asking: Asking) -> RunAnswer:
    """Return one refresh run. Poll it until it has ended."""
    return RunAnswer.of(asking.services.runs.get(asking.user, run_id))


@api.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    """Describe the API on a plain page without scripts."""
    return HTMLResponse(docs_page(api.openapi()))


def routes() -> list[Route]:
    """The API's paths as routes for `st.App`; Streamlit serves all other paths.

    The routes take every method, so that a GET on ``/forecast`` is answered 405 and not with a page.
    """
    paths = ("/forecast", "/training", "/training/{run_id}", "/docs", "/openapi.json")
    return [Route(path, api) for path in paths]


@api.exception_handler(StorecastError)
def _refuse(_request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, StorageError):
        log.error("a request can't be answered: %s", error)
        return JSONResponse({"detail": UNAVAILABLE}, status_code=503)
    return JSONResponse({"detail": str(error)}, status_code=_status_of(error))


@api.exception_handler(RequestValidationError)
def _refuse_body(_request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    words = "; ".join(_in_words(each) for each in found)
    return JSONResponse({"detail": words}, status_code=422)


def _in_words(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "json_invalid":
        return "body: expected a JSON object, found something else"
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def _status_of(error: Exception) -> int:
    statuses: list[tuple[type[Exception], int]] = [
        (UnknownSeries, 404),
        (UnknownRun, 404),
        (NoForecastYet, 409),
        (BadInput, 422),
        (NotPermitted, 403),
    ]
    return next((status for kind, status in statuses if isinstance(error, kind)), 500)


def _from_day(rows: pd.DataFrame, start: date | None) -> pd.DataFrame:
    if start is None:
        return rows
    first, last = rows["ds"].iloc[0].date(), rows["ds"].iloc[-1].date()
    if not first <= start <= last:
        raise InvalidRequest(f"forecast_start_date: expected a day from {first} to {last}, found {start}")
    return rows[rows["ds"] >= pd.Timestamp(start)]


def _predictions(rows: pd.DataFrame) -> Predictions:
    days = [f"{ds:%Y-%m-%dT00:00:00}" for ds in rows["ds"]]

    def wire(column: str) -> list[Prediction]:
        return [Prediction(Timestamp=day, Value=value) for day, value in zip(days, rows[column], strict=True)]

    return Predictions(p10=wire("q10"), p50=wire("q50"), p90=wire("q90"), mean=wire("mean"))
