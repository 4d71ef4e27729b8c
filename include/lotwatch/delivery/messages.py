"""Messages to people: `messages.yaml` holds the words of each in both languages, one layout shows them all.

A message is a subject, an introduction of some paragraphs, a table (`data["rows"]`, a list of objects) and a link. `names`
are what codes in a column are called. `short` are the columns that a text message or an app shows. A digest is several of
them, one after another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypedDict

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from lotwatch.delivery.people import RANK
from lotwatch.delivery.words import Names, Words, plain_names
from lotwatch.formats import Language

#: rows shown in a message; the link leads to all of them
MOST_ROWS = 20
#: messages shown in a digest, and rows of each
_MOST_IN_DIGEST, _MOST_ROWS_IN_DIGEST = 15, 5
_MOST_IN_SHORT = 3
_LONGEST_SUBJECT, _LONGEST_SHORT = 200, 300
DIGEST = "digest"


class Content(TypedDict):
    """The parts of a rendered message."""

    subject: str
    text: str
    html: str
    short: str
    link: str


@dataclass(frozen=True, slots=True)
class _Section:
    """One message, in words. `rows` have a value for each column and perhaps a `link`."""

    subject: str
    paragraphs: list[str]
    columns: dict[str, str]
    rows: list[dict[str, str]]
    short: list[str]
    more: int
    link_text: str
    link: str


def severity_of(template: str, told: str | None) -> str:
    """How bad what a message says is: as its sender says, else as its template does. Raises KeyError for an unknown template."""
    return told or str(catalogue()[template].get("severity", "info"))


def render(
    template: str, lang: Language, data: Mapping[str, Any], board_url: str, names: Names = plain_names
) -> Content:
    """The message `template` in a language. Raises KeyError for an unknown template or language."""
    words = Words(lang, names)
    return _content(words, [_section(words, template, data, board_url, MOST_ROWS)])


def render_digest(
    messages: Sequence[Mapping[str, Any]], lang: Language, board_url: str, names: Names = plain_names
) -> Content:
    """Several messages (`template`, `data` and `severity` of each) in one, the most severe first."""
    words = Words(lang, names)
    ordered = sorted(messages, key=lambda each: -RANK[severity_of(each["template"], each.get("severity"))])
    sections = [
        _section(words, each["template"], each["data"], board_url, _MOST_ROWS_IN_DIGEST)
        for each in ordered[:_MOST_IN_DIGEST]
    ]
    subject = words.said(DIGEST).format(count=words.number(len(messages)))
    return _content(words, sections, subject, more=len(messages) - len(sections))


def _content(words: Words, sections: Sequence[_Section], subject: str | None = None, more: int = 0) -> Content:
    first = sections[0]
    context = {
        "lang": words.lang,
        "subject": subject or first.subject,
        "sections": sections,
        "headed": subject is not None,
        "more": words.said("cut").format(count=words.number(more)) if more else "",
        "cut": lambda count: words.said("cut").format(count=words.number(count)),
    }
    short = (
        [subject, *(each.subject for each in sections[:_MOST_IN_SHORT])] if subject else [first.subject, *first.short]
    )
    return {
        "subject": (subject or first.subject)[:_LONGEST_SUBJECT],
        "text": _environment(words.lang).get_template("message.txt.j2").render(context),
        "html": _environment(words.lang).get_template("message.html.j2").render(context),
        "short": " | ".join(short)[:_LONGEST_SHORT],
        "link": first.link,
    }


def _section(words: Words, template: str, data: Mapping[str, Any], board_url: str, most_rows: int) -> _Section:
    known, lang = catalogue()[template], words.lang
    columns = {name: title[lang] for name, title in known.get("columns", {}).items()}
    names = {
        column: {code: text[lang] for code, text in codes.items()} for column, codes in known.get("names", {}).items()
    }
    given = data.get("rows", [])
    rows = [_row(words, row, columns, names, board_url) for row in given[:most_rows]]

    def fill(text: str, **more: Any) -> str:
        return _environment(lang).from_string(text).render(data, count=len(given), **more)

    return _Section(
        # names of other systems must not break out of a one-line subject
        subject=" ".join(fill(known["subject"][lang], names=names).split()),
        paragraphs=_paragraphs(fill(known["intro"][lang], names=names)),
        columns=columns,
        rows=rows,
        short=[" · ".join(filter(None, map(row.get, known.get("short", ())))) for row in rows[:_MOST_IN_SHORT]],
        more=max(0, data.get("all_rows", len(given)) - len(rows)),
        link_text=known["link"][lang],
        link=board_url.rstrip("/") + fill(known["path"]),
    )


def _row(
    words: Words,
    row: Mapping[str, Any],
    columns: Iterable[str],
    names: Mapping[str, Mapping[str, str]],
    board_url: str,
) -> dict[str, str]:
    said = {}
    for name in columns:
        value = row.get(name)
        said[name] = names.get(name, {}).get(value, value) if isinstance(value, str) else words.cell(value)
    if row.get("path"):
        said["link"] = board_url.rstrip("/") + row["path"]
    elif row.get("link"):
        said["link"] = row["link"]
    return said


def _paragraphs(text: str) -> list[str]:
    """What stands between empty lines."""
    return [part.strip() for part in text.split("\n\n") if part.strip()]


@cache
def catalogue() -> dict[str, dict[str, Any]]:
    """The words of every message."""
    return yaml.safe_load(files("lotwatch.delivery").joinpath("messages.yaml").read_text(encoding="utf-8"))


@cache
def samples() -> dict[str, dict[str, Any]]:
    """An example of the data of every message."""
    return yaml.safe_load(files("lotwatch.delivery").joinpath("samples.yaml").read_text(encoding="utf-8"))


@cache
def _environment(lang: Language) -> Environment:
    made = Environment(
        loader=PackageLoader("lotwatch.delivery", "layout"),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False, default_for_string=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = Words(lang)
    made.filters |= {"number": words.number, "day": words.day, "moment": words.moment, "said": words.cell}
    return made
