"""A hash of what a frame says, not of how it is stored."""

import hashlib

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_VERSION = b"storecast values 1"


def content_hash(frame: pd.DataFrame) -> str:
    """SHA-256 over the values of a frame in canonical order.

    Neither the order of rows and columns nor the index, the unit of datetimes, the width of numbers or
    the kind of string column matters, so a frame that was written and read back, by whatever version of
    whatever library, keeps its hash. Days count in microseconds since 1970, numbers as float64 (-0 as 0),
    strings by their UTF-8 bytes.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(_VERSION + len(frame).to_bytes(8, "little"))
    encoded = {name: _encode(frame[name]) for name in sorted(frame.columns)}
    order = np.lexsort([values for _, values in encoded.values()])
    for name, (head, values) in encoded.items():
        digest.update(_framed(name) + head + values[order].tobytes())
    return digest.hexdigest()


def _encode(column: pd.Series) -> tuple[bytes, NDArray[np.generic]]:
    """What a column's values mean (its type, its vocabulary) and one fixed-width number per row."""
    kind = column.dtype.kind
    if kind == "M":
        return b"days", column.to_numpy("datetime64[us]").astype("<i8")
    if kind == "b":
        return b"flag", column.to_numpy(np.uint8)
    if kind in "iuf":
        return b"number", column.to_numpy("<f8") + 0.0
    codes, texts = pd.factorize(column.to_numpy(object), sort=True)
    vocabulary = b"".join(_framed(str(text)) for text in texts)
    return b"text" + len(texts).to_bytes(8, "little") + vocabulary, codes.astype("<i8")


def _framed(text: str) -> bytes:
    """Bytes of a text after their number, so that no two lists of texts look the same."""
    data = text.encode()
    return len(data).to_bytes(8, "little") + data
