"""Holds: an overlay on stock that only its own authority lifts, whatever the warehouse system goes on moving."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError

Cause = Literal["quality", "recall", "precaution", "data", "credential", "cold_chain"]
#: who may lift a hold of each cause
AUTHORITY: dict[Cause, str] = {
    "quality": "quality",
    "recall": "recall",
    "precaution": "quality",
    "data": "data",
    "credential": "credential",
    "cold_chain": "cold_chain",
}


@dataclass(frozen=True, slots=True)
class Hold:
    """What is to be held: all of these that are given together, wherever it is and whatever arrives later.

    A lot or a serial number needs its item; a location counts with everything under it. `reference` is the cause's own
    number (an inspection, a notice, an excursion): the same hold is placed once, however often it is asked for.
    """

    cause: Cause
    reference: str
    reason: str
    item_id: int | None = None
    lot_id: int | None = None
    serial_id: int | None = None
    location_id: int | None = None
    case_reference: str | None = None


@dataclass(frozen=True, slots=True)
class PlacedHold:
    """A hold that was placed: what it covers (None: all, or everywhere) and its clocks, in UTC."""

    hold_id: int
    cause: Cause
    authority: str
    reference: str
    reason: str | None
    item_code: str | None
    lot_number: str | None
    serial_number: str | None
    location_code: str | None
    placed_at: datetime
    placed_by: str
    confirmed_at: datetime | None
    released_at: datetime | None
    released_by: str | None


def list_holds(conn: psycopg.Connection, *, released: bool = False, limit: int = 50) -> list[PlacedHold]:
    """Holds in force (with `released`, all), the newest first."""
    with conn.cursor(row_factory=class_row(PlacedHold)) as cursor:
        return cursor.execute(query(__package__, "list_holds"), {"released": released, "limit": limit}).fetchall()


def named(
    conn: psycopg.Connection,
    cause: Cause,
    reference: str,
    reason: str,
    *,
    item: str | None = None,
    lot: str | None = None,
    serial: str | None = None,
    location: str | None = None,
) -> Hold:
    """A hold on what these codes name. Raises LotwatchError for a code that names nothing."""
    codes = {"item": item, "lot": lot, "serial": serial, "location": location}
    row = conn.execute(query(__package__, "named"), codes).fetchone()
    assert row is not None  # noqa: S101 (the statement always answers one row)
    for (what, code), identity in zip(codes.items(), row, strict=True):
        if code is not None and identity is None:
            raise LotwatchError(f'There is no {what} "{code}"', where=f"hold {reference}", do="check the code")
    return Hold(cause, reference, reason, *row)


def hold_failed_lots(conn: psycopg.Connection, batch_id: int) -> None:
    """Hold the lots of a batch's failed inspections, and lift what the same inspection passed after all."""
    conn.execute(query(__package__, "hold_failed_lots"), {"batch_id": batch_id})


def place_hold(conn: psycopg.Connection, hold: Hold, context: RunContext, placed_by: str) -> int | None:
    """Place a hold as of the context's moment; return its number, or None when it is in force already."""
    if hold.item_id is None and (hold.location_id is None or hold.lot_id or hold.serial_id):
        raise LotwatchError(
            "A hold needs an item or a place", where=f"{hold.cause} {hold.reference}", do="say which item its lot is of"
        )
    with conn.transaction():
        parameters = asdict(hold) | {
            "authority": AUTHORITY[hold.cause],
            "placed_at": context.as_of,
            "placed_by": placed_by,
        }
        row = conn.execute(query(__package__, "place_hold"), parameters).fetchone()
        if row is None:
            return None
        hold_id = int(row[0])
        conn.execute(query(__package__, "wake_held"), {"hold_id": hold_id})
        record(conn, context, "hold placed", "hold", str(hold_id), actor=placed_by, after=asdict(hold))
        return hold_id


def release_hold(
    conn: psycopg.Connection,
    hold_id: int,
    context: RunContext,
    *,
    authorities: Collection[str],
    released_by: str,
    reason: str,
) -> None:
    """Release one hold as of the context's moment; other holds on the same stock stay.

    Raises LotwatchError when it is not known, was released already, or is not for these `authorities` to release.
    """
    with conn.transaction():
        row = conn.execute(query(__package__, "lock_hold"), {"hold_id": hold_id}).fetchone()
        where = f"hold {hold_id}"
        if row is None:
            raise LotwatchError("There is no such hold", where=where)
        authority, released_at = row
        if released_at is not None:
            raise LotwatchError(f"The hold was released at {released_at:%Y-%m-%d %H:%M} UTC", where=where)
        if authority not in authorities:
            raise LotwatchError(f"Only {authority} may release this hold", where=where, do=f"ask {authority}")
        parameters = {
            "hold_id": hold_id,
            "released_at": context.as_of,
            "released_by": released_by,
            "reason": reason,
        }
        conn.execute(query(__package__, "release_hold"), parameters)
        conn.execute(query(__package__, "wake_held"), {"hold_id": hold_id})
        record(conn, context, "hold released", "hold", str(hold_id), actor=released_by, reason=reason)


def confirm_hold(conn: psycopg.Connection, hold_id: int, confirmed_at: datetime) -> bool:
    """Note when the warehouse system or the site said that it holds it too; False when that was noted before."""
    parameters = {"hold_id": hold_id, "confirmed_at": confirmed_at}
    return conn.execute(query(__package__, "confirm_hold"), parameters).rowcount == 1


def unconfirm_hold(conn: psycopg.Connection, hold_id: int) -> None:
    """Start the second clock again: more of what is held was found that the warehouse would still give out."""
    conn.execute(query(__package__, "unconfirm_hold"), {"hold_id": hold_id})
