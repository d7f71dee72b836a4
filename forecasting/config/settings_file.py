"""The file of the state folder that keeps settings with it: ``NAME=value``, one a line.

Only what says *how* forecasts are made is kept there, and goes into a backup: never where anything is, never
a secret. The environment of a process goes before the file.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from forecasting.core.errors import InvalidSetting, StateUnavailable

FILE = "settings.env"

PORTABLE = frozenset(
    {
        "STORECAST_HORIZON",
        "STORECAST_TOLERANCE_HOURS",
        "STORECAST_ENGINE",
        "STORECAST_LEASE_SECONDS",
        "STORECAST_RUN_MINUTES",
        "STORECAST_RETRY_SECONDS",
        "STORECAST_KEEP_VERSIONS",
        "STORECAST_KEEP_DAYS",
        "STORECAST_NIGHTLY",
        "STORECAST_TIMEZONE",
        "STORECAST_HOLIDAYS",
        "STORECAST_UNIT",
        "STORECAST_CURRENCY",
        "STORECAST_LOCALE",
        "STORECAST_AWS_GROUP",
        "STORECAST_AWS_POLL_SECONDS",
        "STORECAST_AWS_TRAININGS_A_DAY",
        "STORECAST_AWS_RATES",
    }
)
"""What says how; a new setting is added here, or to `OF_THE_MACHINE`."""

OF_THE_MACHINE = frozenset(
    {
        "STORECAST_HOME",
        "STORECAST_DATABASE_URL",
        "STORECAST_HISTORY_URL",
        "STORECAST_DASK_SCHEDULER",
        "STORECAST_AWS_BUCKET",
        "STORECAST_AWS_ROLE_ARN",
        "STORECAST_AWS_REGION",
        "STORECAST_PROCESSES",
        "STORECAST_DISK_FLOOR_MB",
        "STORECAST_LOG_FORMAT",
        "STORECAST_LOG_LEVEL",
    }
)
"""Places, which may have passwords in them, and what a machine can do: stays with it."""

_HEAD = "# Settings of a restored backup; variables of the environment go before them.\n"


def read(home: Path) -> dict[str, str]:
    """The settings kept in a state folder; none where there is no such file.

    Raises
    ------
    InvalidSetting
        If a line is not ``NAME=value`` with a name of `PORTABLE`, once; says which.
    StateUnavailable
        If the file can't be read.
    """
    path = home / FILE
    try:
        content = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except UnicodeDecodeError as error:
        raise InvalidSetting(f"{path}: expected UTF-8 text, found: {error}") from error
    except OSError as error:
        raise StateUnavailable(f"{path} can't be read: {error.strerror}") from error
    return parse(content, str(path))


def parse(content: str, where: str) -> dict[str, str]:
    """The settings in the text of such a file; empty lines and those that begin with # say nothing.

    Raises
    ------
    InvalidSetting
        As `read`.
    """
    values: dict[str, str] = {}
    for number, line in enumerate(content.split("\n"), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or name not in PORTABLE or name in values:
            expected = "a name that was not there before" if name in values else _expected(equals)
            raise InvalidSetting(
                f"{where}, line {number}: expected {expected}, found '{name if equals else text}'"
            )
        values[name] = value.strip()
    return values


def _expected(equals: str) -> str:
    return f"one of {', '.join(sorted(PORTABLE))}" if equals else "NAME=value"


@contextmanager
def kept(home: Path, values: Mapping[str, str]) -> Iterator[None]:
    """Keep settings in a state folder if all goes well until the end, else leave it as it was.

    What can be written can then be renamed: room is made before the block begins.

    Raises
    ------
    StateUnavailable
        If the file can't be written.
    """
    if not values:
        yield
        return
    beside = home / f"{FILE}.part"
    try:
        with _telling(home):
            _write(beside, "".join(f"{name}={one_line(values[name])}\n" for name in sorted(values)))
        yield
        with _telling(home):
            beside.replace(home / FILE)
    finally:
        beside.unlink(missing_ok=True)


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(_HEAD + content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _telling(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StateUnavailable(f"{home / FILE} can't be written: {error.strerror}") from error


def chosen(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """What was set, in the environment or the state folder, of all that says how; nothing else.

    Raises
    ------
    InvalidSetting, StateUnavailable
        As `read`.
    """
    known = {**read(home), **environ}
    return {name: one_line(known[name]) for name in sorted(PORTABLE) if known.get(name, "").strip()}


def one_line(value: str) -> str:
    """A value as it stands behind its name; a line break in it says no more than a space."""
    return " ".join(part.strip() for part in value.splitlines()).strip()
