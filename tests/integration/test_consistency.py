"""What one system says and another does not is found once, told once, and gone when it is gone."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from lotwatch.audit import begin_run
from lotwatch.cli import app
from lotwatch.consistency import accept, list_findings, load_checks, run_checks, standings, take_untold
from lotwatch.delivery.messages import render
from lotwatch.errors import LotwatchError
from lotwatch.jobs import consistency as jobs
from lotwatch.sources.registry import load_sources
from lotwatch.sources.schedule import longest_wait
from tests.integration.company import NOW, TODAY, Company, context
from tests.worlds import prepared

HOURLY = {"wms": timedelta(hours=1)}


def run(company: Company, *checks: str, days: int = 0, **changes: Any) -> dict[str, Any]:
    """Run checks (all unless named), some days later; returns what each found: (new, found)."""
    moment = NOW + timedelta(days=days)
    circumstances = begin_run(company.conn, context("check_consistency", f"run-{days}-{changes}", moment, **changes))
    chosen = [load_checks()[name] for name in checks] or None
    done = run_checks(company.conn, circumstances, HOURLY, chosen)
    company.conn.commit()
    return {outcome.check.id: outcome.error or (outcome.fresh, outcome.found) for outcome in done}


def found(company: Company, check: str) -> list[dict[str, Any]]:
    return [dict(finding.evidence) for finding in list_findings(company.conn, NOW, check=check)]


@prepared
def stocked(company: Company) -> None:
    """100 of I1, lot L1, came to DC yesterday on an order; the WMS was read an hour ago."""
    company.item()
    company.agreement()
    company.lot()
    company.order_line(100, key="line-1")
    company.move(100, "DC", order_line_key="line-1", document="GR-1")
    company.post("wms")


def state(company: Company, quantity: int, location: str = "DC", source: str = "wms", **row: Any) -> None:
    """A system states a quantity to be somewhere, now unless it says when."""
    plain = {"item_code": "I1", "lot_number": "L1", "stated_at": NOW}
    stated = plain | row
    key = f"{stated['item_code']}/{location}/{stated['lot_number']}"
    company.add("stock_level", key, location_code=location, quantity=quantity, **stated)


def test_in_a_company_where_all_is_well_no_check_finds_anything_and_none_is_broken(stocked: Company) -> None:
    state(stocked, 100)
    stocked.post("wms")
    assert run(stocked) == dict.fromkeys(load_checks(), (0, 0))
    examined = {each.check_id: each.examined for each in standings(stocked.conn, NOW)}
    assert examined["stated_stock_differs"] == 1
    assert examined["order_over_received"] == 1
    assert examined["source_silent"] == 1


def test_the_warehouse_stock_is_compared_with_ours_at_its_own_moment(stocked: Company) -> None:
    """Trap: what moved after the statement was made is no difference."""
    state(stocked, 100, stated_at=NOW - timedelta(hours=6))
    stocked.move(30, "HOSP", "DC", days_ago=0.1)
    stocked.post("wms")
    assert run(stocked, "stated_stock_differs")["stated_stock_differs"] == (0, 0)
    state(stocked, 64)
    stocked.post("wms")
    assert run(stocked, "stated_stock_differs")["stated_stock_differs"] == (1, 1)
    (evidence,) = found(stocked, "stated_stock_differs")
    assert (evidence["stated"], evidence["ours"], evidence["lot_number"]) == (64, 70, "L1")
    (finding,) = list_findings(stocked.conn, NOW, check="stated_stock_differs")
    assert finding.quantity == -6


def test_a_statement_that_tells_no_lots_is_compared_with_all_lots_and_one_of_a_site_with_its_departments(
    stocked: Company,
) -> None:
    stocked.lot("L2")
    stocked.move(5, "HOSP", "DC")
    stocked.move(7, "HOSP/OR", lot="L2")
    stocked.post()
    state(stocked, 12, "HOSP", lot_number=None)
    stocked.post("wms")
    assert run(stocked, "stated_stock_differs")["stated_stock_differs"] == (0, 0)


def test_what_a_later_statement_of_a_place_leaves_out_is_said_to_be_empty(stocked: Company) -> None:
    stocked.lot("L2")
    stocked.move(8, "DC", lot="L2")
    state(stocked, 100, stated_at=NOW - timedelta(hours=3))
    state(stocked, 8, lot_number="L2", stated_at=NOW - timedelta(hours=3))
    stocked.post("wms")
    state(stocked, 100, stated_at=NOW - timedelta(hours=2))
    stocked.post("wms")
    run(stocked, "stated_stock_differs")
    (evidence,) = found(stocked, "stated_stock_differs")
    assert (evidence["lot_number"], evidence["stated"], evidence["ours"]) == ("L2", 0, 8)
    state(stocked, 9, lot_number="L2", stated_at=NOW - timedelta(hours=4))  # an old one that comes late
    stocked.post("wms")
    kept = stocked.conn.execute("SELECT sum(quantity) FROM lotwatch.stated_stock").fetchone()
    assert kept == (100,)


def test_a_record_in_quarantine_is_not_taken_for_an_empty_shelf(stocked: Company) -> None:
    state(stocked, 100, stated_at=NOW - timedelta(hours=3))
    stocked.post("wms")
    stocked.item("I2", label_lot=False, label_expiry=False)
    stocked.post()
    state(stocked, 1, item_code="I2", lot_number=None, stated_at=NOW - timedelta(hours=2))
    stocked.add(
        "stock_level", "I1/DC/L1", item_code="I1", location_code="DC", lot_number="L1", quantity=Decimal("0.5"),
        stated_at=NOW - timedelta(hours=2),
    )  # fmt: skip
    stocked.sync("wms")
    run(stocked, "stated_stock_differs")
    assert [evidence["item_code"] for evidence in found(stocked, "stated_stock_differs")] == ["I2"]


def test_stock_of_ours_that_a_statement_never_named_is_found(stocked: Company) -> None:
    stocked.item("I2", label_lot=False, label_expiry=False)
    stocked.move(3, "DC", item="I2", lot=None)
    state(stocked, 100)
    stocked.post("wms")
    run(stocked, "stated_stock_differs")
    (evidence,) = found(stocked, "stated_stock_differs")
    assert (evidence["item_code"], evidence["stated"], evidence["ours"], evidence["left_out"]) == ("I2", 0, 3, True)


def test_two_systems_are_compared_by_item_and_site_at_one_moment(stocked: Company) -> None:
    state(stocked, 100, stated_at=NOW - timedelta(hours=6))
    stocked.move(30, "HOSP", "DC", days_ago=0.1)
    stocked.post("wms")
    state(stocked, 70, source="erp", lot_number=None)
    stocked.post("erp")
    assert run(stocked, "systems_disagree_on_stock")["systems_disagree_on_stock"] == (0, 0)
    state(stocked, 75, source="erp", lot_number=None)
    stocked.post("erp")
    run(stocked, "systems_disagree_on_stock")
    (evidence,) = found(stocked, "systems_disagree_on_stock")
    assert (evidence["first"], evidence["first_stated"], evidence["second_stated"]) == ("erp", 75, 70)


def over_received(company: Company) -> None:
    company.move(20, "DC", order_line_key="line-1")


def done_unreceived(company: Company) -> None:
    company.order_line(5, key="line-2", order_state="done")


def without_order(company: Company) -> None:
    company.move(4, "DC", order_line_key="line-9")
    company.move(4, "DC")


def not_booked(company: Company) -> None:
    company.order_line(5, key="line-3")
    company.add(
        "delivery_line", delivery_key="D1", delivery_number="D-1", to_location="DC", state="delivered",
        shipped_at=NOW - timedelta(days=9), delivered_at=NOW - timedelta(days=5), item_code="I1", lot_number="L1",
        quantity=5,
    )  # fmt: skip
    company.post()
    company.conn.execute("UPDATE lotwatch.delivery_line SET order_line_key = 'line-3'")


def received_otherwise(company: Company) -> None:
    company.add(
        "delivery_line", delivery_key="D2", delivery_number="D-2", to_location="DC", state="delivered",
        shipped_at=NOW - timedelta(days=9), delivered_at=NOW - timedelta(days=5), item_code="I1", lot_number="L1",
        quantity=5, received_quantity=4,
    )  # fmt: skip


def reference_to_nothing(company: Company) -> None:
    company.add("cross_reference", system="erp", kind="item", their_code="X", our_code="GONE")
    company.add("cross_reference", system="erp", kind="unit", their_code="EA", our_code="u")


def two_codes(company: Company) -> None:
    company.add("cross_reference", system="erp", kind="item", their_code="X", our_code="I1")
    company.add("cross_reference", system="erp", kind="item", their_code="Y", our_code="I1")
    company.add("cross_reference", system="wms", kind="item", their_code="Y", our_code="I1")


def one_identifier(company: Company) -> None:
    company.item("I2", name="Another", udi_di="4012345678901")
    company.item("I3", name="A third", udi_di="04012345678901")


def entered_twice(company: Company) -> None:
    company.item("I2", name="Stent, 3.0", legal_manufacturer="Acme")
    company.item("I3", name="stent 3-0", legal_manufacturer="ACME")
    company.item("I4", name="stent 3-0", legal_manufacturer="Other")


def two_expiries(company: Company) -> None:
    company.post()
    company.lot(expires=TODAY + timedelta(days=430))
    company.post("erp")


def without_lot(company: Company) -> None:
    company.move(2, "HOSP", lot=None)


def negative(company: Company) -> None:
    company.move(3, "PATIENT", "HOSP")


def two_places(company: Company) -> None:
    company.item("S", label_lot=False, label_serial=True)
    company.add("lot", item_code="S", serial_number="SN1", usable_through=TODAY + timedelta(days=400))
    company.move(1, "DC", item="S", lot=None, serial_number="SN1")
    company.move(1, "HOSP", item="S", lot=None, serial_number="SN1")


def lapsed(company: Company) -> None:
    company.add("credential", kind="registration", number="R1", item_code="I1", valid_through=TODAY - timedelta(days=1))
    company.item("I2", name="No stock")
    company.add("credential", kind="registration", number="R2", item_code="I2", valid_through=TODAY - timedelta(days=1))
    company.item("I3", name="In force")
    company.lot(item="I3")
    company.move(1, "DC", item="I3")
    company.add("credential", kind="registration", number="R3", item_code="I3", valid_through=TODAY)


def label_differs(company: Company) -> None:
    company.item("I2", name="Valve", udi_di="00844588018923", legal_manufacturer="Acme, Inc.", label_lot=False)
    company.add(
        "device_record", udi_di="844588018923", company="ACME INC", label_lot=True, label_serial=False,
        label_expiry=True,
    )  # fmt: skip


def record_differs(company: Company) -> None:
    company.item("I2", name="Valve", udi_di="00844588018923", legal_manufacturer="Acme, Inc.", device_class="II")
    company.add("device_record", udi_di="844588018923", company="Other Ltd", device_class="III", label_lot=True)


PLANTED: dict[str, Callable[[Company], None]] = {
    "order_over_received": over_received,
    "order_done_unreceived": done_unreceived,
    "receipt_without_order": without_order,
    "delivery_not_booked": not_booked,
    "delivery_received_differs": received_otherwise,
    "reference_to_nothing": reference_to_nothing,
    "item_two_codes": two_codes,
    "identifier_of_two_items": one_identifier,
    "item_entered_twice": entered_twice,
    "lot_two_expiries": two_expiries,
    "stock_without_lot": without_lot,
    "stock_negative": negative,
    "serial_in_two_places": two_places,
    "credential_lapsed": lapsed,
    "label_flags_differ": label_differs,
    "device_record_differs": record_differs,
}
MANY = {"receipt_without_order": 2}


@pytest.mark.parametrize("check", PLANTED)
def test_a_planted_problem_is_found(stocked: Company, check: str) -> None:
    PLANTED[check](stocked)
    stocked.post()
    assert run(stocked)[check] == (MANY.get(check, 1),) * 2
    for evidence in found(stocked, check):
        assert evidence.keys() == load_checks()[check].columns.keys()


def test_the_class_of_another_jurisdiction_is_no_difference(stocked: Company) -> None:
    stocked.item("I2", name="Valve", udi_di="00844588018923", legal_manufacturer="Acme, Inc.", device_class="IIa")
    stocked.add("device_record", udi_di="844588018923", company="ACME INC", device_class="II", label_lot=True)
    stocked.post()
    assert run(stocked)["device_record_differs"] == (0, 0)


def test_what_is_lent_or_goes_to_a_customer_needs_no_order_of_ours(stocked: Company) -> None:
    stocked.location("CLINIC", kind="site", region="NORTH")
    stocked.move(3, "CLINIC")
    stocked.move(2, "DC", to_owner="loaned")
    stocked.post()
    assert run(stocked)["receipt_without_order"] == (0, 0)


def test_every_check_has_a_planted_problem_in_this_file() -> None:
    told_apart = {"stated_stock_differs", "systems_disagree_on_stock", "code_without_match", "source_silent"}
    assert PLANTED.keys() | told_apart == load_checks().keys()


def test_codes_that_nobody_knows_are_one_finding_each_however_many_records_wait(stocked: Company) -> None:
    stocked.move(1, "DC", item="THEIRS", lot=None)
    stocked.move(2, "DC", item="THEIRS", lot=None)
    stocked.move(1, "DC", item=None, lot=None, udi_di="00844588018923")  # type: ignore[arg-type]
    stocked.move(1, "NOWHERE")
    stocked.move(1, "DC", lot="L9")  # a lot that is not known is no code without a match
    stocked.sync("wms")
    run(stocked, "code_without_match")
    named = {(each["kind"], each["code"]): each["records"] for each in found(stocked, "code_without_match")}
    assert named == {("item", "THEIRS"): 2, ("identifier", "00844588018923"): 1, ("location", "NOWHERE"): 1}


def test_a_source_is_silent_after_several_of_its_own_intervals(stocked: Company) -> None:
    assert run(stocked, "source_silent", days=0)["source_silent"] == (0, 0)
    assert run(stocked, "source_silent", days=1)["source_silent"] == (1, 1)
    (evidence,) = found(stocked, "source_silent")
    assert (evidence["source"], evidence["hours"]) == ("wms", 24)


def test_a_finding_is_opened_once_told_once_resolved_and_opened_again(stocked: Company) -> None:
    negative(stocked)
    stocked.post()
    assert run(stocked, "stock_negative")["stock_negative"] == (1, 1)
    assert len(take_untold(stocked.conn, NOW)) == 1
    assert run(stocked, "stock_negative", days=1)["stock_negative"] == (0, 1)
    assert take_untold(stocked.conn, NOW) == []
    stocked.move(3, "HOSP", "DC", days_ago=2, key="late")
    stocked.post()
    assert run(stocked, "stock_negative", days=2)["stock_negative"] == (0, 0)
    assert list_findings(stocked.conn, NOW) == []
    stocked.move(1, "PATIENT", "HOSP")
    stocked.post()
    assert run(stocked, "stock_negative", days=3)["stock_negative"] == (1, 1)
    (again,) = list_findings(stocked.conn, NOW)
    assert (again.first_seen, again.last_seen) == (NOW, NOW + timedelta(days=3))
    assert len(take_untold(stocked.conn, NOW)) == 1
    trend = stocked.conn.execute("SELECT found FROM lotwatch.check_result ORDER BY as_of").fetchall()
    assert trend == [(1,), (1,), (0,), (1,)]


def test_an_accepted_finding_is_known_until_its_day_or_until_it_grows(stocked: Company) -> None:
    negative(stocked)
    stocked.post()
    run(stocked, "stock_negative")
    (finding,) = list_findings(stocked.conn, NOW)
    given = {"through": TODAY + timedelta(days=2), "reason": "counted on Friday", "accepted_by": "ann"}
    accept(stocked.conn, stocked.context, finding.finding_id, **given)
    assert list_findings(stocked.conn, NOW) == []
    assert take_untold(stocked.conn, NOW) == []
    run(stocked, "stock_negative", days=1)
    assert [each.state for each in list_findings(stocked.conn, NOW + timedelta(days=1), state=None)] == ["accepted"]
    assert [each.state for each in list_findings(stocked.conn, NOW + timedelta(days=3), state=None)] == ["open"]
    stocked.move(1, "PATIENT", "HOSP")
    stocked.post()
    assert run(stocked, "stock_negative", days=2)["stock_negative"] == (1, 1)
    assert [each.state for each in list_findings(stocked.conn, NOW, state=None)] == ["open"]
    written = stocked.conn.execute(
        "SELECT actor, reason FROM lotwatch.audit_event WHERE action = 'finding accepted'"
    ).fetchall()
    assert written == [("ann", "counted on Friday")]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reason": " "}, "needs a reason"),
        ({"through": TODAY - timedelta(days=1)}, "cannot be accepted"),
        ({"through": TODAY + timedelta(days=500)}, "cannot be accepted"),
        ({"finding_id": 999}, "no such open finding"),
    ],
)
def test_an_acceptance_needs_a_finding_a_reason_and_a_day(
    stocked: Company, changes: dict[str, Any], message: str
) -> None:
    negative(stocked)
    stocked.post()
    run(stocked, "stock_negative")
    (finding,) = list_findings(stocked.conn, NOW)
    given = {"finding_id": finding.finding_id, "through": TODAY, "reason": "so", "accepted_by": "ann"} | changes
    with pytest.raises(LotwatchError, match=message):
        accept(stocked.conn, stocked.context, given.pop("finding_id"), **given)


def test_a_broken_check_is_told_apart_and_the_others_go_on(stocked: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from lotwatch.consistency import run as module

    negative(stocked)
    stocked.post()
    run(stocked, "stock_negative")
    texts = {"stock_negative": "SELECT no_such_column FROM lotwatch.item"}
    real = module.query
    monkeypatch.setattr(module, "query", lambda package, name: texts.get(name) or real(package, name))
    done = run(stocked, "stock_negative", "stock_without_lot", days=1)
    assert "no_such_column" in done["stock_negative"]
    assert done["stock_without_lot"] == (0, 0)
    assert [each.state for each in standings(stocked.conn, NOW)] == ["broken", "done"]
    assert len(list_findings(stocked.conn, NOW)) == 1  # nothing is known, so nothing is resolved


def test_a_backfilled_run_asks_of_the_past_what_can_be_asked_and_touches_no_finding(stocked: Company) -> None:
    stocked.move(3, "PATIENT", "HOSP", days_ago=5)
    stocked.move(3, "HOSP", "DC", days_ago=0.5)
    stocked.post()
    done = run(stocked, days=-2, run_type="backfill")
    assert done == {"stock_negative": (None, 1), "stock_without_lot": (None, 0), "serial_in_two_places": (None, 0)}
    assert list_findings(stocked.conn, NOW, state=None) == []
    trend = stocked.conn.execute(
        "SELECT check_id, as_of, found, backfilled FROM lotwatch.check_result WHERE found > 0"
    ).fetchall()
    assert trend == [("stock_negative", NOW - timedelta(days=2), 1, True)]
    assert run(stocked, "stock_negative")["stock_negative"] == (0, 0)


def test_a_result_is_never_changed(stocked: Company) -> None:
    run(stocked, "stock_negative")
    with pytest.raises(psycopg.Error):
        stocked.conn.execute("UPDATE lotwatch.check_result SET found = 0")


# -- what ops is told, and the command line ------------------------------------------------------------------------------


def messages(company: Company) -> list[dict[str, Any]]:
    rows = company.conn.execute("SELECT payload FROM lotwatch.outbox WHERE kind = 'message' ORDER BY outbox_id")
    return [payload for (payload,) in rows.fetchall() if payload["template"] == "consistency"]


def check(company: Company, days: float = 0, **changes: Any) -> None:
    moment = NOW + timedelta(days=days)
    jobs.check(
        company.conn, begin_run(company.conn, context("check_consistency", f"{days}{changes}", moment, **changes)),
        ["stock_negative", "stock_without_lot"],
    )  # fmt: skip


def test_ops_is_told_once_a_day_of_what_is_new_in_both_languages(stocked: Company) -> None:
    negative(stocked)
    stocked.post()
    check(stocked)
    without_lot(stocked)
    stocked.post()
    check(stocked, days=0.1)  # the same day: told with the next
    (first,) = messages(stocked)
    assert first["data"]["fresh"] == 1
    assert first["data"]["rows"][0]["open"] == 1
    check(stocked, days=1)
    check(stocked, days=2)
    _, second = messages(stocked)
    assert [row["fresh"] for row in second["data"]["rows"]] == [1]
    for language in ("en", "zh"):
        told = render("consistency", language, second["data"], "http://board")
        assert load_checks()["stock_without_lot"].title.model_dump()[language] in told["text"]
        assert "/plugin/lotwatch/lotwatch/consistency" in told["text"]


def test_a_broken_check_is_told_with_its_error(stocked: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from lotwatch.consistency import run as module

    real = module.query
    broken = {"stock_negative": "SELECT no_such_column FROM lotwatch.item"}
    monkeypatch.setattr(module, "query", lambda package, name: broken.get(name) or real(package, name))
    check(stocked)
    (told,) = messages(stocked)
    assert (told["data"]["broken"], told["data"]["fresh"]) == (1, 0)
    content = render("consistency", "en", told["data"], "http://board")
    assert "1 broken check" in content["subject"]
    assert "no_such_column" in content["text"]


def test_a_backfilled_run_tells_nobody_and_completes_and_suggests_nothing(stocked: Company) -> None:
    negative(stocked)
    stocked.post()
    check(stocked, run_type="backfill")
    past = context(run_type="backfill")
    assert jobs.fill_items(stocked.conn, past) == {"fields": 0, "identifiers": 0}
    assert jobs.suggest_matches(stocked.conn, past) == {"suggested": 0, "new": 0}
    assert messages(stocked) == []


def test_a_source_is_due_as_its_schedule_says(stocked: Company) -> None:
    assert longest_wait("5 * * * *", NOW) == timedelta(hours=1)
    assert longest_wait("0 2 * * 1-5", NOW) == timedelta(days=3)
    assert set(jobs.due_every(NOW)) == {name for name, each in load_sources().items() if each.schedule}


def test_the_command_line_runs_lists_shows_and_accepts(
    stocked: Company, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    negative(stocked)
    stocked.post()
    monkeypatch.setenv("LOTWATCH_DATABASE", db_url)
    call = CliRunner().invoke
    done = call(app, ["consistency", "run", "stock_negative", "--actor", "ann"])
    assert done.exit_code == 0, done.output
    assert "stock_negative" in done.output
    listed = call(app, ["consistency", "list", "--lang", "zh"]).output
    assert "账面库存为负" in listed
    shown = call(app, ["consistency", "show", "stock_negative"]).output
    assert "-3" in shown
    (finding,) = list_findings(stocked.conn, NOW)
    through = (finding.first_seen + timedelta(days=9)).date().isoformat()
    accepted = call(
        app,
        ["consistency", "accept", str(finding.finding_id), "--through", through, "--reason", "known", "--actor", "ann"],
    )
    assert accepted.exit_code == 0, accepted.output
    assert "-3" not in call(app, ["consistency", "show", "stock_negative"]).output
    assert "no check" in str(call(app, ["consistency", "show", "nothing"]).exception)
