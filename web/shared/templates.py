"""Templates of the HTML that pages draw.

Every piece of HTML comes from a Jinja template in ``web/templates/``. Values are escaped unless they are
`Html`, which only `render` makes. A name that a template uses and nobody passed is an error.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

Html = Markup
"""Escaped text."""

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
"""One for the whole process: it compiles each template once."""


def render(name: str, **values: object) -> Html:
    """Render the template of this file name.

    Parameters
    ----------
    values
        Text is escaped; `Html` from another template is inserted as it stands.

    Raises
    ------
    jinja2.TemplateNotFound
        If there is no such file in ``web/templates/``.
    jinja2.UndefinedError
        If the template uses a name that is not among `values`.
    """
    return Html(ENVIRONMENT.get_template(name).render(**values))
