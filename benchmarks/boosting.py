"""The strongest peer: one LightGBM model for all stores, for the Rossmann data.

Settings and features are fixed, so that it stays a strong peer. Its target is ``log1p(y)`` minus the store's
mean over 91 days, on open days with sales. It is trained on all horizon days of origins two weeks apart; the
latest origin is the last one whose whole horizon lies before the cutoff. (With later origins, whose horizon
is only partly known, wQL is 4% worse and coverage 0.03 lower.)
"""

import numpy as np

from benchmarks.boosting_features import Rows, grid_of, rows_from
from benchmarks.datasets import Window
from forecasting.core.day_arrays import FloatArray, SeriesForecast

SETTINGS = {
    "learning_rate": 0.05,
    "num_leaves": 63,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 127,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}
MEAN = ({"objective": "regression"}, 450)
QUANTILES = tuple(({"objective": "quantile", "alpha": level}, 250) for level in (0.1, 0.5, 0.9))
ORIGINS = 19
"""Number of origins, two weeks apart; with the horizon they reach 42 weeks back."""


def global_lightgbm(window: Window) -> dict[str, SeriesForecast]:
    """Train on the scored stores and on `Window.more`, and forecast the scored stores.

    The mean and each quantile have their own model; quantiles that cross are sorted.
    """
    import lightgbm  # noqa: PLC0415 - in the process that needs it

    grid = grid_of(window)
    last = grid.known - 1
    origins = (last - window.horizon - 14 * step for step in range(ORIGINS))
    seen = [rows_from(grid, origin, window.horizon) for origin in origins]
    learnt = Rows(*(np.concatenate(part) for part in zip(*(each.sold() for each in seen), strict=True)))
    data = lightgbm.Dataset(learnt.features, learnt.target, params=SETTINGS, free_raw_data=False)
    asked = rows_from(grid, last, window.horizon)

    def predicted(settings: dict[str, object], rounds: int) -> FloatArray:
        model = lightgbm.train({**SETTINGS, **settings}, data, rounds)
        return np.expm1(model.predict(asked.features) + asked.level)

    mean, *quantiles = (predicted(*each) for each in (MEAN, *QUANTILES))
    values = np.vstack([mean, np.sort(quantiles, axis=0)]).reshape(4, -1, window.horizon)
    days = grid.days[grid.known :]
    return {name: SeriesForecast(days, *values[:, row]) for row, name in enumerate(window.scored)}
