"""The API's description as one plain page: no script, nothing loaded from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 'Source Sans', system-ui, sans-serif; max-width: 860px; margin: 2rem auto; }
body { padding: 0 1rem; } h2 { margin-top: 2.2rem; } code { font-size: 13px; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .3rem .8rem .3rem 0;
border-bottom: 1px solid #8884; vertical-align: top; }
"""


def docs_page(schema: Mapping[str, Any]) -> str:
    """Render an OpenAPI document as HTML.

    Parameters
    ----------
    schema
        OpenAPI 3.1 as FastAPI gives it.
    """
    info = schema["info"]
    body = "".join(_operations(schema))
    return (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{escape(info['title'])} API</title>"
        f"<style>{STYLE}</style><h1>{escape(info['title'])} API</h1><p>{escape(info['summary'])}</p>"
        f"<p>Machine-readable: <a href='openapi.json'>openapi.json</a></p>{body}</html>"
    )


def _operations(schema: Mapping[str, Any]) -> Iterator[str]:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            yield f"<h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation['description'])}</p>"
            yield from _body(schema, operation)
            yield from _answers(schema, operation)


def _body(schema: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    if "requestBody" in operation:
        model = _model(schema, operation["requestBody"]["content"]["application/json"]["schema"])
        rows = "".join(
            _row(name, "required" if name in model.get("required", ()) else "", field.get("description", ""))
            for name, field in model["properties"].items()
        )
        yield f"<h3>Body</h3><table>{rows}</table>"


def _row(*cells: str) -> str:
    """Return a table row: the first cell as code, the others as text."""
    code, *texts = (escape(cell) for cell in cells)
    return f"<tr><td><code>{code}</code></td>{''.join(f'<td>{text}</td>' for text in texts)}</tr>"


def _answers(schema: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[str]:
    yield "<h3>Answers</h3><table>"
    for status, answer in operation["responses"].items():
        content = answer.get("content", {}).get("application/json")
        model = _model(schema, content["schema"]) if content and "$ref" in content["schema"] else {}
        fields = ", ".join(model.get("properties", {}))
        yield _row(status, model.get("description", answer["description"]), fields)
    yield "</table>"


def _model(schema: Mapping[str, Any], reference: Mapping[str, Any]) -> Mapping[str, Any]:
    name = reference["$ref"].rpartition("/")[2]
    model: Mapping[str, Any] = schema["components"]["schemas"][name]
    return model
