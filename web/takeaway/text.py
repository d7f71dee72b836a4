"""Text that a spreadsheet shows and does not obey."""

import re

FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet takes for the beginning of a formula; the wide forms are turned into the narrow ones.

https://owasp.org/www-community/attacks/CSV_Injection
"""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


def printable(text: str) -> str:
    """Without the characters that XML, and so an Excel file, can't hold."""
    return _UNPRINTABLE.sub("", text)


def inert(text: str) -> str:
    """With an apostrophe before what would be obeyed, also behind spaces, which some programs drop."""
    shown = printable(text)
    obeyed = shown.startswith(FORMULA_STARTS) or shown.lstrip().startswith(FORMULA_STARTS)
    return f"'{shown}" if obeyed else shown


def file_name(*parts: str) -> str:
    """Parts joined to a name that every file system takes: letters, digits, dots, - and _ alone."""
    return "_".join(re.sub(r"[^A-Za-z0-9.]+", "-", part).strip("-.")[:40] or "x" for part in parts)
