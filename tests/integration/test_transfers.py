"""Transfers: what is too much here goes to where it is short, lot by lot, before anything is bought; carried out once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from lotwatch import actions, facts, ledger
from lotwatch.actions import warehouse
from lotwatch.actions.transfers import TransferSettings, propose_substitutes, propose_transfers
from lotwatch.jobs import watch
from lotwatch.planning import PlanSettings
from lotwatch.rules import evaluate_live, load_rules
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared

SETTINGS = TransferSettings(currency="USD")
ASKED = actions.Policies.model_validate({
    "steps": {"buyer": {"title": {"en": "Purchasing", "zh": "采购"}, "approvers": ["buyer"]}},
    "policies": [{"id": "everything", "steps": ["buyer"]}],
})


@prepared
def uneven(company: Company) -> None:
    """HOSP uses two a day and has six left; DC has far too much of two lots, one of which ends in 40 days."""
    company.item("I1")
    company.agreement("I1")
    company.lot("SOON", "I1", expires=TODAY + timedelta(days=40))
    company.lot("LATE", "I1")
    company.move(60, "DC", lot="SOON", days_ago=40)
    company.move(300, "DC", lot="LATE", days_ago=40)
    company.move(26, "HOSP", lot="LATE", days_ago=40)
    for day in range(1, 11):
        company.move(2, "PATIENT", "HOSP", lot="LATE", days_ago=day)
        company.move(1, "PATIENT", "DC", lot="SOON", days_ago=day)
    company.add(
        "lane", from_site_code="DC", to_site_code="HOSP", permitted=True, cost=Decimal(20), currency="USD",
        transit_days_p50=Decimal(1), transit_days_p95=Decimal(2),
    )  # fmt: skip
    company.post()
    watch.plan(company.conn, company.context, PlanSettings(history_days=10))
    evaluate_live(company.conn, load_rules(), company.context)


def lines(company: Company) -> list[tuple]:
    return company.conn.execute(
        "SELECT p.kind, f.code, t.code, lot.number, l.quantity FROM lotwatch.proposal AS p"
        " JOIN lotwatch.proposal_line AS l USING (proposal_id) LEFT JOIN lotwatch.lot AS lot USING (lot_id)"
        " LEFT JOIN lotwatch.location AS f ON p.from_site_id = f.location_id"
        " JOIN lotwatch.location AS t ON p.site_id = t.location_id ORDER BY p.proposal_id, lot.number"
    ).fetchall()


def test_what_ends_first_goes_to_where_it_is_short(uneven: Company) -> None:
    counts = propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    assert counts["transfers"] == 1
    moved = {lot: quantity for _, _, _, lot, quantity in lines(uneven)}
    need = uneven.conn.execute(
        "SELECT p.target_level FROM lotwatch.policy AS p JOIN lotwatch.location AS l ON p.site_id = l.location_id WHERE l.code = 'HOSP'"
    ).fetchone()
    assert need is not None
    assert sum(moved.values()) >= need[0] - 6
    assert "SOON" in moved
    proposal = actions.load_proposal(uneven.conn, 1)
    assert (proposal.kind, proposal.from_site_code, proposal.site_code) == ("transfer", "DC", "HOSP")
    assert proposal.cost == Decimal(20)
    assert proposal.saves is not None
    assert proposal.saves > 0
    assert proposal.if_nobody_acts is not None
    assert "stay short" in proposal.if_nobody_acts["en"]


def test_what_is_proposed_is_not_proposed_again_nor_bought(uneven: Company) -> None:
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0
    assert actions.propose(uneven.conn, load_rules(), actions.ProposeSettings(), uneven.context)["proposals"] == 0


def test_a_site_is_not_sent_what_ends_again_and_again_while_it_is_on_its_way(uneven: Company) -> None:
    """However much of it there is elsewhere: what the site uses until the last day was proposed already, and leaves no room."""
    uneven.lot("MUCH", "I1", expires=TODAY + timedelta(days=28))
    uneven.move(5000, "DC", lot="MUCH", days_ago=20)
    uneven.post()
    evaluate_live(uneven.conn, load_rules(), uneven.context)
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 1
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0
    quantity = sent_of_much(uneven)
    assert quantity <= 28 * 2
    uneven.conn.execute("UPDATE lotwatch.proposal SET state = 'sent', erp_number = 'T1'")
    row = {"delivery_key": "T1", "delivery_number": "T1", "from_site": "DC", "to_location": "HOSP", "state": "shipped"}
    uneven.add("delivery_line", "T1", item_code="I1", lot_number="MUCH", quantity=quantity, shipped_at=NOW, **row)
    uneven.post()
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    assert sent_of_much(uneven) == quantity, "also when only its delivery tells of it"


def test_a_need_beyond_the_horizon_is_answered_at_once_and_not_a_bit_more_with_each_watch(uneven: Company) -> None:
    uneven.conn.execute("UPDATE lotwatch.lot SET usable_through = %s", (TODAY + timedelta(days=400),))
    uneven.conn.execute(
        "INSERT INTO lotwatch.policy (item_id, site_id, valid_from, average_daily_usage, lead_time_days, safety_stock,"
        " reorder_point, target_level, max_level, method, inputs, reason, set_by)"
        " SELECT item_id, site_id, %s, 2, lead_time_days, safety_stock, 300, 400, 500, method, inputs, reason, set_by"
        " FROM lotwatch.policy WHERE site_id = (SELECT location_id FROM lotwatch.location WHERE code = 'HOSP')",
        (NOW,),
    )
    evaluate_live(uneven.conn, load_rules(), uneven.context)
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 1
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0


def test_who_said_no_to_a_transfer_gives_only_what_it_does_not_use(uneven: Company) -> None:
    """Its usage is known all the same: what it will use in time had been taken for what ends unused."""
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    uneven.conn.execute("UPDATE lotwatch.proposal SET state = 'rejected'")
    uneven.lot("HERE", "I1", expires=TODAY + timedelta(days=30))
    uneven.move(10, "HOSP", lot="HERE", days_ago=20)
    uneven.add(
        "lane", from_site_code="HOSP", to_site_code="DC", permitted=True, cost=Decimal(1), currency="USD",
        transit_days_p50=Decimal(1), transit_days_p95=Decimal(2),
    )  # fmt: skip
    uneven.post()
    before = lines(uneven)
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    assert lines(uneven) == before


def sent_of_much(company: Company) -> int:
    return sum(quantity for _, _, _, lot, quantity in lines(company) if lot == "MUCH")


def test_what_comes_to_the_reorder_point_is_not_topped_up_as_a_guard_would_refuse_that(uneven: Company) -> None:
    uneven.conn.execute("UPDATE lotwatch.lot SET usable_through = %s", (TODAY + timedelta(days=400),))
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    facts.live(uneven.conn, NOW)
    uneven.conn.execute(
        "UPDATE lotwatch.proposal_line SET quantity = fact.reorder_point - fact.inventory_position,"
        " refused = lot_id <> (SELECT min(lot_id) FROM lotwatch.proposal_line)"
        " FROM lotwatch.fact_item_site AS fact JOIN lotwatch.location AS site"
        " ON fact.site_id = site.location_id WHERE site.code = 'HOSP'"
    )
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0


def test_without_a_permitted_lane_nothing_moves(uneven: Company) -> None:
    uneven.conn.execute("UPDATE lotwatch.lane SET permitted = false")
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0


def test_what_must_be_kept_cold_goes_only_where_it_is_kept_cold_under_way(uneven: Company) -> None:
    uneven.conn.execute("UPDATE lotwatch.item SET storage_min_c = 2, storage_max_c = 8")
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0
    uneven.conn.execute("UPDATE lotwatch.lane SET temperature_min_c = 2, temperature_max_c = 8")
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 1


def test_between_legal_entities_it_is_a_return_and_a_new_shipment(uneven: Company) -> None:
    uneven.conn.execute(
        "WITH e AS (INSERT INTO lotwatch.legal_entity (code, name, country) VALUES ('A', 'A', 'DE'), ('B', 'B', 'DE')"
        " RETURNING legal_entity_id, code)"
        " UPDATE lotwatch.location AS l SET legal_entity_id = e.legal_entity_id FROM e"
        " WHERE (l.code, e.code) IN (('DC', 'A'), ('HOSP', 'B'))"
    )
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    assert {kind for kind, *_ in lines(uneven)} == {"return_and_reship"}
    run = replace(uneven.context, run_id="ask")
    [question] = actions.ask(uneven.conn, run, 200, ASKED).questions
    decision = actions.Decision(question.proposal.proposal_id, 1, question.step, "approved", "buyer", NOW)
    assert actions.decide(uneven.conn, decision, run, ASKED) == "approved"
    told = uneven.conn.execute("SELECT payload ->> 'template', payload -> 'about' FROM lotwatch.outbox").fetchall()
    # both companies' papers are made by people
    assert told == [("by_hand", {"proposals": [question.proposal.proposal_id]})]


def test_an_approved_transfer_is_a_task_of_the_warehouse_that_gives_and_its_word_is_the_proposals_state(
    uneven: Company,
) -> None:
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    run = replace(uneven.context, run_id="ask")
    [question] = actions.ask(uneven.conn, run, 200, ASKED).questions
    decision = actions.Decision(question.proposal.proposal_id, 1, question.step, "approved", "buyer", NOW)
    assert actions.decide(uneven.conn, decision, run, ASKED) == "approved"
    [row] = uneven.conn.execute("SELECT kind, state, proposal_id FROM lotwatch.warehouse_task").fetchall()
    assert row == ("transfer", "requested", question.proposal.proposal_id)
    assert actions.load_proposal(uneven.conn, 1).state == "sending"
    assert uneven.conn.execute("SELECT kind, idempotency_key FROM lotwatch.outbox").fetchall() == [
        ("warehouse_task", "warehouse_task:1")
    ]
    warehouse.acknowledged(uneven.conn, 1, "INT-1", "done", run)
    assert actions.load_proposal(uneven.conn, 1).state == "sent"
    # its stock has not left yet: it still counts, whatever else has its number
    uneven.conn.execute(
        "INSERT INTO lotwatch.delivery (source, source_key, number, to_location_id, to_site_id, state)"
        " SELECT 'wms', 'stock.shipment.in,1', 'INT-1', location_id, location_id, 'delivered' FROM lotwatch.location"
        " WHERE code = 'HOSP'"
    )
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0
    assert actions.propose(uneven.conn, load_rules(), actions.ProposeSettings(), uneven.context)["proposals"] == 0


def test_a_small_transfer_needs_nobody_by_the_shipped_policies(uneven: Company) -> None:
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    asked = actions.ask(uneven.conn, replace(uneven.context, run_id="ask"), 200, actions.load_policies())
    assert [proposal.code for proposal in asked.approved] == ["LW-000001"], actions.case_of(
        actions.load_proposal(uneven.conn, 1)
    )
    assert actions.load_proposal(uneven.conn, 1).state == "sending"
    assert actions.is_approved(uneven.conn, 1)


def test_stock_that_is_held_meanwhile_is_not_moved(uneven: Company) -> None:
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    [(item_id,)] = uneven.conn.execute("SELECT item_id FROM lotwatch.item").fetchall()
    hold = ledger.Hold(cause="quality", reason="looks odd", item_id=item_id, reference="Q-1")
    ledger.place_hold(uneven.conn, hold, uneven.context, "quinn")
    asked = actions.ask(uneven.conn, replace(uneven.context, run_id="ask"), 200, ASKED)
    assert asked.proposals == []
    assert asked.refusals
    assert all("0 are there and free" in refusal.reason for refusal in asked.refusals)
    assert actions.load_proposal(uneven.conn, 1).state == "refused"


def test_a_transfer_that_was_refused_by_a_person_is_not_asked_for_again_at_once(uneven: Company) -> None:
    propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)
    uneven.conn.execute("UPDATE lotwatch.proposal SET state = 'rejected'")
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0
    later = replace(uneven.context, as_of=NOW + timedelta(days=8))
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, later)["transfers"] == 1


def test_where_a_recalled_item_stays_short_what_may_take_its_place_is_brought_until_it_is_there_again(
    uneven: Company,
) -> None:
    for lot, origin, quantity in (("BIG", "DC", 500), ("OWN", "HOSP", 3)):
        uneven.item("I2")
        uneven.lot(lot, "I2")
        uneven.move(quantity, origin, item="I2", lot=lot, days_ago=40)
    uneven.move(2, "PATIENT", "DC", item="I2", lot="BIG", days_ago=2)
    uneven.agreement("I2")
    uneven.item("I3")
    for number, (code, through) in enumerate((("I2", None), ("I3", TODAY - timedelta(days=1)))):
        uneven.add(
            "substitute", f"s{number}", item_code="I1", substitute_code=code, site_code="HOSP", approved_by="Dr Wu",
            valid_from=TODAY - timedelta(days=9), valid_through=through,
        )  # fmt: skip
    uneven.post()
    watch.plan(uneven.conn, uneven.context, PlanSettings(history_days=10))
    for lot in ("SOON", "LATE"):
        hold = ledger.holds.named(uneven.conn, "recall", "RC-000001", "seals", item="I1", lot=lot)
        ledger.place_hold(uneven.conn, hold, uneven.context, "test")
    evaluate_live(uneven.conn, load_rules(), uneven.context)
    assert propose_transfers(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0, "all is held"
    assert propose_substitutes(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 1
    assert propose_substitutes(uneven.conn, load_rules(), SETTINGS, uneven.context)["transfers"] == 0
    [(kind, origin, site, lot, quantity)] = lines(uneven)
    assert (kind, origin, site, lot) == ("transfer", "DC", "HOSP", "BIG")
    short = uneven.conn.execute(
        "SELECT reorder_point - available - 3 FROM lotwatch.fact_item_site"
        " WHERE item_code = 'I1' AND site_code = 'HOSP'"
    ).fetchone()
    assert (quantity,) == short, "what HOSP has of it counts"
    # the order of the item itself does not end the need for what bridges the time until it comes
    assert actions.propose(uneven.conn, load_rules(), actions.ProposeSettings(), uneven.context)["proposals"] >= 1
    asked = actions.ask(uneven.conn, replace(uneven.context, run_id="ask"), 200, ASKED)
    assert 1 in {question.proposal.proposal_id for question in asked.questions}, asked.refusals
    uneven.lot("NEW", "I1")
    uneven.move(200, "HOSP", lot="NEW", days_ago=0)
    uneven.post()
    refused = actions.guard(uneven.conn, [1], "send", NOW, uneven.context)
    assert ["I1: needed no longer" in refusal.reason for refusal in refused] == [True]
