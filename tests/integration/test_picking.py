"""Pick waves: from demand to the warehouse's task, lot by lot, once; and never what somebody else is to get."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg

from lotwatch import access, actions, ledger
from lotwatch.actions import warehouse
from lotwatch.actions.picking import Picking, propose_picks
from lotwatch.recall.cases import open_by_quality
from lotwatch.recall.matching import Subject
from tests.integration.company import NOW, TODAY, Company
from tests.integration.test_board_approvals import Clients, airflow_told, as_, board  # noqa: F401  # fixtures
from tests.integration.test_board_ledger import _airflow_home, words  # noqa: F401  # a fixture
from tests.integration.test_warehouse import Wms, run
from tests.worlds import prepared

PICKING = Picking.model_validate({
    "everywhere": {
        "cut_offs": ["10:00"], "before": "3h", "lines": 4, "days_ahead": 1, "without_coordinates": True,
        "quiet_after_no": "4h",
    }
})  # fmt: skip
#: warehouses.yaml reads the movements of `tryton` from this source
SOURCE = "wms"


@prepared
def shelved(company: Company) -> None:
    """DC: 10 of SOON (30 days) and 20 of LATE on shelves; a ward's order of 12, a theatre's of 5."""
    for number, (code, x, y) in enumerate((("DC/A1", 0, 9), ("DC/A2", 30, 9), ("DC/A3", 0, 3))):
        company.location(code, kind="bin", parent_code="DC", x_m=x, y_m=y, pick_sequence=number)
    company.location("DC-BLOCKED", kind="bin", parent_code="DC", status="blocked")
    company.item()
    company.lot("SOON", expires=TODAY + timedelta(days=30))
    company.lot("LATE")
    company.move(10, "DC/A2", lot="SOON")
    company.move(14, "DC/A1", lot="LATE")
    company.move(6, "DC/A3", lot="LATE")
    company.post()
    wanted(company, "w1", 12, order="WARD")
    wanted(company, "t1", 5, order="THEATRE", priority="urgent", minimum_remaining_life_days=60)
    company.post(SOURCE)


def wanted(company: Company, key: str, quantity: int, order: str, **changes: Any) -> None:
    plain = {
        "order_key": f"stock.shipment.out,{order}", "order_number": order, "order_kind": "department", "site_code": "DC",
        "customer_location": "HOSP/OR", "priority": "routine", "ordered_at": NOW - timedelta(days=1), "item_code": "I1",
        "quantity": quantity, "need_by": TODAY, "state": "open",
    }  # fmt: skip
    company.add("demand_line", key, **(plain | changes))


def picks(company: Company) -> list[tuple[Any, ...]]:
    """(order, lot, place, stop, quantity) along the walks."""
    return company.conn.execute(
        "SELECT o.number, lot.number, place.code, p.stop, p.quantity FROM lotwatch.pick AS p"
        " JOIN lotwatch.demand_order_line AS l ON (l.source, l.source_key) = (p.source, p.demand_line_key)"
        " JOIN lotwatch.demand_order AS o USING (demand_order_id) JOIN lotwatch.lot AS lot USING (lot_id)"
        " JOIN lotwatch.location AS place ON place.location_id = p.location_id ORDER BY p.proposal_id, p.stop, p.turn"
    ).fetchall()


def propose(company: Company, hours: float = 0) -> int:
    moment = replace(company.context, as_of=NOW + timedelta(hours=hours))
    return propose_picks(company.conn, PICKING, moment)["pick_waves"]


def ask(company: Company) -> actions.Asked:
    return actions.ask(company.conn, replace(company.context, run_id="ask"), 200, actions.load_policies())


def state(company: Company, proposal_id: int = 1) -> str:
    return actions.load_proposal(company.conn, proposal_id).state


def test_a_wave_takes_what_ends_first_along_the_shortest_walk_and_says_for_whom(shelved: Company) -> None:
    assert propose(shelved) == 1
    assert picks(shelved) == [
        ("THEATRE", "LATE", "DC/A3", 1, 5), ("WARD", "SOON", "DC/A2", 2, 10), ("WARD", "LATE", "DC/A1", 3, 2),
    ]  # fmt: skip
    proposal = actions.load_proposal(shelved.conn, 1)
    assert (proposal.kind, proposal.site_code) == ("pick", "DC")
    assert proposal.details["route"] == ["DC/A3", "DC/A2", "DC/A1"]
    assert proposal.details["cut_off"] == "2026-06-15T10:00:00+00:00"
    assert proposal.details["metres"] == 78
    assert proposal.if_nobody_acts is not None
    assert proposal.if_nobody_acts["en"].startswith("2 orders do not leave")
    assert propose(shelved) == 0  # what is being picked is not asked for again


def test_nothing_is_picked_that_is_held_elsewhere_reserved_or_too_warm(shelved: Company) -> None:
    shelved.conn.execute("UPDATE lotwatch.item SET storage_max_c = 8")
    shelved.conn.execute("UPDATE lotwatch.location SET temperature_max_c = 25 WHERE code = 'DC/A1'")
    hold = ledger.holds.named(shelved.conn, "quality", "Q", "odd", item="I1", lot="SOON")
    ledger.place_hold(shelved.conn, hold, shelved.context, "quinn")
    shelved.add(
        "allocation", "a1", demand_line_key=None, item_code="I1", location_code="DC/A3", lot_number="LATE", quantity=2,
        allocated_at=NOW - timedelta(hours=2),
    )  # fmt: skip
    shelved.post("elsewhere")
    # of 20 LATE 14 are where it is too warm; what is set aside may be taken from those
    assert propose(shelved) == 1
    assert sum(quantity for *_, quantity in picks(shelved)) in {4, 6}
    assert {place for _, _, place, _, _ in picks(shelved)} == {"DC/A3"}


def test_what_is_not_due_waits_for_its_cut_off_but_an_emergency_does_not(shelved: Company) -> None:
    assert propose(shelved, hours=-5) == 0  # seven hours before the cut-off
    wanted(shelved, "e1", 1, order="ER", priority="emergency", need_by=None)
    wanted(shelved, "n1", 1, order="NEXT-WEEK", need_by=TODAY + timedelta(days=7))
    shelved.post(SOURCE)
    assert propose(shelved, hours=-5) == 1
    assert {order for order, *_ in picks(shelved)} == {"ER"}
    assert propose(shelved) == 1
    assert {order for order, *_ in picks(shelved)} == {"ER", "WARD", "THEATRE"}


def test_a_wave_has_no_more_lines_than_one_walk_and_cuts_no_order_in_two(shelved: Company) -> None:
    for number in range(6):
        wanted(shelved, f"m{number}", 1, order=f"M{number}")
    shelved.post(SOURCE)
    assert propose(shelved) == 3
    walks: dict[int, list[str]] = {}
    for proposal_id, order in shelved.conn.execute(
        "SELECT p.proposal_id, o.number FROM lotwatch.pick AS p"
        " JOIN lotwatch.demand_order_line AS l ON (l.source, l.source_key) = (p.source, p.demand_line_key)"
        " JOIN lotwatch.demand_order AS o USING (demand_order_id) ORDER BY p.proposal_id, p.turn"
    ):
        walks.setdefault(proposal_id, []).append(order)
    assert list(walks.values()) == [["THEATRE", "M0", "M1", "M2"], ["M3", "M4", "M5"], ["WARD", "WARD"]]


def test_an_order_larger_than_a_walk_is_in_several(shelved: Company) -> None:
    for number in range(6):
        wanted(shelved, f"b{number}", 1, order="BIG", priority="urgent")
    shelved.post(SOURCE)
    assert propose(shelved, hours=-5) == 2  # WARD's two lines fill no walk, and the cut-off is far
    assert [sorted(order for order, *_ in picks(shelved)[of]) for of in (slice(4), slice(4, None))] == [
        ["BIG", "BIG", "BIG", "BIG"], ["BIG", "BIG", "THEATRE"],
    ]  # fmt: skip
    assert propose(shelved) == 1


def test_a_line_in_two_waves_counts_as_picked_until_the_books_show_each(shelved: Company) -> None:
    wanted(shelved, "w1", 40, order="WARD")
    shelved.post(SOURCE)
    assert propose(shelved) == 1
    shelved.lot("NEW")
    shelved.move(9, "DC/A3", lot="NEW")
    shelved.post()
    assert propose(shelved) == 1  # what was short and has come since
    assert picks(shelved)[-1] == ("WARD", "NEW", "DC/A3", 1, 9)
    ask(shelved)
    tasks = [warehouse.load_task(shelved.conn, number, SOURCE) for number in (1, 2, 3)]
    for task in tasks:
        if task.demand_order_key != "stock.shipment.out,WARD":
            continue
        warehouse.acknowledged(shelved.conn, task.task_id, "CU-1", "waiting", shelved.context)
        for line in task.lines:
            shelved.add(
                "allocation", f"{line.lot_number}{line.location_code}", demand_line_key="w1", item_code="I1",
                location_code=line.location_code, lot_number=line.lot_number, quantity=line.quantity,
                allocated_at=NOW + timedelta(minutes=5),
            )  # fmt: skip
        shelved.post(SOURCE)
        assert propose(shelved, hours=1) == 0


def test_a_task_knows_what_is_set_aside_and_what_is_being_written_for_its_order(shelved: Company, db_url: str) -> None:
    row = shelved.conn.execute(
        "SELECT lot.item_id, lot.lot_id, place.location_id, place.site_id FROM lotwatch.lot AS lot"
        " CROSS JOIN lotwatch.location AS place WHERE lot.number = 'SOON' AND place.code = 'DC/A2'"
    ).fetchone()
    assert row is not None
    item_id, lot_id, place_id, site_id = row
    tasks = [
        warehouse.request_pick(
            shelved.conn, shelved.context, "tryton", site_id=site_id, demand_order_key=order_key,
            lines=[warehouse.TaskLine(item_id, place_id, quantity, lot_id)],
        )
        for order_key, quantity in (("out,1", 3), ("out,1", 4), ("out,2", 1))
    ]  # fmt: skip
    claimed = shelved.conn.execute(
        "UPDATE lotwatch.outbox SET state = 'unclear' WHERE idempotency_key = %s RETURNING outbox_id",
        (f"warehouse_task:{tasks[0]}",),
    ).fetchone()
    with psycopg.connect(db_url, autocommit=True) as worker:
        worker.execute("SELECT pg_advisory_lock(hashtextextended('lotwatch.outbox', %s))", claimed)
        assert [warehouse.is_being_written(shelved.conn, task) for task in tasks] == [False, True, False]
    assert besides(shelved, tasks) == [0, 0, 0]
    warehouse.acknowledged(shelved.conn, tasks[0], "CU-1", "waiting", shelved.context)
    assert not warehouse.is_being_written(shelved.conn, tasks[1])
    assert besides(shelved, tasks) == [0, 3, 0]
    warehouse.written(shelved.conn, tasks[1], "CU-1", "waiting", shelved.context)
    assert besides(shelved, tasks) == [4, 3, 0]
    warehouse.refused(shelved.conn, tasks[0], "no", shelved.context)
    assert besides(shelved, tasks) == [4, 0, 0]


def besides(company: Company, tasks: list[int]) -> list[int]:
    return [warehouse.load_task(company.conn, task, SOURCE).lines[0].besides for task in tasks]


def test_a_wave_is_approved_by_its_policy_and_becomes_a_task_for_each_order(shelved: Company) -> None:
    propose(shelved)
    assert [proposal.code for proposal in ask(shelved).approved] == ["LW-000001"]
    tasks = [warehouse.load_task(shelved.conn, number, SOURCE) for number in (1, 2)]
    told = {
        task.demand_order_key: [(line.lot_number, line.location_code, line.quantity) for line in task.lines]
        for task in tasks
    }
    assert told == {
        "stock.shipment.out,THEATRE": [("LATE", "DC/A3", 5)],
        "stock.shipment.out,WARD": [("SOON", "DC/A2", 10), ("LATE", "DC/A1", 2)],
    }
    assert state(shelved) == "sending"
    warehouse.acknowledged(shelved.conn, 1, "CU-1", "assigned", shelved.context)
    assert state(shelved) == "sending"
    warehouse.refused(shelved.conn, 2, "no", shelved.context)
    assert state(shelved) == "sent"
    assert propose(shelved) == 0  # what was refused is left alone for a while
    assert propose(shelved, hours=25) == 1
    assert picks(shelved)[-1][0] == "WARD"


def test_once_the_warehouse_shows_it_as_set_aside_it_counts_there_and_only_there(shelved: Company) -> None:
    propose(shelved)
    ask(shelved)
    for task in (1, 2):
        warehouse.acknowledged(shelved.conn, task, "CU-1", "assigned", shelved.context)
    for key, line, lot, place, quantity in (
        ("a1", "w1", "SOON", "DC/A2", 10), ("a2", "w1", "LATE", "DC/A1", 2), ("a3", "t1", "LATE", "DC/A3", 5),
    ):  # fmt: skip
        shelved.add(
            "allocation", key, demand_line_key=line, item_code="I1", location_code=place, lot_number=lot,
            quantity=quantity, allocated_at=NOW + timedelta(minutes=5),
        )  # fmt: skip
    wanted(shelved, "x1", 99, order="MORE")
    shelved.post(SOURCE)
    assert propose(shelved, hours=1) == 1
    assert sum(quantity for order, *_, quantity in picks(shelved) if order == "MORE") == 13


def test_an_order_of_another_system_is_picked_by_people(shelved: Company) -> None:
    shelved.conn.execute("UPDATE lotwatch.demand_order SET source = 'hospital'")
    shelved.conn.execute("UPDATE lotwatch.demand_order_line SET source = 'hospital'")
    propose(shelved)
    ask(shelved)
    [(template, rows)] = shelved.conn.execute(
        "SELECT payload ->> 'template', payload -> 'data' -> 'rows' FROM lotwatch.outbox"
    ).fetchall()
    assert template == "pick_by_hand"
    assert [(row["stop"], row["place"], row["wanted_by"]) for row in rows] == [
        (1, "DC/A3", "THEATRE Hosp/Or"), (2, "DC/A2", "WARD Hosp/Or"), (3, "DC/A1", "WARD Hosp/Or"),
    ]  # fmt: skip
    assert state(shelved) == "sent"
    assert propose(shelved) == 0


def test_what_is_recalled_or_served_before_it_is_asked_about_is_refused(shelved: Company) -> None:
    propose(shelved)
    shelved.conn.execute("UPDATE lotwatch.demand_order_line SET quantity = 3 WHERE source_key = 'w1'")
    asked = ask(shelved)
    assert ["wait for 8 of them" in refusal.reason for refusal in asked.refusals] == [True]
    assert state(shelved) == "refused"
    assert propose(shelved) == 1  # anew, and right


def test_two_waves_never_count_on_the_same_stock(shelved: Company) -> None:
    propose(shelved)
    wanted(shelved, "x1", 99, order="MORE")
    shelved.post(SOURCE)
    assert propose(shelved) == 1
    by_lot: dict[str, int] = {}
    for _, lot, _, _, quantity in picks(shelved):
        by_lot[lot] = by_lot.get(lot, 0) + quantity
    assert by_lot == {"SOON": 10, "LATE": 20}


def test_what_is_gone_when_it_is_sent_is_not_told_to_the_warehouse(shelved: Company) -> None:
    shelved.conn.autocommit = True
    propose(shelved)
    ask(shelved)
    shelved.move(10, "PATIENT", "DC/A2", lot="SOON", days_ago=0)
    wanted(shelved, "other", 1, order="OTHER")
    shelved.post(SOURCE)
    wms = Wms(shelved)
    run(wms)
    told = shelved.conn.execute("SELECT guard, stage FROM lotwatch.guard_event").fetchall()
    assert told == [("stock", "send")]
    # the guard refuses an item: none of it is picked by this wave, and it is proposed anew
    assert wms.done == {}
    assert state(shelved) == "refused"
    assert propose(shelved) == 1
    assert {lot for _, lot, *_ in picks(shelved)[3:]} == {"LATE"}


def test_what_is_recalled_before_it_is_sent_is_not_told_to_the_warehouse(shelved: Company) -> None:
    shelved.conn.autocommit = True
    propose(shelved)
    ask(shelved)
    row = shelved.conn.execute("SELECT item_id, lot_id FROM lotwatch.lot WHERE number = 'SOON'").fetchone()
    assert row is not None
    open_by_quality(shelved.conn, shelved.context, [Subject(*row)], title="Broken seals", by="quinn")
    wms = Wms(shelved)
    run(wms)
    told = shelved.conn.execute("SELECT stage, reason FROM lotwatch.guard_event WHERE guard = 'recalled'").fetchall()
    assert told == [
        ("send", "I1, SOON is recalled (RC-000001): nothing of it is ordered or moved until the hold is released.")
    ]
    assert "SOON" not in {line.lot_number for task in wms.untold if task.kind == "pick" for line in task.lines}
    assert propose(shelved) == 1
    assert "SOON" not in {lot for _, lot, *_ in picks(shelved)[3:]}


def test_written_once_whatever_happens_on_the_way(shelved: Company) -> None:
    shelved.conn.autocommit = True
    propose(shelved)
    ask(shelved)
    wms = Wms(shelved, "silent", "down")
    for _ in range(3):
        run(wms)
    assert sorted(wms.times.values()) == [1, 1]
    assert state(shelved) == "sent"


def test_the_board_shows_which_lot_is_for_which_order_and_ward(shelved: Company, as_: Clients) -> None:  # noqa: F811
    propose(shelved)
    shelved.conn.execute("UPDATE lotwatch.proposal SET confidence = 0.5")  # people are asked
    [question] = ask(shelved).questions
    assert question.step == "department"
    access.introduce(shelved.conn, shelved.context, {"buyer": False})
    shelved.conn.commit()
    for page in ("/orders", "/approvals/1"):
        html = words(as_("buyer").get(page).text)
        assert "Leaves" in html
        assert "5 for THEATRE, Hosp/Or urgent" in html
        assert html.index("5 for THEATRE") < html.index("10 for WARD") < html.index("2 for WARD")
    assert "供 WARD：10, Hosp/Or" in words(as_("buyer").get("/orders?lang=zh").text)
