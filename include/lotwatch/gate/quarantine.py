"""Quarantine: records that may not flow on, with their reasons, until they are corrected, retried or discarded.

One open row for a record of a source, however often it is read again. These functions run inside the caller's
transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import GateError, nearest
from lotwatch.gate.reasons import reasons
from lotwatch.gate.staging import for_entity, item_code, item_code_of, staged_columns
from lotwatch.gate.suites import ENTITIES, REFERENCE_PREFIX, Suite
from lotwatch.sources.connector import Record
from lotwatch.sources.fit import as_json
from lotwatch.sources.stage import open_batch

#: the rule that records break which a connector could not map
UNMAPPED = ["MAP"]


def quarantine_unmapped(
    conn: psycopg.Connection, batch_id: int, source: str, entity: str, records: Sequence[Record]
) -> None:
    """Keep back records with problems, as they were read; each reason is `field: reason`.

    In the order of their keys, as the gate does, so that the two never wait for each other in a circle.
    """
    rows = [
        {
            "batch_id": batch_id,
            "source": source,
            "entity": entity,
            "source_key": each.source_key,
            "item_code": item_code_of(entity, each.row),
            "raw": Jsonb(dict(each.raw), dumps=as_json),
            "rules": UNMAPPED,
            "reasons": [f"{problem.field}: {problem.reason}" for problem in each.problems],
        }
        for each in sorted(records, key=lambda record: record.source_key)
    ]
    with conn.cursor() as cursor:
        cursor.executemany(query(__package__, "quarantine_unmapped"), rows)


def quarantine_bad(conn: psycopg.Connection, suite: Suite, batch_id: int, source: str) -> None:
    """Move the batch's rows with errors from staging into quarantine."""
    texts, parameters = reasons(suite, "en", only_errors=True)
    statement = for_entity(
        "quarantine_bad",
        suite.entity,
        suite.columns,
        reasons=texts,
        item_code=item_code(suite.entity, suite.columns),
    )
    conn.execute(statement, parameters | {"batch_id": batch_id, "source": source, "entity_name": suite.entity})


def release_passed(conn: psycopg.Connection, suite: Suite, batch_id: int, source: str) -> None:
    """Close the open rows whose record is among the batch's good ones."""
    statement = for_entity("release_passed", suite.entity, suite.columns)
    conn.execute(statement, {"batch_id": batch_id, "source": source, "entity_name": suite.entity})


def restage_references(conn: psycopg.Connection, batch_id: int, source: str) -> dict[str, int]:
    """Stage once more, with this batch, what waits only for a record it refers to (all its rules begin with REF).

    A record that the batch has read anew is left alone, so doing it twice adds nothing. Returns how many were
    staged, by entity.
    """
    restaged = {}
    for entity, columns in staged_columns(conn).items():
        parameters = {
            "batch_id": batch_id,
            "source": source,
            "entity_name": entity,
            "prefix": REFERENCE_PREFIX,
        }
        restaged[entity] = conn.execute(for_entity("restage", entity, columns), parameters).rowcount
    return {entity: restaged[entity] for entity in ENTITIES if restaged.get(entity)}


def waits_for_references(conn: psycopg.Connection, source: str) -> bool:
    """Whether records of a source would be staged once more with its next batch: what they refer to may have come."""
    parameters = {"source": source, "prefix": REFERENCE_PREFIX}
    row = conn.execute(query(__package__, "waits_for_references"), parameters).fetchone()
    return bool(row and row[0])


def replay(
    conn: psycopg.Connection,
    context: RunContext,
    *,
    reason: str,
    ids: Sequence[int] | None = None,
    source: str | None = None,
    entity: str | None = None,
    corrections: Mapping[str, Any] | None = None,
) -> list[int]:
    """Stage open rows of quarantine again, each source's in a new batch, for the gate to judge.

    Selects by quarantine ids, source or entity (at least one). `corrections` (column -> JSON value, dates as ISO
    text) overrides the fields of every selected record; a record that could not be mapped is replayed only with
    corrections. Every row leaves an audit event with what was and what is now. The rows stay open until their
    records pass. Returns the ids of the new batches.

    Raises GateError when nothing matches, an id is not open, or a correction does not fit its column.
    """
    if ids is None and source is None and entity is None:
        raise GateError("It is not said what to replay", do="name quarantine ids, a source or an entity")
    selection = {
        "ids": None if ids is None else list(ids),
        "source": source,
        "entity": entity,
        "corrected": bool(corrections),
    }
    rows = conn.execute(query(__package__, "select_for_replay"), selection).fetchall()
    missing = sorted(set(ids or ()) - {row[0] for row in rows})
    if missing or not rows:
        raise GateError(
            "There is nothing to replay" if not missing else f"Quarantine rows {missing} cannot be replayed",
            where="quarantine",
            do="choose open rows; give corrections for records that could not be mapped",
        )
    batch_ids = []
    for its_source, its_rows in groupby(rows, key=itemgetter(1)):
        batch_id = open_batch(conn, its_source, context)
        for quarantine_id, _, its_entity, before in its_rows:
            _restage_corrected(conn, batch_id, quarantine_id, its_entity, corrections or {})
            after = {**(before or {}), **(corrections or {})}
            record(conn, context, "replay", "quarantine", str(quarantine_id), before=before, after=after, reason=reason)
        batch_ids.append(batch_id)
    return batch_ids


def _restage_corrected(
    conn: psycopg.Connection, batch_id: int, quarantine_id: int, entity: str, corrections: Mapping[str, Any]
) -> None:
    columns = staged_columns(conn)[entity]
    where = f"quarantine {quarantine_id}, {entity}"
    for column in corrections:
        if column not in columns:
            raise GateError(f'"{column}" is not a field of {entity}', where=where, do=nearest(column, columns))
    parameters = {"batch_id": batch_id, "quarantine_id": quarantine_id, "corrections": Jsonb(dict(corrections))}
    try:
        with conn.transaction():
            conn.execute(for_entity("stage_replayed", entity, columns), parameters)
    except psycopg.DataError as error:
        raise GateError(
            f"A correction does not fit: {error}", where=where, do="write numbers as numbers and dates as YYYY-MM-DD"
        ) from error


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A record that waits in quarantine."""

    quarantine_id: int
    source: str
    entity: str
    source_key: str
    reasons: list[str]


def open_rows(conn: psycopg.Connection, *, source: str | None, limit: int) -> tuple[list[OpenRow], int]:
    """Open rows, newest first, at most `limit`; and how many there are in all."""
    with conn.cursor(row_factory=class_row(OpenRow)) as cursor:
        rows = cursor.execute(query(__package__, "open_rows"), {"source": source, "limit": limit}).fetchall()
    total = conn.execute(query(__package__, "count_open"), {"source": source}).fetchone()
    return rows, int(total[0]) if total else 0


def refused(conn: psycopg.Connection, batch_id: int, *, limit: int) -> list[tuple[str, list[str]]]:
    """Records of a batch that wait in quarantine, with their reasons, at most `limit`."""
    return conn.execute(query(__package__, "refused"), {"batch_id": batch_id, "limit": limit}).fetchall()
