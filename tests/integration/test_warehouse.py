"""What is held here is set aside by the warehouse, once, and said to be so; what is released comes back."""

from collections import Counter
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from lotwatch import ledger, outbox
from lotwatch.actions import warehouse
from lotwatch.actions.warehouse import Task, TaskLine, Warehouse
from lotwatch.audit import begin_run
from lotwatch.delivery import Gateways, WarehouseGateway
from lotwatch.delivery.people import People
from lotwatch.delivery.portals import Portals
from lotwatch.errors import SourceError
from lotwatch.jobs.order import send
from lotwatch.sources.tryton.wms import Told
from tests.integration.company import NOW, Company, context
from tests.worlds import prepared

SETTINGS = Warehouse(kind="tryton", connection="x", source="test", sites=("DC*", "HOSP"), blocked="{site}-BLOCKED")


class Killed(BaseException):
    """The process ends here."""


class Wms:
    """A warehouse in memory: what it was told by reference, how often it did it, and what goes wrong next.

    What it does is told by its movements when the next sync reads them (`tell`), never before.
    """

    def __init__(self, company: Company, *troubles: str) -> None:
        self.company, self.troubles = company, list(troubles)
        self.done: dict[str, Told] = {}
        self.times: Counter[str] = Counter()
        self.untold: list[Task] = []
        self.slow = False

    def carry_out(self, task: Task) -> Told:
        trouble = self.troubles.pop(0) if self.troubles else ""
        if trouble == "down":
            raise SourceError("it does not answer", retry=True)
        if trouble == "refuse":
            raise SourceError("it has no such lot", do="add it there")
        if task.reference not in self.done:
            self.times[task.reference] += 1
            self.untold.append(task)
            number = f"INT-{len(self.done) + 1}"
            self.done[task.reference] = Told(number, "waiting" if self.slow else "done", not self.slow)
        if trouble == "silent":
            raise SourceError("it gave no clear answer", retry=True)
        if trouble == "kill":
            raise Killed
        return self.done[task.reference]

    def look_up(self, task: Task) -> Told | None:
        return self.done.get(task.reference)

    def finish(self) -> None:
        self.done = {reference: Told(told.number, "done", done=True) for reference, told in self.done.items()}

    def tell(self) -> None:
        """The next sync: what was done becomes movements of the warehouse's own."""
        for task in self.untold:
            for number, line in enumerate(task.lines):
                self.company.add(
                    "movement", f"{task.reference}/{number}", item_code=line.item_code, lot_number=line.lot_number,
                    from_location=line.location_code, to_location=task.to_location, quantity=line.quantity,
                    occurred_at=NOW,
                )  # fmt: skip
        self.untold = []
        self.company.post()


@prepared
def stocked(company: Company) -> None:
    """40 of lot L1 on two shelves of DC, 5 at HOSP, which has a blocked place too; 7 of L2."""
    for site in ("DC", "HOSP"):
        company.location(f"{site}-BLOCKED", kind="bin", parent_code=site, status="blocked")
    for shelf in ("DC/A1", "DC/A2"):
        company.location(shelf, kind="bin", parent_code="DC")
    company.item()
    company.lot()
    company.lot("L2")
    company.move(30, "DC/A1")
    company.move(10, "DC/A2")
    company.move(5, "HOSP/OR")
    company.move(7, "DC/A1", lot="L2")
    company.post()


@pytest.fixture
def wms(stocked: Company) -> Wms:
    stocked.conn.autocommit = True
    return Wms(stocked)


def run(wms: Wms, days: float = 0) -> dict[str, Any]:
    """One run of send_outbox, with everything due now."""
    conn = wms.company.conn
    conn.execute("UPDATE lotwatch.outbox SET not_before = now() WHERE state IN ('waiting', 'unclear')")
    people = People.model_validate({
        name: {"roles": [name], "channels": [{"smtp": f"{name}@x.example"}]} for name in ("ops", "warehouse")
    })
    gateways = Gateways(
        erp=None, portals=Portals({}, None), channels={"smtp": Mailbox()}, people=people, board_url="http://board",  # type: ignore[arg-type]
        warehouses={"tryton": WarehouseGateway(SETTINGS, wms)},
    )  # fmt: skip
    run_id = f"run {days} {conn.execute('SELECT clock_timestamp()').fetchone()}"
    moment = begin_run(conn, context("send_outbox", run_id, NOW + timedelta(days=days)))
    return dict(send(conn, moment, gateways).counts)


class Mailbox:
    def send(self, message: Any, to: Any) -> str:
        return "m1"


def hold(company: Company, reference: str = "N1", lot: str | None = "L1", **where: str) -> int:
    conn = company.conn
    meant = ledger.holds.named(conn, "recall", reference, "recalled", item="I1", lot=lot, **where)
    placed = ledger.place_hold(conn, meant, company.context, "quality")
    assert placed is not None
    return placed


def release(company: Company, hold_id: int) -> None:
    ledger.release_hold(
        company.conn, hold_id, company.context, authorities=["recall"], released_by="quality", reason="cleared"
    )


def tasks(conn: psycopg.Connection, *, kind: str = "hold") -> list[tuple[str, str, int]]:
    """(place it leaves, state, quantity) of the tasks of a kind."""
    return conn.execute(
        "SELECT place.code, task.state, sum(line.quantity)::int FROM lotwatch.warehouse_task AS task"
        " JOIN lotwatch.warehouse_task_line AS line USING (warehouse_task_id)"
        " JOIN lotwatch.location AS place ON place.location_id = task.from_location_id WHERE task.kind = %s"
        " GROUP BY task.warehouse_task_id, place.code, task.state ORDER BY task.warehouse_task_id",
        (kind,),
    ).fetchall()


def confirmed(conn: psycopg.Connection, hold_id: int) -> bool:
    row = conn.execute("SELECT confirmed_at FROM lotwatch.hold WHERE hold_id = %s", (hold_id,)).fetchone()
    assert row is not None
    return row[0] is not None


def test_a_hold_is_set_aside_at_every_place_once_and_its_second_clock_ends(wms: Wms) -> None:
    hold_id = hold(wms.company)
    run(wms)
    assert sorted(tasks(wms.company.conn)) == [
        ("DC/A1", "acknowledged", 30), ("DC/A2", "acknowledged", 10), ("HOSP/OR", "acknowledged", 5),
    ]  # fmt: skip
    assert confirmed(wms.company.conn, hold_id)
    run(wms)  # before its movements are read
    wms.tell()
    run(wms)  # and after
    assert len(tasks(wms.company.conn)) == 3
    assert set(wms.times.values()) == {1}
    assert wms.company.position("DC-BLOCKED") == 40
    assert wms.company.position("DC/A1") == 7  # the other lot stays where it is


def test_while_the_warehouse_has_only_heard_of_it_the_second_clock_runs(wms: Wms) -> None:
    wms.slow = True
    hold_id = hold(wms.company)
    run(wms)
    assert {state for _, state, _ in tasks(wms.company.conn)} == {"written"}
    assert not confirmed(wms.company.conn, hold_id)
    wms.finish()
    run(wms)
    assert {state for _, state, _ in tasks(wms.company.conn)} == {"acknowledged"}
    assert confirmed(wms.company.conn, hold_id)


def test_what_arrives_under_a_hold_later_is_set_aside_too_and_the_clock_runs_again(wms: Wms) -> None:
    hold_id = hold(wms.company)
    run(wms)
    wms.tell()
    wms.company.move(4, "DC/A2")
    wms.company.post()
    wms.slow = True
    run(wms)
    assert tasks(wms.company.conn)[-1] == ("DC/A2", "written", 4)
    assert not confirmed(wms.company.conn, hold_id)


def test_what_is_released_comes_back_to_where_it_was_as_far_as_it_is_still_there(wms: Wms) -> None:
    hold_id = hold(wms.company)
    run(wms)
    wms.tell()
    wms.company.move(12, "PATIENT", "DC-BLOCKED")  # somebody took some out of it meanwhile
    wms.company.post()
    release(wms.company, hold_id)
    run(wms)
    wms.tell()
    run(wms)
    returned = tasks(wms.company.conn, kind="release")
    assert sorted(place for place, _, _ in returned) == ["DC-BLOCKED", "DC-BLOCKED", "HOSP-BLOCKED"]
    assert set(wms.times.values()) == {1}
    assert wms.company.position("HOSP/OR") == 5


def test_two_holds_set_the_same_stock_aside_once_and_only_the_last_release_brings_it_back(wms: Wms) -> None:
    first, second = hold(wms.company), hold(wms.company, "N2")
    run(wms)
    wms.tell()
    assert len(tasks(wms.company.conn)) == 3
    assert confirmed(wms.company.conn, first)
    assert confirmed(wms.company.conn, second)
    release(wms.company, first)
    run(wms)
    assert tasks(wms.company.conn, kind="release") == []
    release(wms.company, second)
    run(wms)
    assert len(tasks(wms.company.conn, kind="release")) == 3


def test_a_hold_released_before_it_was_written_is_written_no_more(wms: Wms) -> None:
    hold_id = hold(wms.company)
    wms.troubles = ["down", "down", "down"]
    run(wms)
    release(wms.company, hold_id)
    run(wms)
    assert {state for _, state, _ in tasks(wms.company.conn)} == {"cancelled"}
    assert wms.times == Counter()


@pytest.mark.parametrize("trouble", ["silent", "down"])
def test_after_an_unclear_answer_it_is_looked_up_and_done_once(wms: Wms, trouble: str) -> None:
    hold(wms.company)
    wms.troubles = [trouble]
    run(wms)
    run(wms)
    assert {state for _, state, _ in tasks(wms.company.conn)} == {"acknowledged"}
    assert set(wms.times.values()) == {1}


def test_killed_between_doing_and_recording_it_is_done_once(wms: Wms) -> None:
    hold(wms.company)
    wms.troubles = ["kill"]
    with pytest.raises(Killed):
        run(wms)
    run(wms)
    assert len(wms.times) == 3
    assert set(wms.times.values()) == {1}


def test_a_refusal_is_told_once_and_asked_again_after_a_day(wms: Wms) -> None:
    hold_id = hold(wms.company, location="HOSP")
    wms.troubles = ["refuse"]
    run(wms)
    run(wms, days=0.5)
    assert tasks(wms.company.conn) == [("HOSP/OR", "refused", 5)]
    assert not confirmed(wms.company.conn, hold_id)
    told = wms.company.conn.execute(
        "SELECT payload -> 'data' -> 'rows' -> 0 ->> 'error' FROM lotwatch.outbox WHERE kind = 'message'"
    ).fetchall()
    assert len(told) == 1
    assert "it has no such lot" in told[0][0]
    run(wms, days=1.1)
    assert tasks(wms.company.conn)[1:] == [("HOSP/OR", "acknowledged", 5)]


def test_a_hold_on_a_place_covers_everything_in_it(wms: Wms) -> None:
    hold(wms.company, lot=None, location="DC")
    run(wms)
    assert sorted(tasks(wms.company.conn)) == [("DC/A1", "acknowledged", 37), ("DC/A2", "acknowledged", 10)]


def test_a_site_without_a_blocked_place_is_left_to_people(company: Company) -> None:
    company.item()
    company.lot()
    company.move(3, "DC")
    company.post()
    company.conn.autocommit = True
    hold_id, wms = hold(company), Wms(company)
    assert run(wms)["warehouse_task.requested"] == 0
    assert not confirmed(company.conn, hold_id)


def test_a_backfilled_run_asks_for_nothing(wms: Wms) -> None:
    hold(wms.company)
    moment = context("send_outbox", "backfill", run_type="backfill")
    gateways: Any = None
    assert dict(send(wms.company.conn, moment, gateways).counts) == {}
    assert tasks(wms.company.conn) == []


def test_a_transfer_and_a_pick_are_asked_for_by_the_codes_of_the_warehouse(wms: Wms) -> None:
    company, conn = wms.company, wms.company.conn
    company.add("cross_reference", system="test", kind="item", their_code="THEIR-I1", our_code="I1")
    company.post()
    place: dict[str, int] = dict(conn.execute("SELECT code, location_id FROM lotwatch.location").fetchall())
    (item_id, lot_id) = conn.execute("SELECT item_id, lot_id FROM lotwatch.lot WHERE number = 'L1'").fetchone() or (
        0,
        0,
    )
    lines = [TaskLine(item_id, place["DC/A1"], 3, lot_id)]
    moment = begin_run(conn, context("actions"))
    transfer = warehouse.request_transfer(
        conn, moment, "tryton", from_site_id=place["DC"], to_site_id=place["HOSP"], lines=lines, wanted_on=NOW.date()
    )
    pick = warehouse.request_pick(
        conn, moment, "tryton", site_id=place["DC"], demand_order_key="stock.shipment.out,7", lines=lines
    )
    asked = [warehouse.load_task(conn, task_id, "test") for task_id in (transfer, pick)]
    assert [(task.kind, task.from_location, task.to_location) for task in asked] == [
        ("transfer", "DC", "HOSP"), ("pick", "DC", None),
    ]  # fmt: skip
    assert {
        (line.item_code, line.lot_number, line.location_code, line.quantity) for task in asked for line in task.lines
    } == {("THEIR-I1", "L1", "DC/A1", 3)}
    wms.troubles = []
    run(wms)
    assert [told.done for told in wms.done.values()] == [True, True]


def test_two_runs_at_once_ask_once(wms: Wms, db_url: str) -> None:
    hold(wms.company)
    moments = [begin_run(wms.company.conn, context("send_outbox", f"r{number}")) for number in (1, 2)]
    with psycopg.connect(db_url) as first, psycopg.connect(db_url) as second:
        with first.transaction():
            assert warehouse.request_holds(first, moments[0], {"tryton": SETTINGS}) == 3
            first.execute("SELECT 1")
            second.execute("SET LOCAL lock_timeout = '200ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                warehouse.request_holds(second, moments[1], {"tryton": SETTINGS})
            second.rollback()
        assert warehouse.request_holds(second, moments[1], {"tryton": SETTINGS}) == 0
    assert outbox.enqueue(wms.company.conn, "warehouse_task", "warehouse_task:1", {}) is False
