"""Text that is safe in spreadsheets and file names."""

import re

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""Characters at which a spreadsheet begins a formula; it converts the wide forms to the narrow ones.

https://owasp.org/www-community/attacks/CSV_Injection
"""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

MOST_CHARACTERS = 40
"""Of each part of a file name."""


def printable(text: str) -> str:
    """Remove the characters that XML, and so an Excel file, cannot hold."""
    return _UNPRINTABLE.sub("", text)


def escape_formula(text: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula.

    Leading spaces do not hide a formula, since some programs drop them.
    """
    shown = printable(text)
    is_formula = shown.startswith(FORMULA_STARTS) or shown.lstrip().startswith(FORMULA_STARTS)
    return f"'{shown}" if is_formula else shown


def file_name(*parts: str) -> str:
    """Join parts to a name that is valid on every file system: letters, digits, ``.``, ``-`` and ``_``."""
    safe = (re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-.")[:MOST_CHARACTERS] for part in parts)
    return "_".join(part or "x" for part in safe)
