from collections import defaultdict
from pathlib import PurePosixPath

from tests.architecture.sources import modules


def test_no_two_modules_share_a_name() -> None:
    """Tracebacks, searches and editors' tabs show a module by its last name alone."""
    places = defaultdict(list)
    for name, file in modules("forecasting", "web").items():
        last = name.rpartition(".")[2]
        if (
            not last.startswith("__")
            and PurePosixPath("forecasting/storage/migrations/versions") not in file.parents
        ):
            places[last].append(name)
    assert {last: names for last, names in places.items() if len(names) > 1} == {}
