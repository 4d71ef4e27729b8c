"""Checks and work orders: asked for once, closed with their checklist; what failed or is late blocks its lots, by its own hold alone."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from lotwatch import actions, ledger
from lotwatch.actions import tasks
from lotwatch.actions.checks import load_checklists, propose_checks
from lotwatch.errors import LotwatchError
from lotwatch.ledger.holds import list_holds
from lotwatch.rules import Rule, evaluate_live, load_rules
from tests.integration.company import NOW, Company
from tests.worlds import prepared

CHECKS = load_checklists()
RULES = [rule for rule in load_rules() if any(rule.id in each.rules for each in CHECKS.values())]


def ask_for(company: Company, rule_id: str, as_of: datetime = NOW) -> list[tasks.Task]:
    """What the alerts of a rule ask for, by the shipped policies; all tasks there are."""
    rules: list[Rule] = [rule for rule in RULES if rule.id == rule_id]
    run = replace(company.context, run_id="ask", as_of=as_of)
    evaluate_live(company.conn, rules, run)
    propose_checks(company.conn, rules, run)
    actions.ask(company.conn, run, 200, actions.load_policies())
    found = company.conn.execute("SELECT task_id FROM lotwatch.task ORDER BY task_id").fetchall()
    return [tasks.load_task(company.conn, task_id) for (task_id,) in found]


def holds(company: Company) -> set[str]:
    return {hold.reference for hold in list_holds(company.conn)}


def told(company: Company, template: str) -> list[list[str]]:
    rows = company.conn.execute(
        "SELECT payload -> 'to' FROM lotwatch.outbox WHERE payload ->> 'template' = %s", (template,)
    ).fetchall()
    return [to for (to,) in rows]


@prepared
def failing(company: Company) -> None:
    """A lot at DC that failed its inspection twice; the second has held it."""
    company.item()
    company.lot()
    company.move(10, "DC", days_ago=20)
    for number, days in (("QC-1", 9), ("QC-2", 3)):
        then = NOW - timedelta(days=days)
        company.add("inspection", number=number, item_code="I1", lot_number="L1", state="failed", opened_at=then, closed_at=then)  # fmt: skip
    company.post()


def test_every_rule_that_asks_for_one_has_a_checklist_and_every_checklist_a_rule_that_asks() -> None:
    asking = {
        (rule.id, action) for rule in load_rules() for action in rule.actions if action in {"check", "work_order"}
    }
    assert asking == {(rule, each.action) for each in CHECKS.values() for rule in each.rules}


def test_a_late_check_holds_its_lot_and_passing_it_releases_its_own_hold_alone(failing: Company) -> None:
    [task] = ask_for(failing, "lot_failed_repeatedly")
    assert (task.kind, task.role, task.site_code, len(task.checklist)) == ("check", "quality", "DC", 4)
    assert task.what["en"] == "Quality check of a lot: I1 L1"
    assert len(ask_for(failing, "lot_failed_repeatedly")) == 1  # it is under way
    before = holds(failing)
    late = replace(failing.context, as_of=NOW + timedelta(days=3))
    tasks.follow(failing.conn, late)
    tasks.follow(failing.conn, late)
    assert holds(failing) == before | {task.reference}
    assert told(failing, "check_failed") == [["warehouse", "quality"]]

    points = {point["key"] for point in task.checklist}
    answers: dict[str, tasks.PointAnswer] = dict.fromkeys(points, "passed")
    for said, why in (
        (answers | {"no_such": "passed"}, "not one of its checklist"),
        ({"label": "passed"}, "have no answer"),
        (answers | {"label": "failed"}, "close it as failed"),
    ):
        with pytest.raises(LotwatchError, match=why):
            tasks.close_task(failing.conn, task.task_id, tasks.Result("done", "quinn", answers=said), late)  # type: ignore[arg-type]
    tasks.close_task(failing.conn, task.task_id, tasks.Result("done", "quinn", answers=answers), late)
    assert holds(failing) == before
    assert tasks.load_task(failing.conn, task.task_id).answers == answers
    assert len(ask_for(failing, "lot_failed_repeatedly", late.as_of)) == 1  # only just now


def test_a_failed_check_holds_its_lot_until_quality_releases_it(failing: Company) -> None:
    [task] = ask_for(failing, "lot_failed_repeatedly")
    result = tasks.Result("failed", "quinn", "the seal is broken", answers={"packaging": "failed"})
    tasks.close_task(failing.conn, task.task_id, result, failing.context)
    assert task.reference in holds(failing)
    [hold] = [hold for hold in list_holds(failing.conn) if hold.reference == task.reference]
    assert (hold.cause, hold.authority, hold.lot_number) == ("quality", "quality", "L1")


def test_a_failed_check_of_an_order_line_is_told_to_purchasing_and_holds_nothing(company: Company) -> None:
    company.item()
    company.agreement(price_ceiling=Decimal(11))
    company.order_line(5, unit_price=Decimal(12))
    company.post()
    [task] = ask_for(company, "price_above_ceiling")
    assert (task.role, task.lines, task.details["order_number"]) == ("buyer", (), "PO-1")
    tasks.close_task(company.conn, task.task_id, tasks.Result("failed", "bea", "nobody agreed"), company.context)
    assert told(company, "check_failed") == [["buyer", "quality"]]
    assert holds(company) == set()


def test_a_count_work_order_is_closed_by_the_ledgers_count(company: Company) -> None:
    company.item()
    company.lot()
    company.move(2, "DC", days_ago=20)
    company.move(5, "PATIENT", "DC", days_ago=2)
    company.post()
    [task] = ask_for(company, "negative_stock")
    assert (task.kind, task.role) == ("count", "warehouse")
    company.add(
        "count", number="C-1", kind="count", site_code="DC", counted_at=NOW + timedelta(hours=1), counted_by="walt",
        location_code="DC", item_code="I1", lot_number="L1", quantity=0,
    )  # fmt: skip
    company.post()
    later = replace(company.context, as_of=NOW + timedelta(hours=2))
    assert tasks.follow(company.conn, later)["tasks_closed"] == 0  # nobody has decided on it
    ledger.decide_count(company.conn, 1, "approved", later, decided_by="ann")
    assert tasks.follow(company.conn, later)["tasks_closed"] == 1
    closed = tasks.load_task(company.conn, task.task_id)
    assert (closed.state, closed.evidence) == ("done", "ST-000001")
