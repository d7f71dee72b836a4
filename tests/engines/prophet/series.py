"""Short and odd series, by name: `ds`, `y` and any regressors."""

import numpy as np
import pandas as pd

START = pd.Timestamp("2017-01-02")  # a Monday


def frame(y: np.ndarray, days: np.ndarray | None = None, **regressors: np.ndarray) -> pd.DataFrame:
    """`y` on consecutive days, or on `days` after the start."""
    after = np.arange(len(y)) if days is None else days
    return pd.DataFrame({"ds": START + pd.to_timedelta(after, unit="D"), "y": y.astype(float), **regressors})


def _weekly(days: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """100 a day with a weekly wave."""
    rng = np.random.default_rng(seed)
    return 100 * (1 + 0.3 * np.sin(2 * np.pi * days / 7)) + rng.normal(0, noise, days.size)


def short() -> dict[str, pd.DataFrame]:
    """5 to 30 points."""
    return {
        f"{n} points": frame(_weekly(np.arange(n), 10, n)) for n in (5, 6, 7, 8, 10, 13, 15, 18, 21, 25, 30)
    }


def odd() -> dict[str, pd.DataFrame]:
    """Odd series that occur in sales files."""
    day = np.arange(200)
    noisy, long = _weekly(day, 5, 1), np.arange(7300)
    third = (day % 5 == 0).astype(float)
    return {
        "exact line": frame(10 + 0.5 * day),
        "exact weekly wave": frame(10 + np.sin(2 * np.pi * day / 7)),
        "one spike": frame(np.where(day == 77, 1000.0, 0.0)),
        "one spike on noise": frame(np.where(day == 77, 10_000.0, noisy)),
        "level shift": frame(np.where(day > 100, noisy + 100, noisy)),
        "exact level shift": frame(np.where(day > 100, 200.0, 100.0)),
        "a weekday never open": frame(noisy[day % 7 != 6], day[day % 7 != 6]),
        "collinear regressors": frame(noisy + 20 * third, a=third, b=third, c=2 * third + 1),
        "around zero": frame(noisy - noisy.mean()),
        "twice a day": frame(noisy, day // 2),
        "20 years": frame(100 + long / 100 + 20 * np.sin(2 * np.pi * long / 365.25) + _weekly(long, 8, 2)),
    }
