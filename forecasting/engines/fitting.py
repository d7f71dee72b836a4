"""What worker processes run: one series task with the engines of the registry."""

from forecasting.engines.registry import engine
from forecasting.evaluation.selection import SeriesResult, SeriesTask, run_task


def prepare(name: str) -> None:
    """Import what an engine needs, so that the first press does not wait for it.

    Raises
    ------
    EngineUnavailable
        If there is no such engine here.
    """
    engine(name)


def fit_series(task: SeriesTask) -> SeriesResult:
    """Do one task with the engine of the name it asks for.

    Raises
    ------
    EngineUnavailable
        If there is no such engine here.
    """
    return run_task(task, engine)
