"""Withdraws what another system no longer has: a deleted record changes nothing that could be read.

A connector that can tell which records its system still has (`Reconciling`) is asked now and then; what is remembered of
its records and is not among them is staged once more as withdrawn, and comes back when it is there again. A whole entity
that seems to have vanished is a lost permission or a wrong address far more often than it is true, and is refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.errors import SourceError
from lotwatch.sources.connector import Connector, Page, Reconciling
from lotwatch.sources.registry import Limit
from lotwatch.sources.stage import NOT_ITS_OWN, Pulled, SetAside, entity_columns, for_entity, open_batch, stage_entity

_PAGE = 2_000
_RECORDS = ("vanished", "returned")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was found of one entity: records thought to be there, and of them those that are not; those that came back."""

    entity: str
    remembered: int
    vanished: int
    returned: int
    batch_id: int | None


@dataclass(slots=True)
class Reconciled:
    """What a reconciliation found, by entity, and what it refused to believe."""

    found: list[Reconciliation] = field(default_factory=list)
    refused: list[SourceError] = field(default_factory=list)


def reconcile(
    conn: psycopg.Connection,
    source: str,
    connector: Connector,
    context: RunContext,
    set_aside: SetAside,
    *,
    every: timedelta,
    limit: Limit,
) -> Reconciled:
    """Ask a source for all that it has, of each entity that was last asked for `every` ago or longer.

    What vanished, and what came back, is staged in a batch of its own for each entity, in one transaction with what is
    remembered. `conn` must be in autocommit mode. An entity of which more than `limit` vanished is left as it is, and
    told among `refused`. Raises SourceError when the system cannot be read: what was done before is kept.
    """
    done = Reconciled()
    if not isinstance(connector, Reconciling):
        return done
    for entity in (entity for entity in connector.entities if entity in connector.reconciled):
        try:
            with conn.transaction():
                conn.execute(query(__package__, "lock_source"), {"source": source})
                if _is_due(conn, source, entity, context.as_of - every):
                    done.found.append(_reconcile(conn, source, connector, entity, context, set_aside, limit))
        except _TooManyError as error:
            done.refused.append(error)
    return done


class _TooManyError(SourceError):
    """More vanished than can be believed."""


def _is_due(conn: psycopg.Connection, source: str, entity: str, before: datetime) -> bool:
    parameters = {"source": source, "entity": entity}
    row = conn.execute(query(__package__, "last_reconciled"), parameters).fetchone()
    return row is None or row[0] <= before


def _reconcile(
    conn: psycopg.Connection,
    source: str,
    connector: Reconciling,
    entity: str,
    context: RunContext,
    set_aside: SetAside,
    limit: Limit,
) -> Reconciliation:
    moment = context.as_of
    parameters: dict[str, Any] = {"source": source, "entity": entity, "moment": moment}
    before = connector.forgets_before(entity, moment)
    if before is not None:
        conn.execute(query(__package__, "forget_old"), {**parameters, "before": before})
    _load_present(conn, connector.present(entity, moment))
    counted = conn.execute(query(__package__, "count_vanished"), parameters).fetchone()
    remembered, vanished, returned = counted or (0, 0, 0)
    _believe(source, entity, remembered, vanished, limit)
    batch_id = None
    if vanished or returned:
        pulled = Pulled(open_batch(conn, source, context))
        batch_id = pulled.batch_id
        for records in _RECORDS:
            pages = _pages(conn, connector, entity, records, parameters)
            stage_entity(conn, source, entity, pages, pulled, set_aside, moment.date())
            conn.execute(query(__package__, f"note_{records}"), parameters)
    found = Reconciliation(entity, remembered, vanished, returned, batch_id)
    counts = {"batch_id": batch_id, "remembered": remembered, "vanished": vanished}
    conn.execute(query(__package__, "note_reconciliation"), parameters | counts)
    conn.execute(query(__package__, "drop_present"))
    return found


def _load_present(conn: psycopg.Connection, pages: Iterator[list[str]]) -> None:
    conn.execute(query(__package__, "make_present"))
    for page in pages:
        with conn.cursor() as writer, writer.copy(query(__package__, "copy_present")) as target:
            for source_key in page:
                target.write_row((source_key,))
    conn.execute(query(__package__, "analyze_present"))


def _believe(source: str, entity: str, remembered: int, vanished: int, limit: Limit) -> None:
    if vanished >= limit.rows and vanished > limit.share * remembered:
        raise _TooManyError(
            f"{vanished} of {remembered} records of {entity} seem to have vanished, more than {limit.share:.0%}:"
            " none of them was withdrawn",
            where=f"source {source}",
            do="look whether its user may still read them, and whether the address and the database are right; if they"
            " are really gone, raise `vanishing` of this source in the registry for one run",
        )


def _pages(
    conn: psycopg.Connection, connector: Reconciling, entity: str, records: str, parameters: dict[str, Any]
) -> Iterator[Page]:
    """What vanished, or came back, as it is to be staged: read in pages, since it may be many."""
    columns = [column for column in entity_columns(conn, entity) if column not in NOT_ITS_OWN]
    chosen = sql.SQL(", ").join(sql.Identifier("last_row", column) for column in columns)
    told = connector.gone if records == "vanished" else connector.returned
    with conn.cursor(name=f"reconcile_{records}", row_factory=dict_row) as rows:
        rows.execute(for_entity(records, entity, columns=chosen), parameters)
        while page := rows.fetchmany(_PAGE):
            yield Page([told(entity, row.pop("source_key"), row, parameters["moment"]) for row in page])
