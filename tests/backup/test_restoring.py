"""Backup and restore by the command line, run in this process."""

import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from forecasting.backup.archive import new_file
from forecasting.config.settings_file import FILE as SETTINGS_FILE
from forecasting.storage.database import FILE
from tests.backup.archives import Run, files, with_manifest, with_settings
from tests.history.conftest import CREDENTIALS
from tests.history.folder_cases import new_bucket
from tests.kinds import require_slow_kind


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket of an S3 server that runs for the tests."""
    require_slow_kind("an S3 server")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    yield new_bucket("backups")
    server.stop()


def test_everything_is_restored(run: Run, home: Path, tmp_path: Path) -> None:
    """Forecasts, sales and settings. Each command prints what it did."""
    out, new = tmp_path / "b.tar", tmp_path / "new"
    code, told, err = run(home, "backup", "--out", out)
    size = out.stat().st_size / 1e3
    assert (code, err) == (0, "")
    assert told.startswith(f"{out}: 17 tables, ")
    assert told.endswith(f" rows, 3 history files, {size:.0f} kB\n")
    code, told, err = run(new, "restore", out)
    assert (code, err) == (0, "")
    assert told.startswith("b.tar of 20")
    assert told.splitlines()[1] == f"  1 setting, now in {new / SETTINGS_FILE}"
    assert (new / SETTINGS_FILE).read_text().splitlines()[1:] == ["STORECAST_ENGINE=seasonal_naive"]
    assert run(new, "export", "--out", tmp_path / "e.csv")[0] == 0
    assert (tmp_path / "e.csv").read_text() == (home / "expected.csv").read_text()
    assert files(new / "history") == files(home / "history")


def test_the_history_may_be_in_another_kind_of_place(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bucket: str
) -> None:
    """From a folder to S3, and from there to a folder."""
    run(home, "backup", "--out", tmp_path / "b.tar")
    monkeypatch.setenv("STORECAST_HISTORY_URL", f"s3://{bucket}/history")
    assert run(tmp_path / "cloud", "restore", tmp_path / "b.tar")[0] == 0
    assert not (tmp_path / "cloud" / "history").exists()
    assert run(tmp_path / "cloud", "backup", "--out", tmp_path / "c.tar")[0] == 0
    assert run(tmp_path / "again", "restore", tmp_path / "c.tar")[0] == 0  # its files were not lost
    monkeypatch.delenv("STORECAST_HISTORY_URL")
    assert run(tmp_path / "new", "restore", tmp_path / "c.tar")[0] == 0
    assert files(tmp_path / "new" / "history") == files(home / "history")


def test_a_backup_is_never_replaced_by_accident(run: Run, home: Path, tmp_path: Path) -> None:
    """Only ``--force`` replaces it."""
    out = tmp_path / "b.tar"
    out.write_text("mine")
    code, told, err = run(home, "backup", "--out", out)
    assert (code, told, err) == (2, "", f"--out: expected a new file, found '{out}'; --force replaces it\n")
    assert out.read_text() == "mine"
    assert run(home, "backup", "--out", out, "--force")[0] == 0
    assert tarfile.is_tarfile(out)


def test_a_backup_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """A file of that name is never half written."""
    out = tmp_path / "b.tar"
    out.write_text("mine")
    with pytest.raises(LookupError):
        fail_in_the_middle(out)
    assert files(tmp_path) == {"b.tar": b"mine"}


def fail_in_the_middle(out: Path) -> None:
    """Write half of a file."""
    with new_file(out, replace=True) as file:
        file.write(b"half")
        raise LookupError


@pytest.mark.parametrize("where", ["missing/b.tar", "file/b.tar", "full"])
def test_a_file_that_cannot_be_written_is_refused(run: Run, home: Path, tmp_path: Path, where: str) -> None:
    """With what was expected."""
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    code, told, err = run(home, "backup", "--out", tmp_path / where, "--force")
    assert (code, told) == (2, "")
    assert re.match(r"--out: expected a file.* found ", err)


def test_nothing_is_not_backed_up(run: Run, tmp_path: Path) -> None:
    """It is probably the wrong state folder."""
    code, _, err = run(tmp_path / "wrong", "backup", "--out", tmp_path / "b.tar")
    found = f"{tmp_path / 'wrong' / FILE}: expected something to back up, found no imports\n"
    assert (code, err) == (2, found)
    assert not (tmp_path / "b.tar").exists()


def test_a_place_in_use_is_not_restored_into(run: Run, home: Path, back: Path) -> None:
    """Its database is in use."""
    before = files(home)
    code, told, err = run(home, "restore", back)
    assert (code, told) == (2, "")
    assert err.startswith(f"{home / FILE}: expected a database without rows, found 2 in history_import, ")
    assert {name: before[name] for name in before if "sqlite" not in name}.items() <= files(home).items()


def test_files_of_another_history_are_not_mixed_with(run: Run, back: Path, tmp_path: Path) -> None:
    """The message has their number and one name; nothing is written."""
    new = tmp_path / "new"
    other = new / "history" / "sales" / "9_x" / "y.parquet"
    other.parent.mkdir(parents=True)
    other.write_text("")
    code, _, err = run(new, "restore", back)
    assert code == 2
    assert f"expected only files of the backup, found 1 other such as {other}; nothing was changed" in err
    assert list(files(new)) == ["history/sales/9_x/y.parquet"]


def test_settings_of_the_place_are_not_replaced(run: Run, back: Path, tmp_path: Path) -> None:
    """An operator may have written them."""
    new = tmp_path / "new"
    new.mkdir()
    (new / SETTINGS_FILE).write_text("STORECAST_HORIZON=7\n")
    code, _, err = run(new, "restore", back)
    assert (code, f"found settings in {SETTINGS_FILE}" in err) == (2, True)
    assert list(files(new)) == [SETTINGS_FILE]


def test_a_restore_that_broke_off_is_done_again(run: Run, home: Path, back: Path, tmp_path: Path) -> None:
    """The history files it left, even half a file, do no harm."""
    new = tmp_path / "new"
    for name, content in list(files(home / "history").items())[:2]:
        path = new / "history" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content[: len(content) // 2])
    (new / "history" / "sales" / "1f.tmp").mkdir()
    assert run(new, "restore", back)[0] == 0
    assert files(new / "history") == files(home / "history")


def test_a_database_that_cannot_be_loaded_leaves_nothing(run: Run, back: Path, tmp_path: Path) -> None:
    """Except for history files, which the next restore uses."""
    new, sound = tmp_path / "new", back.read_bytes()
    back.write_bytes(with_manifest(sound, lambda document: document["tables"][0].update(rows=9)))
    code, _, err = run(new, "restore", back)
    assert (code, err) == (2, "table chain: expected 9 rows, found 0\n")
    assert not (new / SETTINGS_FILE).exists()
    back.write_bytes(sound)
    assert run(new, "restore", back)[0] == 0


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (b"[1]", "back.tar: expected settings in 'settings.json', found: "),
        (b"{", "back.tar: expected settings in 'settings.json', found: "),
        (
            b'{"STORECAST_TIMEZONE": "Mars/Olympus"}',
            "back.tar, settings: STORECAST_TIMEZONE: expected a time",
        ),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    run: Run, back: Path, tmp_path: Path, settings: bytes, expected: str
) -> None:
    """Before anything is written, because the restored server would not start."""
    back.write_bytes(with_settings(back.read_bytes(), settings))
    code, _, err = run(tmp_path / "new", "restore", back)
    assert (code, err.startswith(expected)) == (2, True)
    assert not (tmp_path / "new").exists()


def test_settings_this_version_does_not_have_are_left_out(run: Run, back: Path, tmp_path: Path) -> None:
    """The command names them. An address is never restored."""
    given_settings = b'{"STORECAST_HORIZON": "7", "STORECAST_HOME": "/etc", "STORECAST_MOOD": "good"}'
    back.write_bytes(with_settings(back.read_bytes(), given_settings))
    code, out, _ = run(tmp_path / "new", "restore", back)
    assert (code, out.splitlines()[2]) == (
        0,
        "  left out, because this version has no such settings: STORECAST_HOME, STORECAST_MOOD",
    )
    assert (tmp_path / "new" / SETTINGS_FILE).read_text().splitlines()[1:] == ["STORECAST_HORIZON=7"]


@pytest.mark.parametrize(("bucket_set", "code"), [(True, 0), (False, 2)])
def test_a_backup_of_a_site_with_aws_is_restored_where_the_bucket_is_set(
    run: Run, back: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, bucket_set: bool, code: int
) -> None:
    """The engine is in the backup, its bucket only in the environment."""
    monkeypatch.delenv("STORECAST_ENGINE")
    if bucket_set:
        monkeypatch.setenv("STORECAST_AWS_BUCKET", "s3://sales")
    back.write_bytes(with_settings(back.read_bytes(), b'{"STORECAST_ENGINE": "aws_forecast"}'))
    found, _, err = run(tmp_path / "new", "restore", back)
    assert (found, "expected STORECAST_AWS_BUCKET to be set" in err) == (code, not bucket_set)
    assert (tmp_path / "new").exists() is bucket_set
