"""Structured logs: events with named values, for people to read or as JSON, on standard error.

Loggers stand on the standard library's. So a process that has configured nothing still logs readable
sentences, and where `configure` was called everybody's records come out alike, those of other packages too.
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
"""Whose records the level is for; of others only warnings and worse are wanted."""

HIDDEN = "***"
"""Stands for what must not be read in a log."""

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
    """The logger of a module: ``log.info("run published", run_id=run.run_id, scope=run.scope)``.

    Its records are those of ``logging.getLogger(name)``; their message has the values behind the event.
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
    """Give these values to every record this thread logs meanwhile: ``with about(run_id=…, scope=…):``.

    A thread started meanwhile does not inherit them.
    """
    return structlog.contextvars.bound_contextvars(**values)


def configure(form: str, level: str, stream: TextIO | None = None) -> None:
    """Write the records of this process from now on; a second time replaces the first.

    Parameters
    ----------
    form, level
        As in `settings.LogSettings`; the level is for `OURS`.
    stream
        By default standard error.
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
    """Configure as the environment says, and as usual where that can't be used.

    What is wrong with it is told by whoever reads `Settings`.
    """
    try:
        given = LogSettings.from_env()
    except InvalidSetting:
        given = LogSettings()
    configure(given.form, given.level or usual_level)


def adopt(logger: logging.Logger) -> None:
    """Let a logger that another package gave a handler and a level of its own write like all others."""
    if logger.handlers or not logger.propagate:
        for handler in tuple(logger.handlers):
            logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
        logger.propagate = True


def redacted(text: str) -> str:
    """The text without passwords in URLs and without values given to secret names."""
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
    """The arguments for the standard library's logger; the values go along for `_described`."""
    call = {key: event_dict.pop(key) for key in _OF_THE_CALL if key in event_dict}
    event = str(event_dict.get("event"))
    values = [f"{key}={value}" for key, value in event_dict.items() if key != "event"]
    return (" ".join([event, *values]),), {**call, "extra": {_FIELDS: event_dict}}


def _described(_logger: WrappedLogger, _name: str, event_dict: EventDict) -> EventDict:
    """What every record tells, and the values of ours."""
    record = event_dict["_record"]
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    told = {
        "timestamp": at.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    return {**told, **event_dict, **getattr(record, _FIELDS, {}), **told}


def _without_secrets(_logger: WrappedLogger, _name: str, event_dict: EventDict) -> EventDict:
    kept = ("_record", "_from_structlog", *_OF_THE_CALL)
    return {key: value if key in kept else _without_secret(key, value) for key, value in event_dict.items()}


def _without_secret(name: str, value: object) -> object:
    """A value fit to be read, of types JSON has; also within mappings and sequences."""
    if _SECRET_NAME.search(name):
        return HIDDEN
    if value is None or isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _without_secret(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secret("", each) for each in value]
    return redacted(str(value))
