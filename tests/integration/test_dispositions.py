"""Dispositions: what recovers most becomes of a lot while it can; nothing expired is given to anybody; quantities add up to the end."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from lotwatch import actions, ledger
from lotwatch.actions import tasks
from lotwatch.actions.dispositions import DispositionSettings, propose_dispositions
from lotwatch.errors import LotwatchError
from lotwatch.rules import evaluate_live, load_rules
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared

RULES = [rule for rule in load_rules() if rule.id in {"near_expiry", "expired_on_shelf", "failed_inspection"}]
SETTINGS = DispositionSettings(currency="USD")
POLICIES = actions.Policies.model_validate({
    "steps": {"quality": {"title": {"en": "Quality", "zh": "质量"}, "approvers": ["quinn"]}},
    "policies": [{"id": "everything", "steps": ["quality"]}],
})


@prepared
def ending(company: Company) -> None:
    """I1: lot OLD has expired, part of it in a department of HOSP; SOON ends in 20 days and may go back until the 10th day;
    LAST ends in 30 days, came long ago. Nobody uses any of it."""
    company.item("I1")
    company.agreement("I1", return_window_days=30)
    company.lot("OLD", expires=TODAY - timedelta(days=1))
    company.lot("SOON", expires=TODAY + timedelta(days=20))
    company.lot("LAST", expires=TODAY + timedelta(days=30))
    company.move(7, "DC", lot="OLD", days_ago=200)
    company.move(5, "HOSP/OR", lot="OLD", days_ago=200)
    company.move(8, "DC", lot="SOON", days_ago=20)
    company.move(9, "DC", lot="LAST", days_ago=100)
    company.post()


def propose(company: Company) -> dict[str, int]:
    evaluate_live(company.conn, RULES, company.context)
    return propose_dispositions(company.conn, RULES, SETTINGS, company.context)


def proposed(company: Company) -> dict[tuple[str, str, str], int]:
    """Quantities by site, way and lot."""
    rows = company.conn.execute(
        "SELECT site.code, p.details ->> 'disposition', lot.number, sum(l.quantity)::int FROM lotwatch.proposal AS p"
        " JOIN lotwatch.location AS site ON p.site_id = site.location_id JOIN lotwatch.proposal_line AS l USING (proposal_id)"
        " JOIN lotwatch.lot USING (lot_id) WHERE p.kind = 'disposition' GROUP BY 1, 2, 3"
    ).fetchall()
    return {(site, way, lot): quantity for site, way, lot, quantity in rows}


def approve_all(company: Company) -> None:
    run = replace(company.context, run_id="ask")
    for question in actions.ask(company.conn, run, 200, POLICIES).questions:
        actions.decide(
            company.conn,
            actions.Decision(question.proposal.proposal_id, 1, question.step, "approved", "quinn", NOW),
            run,
            POLICIES,
        )


def opened(company: Company) -> dict[tuple[str, str, str | None], tuple[int, int]]:
    """By kind, site and place: the task's number, and how much it is about."""
    found: dict[tuple[str, str, str | None], tuple[int, int]] = {}
    for (task_id,) in company.conn.execute("SELECT task_id FROM lotwatch.task").fetchall():
        task = tasks.load_task(company.conn, task_id)
        what = f"{task.kind} {task.details['disposition']}"
        found[what, task.site_code, task.place_code] = task_id, sum(line.quantity for line in task.lines)
    return found


def state(company: Company, task_id: int) -> str:
    return tasks.load_task(company.conn, task_id).state


def test_each_lot_goes_the_way_that_recovers_most_while_it_can(ending: Company) -> None:
    counts = propose(ending)
    assert proposed(ending) == {
        ("DC", "scrap", "OLD"): 7,
        ("HOSP", "scrap", "OLD"): 5,
        ("DC", "return_to_supplier", "SOON"): 8,
        ("DC", "use_first", "LAST"): 9,
    }
    assert counts == {"dispositions": 4, "disposition_lines": 4}
    [number] = ending.conn.execute(
        "SELECT proposal_id FROM lotwatch.proposal WHERE details ->> 'disposition' = 'return_to_supplier'"
    ).fetchone()  # type: ignore[misc]
    back = actions.load_proposal(ending.conn, number)
    assert (back.supplier_code, back.saves, back.cost) == ("S1", 80, 0)
    assert {line.requested_on for line in back.lines} == {TODAY + timedelta(days=10)}
    said = [other["why_not"]["en"] for other in back.alternatives]
    assert "use first: recovers 0.00 USD instead of 80.00" in said
    assert any(each.startswith("scrap: it can still be used") for each in said)


def test_what_is_proposed_is_not_proposed_again_and_after_a_no_it_rests(ending: Company) -> None:
    propose(ending)
    assert propose(ending)["dispositions"] == 0
    ending.conn.execute("UPDATE lotwatch.proposal SET state = 'rejected'")
    assert propose(ending)["dispositions"] == 0
    later = replace(ending.context, as_of=NOW + timedelta(days=8))
    assert propose_dispositions(ending.conn, RULES, SETTINGS, later)["dispositions"] > 0


def test_a_lot_that_failed_is_credited_then_scrapped_and_customers_give_it_back(company: Company) -> None:
    company.item("I1")
    company.agreement("I1")  # takes nothing back
    company.location("CLINIC", kind="patient")
    company.lot("BAD")
    company.move(10, "DC", lot="BAD", days_ago=5)
    company.move(4, "CLINIC", "DC", lot="BAD", days_ago=3)
    company.add("demand_line", order_key="SO-1", order_number="SO-1", order_kind="customer", site_code="DC", customer_location="CLINIC", item_code="I1", quantity=4, state="done", ordered_at=NOW - timedelta(days=4))  # fmt: skip
    company.add("inspection", number="QC-1", item_code="I1", lot_number="BAD", state="failed", opened_at=NOW - timedelta(days=2), closed_at=NOW - timedelta(days=1))  # fmt: skip
    company.post()
    assert propose(company)["dispositions"] == 1
    assert proposed(company) == {("DC", "supplier_credit", "BAD"): 6}
    approve_all(company)
    found = opened(company)
    assert {key: quantity for key, (_, quantity) in found.items()} == {
        ("claim supplier_credit", "DC", None): 6,
        ("withdrawal supplier_credit", "DC", "CLINIC"): 4,
    }
    company.move(4, "DC", "CLINIC", lot="BAD", days_ago=-0.1)
    company.post()
    assert tasks.follow(company.conn, company.context)["tasks_closed"] == 1
    claim = found["claim supplier_credit", "DC", None][0]
    tasks.close_task(company.conn, claim, tasks.Result("done", "bea", evidence="CN-8"), company.context)
    later = replace(company.context, as_of=NOW + timedelta(days=8))
    evaluate_live(company.conn, RULES, later)
    propose_dispositions(company.conn, RULES, SETTINGS, later)
    assert proposed(company)["DC", "scrap", "BAD"] == 10


def test_carried_out_it_is_a_task_for_the_site_and_one_for_each_department_and_gone_stock_closes_them(
    ending: Company,
) -> None:
    propose(ending)
    approve_all(ending)
    found = opened(ending)
    assert {key: quantity for key, (_, quantity) in found.items()} == {
        ("disposal scrap", "DC", None): 7,
        ("disposal scrap", "HOSP", None): 5,
        ("withdrawal scrap", "HOSP", "HOSP/OR"): 5,
        ("disposal return_to_supplier", "DC", None): 8,
        ("disposal use_first", "DC", None): 9,
    }
    assert {row[0] for row in ending.conn.execute("SELECT payload ->> 'template' FROM lotwatch.outbox")} == {
        "task_opened"
    }
    at_department = found["withdrawal scrap", "HOSP", "HOSP/OR"][0]
    at_hospital = found["disposal scrap", "HOSP", None][0]
    back = found["disposal return_to_supplier", "DC", None][0]
    assert tasks.follow(ending.conn, ending.context) == {"tasks_closed": 0, "tasks_late": 0}
    later = replace(ending.context, as_of=NOW + timedelta(hours=5))

    # the department gives it to the store: its part is done, the hospital's is not
    ending.location("SCRAP", kind="scrap")
    ending.move(5, "HOSP", "HOSP/OR", lot="OLD", days_ago=-0.1)
    ending.move(6, "SUPPLIER", "DC", lot="SOON", days_ago=-0.1)
    ending.post()
    assert tasks.follow(ending.conn, later)["tasks_closed"] == 1
    assert [state(ending, task) for task in (at_department, at_hospital, back)] == ["done", "open", "open"]
    [line] = tasks.load_task(ending.conn, back).lines
    assert (line.quantity, line.gone) == (8, 6)

    ending.move(5, "SCRAP", "HOSP", lot="OLD", days_ago=-0.15)
    ending.move(2, "SUPPLIER", "DC", lot="SOON", days_ago=-0.15)
    ending.post()
    assert tasks.follow(ending.conn, later)["tasks_closed"] == 2
    assert [state(ending, task) for task in (at_hospital, back)] == ["done", "done"]


def test_a_unit_is_given_away_or_scrapped_by_its_own_day_and_not_by_its_lot_s(company: Company) -> None:
    company.item("I1", label_serial=True)
    for unit, lot_ends, unit_ends in (("ENDED", 400, -1), ("LASTS", -1, 30)):
        company.lot(f"L {unit}", expires=TODAY + timedelta(days=lot_ends))
        company.add("lot", item_code="I1", lot_number=f"L {unit}", serial_number=unit, usable_through=TODAY + timedelta(days=unit_ends))  # fmt: skip
        company.move(1, "DC", lot=f"L {unit}", serial_number=unit, days_ago=100)
    company.post()
    propose(company)
    approve_all(company)
    lines = [line for number, _ in opened(company).values() for line in tasks.load_task(company.conn, number).lines]
    assert {line.serial_number: (line.disposition, line.last_day) for line in lines} == {
        "ENDED": ("scrap", TODAY - timedelta(days=1)),
        "LASTS": ("use_first", TODAY + timedelta(days=30)),
    }


def test_a_person_closes_it_once_and_says_what_became_of_the_rest(ending: Company) -> None:
    propose(ending)
    approve_all(ending)
    task_id = opened(ending)["disposal return_to_supplier", "DC", None][0]
    [line] = tasks.load_task(ending.conn, task_id).lines
    key = tasks.line_key(line)

    def close(**values: Any) -> None:
        plain: dict[str, Any] = {"state": "done", "closed_by": "walt"}
        tasks.close_task(ending.conn, task_id, tasks.Result(**plain | values), ending.context)

    for quantities, why in (({key: 9}, "not one of it"), ({key: 5}, "not said why"), ({}, "not one of it")):
        with pytest.raises(LotwatchError, match=why):
            close(quantities=quantities)
    with pytest.raises(LotwatchError, match="not said why"):
        close(state="cancelled")
    close(quantities={key: 5}, note="three were used meanwhile", evidence="RMA-7")
    [line] = tasks.load_task(ending.conn, task_id).lines
    assert (line.quantity, line.done_quantity) == (8, 5)
    with pytest.raises(LotwatchError, match="done already"):
        close()
    # its movements may take their time: it is not proposed again at once
    assert propose(ending)["dispositions"] == 0


def test_whoever_is_late_is_reminded_and_again_after_days_of_silence(ending: Company) -> None:
    propose(ending)
    approve_all(ending)
    for days, late in ((40, 5), (40, 0), (42, 0), (44, 5)):
        then = replace(ending.context, as_of=NOW + timedelta(days=days))
        assert tasks.follow(ending.conn, then)["tasks_late"] == late


@pytest.mark.parametrize("way", ["use_first", "redistribute", "resale"])
def test_nothing_expired_or_held_is_given_to_anybody(ending: Company, way: str) -> None:
    propose(ending)
    ending.conn.execute(
        "UPDATE lotwatch.proposal SET details = details || jsonb_build_object('disposition', %s::text)", (way,)
    )
    [(soon,)] = ending.conn.execute("SELECT lot_id FROM lotwatch.lot WHERE number = 'SOON'").fetchall()
    [(item,)] = ending.conn.execute("SELECT item_id FROM lotwatch.item").fetchall()
    hold = ledger.Hold(cause="quality", reason="looks odd", item_id=item, lot_id=soon, reference="Q-1")
    ledger.place_hold(ending.conn, hold, ending.context, "quinn")
    asked = actions.ask(ending.conn, replace(ending.context, run_id="ask"), 200, POLICIES)
    assert {line.lot_number for proposal in asked.proposals for line in proposal.lines} == {"LAST"}
    reasons = " ".join(refusal.reason for refusal in asked.refusals)
    assert "OLD has expired and is given to nobody" in reasons
    assert "SOON is held or blocked" in reasons


def test_the_database_itself_gives_away_nothing_that_has_expired(ending: Company) -> None:
    propose(ending)
    scrap = actions.load_proposal(ending.conn, 1)
    [(lot, item)] = ending.conn.execute("SELECT lot_id, item_id FROM lotwatch.lot WHERE number = 'OLD'").fetchall()

    def open_with(way: str) -> None:
        line = tasks.TaskLine(item, lot, 0, scrap.site_id, 1, way)
        task = tasks.NewTask(1, "disposal", scrap.site_id, "warehouse", {"en": "x", "zh": "x"}, NOW, [line])
        tasks.open_task(ending.conn, task, ending.context)

    with pytest.raises(psycopg.errors.CheckViolation, match="nothing_expired_is_given_away"):
        open_with("resale")
    open_with("scrap")


def test_what_moved_between_the_yes_and_the_task_is_refused_with_the_reason(ending: Company) -> None:
    propose(ending)
    asked = actions.ask(ending.conn, replace(ending.context, run_id="ask"), 200, POLICIES)
    ending.move(8, "PATIENT", "DC", lot="SOON", days_ago=0)
    ending.post()
    [back] = [q for q in asked.questions if q.proposal.details["disposition"] == "return_to_supplier"]
    decision = actions.Decision(back.proposal.proposal_id, 1, back.step, "approved", "quinn", NOW)
    actions.decide(ending.conn, decision, replace(ending.context, run_id="ask"), POLICIES)
    assert actions.load_proposal(ending.conn, back.proposal.proposal_id).state == "refused"
    assert opened(ending) == {}


def test_what_is_held_for_a_recall_is_left_to_the_recall(ending: Company) -> None:
    [(item,)] = ending.conn.execute("SELECT item_id FROM lotwatch.item").fetchall()
    ledger.place_hold(
        ending.conn,
        ledger.Hold(cause="recall", reason="recalled", item_id=item, reference="FSN-1"),
        ending.context,
        "quinn",
    )
    assert propose(ending)["dispositions"] == 0
