"""Read imported files as strictly as the service does."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from tests.aws_fake.errors import JobFailed

FORMATS = {"yyyy-MM-dd": "%Y-%m-%d", "yyyy-MM-dd HH:mm:ss": "%Y-%m-%d %H:%M:%S"}
WIDTHS = {"yyyy-MM-dd": 10, "yyyy-MM-dd HH:mm:ss": 19}
DEFAULT_FORMAT = "yyyy-MM-dd HH:mm:ss"

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
WHOLE = re.compile(r"[+-]?\d+")


def split_uri(path: str) -> tuple[str, str]:
    """Return bucket and key of a URI."""
    parts = urlsplit(path)
    return parts.netloc, parts.path.lstrip("/")


def objects_below(s3: Any, path: str) -> list[str]:
    """Return the keys of the objects at or below a URI."""
    bucket, prefix = split_uri(path)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    return [key for key in keys if key == prefix or (key.startswith(folder) and not key.endswith("/"))]


def read(
    s3: Any, path: str, schema: Sequence[Mapping[str, str]], stamp: str | None
) -> tuple[pd.DataFrame, int]:
    """Return the rows of all objects below a URI, and their size in bytes.

    Text is lower-cased, as the service does: ids that differ in case only become one.
    """
    bucket, _ = split_uri(path)
    keys = objects_below(s3, path)
    if not keys:
        raise JobFailed(f"No files found at the S3 path {path}")
    parts, size = [], 0
    for key in keys:
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        size += len(body)
        parts.append(_part(body, f"s3://{bucket}/{key}", schema, stamp or DEFAULT_FORMAT))
    return pd.concat(parts, ignore_index=True), size


def _part(body: bytes, where: str, schema: Sequence[Mapping[str, str]], stamp: str) -> pd.DataFrame:
    names = [each["AttributeName"] for each in schema]
    frame = pd.DataFrame(_rows(body, where, len(names)), columns=names, dtype=str)
    for each in schema:
        name = each["AttributeName"]
        frame[name] = _column(frame[name], each, where, stamp)
    return frame


def _rows(body: bytes, where: str, width: int) -> Iterator[list[str]]:
    for number, row in enumerate(csv.reader(io.StringIO(body.decode(), newline="")), 1):
        if len(row) != width:
            raise JobFailed(
                f"The number of columns does not match the schema: {len(row)} instead of {width} in row "
                f"{number} of {where}"
            )
        yield row


def _column(column: pd.Series, attribute: Mapping[str, str], where: str, stamp: str) -> pd.Series:
    name, kind = attribute["AttributeName"], attribute["AttributeType"]
    if kind == "timestamp":
        return _stamps(column, where, stamp)
    if kind in ("integer", "float"):
        pattern = WHOLE if kind == "integer" else NUMBER
        _require(column, column.isin([""]) | column.str.fullmatch(pattern), f"{name} of type {kind}", where)
        return pd.to_numeric(column.where(column != ""))
    _require(column, column.str.len().between(1, 256), f"{name} of type {kind}", where)
    return column.str.lower()


def _stamps(column: pd.Series, where: str, stamp: str) -> pd.Series:
    stamps = pd.to_datetime(column, format=FORMATS[stamp], errors="coerce")
    fits = stamps.notna() & (column.str.len() == WIDTHS[stamp])
    _require(column, fits, f"timestamp in the format {stamp}", where)
    return stamps


def _require(column: pd.Series, fits: pd.Series, what: str, where: str) -> None:
    if not fits.all():
        at = int((~fits).idxmax())
        raise JobFailed(f"Unable to parse {what}: '{column[at]}' in row {at + 1} of {where}")
