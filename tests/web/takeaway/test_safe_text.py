import pytest

from web.takeaway.safe_text import escape_formula, file_name


@pytest.mark.parametrize("text", ["17", "Bäckerei", "a=b", "3 - 4", "'x"])
def test_plain_text_is_unchanged(text: str) -> None:
    """Only the beginning of a text makes a formula."""
    assert escape_formula(text) == text


def test_unprintable_characters_are_removed() -> None:
    """They cannot hide a formula."""
    assert escape_formula("\x00=1") == "'=1"


def test_a_file_name_is_valid_on_every_system() -> None:
    """Whatever the store's name."""
    assert file_name("store", "17", "2019-04-03", "v41") == "store_17_2019-04-03_v41"
    assert file_name("store", "../../etc/passwd") == "store_etc-passwd"
    assert file_name("store", "=cmd|' /C calc'!A0", "…") == "store_cmd-C-calc-A0_x"
