"""The tasks that worker processes run, and their results; each task has a `run` that says what it raises."""

from forecasting.evaluation.calibration import ConformityScores
from forecasting.training.forecast_task import ForecastTask, StorePart
from forecasting.training.pooling_tasks import PooledFit, PoolTask, SpreadTask

Task = ForecastTask | PoolTask | SpreadTask
Result = StorePart | tuple[PooledFit, ...] | tuple[tuple[str, ConformityScores], ...]
