"""All settings, read once into one frozen value (the README has the table).

They are variables of the environment. What says how forecasts are made may stand in the state folder as well
(`saved_settings`); the environment goes before it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, time, timedelta, tzinfo
from pathlib import Path
from typing import Self

from forecasting.config import settings_file, variables
from forecasting.config.aws_settings import AwsSettings
from forecasting.config.display import LookSettings
from forecasting.core.errors import InvalidSetting

DEFAULT_HOME = Path(__file__).resolve().parents[2] / "data" / "var"

MEGABYTE = 1_000_000

AWS_FORECAST = "aws_forecast"
"""The engine that trains and forecasts in AWS."""

JOINED = "+"
"""Between engines that compete for every series."""

CONSOLE, JSON = "console", "json"
LOG_LEVELS = ("debug", "info", "warning", "error")


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How logs are written; can be read before, and without, all the other settings.

    Attributes
    ----------
    form
        `CONSOLE`, for people to read, or `JSON`, one object a line.
    level
        One of `LOG_LEVELS`; None for what is usual: a server tells more than a command.
    """

    form: str = CONSOLE
    level: str | None = None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read ``STORECAST_LOG_FORMAT`` and ``STORECAST_LOG_LEVEL``.

        Raises
        ------
        InvalidSetting
            Naming the variable, what was expected and what was found.
        """
        env = os.environ if environ is None else environ
        return cls(
            variables.one_of(env, "STORECAST_LOG_FORMAT", (CONSOLE, JSON)) or CONSOLE,
            variables.one_of(env, "STORECAST_LOG_LEVEL", LOG_LEVELS),
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set.

    Attributes
    ----------
    home
        The state folder: database and, without a `history_url`, history files.
    horizon
        Days forecast after the cutoff.
    tolerance
        Age of a predictor below which a refresh does not train again.
    engine
        The engine asked for where `engines` has no other: a name of `engines.registry`, ``module:factory`` of
        one's own, `AWS_FORECAST`, or several joined by ``+``, of which the first has to be beaten.
    engines
        Other engines, by store or by region.
    processes
        Worker processes for fits, or the threads of the Dask cluster; 0: fits run in the process itself.
    dask_scheduler
        Where fits run on a Dask cluster: its scheduler's address; "" for worker processes on this machine.
    lease
        How long a claimed run stays with a worker that gives no sign of life.
    database_url
        Address of the PostgreSQL database; ``""`` for a SQLite file in the state folder. Never shown: it may
        hold a password.
    run_limit
        How long one attempt of a run may take.
    first_wait
        How long a run waits after its first broken attempt; after the next twice as long.
    keep_versions
        Forecast versions of a store that are kept whatever their age.
    keep
        How long more versions than that, ended runs and history files are kept after they were replaced.
    nightly
        Time of day, in `timezone`, at which every store is refreshed; None for never.
    holidays
        Whose public holidays stores have that their data does not name: a country, or a country and its
        subdivision such as ``DE-BW``, by store, by region, or for all under ``""``.
    log
        How logs are written.
    disk_floor
        Bytes that should be free in the state folder; below, the server says that it isn't ready.
    history_url
        Where the history files are: a folder, or a URL of any protocol `fsspec` knows; ``""`` for the state
        folder. Not shown: it may have a password in it.
    look
        How figures are written.
    """

    home: Path = DEFAULT_HOME
    horizon: int = 28
    tolerance: timedelta = timedelta(hours=48)
    engine: str = "prophet"
    processes: int = 2
    dask_scheduler: str = ""
    lease: timedelta = timedelta(seconds=30)
    database_url: str = field(default="", repr=False)
    run_limit: timedelta = timedelta(hours=1)
    first_wait: timedelta = timedelta(seconds=5)
    keep_versions: int = 30
    keep: timedelta = timedelta(days=90)
    nightly: time | None = None
    timezone: tzinfo = UTC
    holidays: Mapping[str, str] = field(default_factory=dict)
    log: LogSettings = field(default_factory=LogSettings)
    disk_floor: int = 200 * MEGABYTE
    history_url: str = field(default="", repr=False)
    engines: Mapping[str, str] = field(default_factory=dict)
    aws: AwsSettings = field(default_factory=AwsSettings)
    look: LookSettings = field(default_factory=LookSettings)

    @property
    def history(self) -> str:
        """Where the history files are."""
        return self.history_url or str(self.home / "history")

    @property
    def local_engine(self) -> str:
        """The engine that fits here and is asked for first; ``""`` where every store's is elsewhere."""
        named = [name for asked in (self.engine, *self.engines.values()) for name in asked.split(JOINED)]
        return next((name for name in named if name != AWS_FORECAST), "")

    def engines_of(self, store: str, region: str) -> tuple[str, ...]:
        """The engines that compete for a store of a region; usually one."""
        return tuple(self.engine_of(store, region).split(JOINED))

    def engine_of(self, store: str, region: str) -> str:
        """The engine asked for of a store of a region; what is said of a store goes before its region's."""
        return self.engines.get(store) or self.engines.get(region) or self.engine

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the ``STORECAST_*`` variables; what is not set, nor in the state folder, keeps its default.

        Raises
        ------
        InvalidSetting
            Naming the variable, what was expected and what was found, and the file where it stands in one.
        StateUnavailable
            If the state folder's file of settings can't be read.
        """
        env = os.environ if environ is None else environ
        home = Path(env.get("STORECAST_HOME") or DEFAULT_HOME).expanduser().resolve()
        saved = settings_file.read(home)
        try:
            cls._read(home, saved)
        except InvalidSetting as error:
            raise InvalidSetting(f"{home / settings_file.FILE}: {error}") from error
        return cls._read(home, {**saved, **env})

    @classmethod
    def _read(cls, home: Path, env: Mapping[str, str]) -> Self:
        engines, aws = variables.engines(env, "STORECAST_ENGINE"), AwsSettings.from_env(env)
        _require_aws(aws, engines)
        return cls(
            home=home,
            horizon=int(variables.number(env, "STORECAST_HORIZON", 28, 1, 365, whole=True)),
            tolerance=timedelta(hours=variables.number(env, "STORECAST_TOLERANCE_HOURS", 48, 0, 24 * 365)),
            engine=engines.pop("", "prophet"),
            engines=engines,
            processes=int(
                variables.number(env, "STORECAST_PROCESSES", os.cpu_count() or 1, 0, 256, whole=True)
            ),
            dask_scheduler=variables.scheduler(env, "STORECAST_DASK_SCHEDULER"),
            lease=timedelta(seconds=variables.number(env, "STORECAST_LEASE_SECONDS", 30, 0.1, 3600)),
            database_url=env.get("STORECAST_DATABASE_URL", "").strip(),
            run_limit=timedelta(minutes=variables.number(env, "STORECAST_RUN_MINUTES", 60, 0.01, 60 * 24)),
            first_wait=timedelta(seconds=variables.number(env, "STORECAST_RETRY_SECONDS", 5, 0.01, 3600)),
            keep_versions=int(variables.number(env, "STORECAST_KEEP_VERSIONS", 30, 1, 100_000, whole=True)),
            keep=timedelta(days=variables.number(env, "STORECAST_KEEP_DAYS", 90, 1, 36_500)),
            nightly=variables.time_of_day(env, "STORECAST_NIGHTLY"),
            timezone=variables.zone(env, "STORECAST_TIMEZONE"),
            holidays=variables.places(env, "STORECAST_HOLIDAYS"),
            log=LogSettings.from_env(env),
            disk_floor=int(MEGABYTE * variables.number(env, "STORECAST_DISK_FLOOR_MB", 200, 0, 1e9)),
            history_url=variables.folder_or_url(env, "STORECAST_HISTORY_URL"),
            aws=aws,
            look=LookSettings.from_env(env),
        )


def _require_aws(aws: AwsSettings, engines: Mapping[str, str]) -> None:
    if not aws and any(AWS_FORECAST in asked.split(JOINED) for asked in engines.values()):
        raise InvalidSetting(
            f"STORECAST_ENGINE: expected STORECAST_AWS_BUCKET to be set where {AWS_FORECAST} is asked for, "
            "found it empty"
        )
