import sys

import pytest

from forecasting.compute.build import build_compute
from forecasting.compute.dask_cluster import DaskCluster
from forecasting.compute.local_pool import LocalPool
from forecasting.core.errors import InvalidSetting
from tests.compute import jobs


def test_fits_run_on_dask_only_where_a_scheduler_is_set() -> None:
    """Without a scheduler they run on this machine."""
    assert isinstance(build_compute(jobs.square, 1), LocalPool)
    assert isinstance(build_compute(jobs.square, 1, "tcp://127.0.0.1:9"), DaskCluster)


def test_dask_must_be_installed_only_where_a_scheduler_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the setting and what to install."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert isinstance(build_compute(jobs.square, 1), LocalPool)
    with pytest.raises(InvalidSetting, match=r"^STORECAST_DASK_SCHEDULER: expected .*requirements-dask.txt$"):
        build_compute(jobs.square, 1, "tcp://127.0.0.1:9")
