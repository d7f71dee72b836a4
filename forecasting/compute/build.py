"""Choose the adapter that runs the fits."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TypeVar

from forecasting.compute.in_process import InProcess
from forecasting.compute.local_pool import LocalPool
from forecasting.core.errors import InvalidSetting
from forecasting.core.ports import Compute

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")


def build_compute(
    work: Callable[[TaskT], ResultT], processes: int, dask_scheduler: str = ""
) -> Compute[TaskT, ResultT]:
    """Return a `Compute` that runs `work` on a Dask cluster, in local processes, or in this process.

    Parameters
    ----------
    work
        A function of an importable module.
    processes
        Number of local worker processes; 0 runs fits in this process.
    dask_scheduler
        Address of a Dask scheduler, such as ``tcp://10.0.0.5:8786``. If given, `processes` is ignored.

    Raises
    ------
    InvalidSetting
        If a scheduler is given and Dask is not installed.
    """
    if not dask_scheduler:
        return LocalPool(work, processes) if processes else InProcess(work)
    if find_spec("distributed") is None:
        raise InvalidSetting(
            f"STORECAST_DASK_SCHEDULER: expected Dask for '{dask_scheduler}', found it not installed: "
            "pip install -r requirements-dask.txt"
        )
    from forecasting.compute.dask_cluster import DaskCluster  # noqa: PLC0415 – optional, 0.5 s to import

    return DaskCluster(work, dask_scheduler)
