"""A recall case as the response works with it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query
from lotwatch.errors import LotwatchError

RecallClass = Literal["I", "II", "III"]
ActionKind = Literal["remove", "correct", "inspect", "advise", "other"]
OurRole = Literal["maker", "importer", "distributor", "user"]


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands; moments in UTC."""

    case_id: int
    code: str
    kind: Literal["recall", "drill"]
    title: str
    issuer: str
    recall_class: RecallClass | None
    action_kind: ActionKind
    our_role: OurRole
    jurisdiction: str
    state: Literal["open", "closed"]
    opened_at: datetime
    held_at: datetime | None

    @property
    def is_drill(self) -> bool:
        return self.kind == "drill"

    @property
    def gravity(self) -> RecallClass:
        """Its class; of a case that does not say one, the gravest: it may be of any."""
        return self.recall_class or "I"


def lock_case(conn: psycopg.Connection, code: str) -> Case:
    """The case, which nobody else changes until the transaction ends. Raises LotwatchError when there is none of that code."""
    with conn.cursor(row_factory=class_row(Case)) as cursor:
        case = cursor.execute(query(__package__, "lock_case"), {"code": code}).fetchone()
    if case is None:
        raise LotwatchError("There is no such recall case", where=code)
    return case


def lock_open_case(conn: psycopg.Connection, code: str) -> Case:
    """The same, where something is to be done about it. Raises LotwatchError for a case that is closed."""
    case = lock_case(conn, code)
    if case.state == "closed":
        raise LotwatchError("The case is closed", where=code, do="reopen it first")
    return case


def open_codes(conn: psycopg.Connection) -> list[str]:
    """Codes of the cases that are open, the oldest first."""
    return [code for (code,) in conn.execute(query(__package__, "open_codes"))]
