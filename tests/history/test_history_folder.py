"""What every kind of history folder must do."""

from datetime import UTC, datetime, timedelta

import pytest

from forecasting.config.clock import SystemClock
from forecasting.core.errors import StateUnavailable
from forecasting.history.history_folder import FileEntry
from tests.history.folder_cases import FolderCase

NAME = "sales/1_x/a.parquet"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEFORE = LONG_AGO + timedelta(days=1)


def test_what_is_written_is_read(case: FolderCase) -> None:
    """Every byte, also if another content is replaced; an empty file is a file."""
    for content in (b"\0one", b"", bytes(range(256)) * 5000):
        case.folder.write(NAME, content)
        assert case.folder.read(NAME) == content
    assert case.names == {NAME}


def test_a_missing_file_is_named(case: FolderCase) -> None:
    """In an empty folder, beside other files, and above them; the error has the full path."""
    for name in (NAME, "sales/1_x/b.parquet", "sales/1_x"):
        with pytest.raises(StateUnavailable, match=rf"history/{name}") as error:
            case.folder.read(name)
        assert case.folder.display_path(name) in str(error.value)
        case.folder.write(NAME, b"a")


def test_files_are_listed_with_size_and_age(case: FolderCase) -> None:
    """Under the names they were written with."""
    now = SystemClock().now()
    sizes = {NAME: 3, "sales/1_x/b.parquet": 0, "sales/2_y/a.parquet": 5, "plan/1_x/left.tmp": 7}
    for name, size in sizes.items():
        case.folder.write(name, b"." * size)
    files = list(case.folder.list_files())
    assert {file.name: file.bytes for file in files} == sizes
    assert all(abs(file.written_at - now) < timedelta(minutes=1) for file in files)
    case.age(NAME, LONG_AGO)
    assert FileEntry(NAME, 3, LONG_AGO) in list(case.folder.list_files())


def test_a_folder_is_in_use_once_it_has_a_history_file(case: FolderCase) -> None:
    """A file that an interrupted writer left does not count."""
    assert (list(case.folder.list_files()), case.folder.in_use()) == ([], False)
    case.folder.write("sales/1_x/left.tmp", b"half")
    assert not case.folder.in_use()
    case.folder.write("sales/2_y/a.parquet", b"whole")
    assert case.folder.in_use()


def test_missing_files_are_found(case: FolderCase) -> None:
    """Many at a time."""
    there = {f"sales/{n}_x/a.parquet" for n in range(20)}
    gone = {f"sales/{n}_x/b.parquet" for n in range(20)}
    for name in there:
        case.folder.write(name, b"a")
    assert case.folder.missing(there | gone) == gone
    assert case.folder.missing(()) == set()


def test_a_file_looks_new_once_it_is_touched_or_written_again(case: FolderCase) -> None:
    """If a folder can't touch files, the caller writes them again."""
    assert not case.folder.touch(NAME)
    case.folder.write(NAME, b"a")
    case.age(NAME, LONG_AGO)
    if not case.folder.touch(NAME):
        case.folder.write(NAME, b"a")
    assert case.folder.begin_removal(NAME, BEFORE) is None
    assert case.folder.read(NAME) == b"a"


def test_an_old_file_is_removed(case: FolderCase) -> None:
    """Nobody sees it once the removal has begun; its size is known."""
    case.folder.write(NAME, b"abc")
    case.folder.write("sales/1_x/b.parquet", b"stays")
    case.age(NAME, LONG_AGO)
    removal = case.folder.begin_removal(NAME, BEFORE)
    assert removal is not None
    assert removal.file == FileEntry(NAME, 3, LONG_AGO)
    assert case.folder.missing({NAME}) == {NAME}
    removal.complete()
    assert case.names == {"sales/1_x/b.parquet"}


def test_a_removal_can_be_undone(case: FolderCase) -> None:
    """The file is as before."""
    case.folder.write(NAME, b"abc")
    case.age(NAME, LONG_AGO)
    removal = case.folder.begin_removal(NAME, BEFORE)
    assert removal is not None
    removal.undo()
    assert case.folder.read(NAME) == b"abc"
    assert case.names == {NAME}


def test_only_an_old_file_is_removed(case: FolderCase) -> None:
    """Not one written at that very instant, nor a missing one."""
    case.folder.write(NAME, b"abc")
    case.age(NAME, BEFORE)
    assert case.folder.begin_removal(NAME, BEFORE) is None
    assert case.folder.begin_removal("sales/1_x/b.parquet", BEFORE) is None
    assert case.folder.read(NAME) == b"abc"


def test_of_two_removals_of_a_file_one_succeeds(case: FolderCase) -> None:
    """The other does not remove the renamed file as a leftover either."""
    case.folder.write(NAME, b"abc")
    case.age(NAME, LONG_AGO)
    removal = case.folder.begin_removal(NAME, BEFORE)
    assert removal is not None
    assert [case.folder.begin_removal(name, BEFORE) for name in case.names | {NAME}] == [None] * len(
        case.names | {NAME}
    )
    removal.undo()
    assert case.folder.read(NAME) == b"abc"
