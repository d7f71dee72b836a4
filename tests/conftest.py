import gc
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer

from tests import kinds, one_blas_thread  # noqa: F401 – the latter acts when it is imported
from tests.house import House
from tests.postgres import Server, serving
from tests.scheduling import GroupScheduling, urgency

settings.register_profile("calm", deadline=None, max_examples=40)  # a busy machine is not a failed property
settings.load_profile("calm")


@pytest.hookimpl(tryfirst=True)  # before -m chooses by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of slow kinds; put those first that take long."""
    for item in items:
        kinds.mark(item)
    items.sort(key=lambda item: urgency(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # without pytest-xdist nothing is scheduled
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling:
    """Hand tests out by our groups."""
    return GroupScheduling(config, log)


def pytest_collection_finish() -> None:
    """Let the garbage collector leave aside what lives until the end: modules and thousands of tests."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)  # before fixtures are set up
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let whatever starts something slow know for which test."""
    kinds.enter(item)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """Where a test configures the logs of this process, the next one does not find them so."""
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    before = [(each, each.level, each.propagate, tuple(each.handlers)) for each in loggers]
    yield
    for logger, level, propagate, handlers in before:
        if logger.level != level:
            logger.setLevel(level)  # which lets every logger forget what it knew: dear with hundreds of them
        logger.propagate = propagate
        logger.handlers[:] = handlers


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL server for all tests."""
    with serving() as server:
        yield server


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A furnished house of its own for a test."""
    made = House.furnished(tmp_path)
    yield made
    made.close()


@pytest.fixture
def empty_house(tmp_path: Path) -> Iterator[House]:
    """A house without sales."""
    made = House(tmp_path)
    yield made
    made.close()
