"""Reads the notices as they say now."""

from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query


class KnownNotice(NamedTuple):
    """A notice: `what` it is about, when it last said something new (UTC), and in how many versions it is known."""

    notice_id: int
    authority: str
    issuer: str
    number: str
    recall_class: str | None
    status: str | None
    firm: str | None
    what: str | None
    said_at: datetime
    versions: int


def list_notices(conn: psycopg.Connection, limit: int) -> list[KnownNotice]:
    """The notices that said something last."""
    with conn.cursor(row_factory=class_row(KnownNotice)) as cursor:
        return cursor.execute(query(__package__, "list_notices"), {"limit": limit}).fetchall()
