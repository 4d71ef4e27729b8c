"""Messages to people: `messages.yaml` holds the words of each in both languages, one layout shows them all.

A message is a subject, an introduction of some paragraphs, a table (`data["rows"]`, a list of objects) and a link. `names`
are what codes in a column are called.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypedDict

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

#: rows shown in a message; the link leads to all of them
MOST_ROWS = 20


class Content(TypedDict):
    """The parts of a rendered message."""

    subject: str
    text: str
    html: str
    short: str
    link: str


def render(template: str, lang: str, data: Mapping[str, Any], board_url: str) -> Content:
    """The message `template` in a language. Raises KeyError for an unknown template or language."""
    words = {
        part: text[lang] for part, text in catalogue()[template].items() if isinstance(text, dict) and lang in text
    }
    columns = {name: title[lang] for name, title in catalogue()[template].get("columns", {}).items()}
    names = {
        column: {code: text[lang] for code, text in known.items()}
        for column, known in catalogue()[template].get("names", {}).items()
    }
    rows = [
        {
            name: names.get(name, {}).get(value, value) if isinstance(value, str) else _in(lang, value)
            for name, value in row.items()
        }
        for row in data.get("rows", [])
    ]
    # names of other systems must not break out of a one-line subject
    subject = " ".join(_environment().from_string(words["subject"]).render(data, count=len(rows), names=names).split())
    context = {
        "lang": lang,
        "subject": subject,
        "paragraphs": _paragraphs(
            _environment().from_string(words["intro"]).render(data, count=len(rows), names=names)
        ),
        "columns": columns,
        "rows": rows[:MOST_ROWS],
        "more": max(0, len(rows) - MOST_ROWS),
        "link_text": words["link"],
        "link": board_url.rstrip("/") + _environment().from_string(catalogue()[template]["path"]).render(data),
    }
    text = _environment().get_template("message.txt.j2").render(context)
    html = _environment().get_template("message.html.j2").render(context)
    return {"subject": subject[:200], "text": text, "html": html, "short": subject[:200], "link": str(context["link"])}


def _paragraphs(text: str) -> list[str]:
    """What stands between empty lines."""
    return [part.strip() for part in text.split("\n\n") if part.strip()]


def _in(lang: str, value: Any) -> Any:
    """A value that is told in both languages, in one of them."""
    return value[lang] if isinstance(value, dict) else value


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The words of every message."""
    return yaml.safe_load(files("lotwatch.delivery").joinpath("messages.yaml").read_text(encoding="utf-8"))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lotwatch.delivery", "layout"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False, default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
