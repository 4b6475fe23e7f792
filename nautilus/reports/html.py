"""Pages from templates: everything that is not a picture of ours is escaped."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from nautilus.core.errors import MissingExtraError, ParameterError

__all__ = ["page", "part", "trusted", "write_page"]


def part(template: str, **values: Any) -> str:
    """A piece of a page with its style, for a notebook.

    Parameters
    ----------
    template : str
        Name of a file in `nautilus/reports/templates`.
    **values
        What the template names; an unknown name in it is an error.

    Returns
    -------
    str

    Raises
    ------
    MissingExtraError
        jinja2 is not installed; the message names the extra.
    """
    return str(_environment().get_template(template).render(**values))


def page(title: str, body: str) -> str:
    """A whole page that needs nothing else: light or dark as the reader's system is.

    Parameters
    ----------
    title : str
        Escaped.
    body : str
        Made by `part`.

    Returns
    -------
    str

    Raises
    ------
    MissingExtraError

    Examples
    --------
    >>> text = page("P&L", "<p>body</p>")
    >>> "<title>P&amp;L</title>" in text, "<p>body</p>" in text, "://" in text
    (True, True, False)
    """
    return part("page.html", title=title, body=trusted(body))


def trusted(markup: str) -> Any:
    """Markup of our own, which a template must not escape."""
    _environment()
    from markupsafe import Markup

    return Markup(markup)


def write_page(path: Any, title: str, body: str) -> Path:
    """Write a page as UTF-8 and return its path.

    Parameters
    ----------
    path : str or Path
        Ends in .html; its folder must exist.
    title, body : str

    Raises
    ------
    ParameterError
        Another ending.
    MissingExtraError
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise ParameterError(f"`path` must end in .html, got {target.name!r}.", field="path")
    target.write_bytes(page(title, body).encode())
    return target


@functools.cache
def _environment() -> Any:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError(
            "Reports need jinja2. Install it with: pip install 'nautilus-quant[reports]'."
        ) from error
    return Environment(
        loader=PackageLoader("nautilus.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
