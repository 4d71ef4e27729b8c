"""Reads entity sets of OData services, version 2 (as SAP's are) and 4.

What the service has is asked of its `$metadata`, so that a wrong name is told with the nearest, and a stamp is written
as its type wants it. Pages are asked for in the order of the key, by `$top` and `$skip`, and checked at their seams; the
server may give fewer rows than asked for. `paging: next` follows the server's own links instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from defusedxml import ElementTree

from lotwatch.errors import SourceError, nearest
from lotwatch.sources.connector import Login
from lotwatch.sources.http import HttpClient
from lotwatch.sources.tables import values
from lotwatch.sources.tables.connector import Chunk, Interval, Job
from lotwatch.sources.tables.mapper import Source, getter, outermost
from lotwatch.sources.tables.mapping import OData
from lotwatch.sources.tables.pages import as_rows, key_reader, offset_pages
from lotwatch.sources.tables.watermark import Mark, Watermark


@dataclass(slots=True)
class Schema:
    """What `$metadata` says: the properties of each entity set and their types, without what leads elsewhere."""

    sets: dict[str, dict[str, str]] = field(default_factory=dict)
    links: dict[str, list[str]] = field(default_factory=dict)


class ODataService:
    """Reads feeds from the services below one address."""

    origins: tuple[str, ...] = ("odata",)

    def __init__(self, login: Login) -> None:
        self._http = HttpClient("The OData service", login)
        self._schemas: dict[str, Schema | None] = {}
        self._first: str | None = None

    def expect(self, jobs: Sequence[Job]) -> None:
        """The feeds that will be read: the first one's service is asked for the time."""
        self._first = next((_path(job.feed.odata, "") for job in jobs if job.feed.odata), "")

    def server_time(self) -> datetime | None:
        """The clock of the service, which is asked for its list of sets."""
        self._http.get(self._first or "", {"$format": "json"})
        return self._http.server_time()

    def read(self, job: Job, state: Mapping[str, Any] | None, interval: Interval) -> Iterator[Chunk]:
        """The rows of an entity set."""
        told = _told(job)
        schema = self._schema(told)
        types = self._check(job, told, schema)
        changed = job.feed.changed
        mark = Watermark(changed, job.mapping.time_zone, state) if changed else None
        bounds = mark.bounds(*interval) if mark and interval else None
        params = self._params(job, told, types, mark, interval, bounds)
        began: datetime | None = None
        pages = self._linked(told, params) if told.paging == "next" else self._skipping(job, told, params)
        for rows in pages:
            began = began or self._http.server_time()
            read = [_plain(row) for row in rows]
            if mark is not None and interval is None:
                for row in read:
                    mark.note(row)
            beside = {"$read_at": began}
            yield Chunk(
                [
                    Source(f"{told.set} {_named(job, row)}", row, beside)
                    for row in read
                    if mark is None or mark.holds(row, bounds)
                ],
                mark=mark,
            )
        yield Chunk(state=mark.state(began or self._http.server_time()) if mark else {})

    def _skipping(self, job: Job, told: OData, params: Mapping[str, str]) -> Iterator[Sequence[Mapping[str, Any]]]:
        def fetch(offset: int) -> tuple[Sequence[Mapping[str, Any]], bool]:
            paged = {**params, "$top": str(told.page_size), "$skip": str(offset)}
            rows, following = _rows(self._http.get(_path(told, told.set), paged).json(), told.set)
            return rows, following is not None

        return offset_pages(fetch, key_reader(job.feed.keys), told.set)

    def _linked(self, told: OData, params: Mapping[str, str]) -> Iterator[Sequence[Mapping[str, Any]]]:
        path: str | None = _path(told, told.set)
        asked: Mapping[str, str] | None = params
        while path is not None:
            answer = self._http.get(path, asked, Prefer=f"odata.maxpagesize={told.page_size}")
            rows, following = _rows(answer.json(), told.set)
            yield rows
            path, asked = following, None
            if path is not None and "://" not in path:  # relative to the service
                path = _path(told, path)

    def _params(
        self,
        job: Job,
        told: OData,
        types: Mapping[str, str],
        mark: Watermark | None,
        interval: Interval,
        bounds: tuple[Mark, Mark] | None,
    ) -> dict[str, str]:
        filters = [told.filter] if told.filter else []
        if mark is not None and job.feed.changed is not None:
            name = job.feed.changed.column.replace(".", "/")
            kind = types.get(name, "")
            since = mark.since() if interval is None else bounds[0] if bounds else None
            if since is not None:
                filters.append(f"{name} ge {_literal(job, told, mark, since, kind)}")
            if bounds is not None:
                filters.append(f"{name} lt {_literal(job, told, mark, bounds[1], kind)}")
        params = {"$format": "json", **{name: str(value) for name, value in told.params.items()}}
        if filters:
            params["$filter"] = filters[0] if len(filters) == 1 else " and ".join(f"({each})" for each in filters)
        order = [name for name in job.feed.keys if "." not in name and not job.feed.each]
        if job.feed.each:  # the lines' own names mean nothing to the document
            order = [name.removeprefix("parent.") for name in job.feed.keys if name.startswith("parent.")]
        if order:
            params["$orderby"] = ",".join(order)
        if told.expand:
            params["$expand"] = told.expand
        if not job.feed.each:
            params["$select"] = ",".join(_selected(job, told))
        return params

    def _schema(self, told: OData) -> Schema | None:
        """What the service says of itself; None where it does not."""
        if told.service not in self._schemas:
            try:
                text = self._http.get(_path(told, "$metadata"), Accept="application/xml").content
                self._schemas[told.service] = _parsed(text)
            except SourceError as error:
                if error.retry:
                    raise
                self._schemas[told.service] = None
            except ElementTree.ParseError:
                self._schemas[told.service] = None
        return self._schemas[told.service]

    def _check(self, job: Job, told: OData, schema: Schema | None) -> Mapping[str, str]:
        """The types of the set's properties. Raises SourceError for a set or a property that there is not."""
        if schema is None or not schema.sets:
            return {}
        if told.set not in schema.sets:
            raise SourceError(
                f'The service {told.service} has no "{told.set}"', where=job.where, do=nearest(told.set, schema.sets)
            )
        known = [*schema.sets[told.set], *schema.links.get(told.set, [])]
        if not job.feed.each:
            job.check_columns(known, told.set)
        return schema.sets[told.set]


def _told(job: Job) -> OData:
    if job.feed.odata is None:
        raise SourceError(f"{job.feed.label} is no entity set", where=job.where)
    return job.feed.odata


def _path(told: OData | None, name: str) -> str:
    service = (told.service if told else "").strip("/")
    return f"{service}/{name}" if service else name


def _selected(job: Job, told: OData) -> list[str]:
    """The properties that are read. Version 2 names those of what is expanded too; version 4 brings them all."""
    expanded = {name.strip() for name in (told.expand or "").split(",") if name.strip()}
    read = [name for name in job.mapper.used if told.version == "v2" or outermost(name) not in expanded]
    # a place in a list is ours, not theirs
    names = ["/".join(step for step in name.split(".") if not step.isdigit()) for name in read]
    return list(dict.fromkeys(names))


def _literal(job: Job, told: OData, mark: Watermark, value: Mark, kind: str) -> str:
    """A mark as the filter wants it, by the property's type or, where that is not known, by what is usual."""
    formats = job.feed.changed.format if job.feed.changed else None
    if isinstance(value, int):
        return str(value)
    if formats or kind == "Edm.String":
        return f"'{values.write_stamp(mark.wall(value), formats[0] if formats else 'iso')}'"  # type: ignore[arg-type]
    if not isinstance(value, datetime):
        day = value.isoformat()
        return day if told.version == "v4" else f"datetime'{day}T00:00:00'"
    if told.version == "v4":
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if kind == "Edm.DateTime":
        return f"datetime'{mark.wall(value):%Y-%m-%dT%H:%M:%S}'"
    return f"datetimeoffset'{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"


def _rows(answer: Any, name: str) -> tuple[list[Mapping[str, Any]], str | None]:
    """The rows of an answer and the link to the next ones, in either version."""
    body = answer.get("d", answer) if isinstance(answer, dict) else answer
    if isinstance(body, list):  # version 1 and 2 without a wrapping
        return as_rows(body), None
    found = body.get("results", body.get("value")) if isinstance(body, dict) else None
    if not isinstance(found, list):
        raise SourceError(
            f"The answer for {name} has no rows", where=name, do="look at the service's address and version", retry=True
        )
    following = body.get("__next") or body.get("@odata.nextLink")
    return as_rows(found), following


def _plain(value: Any) -> Any:
    """A row without what the protocol adds: links, tags, wrappings, and what was not asked for."""
    if isinstance(value, dict):
        if value.keys() == {"results"}:  # version 2 wraps a list
            return _plain(value["results"])
        return {
            name: _plain(each)
            for name, each in value.items()
            if not name.startswith(("__", "@odata.")) and "@odata." not in name
            and not (isinstance(each, dict) and "__deferred" in each)
        }  # fmt: skip
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _named(job: Job, row: Mapping[str, Any]) -> str:
    return values.printable("|".join(values.text_of(getter(name)(row)) for name in job.feed.keys))


def _parsed(text: bytes) -> Schema:
    """The entity sets of a `$metadata` document, with the properties of their types."""
    root = ElementTree.fromstring(text)
    own: dict[str, dict[str, str]] = {}
    links: dict[str, list[str]] = {}
    bases: dict[str, str] = {}
    for element in root.iter():
        if _tag(element) == "EntityType":
            name = element.get("Name", "")
            own[name] = {each.get("Name", ""): each.get("Type", "") for each in element if _tag(each) == "Property"}
            links[name] = [each.get("Name", "") for each in element if _tag(each) == "NavigationProperty"]
            bases[name] = element.get("BaseType", "").rpartition(".")[2]
    schema = Schema()
    for element in root.iter():
        if _tag(element) == "EntitySet":
            name, kind = element.get("Name", ""), element.get("EntityType", "").rpartition(".")[2]
            schema.sets[name], schema.links[name] = {}, []
            while kind in own:
                schema.sets[name] |= own[kind]
                schema.links[name] += links[kind]
                kind = bases[kind]
    return schema


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]
