"""Hash the values of a frame, independent of how it is stored."""

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_VERSION = b"storecast values 1"


def content_hash(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a frame's values in canonical order.

    The order of rows and columns, the index, the unit of datetimes, the width of numbers and the kind of
    string column do not matter. So a frame keeps its hash when it is written and read back, even with another
    version of a library. Days are hashed as microseconds since 1970, numbers as float64 (-0 as 0), strings as
    UTF-8.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(_VERSION + len(frame).to_bytes(8, "little"))
    encoded = {name: _encode(frame[name]) for name in sorted(frame.columns)}
    order = np.lexsort([values for _, values in encoded.values()])
    for name, (header, values) in encoded.items():
        digest.update(_with_length(name) + header + values[order].tobytes())
    return digest.hexdigest()


def _encode(column: pd.Series) -> tuple[bytes, NDArray[np.generic]]:
    """Return a column's header (its type and vocabulary) and one fixed-width number per row."""
    kind = column.dtype.kind
    if kind == "M":
        return b"days", column.to_numpy("datetime64[us]").astype("<i8")
    if kind == "b":
        return b"flag", column.to_numpy(np.uint8)
    if kind in "iuf":
        return b"number", column.to_numpy("<f8") + 0.0
    codes, texts = pd.factorize(column.to_numpy(object), sort=True)
    vocabulary = b"".join(_with_length(str(text)) for text in texts)
    return b"text" + len(texts).to_bytes(8, "little") + vocabulary, codes.astype("<i8")


def _with_length(text: str) -> bytes:
    """Return the number of a text's bytes, then the bytes, so that different lists of texts always differ."""
    data = text.encode()
    return len(data).to_bytes(8, "little") + data
