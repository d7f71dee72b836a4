"""Check requests and responses against the service model that botocore publishes."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.validate import ParamValidator

SERVICES = {"AmazonForecast": "forecast", "AmazonForecastRuntime": "forecastquery"}
"""Service by the first half of the header ``X-Amz-Target``."""

UNBOUND = frozenset({"RoleArn", "Value"})
"""Members whose published pattern contradicts real use: a role's ARN, and the value of a filter."""

LOOSE = frozenset({"Frequency"})
"""Shapes whose pattern must occur in the value (``1D``), not match all of it."""


@cache
def service_model(name: str) -> ServiceModel:
    """Return the model of a service."""
    return botocore.session.get_session().get_service_model(name)


def operation_of(target: str) -> OperationModel:
    """Return the operation of a header ``X-Amz-Target``."""
    prefix, _, name = target.partition(".")
    return service_model(SERVICES[prefix]).operation_model(name)


def violations(values: Mapping[str, Any], shape: Shape) -> list[str]:
    """Return what in a request does not fit its shape."""
    report = ParamValidator().validate(values, shape)
    found = [report.generate_report()] if report.has_errors() else []
    return [*found, *_constraints(values, shape, shape.name)]


def _constraints(value: Any, shape: Shape, where: str) -> Iterator[str]:
    """Check lengths, ranges, patterns and enumerations, which `ParamValidator` does not."""
    if shape.type_name == "structure" and isinstance(value, Mapping):
        for name in value.keys() & shape.members.keys():
            yield from _constraints(value[name], shape.members[name], f"{where}.{name}")
    elif shape.type_name == "list" and isinstance(value, list):
        yield from _bounds(len(value), shape, where)
        for at, each in enumerate(value):
            yield from _constraints(each, shape.member, f"{where}[{at}]")
    elif shape.type_name == "map" and isinstance(value, Mapping):
        yield from _bounds(len(value), shape, where)
        for name, each in value.items():
            yield from _constraints(name, shape.key, f"{where} key {name}")
            yield from _constraints(each, shape.value, f"{where}.{name}")
    elif isinstance(value, str):
        yield from _bounds(len(value), shape, where)
        yield from _text(value, shape, where)
    elif isinstance(value, int | float):
        yield from _bounds(value, shape, where)


def _bounds(measure: float, shape: Shape, where: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if (low is not None and measure < low) or (high is not None and measure > high):
        yield f"{where}: expected {low} to {high}, found {measure}"


def _text(value: str, shape: Shape, where: str) -> Iterator[str]:
    known = shape.metadata.get("enum")
    if known and value not in known:
        yield f"{where}: expected one of {', '.join(known)}, found '{value}'"
    pattern = shape.metadata.get("pattern", "")
    if not pattern or where.rpartition(".")[2] in UNBOUND:
        return
    match = re.search if shape.name in LOOSE else re.fullmatch
    if not match(pattern.replace(r"\p{L}\p{Z}\p{N}", r"\w\s"), value):
        yield f"{where}: expected to match {pattern}, found '{value}'"


def encoded(answer: Mapping[str, Any]) -> bytes:
    """Encode a response in the JSON protocol, with times as seconds since 1970."""
    return json.dumps(answer, default=_seconds).encode()


def _seconds(instant: datetime) -> float:
    return round(instant.timestamp(), 3)


def misread(answer: Mapping[str, Any], shape: Shape | None) -> list[str]:
    """Return how a response differs from its declared shape, or from what botocore reads from it."""
    if shape is None:
        return [] if not answer else [f"expected an empty response, found {answer}"]
    report = ParamValidator().validate(answer, shape)
    if report.has_errors():
        return [report.generate_report()]
    body = {"status_code": 200, "headers": {}, "body": encoded(answer)}
    read = create_parser("json").parse(body, shape)
    read.pop("ResponseMetadata")
    same = _plain(read) == _plain(answer)
    return [] if same else [f"{shape.name}: meant {answer}, read as {read}"]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return _seconds(value) if isinstance(value, datetime) else value
