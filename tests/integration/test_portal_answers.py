"""What suppliers answer: kept once, matched, in force by when it was written; and portals asked no more than they like."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg import sql

from lotwatch import actions, facts, outbox
from lotwatch.delivery import drain, hear
from lotwatch.delivery.outcome import NotLetIn, Refused, Unavailable, Unclear
from lotwatch.delivery.portals import Breaker, LineResponse, NotYet, OrderResponse, Part, Portal, Portals, asking
from lotwatch.delivery.portals.documents import Page, Unreadable
from lotwatch.delivery.portals.registry import CxmlSettings, RestSettings
from lotwatch.jobs import events
from lotwatch.jobs import order as jobs
from lotwatch.rules import load_rules
from lotwatch.sources import inbox
from lotwatch.sources.registry import Source
from tests.integration.company import NOW, TODAY, Company
from tests.integration.test_actions import ask, decide, propose, short, states
from tests.integration.test_delivery import SETTINGS, World, approved, calm, decided, drain_all, proposal, then_calm
from tests.integration.test_inbox import push

__all__ = ["approved", "decided", "short"]

ASKED = TODAY + timedelta(days=10)


@pytest.fixture
def sent(approved: Company) -> tuple[Company, World]:
    """An order of two items that the portal has: PO-1."""
    world = World(calm())
    drain_all(approved, world)
    return approved, world


def answer(
    *lines: LineResponse, number: str = "A-1", reference: str = "PO-1", state: Any = "changed", hours: float = 0
) -> OrderResponse:
    issued_at = NOW + timedelta(hours=hours)
    return OrderResponse(number=number, reference=reference, issued_at=issued_at, state=state, lines=list(lines))


def line(item_code: str, *parts: Part) -> LineResponse:
    return LineResponse(item_code=item_code, parts=list(parts))


def part(state: Any, quantity: int | None = None, on: date | None = None, **more: Any) -> Part:
    return Part(state=state, quantity=quantity, promised_on=on, **more)


def listen(company: Company, world: World, *answers: OrderResponse) -> dict[str, int]:
    world.answers.extend(answers)
    counts, errors = hear(company.conn, world.gateways().portals, company.context)
    assert errors == []
    return dict(counts)


def ordered(company: Company, item: str = "I1") -> int:
    row = company.conn.execute(
        "SELECT quantity FROM lotwatch.proposal_line JOIN lotwatch.item USING (item_id) WHERE code = %s"
        " ORDER BY proposal_id",
        (item,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def sync(company: Company, *items: str, **more: Any) -> None:
    """The ERP tells us of the order that we drafted."""
    for item in items or ("I1", "I2"):
        plain = {"order_number": "PO-1", "order_reference": "LW-000001", "order_state": "draft", "promised_on": None}
        quantity = more.pop("quantity", None) or ordered(company, item)
        company.order_line(quantity, item, f"PO-1 {item}", **(plain | {"requested_on": ASKED} | more))
    company.post()


def fact(company: Company, view: str, *columns: str) -> tuple:
    with company.conn.transaction():
        facts.live(company.conn, NOW)
        statement = sql.SQL("SELECT {} FROM lotwatch.{} WHERE item_code = 'I1' AND site_code = 'DC'").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier(view)
        )
        row = company.conn.execute(statement).fetchone()
    return tuple(row) if row else ()


def woken(company: Company) -> set[str]:
    """What is to be looked at again; then nothing is."""
    rows = company.conn.execute(
        "WITH taken AS (DELETE FROM lotwatch.change RETURNING item_id) SELECT code FROM taken JOIN lotwatch.item USING (item_id)"
    )
    return {code for (code,) in rows}


def told(company: Company) -> list[dict[str, Any]]:
    rows = company.conn.execute(
        "SELECT payload FROM lotwatch.outbox WHERE payload ->> 'template' = 'order_answered' ORDER BY outbox_id"
    )
    return [payload["data"]["rows"] for (payload,) in rows]


# --- what an answer means


def test_a_line_comes_in_the_parts_that_the_supplier_promised(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    woken(company)
    quantity, later = ordered(company), ASKED + timedelta(days=60)
    before = fact(company, "fact_item_site", "on_order", "expected_usable")
    parts = [part("changed", 5, TODAY + timedelta(days=3)), part("changed", quantity - 5, later)]
    assert listen(company, world, answer(line("I1", *parts)))["answer.read"] == 1
    assert woken(company) == {"I1"}
    assert fact(company, "fact_order_line", "promised_on", "days_promised_late", "outstanding", "declined") == (
        later,
        60,
        quantity,
        0,
    )
    on_order, usable = fact(company, "fact_item_site", "on_order", "expected_usable")
    assert (on_order, usable) == (before[0], before[1] + 5)  # the rest comes after the lead time
    [[row]] = told(company)
    assert (row["item"], row["coming"], row["days"]) == ("I1", str(quantity), f"{TODAY + timedelta(days=3)}, {later}")


def test_what_has_come_was_of_the_first_part(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    quantity = ordered(company)
    parts = [part("changed", 5, TODAY + timedelta(days=3)), part("changed", quantity - 5, TODAY + timedelta(days=4))]
    listen(company, world, answer(line("I1", *parts)))
    before = fact(company, "fact_item_site", "expected_usable")
    company.move(7, "DC", days_ago=0.1, order_line_key="PO-1 I1")
    company.post()
    assert fact(company, "fact_item_site", "expected_usable") == before
    assert fact(company, "fact_order_line", "outstanding") == (quantity - 7,)


def test_a_rejected_line_is_needed_again_and_the_buyer_is_told(sent: tuple[Company, World]) -> None:
    company, world = sent
    second_supplier(company)
    assert propose(company)["proposals"] == 0
    listen(company, world, answer(line("I1", part("rejected", reason="no longer made"))))
    assert woken(company) >= {"I1"}
    assert propose(company) == {
        "proposals": 1,
        "lines": 1,
        "without_supplier": 0,
    }  # before the ERP has told us anything
    [[row]] = told(company)
    assert (row["item"], row["coming"], row["reason"]) == ("I1", "0", "no longer made")
    sync(company)
    assert fact(company, "fact_item_site", "on_order") == (0,)
    assert fact(company, "fact_order_line", "outstanding") == ()
    [order] = ask(company, run_id="again").proposals  # no order of this item counts as waiting any more
    assert [each.item_code for each in order.lines] == ["I1"]


def test_what_an_answer_leaves_out_does_not_come(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    quantity = ordered(company)
    listen(company, world, answer(line("I1", part("changed", quantity - 12, ASKED))))
    assert fact(company, "fact_order_line", "declined", "outstanding") == (12, quantity - 12)
    [[row]] = told(company)
    assert (row["ordered"], row["coming"]) == (str(quantity), str(quantity - 12))


def second_supplier(company: Company) -> None:
    """S2 sells both items, too, dearer."""
    company.add("supplier", code="S2", name="Supplier Two")
    for item in ("I1", "I2"):
        company.add(
            "agreement", f"agreement {item} S2", item_code=item, supplier_code="S2", price=Decimal(11), currency="USD",
            lead_time_days=10, order_multiple=12, minimum_order_quantity=12,
        )  # fmt: skip
    company.post()


def proposed_by_day(company: Company, *days: int) -> list[tuple[str, str]]:
    """Supplier and item of what the watches so many days from now propose that was not proposed before."""
    for ahead in days:
        later = replace(company.context, as_of=NOW + timedelta(days=ahead, minutes=1))
        actions.propose(company.conn, load_rules(), actions.ProposeSettings(), later)
    return company.conn.execute(
        "SELECT supplier.code, item.code FROM lotwatch.proposal JOIN lotwatch.proposal_line USING (proposal_id)"
        " JOIN lotwatch.supplier USING (supplier_id) JOIN lotwatch.item USING (item_id) WHERE proposal_id > 1"
        " ORDER BY proposal_id, item.code"
    ).fetchall()


def test_what_a_supplier_declines_is_not_proposed_to_it_again_at_once(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    listen(company, world, answer(line("I1", part("changed", 12, ASKED))))
    assert proposed_by_day(company, 0, 1, 6) == []
    world.answers.append(answer(line("I1", part("changed", 12, ASKED)), number="A-2", hours=72))
    hear(company.conn, world.gateways().portals, replace(company.context, as_of=NOW + timedelta(days=3)))
    assert proposed_by_day(company, 7) == [("S1", "I1")], "saying the same again is no new no"


def test_a_supplier_that_takes_its_no_back_does_not_rest(sent: tuple[Company, World]) -> None:
    company, world = sent
    listen(company, world, answer(line("I1", part("rejected"))))
    listen(company, world, answer(line("I1", part("accepted")), number="A-2", hours=1))
    assert company.conn.execute("SELECT 1 FROM lotwatch.purchase_declined").fetchall() == []


def test_what_one_supplier_declines_is_proposed_to_the_next_until_all_have_declined(
    sent: tuple[Company, World],
) -> None:
    company, world = sent
    sync(company)
    second_supplier(company)
    declined = ordered(company) - 12
    listen(company, world, answer(line("I1", part("changed", 12, ASKED))))
    assert proposed_by_day(company, 0, 1) == [("S2", "I1")]
    order = actions.load_proposal(company.conn, 2)
    [row] = company.conn.execute("SELECT target_level FROM lotwatch.policy LIMIT 1").fetchall()
    assert 0 <= 10 + 12 + order.lines[0].quantity - row[0] < 12, "what is confirmed counts"
    assert order.alternatives == [{
        "kind": "purchase_order",
        "why_not": {
            "en": f"Supplier One (S1) declined {declined} of I1 on 2026-06-15; asked again on 2026-06-22",
            "zh": f"Supplier One（S1）于 2026-06-15 拒绝供应 I1 {declined} 件；2026-06-22 起再次询问",
        },
    }]  # fmt: skip
    assert len(ask(company, run_id="again").questions) == 1
    assert decide(company, 2, run_id="again")
    drain_all(company, world)
    listen(company, world, answer(line("I1", part("rejected")), number="A-2", reference="PO-2"))
    assert proposed_by_day(company, 1, 6) == [("S2", "I1")]
    assert proposed_by_day(company, 7) == [("S2", "I1"), ("S1", "I1")]


@pytest.mark.parametrize(
    ("about", "goes"),
    [
        ({}, False),
        ({"item_code": "I2"}, True),
        ({"item_code": "I1"}, False),
        ({"legal_entity_code": "ELSE"}, True),
        ({"legal_entity_code": "OURS"}, False),
    ],
)
def test_nothing_goes_to_another_supplier_whose_credentials_have_lapsed(
    sent: tuple[Company, World], about: dict[str, str], goes: bool
) -> None:
    company, world = sent
    second_supplier(company)
    for code in ("OURS", "ELSE"):
        company.conn.execute(
            "INSERT INTO lotwatch.legal_entity (code, name, country) VALUES (%s, %s, 'DE')", (code, code)
        )
    company.conn.execute(
        "UPDATE lotwatch.location SET legal_entity_id = (SELECT legal_entity_id FROM lotwatch.legal_entity"
        " WHERE code = 'OURS')"
    )
    company.conn.execute(
        "INSERT INTO lotwatch.credential (kind, number, valid_through, supplier_id, item_id, legal_entity_id)"
        " SELECT 'licence', 'L-1', %s, supplier_id, (SELECT item_id FROM lotwatch.item WHERE code = %s),"
        " (SELECT legal_entity_id FROM lotwatch.legal_entity WHERE code = %s) FROM lotwatch.supplier WHERE code = 'S2'",
        (TODAY - timedelta(days=1), about.get("item_code"), about.get("legal_entity_code")),
    )
    listen(company, world, answer(line("I1", part("rejected"))))
    assert proposed_by_day(company, 0) == ([("S2", "I1")] if goes else [])


@pytest.mark.parametrize(("kind", "then"), [(Refused, "S2"), (NotLetIn, "S1")])
def test_an_order_that_the_portal_refuses_is_declined_but_not_where_it_does_not_let_us_in(
    approved: Company, kind: type[Refused], then: str
) -> None:
    class Refusing(World):
        def send_order(self, order: Any, idempotency_key: str) -> Any:
            raise kind("422")

    second_supplier(approved)
    world = Refusing(calm())
    drain_all(approved, world)
    assert states(approved.conn) == ["failed"]
    assert proposed_by_day(approved, 0) == [], "first a person looks"
    assert proposed_by_day(approved, 2) == [(then, "I1"), (then, "I2")]
    listen(approved, world, answer(line("I2", part("changed", ordered(approved, "I2") - 1, ASKED))))
    [told] = approved.conn.execute(
        "SELECT sum(declined)::int FROM lotwatch.proposal_line WHERE proposal_id = 1"
    ).fetchall()
    assert told == (1,), "it has the order after all, and what it says of it counts"


def test_a_budget_is_freed_by_what_is_declined(sent: tuple[Company, World]) -> None:
    company, world = sent
    second_supplier(company)
    quantity = ordered(company)
    listen(company, world, answer(state="rejected"))
    assert propose(company)["lines"] == 2
    company.conn.execute("UPDATE lotwatch.budget SET amount = %s", (2 * quantity * Decimal(11),))  # for one order alone
    asked = ask(company, run_id="again", budgets={})
    assert (len(asked.proposals), asked.refusals) == (1, [])


def test_an_order_accepted_as_a_whole_comes_as_asked(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    listen(company, world, answer(state="accepted"))
    assert fact(company, "fact_order_line", "promised_on", "declined") == (ASKED, 0)
    assert told(company) == []


def test_an_acknowledgement_says_nothing_of_the_lines(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    listen(company, world, answer(line("I1", part("accepted")), number="A-1"))
    listen(company, world, answer(state="pending", number="A-2", hours=1))
    assert fact(company, "fact_order_line", "promised_on") == (ASKED,)


def test_a_dearer_line_is_told(sent: tuple[Company, World]) -> None:
    company, world = sent
    listen(company, world, answer(line("I1", part("accepted", unit_price=Decimal("10.5")))))
    [[row]] = told(company)
    assert row["price"] == "10.5"


# --- in whatever order, however often


def test_an_answer_that_comes_again_changes_nothing(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    again = answer(line("I1", part("rejected", 12), part("changed", ordered(company) - 12, ASKED)))
    assert listen(company, world, again, again)["answer.read"] == 1
    woken(company)
    assert listen(company, world, again).get("answer.read", 0) == 0
    assert woken(company) == set()
    assert len(told(company)) == 1


def test_an_older_answer_that_comes_later_is_kept_and_counts_for_nothing(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    newer = answer(line("I1", part("accepted", None, ASKED)), number="A-2", hours=2)
    older = answer(line("I1", part("rejected")), number="A-1", hours=1)
    listen(company, world, newer)
    listen(company, world, older)
    assert fact(company, "fact_order_line", "promised_on", "declined") == (ASKED, 0)
    assert told(company) == []
    listen(company, world, answer(line("I1", part("rejected")), number="A-3", hours=3))
    assert fact(company, "fact_order_line", "promised_on") == ()
    assert company.conn.execute("SELECT declined = quantity FROM lotwatch.proposal_line ORDER BY 1").fetchall() == [
        (False,),
        (True,),
    ]


def test_a_line_that_a_later_answer_does_not_name_stays_as_it_was_answered(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    listen(company, world, answer(line("I1", part("accepted")), line("I2", part("accepted"))))
    listen(company, world, answer(line("I2", part("rejected")), number="A-2", hours=1))
    assert fact(company, "fact_order_line", "promised_on") == (ASKED,)


def test_an_answer_may_come_before_the_erp_tells_of_the_order(sent: tuple[Company, World]) -> None:
    company, world = sent
    quantity = ordered(company)
    listen(company, world, answer(line("I1", part("changed", quantity - 12, ASKED), part("rejected", 12))))
    sync(company)
    assert fact(company, "fact_order_line", "promised_on", "outstanding") == (ASKED, quantity - 12)


def test_an_order_of_a_buyer_is_answered_too_even_before_it_is_known(sent: tuple[Company, World]) -> None:
    company, world = sent
    listen(company, world, answer(line("I1", part("rejected")), reference="PO-9"))
    company.order_line(20, "I1", "PO-9 1", order_number="PO-9")
    company.post()
    assert fact(company, "fact_item_site", "on_order") == (20,)
    listen(company, world)
    assert fact(company, "fact_item_site", "on_order") == (0,)


def test_two_lines_of_one_item_get_their_parts_by_the_days_asked_for(sent: tuple[Company, World]) -> None:
    company, world = sent
    for number, days in (("1", 5), ("2", 9)):
        company.order_line(10, "I1", f"PO-9 {number}", order_number="PO-9", requested_on=TODAY + timedelta(days=days))
    company.post()
    day = TODAY + timedelta(days=7)
    listen(company, world, answer(line("I1", part("changed", 14, day), part("rejected", 6)), reference="PO-9"))
    rows = company.conn.execute(
        "SELECT source_key, declined, confirmed[1].quantity, confirmed[1].day FROM lotwatch.purchase_order_line ORDER BY 1"
    ).fetchall()
    assert rows == [("PO-9 1", 0, 10, day), ("PO-9 2", 6, 4, day)]


def test_a_line_that_is_changed_in_the_erp_afterwards_is_not_taken_for_declined(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    quantity = ordered(company)
    listen(company, world, answer(line("I1", part("accepted", quantity))))
    sync(company, "I1", quantity=quantity + 50)
    assert fact(company, "fact_order_line", "outstanding", "declined") == (quantity + 50, 0)


# --- whom to believe


def test_a_supplier_cannot_answer_for_another(sent: tuple[Company, World]) -> None:
    company, world = sent
    sync(company)
    other = RestSettings(protocol="rest", connection="other", suppliers=("S9",))
    portals = Portals({"other": other, "portal": SETTINGS}, lambda settings: world)
    world.answers.append(answer(state="rejected"))
    company.conn.execute("UPDATE lotwatch.portal_state SET cursor = '1'")  # the order's own portal has nothing new
    counts, _ = hear(company.conn, portals, company.context)
    assert counts["answer.read"] == 0
    assert fact(company, "fact_order_line", "declined") == (0,)
    noted = company.conn.execute(
        "SELECT reason FROM lotwatch.audit_event WHERE action = 'answer not believed'"
    ).fetchall()
    assert "PO-1" in noted[0][0]


def test_an_answer_that_cannot_be_read_is_told_and_stops_no_other(sent: tuple[Company, World]) -> None:
    company, world = sent

    class Spoilt(World):
        def responses(self, cursor: str | None) -> Page:
            page = world.responses(cursor)
            return page.model_copy(update={"unreadable": [Unreadable(name="A-9", reason="no date")]})

    world.answers.append(answer(state="accepted"))
    counts, _ = hear(company.conn, Spoilt(calm()).gateways().portals, company.context)
    assert counts == {"answer.read": 1, "answer.unreadable": 1}
    drain_all(company, world)
    assert {m.subject for m in world.messages if "cannot be read" in m.subject} == {
        "1 answer of suppliers cannot be read"
    }


def test_a_portal_that_is_down_stops_no_other(sent: tuple[Company, World]) -> None:
    company, world = sent

    class Down(World):
        def responses(self, cursor: str | None) -> Page:
            raise Unavailable("503")

    settings = {"down": SETTINGS.model_copy(update={"connection": "d", "suppliers": ("S9",)}), "portal": SETTINGS}
    portals = Portals(settings, lambda each: Down(calm()) if each.connection == "d" else world)
    world.answers.append(answer(state="accepted"))
    counts, errors = hear(company.conn, portals, company.context)
    assert counts["answer.read"] == 1
    assert ["down" in error for error in errors] == [True]


# --- an answer is proof


def test_an_order_that_its_supplier_answers_was_sent_whatever_the_portal_said(approved: Company) -> None:
    world = World(then_calm("", "silent"))
    drain(approved.conn, world.gateways(), approved.context)
    assert proposal(approved.conn) == ("sending", "PO-1", None)
    listen(approved, world, answer(state="accepted"))
    world.orders.clear()  # and the portal would say that it has none
    drain_all(approved, world)
    assert proposal(approved.conn) == ("sent", "PO-1", "A-1")
    assert world.accepted == {"LW-000001": 1}


def test_an_order_that_was_given_up_and_is_answered_has_been_sent(approved: Company) -> None:
    world = World(then_calm("", "refuse"))
    drain_all(approved, world)
    assert proposal(approved.conn) == ("failed", "PO-1", None)
    listen(approved, world, answer(state="accepted"))
    assert proposal(approved.conn) == ("sent", "PO-1", "A-1")
    assert approved.conn.execute("SELECT state FROM lotwatch.outbox WHERE kind = 'portal_order'").fetchone() == (
        "sent",
    )


# --- a supplier without a portal


def test_without_a_portal_the_erps_draft_is_all_and_the_buyer_is_told(approved: Company) -> None:
    world = World(calm())
    world.settings = None
    jobs.send(approved.conn, approved.context, world.gateways())
    assert proposal(approved.conn) == ("sent", "PO-1", None)
    assert (world.drafted, world.accepted) == ({"LW-000001": 1}, {})
    assert "place its draft from the ERP" in world.messages[0].text
    assert propose(approved)["proposals"] == 0


# --- how often, and when not at all


def limited(**settings: Any) -> Portal:
    return Portal("portal", SETTINGS.model_copy(update=settings), World(calm()))  # type: ignore[arg-type]


def once(conn: psycopg.Connection, portal: Portal, error: Exception | None = None) -> None:
    with asking(conn, portal):
        if error:
            raise error


def test_no_more_is_asked_within_a_minute_than_the_supplier_allows(db_url: str) -> None:
    portal = limited(requests_per_minute=3)
    with psycopg.connect(db_url, autocommit=True) as one, psycopg.connect(db_url, autocommit=True) as other:
        for conn in (one, other, one):
            once(conn, portal)
        for conn in (one, other):
            with pytest.raises(NotYet, match="3 times within a minute") as wait:
                once(conn, portal)
            assert 50 < wait.value.seconds <= 60
        one.execute("UPDATE lotwatch.portal_state SET asked_at[1] = asked_at[1] - interval '1 minute'")
        once(other, portal)  # the first is a minute ago
        with pytest.raises(NotYet):
            once(one, portal)


def test_a_portal_that_is_down_is_left_alone_and_then_tried_by_one(db_url: str) -> None:
    portal = limited(breaker=Breaker(after=2, seconds=100))
    with psycopg.connect(db_url, autocommit=True) as one, psycopg.connect(db_url, autocommit=True) as other:
        for error in (Unavailable("503"), Unclear("no answer", silent=True)):
            with pytest.raises(type(error)):
                once(one, portal, error)
        with pytest.raises(NotYet, match="left alone") as wait:
            once(other, portal)
        assert 90 < wait.value.seconds <= 100

        def elapse() -> None:
            one.execute("UPDATE lotwatch.portal_state SET closed_until = closed_until - interval '100 seconds'")

        elapse()
        with pytest.raises(Unavailable):
            once(one, portal, Unavailable("503"))
        with pytest.raises(NotYet):
            once(other, portal)
        elapse()
        with asking(one, portal), pytest.raises(NotYet):
            once(other, portal)  # one try is enough, until it has an end
        once(other, portal)
        for _ in range(2):
            once(one, portal)


def test_the_pause_that_a_portal_asks_for_is_kept_by_all(db_url: str) -> None:
    portal = limited()
    with psycopg.connect(db_url, autocommit=True) as one, psycopg.connect(db_url, autocommit=True) as other:
        with pytest.raises(Unavailable):
            once(one, portal, Unavailable("429", retry_after=30))
        with pytest.raises(NotYet) as wait:
            once(other, portal)
        assert 20 < wait.value.seconds <= 30


def test_an_answer_that_leaves_a_question_open_says_nothing_of_the_portal(db: psycopg.Connection) -> None:
    portal = limited(breaker=Breaker(after=1))
    db.autocommit = True
    with pytest.raises(Unclear):
        once(db, portal, Unclear("twice"))
    once(db, portal)


def test_an_order_that_may_not_be_sent_yet_waits_and_loses_no_try(approved: Company) -> None:
    world = World(calm())
    world.settings = SETTINGS.model_copy(update={"requests_per_minute": 2})
    for _ in range(2):
        once(approved.conn, Portal("portal", world.settings, world))
    drained = drain(approved.conn, world.gateways(), approved.context)
    assert drained.counts["portal_order.put_back"] == 1
    assert world.accepted == {}
    row = approved.conn.execute(
        "SELECT state, attempts, not_before > clock_timestamp() + interval '40 seconds' FROM lotwatch.outbox"
        " WHERE kind = 'portal_order'"
    ).fetchone()
    assert row == ("waiting", 0, True)
    assert outbox.claim(approved.conn, 1) is None
    drain_all(approved, world)
    assert states(approved.conn) == ["sent"]


def test_the_date_of_an_order_is_its_approvals(sent: tuple[Company, World]) -> None:
    _, world = sent
    [order] = world.orders.values()
    assert (order.ordered_on, order.lines[0].name) == (datetime.date(NOW), "Device I1")


def test_an_item_is_named_by_its_identifier_and_the_suppliers_own_code(short: Company) -> None:
    short.add("identifier", item_code="I1", code="09506000134352", package_level="unit", units_contained=1)
    short.add("cross_reference", system="portal", kind="item", their_code="S-77", our_code="I1")
    short.post()
    propose(short)
    [order] = ask(short).proposals
    decide(short, order.proposal_id)
    short.conn.commit()
    short.conn.autocommit = True
    world = World(calm())
    drain_all(short, world)
    [placed] = world.orders.values()
    assert [(each.udi_di, each.supplier_item_code) for each in placed.lines] == [
        ("09506000134352", "S-77"),
        (None, None),
    ]


# --- pushed


@pytest.fixture
def pushing(sent: tuple[Company, World], monkeypatch: pytest.MonkeyPatch) -> Company:
    """A supplier whose cXML portal pushes its answers as the source `answers`."""
    options = {"buyer": {"identity": "us"}, "supplier": {"identity": "them"}}
    settings = CxmlSettings(protocol="cxml", connection="c", suppliers=("S1",), answers=False, options=options)  # type: ignore[arg-type]
    source = Source(kind="order_answers", push="keys", options={"portal": "network"})
    for module in ("lotwatch.jobs.events", "lotwatch.delivery.portals.push"):
        monkeypatch.setattr(f"{module}.load_portals", lambda: {"network": settings})
    monkeypatch.setattr("lotwatch.sources.registry.load_sources", lambda: {"answers": source})
    return sent[0]


def pushed(number: str, quantity: int, order: str = "PO-1") -> inbox.Body:
    content = (
        '<?xml version="1.0"?><!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.045/Fulfill.dtd">'
        f'<cXML payloadID="{number}"><Request><ConfirmationRequest><ConfirmationHeader type="detail"'
        f' noticeDate="{NOW.isoformat()}"/><OrderReference orderID="{order}"/><ConfirmationItem lineNumber="1">'
        f'<ConfirmationStatus type="reject" quantity="{quantity}"/></ConfirmationItem>'
        "</ConfirmationRequest></Request></cXML>"
    )
    return inbox.Body("answers", number, "k1", "xml", 1, content.encode())


def test_an_answer_that_is_pushed_counts_like_one_that_was_fetched(pushing: Company, db_url: str) -> None:
    second_supplier(pushing)
    quantity = ordered(pushing)
    push(db_url, pushed("a@s", quantity), pushed("b@s", quantity, order="PO-1 and nothing"))
    counts = events.handle(pushing.conn, pushing.context)
    assert (counts["bodies"], counts.get("unreadable", 0)) == (2, 0)
    assert propose(pushing)["lines"] == 1
    push(db_url, pushed("a@s", quantity, order="PO-1"))  # the same id: the inbox has it already
    assert events.handle(pushing.conn, pushing.context) == {}


def test_a_pushed_answer_that_cannot_be_read_stays_in_the_inbox(pushing: Company, db_url: str) -> None:
    push(db_url, replace(pushed("a@s", 1), content=b"<cXML/>"), replace(pushed("b@s", 1), media="json", content=b"{}"))
    counts = events.handle(pushing.conn, pushing.context)
    assert (counts["bodies"], counts["unreadable"]) == (2, 2)
    kept = inbox.list_bodies(pushing.conn, unreadable=True)
    assert ["no answer to an order" in (each.error or "") for each in kept] == [True, True]
