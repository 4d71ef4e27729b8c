"""Asks openFDA's endpoints: how a search is written, followed page by page, and answered where nothing matches."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from lotwatch.errors import SourceError
from lotwatch.sources.http import Answer, HttpClient

#: the interface lets nobody ask for more at once
LARGEST_PAGE = 1000
_KEY = "api_key"


def within(field: str, start: date, end: date) -> str:
    """The clause that a day lies within two others, both inclusive."""
    return f"{field}:[{start:%Y%m%d} TO {end:%Y%m%d}]"


def either(clauses: list[str]) -> str:
    """Clauses of which one must hold."""
    return " ".join(clauses)


def both(*clauses: str | None) -> str:
    """Clauses that must all hold; those that are empty say nothing."""
    said = [clause for clause in clauses if clause]
    return said[0] if len(said) == 1 else " AND ".join(f"({clause})" for clause in said)


def is_any(field: str, values: list[str]) -> str:
    """The clause that a field is one of these values."""
    return either([f'{field}:"{value}"' for value in values])


class Endpoint:
    """One of openFDA's endpoints, such as `/device/recall.json`."""

    def __init__(self, http: HttpClient, path: str, page_size: int) -> None:
        self.path, self._http, self._size = path, http, page_size

    def last_updated(self) -> date:
        """The day on which the endpoint's data were last renewed. Raises SourceError where it does not say."""
        answer = self._ask({"limit": 1})
        try:
            return date.fromisoformat(answer["meta"]["last_updated"])
        except (KeyError, TypeError, ValueError):
            raise SourceError(
                "openFDA does not say when its data were last renewed", where=self.path, retry=True,
                do="look at the address in the connection: its answers carry meta.last_updated",
            ) from None  # fmt: skip

    def pages(self, search: str, sort: str) -> Iterator[list[Any]]:
        """The records that match, page by page. Raises SourceError when fewer came than were said to match."""
        params: Mapping[str, Any] | None = {"search": search, "limit": self._size, "sort": sort}
        read, total = 0, 0
        while params is not None:
            answer = self._answer({name: value for name, value in params.items() if value})
            content = _content(answer, self.path)
            total = max(total, _total(content))
            records = content.get("results", [])
            read += len(records)
            if records:
                yield records
            params = _next(answer)
        if read < total:
            raise SourceError(
                f"openFDA answered {read} of {total} records", where=self.path, retry=True,
                do="nothing, if it passes; otherwise ask for smaller pages in the source's options",
            )  # fmt: skip

    def find(self, field: str, values: list[str], at_once: int = 40) -> Iterator[Any]:
        """The records whose field is one of these values; a few values are asked for at a time."""
        for start in range(0, len(values), at_once):
            for page in self.pages(is_any(field, values[start : start + at_once]), ""):
                yield from page

    def _ask(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return _content(self._answer(params), self.path)

    def _answer(self, params: Mapping[str, Any]) -> Answer:
        return self._http.get(self.path, params)


def _content(answer: Answer, path: str) -> Mapping[str, Any]:
    """The answer's object; where nothing matches, one without results. Raises SourceError for anything else."""
    content = answer.json()
    error = content.get("error") if isinstance(content, dict) else None
    if answer.status == requests.codes.not_found:
        if isinstance(error, dict) and error.get("code") == "NOT_FOUND":
            return {"results": []}
        raise SourceError(f"There is no {path} here", where=answer.url, do="correct the address in the connection")
    if not isinstance(content, dict) or not isinstance(content.get("results"), list):
        raise SourceError(
            "openFDA answered something else than results", where=answer.url, retry=True,
            do="look at the address in the connection",
        )  # fmt: skip
    return content


def _total(content: Mapping[str, Any]) -> int:
    try:
        return int(content["meta"]["results"]["total"])
    except (KeyError, TypeError, ValueError):
        return 0


def _next(answer: Answer) -> Mapping[str, Any] | None:
    """What to ask for the next page, by the Link header; None at the last one. Whoever stands between us and openFDA may
    name another host there: only the question counts."""
    for link in requests.utils.parse_header_links(answer.headers.get("Link", "")):
        if link.get("rel", "").lower() == "next":
            return {name: value for name, value in parse_qsl(urlsplit(link["url"]).query) if name != _KEY}
    return None
