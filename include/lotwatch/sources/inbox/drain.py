"""Reads waiting bodies of a source into a batch. What of them cannot be read at all stays in the inbox with its error."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError, SourceError, nearest
from lotwatch.sources.connector import Problem, Receiver, Record
from lotwatch.sources.fit import cleaned, fit, needs_cleaning
from lotwatch.sources.stage import SetAside, copy_rows, drop_batch, entity_columns, open_batch

#: how a receiver fails that did not expect what it read
_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
#: what one batch takes at most: bodies, events (the last body may pass it) and bytes
BODIES, EVENTS, BYTES = 2_000, 10_000, 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A body that stays in the inbox: nothing of it went on."""

    inbox_id: int
    event_id: str
    error: str


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was read: bodies taken, records read and not mappable by entity. `batch_id` None: there was no record in them."""

    batch_id: int | None
    bodies: int
    read: dict[str, int] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)
    unreadable: tuple[Unreadable, ...] = ()


@contextmanager
def draining(conn: psycopg.Connection, source: str) -> Iterator[bool]:
    """Be the only reader of a source's inbox (an advisory lock of the session); yields False when another one is.

    Who got False may go: whoever reads looks once more after it has let go of the lock.
    """
    row = conn.execute(query(__package__, "try_drain"), {"source": source}).fetchone()
    mine = bool(row and row[0])
    try:
        yield mine
    finally:
        if mine and not conn.broken:
            conn.execute(query(__package__, "end_drain"), {"source": source})


def stage_pushed(
    conn: psycopg.Connection,
    source: str,
    receiver: Receiver,
    context: RunContext,
    set_aside: SetAside,
    entities: Collection[str],
) -> Pushed | None:
    """Read the source's next waiting bodies into a new batch, in the caller's transaction; None when none waits.

    `entities` are those that the gate judges: a body that names another is unreadable, rather than going nowhere. Only for the one who is `draining` the source.
    """
    batch_id = open_batch(conn, source, context, pushed=True)
    limits = {"bodies": BODIES, "events": EVENTS, "bytes": BYTES}
    taken = conn.execute(query(__package__, "take"), {"source": source, "batch_id": batch_id, **limits}).fetchall()
    staging = _Staging(conn, batch_id, source, receiver, set_aside, entities, context.as_of.date())
    for inbox_id, event_id, media, content in sorted(taken):
        staging.read(inbox_id, event_id, media, bytes(content))
    staging.stage()
    for body in staging.unreadable:
        conn.execute(query(__package__, "refuse"), {"inbox_id": body.inbox_id, "error": body.error})
    if not any(staging.counts.values()):
        conn.execute(query(__package__, "let_go"), {"batch_id": batch_id})
        drop_batch(conn, batch_id)
        return Pushed(None, len(taken), unreadable=tuple(staging.unreadable)) if taken else None
    counts = {entity: {"read": read} for entity, read in staging.counts.items()}
    conn.execute(query(__package__, "count_read"), {"batch_id": batch_id, "counts": Jsonb(counts)})
    return Pushed(batch_id, len(taken), dict(staging.counts), dict(staging.unmapped), tuple(staging.unreadable))


def read_bodies(conn: psycopg.Connection, source: str, read: Callable[[Any], object]) -> Pushed | None:
    """Give the source's next waiting bodies to `read` one by one, in the caller's transaction; None when none waits.

    They go into no batch. What `read` raises is that body's error and holds up no other.
    """
    limits = {"bodies": BODIES, "events": EVENTS, "bytes": BYTES}
    taken = conn.execute(query(__package__, "take"), {"source": source, "batch_id": None, **limits}).fetchall()
    unreadable = []
    for inbox_id, event_id, media, content in sorted(taken):
        try:
            with conn.transaction():
                read(parsed(media, bytes(content)))
        except (LotwatchError, psycopg.DataError) as error:
            unreadable.append(Unreadable(inbox_id, event_id, str(error)))
            conn.execute(query(__package__, "refuse"), {"inbox_id": inbox_id, "error": str(error)})
    return Pushed(None, len(taken), unreadable=tuple(unreadable)) if taken else None


def refuse_source(conn: psycopg.Connection, source: str, error: str) -> list[Unreadable]:
    """Set aside all that waits of a source which cannot be read any more, in the caller's transaction."""
    rows = conn.execute(query(__package__, "refuse_source"), {"source": source, "error": error}).fetchall()
    return [Unreadable(inbox_id, event_id, error) for inbox_id, event_id in rows]


#: records of one body by entity
_Read = dict[str, list[Record]]


class _Staging:
    """A batch that is being filled from bodies."""

    def __init__(
        self,
        conn: psycopg.Connection,
        batch_id: int,
        source: str,
        receiver: Receiver,
        set_aside: SetAside,
        entities: Collection[str],
        as_of: date,
    ) -> None:
        self._conn, self._batch_id, self._source, self._as_of = conn, batch_id, source, as_of
        self._receiver, self._set_aside, self._entities = receiver, set_aside, entities
        self._columns: dict[str, dict[str, str]] = {}
        self._bodies: list[tuple[int, str, _Read]] = []
        self.unreadable: list[Unreadable] = []
        self.counts: Counter[str] = Counter()
        self.unmapped: Counter[str] = Counter()

    def read(self, inbox_id: int, event_id: str, media: str, content: bytes) -> None:
        """Read one body; whatever goes wrong in that is the body's error, and holds up no other."""
        try:
            self._bodies.append((inbox_id, event_id, self._records(media, content)))
        except LotwatchError as error:
            self.unreadable.append(Unreadable(inbox_id, event_id, str(error)))
        except _FAULTS as error:  # the receiver's own: told with the body, which can be read again once it is mended
            self.unreadable.append(Unreadable(inbox_id, event_id, f"It could not be read: {error!r}"))

    def stage(self) -> None:
        """Copy all records at once; where PostgreSQL will not have them, body by body, to find the one to blame."""
        try:
            with self._conn.transaction():
                self._copy([records for _, _, records in self._bodies])
        except (psycopg.DataError, UnicodeError):
            for inbox_id, event_id, records in self._bodies:
                self._stage_alone(inbox_id, event_id, records)

    def _stage_alone(self, inbox_id: int, event_id: str, records: _Read) -> None:
        try:
            with self._conn.transaction():
                self._copy([records])
        except (psycopg.DataError, UnicodeError) as error:
            self.unreadable.append(Unreadable(inbox_id, event_id, f"It cannot be stored: {error}"))

    def _copy(self, bodies: Sequence[_Read]) -> None:
        counts: dict[str, int] = {}
        unmapped: dict[str, int] = {}
        for entity in dict.fromkeys(entity for records in bodies for entity in records):
            records = [record for each in bodies for record in each.get(entity, ())]
            bad = copy_rows(self._conn, self._batch_id, entity, self._columns[entity], records, self._as_of)
            if bad:
                self._set_aside(self._conn, self._batch_id, self._source, entity, bad)
            counts[entity], unmapped[entity] = len(records), len(bad)
        self.counts.update(counts)
        self.unmapped.update(unmapped)

    def _records(self, media: str, content: bytes) -> _Read:
        dirty = needs_cleaning(content)
        found: _Read = {}
        for entity, record in self._receiver(parsed(media, content)):
            made = fit(record, self._known(entity))
            if dirty:
                made = _cleaned(made)
            found.setdefault(entity, []).append(made)
        return found

    def _known(self, entity: str) -> Mapping[str, str]:
        if entity not in self._columns:
            if entity not in self._entities:
                what = f'"{entity}" is no kind of record'
                raise SourceError(what, where="its field entity", do=nearest(entity, self._entities))
            self._columns[entity] = entity_columns(self._conn, entity)
        return self._columns[entity]


def _cleaned(record: Record) -> Record:
    problems = tuple(Problem(cleaned(each.field), cleaned(each.reason)) for each in record.problems)
    return Record(cleaned(record.source_key), cleaned(record.raw), cleaned(record.row), problems)


def parsed(media: str, content: bytes) -> Any:
    """A body as receivers take it: parsed JSON whose numbers are exact (int or Decimal), or text.

    Raises SourceError for a body that is neither.
    """
    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, parse_float=Decimal, parse_constant=_no_number) if media == "json" else text
    except (ValueError, RecursionError) as error:
        raise SourceError(
            f"The body is not {media.upper()} in UTF-8: {error}", do="send it as its type says"
        ) from error


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is not a number")
