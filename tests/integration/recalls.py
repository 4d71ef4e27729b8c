"""A recall case in a small company, for tests: opened as the matching opens one."""

from datetime import datetime
from typing import Any

import psycopg

from lotwatch.delivery.people import People
from tests.integration.company import NOW, Company

PEOPLE = People.model_validate({
    "all": {"roles": ["recall", "quality", "buyer"], "channels": [{"smtp": "a@x.example"}]},
    "hosp": {"roles": ["warehouse"], "sites": ["HOSP"], "channels": [{"smtp": "h@x.example"}]},
})


def opened(
    conn: psycopg.Connection, lots: list[str], *, code: str = "RC-000001", at: datetime = NOW, **changes: Any
) -> int:
    """A case about lots of I1; returns its number. The first is affected, those after a None are not."""
    row = {
        "code": code, "kind": "recall", "origin": "notice", "title": "Device I1", "issuer": "Supplier One",
        "recall_class": "I", "action_kind": "remove", "our_role": "user", "jurisdiction": "us", "opened_at": at,
        "opened_by": "test", "held_at": None,
    } | changes  # fmt: skip
    found = conn.execute(
        "INSERT INTO lotwatch.recall_case (code, kind, origin, title, issuer, recall_class, action_kind, our_role,"
        " jurisdiction, opened_at, opened_by, held_at) VALUES (%(code)s, %(kind)s, %(origin)s, %(title)s, %(issuer)s,"
        " %(recall_class)s, %(action_kind)s, %(our_role)s, %(jurisdiction)s, %(opened_at)s, %(opened_by)s, %(held_at)s)"
        " RETURNING case_id",
        row,
    ).fetchone()
    assert found is not None
    for lot in lots:
        judged(conn, found[0], lot)
    conn.commit()
    return int(found[0])


def judged(conn: psycopg.Connection, case_id: int, lot: str, verdict: str = "affected") -> None:
    conn.execute(
        "INSERT INTO lotwatch.recall_match (case_id, item_id, lot_id, verdict, reason, decided_by, decided_at)"
        " SELECT %s, item_id, lot_id, %s, 'test', 'test', %s FROM lotwatch.lot WHERE number = %s",
        (case_id, verdict, NOW, lot),
    )


def stocked(company: Company) -> None:
    """L1 at DC (a bin) and in HOSP's theatre, where some was used and some left without a lot; L2 is not affected."""
    company.item()
    company.lot("L1")
    company.lot("L2")
    company.location("DC/A1", kind="bin", parent_code="DC")
    company.post()
    company.move(100, "DC/A1", days_ago=20)
    company.move(50, "DC/A1", lot="L2", days_ago=20)
    company.move(30, "HOSP/OR", "DC/A1", days_ago=10)
    company.move(4, "PATIENT", "HOSP/OR", days_ago=5, case_reference="sealed-1")
    company.move(1, "PATIENT", "HOSP/OR", days_ago=4)
    company.move(2, "PATIENT", "HOSP/OR", lot=None, days_ago=3, case_reference="sealed-2")
    company.post()
