"""The API's documentation: one plain page without scripts that loads nothing from elsewhere."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from web.shared.templates import Html, render

Schema = Mapping[str, Any]
"""An OpenAPI document, or a part of it."""


SUCCESS = "Successful Response"
"""FastAPI's description of an answer that declares none."""


class Field(NamedTuple):
    """One field of a request body."""

    name: str
    is_required: bool
    description: str


class Answer(NamedTuple):
    """One answer of an operation; `fields` are the names of the body's fields, joined by commas."""

    status: str
    description: str
    fields: str


class Operation(NamedTuple):
    """One method of one path."""

    method: str
    path: str
    description: str
    fields: tuple[Field, ...]
    answers: tuple[Answer, ...]


def docs_page(schema: Schema) -> Html:
    """Render an OpenAPI document as an HTML page.

    Parameters
    ----------
    schema
        OpenAPI 3.1, as FastAPI makes it.
    """
    info = schema["info"]
    return render(
        "api_docs.html", title=info["title"], summary=info["summary"], operations=list(_operations(schema))
    )


def _operations(schema: Schema) -> Iterator[Operation]:
    for path, methods in schema["paths"].items():
        for method, described in methods.items():
            fields, answers = tuple(_fields(schema, described)), tuple(_answers(schema, described))
            yield Operation(method.upper(), path, described["description"], fields, answers)


def _fields(schema: Schema, operation: Schema) -> Iterator[Field]:
    if "requestBody" in operation:
        model = _model(schema, operation["requestBody"]["content"]["application/json"]["schema"])
        for name, field in model["properties"].items():
            yield Field(name, name in model.get("required", ()), field.get("description", ""))


def _answers(schema: Schema, operation: Schema) -> Iterator[Answer]:
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        model = _model(schema, content["schema"]) if content and "$ref" in content["schema"] else {}
        described = answer["description"]  # FastAPI's own word for success says less than the model
        description = model.get("description", described) if described == SUCCESS else described
        yield Answer(status, description, ", ".join(model.get("properties", {})))


def _model(schema: Schema, reference: Schema) -> Schema:
    """The model that a ``$ref`` names."""
    name = reference["$ref"].rpartition("/")[2]
    model: Schema = schema["components"]["schemas"][name]
    return model
