"""What waits at one site comes forward when another is critically short of it: once, and told to the warehouse whose it is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg

from lotwatch import actions, ledger
from lotwatch.actions import warehouse
from lotwatch.actions.priorities import propose_priorities
from lotwatch.rules import evaluate_live, load_rules
from tests.integration.company import NOW, TODAY, Company
from tests.integration.test_transfers import uneven  # noqa: F401  # a fixture
from tests.worlds import prepared

SOON = NOW + timedelta(days=4)


@prepared
def planned(uneven: Company) -> None:  # noqa: F811
    """HOSP is short; a transfer of ten to it is planned in four days, and its theatre has ordered five of DC for next week."""
    uneven.add(
        "delivery_line", delivery_key="stock.shipment.internal,7", delivery_number="INT7", from_site="DC",
        to_location="HOSP", state="planned", expected_at=SOON, item_code="I1", lot_number="LATE", quantity=10,
    )  # fmt: skip
    uneven.add(
        "demand_line", order_key="stock.shipment.out,9", order_number="OUT9", order_kind="customer", site_code="DC",
        customer_location="HOSP/OR", ordered_at=NOW, item_code="I1", quantity=5, need_by=TODAY + timedelta(days=7),
        state="open",
    )  # fmt: skip
    uneven.post("wms")
    severity(uneven, "critical")


def severity(company: Company, level: str) -> None:
    company.conn.execute("UPDATE lotwatch.alert SET severity = %s WHERE rule_id = 'stockout_risk'", (level,))


def propose(company: Company, days: float = 0) -> int:
    moment = replace(company.context, as_of=NOW + timedelta(days=days))
    return propose_priorities(company.conn, load_rules(), moment)["priorities"]


def told(company: Company) -> list[tuple[Any, ...]]:
    tasks = company.conn.execute("SELECT warehouse_task_id FROM lotwatch.warehouse_task ORDER BY 1").fetchall()
    loaded = [warehouse.load_task(company.conn, number, "wms") for (number,) in tasks]
    return [(task.kind, task.demand_order_key, task.wanted_on, task.from_location) for task in loaded]


def test_a_transfer_and_an_order_are_brought_forward_once_and_the_warehouse_is_told(planned: Company) -> None:
    assert propose(planned) == 2
    assert propose(planned) == 0
    proposal = actions.load_proposal(planned.conn, 1)
    assert (proposal.kind, proposal.from_site_code, proposal.site_code) == ("priority", "DC", "HOSP")
    assert (proposal.details["number"], proposal.details["day_before"]) == ("INT7", "2026-06-19")
    assert [line.alert_id is not None for line in proposal.lines] == [True]
    asked = actions.ask(planned.conn, replace(planned.context, run_id="ask"), 200, actions.load_policies())
    assert len(asked.approved) == 2
    assert told(planned) == [
        ("priority", "stock.shipment.internal,7", TODAY, "DC"), ("priority", "stock.shipment.out,9", TODAY, "DC"),
    ]  # fmt: skip
    warehouse.acknowledged(planned.conn, 1, "INT7", "waiting", planned.context)
    assert actions.load_proposal(planned.conn, 1).state == "sent"
    # somebody put it off again
    assert propose(planned, days=2) == 1


def test_only_what_is_critical_and_when_it_has_become_so(planned: Company) -> None:
    severity(planned, "warning")
    assert propose(planned) == 0
    severity(planned, "critical")
    assert propose(planned) == 2


def test_what_leaves_today_or_is_gone_has_no_need_of_it(planned: Company) -> None:
    planned.conn.execute("UPDATE lotwatch.delivery SET state = 'shipped'")
    planned.conn.execute("UPDATE lotwatch.demand_order_line SET need_by = %s", (TODAY,))
    assert propose(planned) == 0


def test_a_late_shipment_brings_the_next_one_forward(planned: Company) -> None:
    planned.add(
        "delivery_line", delivery_key="LATE", delivery_number="D1", to_location="HOSP", state="shipped",
        shipped_at=NOW - timedelta(days=9), expected_at=NOW - timedelta(days=4), item_code="I1", quantity=10,
    )  # fmt: skip
    planned.post("carrier")
    planned.conn.execute("UPDATE lotwatch.item SET criticality = 'life_supporting'")
    rules = [rule for rule in load_rules() if rule.id == "shipment_late"]
    assert propose_priorities(planned.conn, rules, planned.context) == {"priorities": 0}
    evaluate_live(planned.conn, load_rules(), planned.context)
    assert propose_priorities(planned.conn, rules, planned.context) == {"priorities": 2}


def test_where_no_system_can_be_told_people_are(planned: Company) -> None:
    planned.conn.execute("UPDATE lotwatch.delivery SET source = 'paper'")
    propose(planned)
    actions.ask(planned.conn, replace(planned.context, run_id="ask"), 200, actions.load_policies())
    [(place,)] = planned.conn.execute(
        "SELECT payload -> 'data' -> 'rows' -> 0 ->> 'place' FROM lotwatch.outbox WHERE kind = 'message'"
    ).fetchall()
    assert place == "INT7 → 2026-06-15"


def hold(company: Company, number: str, **what: str) -> int:
    """I1, or a lot of it, is held for a recall, and what is leaving of it is called back; returns how much is."""
    found = ledger.holds.named(company.conn, "recall", number, "seals", item="I1", **what)
    hold_id = ledger.place_hold(company.conn, found, company.context, "quinn")
    return warehouse.call_back(company.conn, company.context, holds=[hold_id or 0])


def tasks(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    """(kind, state, lot) of each task and its lines."""
    return conn.execute(
        "SELECT task.kind, task.state, lot.number FROM lotwatch.warehouse_task AS task"
        " JOIN lotwatch.warehouse_task_line USING (warehouse_task_id) LEFT JOIN lotwatch.lot USING (lot_id)"
        " ORDER BY task.warehouse_task_id"
    ).fetchall()


def forward(company: Company) -> None:
    propose(company)
    actions.ask(company.conn, replace(company.context, run_id="ask"), 200, actions.load_policies())


def test_what_no_warehouse_was_told_to_bring_forward_is_not_once_it_is_held(planned: Company) -> None:
    forward(planned)
    with planned.conn.transaction():
        assert hold(planned, "RC-1", lot="LATE") == 0
        assert tasks(planned.conn) == [("priority", "cancelled", None), ("priority", "requested", None)]
    assert hold(planned, "RC-2") == 0
    assert [state for _, state, _ in tasks(planned.conn)] == ["cancelled", "cancelled"]
    assert propose(planned, days=2) == 0, "what is held does not come sooner"


def test_what_was_brought_forward_is_put_back_to_its_day_once_when_it_is_held(planned: Company) -> None:
    forward(planned)
    for number in (1, 2):
        warehouse.acknowledged(planned.conn, number, f"N{number}", "waiting", planned.context)
    with planned.conn.transaction():
        assert hold(planned, "RC-1", lot="LATE") == 1
        assert warehouse.call_back(planned.conn, planned.context) == 0
        assert tasks(planned.conn)[2:] == [("call_back", "requested", "LATE")]
    task = warehouse.load_task(planned.conn, 3, "wms")
    assert (task.calls_back, task.demand_order_key, task.wanted_on) == (
        "LW-WT-000001", "stock.shipment.internal,7", SOON.date(),
    )  # fmt: skip
    assert hold(planned, "RC-2") == 1, "of an order no lot is known: it is called back when all of the item is held"
    warehouse.acknowledged(planned.conn, 3, "N1", "waiting", planned.context)
    assert [state for _, state, _ in tasks(planned.conn)] == ["cancelled", "acknowledged", "acknowledged", "requested"]
    assert warehouse.call_back(planned.conn, planned.context) == 0


def test_people_are_told_once_not_to_bring_forward_what_is_held(planned: Company) -> None:
    planned.conn.execute("UPDATE lotwatch.delivery SET source = 'paper'")
    forward(planned)
    hold(planned, "RC-1", lot="LATE")
    hold(planned, "RC-1", lot="LATE")
    told = planned.conn.execute(
        "SELECT payload -> 'data' -> 'rows' FROM lotwatch.outbox WHERE idempotency_key LIKE 'stop%'"
    )
    assert told.fetchall() == [([{"item": "I1 Device I1", "lot": "LATE", "place": "INT7", "quantity": 10}],)]
