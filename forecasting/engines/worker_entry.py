"""Entry points of the worker processes: they run tasks with the engines of the registry."""

from forecasting.core.ports import HistoryReader
from forecasting.engines.registry import engine
from forecasting.training.tasks import Result, Task


def preload_engine(name: str) -> None:
    """Import everything an engine needs, so that the first refresh does not wait for it.

    Raises
    ------
    EngineUnavailable
        If there is no such engine.
    """
    engine(name, None)


def run_task(reader: HistoryReader, task: Task) -> Result:
    """Run one task with the engines of the registry; raises what the task's `run` says."""
    return task.run(reader, engine)
