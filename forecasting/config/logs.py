"""Structured logs: events with named values, for people to read or as JSON, on standard error.

The loggers are built on those of the standard library. So a process that has configured nothing still logs
readable sentences, and after `configure` the records of all packages have one format.
"""

import logging
import math
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import TextIO

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from forecasting.config.settings import JSON, LogSettings
from forecasting.core.errors import InvalidSetting

OURS = ("forecasting", "web")
"""The packages that the configured level applies to. Other packages log warnings and errors only."""

HIDDEN = "***"
"""Replaces secrets."""

HANDLER = "storecast"

_FIELDS = "storecast_fields"
_OF_THE_CALL = ("exc_info", "stack_info", "stacklevel")
_SECRET = r"(?:password|passwd|secret|token|api_?key|credential|authorization|signature)"  # noqa: S105 - names
_SECRET_NAME = re.compile(_SECRET, re.IGNORECASE)
_PASSWORD_IN_URL = re.compile(r"(://[^\s:/@]*:)\S*@")
_SECRET_IN_TEXT = re.compile(
    rf"({_SECRET}[\w-]*(?:[\"']?\s*=|[\"']\s*:)\s*|\bbearer\s+)(\"[^\"]*\"|'[^']*'|[^\s&,;]+)", re.IGNORECASE
)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module, for calls such as ``log.info("run published", run_id=run.run_id)``.

    Its records go through ``logging.getLogger(name)``. Their message is the event followed by the values.
    """
    logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.contextvars.merge_contextvars,
            _without_secrets,
            _as_record,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return logger


def about(**values: object) -> AbstractContextManager[None]:
    """Add values to every record that this thread logs in a block: ``with about(run_id=…, scope=…):``.

    Threads that are started in the block do not inherit them.
    """
    return structlog.contextvars.bound_contextvars(**values)


def configure(form: str, level: str, stream: TextIO | None = None) -> None:
    """Start writing the records of this process. A second call replaces the configuration of the first.

    Parameters
    ----------
    form
        `settings.CONSOLE` or `settings.JSON`.
    level
        One of `settings.LOG_LEVELS`; applies to `OURS`.
    stream
        Where records are written; by default standard error.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.name = HANDLER
    handler.setFormatter(_formatter(form, colours=handler.stream.isatty()))
    root, lowest = logging.getLogger(), logging.getLevelNamesMapping()[level.upper()]
    for earlier in [each for each in root.handlers if each.name == HANDLER]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(max(lowest, logging.WARNING))
    for name, logger in tuple(root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name not in OURS:
            adopt(logger)
    for name in OURS:
        logging.getLogger(name).setLevel(lowest)


def configure_from_env(usual_level: str) -> None:
    """Configure from the environment; with the defaults if its log settings can't be used.

    An unusable setting is not reported here: `Settings.from_env` reads it again and refuses it.

    Parameters
    ----------
    usual_level
        The level if the environment names none.
    """
    try:
        given = LogSettings.from_env()
    except InvalidSetting:
        given = LogSettings()
    configure(given.form, given.level or usual_level)


def adopt(logger: logging.Logger) -> None:
    """Remove handlers and level that another package gave its logger, so that it logs like all others."""
    if logger.handlers or not logger.propagate:
        for handler in tuple(logger.handlers):
            logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        logger.propagate = True


def redacted(text: str) -> str:
    """Return a text in which `HIDDEN` replaces passwords in URLs and the values of secret names."""
    return _SECRET_IN_TEXT.sub(rf"\1{HIDDEN}", _PASSWORD_IN_URL.sub(rf"\1{HIDDEN}@", text))


def _formatter(form: str, *, colours: bool) -> logging.Formatter:
    shared: list[Processor] = [
        _described,
        structlog.contextvars.merge_contextvars,
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    lines = structlog.dev.ConsoleRenderer(
        colors=colours,
        pad_event_to=0,
        sort_keys=False,
        exception_formatter=structlog.dev.plain_traceback,  # the default one shows local variables
    )
    renderer = structlog.processors.JSONRenderer() if form == JSON else lines
    return ProcessorFormatter(
        foreign_pre_chain=shared, processors=[ProcessorFormatter.remove_processors_meta, renderer]
    )


def _as_record(
    _logger: WrappedLogger, _name: str, event_dict: EventDict
) -> tuple[tuple[str], Mapping[str, object]]:
    """Return the arguments for the standard library's logger, with the values as extra for `_described`."""
    call = {key: event_dict.pop(key) for key in _OF_THE_CALL if key in event_dict}
    event = str(event_dict.get("event"))
    values = [f"{key}={value}" for key, value in event_dict.items() if key != "event"]
    return (" ".join([event, *values]),), {**call, "extra": {_FIELDS: event_dict}}


def _described(_logger: WrappedLogger, _name: str, event_dict: EventDict) -> EventDict:
    """Return the fields that every record has, and the values of our own records."""
    record = event_dict["_record"]
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    common = {
        "timestamp": at.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    return {**common, **event_dict, **getattr(record, _FIELDS, {}), **common}


def _without_secrets(_logger: WrappedLogger, _name: str, event_dict: EventDict) -> EventDict:
    kept = ("_record", "_from_structlog", *_OF_THE_CALL)
    return {key: value if key in kept else _without_secret(key, value) for key, value in event_dict.items()}


def _without_secret(name: str, value: object) -> object:
    """Return a value as JSON types and without secrets, also inside mappings and sequences."""
    if _SECRET_NAME.search(name):
        return HIDDEN
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _without_secret(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secret("", each) for each in value]
    return redacted(str(value))
