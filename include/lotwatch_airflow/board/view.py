"""What every page of the board has: the moment, the language, the links, its layout and its downloads."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from psycopg import Connection
from psycopg.rows import DictRow

from lotwatch import rules
from lotwatch.errors import LotwatchError
from lotwatch.formats import Formats
from lotwatch_airflow.answering import TellAirflow, tell_airflow
from lotwatch_airflow.board import MOUNT, assets
from lotwatch_airflow.board.auth import PersonDep, session_of
from lotwatch_airflow.board.database import Past, Reader, Writer
from lotwatch_airflow.board.filters import Filters
from lotwatch_airflow.board.forms import FIELD, Forms
from lotwatch_airflow.board.listing import Statement, stream_rows
from lotwatch_airflow.board.person import Person, Refused
from lotwatch_airflow.board.spreadsheet import csv_text
from lotwatch_airflow.board.texts import LANGUAGES, Language, Texts, choose_language, hindrance, texts

#: titles of rules by rule id, in a language
Titles = Callable[[Language], Mapping[str, str]]
#: the pages in the order of the navigation: path and key of the title
PAGES = (
    ("", "today"),
    ("alerts", "alerts"),
    ("inventory", "inventory"),
    ("approvals", "approvals"),
    ("tasks", "tasks"),
    ("orders", "orders"),
    ("holds", "holds"),
    ("notices", "notices"),
    ("recalls", "recalls"),
    ("counts", "counts"),
    ("trace", "trace"),
    ("quality", "quality"),
    ("consistency", "consistency"),
    ("matches", "matches"),
    ("rules", "rules"),
    ("messages", "messages"),
)

_COOKIE = "lotwatch_language"
_TEMPLATES = Environment(
    loader=PackageLoader("lotwatch_airflow.board"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# values that came inside JSON
_TEMPLATES.filters |= {"decimal": Decimal, "day": date.fromisoformat, "instant": datetime.fromisoformat}


@dataclass(frozen=True)
class Board:
    """What the board is put together from."""

    reader: Reader
    writer: Writer
    forms: Forms
    titles: Titles
    now: Callable[[], datetime]
    tell_airflow: TellAirflow = tell_airflow
    #: the key that opens a source's case references, by the name of the source; empty: it has none
    case_key: Callable[[str], str] = lambda _: ""


class View:
    """One request: `as_of` is taken here, once, and everything on the page is as of then.

    Once the database was read, `limited` says whether `person` sees some sites only. A page that looks back says so with
    `past`, before it reads.
    """

    limited: bool = False
    past: Past | None = None

    def __init__(self, request: Request, person: Person | None = None) -> None:
        self.board: Board = request.app.state.board
        self._person = person
        self.as_of = self.board.now()
        self._request = request
        self._root: str = request.scope.get("root_path", "")
        asked = request.query_params.get("lang")
        self.language = choose_language(asked, request.cookies.get(_COOKIE), request.headers.get("accept-language", ""))
        self._remember = asked in LANGUAGES
        self._titles_in_force: dict[str, str] = {}  # known once the database was read

    @property
    def person(self) -> Person:
        """Who asks; on an error's page that may be nobody."""
        assert self._person is not None  # noqa: S101  # nothing of that page asks for them
        return self._person

    @property
    def bare(self) -> bool:
        """Whether this is a page for somebody who is not logged in: it leads nowhere else."""
        return getattr(self._request.app.state, "bare", False)

    @property
    def moment(self) -> datetime:
        """What the page is as of."""
        return self.past.at if self.past else self.as_of

    @cached_property
    def texts(self) -> Texts:
        return texts(self.language)

    @cached_property
    def formats(self) -> Formats:
        return Formats(self.language)

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """What people call the rules that there are, by id: as they are in force, or else as they are shipped."""
        return ChainMap(self._titles_in_force, dict(self.board.titles(self.language)))

    def title_of(self, rule_id: str) -> str:
        """What people call a rule; its id where no decision table has it any more."""
        return self.titles.get(rule_id, rule_id)

    def told(self, error: LotwatchError) -> str:
        """What hinders, in words of the page's language."""
        return hindrance(self.language, error)

    def options(self, kind: str, codes: Sequence[str]) -> list[tuple[str, str]]:
        """Codes to choose from, each with its name."""
        return [(code, self.texts.name(kind, code)) for code in codes]

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A read-only transaction as of this request, showing what its person may see. Raises Refused where that is nothing."""
        with self.board.reader.transaction(self.as_of, self.person.name, self.past) as (conn, sight):
            if sight.nothing:
                raise Refused("no_site")
            self.limited = not sight.everything
            self._titles_in_force.update(rules.titles_in_force(conn, self.language))
            yield conn

    def page(self, template: str, *, status: int = 200, filters: Filters | None = None, **values: Any) -> HTMLResponse:
        """Render `<template>.html`; `values` are its own."""
        html = _TEMPLATES.get_template(f"{template}.html").render(
            values,
            view=self,
            filters=filters,
            t=self.texts,
            name=self.texts.name,
            f=self.formats,
            title_of=self.title_of,
            pages=() if self.bare else PAGES,
            current=template.partition("-")[0],  # `holds-new` belongs to `holds`
            languages=LANGUAGES,
        )
        response = HTMLResponse(html, status, headers={"Cache-Control": "no-store"})
        if self._remember:
            secure = self._request.url.scheme == "https"
            path = self._root or "/"
            response.set_cookie(
                _COOKIE, self.language, max_age=31_536_000, path=path, httponly=True, secure=secure, samesite="lax"
            )
        return response

    def download(
        self,
        name: str,
        statement: Statement,
        columns: Sequence[str],
        cell: Callable[[DictRow, str], object] | None = None,
        headings: Mapping[str, str] | None = None,
    ) -> StreamingResponse:
        """All rows of the statement as CSV (UTF-8 with its mark, so that spreadsheets read every script).

        `columns` are keys of the rows; `cell(row, column)` may replace a value, `headings` names columns that have no
        name of their own.
        """
        heading = [(headings or {}).get(column) or self.texts.name("column", column) for column in columns]
        lines = csv_text(heading, self._cells(statement, columns, cell or dict.__getitem__))
        first = next(lines)  # what can go wrong goes wrong here, with an error page, not within the download
        filename = f"lotwatch-{name}-{self.moment:%Y%m%dT%H%M}Z.csv"
        headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"}
        return StreamingResponse(chain([first], lines), media_type="text/csv; charset=utf-8", headers=headers)

    def _cells(
        self, statement: Statement, columns: Sequence[str], cell: Callable[[DictRow, str], object]
    ) -> Iterator[list[object]]:
        with self.transaction() as conn:
            for row in stream_rows(conn, statement):
                yield [cell(row, column) for column in columns]

    def form_token(self) -> tuple[str, str]:
        """Name and value of the hidden field without which a form of ours is not believed."""
        return FIELD, self.board.forms.token(session_of(self._request))

    def see(self, page: str, /, **query: Any) -> RedirectResponse:
        """Send the browser on to a page of the board, where what was just done is shown; loading it again does nothing."""
        return RedirectResponse(self.path(page, **query), 303)

    def path(self, page: str, /, **query: Any) -> str:
        """Link to a page of the board."""
        return f"{self._root}/{page}" + _query(query)

    def changed(self, filters: Filters, **changes: Any) -> str:
        """Link to this page with some filters changed (None: removed), from its first page on unless told."""
        return f"{self._root}{self._path}" + _query({**filters.chosen(), "page": None, **changes})

    def all_rows(self, download: str, filters: Filters) -> str:
        """Link to a download of what this page lists, all of its pages."""
        return self.path(download, **{**filters.chosen(), "page": None, "size": None})

    def days_ago(self, days: int) -> str:
        """The moment so many days before this request, for a link."""
        return f"{self.as_of - timedelta(days=days):%Y-%m-%dT%H:%M}Z"

    def in_language(self, language: str, filters: Filters | None) -> str:
        """Link to this very page in another language."""
        return f"{self._root}{self._path}" + _query({**(filters.chosen() if filters else {}), "lang": language})

    def here(self, with_query: bool) -> str:
        """Link to this very page, with or without what was asked of it."""
        query = self._request.url.query
        return f"{self._root}{self._path}" + (f"?{query}" if query and with_query else "")

    def airflow(self, path: str) -> str:
        """Link to a page of Airflow itself, which leaves the board's frame."""
        return self._root.removesuffix(MOUNT) + path

    def static(self, name: str) -> str:
        """Link to a file of ours, changing with its content, so that browsers may keep it."""
        return f"{self._root}/static/{name}?v={assets.digest(name)}"

    @property
    def _path(self) -> str:
        """This request's path below where the board is mounted."""
        return self._request.url.path.removeprefix(self._root)


def view_of(request: Request, person: PersonDep) -> View:
    """The request of somebody who is logged in."""
    return View(request, person)


ViewDep = Annotated[View, Depends(view_of)]


def _query(values: Mapping[str, Any]) -> str:
    pairs = [
        (key, int(value) if isinstance(value, bool) else value) for key, value in values.items() if value is not None
    ]
    return f"?{urlencode(pairs)}" if pairs else ""
