"""HTML from Jinja2 templates.

A package keeps its templates in its folder `templates`, and the CSS files that they include beside
its code. Values are escaped; what is HTML or CSS already comes as `Markup`.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from app.presentation.i18n import translate


def render_template(package: str, template: str, /, **context: object) -> str:
    """Return a template of a package with its values filled in.

    Raises jinja2.UndefinedError if a value for the template is missing.
    """
    return _environment(package).get_template(f"templates/{template}").render(context)


@cache
def _environment(package: str) -> Environment:
    environment = Environment(
        loader=PackageLoader(package, "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["translate"] = translate
    return environment
