"""Settings models: each field says which environment variable it is read from, and how."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from forecasting.config.value_parsers import Parser, UnusableText
from forecasting.core.errors import InvalidSetting

HIDDEN = "a value that is not shown"


class InvalidVariable(InvalidSetting):
    """A variable whose value can't be used.

    Attributes
    ----------
    variable
        Its name.
    """

    def __init__(self, variable: str, expected: str, found: str) -> None:
        super().__init__(f"{variable}: expected {expected}, found {found}")
        self.variable = variable


@dataclass(frozen=True, slots=True)
class Variable:
    """The environment variable of a field; stands in the field's ``Annotated`` type.

    Attributes
    ----------
    name
        Name of the variable. Several fields may be read from one variable.
    parser
        Turns the text of the variable into the value of the field.
    portable
        Whether the variable may also stand in ``settings.env`` and therefore goes into backups. True for what
        says *how* forecasts are made; False for addresses, secrets and what one machine can do.
    secret
        Whether the value may hold a password. Error messages do not show it.
    """

    name: str
    parser: Parser
    portable: bool
    secret: bool = False

    def read(self, text: str) -> object:
        """Return the value of a stripped, non-empty text.

        Raises
        ------
        InvalidVariable
            If the text can't be used.
        """
        try:
            return self.parser.parse(text)
        except UnusableText as error:
            found = HIDDEN if self.secret else f"'{error.found}'"
            # without the cause: a traceback would show the text
            raise InvalidVariable(self.name, self.parser.expected, found) from None


class VariableSource(PydanticBaseSettingsSource):
    """The values of a settings model, read from texts by variable name.

    Parameters
    ----------
    settings_cls
        The model. Fields whose type is a settings model are read in the same way.
    texts
        Text by variable name. A blank text counts as not set.
    """

    def __init__(self, settings_cls: type[BaseSettings], texts: Mapping[str, str]) -> None:
        super().__init__(settings_cls)
        self._texts = texts

    def __call__(self) -> dict[str, Any]:
        """Return the values that are set, by field.

        Raises
        ------
        InvalidVariable
            If one of the texts can't be used.
        """
        return self._values(self.settings_cls)

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the value of one field (None if it is not set), its name, and that it needs no decoding."""
        variable = variable_of(field)
        text = self._texts.get(variable.name, "").strip() if variable else ""
        return (variable.read(text) if variable and text else None), field_name, False

    def _values(self, model: type[BaseModel]) -> dict[str, Any]:
        values = {}
        for name, field in model.model_fields.items():
            nested = nested_model(field)
            value = (self._values(nested) or None) if nested else self.get_field_value(field, name)[0]
            if value is not None:
                values[name] = value
        return values


class VariableSettings(BaseSettings):
    """Base of the settings models: frozen, and read from variables only on request.

    Constructing one by keyword reads nothing; fields that are not given have their defaults.
    """

    model_config = SettingsConfigDict(frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 – the signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        *_unused: PydanticBaseSettingsSource,
        **_unused_too: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let keyword arguments be the only source of a model that is constructed directly."""
        return (init_settings,)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the variables of the environment.

        Parameters
        ----------
        environ
            By default the environment of this process.

        Raises
        ------
        InvalidVariable
            If a variable can't be used; names it, what was expected and what was found.
        """
        return cls._from_texts(os.environ if environ is None else environ)

    @classmethod
    def _from_texts(cls, *texts: Mapping[str, str]) -> Self:
        """Read the model from several mappings; for a field that several of them set the first one counts."""
        sources = tuple(VariableSource(cls, each) for each in texts)
        return cls(_build_sources=(sources, {}))  # type: ignore[call-arg] # a parameter of BaseSettings


def variable_of(field: FieldInfo) -> Variable | None:
    """The variable a field is read from; None if it has none."""
    return next((each for each in field.metadata if isinstance(each, Variable)), None)


def nested_model(field: FieldInfo) -> type[BaseModel] | None:
    """The settings model that is the type of a field; None if its type is something else."""
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def variables_of(model: type[BaseModel]) -> Iterator[Variable]:
    """Yield the variables of a model and of the models nested in it, once for each field."""
    for field in model.model_fields.values():
        variable, nested = variable_of(field), nested_model(field)
        if variable:
            yield variable
        if nested:
            yield from variables_of(nested)
