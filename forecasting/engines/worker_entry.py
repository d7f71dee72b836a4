"""What worker processes run: tasks of `work` with the engines of the registry."""

from forecasting.core.ports import HistoryReader
from forecasting.engines.registry import engine
from forecasting.training.tasks import Result, Task, work


def preload_engine(name: str) -> None:
    """Import what an engine needs, so that the first press does not wait for it.

    Raises
    ------
    EngineUnavailable
        If there is no such engine here.
    """
    engine(name, None)


def run_task(reader: HistoryReader, task: Task) -> Result:
    """Do one task with the engine of the name it asks for (what it raises: see the task's `run`)."""
    return work(task, reader, engine)
