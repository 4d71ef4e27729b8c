"""Proof from the audit trail, which nobody can change: how many events a case has, and their digest."""

from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query


class Proof(NamedTuple):
    """`digest` is the SHA-256 of the case's audit events in their order, as PostgreSQL writes a row; `last` the number of
    the last. Whoever can read the audit trail can work it out again, from the events up to that."""

    events: int
    last: int | None
    digest: str


def prove(conn: psycopg.Connection, case_id: int) -> Proof:
    """The proof of a case as its audit trail stands."""
    with conn.cursor(row_factory=class_row(Proof)) as cursor:
        proof = cursor.execute(query(__package__, "proof"), {"case_id": case_id}).fetchone()
    assert proof is not None  # noqa: S101 (the statement always answers one row)
    return proof
