"""What the checks have found: to be told, listed, and accepted as known by a person, for a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError

State = Literal["open", "accepted", "resolved"]
#: no acceptance lasts longer: what nobody looks at again is forgotten
LONGEST_ACCEPTANCE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `quantity` is the difference in base units; `accepted_through` the last day on which it passes as known."""

    finding_id: int
    check_id: str
    subject_key: str
    severity: str
    quantity: Decimal | None
    evidence: Mapping[str, Any]
    first_seen: datetime
    last_seen: datetime
    resolved_at: datetime | None
    accepted_by: str | None
    accepted_through: date | None
    accept_reason: str | None
    state: State


@dataclass(frozen=True, slots=True)
class Standing:
    """How a check stands: its last run, and its findings that are open now."""

    check_id: str
    as_of: datetime
    state: Literal["done", "broken"]
    examined: int | None
    found: int | None
    error: str | None
    open: int
    accepted: int


def list_findings(
    conn: psycopg.Connection,
    as_of: datetime,
    *,
    check: str | None = None,
    state: State | None = "open",
    limit: int = 50,
) -> list[Finding]:
    """Findings by check, the largest difference first, at most `limit`."""
    parameters = {"as_of": as_of, "check_id": check, "state": state, "limit": limit}
    with conn.cursor(row_factory=class_row(Finding)) as cursor:
        return cursor.execute(query(__package__, "list_findings"), parameters).fetchall()


def standings(conn: psycopg.Connection, as_of: datetime) -> list[Standing]:
    """How each check that was ever run stands."""
    with conn.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(query(__package__, "standings"), {"as_of": as_of}).fetchall()


def take_untold(conn: psycopg.Connection, as_of: datetime) -> list[tuple[str, str]]:
    """(check, subject) of the open findings that nobody was told of, marked as told with the caller's transaction."""
    return conn.execute(query(__package__, "take_untold"), {"as_of": as_of}).fetchall()


def accept(
    conn: psycopg.Connection, context: RunContext, finding_id: int, *, through: date, reason: str, accepted_by: str
) -> None:
    """Take a finding as known until the end of a day (UTC), or until its difference grows; written into the audit trail.

    Raises LotwatchError when there is no such finding, it is resolved, or the day or the reason will not do.
    """
    where = f"finding {finding_id}"
    if not reason.strip():
        raise LotwatchError("An acceptance needs a reason", where=where, do="say why the difference is right as it is")
    today = context.as_of.date()
    if not today <= through <= today + LONGEST_ACCEPTANCE:
        raise LotwatchError(
            f"A finding cannot be accepted through {through}", where=where, do="choose a day within a year from today"
        )
    parameters = {
        "finding": finding_id,
        "through": through,
        "reason": reason.strip(),
        "by": accepted_by,
        "as_of": context.as_of,
    }
    row = conn.execute(query(__package__, "accept"), parameters).fetchone()
    if row is None:
        raise LotwatchError("There is no such open finding", where=where, do="look at the Consistency page anew")
    check_id, subject_key, quantity = row
    after = {"check": check_id, "subject": subject_key, "through": through, "quantity": quantity}
    record(
        conn,
        context,
        "finding accepted",
        "check_finding",
        str(finding_id),
        actor=accepted_by,
        after=after,
        reason=reason,
    )
