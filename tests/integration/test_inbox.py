"""What is pushed is kept once, read in order, judged, posted once and refereed; what cannot be read is never lost."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lotwatch import gate, sources
from lotwatch.audit import begin_run
from lotwatch.errors import GateError, SourceError
from lotwatch.jobs import events as jobs
from lotwatch.sources import inbox
from lotwatch.sources.connector import Record
from lotwatch.sources.fit import fit
from tests.integration.company import NOW, Company, context
from tests.worlds import prepared

CONTEXT = context("handle_events")
_ids = count(1)


def event(key: str, quantity: Any = 1, entity: str = "movement", **changes: Any) -> dict[str, Any]:
    row = {
        "item_code": "I1",
        "lot_number": "L1",
        "from_location": "SUPPLIER",
        "to_location": "DC",
        "quantity": quantity,
        "occurred_at": (NOW - timedelta(hours=1)).isoformat(),
    }
    return {"entity": entity, "source_key": key, "row": row | changes}


def body(*events: Any, event_id: str | None = None, content: bytes | None = None, **changes: Any) -> inbox.Body:
    made = json.dumps({"events": events}).encode() if content is None else content
    plain = inbox.Body("events", event_id or f"msg_{next(_ids)}", "k1", "json", max(1, len(events)), made)
    return replace(plain, **changes)


def push(url: str, *bodies: inbox.Body) -> list[str]:
    async def keep() -> Sequence[str]:
        async with await psycopg.AsyncConnection.connect(url) as conn:
            return await inbox.receive(conn, bodies)

    return list(asyncio.run(keep()))


def announce(url: str) -> list[str]:
    async def ask() -> list[str]:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            return await inbox.announce(conn)

    return asyncio.run(ask())


@prepared
def stocked(company: Company) -> None:
    """The company knows an item and a lot."""
    company.item()
    company.lot()
    company.post()


@pytest.fixture
def conn(db: psycopg.Connection, stocked: Company) -> psycopg.Connection:
    """As a task of handle_events has it."""
    begin_run(db, CONTEXT)
    db.commit()
    db.autocommit = True
    return db


def rows(conn: psycopg.Connection, statement: str) -> list[Any]:
    return conn.execute(statement).fetchall()


def test_what_is_pushed_is_posted(conn: psycopg.Connection, db_url: str, stocked: Company) -> None:
    assert push(db_url, body(event("a", 5), event("b", "7")), body(event("c", 8.0))) == ["stored", "stored"]
    counts = jobs.handle(conn, CONTEXT)
    assert counts == {"bodies": 2, "read": 3, "passed": 3, "posted movement": 3}
    assert stocked.position("DC") == 20
    assert [kept.state for kept in inbox.list_bodies(conn)] == ["posted", "posted"]


def test_a_message_that_is_sent_again_is_kept_and_posted_once(conn, db_url: str, stocked: Company) -> None:
    first = body(event("a", 5), event_id="msg_1")
    assert push(db_url, first, first) == ["stored", "known"]
    assert push(db_url, first) == ["known"]
    jobs.handle(conn, CONTEXT)
    assert push(db_url, first, body(event("a", 5))) == ["known", "stored"], "the same event under another id"
    jobs.handle(conn, CONTEXT)
    assert stocked.position("DC") == 5


def test_an_id_that_was_used_for_something_else_is_told_apart(conn, db_url: str) -> None:
    push(db_url, body(event("a"), event_id="msg_1"))
    assert push(db_url, body(event("b"), event_id="msg_1"), body(event("c"))) == ["different", "stored"]
    assert push(db_url, body(event("b"), event_id="msg_1", source="other")) == ["stored"], "ids are each source's own"


def test_bad_events_wait_in_quarantine_with_their_reasons_and_ops_gets_one_message(
    conn, db_url: str, stocked: Company
) -> None:
    bad = [
        event("unknown lot", lot_number="L9"),
        event("no number", quantity="five"),
        event("fraction", quantity=1.5),
        event("no zone", occurred_at="2026-06-15T08:00:00"),
        event("mistyped", quantiy=3),
        event("nul", document="a\x00b"),
        event("half", document="\ud800"),
        event("huge", quantity=10**30),
        {"entity": "movement", "row": {"item_code": "I1"}},
    ]
    push(db_url, body(*bad[:5], event("good", 2)), body(*bad[5:]))
    counts = jobs.handle(conn, CONTEXT)
    assert counts["read"] == 10
    assert stocked.position("DC") == 2
    reasons = dict(rows(conn, "SELECT source_key, reasons[1] FROM lotwatch.quarantine WHERE state = 'open'"))
    assert len(reasons) == 9
    assert reasons["unknown lot"] == "Lot L9 of item I1 is not known"
    assert reasons["no number"].startswith('quantity: "five" is not a number')
    assert reasons["no zone"].startswith("occurred_at:")
    assert "did you mean quantity" in reasons["mistyped"]
    assert reasons["nul"] == "document: it holds a character that is none"
    assert [key for key in reasons if key.startswith("unnamed ")]
    messages = rows(conn, "SELECT payload ->> 'template', payload -> 'data' ->> 'fresh' FROM lotwatch.outbox")
    assert messages == [("gate", "9")]


def test_numbers_stay_exact_on_their_way(conn, db_url: str) -> None:
    """As a float it would be 0.12345678901234568."""
    told: list[Any] = []

    def read(content: Any) -> Any:
        told.append(content)
        return iter(())

    push(db_url, body(content=b'{"cost": 0.1234567890123456789}'))
    with conn.transaction(), inbox.draining(conn, "events"):
        inbox.stage_pushed(conn, "events", read, CONTEXT, gate.quarantine_unmapped, ("item",))
    assert told == [{"cost": Decimal("0.1234567890123456789")}]
    fitted = fit(Record("k", {}, {"unit_cost": told[0]["cost"], "code": 7}), {"unit_cost": "numeric", "code": "text"})
    assert fitted.row == {"unit_cost": Decimal("0.1234567890123456789"), "code": "7"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"{", "not JSON in UTF-8"),
        (b"\xff\xfe", "not JSON in UTF-8"),
        (b'{"events": 3}', 'no list "events"'),
        (b'{"events": [3]}', "event 1"),
        (b'{"events": [{"entity": "movment", "source_key": "a", "row": {}}]}', "did you mean movement"),
        (b'{"events": [{"entity": "movement", "source_key": "a", "row": {"quantity": NaN}}]}', "NaN"),
        (b"[" * 100_000, "not JSON in UTF-8"),
    ],
)
def test_a_body_that_cannot_be_read_stays_with_its_error_and_can_be_read_again(
    conn, db_url: str, stocked: Company, content: bytes, complaint: str
) -> None:
    push(db_url, body(content=content), body(event("good", 3)))
    counts = jobs.handle(conn, CONTEXT)
    assert counts["unreadable"] == 1
    assert stocked.position("DC") == 3, "it holds up no other"
    (kept,) = inbox.list_bodies(conn, unreadable=True)
    assert complaint in (kept.error or "")
    assert inbox.body_of(conn, kept.inbox_id) == content
    ((message,),) = rows(conn, "SELECT payload FROM lotwatch.outbox WHERE payload ->> 'template' = 'unreadable'")
    assert complaint in message["data"]["rows"][0]["reason"]
    assert jobs.handle(conn, CONTEXT) == {}, "it is not tried again and again"
    inbox.replay(conn, CONTEXT, [kept.inbox_id], "mended")
    assert jobs.handle(conn, CONTEXT)["unreadable"] == 1


def test_what_is_replayed_is_posted_once(conn, db_url: str, stocked: Company) -> None:
    push(db_url, body(event("a", 5)))
    jobs.handle(conn, CONTEXT)
    (kept,) = inbox.list_bodies(conn)
    inbox.replay(conn, CONTEXT, [kept.inbox_id], "to be sure")
    assert jobs.handle(conn, CONTEXT)["bodies"] == 1
    assert stocked.position("DC") == 5
    with pytest.raises(SourceError, match="number 77"):
        inbox.replay(conn, CONTEXT, [77], "nothing there")


def test_a_value_that_postgresql_will_not_have_blames_its_body_alone(conn, db_url: str, monkeypatch) -> None:
    """A receiver of another kind may let through what no type check sees."""
    monkeypatch.setattr("lotwatch.sources.inbox.drain.fit", lambda record, columns: record)
    push(db_url, body(event("a", quantity="ten")), body(event("b", 4)), body(event("c", 5)))
    counts = jobs.handle(conn, CONTEXT)
    assert (counts["unreadable"], counts["posted movement"]) == (1, 2)


def test_many_bodies_become_a_few_batches_in_the_order_they_came(conn, db_url: str, monkeypatch) -> None:
    monkeypatch.setattr("lotwatch.sources.inbox.drain.EVENTS", 10)
    push(db_url, *(body(*(event(f"{n}-{k}") for k in range(4))) for n in range(6)))
    counts = jobs.handle(conn, CONTEXT)
    assert counts["posted movement"] == 24
    batches = rows(conn, "SELECT count(*), min(inbox_id) FROM lotwatch.inbox GROUP BY batch_id ORDER BY batch_id")
    assert [number for number, _ in batches] == [3, 3]
    assert batches == sorted(batches, key=lambda batch: batch[1])


def test_a_source_that_may_push_no_more_loses_nothing(conn, db_url: str) -> None:
    push(db_url, body(event("a"), source="gone"))
    assert jobs.handle(conn, CONTEXT) == {}
    (kept,) = inbox.list_bodies(conn, unreadable=True)
    assert kept.source == "gone"
    assert "no source that may push" in (kept.error or "")
    assert rows(conn, "SELECT count(*) FROM lotwatch.outbox") == [(1,)]


def test_one_run_reads_a_source_and_the_other_leaves_it_to_that(conn, db_url: str, stocked: Company) -> None:
    push(db_url, body(event("a", 5)))
    with psycopg.connect(db_url, autocommit=True) as other, inbox.draining(other, "events") as mine:
        assert mine
        assert jobs.handle(conn, CONTEXT) == {}
    assert jobs.handle(conn, CONTEXT)["bodies"] == 1
    assert stocked.position("DC") == 5


def test_what_comes_while_the_last_look_is_taken_is_read_by_the_same_run(conn, db_url: str, monkeypatch) -> None:
    """Another run was turned away by the lock: then nobody else would come."""
    push(db_url, body(event("a", 5)))
    drain = jobs._drain

    def then_one_more(*arguments: Any) -> Any:
        found = drain(*arguments)
        if "late" not in seen:
            seen.append("late")
            push(db_url, body(event("b", 6)))
        return found

    seen: list[str] = []
    monkeypatch.setattr(jobs, "_drain", then_one_more)
    assert jobs.handle(conn, CONTEXT)["bodies"] == 2


@pytest.mark.parametrize("at", ["run_gate", "post"])
def test_a_run_that_is_killed_half_way_is_finished_by_the_next_one(
    conn, db_url: str, stocked: Company, monkeypatch, at: str
) -> None:
    push(db_url, body(event("a", 5), event("bad", lot_number="L9")))
    with monkeypatch.context() as patched:
        target = jobs.quality_gate if at == "run_gate" else jobs.sync

        def killed(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        patched.setattr(target, at, killed)
        with pytest.raises(KeyboardInterrupt):
            jobs.handle(conn, CONTEXT)
    assert stocked.position("DC") == 0
    jobs.handle(conn, CONTEXT)
    assert stocked.position("DC") == 5
    assert rows(conn, "SELECT source_key FROM lotwatch.quarantine WHERE state = 'open'") == [("bad",)]
    assert rows(conn, "SELECT count(*) FROM lotwatch.outbox") == [(1,)]


def test_a_stopped_batch_stops_no_other(conn, db_url: str, stocked: Company, monkeypatch) -> None:
    monkeypatch.setattr("lotwatch.sources.inbox.drain.EVENTS", 30)
    push(db_url, body(*(event(f"bad-{n}", lot_number="L9", quantity=-1) for n in range(30))))
    push(db_url, body(event("good", 3)))
    assert jobs.handle(conn, CONTEXT)["stopped"] == 1
    assert stocked.position("DC") == 3
    states = rows(conn, "SELECT state FROM lotwatch.batch WHERE pushed ORDER BY batch_id")
    assert states == [("stopped",), ("posted",)]
    assert rows(conn, "SELECT payload ->> 'template' FROM lotwatch.outbox") == [("gate",)]


def test_a_replayed_record_of_a_source_that_nobody_reads_is_judged_and_posted(conn, db_url, stocked) -> None:
    push(db_url, body(event("a", 5, lot_number="L9")))
    jobs.handle(conn, CONTEXT)
    ((quarantine_id,),) = rows(conn, "SELECT quarantine_id FROM lotwatch.quarantine")
    with conn.transaction():
        gate.replay(conn, CONTEXT, reason="a slip", ids=[quarantine_id], corrections={"lot_number": "L1"})
    jobs.handle(conn, CONTEXT)
    assert stocked.position("DC") == 5


def test_an_event_that_came_before_its_lot_is_posted_within_the_hour(conn, db_url: str, stocked: Company) -> None:
    push(db_url, body(event("a", 5, lot_number="L2")))
    jobs.handle(conn, CONTEXT)
    conn.autocommit = False
    stocked.lot("L2")
    stocked.post()
    conn.autocommit = True
    by_the_clock = replace(CONTEXT, run_type="scheduled")
    jobs.handle(conn, replace(by_the_clock, as_of=NOW + timedelta(minutes=5)))
    assert stocked.position("DC") == 0
    jobs.handle(conn, replace(by_the_clock, as_of=NOW + timedelta(hours=1)))
    assert stocked.position("DC") == 5
    assert rows(conn, "SELECT count(*) FROM lotwatch.outbox") == [(1,)], "told of once"
    assert jobs.handle(conn, replace(by_the_clock, as_of=NOW + timedelta(hours=2))) == {}


def test_a_body_without_events_is_read_and_makes_no_batch(conn, db_url: str) -> None:
    push(db_url, body())
    assert jobs.handle(conn, CONTEXT) == {"bodies": 1}
    assert [kept.state for kept in inbox.list_bodies(conn)] == ["read"]
    assert rows(conn, "SELECT count(*) FROM lotwatch.batch WHERE pushed") == [(0,)]


def test_a_sync_leaves_pushed_batches_to_handle_events(conn, db_url: str) -> None:
    with conn.transaction():
        batch_id = sources.open_batch(conn, "events", CONTEXT, pushed=True)
    assert sources.pending_batches(conn, "events", "staged", pushed=False) == []
    assert sources.pending_batches(conn, "events", "staged", pushed=True) == [batch_id]


# --- announcing


def test_each_body_is_announced_once_and_again_when_nobody_came(conn, db_url: str) -> None:
    push(db_url, body(event("a")), body(event("b")))
    assert announce(db_url) == ["events"]
    assert announce(db_url) == []
    conn.execute("UPDATE lotwatch.inbox SET announced_at = now() - interval '21 seconds'")
    assert announce(db_url) == ["events"]
    jobs.handle(conn, CONTEXT)
    conn.execute("UPDATE lotwatch.inbox SET announced_at = NULL")
    assert announce(db_url) == []


def test_whoever_listens_is_woken_when_it_is_committed(conn, db_url: str) -> None:
    conn.execute(f"LISTEN {inbox.CHANNEL}")
    push(db_url, body(event("a")))
    assert [notice.channel for notice in conn.notifies(timeout=10, stop_after=1)] == [inbox.CHANNEL]


# --- the referee


def test_great_expectations_agrees_about_good_and_bad_events(conn, db_url: str, tmp_path: Path) -> None:
    push(db_url, body(event("a", 5), event("bad", -1), event("unknown", lot_number="L9")), body(event("b", 3)))
    jobs.handle(conn, CONTEXT)
    assert rows(conn, "SELECT count(*) FROM lotwatch.judged_row") == [(4,)]
    assert jobs.referee(conn, CONTEXT, tmp_path) == {"batches": 1, "rows": 4}
    assert rows(conn, "SELECT count(*) FROM lotwatch.judged_row") == [(0,)]
    assert rows(conn, "SELECT count(*) FROM stage.movement") == [(0,)]
    assert rows(conn, "SELECT count(*) FROM lotwatch.batch WHERE source = 'events'") == [(1,)]
    assert list(tmp_path.rglob("*.html"))


def test_a_verdict_that_was_wrong_is_found_and_told(conn, db_url: str, tmp_path: Path) -> None:
    push(db_url, body(event("a", -5)))
    jobs.handle(conn, CONTEXT)
    conn.execute("UPDATE lotwatch.judged_row SET rules = '{}'")  # as a split would leave it that overlooked the sign
    with pytest.raises(GateError, match="MOV005: 0 failing rows when the events came, 1 now"):
        jobs.referee(conn, CONTEXT, tmp_path)
    assert jobs.referee(conn, CONTEXT, tmp_path) == {}, "it is told once"


def test_what_became_known_meanwhile_is_no_disagreement(conn, db_url: str, stocked: Company, tmp_path: Path) -> None:
    push(db_url, body(event("a", 5, lot_number="L2")))
    jobs.handle(conn, CONTEXT)
    conn.autocommit = False
    stocked.lot("L2")
    stocked.post()
    conn.autocommit = True
    assert jobs.referee(conn, CONTEXT, tmp_path)["rows"] == 1


def test_the_referee_waits_for_no_more_rows_than_it_can_judge(conn, db_url: str, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("lotwatch.gate.kept.MOST_KEPT", 2)
    for number in range(3):
        push(db_url, body(event(f"{number}-a"), event(f"{number}-b")))
        jobs.handle(conn, CONTEXT)
    assert rows(conn, "SELECT count(*) FROM lotwatch.judged_row") == [(2,)]
    assert rows(conn, "SELECT count(*) FROM lotwatch.movement") == [(6,)]
    assert jobs.referee(conn, CONTEXT, tmp_path)["unrefereed"] == 2
    assert "unrefereed" not in jobs.referee(conn, CONTEXT, tmp_path)  # told once


def test_old_bodies_go_and_unreadable_ones_stay(conn, db_url: str) -> None:
    push(db_url, body(event("a")), body(content=b"{"))
    jobs.handle(conn, CONTEXT)
    push(db_url, body(event("waits")))
    conn.execute("UPDATE lotwatch.inbox SET taken_at = %s WHERE taken_at IS NOT NULL", (NOW - timedelta(days=31),))
    assert jobs.forget(conn, replace(CONTEXT, as_of=NOW)) == {"forgotten": 1}
    assert {kept.state for kept in inbox.list_bodies(conn)} == {"unreadable", "waits"}
