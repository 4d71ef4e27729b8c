"""Many post at once, some are broken off, somebody counts, holds or takes a snapshot meanwhile: nothing lost, nothing doubled."""

import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Barrier, Event

import psycopg
import pytest

from lotwatch import facts, ledger
from lotwatch.db.retry import in_transaction
from lotwatch.jobs import sync
from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from lotwatch_local.waiting import wait_for
from tests.integration.company import NOW, Company, context
from tests.worlds import prepared

WORKERS = 4


@prepared
def stocked(company: Company) -> None:
    """50 of a lot at the distribution centre since twenty days ago."""
    company.item()
    company.lot()
    company.move(50, "DC", days_ago=20, key="receipt")
    company.post()


@contextmanager
def another(db_url: str) -> Iterator[psycopg.Connection]:
    """A connection of another process, as those have it: each statement commits unless a transaction is open."""
    with psycopg.connect(db_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def other(db_url: str) -> Iterator[psycopg.Connection]:
    with another(db_url) as conn:
        yield conn


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(WORKERS + 4) as executor:
        yield executor


def staged(company: Company, state: str = "judged") -> int:
    """What was added, committed as a batch that waits to be posted."""
    batch_id = company.stage()
    company.conn.execute("UPDATE lotwatch.batch SET state = %s WHERE batch_id = %s", (state, batch_id))
    company.conn.commit()
    return batch_id


def finished_or_waiting(company: Company, conn: psycopg.Connection, work: Future) -> None:
    """Wait until the work is done, or stands in a queue for a lock."""
    backend = conn.info.backend_pid

    def settled() -> bool:
        row = company.conn.execute("SELECT cardinality(pg_blocking_pids(%s))", (backend,)).fetchone()
        company.conn.commit()
        return work.done() or bool(row and row[0])

    wait_for(settled, "the other connection to finish or to wait", 20, every=0.01)


def item_site(conn: psycopg.Connection, site: str, columns: str) -> tuple:
    facts.live(conn, NOW)
    row = conn.execute(
        psycopg.sql.SQL("SELECT {} FROM lotwatch.fact_item_site WHERE site_code = %s").format(psycopg.sql.SQL(columns)),
        (site,),
    ).fetchone()
    conn.commit()
    assert row is not None
    return row


def number_of(company: Company, table: str, where: str = "true") -> int:
    statement = psycopg.sql.SQL("SELECT count(*) FROM lotwatch.{} WHERE {}")
    row = company.conn.execute(statement.format(psycopg.sql.Identifier(table), psycopg.sql.SQL(where))).fetchone()
    company.conn.commit()
    assert row is not None
    return int(row[0])


# -- overlapping replays ---------------------------------------------------------------------------------------------

#: key -> (quantity, destination, origin, lot, days ago)
HISTORY: dict[str, tuple[int, str, str, str, int]] = (
    {f"receipt-{n}": (10, "DC", "SUPPLIER", f"L{n % 5}", 20) for n in range(10)}
    | {f"transfer-{n}": (3, "HOSP/OR", "DC", f"L{n % 5}", 10) for n in range(20)}
    | {f"use-{n}": (1, "PATIENT", "HOSP/OR", f"L{n % 5}", 5) for n in range(30)}
)
TAKEN_BACK = ("receipt-3", "transfer-0", "transfer-7", "use-1", "use-2", "use-29")
#: what is left of each lot, by hand: two receipts, four transfers and six uses of each, less what was taken back
LEFT = {
    "DC": {"L0": 11, "L1": 8, "L2": 11, "L3": -2, "L4": 8},
    "HOSP/OR": {"L0": 3, "L1": 7, "L2": 4, "L3": 6, "L4": 7},
}


def overlapping(company: Company, chance: random.Random, number: int) -> list[int]:
    """Batches of most of the history each, and of what takes some of it back, in any order."""
    batches: list[int] = []
    for _ in range(number):
        keys = chance.sample(sorted(HISTORY), k=len(HISTORY) * 2 // 3)
        keys = [*keys, *HISTORY] if not batches else keys  # one of them tells everything
        for key in keys:
            quantity, destination, origin, lot, days_ago = HISTORY[key]
            company.move(quantity, destination, origin, lot=lot, days_ago=days_ago, key=key)
        undone = [key for key in TAKEN_BACK if key in keys]
        for key in chance.sample(undone, k=len(undone)):
            company.add("movement", f"undo-{key}", kind="reversal", reverses_key=key)
        batches.append(staged(company))
    chance.shuffle(batches)
    return batches


def post_all(db_url: str, start: Barrier, batches: list[int]) -> int:
    """Post batches one after the other, each in a transaction that is tried again; return how many events were new."""
    with another(db_url) as conn:
        start.wait()
        return sum(in_transaction(conn, partial(ledger.post_events, conn, batch))["movement"] for batch in batches)


def look_after_it(db_url: str, start: Barrier, posted: Event) -> list[ledger.Difference]:
    """Take snapshots, reconcile and rebuild until everything is posted; return whatever did not reconcile."""
    found: list[ledger.Difference] = []
    with another(db_url) as conn:
        start.wait()
        for number in range(10_000):
            last = posted.is_set()
            ledger.take_snapshot(conn, NOW - timedelta(days=number % 25, microseconds=number))
            found += ledger.verify(conn)
            in_transaction(conn, partial(ledger.rebuild, conn))
            if last:
                break
    return found


@pytest.mark.parametrize("seed", range(3))
def test_overlapping_replays_posted_at_once_count_once(
    company: Company, db_url: str, pool: ThreadPoolExecutor, seed: int
) -> None:
    company.item()
    for number in range(5):
        company.lot(f"L{number}")
    company.post()
    batches = overlapping(company, random.Random(seed), 3 * WORKERS)
    start, done = Barrier(WORKERS + 1), Event()
    keeper = pool.submit(look_after_it, db_url, start, done)
    workers = [pool.submit(post_all, db_url, start, batches[worker::WORKERS]) for worker in range(WORKERS)]
    try:
        new = sum(worker.result(60) for worker in workers)
    finally:
        done.set()
    assert new == len(HISTORY) + len(TAKEN_BACK)
    assert keeper.result(60) == []
    for place, lots in LEFT.items():
        assert positions_by_lot(company, place) == lots
    assert ledger.verify(company.conn) == []
    facts.at(company.conn, NOW - timedelta(days=7))
    [(at_dc,), (at_hosp,)] = company.conn.execute("SELECT physical FROM lotwatch.fact_item_site ORDER BY site_code")
    assert (at_dc, at_hosp) == (90 - 18 * 3, 18 * 3)


def positions_by_lot(company: Company, place: str) -> dict[str, int]:
    rows = company.conn.execute(
        "SELECT lot.number, p.quantity FROM lotwatch.position AS p JOIN lotwatch.lot USING (lot_id)"
        " JOIN lotwatch.location AS l USING (location_id) WHERE l.code = %s",
        (place,),
    )
    return dict(rows.fetchall())


def test_workers_that_see_the_same_batches_post_each_once(
    company: Company, db_url: str, pool: ThreadPoolExecutor
) -> None:
    company.item()
    for number in range(5):
        company.lot(f"L{number}")
    company.post()
    overlapping(company, random.Random(7), 6)
    start = Barrier(WORKERS)

    def work() -> int:
        with another(db_url) as conn:
            start.wait()
            return sync.post(conn, context(), "test").get("movement", 0)

    assert sum(future.result(60) for future in [pool.submit(work) for _ in range(WORKERS)]) == len(HISTORY) + len(
        TAKEN_BACK
    )
    assert positions_by_lot(company, "DC") == LEFT["DC"]
    assert number_of(company, "batch", "state <> 'posted' AND source = 'test' AND batch_id > 2") == 0


def test_transactions_that_deadlock_are_done_again(stocked: Company, db_url: str, pool: ThreadPoolExecutor) -> None:
    """Two that each post two batches in one transaction, in opposite order: one of them must give way, and come back."""
    batches = []
    for place in ("DC", "HOSP"):
        stocked.move(1, place, key=place)
        batches.append(staged(stocked))
    crossed = Barrier(2)
    tries: list[int] = []

    def post(order: list[int]) -> int:
        with another(db_url) as conn:
            return in_transaction(conn, partial(both, conn, order))

    def both(conn: psycopg.Connection, order: list[int]) -> int:
        tries.append(order[0])
        new = ledger.post_events(conn, order[0])["movement"]
        if len(tries) <= 2:
            crossed.wait(20)
        return new + ledger.post_events(conn, order[1])["movement"]

    workers = [pool.submit(post, order) for order in (batches, batches[::-1])]
    assert sum(worker.result(60) for worker in workers) == 2
    assert len(tries) == 3
    assert (stocked.position("DC"), stocked.position("HOSP")) == (51, 1)
    assert ledger.verify(stocked.conn) == []


# -- one transaction is open while another does something ------------------------------------------------------------


def test_a_snapshot_taken_while_a_movement_is_being_posted_does_not_lose_it(
    stocked: Company, other: psycopg.Connection
) -> None:
    day, later = NOW - timedelta(days=12), NOW - timedelta(days=8)
    stocked.move(7, "DC", days_ago=15, key="still being posted")
    batch = staged(stocked)
    with other.transaction():
        ledger.post_events(other, batch)
        assert ledger.take_snapshot(stocked.conn, day) == 1
        assert quantity_at_dc(stocked, day) == 50
    assert quantity_at_dc(stocked, day) == 57
    assert ledger.take_snapshot(stocked.conn, later) == 1  # starts from the one that has not seen it
    assert (quantity_at_dc(stocked, later), quantity_at_dc(stocked, NOW)) == (57, 57)


def test_a_movement_posted_by_a_transaction_that_began_before_the_snapshot_is_not_lost(
    stocked: Company, other: psycopg.Connection
) -> None:
    """Its `recorded_at` is before the snapshot was taken; only the number of its transaction tells."""
    day = NOW - timedelta(days=12)
    stocked.move(7, "DC", days_ago=15, key="posted late")
    batch = staged(stocked)
    with other.transaction():
        other.execute("SELECT pg_current_xact_id()")
        stocked.move(1, "DC", days_ago=16, key="posted meanwhile")
        stocked.post()
        ledger.take_snapshot(stocked.conn, day)
        ledger.post_events(other, batch)
    assert quantity_at_dc(stocked, day) == 58
    facts.at(stocked.conn, day)
    assert stocked.conn.execute("SELECT sum(quantity) FROM lotwatch.stock").fetchone() == (58,)


def test_of_two_that_take_the_same_snapshot_one_finds_it_taken(
    stocked: Company, other: psycopg.Connection, db_url: str, pool: ThreadPoolExecutor
) -> None:
    with another(db_url) as third:
        with other.transaction():
            other.execute("INSERT INTO lotwatch.snapshot (as_of, watermark) VALUES (%s, 0)", (NOW,))
            taking = pool.submit(ledger.take_snapshot, third, NOW)
            finished_or_waiting(stocked, third, taking)
        assert taking.result(20) == 0


@pytest.mark.xfail(strict=True, reason="recorded_at is when the transaction began, not when it could be seen")
def test_what_was_known_then_leaves_out_what_was_still_being_posted(
    stocked: Company, other: psycopg.Connection
) -> None:
    stocked.move(7, "DC", days_ago=15, key="still being posted")
    batch = staged(stocked)
    with other.transaction():
        ledger.post_events(other, batch)
        facts.live(stocked.conn, NOW)
        seen = stocked.conn.execute(
            "SELECT clock_timestamp(), physical FROM lotwatch.fact_item_site WHERE site_code = 'DC'"
        ).fetchone()
        stocked.conn.commit()
    assert seen is not None
    facts.at(stocked.conn, NOW, known_at=seen[0])
    row = stocked.conn.execute("SELECT physical FROM lotwatch.fact_item_site WHERE site_code = 'DC'").fetchone()
    assert row == (seen[1],)


def quantity_at_dc(company: Company, day: object) -> int:
    """By the whole stock, which starts from a snapshot, and by the movements of the item: they must agree."""
    facts.at(company.conn, day)  # type: ignore[arg-type]
    row = company.conn.execute(
        "SELECT physical, item_id, site_id FROM lotwatch.fact_item_site WHERE site_code = 'DC'"
    ).fetchone()
    assert row is not None
    assert ledger.quantity_at(company.conn, row[1], row[2], day) == row[0]  # type: ignore[arg-type]
    company.conn.commit()
    return int(row[0])


def test_a_hold_placed_while_its_lot_is_arriving_holds_what_arrives(
    stocked: Company, other: psycopg.Connection
) -> None:
    stocked.move(7, "HOSP/OR", key="arriving")
    batch = staged(stocked)
    ledger.clear_changes(stocked.conn)
    with other.transaction():
        ledger.post_events(other, batch)
        ledger.place_hold(stocked.conn, hold_of_the_lot(stocked), stocked.context, "recall desk")
        stocked.conn.commit()
    assert item_site(stocked.conn, "HOSP", "physical, held, available") == (7, 7, 0)
    assert item_site(stocked.conn, "DC", "physical, held, available") == (50, 50, 0)
    assert number_of(stocked, "change", "location_id IS NULL") == 1  # the item is evaluated anew at every site


def test_a_hold_that_is_being_placed_holds_what_is_posted_meanwhile(
    stocked: Company, other: psycopg.Connection
) -> None:
    with other.transaction():
        ledger.place_hold(other, hold_of_the_lot(stocked), stocked.context, "recall desk")
        stocked.move(7, "HOSP/OR", key="arriving")
        stocked.post()
        assert item_site(stocked.conn, "HOSP", "held, available") == (0, 7)
    assert item_site(stocked.conn, "HOSP", "held, available") == (7, 0)


def hold_of_the_lot(company: Company) -> ledger.Hold:
    item_id, lot_id = company.conn.execute("SELECT item_id, lot_id FROM lotwatch.lot").fetchone()  # type: ignore[misc]
    company.conn.commit()
    return ledger.Hold("recall", "RC-1", "class I", item_id=item_id, lot_id=lot_id)


def test_the_books_reconcile_at_every_moment_of_a_posting(stocked: Company, other: psycopg.Connection) -> None:
    stocked.move(7, "HOSP/OR", "DC", key="being posted")
    batch = staged(stocked)
    with other.transaction():
        ledger.post_events(other, batch)
        assert ledger.verify(stocked.conn) == []
        assert ledger.verify(other) == []
    assert ledger.verify(stocked.conn) == []


def test_rebuilding_waits_for_who_is_posting_and_changes_nothing(
    stocked: Company, other: psycopg.Connection, db_url: str, pool: ThreadPoolExecutor
) -> None:
    stocked.move(7, "HOSP/OR", "DC", key="being posted")
    batch = staged(stocked)
    with another(db_url) as third:
        with other.transaction():
            ledger.post_events(other, batch)
            rebuilding = pool.submit(ledger.rebuild, third)
            finished_or_waiting(stocked, third, rebuilding)
            assert not rebuilding.done()
        assert rebuilding.result(20) == 0
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (43, 7)
    assert ledger.verify(stocked.conn) == []


def test_a_poster_that_is_killed_leaves_nothing_half_done(
    stocked: Company, other: psycopg.Connection, database: Settings
) -> None:
    stocked.move(7, "HOSP/OR", "DC", key="killed half-way")
    stocked.add("movement", "undo", kind="reversal", reverses_key="receipt")
    staged(stocked)

    def post_and_die() -> None:
        with other.transaction():
            sync.post(other, context(), "test")
            with postgres.connect_superuser(database) as superuser:
                superuser.execute("SELECT pg_terminate_backend(%s, 10000)", (other.info.backend_pid,))

    with pytest.raises(psycopg.OperationalError):
        post_and_die()
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (50, 0)
    assert (number_of(stocked, "movement"), number_of(stocked, "movement_source")) == (1, 1)
    assert ledger.verify(stocked.conn) == []
    assert sync.post(stocked.conn, context(), "test")["movement"] == 2
    stocked.conn.commit()
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (-7, 7)
    assert ledger.verify(stocked.conn) == []


# -- counts ----------------------------------------------------------------------------------------------------------


def counted(company: Company, quantity: int, days_ago: float = 2, lot: str = "L1") -> int:
    """Somebody counted the lot at the distribution centre; return the number of the count."""
    company.add(
        "count", number=f"count-{days_ago}", kind="count", site_code="DC", location_code="DC", item_code="I1",
        lot_number=lot, quantity=quantity, counted_at=NOW - timedelta(days=days_ago), counted_by="wendy",
    )  # fmt: skip
    company.post()
    row = company.conn.execute("SELECT max(stocktake_id) FROM lotwatch.stocktake").fetchone()
    company.conn.commit()
    assert row is not None
    return int(row[0])


def approving(conn: psycopg.Connection, stocktake_id: int) -> Callable[[], int]:
    return partial(ledger.decide_count, conn, stocktake_id, "approved", context(), decided_by="fin")


def test_a_movement_that_is_being_posted_when_its_place_is_counted_is_not_counted_twice(
    stocked: Company, other: psycopg.Connection, db_url: str, pool: ThreadPoolExecutor
) -> None:
    """It happened before the count, so who counted 45 has seen it: there are 45, whoever commits first."""
    stocktake = counted(stocked, 45)
    stocked.move(5, "HOSP/OR", "DC", days_ago=3, key="explains the difference")
    batch = staged(stocked)
    with another(db_url) as third:
        with other.transaction():
            ledger.post_events(other, batch)
            deciding = pool.submit(approving(third, stocktake))
            finished_or_waiting(stocked, third, deciding)
        deciding.result(20)
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (45, 5)
    assert ledger.verify(stocked.conn) == []


def test_a_movement_posted_while_a_count_is_being_approved_is_not_counted_twice(
    stocked: Company, other: psycopg.Connection, db_url: str, pool: ThreadPoolExecutor
) -> None:
    stocktake = counted(stocked, 45)
    stocked.move(5, "HOSP/OR", "DC", days_ago=3, key="explains the difference")
    batch = staged(stocked)
    with another(db_url) as third:
        with other.transaction():
            approving(other, stocktake)()
            posting = pool.submit(in_transaction, third, partial(ledger.post_events, third, batch))
            finished_or_waiting(stocked, third, posting)
        posting.result(20)
    assert (stocked.position("DC"), stocked.position("HOSP/OR")) == (45, 5)
    assert ledger.verify(stocked.conn) == []


def test_counts_approved_while_everything_is_posted_lose_no_event(
    company: Company, db_url: str, pool: ThreadPoolExecutor
) -> None:
    company.item()
    for number in range(5):
        company.lot(f"L{number}")
    company.post()
    batches = overlapping(company, random.Random(11), 2 * WORKERS)
    stocktakes = [counted(company, 4, days_ago, lot=f"L{days_ago % 5}") for days_ago in range(1, 9)]
    start = Barrier(WORKERS + 1)

    def approve_all() -> int:
        with another(db_url) as conn:
            start.wait()
            return sum(in_transaction(conn, approving(conn, stocktake)) for stocktake in stocktakes)

    approvals = pool.submit(approve_all)
    workers = [pool.submit(post_all, db_url, start, batches[worker::WORKERS]) for worker in range(WORKERS)]
    assert sum(worker.result(60) for worker in workers) == len(HISTORY) + len(TAKEN_BACK)
    found = approvals.result(60)
    assert number_of(company, "movement") == len(HISTORY) + len(TAKEN_BACK) + found
    assert ledger.verify(company.conn) == []


def test_a_count_is_decided_once_though_two_decide_at_once(
    stocked: Company, db_url: str, pool: ThreadPoolExecutor
) -> None:
    stocktake = counted(stocked, 45)
    start = Barrier(2)

    def decide() -> int:
        with another(db_url) as conn:
            start.wait()
            return in_transaction(conn, approving(conn, stocktake))

    answers = [future.exception(20) or future.result() for future in [pool.submit(decide) for _ in range(2)]]
    assert [answer for answer in answers if answer == 1] == [1]
    assert [answer for answer in answers if re.search("was approved already", str(answer))]
    assert stocked.position("DC") == 45
