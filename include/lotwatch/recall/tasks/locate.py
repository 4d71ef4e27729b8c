"""Where every affected unit of a case is, or went."""

from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from lotwatch.db.query import query
from lotwatch.ledger.trace import Subject, trace_subjects
from lotwatch.recall.case import Case


class Located(NamedTuple):
    """How much was located, in base units: here, on the way, used, and used without a lot where one may have been affected."""

    stock: int
    in_transit: int
    used: int
    possible: int


def locate(conn: psycopg.Connection, case: Case) -> Located:
    """Write down where everything is that the case says is affected, in place of what was known before: what has changed.

    On shelves and in bins, departments, consignment and between sites; under way in deliveries; used or shipped out, with the
    movement that did it; and possibly used: what left without a lot or serial number where an affected one was.
    """
    parameters = {"case_id": case.case_id}
    conn.execute(query(__package__, "locate_units"), parameters)
    conn.execute(query(__package__, "forget_possible"), parameters)
    _locate_possible(conn, case)
    with conn.cursor(row_factory=class_row(Located)) as cursor:
        found = cursor.execute(query(__package__, "sum_units"), parameters).fetchone()
    assert found is not None  # noqa: S101 (the statement always answers one row)
    return found


def _locate_possible(conn: psycopg.Connection, case: Case) -> None:
    """Only items that ever left without their lot or serial number are followed: where all is labelled it costs nothing."""
    suspects = conn.execute(query(__package__, "suspect_subjects"), {"case_id": case.case_id}).fetchall()
    traced = trace_subjects(conn, [Subject(*row) for row in suspects], depth=0) if suspects else ()
    flows = [(lot.item_id, exposure.flow) for lot in traced for exposure in lot.possible_exposure]
    if not flows:
        return
    parameters = {
        "case_id": case.case_id,
        "items": [item_id for item_id, _ in flows],
        "origins": [flow.origin.location_id for _, flow in flows],
        "destinations": [flow.destination.location_id for _, flow in flows],
        "firsts": [flow.first_at for _, flow in flows],
        "lasts": [flow.last_at for _, flow in flows],
    }
    conn.execute(query(__package__, "locate_possible"), parameters)
