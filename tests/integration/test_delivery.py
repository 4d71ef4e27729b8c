"""The delivery machine against recipients that misbehave: each approved order exactly once, each rejected one never."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import psycopg
import pytest

from lotwatch import actions
from lotwatch.config import Words
from lotwatch.delivery import Gateways, drain
from lotwatch.delivery.channels import Message
from lotwatch.delivery.outcome import Refused, Unavailable, Unclear
from lotwatch.delivery.people import People
from lotwatch.delivery.portals import Breaker, Confirmation, OrderChange, OrderResponse, Page, Portals
from lotwatch.delivery.portals import Order as PortalOrder
from lotwatch.delivery.portals.registry import RestSettings
from lotwatch.errors import SourceError
from lotwatch.jobs import order as jobs
from lotwatch.outbox import enqueue
from tests.integration.company import Company
from tests.integration.test_actions import ask, decide, propose, short
from tests.worlds import prepared

__all__ = ["short"]


SETTINGS = RestSettings(protocol="rest", connection="portal", suppliers=("*",), breaker=Breaker(after=3, seconds=100))


class Killed(BaseException):
    """The process ends here."""


class World:
    """An ERP, a portal and a mail service in memory, with a list of what goes wrong next."""

    def __init__(self, troubles: Iterator[str]) -> None:
        self.troubles = troubles
        self.drafts: dict[str, str] = {}
        self.drafted: Counter[str] = Counter()
        self.orders: dict[str, PortalOrder] = {}
        self.accepted: Counter[str] = Counter()
        self.messages: list[Message] = []
        self.answers: list[OrderResponse] = []
        self.settings: RestSettings | None = SETTINGS
        self.changes: list[tuple[str, OrderChange | None]] = []
        self.different: Words | None = None
        self.placed = False
        self.in_erp: list[actions.Proposal] = []

    def gateways(self) -> Gateways:
        people = People.model_validate({
            "buyer": {"roles": ["buyer"], "channels": [{"smtp": "b@x.example"}]},
            "ops": {"roles": ["ops"], "channels": [{"smtp": "o@x.example"}]},
            "ops-zh": {"roles": ["ops"], "language": "zh", "channels": [{"smtp": "z@x.example"}]},
        })
        portals = Portals({"portal": self.settings} if self.settings else {}, lambda settings: self)
        return Gateways(erp=self, portals=portals, channels={"smtp": self}, people=people, board_url="http://board")

    # the ERP
    def find(self, reference: str) -> str | None:
        return self.drafts.get(reference)

    def draft(self, order: actions.Proposal) -> str:
        trouble = next(self.troubles)
        if trouble == "down":
            raise SourceError("The ERP is down", retry=True)
        if trouble == "refuse":
            raise SourceError("The ERP says no")
        if order.code not in self.drafts:
            self.drafted[order.code] += 1
            self.drafts[order.code] = f"PO-{len(self.drafts) + 1}"
        if trouble == "silent":
            raise SourceError("The ERP gave no answer", retry=True)
        if trouble == "kill":
            raise Killed
        return self.drafts[order.code]

    def differs(self, order: actions.Proposal) -> Words | None:
        return self.different

    def change(self, before: actions.Proposal, after: actions.Proposal) -> bool:
        if next(self.troubles) == "down":
            raise SourceError("The ERP is down", retry=True)
        self.in_erp += [] if self.placed else [after]
        return not self.placed

    # the portal
    def find_order(self, reference: str) -> Confirmation | None:
        if next(self.troubles) in {"down", "silent"}:
            raise Unclear("no answer")
        order = self.orders.get(reference)
        return order and self._confirm(order)

    def send_order(self, order: PortalOrder, idempotency_key: str) -> Confirmation:
        trouble = next(self.troubles)
        if trouble == "down":
            raise Unavailable("429", retry_after=0)
        if trouble == "refuse":
            raise Refused("422")
        self.accepted[order.buyer_reference] += 1  # a portal without idempotency keys: sending twice is ordering twice
        self.orders[order.reference] = order
        if trouble == "silent":
            raise Unclear("time-out after accepting")
        if trouble == "kill":
            raise Killed
        return self._confirm(order)

    def responses(self, cursor: str | None) -> Page:
        first = int(cursor or 0)
        return Page(responses=self.answers[first:], cursor=str(len(self.answers)))

    def change_order(self, change: OrderChange, idempotency_key: str) -> Confirmation:
        return self._take_change(change.reference, change)

    def cancel_order(self, reference: str, reason: str, idempotency_key: str) -> Confirmation:
        return self._take_change(reference, None)

    def _take_change(self, reference: str, change: OrderChange | None) -> Confirmation:
        trouble = next(self.troubles)
        if trouble == "down":
            raise Unavailable("429", retry_after=0)
        if trouble == "refuse":
            raise Refused("409")
        self.changes.append((reference, change))
        if trouble == "silent":
            raise Unclear("time-out after accepting")
        if trouble == "kill":
            raise Killed
        return self._confirm(self.orders[reference])

    def _confirm(self, order: PortalOrder) -> Confirmation:
        changes = [change for reference, change in self.changes if reference == order.reference]
        return Confirmation(
            confirmation_number=f"C-{order.reference}",
            reference=order.reference,
            buyer_reference=order.buyer_reference,
            received_at=datetime(2026, 6, 15, tzinfo=UTC),
            sequence=max((change.sequence for change in changes if change), default=0),
            cancelled=None in changes,
        )

    # the channel to people
    def send(self, message: Message, to: Sequence[str]) -> str:
        if next(self.troubles) == "down":
            raise Unavailable("503")
        self.messages.append(message)
        return f"m{len(self.messages)}"


def calm() -> Iterator[str]:
    while True:
        yield ""


def then_calm(*troubles: str) -> Iterator[str]:
    yield from troubles
    yield from calm()


@prepared
def decided(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    decide(short, order.proposal_id)


@pytest.fixture
def approved(decided: Company) -> Company:
    decided.conn.autocommit = True
    return decided


def due_now(conn: psycopg.Connection) -> None:
    """Let the waiting time pass."""
    conn.execute("UPDATE lotwatch.outbox SET not_before = now() - interval '1 second'")
    conn.execute("UPDATE lotwatch.portal_state SET asked_at = '{}', closed_until = now() - interval '1 second'")


def drain_all(company: Company, world: World, rounds: int = 30) -> list[str]:
    """Drain, kill and time included, until nothing waits; returns the errors people would see."""
    errors: list[str] = []
    for _ in range(rounds):
        due_now(company.conn)
        try:
            errors += drain(company.conn, world.gateways(), company.context).errors
        except Killed:
            # the session ends with its process, and its locks with the session
            company.conn.execute("SELECT pg_advisory_unlock_all()")
        row = company.conn.execute(
            "SELECT count(*) FROM lotwatch.outbox WHERE state IN ('waiting', 'unclear')"
        ).fetchone()
        if row == (0,):
            return errors
    raise AssertionError("the outbox never emptied")


def proposal(conn: psycopg.Connection) -> tuple | None:
    return conn.execute("SELECT state, erp_number, portal_confirmation FROM lotwatch.proposal").fetchone()


def test_the_erps_number_is_the_reference_at_the_portal(approved: Company) -> None:
    world = World(calm())
    drain_all(approved, world)
    assert proposal(approved.conn) == ("sent", "PO-1", "C-PO-1")
    [order] = world.orders.values()
    assert (order.reference, order.buyer_reference, order.ship_to_site) == ("PO-1", "LW-000001", "DC")
    assert world.messages == []  # the buyers are told of all orders at once, by the job


@pytest.mark.parametrize(
    "troubles",
    [("down",), ("silent",), ("kill",), ("", "down"), ("", "silent"), ("", "kill"), ("", "silent", "silent", "down")],
    ids=" ".join,
)
def test_whatever_goes_wrong_the_order_is_placed_exactly_once(approved: Company, troubles: tuple[str, ...]) -> None:
    world = World(then_calm(*troubles))
    drain_all(approved, world)
    assert world.drafted == {"LW-000001": 1}
    assert world.accepted == {"LW-000001": 1}
    assert proposal(approved.conn) == ("sent", "PO-1", "C-PO-1")


def test_a_refusal_is_final_and_told(approved: Company) -> None:
    world = World(then_calm("", "refuse"))
    [error] = drain_all(approved, world)
    assert "portal_order LW-000001:portal, failed: 422" in error
    assert proposal(approved.conn) == ("failed", "PO-1", None)
    assert [m.subject for m in world.messages if "could not be sent" in m.subject or "无法发送" in m.subject]
    drain_all(approved, world)
    assert world.accepted == {}


def test_an_order_without_a_written_yes_is_not_sent(short: Company) -> None:
    propose(short)
    [order] = ask(short).proposals
    enqueue(short.conn, "erp_draft", order.code, {"proposal_id": order.proposal_id})  # as if a task had gone astray
    short.conn.commit()
    short.conn.autocommit = True
    world = World(calm())
    drain_all(short, world)
    assert world.drafted == {}
    row = short.conn.execute("SELECT state, last_error FROM lotwatch.outbox WHERE kind = 'erp_draft'").fetchone()
    assert row == ("refused", "LW-000001 has no approval.")


def test_a_budget_spent_meanwhile_stops_the_order_before_the_draft(approved: Company) -> None:
    approved.conn.execute("UPDATE lotwatch.budget SET amount = 1")
    world = World(calm())
    drain_all(approved, world)
    assert (world.drafted, world.accepted) == ({}, {})
    assert proposal(approved.conn) == ("refused", None, None)


def test_two_workers_send_one_order(approved: Company, db_url: str) -> None:
    world = World(calm())
    second_sees: list[Counter[str]] = []

    class Nosy(World):
        def draft(self, order: actions.Proposal) -> str:
            with psycopg.connect(db_url, autocommit=True) as other:  # another worker, while this one is sending
                due_now(other)  # slower than its lease
                second_sees.append(drain(other, world.gateways(), approved.context).counts)
            return super().draft(order)

    nosy = Nosy(calm())
    drain(approved.conn, nosy.gateways(), replace(approved.context))
    assert not [key for counts in second_sees for key in counts if key.startswith("erp_draft")]
    assert world.drafted == {}
    assert nosy.drafted == {"LW-000001": 1}


def test_a_message_that_did_not_reach_one_subscriber_is_not_sent_again_to_the_other(db: psycopg.Connection) -> None:
    company = Company(db)
    data = {"dag_id": "d", "task_id": "t", "error": "it broke", "path": "/dags/d"}
    enqueue(db, "message", "k", {"template": "run_failed", "to": ["ops"], "data": data})
    db.commit()
    db.autocommit = True
    world = World(then_calm("", "down"))
    drain_all(company, world)
    assert sorted(message.reference for message in world.messages) == ["k:ops-zh:smtp", "k:ops:smtp"]


def test_one_rows_trouble_stops_no_other(db: psycopg.Connection) -> None:
    company = Company(db)
    data = {"dag_id": "d", "task_id": "t", "error": "it broke", "path": "/dags/d"}
    enqueue(db, "message", "bad", {"template": "run_failed", "to": ["ops"], "data": data | {"error": ""}})
    for key in ("a", "b"):
        enqueue(db, "message", key, {"template": "run_failed", "to": ["buyer"], "data": data})
    db.commit()
    db.autocommit = True
    world = World(then_calm("down", "down", "down"))
    drained = drain(db, world.gateways(), company.context)
    assert drained.counts["message_delivery.waiting"] == 3
    assert drained.counts["message_delivery.sent"] == 1


def test_a_message_for_which_there_are_no_words_stops_no_other(db: psycopg.Connection) -> None:
    company = Company(db)
    data = {"dag_id": "d", "task_id": "t", "error": "it broke", "path": "/dags/d"}
    enqueue(db, "message", "empty", {"template": "gate", "to": ["buyer"], "data": {"rows": []}})
    enqueue(db, "message", "unknown", {"template": "no such message", "to": ["buyer"], "data": {}})
    enqueue(db, "message", "plain", {"template": "run_failed", "to": ["buyer"], "data": data})
    db.commit()
    db.autocommit = True
    drained = drain(db, World(calm()).gateways(), company.context)
    assert drained.counts == {
        "message.sent": 2, "message.failed": 1, "message_delivery.failed": 1, "message_delivery.sent": 1,
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_random_troubles_never_lose_or_double_an_order(approved: Company, seed: int) -> None:
    random = Random(seed)

    def troubles() -> Iterator[str]:
        for _ in range(random.randrange(1, 9)):
            yield random.choice(["", "down", "silent", "kill"])
        yield from calm()

    world = World(troubles())
    drain_all(approved, world)
    assert (world.drafted, world.accepted) == ({"LW-000001": 1}, {"LW-000001": 1})


def test_buyers_are_told_once_of_all_orders_that_were_sent(approved: Company) -> None:
    world = World(calm())
    for _ in range(2):
        jobs.send(approved.conn, approved.context, world.gateways())
    assert [message.subject for message in world.messages] == ["1 purchase order was sent to the suppliers"]
    assert "LW-000001" in world.messages[0].text
    assert "C-PO-1" in world.messages[0].html


def test_a_backfilled_run_sends_nothing(approved: Company) -> None:
    world = World(calm())
    jobs.send(approved.conn, replace(approved.context, run_type="backfill"), world.gateways())
    assert (world.drafted, world.messages) == ({}, [])
