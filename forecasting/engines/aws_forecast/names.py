"""What things are called in AWS.

Names follow from what is asked for, so that asking twice makes nothing twice.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from forecasting.core.errors import InvalidRequest

HASH_LETTERS = 12
"""Of a hash, as far as it goes into a name: names have at most 63 letters, and a group's has 24 of them."""

STAMP = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Names:
    """Names of all that is made in AWS for one group.

    Attributes
    ----------
    group
        `AwsSettings.group`; the name of the dataset group.
    """

    group: str

    @property
    def target(self) -> str:
        """The dataset of demand."""
        return f"{self.group}_target"

    @property
    def related(self) -> str:
        """The dataset of what is known ahead of time."""
        return f"{self.group}_related"

    @property
    def role(self) -> str:
        """The role AWS Forecast reads and writes the bucket with, where none is set."""
        return f"{self.group}_forecast"

    def target_import(self, inputs_hash: str) -> str:
        """An import of demand."""
        return f"{self.target}_{inputs_hash[:HASH_LETTERS]}"

    def related_import(self, inputs_hash: str) -> str:
        """An import of what is known ahead of time."""
        return f"{self.related}_{inputs_hash[:HASH_LETTERS]}"

    def predictor(self, requested_at: datetime) -> str:
        """A predictor, by when it was asked for."""
        return f"{self.group}_{requested_at.astimezone(UTC):{STAMP}}"

    def forecast(self, predictor_arn: str, inputs_hash: str) -> str:
        """What a predictor makes of inputs."""
        made_of = hashlib.sha256(f"{predictor_arn} {inputs_hash}".encode()).hexdigest()
        return f"{self.group}_forecast_{made_of[:HASH_LETTERS]}"

    def backtest(self, predictor_arn: str) -> str:
        """The export of a predictor's backtest."""
        return f"{self.group}_backtest_{hashlib.sha256(predictor_arn.encode()).hexdigest()[:HASH_LETTERS]}"

    def owns(self, name: str) -> bool:
        """Whether a thing of the dataset group was made by us, by its name."""
        return name.startswith(f"{self.group}_")


def candidates(name: str) -> Iterator[str]:
    """A name, and what to call a thing instead where it is taken by one that failed."""
    yield name
    for number in count(2):
        yield f"{name}_{number}"


def is_candidate(found: str, name: str) -> bool:
    """Whether a name is one of the `candidates` of another."""
    return bool(re.fullmatch(rf"{re.escape(name)}(_\d+)?", found))


def free_name(name: str, taken: Collection[str]) -> str:
    """The first of the `candidates` that is not taken."""
    return next(each for each in candidates(name) if each not in taken)


def normalised(name: str) -> str:
    """A store or product as AWS has it: it tells capitals from small letters here, and not there.

    Accents are dropped; what is not in ``[a-z0-9_-]`` then becomes ``_``.
    """
    letters = (each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return re.sub(r"[^a-z0-9_-]", "_", "".join(letters).lower())


class Ids:
    """Names as AWS has them and as we do, of stores or of products.

    Parameters
    ----------
    kind
        What they are names of, for the error.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._names: dict[str, str] = {}

    def of(self, name: str) -> str:
        """The name in AWS.

        Raises
        ------
        InvalidRequest
            If another has the same there.
        """
        found = normalised(name)
        known = self._names.setdefault(found, name)
        if known != name:
            raise InvalidRequest(
                f"AWS Forecast: expected {self._kind} whose names differ by more than capitals, accents and "
                f"signs, found '{known}' and '{name}': both are '{found}' there"
            )
        return found
