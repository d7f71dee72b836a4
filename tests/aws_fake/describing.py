"""The Describe and List calls, and the metrics of a predictor."""

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from typing import Any

from tests.aws_fake.account import Account
from tests.aws_fake.creating import importing
from tests.aws_fake.errors import ErrorResponse, invalid
from tests.aws_fake.frames import DAY, scores
from tests.aws_fake.model import service_model
from tests.aws_fake.resources import DATASET, PREDICTOR, Kind, Resource

Values = Mapping[str, Any]


def describe(account: Account, kind: Kind, operation: str, asked: Values) -> Values:
    """Return every field of a resource that the answer may have."""
    found = account.find(asked[f"{kind.base}Arn"], kind)
    if kind is PREDICTOR and found.attributes["IsAutoPredictor"] != ("Auto" in operation):
        raise invalid(f"{found.arn} can't be described by {operation}")
    shape = service_model("forecast").operation_model(operation).output_shape
    return _as(shape.members, _known(account, found))


def _known(account: Account, resource: Resource) -> dict[str, Any]:
    now = account.clock.now()
    known = resource.described(now)
    if resource.kind is DATASET and importing(account, resource):
        known |= {"Status": "UPDATE_IN_PROGRESS", "LastModificationTime": now}
    elif resource.kind is DATASET:
        ended = [each.ended for each in account.children(resource.arn) if each.ended]
        known["LastModificationTime"] = max(ended, default=resource.created)
    return known


def _as(members: Mapping[str, Any], known: Values) -> dict[str, Any]:
    return {name: known[name] for name in members if name in known}


def listed(account: Account, kind: Kind, operation: str, asked: Values) -> Values:
    """Return one page. The order is not by time, and the newest comes last."""
    shape = service_model("forecast").operation_model(operation).output_shape
    summary = shape.members[kind.plural].member.members
    found = [_as(summary, known) for known in _filtered(account, kind, asked.get("Filters", ()))]
    first = _read_token(asked["NextToken"], operation) if "NextToken" in asked else 0
    size = min(asked.get("MaxResults", 100), account.knobs.page_size)
    answer: dict[str, Any] = {kind.plural: found[first : first + size]}
    if first + size < len(found):
        answer["NextToken"] = _token(operation, first + size)
    return answer


def _filtered(account: Account, kind: Kind, filters: list[Values]) -> list[dict[str, Any]]:
    unknown = [each["Key"] for each in filters if each["Key"] not in kind.filters]
    if unknown:
        raise invalid(f"{kind.plural} can't be filtered by {unknown[0]}")
    made = sorted(account.of(kind), key=lambda each: each.created)
    shuffled = sorted(made[:-1], key=lambda each: zlib.crc32(each.arn.encode())) + made[-1:]
    known = [_known(account, each) for each in shuffled]
    return [each for each in known if all(_passes(each, condition) for condition in filters)]


def _passes(known: Values, condition: Values) -> bool:
    return (known.get(condition["Key"]) == condition["Value"]) == (condition["Condition"] == "IS")


def _token(operation: str, first: int) -> str:
    return base64.b64encode(json.dumps([operation, first]).encode()).decode()


def _read_token(token: str, operation: str) -> int:
    try:
        of, first = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ErrorResponse("InvalidNextTokenException", "The token is not valid") from error
    if of != operation:
        raise ErrorResponse("InvalidNextTokenException", f"The token is of {of}")
    return int(first)


def accuracy_metrics(account: Account, asked: Values) -> Values:
    """Return RMSE and WAPE of each backtest window, and their means."""
    predictor = account.ready(asked["PredictorArn"], PREDICTOR)
    windows = [_window(predictor, start, made) for start, made in predictor.attributes.get("windows", ())]
    computed = [each["Metrics"]["ErrorMetrics"][0] for each in windows]
    mean = {
        name: sum(each[name] for each in computed) / len(computed) for name in ("WAPE", "RMSE") if computed
    }
    summary = {"EvaluationType": "SUMMARY", "Metrics": {"RMSE": mean.get("RMSE", 0.0)}}
    result: dict[str, Any] = {"TestWindows": [summary, *windows]}
    if "AlgorithmArn" in predictor.attributes:
        result["AlgorithmArn"] = predictor.attributes["AlgorithmArn"]
    return {
        "PredictorEvaluationResults": [result],
        "IsAutoPredictor": predictor.attributes["IsAutoPredictor"],
    }


def _window(predictor: Resource, start: Any, made: Any) -> dict[str, Any]:
    rmse, wape = scores(predictor.data.demand.reindex(made.index), made)
    return {
        "TestWindowStart": start.tz_localize("UTC").to_pydatetime(),
        "TestWindowEnd": (start + len(made) * DAY).tz_localize("UTC").to_pydatetime(),
        "ItemCount": made.shape[1],
        "EvaluationType": "COMPUTED",
        "Metrics": {"RMSE": rmse, "ErrorMetrics": [{"ForecastType": "mean", "WAPE": wape, "RMSE": rmse}]},
    }
