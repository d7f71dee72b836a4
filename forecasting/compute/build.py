"""Which of the adapters runs the fits."""

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
    """Return what runs `work`: a Dask cluster where there is a scheduler, else processes of this machine.

    Parameters
    ----------
    processes
        How many; 0 for this process itself.

    Raises
    ------
    InvalidSetting
        If there is a scheduler and Dask is not installed.
    """
    if not dask_scheduler:
        return LocalPool(work, processes) if processes else InProcess(work)
    if find_spec("distributed") is None:
        raise InvalidSetting(
            f"STORECAST_DASK_SCHEDULER: expected Dask for '{dask_scheduler}', found it not installed: "
            "pip install -r requirements-dask.txt"
        )
    from forecasting.compute.dask_cluster import DaskCluster  # noqa: PLC0415 – an extra, and costs half a second

    return DaskCluster(work, dask_scheduler)
