"""The stop switch and the guards: what is stopped waits, what is not right is refused, in a buyer's words."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import product

import psycopg
import pytest
from typer.testing import Result

from lotwatch import access, actions, ledger, outbox
from lotwatch.actions.carry_out import carry_out
from lotwatch.actions.guards import Caps
from lotwatch.actions.guards.guard import Stage
from lotwatch.actions.transfers import TransferSettings, propose_transfers
from lotwatch.delivery import dispatch, drain
from lotwatch.delivery.people import People
from lotwatch.errors import LotwatchError
from lotwatch.rules import evaluate_live, load_rules
from tests.integration.company import NOW, TODAY, Company
from tests.integration.test_actions import RICH, ask, propose, short, states
from tests.integration.test_board_ledger import Clients, _airflow_home, as_, send, words
from tests.integration.test_cli import lotwatch
from tests.integration.test_delivery import World, approved, calm, decided, due_now
from tests.integration.test_transfers import uneven
from tests.worlds import prepared

__all__ = ["_airflow_home", "approved", "as_", "decided", "lotwatch", "short", "uneven"]


# --- the stop switch


def test_what_a_stop_covers_stays_proposed_until_it_is_lifted(short: Company) -> None:
    propose(short)
    short.conn.execute("UPDATE lotwatch.location SET region = 'SOUTH' WHERE code = 'HOSP'")
    short.conn.execute("INSERT INTO lotwatch.supplier (code, name) VALUES ('S2', 'Two')")
    actions.stop(short.conn, "region", "SOUTH", "flood", short.context, "olga")
    actions.stop(short.conn, "supplier", "S2", "bankrupt", short.context, "olga")
    covering: list[tuple[actions.Scope, str]] = [
        ("all", ""), ("region", "NORTH"), ("supplier", "S1"), ("rule", "stockout_risk"),
    ]  # fmt: skip
    for scope, key in covering:
        number = actions.stop(short.conn, scope, key, "something is wrong", short.context, "olga")
        assert number
        assert actions.stop(short.conn, scope, key, "again", short.context, "olga") is None
        found = ask(short)
        assert (found.questions, found.refusals, states(short.conn)) == ([], [], ["proposed"]), scope
        actions.resume(short.conn, number, "it is well again", short.context, "olga")
    assert len(ask(short).questions) == 1, "what is stopped elsewhere stops nothing here"
    assert [stop.key for stop in actions.stops_in_force(short.conn)] == ["S2", "SOUTH"]
    assert [stop.lifted_by for stop in actions.stops_in_force(short.conn, lifted=True)] == ["olga"] * 4 + [None] * 2
    told = short.conn.execute(
        "SELECT action, actor, reason FROM lotwatch.audit_event WHERE object_kind = 'stop' AND object_id = 'all'"
        " ORDER BY audit_event_id"
    ).fetchall()
    assert told == [
        ("actions stopped", "olga", "something is wrong"),
        ("actions resumed", "olga", "it is well again"),
    ]


def test_what_is_approved_already_is_kept_back_and_sent_once_when_the_stop_is_lifted(approved: Company) -> None:
    world = World(calm())
    number = actions.stop(approved.conn, "all", "", "wrong prices", approved.context, "olga")
    assert drain(approved.conn, world.gateways(), approved.context).counts == Counter({"erp_draft.stopped": 1})
    assert (world.drafted, states(approved.conn)) == (Counter(), ["approved"])
    [row] = approved.conn.execute(
        "SELECT state, attempts, last_error, not_before > clock_timestamp() + interval '50 s' FROM lotwatch.outbox"
    ).fetchall()
    assert row == ("waiting", 0, "Stopped (all): wrong prices", True)
    assert number
    actions.resume(approved.conn, number, "right again", approved.context, "olga")
    due_now(approved.conn)
    drain(approved.conn, world.gateways(), approved.context)
    assert (sum(world.accepted.values()), states(approved.conn)) == (1, ["sent"])


def test_a_stop_comes_between_the_draft_and_the_portal(approved: Company) -> None:
    world = World(calm())
    draft = world.draft

    def drafted(order: actions.Proposal) -> str:
        number = draft(order)
        actions.stop(approved.conn, "supplier", "S1", "they went bankrupt", approved.context, "olga")
        return number

    world.draft = drafted  # type: ignore[method-assign]
    counts = drain(approved.conn, world.gateways(), approved.context).counts
    assert counts == Counter({"erp_draft.sent": 1, "portal_order.stopped": 1})
    assert world.accepted == Counter()


def test_a_recipient_that_hangs_does_not_hold_up_a_stop(approved: Company, db_url: str) -> None:
    payload = {"proposal_id": 1}
    with psycopg.connect(db_url) as other:
        with actions.sending(approved.conn, payload) as stopped:
            assert stopped is None
            assert actions.stop(other, "all", "", "now", approved.context, "olga") == 1
            other.commit()
        with actions.sending(approved.conn, payload) as stopped:
            assert stopped == "Stopped (all): now"


def test_a_stop_of_nothing_or_without_a_reason_is_refused(company: Company) -> None:
    wrong: list[tuple[actions.Scope, str, str]] = [
        ("region", "NOWHERE", "x"), ("all", "S1", "x"), ("supplier", "", "x"), ("all", "", " "),
    ]  # fmt: skip
    for scope, key, reason in wrong:
        with pytest.raises(LotwatchError):
            actions.stop(company.conn, scope, key, reason, company.context, "olga")
    with pytest.raises(LotwatchError, match="not in force"):
        actions.resume(company.conn, 1, "why not", company.context, "olga")


def test_who_runs_it_stops_and_resumes_on_the_board_and_everybody_sees_it(
    company: Company,
    as_: Clients,
) -> None:
    access.introduce(company.conn, company.context, dict.fromkeys(("ops", "buyer"), False))
    company.conn.commit()
    form = {"scope": "region", "key": "NORTH", "reason": "prices are <wrong>"}
    assert send(as_("buyer"), "/orders/stops", **form).status_code == 403
    assert 'id="stop"' not in as_("buyer").get("/orders").text
    ops = as_("ops")
    assert ops.post("/orders/stops", data=form).status_code == 403, "a form that is not ours"
    assert send(ops, "/orders/stops", **form).status_code == 303
    assert send(ops, "/orders/stops", **form | {"key": "NOWHERE"}).status_code == 409
    for path in ("/", "/orders"):
        assert "Stopped: region NORTH (by ops," in words(as_("buyer").get(path).text)
        assert "prices are &lt;wrong&gt;" in as_("buyer").get(path).text
        assert "已停止：区域 NORTH（ops，" in as_("buyer").get(f"{path}?lang=zh").text
    assert send(as_("buyer"), "/orders/stops/1", reason="now").status_code == 403
    assert send(as_("ops"), "/orders/stops/1", reason="").status_code == 409
    assert send(as_("ops"), "/orders/stops/1", reason="mended").status_code == 303
    assert "Stopped" not in words(as_("buyer").get("/").text)


def test_it_is_stopped_from_a_shell_too(company: Company, lotwatch: Callable[..., Result]) -> None:
    company.conn.commit()
    assert "Stop 1 is in force" in lotwatch("stop", "on", "--reason", "storm").stdout
    assert "in force already" in lotwatch("stop", "on", "all", "--reason", "storm").stdout
    assert "storm" in lotwatch("stop", "list").stdout
    assert "lifted" in lotwatch("stop", "off", "1", "--reason", "over").stdout
    assert "storm" not in lotwatch("stop", "list").stdout
    assert "olga" in lotwatch("stop", "list", "--all").stdout


# --- what is not right


def refuse(
    company: Company, stage: Stage, guard: str, words_of_it: str, items: tuple[str, ...], caps: Caps | None
) -> None:
    """That this guard alone refuses something, in these words, and that `items` are still to be ordered."""
    refusals = actions.guard(company.conn, [1], stage, NOW, company.context, caps)
    told = company.conn.execute("SELECT guard, stage, reason, reason_zh FROM lotwatch.guard_event").fetchall()
    assert [each[:2] for each in told] == [(guard, stage)], told
    assert words_of_it in refusals[0].reason
    assert any("\u4e00" <= character <= "\u9fff" for character in told[0][3]), told
    left = actions.load_proposal(company.conn, 1)
    assert (tuple(line.item_code for line in left.lines), left.state) == (items, "proposed" if items else "refused")


@prepared
def proposed(short: Company) -> None:
    """One order of I1 and I2 from S1 for DC, at 10 USD, which the budget covers."""
    propose(short)
    actions.apply_budgets(short.conn, NOW, short.context, RICH)


def _blocked(company: Company) -> None:
    company.conn.execute("UPDATE lotwatch.supplier SET blocked = true")


def _inactive(company: Company) -> None:
    company.conn.execute("UPDATE lotwatch.supplier SET active = false")


def _dear(company: Company) -> None:
    company.conn.execute(
        "UPDATE lotwatch.supplier_agreement AS agreement SET price_ceiling = CASE code WHEN 'I1' THEN 9.99 ELSE 10 END"
        " FROM lotwatch.item AS item WHERE agreement.item_id = item.item_id"
    )


def _dearer(company: Company) -> None:
    company.conn.execute(
        "INSERT INTO lotwatch.purchase_order_line (source, source_key, state, supplier_id, site_id, item_id, quantity,"
        " unit_price, currency, ordered_on)"
        " SELECT 'erp', old.key, 'done', supplier_id, site_id, item_id, 1, price, currency, %s FROM lotwatch.proposal"
        # the median counts, not the mean
        " CROSS JOIN (VALUES ('a', 'I1', 8), ('b', 'I1', 8.30), ('c', 'I1', 100), ('d', 'I2', 8.34)) AS old (key, code, price)"
        " JOIN lotwatch.item AS item ON old.code = item.code",
        (TODAY - timedelta(days=300),),
    )


def _recalled(company: Company) -> None:
    """All of I1, and one lot of I2: others of I2 may be ordered."""
    ids = dict(company.conn.execute("SELECT code, item_id FROM lotwatch.item").fetchall())
    lots = dict(company.conn.execute("SELECT item_id, lot_id FROM lotwatch.lot").fetchall())
    for item, lot in (("I1", None), ("I2", lots[ids["I2"]])):
        hold = ledger.Hold(cause="recall", reason="notice", reference="RC-1", item_id=ids[item], lot_id=lot)
        ledger.place_hold(company.conn, hold, company.context, "quinn")


def _doubtful(company: Company) -> None:
    company.conn.execute(
        "INSERT INTO lotwatch.quarantine (source, entity, source_key, item_code, raw, rules, reasons, first_batch_id,"
        " last_batch_id) SELECT 's', 'movement', 'x', 'I1', '{}', '{r}', '{odd}', min(batch_id), min(batch_id)"
        " FROM lotwatch.batch"
    )


def _nothing(company: Company) -> None:
    pass


def _licence(of: str, **dates: date) -> Callable[[Company], None]:
    """A licence of an item, supplier or the company that buys, that is in force on these days."""

    def spoil(company: Company) -> None:
        company.conn.execute("INSERT INTO lotwatch.legal_entity (code, name, country) VALUES ('LE', 'Buyer Inc', 'DE')")
        company.conn.execute(
            "UPDATE lotwatch.location SET legal_entity_id = (SELECT legal_entity_id FROM lotwatch.legal_entity)"
        )
        holder = {
            "item": "item_id) SELECT item_id FROM lotwatch.item WHERE code = 'I1'",
            "supplier": "supplier_id) SELECT supplier_id FROM lotwatch.supplier",
            "company": "legal_entity_id) SELECT legal_entity_id FROM lotwatch.legal_entity",
        }[of]
        column, _, rows = holder.partition(") SELECT ")
        what, _, where = rows.partition(" FROM ")
        company.conn.execute(
            f"INSERT INTO lotwatch.credential (kind, number, valid_from, valid_through, {column})"  # noqa: S608
            f" SELECT 'licence', 'L-1', %s, %s, {what} FROM {where}",
            (dates.get("since"), dates.get("until", TODAY + timedelta(days=9))),
        )

    return spoil


def _too_many(company: Company) -> None:
    company.conn.execute(
        "UPDATE lotwatch.proposal_line SET quantity = quantity * 10 FROM lotwatch.item"
        " WHERE item.item_id = proposal_line.item_id AND item.code = 'I1'"
    )


def _ordered_meanwhile(company: Company) -> None:
    company.conn.execute(
        "INSERT INTO lotwatch.purchase_order_line (source, source_key, state, supplier_id, site_id, item_id, quantity,"
        " unit_price, currency, ordered_on) SELECT 'erp', 'x', 'open', supplier_id, site_id, item_id, 80, 10, 'USD', %s"
        " FROM lotwatch.proposal CROSS JOIN lotwatch.item WHERE item.code = 'I1'",
        (TODAY,),
    )


def _spent(company: Company) -> None:
    company.conn.execute("UPDATE lotwatch.budget SET amount = 1")


def _second(company: Company) -> None:
    again(company, "waiting", NOW)


WIDE = {"number": 10, "value": {"USD": 100_000}}
SMALL = {"number": 10, "value": {"USD": 5}}


def test_what_is_not_right_is_refused_in_a_buyers_words(proposed: Company) -> None:
    cases: list[tuple[Callable[[Company], None], str, str, tuple[str, ...], dict[str, object] | None]] = [
        (_blocked, "blocked", "(S1) is blocked", (), None),
        (_inactive, "blocked", "(S1) is no longer a supplier", (), None),
        (_dear, "ceiling", "I1: 10.00 USD is above the agreed highest price of 9.99.", ("I2",), None),
        (_dearer, "price", "I1: 10.00 USD is 20 % above the 8.30 of earlier orders", ("I2",), None),
        (_recalled, "recalled", "I1 is recalled (RC-1)", ("I2",), None),
        (_doubtful, "quarantine", "I1: records of it lie in quarantine", ("I2",), None),
        (_licence("item", until=TODAY - timedelta(days=1)), "credential", "I1: its licence L-1 lapsed on", ("I2",), None),
        (_licence("supplier", until=TODAY - timedelta(days=1)), "credential", "Supplier One: its licence L-1 lapsed", (), None),
        (_licence("company", until=TODAY - timedelta(days=1)), "credential", "Buyer Inc: its licence L-1 lapsed", (), None),
        (_licence("supplier", since=TODAY + timedelta(days=1)), "credential", "L-1 holds from 2026-06-16 on only", (), None),
        (_too_many, "maximum", "above the maximum", ("I2",), None),
        (_ordered_meanwhile, "duplicate", "I1: needed no longer. 10 available, 80 on order", ("I2",), None),
        (_spent, "budget", "exceeds the budget of DC", (), None),
        (
            _nothing, "caps", "USD of supplier S1 today; at most 5.00 are let through", (),
            {"supplier": WIDE | {"of": {"S1": SMALL}}, "rule": WIDE},
        ),
        (
            _nothing, "caps", "USD of rule stockout_risk today; at most 5.00", (),
            {"supplier": WIDE, "rule": WIDE | {"of": {"stockout_risk": SMALL}}},
        ),
        (
            _second, "caps", "2 of supplier S1 today; at most 1 are let through.", (),
            {"supplier": WIDE | {"number": 1}, "rule": WIDE},
        ),
        (
            _nothing, "caps", "include/config/caps.yaml has no value in USD for rule", (),
            {"supplier": WIDE, "rule": {"number": 10, "value": {"EUR": 1}}},
        ),
    ]  # fmt: skip
    stages: tuple[Stage, ...] = ("ask", "send")
    for stage, (spoil, guard, words_of_it, items, caps) in product(stages, cases):
        with proposed.conn.transaction(force_rollback=True):
            spoil(proposed)
            refuse(proposed, stage, guard, words_of_it, items, Caps.model_validate(caps) if caps else None)
    with proposed.conn.transaction(force_rollback=True):
        _licence("supplier", since=TODAY, until=TODAY)(proposed)
        assert actions.guard(proposed.conn, [1], "ask", NOW, proposed.context) == [], "on its first day, and its last"
    strict = Caps.model_validate({"supplier": WIDE | {"number": 1}, "rule": WIDE})
    assert actions.guard(proposed.conn, [1], "ask", NOW, proposed.context, strict) == []


def again(company: Company, state: str, when: datetime) -> None:
    """The order of the fixture once more, of something else, so that it is no duplicate."""
    company.conn.execute(
        "INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, created_at, state)"
        " SELECT kind, supplier_id, site_id, currency, %s, %s FROM lotwatch.proposal WHERE proposal_id = 1",
        (when, state),
    )
    company.conn.execute(
        "INSERT INTO lotwatch.proposal_line (proposal_id, item_id, quantity, unit_price, requested_on, why)"
        " SELECT (SELECT max(proposal_id) FROM lotwatch.proposal), item_id, 10, 10, current_date, '{}'"
        " FROM lotwatch.proposal_line WHERE proposal_id = 1 ORDER BY item_id LIMIT 1"
    )


def test_an_order_that_was_split_needs_the_approval_of_the_whole(proposed: Company) -> None:
    own = actions.load_proposal(proposed.conn, 1).total
    policies = actions.Policies.model_validate({
        "steps": {name: {"title": {"en": name, "zh": name}, "approvers": [name]} for name in ("buyer", "finance")},
        "policies": [
            {"id": "dear", "for": {"above": {"USD": own + 50}}, "steps": ["buyer", "finance"]},
            {"id": "cheap", "steps": ["buyer"]},
        ],
    })
    for days_ago, state, policy in ((3, "sent", "cheap"), (1, "rejected", "cheap"), (1, "sent", "dear")):
        with proposed.conn.transaction(force_rollback=True):
            again(proposed, state, NOW - timedelta(days=days_ago))
            [question] = actions.ask(proposed.conn, replace(proposed.context, run_id="ask"), 200, policies).questions
            assert question.proposal.policy_id == policy, (days_ago, state)


def test_a_lot_that_ends_on_its_way_is_not_moved(uneven: Company) -> None:
    propose_transfers(uneven.conn, load_rules(), TransferSettings(currency="USD"), uneven.context)
    uneven.conn.execute(
        "UPDATE lotwatch.lot SET usable_through = %s WHERE number = 'SOON'", (TODAY + timedelta(days=1),)
    )
    [refusal] = actions.guard(uneven.conn, [1], "ask", NOW, uneven.context)
    assert (
        f"SOON may be used until {TODAY + timedelta(days=1)} and would be at HOSP on {TODAY + timedelta(days=2)}."
        in refusal.reason
    )


def test_a_unit_ends_on_its_own_day_and_not_on_its_lot_s(uneven: Company) -> None:
    propose_transfers(uneven.conn, load_rules(), TransferSettings(currency="USD"), uneven.context)
    uneven.conn.execute(
        "WITH unit AS (INSERT INTO lotwatch.serial_unit (item_id, number, lot_id)"
        " SELECT item_id, 'UNIT', lot_id FROM lotwatch.lot WHERE number = 'SOON' RETURNING *)"
        " UPDATE lotwatch.proposal_line AS line SET serial_id = unit.serial_id FROM unit WHERE line.lot_id = unit.lot_id"
    )
    tomorrow, later = TODAY + timedelta(days=1), TODAY + timedelta(days=40)
    for lot_ends, unit_ends, refused in ((tomorrow, later, 0), (later, tomorrow, 1), (tomorrow, None, 1)):
        with uneven.conn.transaction(force_rollback=True):
            uneven.conn.execute("UPDATE lotwatch.lot SET usable_through = %s WHERE number = 'SOON'", (lot_ends,))
            uneven.conn.execute("UPDATE lotwatch.serial_unit SET usable_through = %s", (unit_ends,))
            actions.guard(uneven.conn, [1], "ask", NOW, uneven.context)
            said = uneven.conn.execute("SELECT reason FROM lotwatch.guard_event WHERE guard = 'shelf_life'").fetchall()
            assert len(said) == refused, (lot_ends, unit_ends)
            assert all(f"UNIT may be used until {tomorrow} " in reason for (reason,) in said)


def test_what_is_there_meanwhile_is_not_brought_but_what_would_expire_is(uneven: Company) -> None:
    propose_transfers(uneven.conn, load_rules(), TransferSettings(currency="USD"), uneven.context)
    change = "UPDATE lotwatch.proposal_line SET quantity = %s, why = why || jsonb_build_object('at_risk', %s::bigint)"

    def refusing(quantity: int, at_risk: int) -> set[str]:
        with uneven.conn.transaction(force_rollback=True):
            uneven.conn.execute(change, (quantity, at_risk))
            actions.guard(uneven.conn, [1], "send", NOW, uneven.context)
            return {name for (name,) in uneven.conn.execute("SELECT guard FROM lotwatch.guard_event")}

    assert "maximum" in refusing(250, 0)
    assert "maximum" not in refusing(250, 250)
    uneven.move(200, "HOSP", lot="LATE", days_ago=0.1)
    uneven.post()
    assert "duplicate" in refusing(5, 0)
    assert "duplicate" not in refusing(5, 5)


@prepared
def two_givers(uneven: Company) -> None:
    """HOSP has 6, is to order below 100 and wants 700: neither DC nor WEST has as much, together they have, in one plan."""
    uneven.location("WEST", kind="site", region="NORTH", supplied_by="supplier")
    uneven.lot("FAR", "I1")
    uneven.move(450, "WEST", lot="FAR", days_ago=40)
    uneven.add(
        "lane", from_site_code="WEST", to_site_code="HOSP", permitted=True, cost=Decimal(30), currency="USD",
        transit_days_p50=Decimal(1), transit_days_p95=Decimal(2),
    )  # fmt: skip
    uneven.post()
    uneven.conn.execute("UPDATE lotwatch.lot SET usable_through = %s", (TODAY + timedelta(days=400),))
    uneven.conn.execute(
        "INSERT INTO lotwatch.policy (item_id, site_id, valid_from, average_daily_usage, lead_time_days, safety_stock,"
        " reorder_point, target_level, max_level, method, inputs, reason, set_by)"
        " SELECT item_id, location_id, %s, 20, lead_time_days, 1, reorder, target, target + 200, method, inputs, reason, set_by"
        " FROM (SELECT * FROM lotwatch.policy LIMIT 1) AS planned"
        " CROSS JOIN (VALUES ('HOSP', 100, 700), ('WEST', 5, 10)) AS level (code, reorder, target)"
        " JOIN lotwatch.location USING (code)",
        (NOW,),
    )
    evaluate_live(uneven.conn, load_rules(), uneven.context)
    assert (
        propose_transfers(uneven.conn, load_rules(), TransferSettings(currency="USD"), uneven.context)["transfers"] == 2
    )


def no_longer(company: Company, *proposals: int, as_of: datetime = NOW) -> dict[int, str]:
    """Which of these the guards refuse as duplicates, asking and sending alike, and why; the others pass."""
    found: dict[Stage, dict[int, str]] = {}
    stages: tuple[Stage, ...] = ("ask", "send")
    for stage in stages:
        with company.conn.transaction(force_rollback=True):
            refused = actions.guard(company.conn, proposals, stage, as_of, company.context)
            assert {name for (name,) in company.conn.execute("SELECT guard FROM lotwatch.guard_event")} <= {"duplicate"}
            found[stage] = {refusal.proposal_id: refusal.reason for refusal in refused}
    assert found["ask"] == found["send"]
    return found["ask"]


def on_its_way(company: Company, proposal_id: int, state: str = "shipped") -> int:
    """A transfer has left its site by the warehouse's word, or has come; returns its quantity."""
    [(quantity, giver)] = company.conn.execute(
        "UPDATE lotwatch.proposal SET state = 'sent', erp_number = code WHERE proposal_id = %s RETURNING (SELECT"
        " sum(quantity)::bigint FROM lotwatch.proposal_line AS l WHERE l.proposal_id = proposal.proposal_id),"
        " (SELECT code FROM lotwatch.location WHERE location_id = from_site_id)",
        (proposal_id,),
    ).fetchall()
    lot = "FAR" if giver == "WEST" else "LATE"
    code = f"LW-{proposal_id:06}"
    came = {"delivered_at": NOW - timedelta(hours=1), "received_quantity": quantity} if state == "delivered" else {}
    company.add(
        "delivery_line", code, delivery_key=code, delivery_number=code, from_site=giver, to_location="HOSP", state=state,
        item_code="I1", lot_number=lot, quantity=quantity, shipped_at=NOW - timedelta(hours=2), **came,
    )  # fmt: skip
    if state == "delivered":
        company.move(quantity, "HOSP", giver, lot=lot, days_ago=0.01)
    company.post()
    return int(quantity)


def of_hosp(company: Company, number: int) -> int:
    return sum(line.quantity for line in actions.load_proposal(company.conn, number).lines)


def test_two_transfers_of_one_need_are_no_duplicates_nor_is_what_is_bought_beside_them(two_givers: Company) -> None:
    assert (of_hosp(two_givers, 1), of_hosp(two_givers, 2)) == (254, 440), "either alone reaches the reorder point"
    assert no_longer(two_givers, 1, 2) == {}
    two_givers.conn.execute("UPDATE lotwatch.proposal_line SET quantity = quantity - 50 WHERE proposal_id = 2")
    two_givers.conn.execute(
        "WITH bought AS (INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, created_at, state)"
        " SELECT 'purchase_order', s.supplier_id, site_id, 'USD', created_at, 'sent' FROM lotwatch.proposal, lotwatch.supplier AS s"
        " WHERE proposal_id = 1 RETURNING proposal_id)"
        " INSERT INTO lotwatch.proposal_line (proposal_id, item_id, quantity, unit_price, requested_on, why)"
        " SELECT bought.proposal_id, item_id, 50, 10, current_date, '{}' FROM bought, lotwatch.item"
    )
    assert no_longer(two_givers, 1, 2) == {}
    two_givers.order_line(50, order_reference="LW-000003", site_code="HOSP")
    two_givers.post()
    assert no_longer(two_givers, 1, 2) == {}, "the ERP may show it before a transfer is answered"


@pytest.mark.parametrize(("sent", "state"), [(1, "delivered"), (2, "shipped")])
def test_a_part_of_a_plan_is_no_duplicate_however_far_the_other_has_come(
    two_givers: Company, sent: int, state: str
) -> None:
    on_its_way(two_givers, sent, state)
    assert no_longer(two_givers, 3 - sent) == {}


def test_a_part_of_a_plan_is_refused_once_others_have_met_the_need(two_givers: Company) -> None:
    on_its_way(two_givers, 1)
    two_givers.order_line(94, site_code="HOSP")
    two_givers.post()
    assert no_longer(two_givers, 2) == {
        2: "I1: needed no longer. 6 available, 94 on order, 254 in transit; that is not below the reorder point of 100."
    }


def test_a_part_of_a_plan_is_refused_once_an_earlier_one_leaves_nothing_to_be_wanted(two_givers: Company) -> None:
    two_givers.conn.execute("UPDATE lotwatch.proposal_line SET quantity = 694 WHERE proposal_id = 1")
    assert no_longer(two_givers, 2) == {
        2: "I1: needed no longer. 6 available, 0 on order, 694 proposed (LW-000001); that is not below the target level of 700."
    }
    two_givers.conn.execute("UPDATE lotwatch.proposal SET state = 'rejected' WHERE proposal_id = 1")
    assert no_longer(two_givers, 2) == {}


def test_what_a_later_run_proposes_of_a_need_that_is_covered_is_refused(two_givers: Company) -> None:
    two_givers.conn.execute(
        "INSERT INTO lotwatch.proposal (kind, site_id, from_site_id, currency, created_at, requested_by)"
        " SELECT kind, site_id, from_site_id, currency, created_at + interval '1 hour', requested_by FROM lotwatch.proposal"
        " WHERE proposal_id = 2"
    )
    two_givers.conn.execute(
        "INSERT INTO lotwatch.proposal_line (proposal_id, item_id, lot_id, location_id, quantity, unit_price, requested_on,"
        " why) SELECT 3, item_id, lot_id, location_id, 10, unit_price, requested_on, why FROM lotwatch.proposal_line"
        " WHERE proposal_id = 2"
    )
    assert set(no_longer(two_givers, 1, 2, 3)) == {3}
    first = on_its_way(two_givers, 1)
    assert set(no_longer(two_givers, 2, 3)) == {3}, "what is on its way counts"
    second = on_its_way(two_givers, 2, "delivered")
    assert set(no_longer(two_givers, 3)) == {3}, "what is there counts"
    two_givers.conn.execute("UPDATE lotwatch.delivery SET delivered_at = %s WHERE number = 'LW-000001'", (NOW,))
    two_givers.move(second + 6, "PATIENT", "HOSP", lot="FAR", days_ago=0.001)
    two_givers.post()
    assert (first, no_longer(two_givers, 3)) == (254, {}), "and is not counted once it was used"


def test_what_people_are_to_do_by_hand_is_not_told_to_them_while_it_is_stopped(uneven: Company) -> None:
    uneven.conn.commit()
    uneven.conn.autocommit = True
    world = World(calm())
    people = People.model_validate({"w": {"roles": ["warehouse"], "channels": [{"smtp": "w@x.example"}]}})
    ways = replace(world.gateways(), people=people)
    propose_transfers(uneven.conn, load_rules(), TransferSettings(currency="USD"), uneven.context)
    uneven.conn.execute("UPDATE lotwatch.proposal SET kind = 'return_and_reship', state = 'approved'")
    carry_out(uneven.conn, actions.load_proposal(uneven.conn, 1), uneven.context)
    for stopped in ("message", "message_delivery"):
        number = actions.stop(uneven.conn, "all", "", "flood", uneven.context, "olga")
        assert number
        due_now(uneven.conn)
        assert drain(uneven.conn, ways, uneven.context).counts == Counter({f"{stopped}.stopped": 1})
        actions.resume(uneven.conn, number, "dry again", uneven.context, "olga")
        if stopped == "message":  # it is on its way to somebody when the next stop comes
            due_now(uneven.conn)
            row = outbox.claim(uneven.conn, 0)
            assert row
            assert dispatch.route(uneven.conn, row, people, uneven.context)
            outbox.release(uneven.conn, row)
    due_now(uneven.conn)
    drain(uneven.conn, ways, uneven.context)
    assert [message.subject.split(":")[0] for message in world.messages] == ["Return and reship LW-000001"]
