"""All settings, read once from the environment into one frozen value (the README has the table)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from forecasting.errors import InvalidSetting

DEFAULT_HOME = Path(__file__).resolve().parent.parent / "data" / "var"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator can set.

    Attributes
    ----------
    home
        The state folder: database and history files.
    horizon
        Days forecast after the cutoff.
    tolerance
        Age of a predictor below which a refresh does not train again.
    engine
        The engine asked for: a name of `engines.registry`, or ``module:factory`` of one's own.
    processes
        Worker processes for fits.
    lease
        How long a claimed run stays with a worker that gives no sign of life.
    """

    home: Path = DEFAULT_HOME
    horizon: int = 28
    tolerance: timedelta = timedelta(hours=48)
    engine: str = "prophet"
    processes: int = 2
    lease: timedelta = timedelta(seconds=30)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the ``STORECAST_*`` variables; what is not set keeps its default.

        Raises
        ------
        InvalidSetting
            Naming the variable, what was expected and what was found.
        """
        env = os.environ if environ is None else environ
        return cls(
            home=Path(env.get("STORECAST_HOME") or DEFAULT_HOME).expanduser().resolve(),
            horizon=int(_number(env, "STORECAST_HORIZON", 28, 1, 365, whole=True)),
            tolerance=timedelta(hours=_number(env, "STORECAST_TOLERANCE_HOURS", 48, 0, 24 * 365)),
            engine=env.get("STORECAST_ENGINE", "").strip() or "prophet",
            processes=int(_number(env, "STORECAST_PROCESSES", os.cpu_count() or 1, 1, 256, whole=True)),
            lease=timedelta(seconds=_number(env, "STORECAST_LEASE_SECONDS", 30, 0.1, 3600)),
        )


def _number(
    env: Mapping[str, str], name: str, default: float, low: float, high: float, *, whole: bool = False
) -> float:
    text = env.get(name, "").strip()
    if not text:
        return default
    kind = "a whole number" if whole else "a number"
    try:
        value = float(int(text)) if whole else float(text)
    except ValueError:
        value = float("nan")
    if not low <= value <= high:
        raise InvalidSetting(f"{name}: expected {kind} from {low:g} to {high:g}, found '{text}'")
    return value
