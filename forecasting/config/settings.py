"""All settings, read once into one frozen value. The README has a table of them.

Settings are environment variables. The portable ones may also stand in ``settings.env`` in the state folder;
a variable of the environment overrides its line there, even if the variable is empty.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, time, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field

from forecasting.config import settings_file
from forecasting.config.aws_settings import AwsSettings
from forecasting.config.display import DisplaySettings
from forecasting.config.settings_file import SavedSetting, one_line
from forecasting.config.value_parsers import (
    DEFAULT_ENGINE,
    FOLDER,
    FOLDER_OR_URL,
    HOLIDAYS,
    OTHER_ENGINES,
    SCHEDULER,
    TEXT,
    TIME_OF_DAY,
    TIME_ZONE,
    duration,
    megabytes,
    one_of,
    whole_number,
)
from forecasting.config.variables import (
    InvalidVariable,
    Variable,
    VariableSettings,
    VariableSource,
    variables_of,
)
from forecasting.core.domain import AWS_FORECAST, ENGINE_SEPARATOR
from forecasting.core.errors import InvalidSetting

DEFAULT_HOME = Path(__file__).resolve().parents[2] / "data" / "var"

TOLERANCE = timedelta(hours=48)
"""Age of a predictor below which a refresh does not train again, unless the operator sets another."""

MEGABYTE = 1_000_000

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)

CONSOLE, JSON = "console", "json"
LOG_LEVELS = ("debug", "info", "warning", "error")


class LogSettings(VariableSettings):
    """How logs are written. They can be read before, and without, all other settings.

    Attributes
    ----------
    form
        `CONSOLE`, for people to read, or `JSON`, one object a line.
    level
        One of `LOG_LEVELS`; None for the default, which is lower for a server than for a command.
    """

    form: Annotated[str, Variable("STORECAST_LOG_FORMAT", one_of((CONSOLE, JSON)), portable=False)] = CONSOLE
    level: Annotated[str | None, Variable("STORECAST_LOG_LEVEL", one_of(LOG_LEVELS), portable=False)] = None


def _default_home() -> Path:
    return DEFAULT_HOME


def _cores() -> int:
    return os.cpu_count() or 1


class Settings(VariableSettings):
    """Everything an operator can set.

    Attributes
    ----------
    home
        The state folder. It holds the SQLite database and, without a `history_url`, the history files.
    horizon
        Days forecast after the cutoff.
    tolerance
        Age of a predictor below which a refresh does not train again.
    engine
        The engine of all stores that `engines` does not name: a name of `engines.registry`,
        ``module:factory`` of an operator's own engine, `AWS_FORECAST`, or several joined by ``+``, of which
        the first is the one to be beaten.
    engines
        Engines by store or by region, written like `engine`.
    processes
        Number of worker processes for fits, or of threads of the Dask cluster. 0: this process fits itself.
    dask_scheduler
        Address of the scheduler of a Dask cluster that fits; ``""`` for worker processes on this machine.
    lease
        How long a claimed run stays with a worker that shows no sign of life.
    database_url
        Address of a PostgreSQL database; ``""`` for a SQLite file in the state folder. Never shown, because
        it may hold a password.
    run_limit
        How long one attempt of a run may take.
    first_wait
        How long a run waits after its first interrupted attempt. The wait doubles with each further attempt.
    keep_versions
        Number of forecast versions of a store that are kept at any age.
    keep
        How long further versions and history files are kept after they were replaced, and runs after they
        ended.
    nightly
        Time of day, in `timezone`, at which every store is refreshed; None for never.
    timezone
        Time zone of `nightly`.
    holidays
        The place whose public holidays count for stores whose data names none: a country, or a country and
        its subdivision such as ``DE-BW``; by store, by region, or under ``""`` for all stores.
    log
        How logs are written.
    disk_floor
        Bytes that should be free in the state folder. With less, the server says that it is not ready.
    history_url
        Where the history files are: a folder, or a URL of any protocol `fsspec` knows; ``""`` for the state
        folder. Never shown, because it may hold a password.
    aws
        Settings of AWS Forecast.
    display
        How figures are written.
    """

    home: Annotated[Path, Variable("STORECAST_HOME", FOLDER, portable=False)] = Field(
        default_factory=_default_home
    )
    horizon: Annotated[int, Variable("STORECAST_HORIZON", whole_number(1, 365), portable=True)] = 28
    tolerance: Annotated[
        timedelta, Variable("STORECAST_TOLERANCE_HOURS", duration(HOUR, 0, 24 * 365), portable=True)
    ] = TOLERANCE
    engine: Annotated[str, Variable("STORECAST_ENGINE", DEFAULT_ENGINE, portable=True)] = "prophet"
    engines: Annotated[Mapping[str, str], Variable("STORECAST_ENGINE", OTHER_ENGINES, portable=True)] = Field(
        default_factory=dict
    )
    processes: Annotated[int, Variable("STORECAST_PROCESSES", whole_number(0, 256), portable=False)] = Field(
        default_factory=_cores
    )
    dask_scheduler: Annotated[str, Variable("STORECAST_DASK_SCHEDULER", SCHEDULER, portable=False)] = ""
    lease: Annotated[
        timedelta, Variable("STORECAST_LEASE_SECONDS", duration(SECOND, 0.1, 3600), portable=True)
    ] = timedelta(seconds=30)
    database_url: Annotated[str, Variable("STORECAST_DATABASE_URL", TEXT, portable=False, secret=True)] = (
        Field(default="", repr=False)
    )
    run_limit: Annotated[
        timedelta, Variable("STORECAST_RUN_MINUTES", duration(MINUTE, 0.01, 60 * 24), portable=True)
    ] = timedelta(hours=1)
    first_wait: Annotated[
        timedelta, Variable("STORECAST_RETRY_SECONDS", duration(SECOND, 0.01, 3600), portable=True)
    ] = timedelta(seconds=5)
    keep_versions: Annotated[
        int, Variable("STORECAST_KEEP_VERSIONS", whole_number(1, 100_000), portable=True)
    ] = 30
    keep: Annotated[timedelta, Variable("STORECAST_KEEP_DAYS", duration(DAY, 1, 36_500), portable=True)] = (
        timedelta(days=90)
    )
    nightly: Annotated[time | None, Variable("STORECAST_NIGHTLY", TIME_OF_DAY, portable=True)] = None
    timezone: Annotated[tzinfo, Variable("STORECAST_TIMEZONE", TIME_ZONE, portable=True)] = UTC
    holidays: Annotated[Mapping[str, str], Variable("STORECAST_HOLIDAYS", HOLIDAYS, portable=True)] = Field(
        default_factory=dict
    )
    log: LogSettings = Field(default_factory=LogSettings)
    disk_floor: Annotated[int, Variable("STORECAST_DISK_FLOOR_MB", megabytes(0, 1e9), portable=False)] = (
        200 * MEGABYTE
    )
    history_url: Annotated[
        str, Variable("STORECAST_HISTORY_URL", FOLDER_OR_URL, portable=False, secret=True)
    ] = Field(default="", repr=False)
    aws: AwsSettings = Field(default_factory=AwsSettings)
    display: DisplaySettings = Field(default_factory=DisplaySettings)

    @property
    def history(self) -> str:
        """Folder or URL of the history files."""
        return self.history_url or str(self.home / "history")

    @property
    def local_engine(self) -> str:
        """The first of all engines asked for that fits here; ``""`` if every store's engine is remote."""
        named = [
            name for asked in (self.engine, *self.engines.values()) for name in asked.split(ENGINE_SEPARATOR)
        ]
        return next((name for name in named if name != AWS_FORECAST), "")

    def engines_of(self, store: str, region: str) -> tuple[str, ...]:
        """Return the engines that compete for a store of a region; usually one."""
        return tuple(self.engine_of(store, region).split(ENGINE_SEPARATOR))

    def engine_of(self, store: str, region: str) -> str:
        """Return the engine asked for of a store of a region. The store's own counts before its region's."""
        return self.engines.get(store) or self.engines.get(region) or self.engine

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the ``STORECAST_*`` variables of the environment, then ``settings.env``, then the defaults.

        Parameters
        ----------
        environ
            By default the environment of this process.

        Raises
        ------
        InvalidSetting
            If a variable can't be used. The message names it, what was expected and what was found, and the
            line if it stands in ``settings.env``.
        StateUnavailable
            If ``settings.env`` can't be read.
        """
        env = os.environ if environ is None else environ
        home, _, _ = VariableSource(cls, env).get_field_value(cls.model_fields["home"], "home")
        saved = settings_file.read(home or DEFAULT_HOME, PORTABLE)
        with _naming_the_line(saved):
            require_usable({name: setting.text for name, setting in saved.items()})
        in_force = {name: setting for name, setting in saved.items() if name not in env}
        with _naming_the_line(in_force):
            settings = cls._from_texts(env, {name: setting.text for name, setting in in_force.items()})
            _require_aws(settings)
        return settings


PORTABLE = frozenset(variable.name for variable in variables_of(Settings) if variable.portable)
"""The variables that may stand in ``settings.env`` and go into backups."""


def require_usable(texts: Mapping[str, str]) -> None:
    """Check the values of some variables, each by itself.

    Raises
    ------
    InvalidVariable
        If one can't be used.
    """
    VariableSource(Settings, texts)()


def portable_settings(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return the texts of all portable variables that are set, in the environment or in ``settings.env``.

    Raises
    ------
    InvalidSetting
        If ``settings.env`` has a line that is not allowed there.
    StateUnavailable
        If ``settings.env`` can't be read.
    """
    saved = {name: setting.text for name, setting in settings_file.read(home, PORTABLE).items()}
    texts = {**saved, **environ}
    return {name: one_line(texts[name]) for name in sorted(PORTABLE) if texts.get(name, "").strip()}


def _require_aws(settings: Settings) -> None:
    asked = (settings.engine, *settings.engines.values())
    if not settings.aws and any(AWS_FORECAST in names.split(ENGINE_SEPARATOR) for names in asked):
        expected = f"STORECAST_AWS_BUCKET to be set where {AWS_FORECAST} is asked for"
        raise InvalidVariable("STORECAST_ENGINE", expected, "it empty")


@contextmanager
def _naming_the_line(saved: Mapping[str, SavedSetting]) -> Iterator[None]:
    """Put file and line before a refusal of a variable that stands in ``settings.env``."""
    try:
        yield
    except InvalidVariable as error:
        if error.variable not in saved:
            raise
        raise InvalidSetting(f"{saved[error.variable].origin}: {error}") from error
