import pytest

from tests.kinds import kinds_of, require_slow_kind
from tests.scheduling import group_of, urgency

KEYBOARD, SIZES = "tests/browser/test_keyboard.py", "tests/browser/test_sizes.py"
KILLS = "tests/faults/test_kills.py"


@pytest.mark.parametrize(
    ("folders", "fixtures", "parameters", "kinds"),
    [
        (["tests", "core"], ["tmp_path"], [], set()),
        (["tests", "browser"], [], [], {"browser"}),
        (["tests", "faults"], ["postgres"], ["sqlite"], {"faults"}),
        (["tests", "contracts"], ["storage", "postgres"], ["postgres"], {"postgres"}),
        (["tests", "contracts"], ["storage", "postgres"], ["sqlite"], set()),
        (["tests", "storage"], ["postgres"], [("sqlite", "postgres")], {"postgres"}),
        (["tests", "storage"], ["postgres"], [], {"postgres"}),
        (["tests", "history"], ["bucket", "s3_server"], ["memory"], set()),
        (["tests", "history"], ["bucket", "s3_server"], ["s3", 8], {"s3"}),
        (["tests", "contracts"], ["make"], ["dask"], {"dask"}),
        (["tests", "cli", "aws"], ["aws_server", "house"], [], {"aws"}),
    ],
)
def test_a_test_is_marked_by_what_it_uses(
    folders: list[str], fixtures: list[str], parameters: list[object], kinds: set[str]
) -> None:
    """A parameter that names an alternative says that the server is not used."""
    assert kinds_of(folders, fixtures, parameters) == kinds


def test_a_test_without_a_slow_kind_may_start_no_server() -> None:
    """The present test has none."""
    with pytest.raises(RuntimeError, match="expected a test marked with one of browser, faults"):
        require_slow_kind("a server")


def test_tests_that_share_a_server_stay_together() -> None:
    """Others stay with their file, and fault tests are handed out one by one."""
    assert group_of(f"{KEYBOARD}::test_a") == group_of(f"{SIZES}::test_b")
    assert group_of("tests/core/test_schema.py::test_a") == group_of("tests/core/test_schema.py::test_b[1]")
    assert group_of(f"{KILLS}::test_a[1]") != group_of(f"{KILLS}::test_a[2]")


def test_long_tests_begin_first() -> None:
    """A long test that begins late would be waited for at the end."""
    assert (
        urgency(f"{KEYBOARD}::test_a")
        < urgency(f"{KILLS}::test_a")
        < urgency("tests/core/test_schema.py::test_a")
    )
