import sys

import pytest

from forecasting.compute.build import build_compute
from forecasting.compute.dask_cluster import DaskCluster
from forecasting.compute.local_pool import LocalPool
from forecasting.core.errors import InvalidSetting
from tests.compute import jobs


def test_a_scheduler_decides_where_fits_run() -> None:
    """Without one on this machine."""
    assert isinstance(build_compute(jobs.square, 1), LocalPool)
    assert isinstance(build_compute(jobs.square, 1, "tcp://127.0.0.1:9"), DaskCluster)


def test_dask_is_needed_where_there_is_a_scheduler_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the setting and what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert isinstance(build_compute(jobs.square, 1), LocalPool)
    with pytest.raises(InvalidSetting, match=r"^STORECAST_DASK_SCHEDULER: expected .*requirements-dask.txt$"):
        build_compute(jobs.square, 1, "tcp://127.0.0.1:9")
