"""Stores what is read: one batch for each pull or drain of the inbox; the cursors move in the transaction of the rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.db.statistics import MANY, analyze
from lotwatch.sources.connector import Connector, Page, Reconciling, Record
from lotwatch.sources.fit import as_json, misfits
from lotwatch.sources.udi import labelled

#: what every staged row has beside its entity's own columns, and what is made of those later
NOT_ITS_OWN = ["batch_id", "record_no", "source_key", "raw", "errors", "warnings", "stated"]

#: sets aside the records of an entity that could not be mapped: (conn, batch_id, source, entity, records)
SetAside = Callable[[psycopg.Connection, int, str, str, Sequence[Record]], None]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull or a reconciliation brought: records read and not mappable, by entity."""

    batch_id: int
    read: dict[str, int] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)


def pull(
    conn: psycopg.Connection,
    source: str,
    connector: Connector,
    context: RunContext,
    set_aside: SetAside,
    interval: tuple[datetime, datetime] | None = None,
) -> Pulled:
    """Read what changed since the last pull into a new batch.

    With `interval` (a backfill) read what changed within it and leave the cursors alone. Nothing is kept of a pull
    that fails half-way: the next one starts where this one did. Raises SourceError when the system cannot be read.
    """
    with conn.transaction():
        conn.execute(query(__package__, "lock_source"), {"source": source})
        pulled = Pulled(open_batch(conn, source, context, backfilled=interval is not None))
        for entity in connector.entities:
            pages = _pages(conn, source, connector, entity, interval)
            memory = Memory.of(conn, source, connector, entity, pulled.batch_id)
            cursor = stage_entity(conn, source, entity, pages, pulled, set_aside, context.as_of.date(), memory)
            if interval is None and cursor is not None:
                parameters = {"source": source, "entity": entity, "cursor": Jsonb(cursor), "batch_id": pulled.batch_id}
                conn.execute(query(__package__, "move_cursor"), parameters)
        return pulled


@dataclass(slots=True)
class Memory:
    """What is remembered of an entity whose records may vanish, kept with the rows that are staged."""

    conn: psycopg.Connection
    source: str
    connector: Reconciling
    entity: str
    batch_id: int
    after_no: int = 0

    @classmethod
    def of(
        cls, conn: psycopg.Connection, source: str, connector: Connector, entity: str, batch_id: int
    ) -> "Memory | None":
        """The memory of an entity; None where the connector cannot tell what is gone."""
        if not isinstance(connector, Reconciling) or entity not in connector.reconciled:
            return None
        return cls(conn, source, connector, entity, batch_id)

    def keep(self, staged: Sequence[Record]) -> None:
        """Remember what a page said, which has just been staged; forget what it says can vanish no more."""
        final = [record.source_key for record in staged if not self.connector.remembers(self.entity, record)]
        parameters = {
            "source": self.source, "entity": self.entity, "batch_id": self.batch_id, "after_no": self.after_no,
            "left_out": final, "source_keys": final, "not_its_own": NOT_ITS_OWN,
        }  # fmt: skip
        if len(final) < len(staged):
            self.conn.execute(for_entity("remember", self.entity), parameters)
        if final:
            self.conn.execute(query(__package__, "forget"), parameters)
        row = self.conn.execute(for_entity("last_record_no", self.entity), parameters).fetchone()
        self.after_no = int(row[0]) if row else 0


def for_entity(name: str, entity: str, **parts: sql.Composable) -> sql.Composed:
    """One of this room's statements about a staged entity."""
    return sql.SQL(query(__package__, name)).format(entity=sql.Identifier(entity), **parts)


def open_batch(
    conn: psycopg.Connection, source: str, context: RunContext, *, backfilled: bool = False, pushed: bool = False
) -> int:
    """A new batch of a source, to stage rows in; returns its number."""
    parameters = {
        "source": source,
        "dag_id": context.dag_id,
        "run_id": context.run_id,
        "as_of": context.as_of,
        "backfilled": backfilled,
        "pushed": pushed,
    }
    row = conn.execute(query(__package__, "open_batch"), parameters).fetchone()
    return int(row[0])  # type: ignore[index]


def _pages(
    conn: psycopg.Connection,
    source: str,
    connector: Connector,
    entity: str,
    interval: tuple[datetime, datetime] | None,
) -> Iterator[Page]:
    if interval is not None:
        return connector.changed_between(entity, *interval)
    row = conn.execute(query(__package__, "read_cursor"), {"source": source, "entity": entity}).fetchone()
    return connector.changed(entity, row[0] if row else None)


def stage_entity(
    conn: psycopg.Connection,
    source: str,
    entity: str,
    pages: Iterator[Page],
    pulled: Pulled,
    set_aside: SetAside,
    as_of: date,
    memory: Memory | None = None,
) -> dict[str, object] | None:
    """Stage the pages of one entity, in the caller's transaction; returns the cursor after them, if there is one.

    `as_of` is the day on which labels are read: their years have two digits.
    """
    columns = entity_columns(conn, entity)
    cursor: dict[str, object] | None = None
    read = unmapped = 0
    for page in pages:
        bad = copy_rows(conn, pulled.batch_id, entity, columns, page.records, as_of)
        if memory and len(bad) < len(page.records):
            kept_back = {record.source_key for record in bad}
            memory.keep([record for record in page.records if record.source_key not in kept_back])
        if bad:
            set_aside(conn, pulled.batch_id, source, entity, bad)
        read, unmapped = read + len(page.records), unmapped + len(bad)
        cursor = page.cursor or cursor
    pulled.read[entity] = read
    pulled.unmapped[entity] = unmapped
    return cursor


def copy_rows(
    conn: psycopg.Connection,
    batch_id: int,
    entity: str,
    columns: Mapping[str, str],
    records: Iterable[Record],
    as_of: date,
) -> list[Record]:
    """Stage records of one entity, whose `columns` are as `entity_columns` says; returns those with problems, left out.

    What a scanned label says is filled in; `as_of` is the day on which it is read. Raises psycopg.DataError when a value
    does not fit its column.
    """
    copy = sql.SQL("COPY stage.{} ({}) FROM STDIN").format(
        sql.Identifier(entity),
        sql.SQL(", ").join(map(sql.Identifier, ("batch_id", "source_key", "raw", *columns))),
    )
    unmapped: list[Record] = []
    with conn.cursor() as writer, writer.copy(copy) as target:
        for record in records:
            if record.problems:
                unmapped.append(record)
                continue
            row = labelled(record, columns, as_of).row
            if problems := misfits({"its key": record.source_key, **row}):
                unmapped.append(replace(record, problems=tuple(problems)))
                continue
            values = [
                Jsonb(row[column], as_json) if kind == "jsonb" and row.get(column) is not None else row.get(column)
                for column, kind in columns.items()
            ]
            target.write_row((batch_id, record.source_key, Jsonb(dict(record.raw), as_json), *values))
    return unmapped


def entity_columns(conn: psycopg.Connection, entity: str) -> dict[str, str]:
    """The entity's own columns in its staging table and their types by PostgreSQL's names, in their order.

    Empty when there is no such entity.
    """
    return dict(conn.execute(query(__package__, "entity_columns"), {"entity": entity}).fetchall())


def pending_batches(conn: psycopg.Connection, source: str, state: str, *, pushed: bool | None = None) -> list[int]:
    """Batches of a source in a state, oldest first: a run also takes what an earlier, killed one left.

    With `pushed` only those that came through the inbox (True) or did not (False).
    """
    parameters = {"source": source, "state": state, "pushed": pushed}
    return [row[0] for row in conn.execute(query(__package__, "pending_batches"), parameters)]


def staged_entities(conn: psycopg.Connection) -> list[str]:
    """Entities that have a staging table, in the order of their names."""
    return [entity for (entity,) in conn.execute(query(__package__, "staged_entities")).fetchall()]


def take_batch(conn: psycopg.Connection, batch_id: int, state: str) -> bool:
    """Lock a batch until the transaction ends; False when it is no longer in `state`.

    A large one is analyzed: the verdicts were written after autovacuum looked, if it did, and a planner that expects
    no good rows joins tens of thousands of them row by row.
    """
    row = conn.execute(query(__package__, "take_batch"), {"batch_id": batch_id, "state": state}).fetchone()
    if row is not None and row[0] >= MANY:
        analyze(conn, "stage", staged_entities(conn))
    return row is not None


def finish_batch(conn: psycopg.Connection, batch_id: int) -> None:
    """Mark a batch as posted and drop its staged rows: the ledger and the quarantine have them now."""
    conn.execute(query(__package__, "finish_batch"), {"batch_id": batch_id})
    _drop_rows(conn, batch_id)


def drop_batch(conn: psycopg.Connection, batch_id: int) -> None:
    """Remove a batch that has not been one: nothing was read into it, or its rows were only looked at."""
    _drop_rows(conn, batch_id)
    conn.execute(query(__package__, "drop_batch"), {"batch_id": batch_id})


def _drop_rows(conn: psycopg.Connection, batch_id: int) -> None:
    for entity in staged_entities(conn):
        statement = sql.SQL("DELETE FROM stage.{} WHERE batch_id = %s").format(sql.Identifier(entity))
        conn.execute(statement, (batch_id,))
