"""Cases with suppliers and carriers: asked once, at the portal or by people, and over when there is an answer."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lotwatch import access, actions
from lotwatch.actions import tasks
from lotwatch.actions.exceptions import load_exceptions, propose_exceptions
from lotwatch.delivery import Gateways, drain, hear
from lotwatch.delivery.portals import OrderResponse, Portals
from lotwatch.delivery.portals.rest import RestPortal
from lotwatch.rules import evaluate_live, load_rules
from tests.integration import servers
from tests.integration.company import NOW, TODAY, Company
from tests.integration.servers import PATIENCE, PORTAL_TOKEN, Server
from tests.integration.test_board_approvals import Clients, airflow_told, as_, board  # noqa: F401  # fixtures
from tests.integration.test_board_ledger import _airflow_home, words  # noqa: F401  # a fixture
from tests.integration.test_delivery import SETTINGS, World, calm, due_now

RULES = [rule for rule in load_rules() if "exception" in rule.actions]


@pytest.fixture(scope="module")
def running_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.portal(tmp_path_factory.mktemp("portal")) as server:
        yield server


@pytest.fixture
def portal(running_portal: Server) -> Server:
    running_portal.reset()
    return running_portal


@pytest.fixture
def late(company: Company) -> Company:
    """Two lines of PO-1 are a day late."""
    for item in ("I1", "I2"):
        company.item(item)
        company.order_line(5, item, f"PO-1 {item}", promised_on=TODAY - timedelta(days=1))
    company.post()
    return company


@pytest.fixture
def under_way(company: Company) -> Company:
    """DN-7 of PO-1, with a carrier, should have arrived two days ago."""
    company.item()
    company.order_line(5, key="PO-1 I1")
    company.post()
    shipment(company)
    return company


def shipment(company: Company, **row: Any) -> None:
    plain = {
        "delivery_key": "dn,7", "delivery_number": "DN-7", "to_location": "DC", "state": "shipped", "carrier": "Swift",
        "shipped_at": NOW - timedelta(days=4), "expected_at": NOW - timedelta(days=2), "item_code": "I1", "quantity": 5,
        "order_line_key": "PO-1 I1",
    }  # fmt: skip
    company.add("delivery_line", "dn,7,1", **(plain | row))
    company.post("wms")


def ask(company: Company, as_of: datetime = NOW) -> list[tasks.Task]:
    """What open alerts complain of is proposed and, by the shipped policies, approved; all tasks there are."""
    run = replace(company.context, run_id=f"ask {as_of}", as_of=as_of)
    evaluate_live(company.conn, RULES, run)
    propose_exceptions(company.conn, RULES, run)
    actions.ask(company.conn, run, 200, actions.load_policies())
    found = company.conn.execute("SELECT task_id FROM lotwatch.task ORDER BY task_id").fetchall()
    return [tasks.load_task(company.conn, task_id) for (task_id,) in found]


def gateways(portal: Server | None) -> Gateways:
    """Everything in memory, but the portal, which is the stand-in's where there is one."""
    plain = World(calm()).gateways()
    if portal is None:
        return plain
    client = RestPortal(portal.url, PORTAL_TOKEN, PATIENCE)
    return replace(plain, portals=Portals({"portal": SETTINGS}, lambda settings: client))


def send(company: Company, ways: Gateways, rounds: int = 1) -> dict[str, int]:
    company.conn.commit()
    company.conn.autocommit = True
    counts: dict[str, int] = {}
    for _ in range(rounds):
        due_now(company.conn)
        counts |= drain(company.conn, ways, company.context).counts
    return counts


def told(company: Company) -> list[dict[str, Any]]:
    rows = company.conn.execute("SELECT payload FROM lotwatch.outbox WHERE payload ->> 'template' = 'case_by_hand'")
    return [payload for (payload,) in rows.fetchall()]


def follow(company: Company, days: float = 1) -> int:
    return tasks.follow(company.conn, replace(company.context, as_of=NOW + timedelta(days=days)))["tasks_closed"]


def test_every_rule_that_asks_for_a_case_has_its_terms_and_all_terms_a_rule_that_asks() -> None:
    named = {rule for each in load_exceptions().values() for rule in each.rules}
    assert {rule.id for rule in RULES} == named
    assert all(rule.mode == "act" for rule in RULES)


@pytest.mark.parametrize("mode", ["timeout_after_accept", "timeout_before_accept", "500"])
def test_an_order_has_one_case_at_the_portal_whatever_goes_wrong(late: Company, portal: Server, mode: str) -> None:
    [task] = ask(late)
    assert (task.kind, task.role, task.what["zh"]) == ("exception", "buyer", "订单延迟：PO-1 Supplier One")
    assert len(ask(late)) == 1  # it is under way
    portal.misbehave(mode)
    send(late, gateways(portal), rounds=3)
    [received] = portal.received("cases")["cases"]
    case = received["case"]
    assert (case["reference"], case["order_number"], case["asks"]) == (task.reference, "PO-1", "date")
    assert [(line["item_code"], line["quantity"]) for line in case["lines"]] == [("I1", 5), ("I2", 5)]
    assert tasks.load_task(late.conn, task.task_id).details["case_number"] == received["case_number"]
    assert told(late) == []


def test_the_board_shows_cases_among_the_orders(late: Company, as_: Clients) -> None:  # noqa: F811
    ask(late)
    access.introduce(late.conn, late.context, {"buyer": False})
    late.conn.commit()
    page = as_("buyer").get("/orders")
    assert page.status_code == 200
    assert "PO-1" in words(page.text)


def test_a_case_is_over_when_each_line_has_a_new_day(late: Company) -> None:
    [task] = ask(late)
    assert follow(late) == 0
    late.order_line(5, "I1", "PO-1 I1", promised_on=TODAY + timedelta(days=3))
    late.post()
    assert follow(late) == 0
    late.order_line(5, "I2", "PO-1 I2", promised_on=TODAY + timedelta(days=4))
    late.post()
    assert follow(late) == 1
    closed = tasks.load_task(late.conn, task.task_id)
    assert (closed.state, closed.evidence) == ("done", "PO-1: 2026-06-18; PO-1: 2026-06-19")
    assert len(ask(late, NOW + timedelta(days=6))) == 1  # late once more, and asked only just now
    assert len(ask(late, NOW + timedelta(days=9))) == 2


def test_a_confirmation_after_the_case_closes_it(late: Company) -> None:
    [task] = ask(late)
    world = World(calm())
    late.conn.commit()
    late.conn.autocommit = True
    for number, hours, closed in (("NOT YET", 1, 0), ("YES", 2, 1)):
        state = "accepted" if closed else "pending"
        world.answers.append(
            OrderResponse(number=number, reference="PO-1", issued_at=NOW + timedelta(hours=hours), state=state)
        )
        hear(late.conn, world.gateways().portals, late.context)
        assert follow(late) == closed
    assert tasks.load_task(late.conn, task.task_id).state == "done"


def test_who_has_no_portal_for_it_is_asked_by_people_and_an_arrival_closes_it(under_way: Company) -> None:
    [task] = ask(under_way)
    assert (task.role, task.what["en"]) == ("warehouse", "Late or silent shipment: DN-7 Swift")
    send(under_way, gateways(None))
    [payload] = told(under_way)
    assert (payload["to"], payload["data"]["party"], payload["data"]["asks"]) == (["warehouse"], "Supplier One", "date")
    shipment(under_way, expected_at=NOW + timedelta(days=2))
    assert follow(under_way) == 1
    assert tasks.load_task(under_way.conn, task.task_id).evidence == "DN-7: 2026-06-17 08:00 UTC"


def test_what_the_portal_refuses_is_left_to_people(under_way: Company, portal: Server) -> None:
    [task] = ask(under_way)
    portal.misbehave("reject")
    assert send(under_way, gateways(portal))["portal_case.failed"] == 1
    assert portal.received("cases")["cases"] == []
    [payload] = told(under_way)
    assert "credit limit" in payload["data"]["error"]
    assert tasks.load_task(under_way.conn, task.task_id).state == "open"
    late = replace(under_way.context, as_of=NOW + timedelta(days=2))
    assert tasks.follow(under_way.conn, late)["tasks_late"] == 1


def test_a_claim_is_asked_about_first_and_stays_until_a_person_closes_it(under_way: Company) -> None:
    shipment(under_way, state="delivered", delivered_at=NOW - timedelta(days=1), received_quantity=3)
    assert ask(under_way) == []
    [proposal] = [actions.load_proposal(under_way.conn, number) for number in (1,)]
    assert (proposal.kind, proposal.state, proposal.details["case"]) == ("exception", "waiting", "short_shipment")
    assert [line.quantity for line in proposal.lines] == [2]
    said = actions.Decision(1, proposal.revision, proposal.asked_step or "", "approved", "buyer", NOW)
    run = replace(under_way.context, run_id=proposal.asked_by_run or "")
    actions.decide(under_way.conn, said, run, actions.load_policies())
    assert follow(under_way) == 0
    closed = tasks.close_task(under_way.conn, 1, tasks.Result("done", "bea", evidence="CLAIM-9"), under_way.context)
    assert closed.details["asks"] == "claim"


def test_a_closed_case_is_not_sent(late: Company, portal: Server) -> None:
    [task] = ask(late)
    tasks.close_task(late.conn, task.task_id, tasks.Result("cancelled", "bea", "settled by phone"), late.context)
    assert send(late, gateways(portal)) == {"portal_case.refused": 1}
    assert portal.received("cases")["cases"] == []


def test_a_supplier_that_delivers_badly_is_asked_for_the_cause_with_what_it_owes(late: Company) -> None:
    evaluate_live(late.conn, RULES, late.context)
    late.conn.execute(
        "UPDATE lotwatch.alert SET rule_id = 'supplier_late', variant = 0, subject_kind = 'supplier', subject_key = 'S1'"
        " WHERE subject_key LIKE '%I1'"
    )
    assert propose_exceptions(late.conn, RULES, late.context) == {"exceptions": 2}
    assert propose_exceptions(late.conn, RULES, late.context) == {"exceptions": 0}
    cases = {case.details["case"]: case for case in (actions.load_proposal(late.conn, number) for number in (1, 2))}
    asked = cases["poor_performance"]
    assert (asked.supplier_code, asked.site_code, asked.details["terms"]["asks"]) == ("S1", "DC", "measures")
    assert [line.item_code for line in asked.lines] == ["I1", "I2"]
    assert [line.item_code for line in cases["late_order"].lines] == ["I2"]
