"""Quarantine: records that may not flow on, with their reasons, until they are corrected, retried or discarded.

One open row for a record of a source, however often it is read again. These functions run inside the caller's
transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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
from lotwatch.sources.fit import as_json, cleaned
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
            "source_key": cleaned(each.source_key),
            "item_code": cleaned(item_code_of(entity, each.row)),
            "raw": Jsonb(dict(each.raw), dumps=as_json),
            "rules": UNMAPPED,
            "reasons": cleaned([f"{problem.field}: {problem.reason}" for problem in each.problems]),
        }
        for each in sorted(records, key=lambda record: record.source_key)
    ]
    with conn.cursor() as cursor:
        cursor.executemany(query(__package__, "quarantine_unmapped"), rows)


def quarantine_bad(conn: psycopg.Connection, suite: Suite, batch_id: int, source: str) -> None:
    """Move the batch's rows with errors from staging into quarantine."""
    english, parameters = reasons(suite, "en", only_errors=True)
    chinese, chinese_parameters = reasons(suite, "zh", only_errors=True)
    statement = for_entity(
        "quarantine_bad",
        suite.entity,
        suite.columns,
        reasons=english,
        reasons_zh=chinese,
        item_code=item_code(suite.entity, suite.columns),
    )
    conn.execute(
        statement,
        parameters | chinese_parameters | {"batch_id": batch_id, "source": source, "entity_name": suite.entity},
    )


def release_passed(conn: psycopg.Connection, suite: Suite, batch_id: int, source: str) -> None:
    """Close the open rows whose record is among the batch's good ones."""
    statement = for_entity("release_passed", suite.entity, suite.columns)
    conn.execute(statement, {"batch_id": batch_id, "source": source, "entity_name": suite.entity})


def restage_references(conn: psycopg.Connection, batch_id: int, source: str) -> dict[str, int]:
    """Stage once more, with this batch, what waits only for a record it refers to (all its rules begin with REF).

    A record that the batch has read anew is left alone, so doing it twice adds nothing. With pushed events, which must
    not wait for a long queue, come the thousand that were tried longest ago. Returns how many were staged, by entity.
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


@dataclass(frozen=True, slots=True)
class Selection:
    """Which open rows of quarantine: all conditions that are given must hold."""

    ids: Sequence[int] | None = None
    source: str | None = None
    entity: str | None = None
    rule: str | None = None

    @property
    def everything(self) -> bool:
        """Whether nothing is said at all."""
        return self.ids is None and self.source is None and self.entity is None and self.rule is None

    def parameters(self) -> dict[str, Any]:
        """What the statements bind."""
        ids = None if self.ids is None else list(self.ids)
        return {"ids": ids, "source": self.source, "entity": self.entity, "rule": self.rule}


def matching(
    conn: psycopg.Connection, selection: Selection, *, corrected: Sequence[int] = (), mapped: bool = True
) -> dict[str, list[int]]:
    """Ids of the open rows that are meant, by source, in the order in which they came.

    `mapped`: only records that could be mapped, or are among `corrected`. Raises GateError when nothing is said or
    matches, or when an id is not open.
    """
    if selection.everything:
        raise GateError(
            "It is not said which records are meant", do="name quarantine ids, a source, an entity or a rule"
        )
    parameters = selection.parameters() | {"corrected_ids": list(corrected), "mapped": mapped}
    found: dict[str, list[int]] = {}
    for quarantine_id, source in conn.execute(query(__package__, "matching"), parameters):
        found.setdefault(source, []).append(quarantine_id)
    _refuse_missing(selection.ids, {each for ids in found.values() for each in ids})
    return found


def _refuse_missing(ids: Sequence[int] | None, found: Collection[int]) -> None:
    missing = sorted(set(ids or ()) - set(found))
    if missing or not found:
        raise GateError(
            "There is nothing to replay" if not missing else f"Quarantine rows {missing} cannot be replayed",
            where="quarantine",
            do="choose open rows; give corrections for records that could not be mapped",
        )


def replay(
    conn: psycopg.Connection,
    context: RunContext,
    *,
    reason: str,
    ids: Sequence[int],
    corrections: Mapping[str, Any] | None = None,
    corrections_of: Mapping[int, Mapping[str, Any]] | None = None,
) -> list[int]:
    """Stage open rows of quarantine again, each source's in a new batch, for the gate to judge.

    `corrections` (column -> JSON value, dates as ISO text) overrides the fields of every record, `corrections_of` those of
    some by their ids; a record that could not be mapped is replayed only with corrections. Every row leaves an audit event
    with what was and what is now. The rows stay open until their records pass. Returns the ids of the new batches.

    Raises GateError when an id is not open, or a correction does not fit its column.
    """
    each_of = corrections_of or {}
    parameters = {"ids": list(ids), "corrected": bool(corrections), "corrected_ids": list(each_of)}
    rows = conn.execute(query(__package__, "select_for_replay"), parameters).fetchall()
    _refuse_missing(ids, {row[0] for row in rows})
    batch_ids = []
    for its_source, its_rows in groupby(rows, key=itemgetter(1)):
        batch_id = open_batch(conn, its_source, context)
        for its_entity, group in groupby(its_rows, key=itemgetter(2)):
            before = {quarantine_id: record_ for quarantine_id, _, _, record_ in group}
            changes = {each: {**(corrections or {}), **each_of.get(each, {})} for each in before}
            _restage_corrected(conn, batch_id, its_entity, changes)
            _note_replayed(conn, context, reason, before, changes)
        batch_ids.append(batch_id)
    return batch_ids


def _note_replayed(
    conn: psycopg.Connection,
    context: RunContext,
    reason: str,
    before: Mapping[int, Mapping[str, Any] | None],
    changes: Mapping[int, Mapping[str, Any]],
) -> None:
    for quarantine_id, was in before.items():
        after = {**(was or {}), **changes[quarantine_id]}
        record(conn, context, "replay", "quarantine", str(quarantine_id), before=was, after=after, reason=reason)


def _restage_corrected(
    conn: psycopg.Connection, batch_id: int, entity: str, changes: Mapping[int, Mapping[str, Any]]
) -> None:
    """Stage an entity's rows with their changes by quarantine id. Raises GateError naming the row that does not fit."""
    columns = staged_columns(conn)[entity]
    for quarantine_id, corrections in changes.items():
        for column in corrections:
            if column not in columns or column == "stated":
                raise GateError(
                    f'"{column}" is not a field of {entity}',
                    where=f"quarantine {quarantine_id}, {entity}",
                    do=nearest(column, columns),
                )
    try:
        _stage_replayed(conn, batch_id, entity, columns, changes)
    except psycopg.DataError as error:
        for quarantine_id, corrections in changes.items():
            _refuse_misfit(conn, batch_id, entity, columns, quarantine_id, corrections)
        raise GateError(f"The records cannot be staged: {error}", where=entity) from error


def _stage_replayed(
    conn: psycopg.Connection,
    batch_id: int,
    entity: str,
    columns: Sequence[str],
    changes: Mapping[int, Mapping[str, Any]],
) -> None:
    rows = [{"quarantine_id": key, "corrections": dict(value)} for key, value in changes.items()]
    with conn.transaction():
        conn.execute(for_entity("stage_replayed", entity, columns), {"batch_id": batch_id, "rows": Jsonb(rows)})


def _refuse_misfit(
    conn: psycopg.Connection,
    batch_id: int,
    entity: str,
    columns: Sequence[str],
    quarantine_id: int,
    corrections: Mapping[str, Any],
) -> None:
    try:
        with conn.transaction(force_rollback=True):
            _stage_replayed(conn, batch_id, entity, columns, {quarantine_id: corrections})
    except psycopg.DataError as error:
        raise GateError(
            f"A correction does not fit: {error}",
            where=f"quarantine {quarantine_id}, {entity}",
            do="write numbers as numbers and dates as YYYY-MM-DD",
        ) from error


def discard(conn: psycopg.Connection, context: RunContext, ids: Sequence[int], *, reason: str) -> int:
    """Close open rows that nobody wants; they are kept, as they were read. Returns how many.

    A record that its source sends again is judged again. Raises GateError when an id is not open.
    """
    rows = conn.execute(query(__package__, "discard"), {"ids": list(ids)}).fetchall()
    missing = sorted(set(ids) - {row[0] for row in rows})
    if missing:
        raise GateError(f"Quarantine rows {missing} are not open", where="quarantine", do="choose open rows")
    for quarantine_id, source, entity, source_key, rules in rows:
        before = {"source": source, "entity": entity, "source_key": source_key, "rules": rules}
        record(conn, context, "discard", "quarantine", str(quarantine_id), before=before, reason=reason)
    return len(rows)


@dataclass(frozen=True, slots=True)
class OpenRow:
    """A record that waits in quarantine."""

    quarantine_id: int
    source: str
    entity: str
    source_key: str
    reasons: list[str]


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A record of quarantine, whole: `record` as it was mapped (None: it could not be), `raw` as it was read."""

    quarantine_id: int
    source: str
    entity: str
    source_key: str
    item_code: str | None
    state: str
    rules: list[str]
    reasons: list[str]
    record: dict[str, Any] | None
    raw: Any
    first_batch_id: int
    last_batch_id: int
    first_seen: datetime
    last_seen: datetime


def open_rows(
    conn: psycopg.Connection, *, source: str | None, limit: int, entity: str | None = None, rule: str | None = None
) -> tuple[list[OpenRow], int]:
    """Open rows, newest first, at most `limit`; and how many there are in all."""
    parameters = {"source": source, "entity": entity, "rule": rule, "limit": limit}
    with conn.cursor(row_factory=class_row(OpenRow)) as cursor:
        rows = cursor.execute(query(__package__, "open_rows"), parameters).fetchall()
    total = conn.execute(query(__package__, "count_open"), parameters).fetchone()
    return rows, int(total[0]) if total else 0


def kept_rows(conn: psycopg.Connection, ids: Sequence[int]) -> list[KeptRow]:
    """These rows of quarantine in whatever state, by id."""
    with conn.cursor(row_factory=class_row(KeptRow)) as cursor:
        return cursor.execute(query(__package__, "kept_rows"), {"ids": list(ids)}).fetchall()


def refused(conn: psycopg.Connection, batch_id: int, *, limit: int) -> list[tuple[str, list[str]]]:
    """Records of a batch that wait in quarantine, with their reasons, at most `limit`."""
    return conn.execute(query(__package__, "refused"), {"batch_id": batch_id, "limit": limit}).fetchall()
