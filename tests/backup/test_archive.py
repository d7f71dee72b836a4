"""Damaged, truncated and foreign files, and backups of newer versions, are refused."""

import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.backup import archive
from forecasting.backup.archive import MANIFEST, SEAL, open_archive
from forecasting.backup.contents import from_json
from forecasting.core.errors import InvalidArchive
from forecasting.storage.database import REVISION
from tests.backup.archives import Run, files, listen_to_nothing, members, rebuilt, with_manifest


def of_each_kind(content: bytes) -> list[str]:
    """The name of one part of each kind."""
    names = members(content)
    starts = ("tables/forecast_version", "history/sales/", "settings.json", MANIFEST, SEAL)
    return [next(name for name in names if name.startswith(start)) for start in starts]


@given(data=st.data())
def test_a_flipped_bit_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, sound: bytes, data: st.DataObject
) -> None:
    """In every kind of part, and in the header of a part."""
    name = data.draw(st.sampled_from(of_each_kind(sound)))
    begin, size = members(sound)[name]
    at = data.draw(st.integers(begin - tarfile.BLOCKSIZE, begin + size - 1))
    content = bytearray(sound)
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("flipped") / "back.tar"
    path.write_bytes(content)
    with (
        pytest.raises(InvalidArchive, match=r"^back\.tar: expected .*found"),
        open_archive(path, listen_to_nothing),
    ):
        pass


@given(data=st.data())
def test_a_cut_backup_is_noticed(
    tmp_path_factory: pytest.TempPathFactory, sound: bytes, data: st.DataObject
) -> None:
    """At any length that lacks at least the last byte of the checksum."""
    begin, size = members(sound)[SEAL]
    path = tmp_path_factory.mktemp("cut") / "back.tar"
    path.write_bytes(sound[: data.draw(st.integers(0, begin + size - 1))])
    with (
        pytest.raises(InvalidArchive, match=r"^back\.tar: expected .*found"),
        open_archive(path, listen_to_nothing),
    ):
        pass


def test_a_damaged_backup_changes_nothing(run: Run, back: Path, tmp_path: Path) -> None:
    """The message names the part, what was expected and what was found."""
    content = bytearray(back.read_bytes())
    begin, size = members(bytes(content))["tables/forecast_version.arrows"]
    content[begin + size // 2] ^= 1
    back.write_bytes(content)
    code, told, err = run(tmp_path / "new", "restore", back)
    assert (code, told) == (2, "")
    part = "'tables/forecast_version.arrows' of [0-9,]+ bytes with the SHA-256 [0-9a-f]{16}…"
    with pytest.raises(InvalidArchive, match=f"^back.tar: expected {part}, found {part}$"):
        raise InvalidArchive(err.strip())
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda parts: parts.pop("settings.json"), "expected 'settings.json' of .*, found no part"),
        (lambda parts: parts.update({"more": b""}), "expected no part 'more', found 'more' of 0 bytes"),
        (lambda parts: parts.pop(MANIFEST), f"expected a whole backup with '{MANIFEST}' at its end, found n"),
        (
            lambda parts: parts.update({"../../../tmp/evil": b"x", "/tmp/evil": b"x"}),  # noqa: S108 - never made
            r"expected no part '\.\./\.\./\.\./tmp/evil', found '\.\./",
        ),
    ],
)
def test_other_parts_are_refused(
    back: Path, change: Callable[[dict[str, bytes]], object], expected: str
) -> None:
    """Missing parts, and parts the manifest does not list, even if their names point outside the archive."""
    back.write_bytes(rebuilt(back.read_bytes(), lambda parts: change(parts) and None))
    with pytest.raises(InvalidArchive, match=f"^back.tar: {expected}"), open_archive(back, listen_to_nothing):
        pass


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE])
def test_only_plain_files_are_taken(back: Path, kind: bytes) -> None:
    """No links, which could point out of the archive."""
    info = tarfile.TarInfo("settings")
    info.type, info.linkname = kind, "/etc/passwd"
    with tarfile.open(back, "a") as tar:
        tar.addfile(info)
    with (
        pytest.raises(InvalidArchive, match="expected plain files, each once, found 'settings'"),
        open_archive(back, listen_to_nothing),
    ):
        pass


def test_a_part_that_is_there_twice_is_refused(back: Path) -> None:
    """It would be unclear which of them counts."""
    with tarfile.open(back, "a") as tar:
        tar.addfile(tarfile.TarInfo("settings.json"))
    with (
        pytest.raises(InvalidArchive, match=r"each once, found 'settings\.json'"),
        open_archive(back, listen_to_nothing),
    ):
        pass


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "expected a whole backup, found: "),
        (b"store,item,date,demand\n" * 100, "expected a whole backup, found: "),
    ],
)
def test_something_else_is_refused(back: Path, content: bytes, found: str) -> None:
    """An empty file, and a file of sales."""
    back.write_bytes(content)
    with pytest.raises(InvalidArchive, match=f"^back.tar: {found}"), open_archive(back, listen_to_nothing):
        pass


@pytest.mark.parametrize("name", ["missing.tar", ""])
def test_a_missing_file_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file, or a folder."""
    with (
        pytest.raises(InvalidArchive, match=r"expected a backup at '.*', found no such file"),
        open_archive(tmp_path / name, listen_to_nothing),
    ):
        pass


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda document: document.update(type="docker"), "expected type 'storecast.backup', found 'docker'"),
        (lambda document: document.pop("type"), "expected a backup, found a manifest of something else"),
        (lambda document: document.pop("numbers"), "expected a .*: Object missing required field `numbers`"),
        (
            lambda document: document["settings"].update(bytes="12"),
            r"expected a .*: Expected `int`, got `str` - at `\$\.settings\.bytes`",
        ),
        (
            lambda document: document["files"][0].update(kind="../etc"),
            r"expected a .*: a history file '\.\./etc'",
        ),
        (
            lambda document: document["files"][0].update(content_hash="../" + 64 * "a"),
            r"expected a .*: a history file 'sales' of the hash '\.\./aaa",
        ),
    ],
)
def test_a_manifest_of_something_else_is_refused(
    back: Path, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    """Also one whose history files would be written outside the history."""
    back.write_bytes(with_manifest(back.read_bytes(), lambda document: change(document) and None))
    with pytest.raises(InvalidArchive, match=f"^back.tar: {expected}"), open_archive(back, listen_to_nothing):
        pass


def test_other_values_under_the_name_of_a_file_are_refused(run: Run, back: Path, tmp_path: Path) -> None:
    """Even if the manifest has their checksum: a history file is named by the hash of its values."""

    def swap(document: dict[str, Any]) -> None:
        first, second = document["files"][:2]
        first["member"], second["member"] = second["member"], first["member"]

    back.write_bytes(with_manifest(back.read_bytes(), swap))
    code, _, err = run(tmp_path / "new", "restore", back)
    assert code == 2
    assert "expected a sound file for" in err
    assert files(tmp_path / "new" / "history") == {}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda document: document.update(version=2), "expected version 1 of 'storecast.backup', found ver"),
        (
            lambda document: document.update(revision="9999"),
            f"expected revision '{REVISION}' or older, found",
        ),
    ],
)
def test_a_newer_backup_is_refused(
    run: Run, back: Path, tmp_path: Path, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    """Because of its format or of its database; nothing is written."""
    back.write_bytes(with_manifest(back.read_bytes(), lambda document: change(document) and None))
    code, _, err = run(tmp_path / "new", "restore", back)
    assert code == 2
    assert err.startswith(f"back.tar was written by a newer version of this software: {expected}")
    assert err.endswith("nothing was changed\n")
    assert not (tmp_path / "new").exists()


def test_what_a_backup_says_of_itself_is_read_back(home: Path, sound: bytes) -> None:
    """Among them the time of the backup and the revision of the database."""
    del home
    begin, size = members(sound)[MANIFEST]
    contents = from_json(sound[begin : begin + size], "x")
    assert contents.to_json() == sound[begin : begin + size]
    assert (contents.revision, contents.rows > 0, contents.left_out) == (REVISION, True, 0)


def test_a_file_of_a_backup_can_be_checked_by_other_means(sound: bytes) -> None:
    """``sha256sum --check`` can read the checksum."""
    parts = members(sound)
    (begin, size), (manifest, length) = parts[SEAL], parts[MANIFEST]
    digest = hashlib.sha256(sound[manifest : manifest + length]).hexdigest()
    assert sound[begin : begin + size] == f"{digest}  manifest.json\n".encode()


def test_a_manifest_without_end_is_not_read(back: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a manipulated file could use up the memory."""
    monkeypatch.setattr(archive, "LARGEST_MANIFEST", 100)
    with (
        pytest.raises(InvalidArchive, match=r"expected a manifest, found [0-9,]+ bytes as 'manifest.json'"),
        open_archive(back, listen_to_nothing),
    ):
        pass
