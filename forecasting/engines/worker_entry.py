"""What worker processes run: tasks of `work` with the engines of the registry."""

from forecasting.core.ports import HistoryReader
from forecasting.engines.registry import engine
from forecasting.training.tasks import Result, Task


def preload_engine(name: str) -> None:
    """Import what an engine needs, so that the first press does not wait for it.

    Raises
    ------
    EngineUnavailable
        If there is no such engine here.
    """
    engine(name, None)


def run_task(reader: HistoryReader, task: Task) -> Result:
    """Run one task with the engines of the registry; raises what the task's `run` says."""
    return task.run(reader, engine)
