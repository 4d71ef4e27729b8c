"""What there is to see of cases: lists for people."""

from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.recall.matching import Answer, Subject


class Listed(NamedTuple):
    """A case in a list."""

    code: str
    state: str
    recall_class: str | None
    action_kind: str
    title: str
    opened_at: datetime
    held_at: datetime | None
    affected: int
    to_review: int


class Judged(NamedTuple):
    """A verdict in force (number None: the item's stock without one), and the notice's words that decided."""

    code: str
    item_code: str
    number: str | None
    verdict: Answer
    reason: str
    said: str
    decided_by: str
    notice_number: str | None


def list_cases(conn: psycopg.Connection, *, closed: bool, limit: int) -> list[Listed]:
    """Cases, those that are open and the latest first; closed ones too when asked."""
    with conn.cursor(row_factory=class_row(Listed)) as cursor:
        return cursor.execute(query(__package__, "list_cases"), {"closed_too": closed, "limit": limit}).fetchall()


def list_verdicts(conn: psycopg.Connection, *, code: str | None, verdict: Answer | None, limit: int) -> list[Judged]:
    """Verdicts in force, of a case (None: all) and of a kind (None: all)."""
    parameters = {"code": code, "verdict": verdict, "limit": limit}
    with conn.cursor(row_factory=class_row(Judged)) as cursor:
        return cursor.execute(query(__package__, "list_verdicts"), parameters).fetchall()


def named(conn: psycopg.Connection, item: str, numbers: list[str]) -> list[Subject]:
    """Lots and units of an item by their numbers; all of it without any, its stock without numbers first.

    Raises LotwatchError for an item or number that is not known.
    """
    found = conn.execute(query(__package__, "named"), {"item": item, "numbers": numbers}).fetchall()
    if not found:
        raise LotwatchError("There is no such item", where=item)
    unknown = [number for number, _, lot_id, _ in found if lot_id is None]
    if unknown:
        raise LotwatchError(f"{item} has no such lot or serial number", where=", ".join(unknown))
    return [Subject(item_id, lot_id, serial_id) for _, item_id, lot_id, serial_id in found]
