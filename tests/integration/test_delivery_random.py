"""The delivery machine at random: whatever goes wrong, and whoever dies, each approved order is placed once, no other ever.

Some dozens of runs here; EXAMPLES=100 makes them some thousands.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest

from lotwatch import actions
from lotwatch.delivery import Gateways, drain, hear
from lotwatch.delivery.channels import Message
from lotwatch.delivery.outcome import Refused, Unavailable, Unclear
from lotwatch.delivery.people import People
from lotwatch.delivery.portals import (
    Breaker,
    Confirmation,
    LineResponse,
    Order,
    OrderResponse,
    Page,
    Part,
    PortalClient,
    Portals,
)
from lotwatch.delivery.portals.registry import RestSettings
from lotwatch.errors import SourceError
from lotwatch.outbox import enqueue
from tests.examples import examples
from tests.integration import servers
from tests.integration.company import NOW, TODAY, Company
from tests.integration.servers import PORTAL_TOKEN, Server
from tests.integration.test_delivery import Killed
from tests.integration.test_portal_protocols import CLIENTS

RUNS = examples(60)
#: of one run: fewer than the tries that an order has
MOST_TROUBLES = 8
AT_PORTAL = (
    "",
    "",
    "down",
    "slow down",
    "silent",
    "lost",
    "nonsense",
    "killed before",
    "killed after",
    "other worker",
    "answered",
)
AT_ERP = ("", "", "down", "silent", "killed after", "other worker")
AT_LOOK_UP = ("", "", "down", "killed before", "other worker")


@dataclass
class World:
    """An ERP and a portal without idempotency keys, in memory: sending twice is ordering twice."""

    random: Random
    troubles: int
    meanwhile: Callable[[], None] = lambda: None
    drafts: dict[str, str] = field(default_factory=dict)
    drafted: Counter[str] = field(default_factory=Counter)
    orders: dict[str, Order] = field(default_factory=dict)
    accepted: Counter[str] = field(default_factory=Counter)
    cancelled: Counter[str] = field(default_factory=Counter)
    refused: set[str] = field(default_factory=set)
    answers: list[OrderResponse] = field(default_factory=list)

    def trouble(self, *kinds: str) -> str:
        """What goes wrong now; nothing any more once it was enough."""
        if self.troubles <= 0:
            return ""
        chosen = self.random.choice(kinds)
        self.troubles -= chosen != ""
        if chosen == "other worker":
            self.meanwhile()
        return chosen

    # the ERP
    def find(self, reference: str) -> str | None:
        return self.drafts.get(reference)

    def draft(self, order: actions.Proposal) -> str:
        trouble = self.trouble(*AT_ERP)
        if trouble == "down":
            raise SourceError("The ERP is down", retry=True)
        if order.code not in self.drafts:
            self.drafted[order.code] += 1
            self.drafts[order.code] = f"PO-{order.code}"
        if trouble == "silent":
            raise SourceError("The ERP gave no answer", retry=True)
        if trouble == "killed after":
            raise Killed
        return self.drafts[order.code]

    def differs(self, order: actions.Proposal) -> None:
        return None

    def change(self, before: actions.Proposal, after: actions.Proposal) -> bool:
        trouble = self.trouble(*AT_ERP)
        if trouble == "down":
            raise SourceError("The ERP is down", retry=True)
        assert after.lines == ()
        self.drafts.pop(before.code, None)
        if trouble == "silent":
            raise SourceError("The ERP gave no answer", retry=True)
        if trouble == "killed after":
            raise Killed
        return True

    # the portal
    def find_order(self, reference: str) -> Confirmation | None:
        trouble = self.trouble(*AT_LOOK_UP)
        if trouble == "down":
            raise Unclear("no answer", silent=True)
        if trouble == "killed before":
            raise Killed
        return self._confirm(self.orders[reference]) if reference in self.orders else None

    def send_order(self, order: Order, idempotency_key: str) -> Confirmation:
        trouble = "refused" if order.buyer_reference in self.refused else self.trouble(*AT_PORTAL)
        match trouble:
            case "refused":
                raise Refused("422")
            case "down":
                raise Unavailable("503")
            case "slow down":
                raise Unavailable("429", retry_after=self.random.choice([0, 30]))
            case "lost":
                raise Unclear("nothing arrived", silent=True)
            case "killed before":
                raise Killed
        self.accepted[order.buyer_reference] += 1
        self.orders[order.reference] = order
        if trouble == "answered" or self.random.random() < 0.5:
            self._answer(order)
        match trouble:
            case "silent" | "answered":
                raise Unclear("time-out after accepting", silent=True)
            case "nonsense":
                raise Unclear("<html>")
            case "killed after":
                raise Killed
        return self._confirm(order)

    def responses(self, cursor: str | None) -> Page:
        trouble = self.trouble("", "", "down", "killed before")
        if trouble == "down":
            raise Unavailable("503")
        if trouble == "killed before":
            raise Killed
        told = self.random.choices(self.answers, k=len(self.answers)) if self.random.random() < 0.3 else self.answers
        return Page(responses=told, cursor=None)  # twice, in any order, some not at all

    def _answer(self, order: Order) -> None:
        lines = [
            LineResponse(number=number, parts=[Part(state="accepted", quantity=line.quantity)])
            for number, line in enumerate(order.lines, start=1)
        ]
        self.answers.append(
            OrderResponse(
                number=f"A-{order.reference}", reference=order.reference, issued_at=NOW, state="accepted", lines=lines
            )
        )

    def change_order(self, *asked: object) -> Confirmation:
        raise NotImplementedError

    def cancel_order(self, reference: str, reason: str, idempotency_key: str) -> Confirmation:
        trouble = self.trouble(*AT_PORTAL)
        match trouble:
            case "down" | "slow down":
                raise Unavailable("503")
            case "lost":
                raise Unclear("nothing arrived", silent=True)
            case "killed before":
                raise Killed
        self.cancelled[reference] += 1
        match trouble:
            case "silent" | "answered" | "nonsense":
                raise Unclear("time-out after accepting", silent=True)
            case "killed after":
                raise Killed
        return self._confirm(self.orders[reference])

    def _confirm(self, order: Order) -> Confirmation:
        return Confirmation(
            confirmation_number=f"C-{order.reference}", reference=order.reference, received_at=NOW,
            cancelled=self.cancelled[order.reference] > 0,
        )  # fmt: skip

    # the mail service
    def send(self, message: Message, to: Sequence[str]) -> str:
        return "m"


def gateways(world: World, portal: PortalClient, random: Random) -> Gateways:
    settings = RestSettings(
        protocol="rest", connection="portal", suppliers=("*",),
        requests_per_minute=random.choice([2, 3, 100]), breaker=Breaker(after=random.choice([1, 2, 5]), seconds=100),
    )  # fmt: skip
    portals = Portals({"portal": settings}, lambda each: portal)
    people = People.model_validate({
        name: {"roles": [name], "channels": [{"smtp": f"{name}@x.example"}]} for name in ("buyer", "ops")
    })
    return Gateways(erp=world, portals=portals, channels={"smtp": world}, people=people, board_url="http://board")


@pytest.fixture
def stage(company: Company, monkeypatch: pytest.MonkeyPatch) -> Company:
    """A company to whose database orders are written as approvals leave them. Guards have tests of their own."""
    company.item()
    company.agreement()
    company.post()
    monkeypatch.setattr("lotwatch.actions.guard", lambda *asked: [])
    company.conn.autocommit = True
    return company


def order(conn: psycopg.Connection, decision: str | None) -> str:
    """An order in the outbox, and what was decided about it; whatever that is, its row is there, as if by mistake."""
    state = {"approved": "approved", "rejected": "rejected", "timed_out": "timed_out", None: "approved"}[decision]
    row = conn.execute(
        "INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, state, created_at, steps)"
        " SELECT 'purchase_order', supplier_id, location_id, 'USD', %s, %s, '{buyer}' FROM lotwatch.supplier, lotwatch.location AS site"
        " WHERE supplier.code = 'S1' AND site.code = 'DC' RETURNING proposal_id, code",
        (state, NOW),
    ).fetchone()
    assert row is not None
    conn.execute(
        "INSERT INTO lotwatch.proposal_line (proposal_id, item_id, quantity, unit_price, requested_on, why)"
        " SELECT %s, item_id, 12, 10, %s, '{}' FROM lotwatch.item",
        (row[0], TODAY + timedelta(days=10)),
    )
    if decision:
        conn.execute(
            "INSERT INTO lotwatch.approval (proposal_id, step, decision, decided_by, decided_at, run_id)"
            " VALUES (%s, 'buyer', %s, 'olga', %s, 'ask')",
            (row[0], decision, NOW),
        )
    enqueue(conn, "erp_draft", row[1], {"proposal_id": row[0]})
    return str(row[1])


def cancel(conn: psycopg.Connection, code: str) -> None:
    """An approved cancellation of an order that was sent, in the outbox."""
    row = conn.execute(
        "INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, state, created_at, steps, order_id, details)"
        " SELECT 'order_change', supplier_id, site_id, currency, 'approved', created_at, steps, proposal_id, '{\"sequence\": 1}'"
        " FROM lotwatch.proposal WHERE code = %s RETURNING proposal_id, code",
        (code,),
    ).fetchone()
    assert row is not None
    conn.execute(
        "INSERT INTO lotwatch.proposal_line (proposal_id, item_id, quantity, unit_price, requested_on, why)"
        " SELECT %s, item_id, 12, 10, %s, '{\"after\": []}' FROM lotwatch.item",
        (row[0], TODAY),
    )
    conn.execute(
        "INSERT INTO lotwatch.approval (proposal_id, step, decision, decided_by, decided_at, run_id)"
        " VALUES (%s, 'buyer', 'approved', 'olga', %s, 'ask')",
        (row[0], NOW),
    )
    enqueue(conn, "portal_change", f"{row[1]}:portal", {"proposal_id": row[0]})


def elapse(conn: psycopg.Connection) -> None:
    """Let every wait and lease run out."""
    conn.execute(
        "UPDATE lotwatch.outbox SET not_before = now() - interval '1 second' WHERE state IN ('waiting', 'unclear')"
    )
    conn.execute("UPDATE lotwatch.portal_state SET asked_at = '{}', closed_until = closed_until - interval '2 minutes'")


def run_to_the_end(stage: Company, other: psycopg.Connection, world: World, ways: Gateways) -> None:
    """Drain and hear, dying and coming back, until nothing waits."""

    def meanwhile() -> None:
        elapse(other)  # slower than its lease
        world.meanwhile = lambda: None
        try:
            drain(other, ways, stage.context)
        except Killed:
            other.execute("SELECT pg_advisory_unlock_all()")
        world.meanwhile = meanwhile

    world.meanwhile = meanwhile
    for _ in range(60):
        elapse(stage.conn)
        try:
            if world.random.random() < 0.5:
                hear(stage.conn, ways.portals, stage.context)
            drain(stage.conn, ways, stage.context)
        except Killed:
            stage.conn.execute("SELECT pg_advisory_unlock_all()")  # the session ends with its process
        left = stage.conn.execute("SELECT 1 FROM lotwatch.outbox WHERE state IN ('waiting', 'unclear') LIMIT 1")
        if left.fetchone() is None:
            return
    raise AssertionError("the outbox never emptied")


def check(conn: psycopg.Connection, world: World, decisions: dict[str, str | None], accepted: Counter[str]) -> None:
    states = dict(
        conn.execute("SELECT code, state FROM lotwatch.proposal WHERE code = ANY(%s)", (list(decisions),)).fetchall()
    )
    for code, decision in decisions.items():
        placed = decision == "approved" and code not in world.refused
        assert accepted[code] == placed, (code, decision)
        assert world.drafted[code] == (decision == "approved"), (code, decision)
        assert (states[code] == "sent") == placed, (code, states[code])
        assert states[code] == "failed" or code not in world.refused or decision != "approved"


def runs(count: int) -> Iterator[tuple[int, Random]]:
    for seed in range(count):
        yield seed, Random(seed)


def test_each_approved_order_is_placed_once_and_no_other_ever(stage: Company, db_url: str) -> None:
    with psycopg.connect(db_url, autocommit=True) as other:
        for seed, random in runs(RUNS):
            world = World(random, random.randrange(MOST_TROUBLES + 1))
            chosen = random.choices(["approved", "rejected", "timed_out", None], [6, 1, 1, 1], k=random.randrange(1, 4))
            decisions = {order(stage.conn, each): each for each in chosen}
            world.refused = {code for code in decisions if random.random() < 0.1}
            try:
                ways = gateways(world, world, random)
                run_to_the_end(stage, other, world, ways)
                check(stage.conn, world, decisions, world.accepted)
                gone = [code for code in decisions if world.accepted[code] and random.random() < 0.3]
                world.troubles = random.randrange(MOST_TROUBLES + 1)
                for code in gone:
                    cancel(stage.conn, code)
                run_to_the_end(stage, other, world, ways)
                assert world.cancelled == {f"PO-{code}": 1 for code in gone}
                assert not world.drafts.keys() & set(gone)
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error
            # what is over would only make the next run slower
            stage.conn.execute("DELETE FROM lotwatch.message_delivery")
            stage.conn.execute("DELETE FROM lotwatch.outbox WHERE state NOT IN ('waiting', 'unclear')")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with servers.portal(Path(tmp_path_factory.mktemp("portal"))) as server:
        yield server


def test_the_same_is_so_over_http_whatever_the_portal_speaks(stage: Company, db_url: str, portal: Server) -> None:
    modes = ["latency", "429", "500", "timeout_before_accept", "timeout_after_accept", "malformed"]
    with psycopg.connect(db_url, autocommit=True) as other:
        for seed, random in runs(18):
            protocol = random.choice(list(CLIENTS))
            world = World(random, random.randrange(3))
            chosen = random.choices(["approved", "rejected"], [3, 1], k=2)
            decisions = {order(stage.conn, each): each for each in chosen}
            portal.misbehave(
                random.choice(modes), times=random.randrange(1, 4), at=random.choice(["send", "send", "look_up", "read"]),
                seconds=0.05,
            )  # fmt: skip
            client = CLIENTS[protocol](portal.url, PORTAL_TOKEN)
            run_to_the_end(stage, other, world, gateways(world, client, random))
            received = portal.received("orders")
            at_portal = Counter(each["order"]["buyer_reference"] for each in received["orders"])
            assert received["duplicates"] == 0, seed
            check(stage.conn, world, decisions, at_portal)
