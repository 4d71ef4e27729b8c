"""What is held does not leave: what no warehouse was told of is withdrawn, what one was told of is called back, once."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from lotwatch import ledger
from lotwatch.actions import warehouse
from lotwatch.errors import SourceError
from lotwatch.recall.cases import open_by_quality
from lotwatch.recall.matching import Subject
from tests.integration.company import NOW, Company
from tests.integration.test_picking import SOURCE, ask, picks, propose, shelved, state
from tests.integration.test_warehouse import Killed, Wms, run

__all__ = ["shelved"]


class Stubborn(Wms):
    """A warehouse that says of what it is to give back that it is gone."""

    def carry_out(self, task: Any) -> Any:
        if task.kind == "call_back":
            raise SourceError("It is packed, with what is called back", where="shipment CU-7", do="stop the goods")
        return super().carry_out(task)


def approved(company: Company) -> None:
    """A wave of two orders, approved: the ward's takes SOON and LATE, the theatre's LATE."""
    company.conn.commit()
    company.conn.autocommit = True
    propose(company)
    ask(company)


def recall(company: Company, lot: str = "SOON") -> None:
    row = company.conn.execute("SELECT item_id, lot_id FROM lotwatch.lot WHERE number = %s", (lot,)).fetchone()
    assert row is not None
    open_by_quality(company.conn, company.context, [Subject(*row)], title="Broken seals", by="quinn")


def tasks(conn: psycopg.Connection, kind: str) -> list[tuple[Any, ...]]:
    """(order, state, lots) of the tasks of a kind."""
    return conn.execute(
        "SELECT right(task.demand_order_key, -19), task.state, array_agg(lot.number ORDER BY lot.number)"
        " FROM lotwatch.warehouse_task AS task JOIN lotwatch.warehouse_task_line USING (warehouse_task_id)"
        " JOIN lotwatch.lot AS lot USING (lot_id) WHERE task.kind = %s"
        " GROUP BY task.warehouse_task_id ORDER BY task.warehouse_task_id",
        (kind,),
    ).fetchall()


def test_a_pick_that_nobody_was_told_of_is_withdrawn_with_the_hold(shelved: Company) -> None:
    approved(shelved)
    with shelved.conn.transaction():
        recall(shelved)
        assert [row[:2] for row in tasks(shelved.conn, "pick")] == [("THEATRE", "requested"), ("WARD", "cancelled")]
    wms = Wms(shelved)
    run(wms)
    assert "pick" not in {task.kind for task in wms.untold}, "a guard refuses the item with all its lots"
    assert tasks(shelved.conn, "call_back") == []
    assert propose(shelved) == 1
    assert {(order, lot) for order, lot, *_ in picks(shelved)[3:]} == {("THEATRE", "LATE"), ("WARD", "LATE")}


@pytest.mark.parametrize("trouble", ["", "silent", "kill"])
def test_what_a_warehouse_was_told_is_called_back_in_the_hold_s_transaction_once(
    shelved: Company, trouble: str
) -> None:
    approved(shelved)
    wms = Wms(shelved)
    run(wms)
    with shelved.conn.transaction():
        recall(shelved)
        assert tasks(shelved.conn, "call_back") == [("WARD", "requested", ["SOON"])]
        queued = "SELECT count(*) FROM lotwatch.outbox WHERE kind = 'warehouse_task' AND state = 'waiting'"
        assert shelved.conn.execute(queued).fetchone() == (1,)
    assert propose(shelved) == 0, "until it is confirmed the warehouse may still pick it"
    wms.troubles = [trouble]
    if trouble == "kill":
        with pytest.raises(Killed):
            run(wms)
    for _ in range(2):
        run(wms)
    assert tasks(shelved.conn, "call_back") == [("WARD", "acknowledged", ["SOON"])]
    back = [reference for reference, task in ((t.reference, t) for t in wms.untold) if task.kind == "call_back"]
    assert [wms.times[reference] for reference in back] == [1]
    assert [row[:2] for row in tasks(shelved.conn, "pick")] == [("THEATRE", "acknowledged"), ("WARD", "cancelled")]
    assert state(shelved) == "sent"
    assert propose(shelved) == 1
    assert {(order, lot) for order, lot, *_ in picks(shelved)[3:]} == {("WARD", "LATE")}


def test_what_the_warehouse_says_is_gone_is_told_to_people_once(shelved: Company) -> None:
    approved(shelved)
    wms = Stubborn(shelved)
    run(wms)
    recall(shelved)
    for _ in range(2):
        run(wms)
    assert tasks(shelved.conn, "call_back") == [("WARD", "refused", ["SOON"])]
    assert ("WARD", "acknowledged") in [row[:2] for row in tasks(shelved.conn, "pick")]
    told = shelved.conn.execute(
        "SELECT payload -> 'to', payload -> 'data' -> 'rows' -> 0 ->> 'error' FROM lotwatch.outbox"
        " WHERE payload ->> 'template' = 'call_back_failed'"
    ).fetchall()
    assert [(to, "It is packed" in error) for to, error in told] == [(["recall", "quality", "warehouse", "ops"], True)]
    events = "SELECT action FROM lotwatch.recall_event WHERE action LIKE '%%call%%back%%' ORDER BY audit_event_id"
    assert [action for (action,) in shelved.conn.execute(events)] == ["call-back asked", "not called back"]


def test_people_are_told_once_to_stop_what_they_pick_by_hand(shelved: Company) -> None:
    shelved.conn.execute("UPDATE lotwatch.demand_order SET source = 'hospital'")
    shelved.conn.execute("UPDATE lotwatch.demand_order_line SET source = 'hospital'")
    approved(shelved)
    recall(shelved)
    assert warehouse.call_back(shelved.conn, shelved.context) == 0
    told = shelved.conn.execute("SELECT payload -> 'data' FROM lotwatch.outbox WHERE idempotency_key LIKE 'stop%'")
    row = {"item": "I1 Device I1", "lot": "SOON", "place": "DC/A2", "quantity": 10}
    assert told.fetchall() == [({"code": "LW-000001", "rows": [row]},)]


def test_what_a_warehouse_has_set_aside_by_itself_is_called_back_and_again_when_it_does_so_again(
    shelved: Company,
) -> None:
    def set_aside(key: str, minutes: int, closed: int | None = None) -> None:
        shelved.add(
            "allocation", key, demand_line_key="w1", item_code="I1", location_code="DC/A2", lot_number="SOON", quantity=3,
            allocated_at=NOW + timedelta(minutes=minutes),
            closed_at=None if closed is None else NOW + timedelta(minutes=closed),
        )  # fmt: skip
        shelved.post(SOURCE)

    def called_back() -> int:
        return warehouse.call_back(shelved.conn, shelved.context)

    set_aside("a1", -5)
    recall(shelved)
    assert tasks(shelved.conn, "call_back") == [("WARD", "requested", ["SOON"])]
    assert called_back() == 0
    warehouse.acknowledged(shelved.conn, 1, "CU-1", "waiting", shelved.context)
    assert called_back() == 0
    set_aside("a1", -5, closed=1)
    set_aside("a2", 5)
    assert called_back() == 1
    assert called_back() == 0


def test_a_transfer_is_called_back_and_a_released_hold_calls_nothing_back(shelved: Company) -> None:
    conn = shelved.conn
    item_id, lot_id = conn.execute("SELECT item_id, lot_id FROM lotwatch.lot WHERE number = 'SOON'").fetchall()[0]
    place = dict(conn.execute("SELECT code, location_id FROM lotwatch.location").fetchall())
    conn.commit()
    conn.autocommit = True
    wms = Wms(shelved)
    wms.slow = True
    for _ in range(2):
        warehouse.request_transfer(
            conn, shelved.context, "tryton", from_site_id=place["DC"], to_site_id=place["HOSP"],
            lines=[warehouse.TaskLine(item_id, place["DC/A2"], 2, lot_id)],
        )  # fmt: skip
    run(wms)
    # documents of different kinds may bear one number: the first one's is that of what a supplier sent long ago
    number = conn.execute("SELECT min(their_number) FROM lotwatch.warehouse_task").fetchall()[0][0]
    shelved.add(
        "delivery_line", "OLD", delivery_key="OLD", delivery_number=number, to_location="DC", item_code="I1",
        lot_number="SOON", quantity=1, received_quantity=1, state="delivered", shipped_at=NOW - timedelta(days=9),
        delivered_at=NOW - timedelta(days=8),
    )  # fmt: skip
    shelved.post(SOURCE)
    hold_ids = []
    for reference in ("Q1", "Q2"):
        hold = ledger.holds.named(conn, "quality", reference, "dented", location="DC/A2")
        hold_ids.append(ledger.place_hold(conn, hold, shelved.context, "quinn"))
    assert warehouse.call_back(conn, shelved.context, holds=[hold_ids[0] or 0]) == 2
    ledger.release_hold(
        conn, hold_ids[0] or 0, shelved.context, authorities=["quality"], released_by="quinn", reason="fine"
    )
    wms.slow = False
    run(wms)
    assert [row[1] for row in tasks(conn, "call_back")] == ["cancelled", "cancelled"]
    assert warehouse.call_back(conn, shelved.context, holds=[hold_ids[1] or 0]) == 2, "for the other hold"
    run(wms)
    assert [row[1] for row in tasks(conn, "call_back")] == ["cancelled"] * 2 + ["acknowledged"] * 2
    assert [row[1] for row in tasks(conn, "transfer")] == ["cancelled", "cancelled"]


def test_of_a_hold_and_a_pick_that_is_being_sent_whichever_comes_second_sees_the_other(
    shelved: Company, db_url: str
) -> None:
    approved(shelved)
    shelved.conn.execute("UPDATE lotwatch.outbox SET state = 'unclear' WHERE idempotency_key = 'warehouse_task:2'")
    with psycopg.connect(db_url, autocommit=True) as sender:
        with sender.transaction():
            assert warehouse.lock_task(sender, 2) == "requested"
            shelved.conn.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                recall(shelved)
        recall(shelved)
        assert tasks(shelved.conn, "call_back") == [("WARD", "requested", ["SOON"])], "it may have been written"
        row = sender.execute(
            "SELECT outbox_id FROM lotwatch.outbox WHERE idempotency_key = 'warehouse_task:2'"
        ).fetchone()
        assert row is not None
        sender.execute("SELECT pg_advisory_lock(hashtextextended('lotwatch.outbox', %s))", row)
        assert warehouse.is_being_written(shelved.conn, 3)
        sender.execute("SELECT pg_advisory_unlock(hashtextextended('lotwatch.outbox', %s))", row)
        assert not warehouse.is_being_written(shelved.conn, 3)
