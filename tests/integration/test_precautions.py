"""Before a recall: a lot with bad news is proposed for a hold once, held everywhere when quality agrees, and left alone while held."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from lotwatch import actions, facts, ledger
from lotwatch.actions.precautions import propose_precautions
from lotwatch.actions.precautions.propose import QUIET
from lotwatch.jobs import watch
from lotwatch.ledger import holds
from lotwatch.rules import evaluate_live, load_rules
from tests.integration.company import NOW, Company
from tests.worlds import prepared

RULES = [rule for rule in load_rules() if "hold" in rule.actions]
POLICIES = actions.load_policies()


@prepared
def doubtful(company: Company) -> None:
    """Of one lot at two sites an open quality alert tells; of another, that failed twice, its inspections hold all."""
    company.item()
    company.lot("L1")
    company.lot("L2")
    company.move(7, "DC", days_ago=20)
    company.move(3, "HOSP", days_ago=20)
    company.move(5, "DC", lot="L2", days_ago=20)
    company.add(
        "quality_alert", number="QA-1", item_code="I1", lot_number="L1", title="seal leaks", state="open", opened_at=NOW
    )
    for number, days in (("QC-1", 9), ("QC-2", 3)):
        then = NOW - timedelta(days=days)
        company.add("inspection", number=number, item_code="I1", lot_number="L2", state="failed", opened_at=then, closed_at=then)  # fmt: skip
    company.post()


def proposed(company: Company, as_of: datetime = NOW) -> int:
    run = replace(company.context, as_of=as_of)
    evaluate_live(company.conn, RULES, run)
    return propose_precautions(company.conn, RULES, run)["precautions"]


def answer(company: Company, said: str) -> actions.Proposal:
    """Quality's answer to the one question there is."""
    run = replace(company.context, run_id="ask")
    [question] = actions.ask(company.conn, run, 200, POLICIES).questions
    assert (question.step, question.proposal.kind) == ("quality", "hold")
    decision = actions.Decision(question.proposal.proposal_id, 1, question.step, said, "approver", NOW)  # type: ignore[arg-type]
    actions.decide(company.conn, decision, run, POLICIES)
    return actions.load_proposal(company.conn, question.proposal.proposal_id)


def precautions(company: Company) -> list[holds.PlacedHold]:
    return [hold for hold in holds.list_holds(company.conn) if hold.cause == "precaution"]


def usable(company: Company) -> int:
    with company.conn.transaction():
        facts.live(company.conn, NOW)
        row = company.conn.execute("SELECT usable FROM lotwatch.fact_lot_quality WHERE lot_number = 'L1'").fetchone()
    assert row is not None
    return int(row[0])


def test_a_lot_with_bad_news_is_proposed_once_and_held_everywhere_when_quality_agrees(doubtful: Company) -> None:
    assert (proposed(doubtful), proposed(doubtful)) == (1, 0)
    assert (precautions(doubtful), usable(doubtful)) == ([], 10)
    proposal = answer(doubtful, "approved")
    [line] = proposal.lines
    assert (proposal.state, line.lot_number, line.quantity) == ("sent", "L1", 10)
    assert proposal.if_nobody_acts is not None
    assert "10 units" in proposal.if_nobody_acts["en"]
    [hold] = precautions(doubtful)
    assert (hold.reference, hold.authority, hold.lot_number, hold.location_code) == (
        proposal.code,
        "quality",
        "L1",
        None,
    )
    assert hold.reason is not None
    assert hold.reason.startswith("In use despite an open quality alert (")
    assert "quality_alerts 1" in hold.reason
    assert usable(doubtful) == 0
    audited = doubtful.conn.execute(
        "SELECT 1 FROM lotwatch.audit_event WHERE object_kind = 'hold' AND object_id = %s", (str(hold.hold_id),)
    )
    assert audited.rowcount == 1
    assert actions.take_untold(doubtful.conn, NOW) == []


def test_it_is_not_proposed_again_while_it_is_held_nor_just_after_it_was_released(doubtful: Company) -> None:
    proposed(doubtful)
    answer(doubtful, "approved")
    [hold] = precautions(doubtful)
    later = NOW + QUIET + timedelta(days=3)
    assert proposed(doubtful, later) == 0
    run = replace(doubtful.context, as_of=later)
    ledger.release_hold(doubtful.conn, hold.hold_id, run, authorities=["quality"], released_by="quinn", reason="sound")
    assert proposed(doubtful, later + timedelta(days=1)) == 0
    assert proposed(doubtful, later + QUIET + timedelta(days=1)) == 1


def test_a_no_holds_nothing_and_is_respected_for_a_while(doubtful: Company) -> None:
    proposed(doubtful)
    assert answer(doubtful, "rejected").state == "rejected"
    assert precautions(doubtful) == []
    assert proposed(doubtful, NOW + timedelta(days=1)) == 0
    assert proposed(doubtful, NOW + QUIET + timedelta(days=1)) == 1


@pytest.mark.parametrize(
    ("cause", "place", "count"), [("recall", None, 1), ("precaution", None, 1), ("quality", "DC", 2), ("data", None, 2)]
)
def test_a_lot_that_failed_twice_is_proposed_when_its_own_holds_are_gone_unless_another_holds_all_of_it(
    doubtful: Company, cause: holds.Cause, place: str | None, count: int
) -> None:
    for hold in holds.list_holds(doubtful.conn):
        ledger.release_hold(
            doubtful.conn, hold.hold_id, doubtful.context, authorities=["quality"], released_by="quinn", reason="passed"
        )
    meant = holds.named(doubtful.conn, cause, "X-1", "x", item="I1", lot="L2", location=place)
    ledger.place_hold(doubtful.conn, meant, doubtful.context, "quinn")
    assert proposed(doubtful) == count


def test_watching_proposes_it(doubtful: Company) -> None:
    watch.evaluate(doubtful.conn, doubtful.context)
    counts = watch.propose(doubtful.conn, doubtful.context, actions.ProposeSettings())
    assert counts["precautions"] == 1
    assert counts["proposals"] >= 1
