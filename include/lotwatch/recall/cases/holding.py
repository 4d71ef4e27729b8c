"""Places the holds of a case, by its verdicts in force."""

from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch import ledger
from lotwatch.actions import warehouse
from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.ledger.holds import Cause


class _Wanted(NamedTuple):
    code: str
    item_id: int
    item_code: str
    lot_id: int | None
    serial_id: int | None
    number: str | None
    location_id: int | None
    cause: Cause
    reason: str


def hold_wanted(conn: psycopg.Connection, context: RunContext, case_id: int) -> list[str]:
    """Hold what a case's verdicts ask for and is not held, unless its notices only advise; returns it in words.

    A hold by lot covers what is anywhere and what arrives later, so nothing that moves meanwhile escapes; what is to be
    picked or moved of it is withdrawn, or called back from the warehouse that was told.
    """
    with conn.cursor(row_factory=class_row(_Wanted)) as cursor:
        wanted = cursor.execute(query(__package__, "wanted_holds"), {"case_id": case_id}).fetchall()
    if not wanted:
        return []
    code = wanted[0].code
    placed = []
    for each in wanted:
        hold = ledger.Hold(
            cause=each.cause,
            reference=code,
            reason=each.reason,
            item_id=each.item_id,
            lot_id=each.lot_id,
            serial_id=each.serial_id,
            location_id=each.location_id,
            case_reference=code,
        )
        placed.append(ledger.place_hold(conn, hold, context, context.actor))
    warehouse.call_back(conn, context, holds=[hold_id for hold_id in placed if hold_id is not None])
    conn.execute(query(__package__, "note_held"), {"case_id": case_id, "as_of": context.as_of})
    record(conn, context, "stock held", "recall_case", code, after={"holds": len(wanted)})
    return [f"{code}: {each.cause} {each.item_code} {each.number or 'all'}" for each in wanted]
