"""How much was somewhere at a past moment. Of the whole stock the fact views tell (`facts.at`)."""

from datetime import UTC, datetime

import psycopg

from lotwatch.db.query import query

_EVER = datetime.max.replace(tzinfo=UTC)


def quantity_at(
    conn: psycopg.Connection,
    item_id: int,
    location_id: int,
    as_of: datetime,
    *,
    lot_id: int | None = None,
    known_at: datetime | None = None,
) -> int:
    """What was of an item (of one of its lots) in one place at `as_of`, whatever its owner and status (base units).

    By all that is known now or, with `known_at`, by what had been recorded by then.
    """
    parameters = {
        "item_id": item_id,
        "location_id": location_id,
        "lot_id": lot_id,
        "as_of": as_of,
        "known_at": known_at or _EVER,
    }
    row = conn.execute(query(__package__, "lot_position_at" if lot_id else "position_at"), parameters).fetchone()
    return int(row[0]) if row else 0
