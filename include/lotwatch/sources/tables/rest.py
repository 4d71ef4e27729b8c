"""Reads lists from JSON interfaces: by GET, or by POST where a query is sent (Kingdee's ExecuteBillQuery, Yonyou's).

What is sent is written in the mapping file, with placeholders; so is where the rows are in the answer, how to turn
pages, how to log in, and by what an answer is known as a failure though its status says success.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login
from lotwatch.sources.http import Answer, HttpClient, next_link
from lotwatch.sources.tables import values
from lotwatch.sources.tables.connector import Chunk, Interval, Job
from lotwatch.sources.tables.mapper import Source, find
from lotwatch.sources.tables.mapping import LogIn, Rest
from lotwatch.sources.tables.mapping import Mapping as MappingFile
from lotwatch.sources.tables.pages import as_rows, key_reader, offset_pages
from lotwatch.sources.tables.watermark import Watermark

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9000, 1, 1, tzinfo=UTC)


class RestService:
    """Reads feeds from the interfaces below one address. `clock` is what a login is signed with (seconds)."""

    origins: tuple[str, ...] = ("rest",)

    def __init__(
        self,
        login: Login,
        mapping: MappingFile,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._login, self._mapping, self._clock = login, mapping, clock
        own = mapping.login is None  # otherwise the password is sent by the login alone
        self._http = HttpClient("The interface", login if own else replace(login, password=""))
        self._logged_in = own

    def server_time(self) -> datetime | None:
        """The clock of the server, having logged in."""
        if self._mapping.login is not None:
            self._log_in(self._mapping.login)
        else:
            self._http.get("")
        return self._http.server_time()

    def read(self, job: Job, state: Mapping[str, Any] | None, interval: Interval) -> Iterator[Chunk]:
        """The rows of a list."""
        told = job.feed.rest
        if told is None:
            raise SourceError(f"{job.feed.label} is no list of an interface", where=job.where)
        changed = job.feed.changed
        mark = Watermark(changed, job.mapping.time_zone, state) if changed else None
        bounds = mark.bounds(*interval) if mark and interval else None
        asked = self._asked(job, told, mark, bounds)
        key_of = key_reader(job.feed.keys)
        began: datetime | None = None
        for rows in self._pages(job, told, asked):
            began = began or self._http.server_time()
            if mark is not None and interval is None:
                for row in rows:
                    mark.note(row)
            yield Chunk(
                [
                    Source(f"{job.feed.label} {values.printable(key_of(row)[:80])}", row, {"$read_at": began})
                    for row in rows
                    if mark is None or mark.holds(row, bounds)
                ],
                mark=mark,
            )
        yield Chunk(state=mark.state(began or self._http.server_time()) if mark else {})

    def _asked(self, job: Job, told: Rest, mark: Watermark | None, bounds: Any) -> dict[str, Any]:
        """What the placeholders stand for on every page."""
        zone = mark.zone if mark else UTC
        since = (bounds[0] if bounds else mark.since()) if mark else None
        until = bounds[1] if bounds else None
        fields = told.fields or job.mapper.used
        return {
            "since": _written(since if since is not None else _first(job), told.since_format, zone),
            "until": _written(until if until is not None else _END, told.since_format, zone),
            "fields": ",".join(fields),
            "limit": told.paging.size,
        }

    def _pages(self, job: Job, told: Rest, asked: Mapping[str, Any]) -> Iterator[Sequence[Mapping[str, Any]]]:
        fields = told.fields or job.mapper.used

        def rows_of(answer: Any) -> list[Mapping[str, Any]]:
            found = find(answer, told.rows) if told.rows else answer
            if found is None:
                return []
            if not isinstance(found, list):
                raise SourceError(
                    f'The answer of {told.path} has no list at "{told.rows}"', where=job.where,
                    do="correct `rows` in the mapping", retry=True,
                )  # fmt: skip
            return as_rows([
                dict(zip(fields, row, strict=True)) if isinstance(row, list) and len(row) == len(fields) else row
                for row in found
            ])

        match told.paging.by:
            case "none":
                yield rows_of(self._ask(told, asked).json())
            case "offset":

                def fetch(offset: int) -> tuple[list[Mapping[str, Any]], bool]:
                    return rows_of(self._ask(told, {**asked, "offset": offset}).json()), False

                yield from offset_pages(fetch, key_reader(job.feed.keys), told.path)
            case "page":
                yield from self._numbered(told, asked, rows_of)
            case "cursor":
                yield from self._by_cursor(told, asked, rows_of)
            case "link":
                yield from self._by_link(told, asked, rows_of)

    def _numbered(
        self, told: Rest, asked: Mapping[str, Any], rows_of: Callable[[Any], list[Mapping[str, Any]]]
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        """Page after page: to the number of pages where it is told, else to a page that is empty or the same again."""
        page, before = told.paging.first, None
        while True:
            answer = self._ask(told, {**asked, "page": page}).json()
            rows = rows_of(answer)
            if not rows or rows == before:
                return
            yield rows
            pages = find(answer, told.paging.pages) if told.paging.pages else None
            if pages is not None and page - told.paging.first + 1 >= int(pages):
                return
            page, before = page + 1, rows

    def _by_cursor(
        self, told: Rest, asked: Mapping[str, Any], rows_of: Callable[[Any], list[Mapping[str, Any]]]
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        cursor: Any = ""
        seen = set()
        while cursor not in seen:
            seen.add(cursor)
            answer = self._ask(told, {**asked, "cursor": cursor}).json()
            yield rows_of(answer)
            cursor = find(answer, told.paging.next or "next")
            if cursor is None or cursor == "":
                return

    def _by_link(
        self, told: Rest, asked: Mapping[str, Any], rows_of: Callable[[Any], list[Mapping[str, Any]]]
    ) -> Iterator[Sequence[Mapping[str, Any]]]:
        first = self._ask(told, asked)
        for answer in self._http.follow_from(first, next_link):
            yield rows_of(answer.json())

    def _ask(self, told: Rest, asked: Mapping[str, Any]) -> Answer:
        """Ask for a page. Where the session has ended meanwhile, log in once more."""
        if not self._logged_in and self._mapping.login is not None:
            self._log_in(self._mapping.login)
        answer = self._sent(told, asked)
        failure = self._failure(answer)
        if failure and self._mapping.login is not None:
            self._log_in(self._mapping.login)
            answer = self._sent(told, asked)
            failure = self._failure(answer)
        if failure:
            raise SourceError(
                f"The interface refused {told.path}: {failure}", where=answer.url,
                do="look at the rights of the login, and at the path and fields in the mapping", retry=True,
            )  # fmt: skip
        return answer

    def _sent(self, told: Rest, asked: Mapping[str, Any]) -> Answer:
        path, params, body = (_filled(each, asked) for each in (told.path, told.params, told.body))
        if told.method == "post":
            return self._http.post(_with(path, params), json=body if body is not None else {})
        return self._http.get(path, params)

    def _failure(self, answer: Answer) -> str | None:
        """What a failure says that came as a success; None when it is none."""
        if not self._mapping.failed:
            return None
        content = answer.json()
        for path, sign in self._mapping.failed.items():
            wanted = sign if isinstance(sign, list) else [sign]
            found = find(content, path)
            negated = [each["not"] for each in wanted if isinstance(each, dict) and "not" in each]
            failed = found in wanted or (bool(negated) and values.text_of(found) not in map(values.text_of, negated))
            if failed:
                message = find(content, self._mapping.message) if self._mapping.message else None
                return values.text_of(message)[:300] or f"{path} is {values.text_of(found)}"
        return None

    def _log_in(self, how: LogIn) -> None:
        known: dict[str, Any] = {
            "user": self._login.user,
            "password": self._login.password,
            "database": self._login.database,
            "now_ms": int(self._clock() * 1000),
            **{name: value for name, value in self._login.extra.items() if isinstance(value, str | int)},
        }
        if how.sign is not None:
            text = str(_filled(how.sign.text, known))
            made = hmac.new(self._login.password.encode(), text.encode(), hashlib.sha256).digest()
            known["signature"] = base64.b64encode(made).decode()
        path, params, body = (_filled(each, known) for each in (how.path, how.params, how.body))
        if how.method == "post":
            answer = self._http.post(_with(path, params), json=body)
        else:
            answer = self._http.get(path, params)
        told = answer.json()
        for name, wanted in how.ok.items():
            found = find(told, name)
            if values.text_of(found) != values.text_of(wanted):
                reason = values.text_of(find(told, how.message) if how.message else None)[:200]
                raise SourceError(
                    f"The interface does not let us in ({name} is {values.text_of(found)}{': ' + reason if reason else ''})",
                    where=self._http.url + "/" + how.path.lstrip("/"),
                    do="correct the user and password in the connection",
                )
        if how.token is not None:
            token = values.text_of(find(told, how.token))
            if not token:
                raise SourceError(
                    f'The answer to the login has no token at "{how.token}"', where=self._http.url,
                    do="correct `token` in the mapping",
                )  # fmt: skip
            self._http.send_always(
                headers={how.header: token} if how.header else None,
                params={how.parameter: token} if how.parameter else None,
            )
        self._logged_in = True


def _filled(template: Any, known: Mapping[str, Any]) -> Any:
    """A template with its placeholders filled; a text that is one alone becomes the value itself."""
    if isinstance(template, str):
        whole = _PLACEHOLDER.fullmatch(template)
        if whole and whole[1] in known:
            return known[whole[1]]
        return _PLACEHOLDER.sub(lambda found: str(known.get(found[1], found[0])), template)
    if isinstance(template, Mapping):
        return {name: _filled(each, known) for name, each in template.items()}
    return [_filled(each, known) for each in template] if isinstance(template, list) else template


def _with(path: str, params: Mapping[str, Any]) -> str:
    return f"{path}?{urlencode(params)}" if params else path


def _first(job: Job) -> Any:
    """Where a first reading begins, in the terms of the column."""
    return 0 if job.feed.changed and job.feed.changed.type == "number" else _BEGINNING


def _written(mark: Any, form: str, zone: Any) -> str:
    if isinstance(mark, int):
        return str(mark)
    if isinstance(mark, datetime):
        return mark.astimezone(zone).strftime(form)
    return mark.strftime(form) if isinstance(mark, date) else str(mark)
