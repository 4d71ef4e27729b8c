"""Whom a case must reach, and who has answered: until then they are told again."""

from datetime import timedelta
from typing import Literal, NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.recall.case import Case

Party = Literal["site", "supplier"]


class Due(NamedTuple):
    """Somebody to be told now: for the `told`-th time."""

    party: Party
    party_id: int
    told: int
    code: str
    name: str
    region: str | None


def know_parties(conn: psycopg.Connection, case: Case) -> None:
    """Whoever has open tasks must be reached, and who sent us what is recalled. A site with a task that nobody has yet has
    not answered, whatever it said before."""
    parameters = {"case_id": case.case_id, "suppliers": not case.is_drill}
    conn.execute(query(__package__, "know_parties"), parameters)
    conn.execute(query(__package__, "ask_sites_again"), parameters)


def take_due(conn: psycopg.Connection, context: RunContext, case: Case, remind_after: timedelta) -> list[Due]:
    """Whom to tell now: who was never told, and who has not answered for so long. They count as told: the caller tells them
    in the same transaction."""
    parameters = {"case_id": case.case_id, "at": context.as_of, "before": context.as_of - remind_after}
    with conn.cursor(row_factory=class_row(Due)) as cursor:
        return cursor.execute(query(__package__, "take_due"), parameters).fetchall()


def acknowledge_party(
    conn: psycopg.Connection, context: RunContext, case: Case, party: Party, party_id: int, note: str
) -> None:
    """Somebody answered by another way: `note` says how. Raises LotwatchError for who was not asked, or has answered."""
    parameters = {
        "case_id": case.case_id,
        "party": party,
        "party_id": party_id,
        "at": context.as_of,
        "by": context.actor,
        "note": note,
    }
    if conn.execute(query(__package__, "acknowledge_party"), parameters).rowcount != 1:
        raise LotwatchError("They were not asked, or have answered", where=case.code)
    after = {"party": party, "party_id": party_id}
    record(conn, context, "answer noted", "recall_case", case.code, after=after, reason=note)
