"""The connector of every kind of table: it asks a reader for rows, feed by feed, and maps them.

What is read is told in pages, so memory is bounded by a page. The cursor holds what each feed's reader keeps.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from lotwatch.errors import SourceError, nearest
from lotwatch.sources.connector import Page, Problem, Record
from lotwatch.sources.tables import mapper as mappers
from lotwatch.sources.tables.document import Document
from lotwatch.sources.tables.mapper import Mapper, Source, getter
from lotwatch.sources.tables.mapping import Feed, Field, load_mapping, mapping_path, target_columns
from lotwatch.sources.tables.mapping import Mapping as MappingFile
from lotwatch.sources.tables.watermark import Watermark

#: an interval of a backfill, from inclusive, to exclusive; None: what changed since the last reading
Interval = tuple[datetime, datetime] | None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows, and what the cursor keeps once they are read (None: more of this reading comes)."""

    rows: Sequence[Source] = ()
    state: dict[str, Any] | None = None
    #: what could not even be read as rows: told as records in quarantine
    broken: Sequence[Record] = ()
    #: told of the rows that could not be mapped, so that they are read again
    mark: Watermark | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One feed to be read: its entity, what the file says of it, and its mapper."""

    entity: str
    feed: Feed
    mapper: Mapper
    mapping: MappingFile = field(repr=False)
    where: str = ""

    def check_columns(self, known: Sequence[str], place: str) -> None:
        """Raise SourceError when the feed reads a column that is not among those that there are.

        Where rows are nested, only their outermost names can be told beforehand.
        """
        names = set(known)
        for column in self.mapper.used:
            if column not in names and mappers.outermost(column) not in names:
                raise SourceError(
                    f'The mapping reads "{column}", which {place} does not have',
                    where=self.where,
                    do=f"correct the mapping: {nearest(column, known)}",
                )


class Reader(Protocol):
    """Reads the rows of feeds from one system."""

    #: where rows can come from: "file", or "view" and "query", ...
    origins: tuple[str, ...]

    def read(self, job: Job, state: Mapping[str, Any] | None, interval: Interval) -> Iterator[Chunk]:
        """The rows of a feed that changed since `state`, or in the interval; the last chunk has a state."""

    def server_time(self) -> datetime | None:
        """The system's clock, having logged in."""


class Tables:
    """A connector over a mapping file and a reader."""

    def __init__(self, kind: str, mapping: str | Path, reader: Reader) -> None:
        self.jobs = load_jobs(mapping_path(str(mapping)))
        self._reader = reader
        for job in self.jobs:
            if job.feed.origin not in reader.origins:
                raise SourceError(
                    f"A {kind} cannot read {job.feed.origin}",
                    where=job.where,
                    do=f"say {' or '.join(reader.origins)} in the mapping, or choose another kind of source",
                )
        self.entities: tuple[str, ...] = tuple(dict.fromkeys(job.entity for job in self.jobs))

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """What changed, feed by feed. Only the last page has a cursor: a reading counts once it is whole."""
        states: dict[str, Any] = dict((cursor or {}).get("feeds", {}))
        for job in self._of(entity):
            label = job.feed.label
            if job.feed.once and label in states:
                continue
            for chunk in self._reader.read(job, states.get(label), None):
                if chunk.state is not None:
                    states[label] = chunk.state
                yield Page(list(_mapped(job, chunk)))
        yield Page(cursor={"feeds": states})

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What was last changed in the interval; all of what does not tell when it changed."""
        for job in self._of(entity):
            for chunk in self._reader.read(job, None, (start, end)):
                yield Page(list(_mapped(job, chunk)))

    def server_time(self) -> datetime | None:
        """The clock of what is read."""
        return self._reader.server_time()

    def _of(self, entity: str) -> Iterator[Job]:
        return (job for job in self.jobs if job.entity == entity)


def _mapped(job: Job, chunk: Chunk) -> Iterator[Record]:
    yield from chunk.broken
    each = getter(job.feed.each) if job.feed.each else None
    for source in chunk.rows:
        for line in (source,) if each is None else _lines(job, source, each(source.row)):
            for record in job.mapper.records(line):
                if record.problems and chunk.mark is not None:
                    chunk.mark.trouble(source.row)
                yield record


def _lines(job: Job, source: Source, nested: Any) -> Iterator[Source]:
    """The rows within a row: each with its own columns, and those around it below `parent`."""
    lines = nested if isinstance(nested, list) else []
    outer = mappers.outermost(job.feed.each or "")
    parent = {name: value for name, value in source.row.items() if name != outer}
    for number, line in enumerate(lines, 1):
        if isinstance(line, Mapping):
            yield Source(f"{source.place}, {job.feed.each} {number}", {**line, "parent": parent}, source.circumstances)


def broken(job: Job, key: str, place: str, reason: str, raw: Mapping[str, Any]) -> Record:
    """A record of what could not be read at all, for quarantine."""
    return Record(f"{job.feed.prefix}{key}", raw, {}, (Problem(place, reason),))


def load_jobs(path: Path) -> tuple[Job, ...]:
    """The feeds of a mapping file, in its order. Raises SourceError for what is wrong with it."""
    mapping, document = load_mapping(path)
    columns = target_columns()
    jobs = []
    for entity, feeds in mapping.entities.items():
        for number, feed in enumerate(feeds):
            _check_constants(mapping, entity, number, feed, document)
            made = Mapper(mapping, feed, columns[entity])
            jobs.append(Job(entity, feed, made, mapping, _where(document, entity, number)))
    return tuple(jobs)


def _where(document: Document, entity: str, number: int) -> str:
    place: tuple[str | int, ...] = ("entities", entity)
    if isinstance(document.content["entities"][entity], list):
        place = (*place, number)
    return f"{document.where(place)} (entity {entity})"


def _check_constants(mapping: MappingFile, entity: str, number: int, feed: Feed, document: Document) -> None:
    kinds = target_columns()[entity]
    groups: list[tuple[tuple[str | int, ...], Mapping[str, Field]]] = [(("columns",), feed.columns)]
    groups += [(("cases", place, "columns"), case.columns) for place, case in enumerate(feed.cases)]
    groups += [(("deleted", "columns"), feed.deleted.columns)] if feed.deleted else []
    base: tuple[str | int, ...] = ("entities", entity)
    if isinstance(document.content["entities"][entity], list):
        base = (*base, number)
    for place, fields in groups:
        for name, each in fields.items():
            try:
                mappers.check_constants(each, kinds[name], mapping)
            except ValueError as error:
                raise SourceError(
                    f"What the mapping says of {name} cannot be: {error}",
                    where=f"{document.where((*base, *place, name))} (entity {entity}, field {name})",
                    do="correct the mapping file",
                ) from error
