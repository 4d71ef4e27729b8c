"""From an open case to a closed one: clocks, units located, tasks, finds, documents, proof."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from lotwatch import ledger, outbox
from lotwatch.audit import begin_run
from lotwatch.errors import LotwatchError
from lotwatch.jobs import recall
from lotwatch.jobs import recall_response as jobs
from lotwatch.recall import clocks, documents, drill, report, tasks
from lotwatch.recall.case import Case, lock_case
from lotwatch.recall.tasks.finds import Finding
from lotwatch.sources.fhir.privacy import Seal
from tests.integration.company import NOW, Company, context
from tests.integration.recall_measure import stock
from tests.integration.recalls import PEOPLE, judged, opened, stocked

DUTIES = clocks.load_duties()
CODE = "RC-000001"
#: a label that a scanner reads with its separator, and quotes and a backslash as people type them
STRANGE = '0109506000117843\x1d"no such" \\ lot'


def rows(conn: psycopg.Connection, statement: str, *values: object) -> list[tuple[Any, ...]]:
    return conn.execute(statement, values).fetchall()


def task_of(conn: psycopg.Connection, kind: str, place: str) -> int:
    return int(
        rows(
            conn,
            "SELECT task_id FROM lotwatch.recall_task JOIN lotwatch.location ON location_id = place_id"
            " WHERE recall_task.kind = %s AND code = %s",
            kind, place,
        )[0][0]
    )  # fmt: skip


def scan(
    conn: psycopg.Connection, task_id: int, said: str, quantity: int, outcome: Any = "found", note: Any = None
) -> str:
    return tasks.find(conn, context(actor="nurse"), task_id, Finding(said, quantity, uuid4(), outcome, note))


def case(**changes: Any) -> Case:
    plain: dict[str, Any] = {
        "case_id": 1, "code": CODE, "kind": "recall", "title": "", "issuer": "", "recall_class": "I",
        "action_kind": "remove", "our_role": "user", "jurisdiction": "us", "state": "open", "opened_at": NOW,
        "held_at": None,
    }  # fmt: skip
    return Case(**plain | changes)


@pytest.mark.parametrize(
    ("changes", "bound"),
    [
        (
            {"our_role": "maker", "jurisdiction": "cn", "recall_class": "II"},
            {"cn_maker_users_3", "cn_maker_report", "cn_maker_plan"},
        ),
        (
            {"our_role": "importer", "jurisdiction": "cn", "recall_class": None, "action_kind": "advise"},
            {"house_class_1", "cn_maker_users_1", "cn_maker_report", "cn_maker_plan"},
        ),
        ({"our_role": "importer", "recall_class": "II"}, {"seller_stops_sale", "us_806_10"}),
        ({"our_role": "importer", "recall_class": "II", "action_kind": "advise"}, set()),
        ({"our_role": "distributor", "recall_class": "III"}, {"seller_stops_sale"}),
        ({"our_role": "user"}, {"house_class_1", "user_stops_use"}),
        ({"our_role": "maker", "jurisdiction": "eu", "recall_class": "II"}, {"eu_fsca_report", "eu_field_notice"}),
        ({"kind": "drill"}, {"house_class_1"}),
    ],
)
def test_a_case_starts_the_clocks_of_our_role_and_no_incident_reports(changes: dict[str, Any], bound: set[str]) -> None:
    this = case(**changes)
    assert {duty.id for duty in DUTIES.duties if duty.binds(this) and duty.starts_with(this)} == bound


def written(conn: psycopg.Connection) -> set[tuple[Any, ...]]:
    """Which versions of rows there are of what was located and is expected of tasks."""
    return set(
        rows(
            conn,
            "SELECT 'unit', ctid, xmin FROM lotwatch.recall_unit WHERE whereabouts <> 'possible'"
            " UNION ALL SELECT 'line', ctid, xmin FROM lotwatch.recall_task_line",
        )
    )


def test_everything_is_located_made_into_tasks_and_told_once(db: psycopg.Connection, company: Company) -> None:
    stocked(company)
    opened(db, ["L1"])
    first = jobs.respond(db, context(run_id="a"), CODE, PEOPLE)
    assert first == {"stock": 95, "in_transit": 0, "used": 5, "possible": 2, "tasks": 7, "clocks": 2, "told": 2}
    before = written(db)
    assert jobs.respond(db, context(run_id="b", as_of=NOW + timedelta(hours=1)), CODE, PEOPLE) == first | {
        "tasks": 0, "clocks": 0, "told": 0,
    }  # fmt: skip
    assert written(db) == before
    found = rows(
        db,
        "SELECT whereabouts, code, sum(quantity)::int, sum(allocated)::int, bool_or(has_case_reference) FROM lotwatch.recall_unit"
        " JOIN lotwatch.location ON place_id = recall_unit.place_id AND location.location_id = place_id"
        " GROUP BY 1, 2 ORDER BY 1, 2",
    )
    assert found == [
        ("possible", "HOSP/OR", 2, 0, True), ("stock", "DC", 70, 0, False), ("stock", "HOSP/OR", 25, 0, False),
        ("used", "HOSP/OR", 5, 0, True),
    ]  # fmt: skip
    # nobody has answered after the hours of class I: told again, and only whom it concerns
    jobs.respond(db, context(run_id="c", as_of=NOW + timedelta(hours=4)), CODE, PEOPLE)
    told = rows(
        db,
        "SELECT payload->'subscribers'->>0, payload->'data'->>'again', jsonb_array_length(payload->'data'->'rows')"
        " FROM lotwatch.outbox WHERE payload->>'template' = 'recall' ORDER BY 2, 1",
    )
    assert told == [("all", "false", 2), ("hosp", "false", 1), ("all", "true", 2), ("hosp", "true", 1)]


def test_what_has_left_for_a_customer_is_in_transit_and_not_where_it_was_packed(
    db: psycopg.Connection, company: Company
) -> None:
    stocked(company)
    company.add(
        "demand_line", "w1", order_key="o1", order_number="CU-7", order_kind="customer", site_code="DC",
        customer_location="PATIENT", ordered_at=NOW, item_code="I1", quantity=9, state="open",
    )  # fmt: skip
    company.add(
        "allocation", "a1", demand_line_key="w1", item_code="I1", location_code="DC/A1", lot_number="L1", quantity=9,
        allocated_at=NOW,
    )  # fmt: skip
    sent = {
        "delivery_key": "d1", "delivery_number": "CU-7", "from_site": "DC", "to_location": "PATIENT", "item_code": "I1",
        "lot_number": "L1", "quantity": 9, "demand_line_key": "w1", "shipped_at": NOW,
    }  # fmt: skip
    company.add("delivery_line", "d1/1", state="shipped", **sent)
    company.post()
    opened(db, ["L1"])
    located = jobs.respond(db, context(), CODE, PEOPLE)
    assert (located["stock"], located["in_transit"]) == (86, 9)
    where = "SELECT quantity, allocated, document FROM lotwatch.recall_unit WHERE whereabouts = 'in_transit'"
    assert rows(db, where) == [(9, 0, "CU-7")]
    assert rows(db, "SELECT sum(allocated)::int FROM lotwatch.recall_unit") == [(0,)]


def test_a_worker_that_dies_between_the_hold_and_the_messages_loses_none_and_tells_nobody_twice(
    db: psycopg.Connection, company: Company, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = {
        "authority": "fda", "number": "Z-1-2026", "firm": "Acme", "said_at": NOW, "recall_class": "I",
        "code_info": "REF AC-1: Lots A1",
    }  # fmt: skip
    item = {"code": "AC", "maker": "Acme Inc.", "name": "Clip", "catalogue": "AC-1", "lots": {"affected": ["A1"]}}
    stock(company, [(notice, [item])])
    company.move(4, "HOSP/OR", "DC", item="AC", lot="A1")
    company.post()
    db.commit()
    db.autocommit = True
    assert recall.receive(db, begin_run(db, context(run_id="hold"))).cases == [CODE]

    def enqueue_and_die(conn: psycopg.Connection, *message: Any) -> None:
        outbox.enqueue(conn, *message)
        conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    def told() -> list[tuple[Any, ...]]:
        return rows(db, "SELECT payload->'subscribers'->>0 FROM lotwatch.outbox WHERE kind = 'message' ORDER BY 1")

    with monkeypatch.context() as patch, psycopg.connect(db_url, autocommit=True) as worker:
        patch.setattr(jobs, "outbox", SimpleNamespace(enqueue=enqueue_and_die))
        with pytest.raises(psycopg.errors.AdminShutdown):
            jobs.respond(worker, context(run_id="dies"), CODE, PEOPLE)
    assert rows(db, "SELECT cause, released_at FROM lotwatch.hold") == [("recall", None)]
    assert (told(), rows(db, "SELECT FROM lotwatch.recall_task")) == ([], [])
    for _ in range(2):
        jobs.respond(db, context(run_id="dies"), CODE, PEOPLE)
    assert told() == [("all",), ("hosp",)]
    assert rows(db, "SELECT count(DISTINCT place_id) FROM lotwatch.recall_task WHERE kind = 'count'") == [(2,)]


def test_what_nobody_began_follows_the_books_and_what_arrives_later_gets_a_task(
    db: psycopg.Connection, company: Company
) -> None:
    stocked(company)
    case_id = opened(db, ["L1"])
    jobs.respond(db, context(run_id="a"), CODE, PEOPLE)
    count = task_of(db, "count", "HOSP/OR")
    tasks.acknowledge(db, context(actor="nurse"), count)
    company.move(10, "DC/QC", "DC/A1", days_ago=0)
    company.move(5, "HOSP/OR", "DC/A1", days_ago=0)
    company.post()
    before = written(db)
    jobs.respond(db, context(run_id="b"), CODE, PEOPLE)
    assert len(before) > len(before & written(db)) > 0, "what has not changed is not written again"
    lines = rows(
        db,
        "SELECT location.code, expected::int FROM lotwatch.recall_task JOIN lotwatch.recall_task_line USING (task_id)"
        " JOIN lotwatch.location USING (location_id) WHERE recall_task.kind = 'count' ORDER BY 1",
    )
    assert lines == [("DC/A1", 55), ("DC/QC", 10), ("HOSP/OR", 25)]
    judged(db, case_id, "L1", "not_affected")
    jobs.respond(db, context(run_id="c"), CODE, PEOPLE)
    states = rows(db, "SELECT DISTINCT kind, state FROM lotwatch.recall_task WHERE site_id <> (SELECT site_id FROM"
                  " lotwatch.location WHERE code = 'HOSP') ORDER BY 1")  # fmt: skip
    assert {state for _, state in states} == {"cancelled"}


def test_a_case_is_counted_explained_documented_closed_and_reopened(db: psycopg.Connection, company: Company) -> None:
    stocked(company)
    case_id = opened(db, ["L1"])
    db.execute("UPDATE lotwatch.recall_case SET held_at = opened_at")
    jobs.respond(db, context(run_id="a"), CODE, PEOPLE)
    person = context(actor="nurse")
    dc, hosp = task_of(db, "count", "DC"), task_of(db, "count", "HOSP/OR")
    same = Finding("l 1", 69, uuid4())
    assert [tasks.find(db, person, dc, same) for _ in range(2)] == ["listed", "listed"]
    with pytest.raises(LotwatchError, match="69/70"):
        tasks.finish(db, person, dc, None)
    with pytest.raises(LotwatchError, match="not affected"):
        scan(db, dc, "L2", 1)
    scan(db, dc, "L1", 1, "explained", "broken in August, thrown away")
    tasks.finish(db, person, dc, None)
    assert documents.make_document(db, person, lock_case(db, CODE), "return", "Supplier One") == 1
    assert scan(db, hosp, "L1", 25) == "listed"
    assert scan(db, hosp, STRANGE, 3) == "unknown"
    tasks.finish(db, person, hosp, None)
    # found where the books have none of it
    company.lot("L3")
    company.post()
    judged(db, case_id, "L3")
    follow_up = task_of(db, "follow_up", "HOSP/OR")
    tasks.reopen(db, person, hosp, "another drawer")
    assert scan(db, hosp, "L3", 2) == "elsewhere"
    tasks.finish(db, person, hosp, None)
    with pytest.raises(LotwatchError, match="tasks: 5"):
        report.close_case(db, person, lock_case(db, CODE), "done")
    assert {each.against: each.amount for each in report.obstacles(db, case_id, "remove")} == {
        "tasks": 5, "clocks": 1, "unknown": 1, "documents": 27,
    }  # fmt: skip
    tasks.reopen(db, person, hosp, "quality has looked at it")
    scan(db, hosp, STRANGE, 3, "explained", "of another maker")
    tasks.finish(db, person, hosp, None)
    for place, units in (("DC", 69), ("HOSP/OR", 25)):
        scan(db, task_of(db, "remove", place), "L1", units, "handled")
    scan(db, task_of(db, "remove", "DC"), "L1", 1, "explained", "was not there")
    for kind, place in (("remove", "DC"), ("remove", "HOSP/OR"), ("replace", "DC"), ("replace", "HOSP/OR")):
        tasks.finish(db, person, task_of(db, kind, place), "done")
    tasks.finish(db, person, follow_up, "surgeons told")
    this = lock_case(db, CODE)
    assert documents.make_document(db, person, this, "destruction", "Burner Ltd") == 2
    with pytest.raises(LotwatchError, match="Nothing was found"):
        documents.make_document(db, person, this, "return", "Supplier One")
    (l1, l3) = sorted(report.reconcile(db, case_id), key=lambda row: row.lot_number or "")
    assert (l1.affected, l1.found, l1.used, l1.explained, l1.returned, l1.destroyed) == (100, 94, 5, 1, 69, 25)
    assert (l3.affected, l3.found, l3.open, l3.kept) == (2, 2, 0, 0)
    jobs.respond(db, context(run_id="b"), CODE, PEOPLE)  # all sites have answered: the clock of the house is met
    assert report.obstacles(db, case_id, "remove") == []
    proof = report.prove(db, case_id)
    report.close_case(db, person, this, "all accounted for")
    event = rows(db, "SELECT after->>'digest' FROM lotwatch.audit_event WHERE action = 'recall case closed'")
    assert event == [(proof.digest,)]
    assert report.prove(db, case_id) != proof
    with pytest.raises(LotwatchError, match="closed"):
        scan(db, hosp, "L1", 1)
    report.reopen_case(db, person, lock_case(db, CODE), "two more turned up")
    assert rows(db, "SELECT state, reopened FROM lotwatch.recall_case") == [("open", 1)]


def test_a_used_units_case_is_opened_with_a_reason_and_written_down(db: psycopg.Connection, company: Company) -> None:
    seal = Seal("a hospital's long secret")
    stocked(company)
    company.move(1, "PATIENT", "HOSP/OR", days_ago=1, case_reference=seal.close("Encounter/77"))
    company.post()
    opened(db, ["L1"])
    jobs.respond(db, context(), CODE, PEOPLE)
    movement = rows(
        db, "SELECT movement_id FROM lotwatch.movement WHERE case_reference LIKE %s", seal.close("Encounter/77")
    )
    person = context(actor="recall lead")

    def keys(source: str) -> str:
        return {"test": "a hospital's long secret"}[source]

    with pytest.raises(LotwatchError, match="why"):
        tasks.open_case_reference(db, person, CODE, movement[0][0], "", keys)
    assert tasks.open_case_reference(db, person, CODE, movement[0][0], "call in", keys) == "Encounter/77"
    assert rows(db, "SELECT actor, reason, after FROM lotwatch.audit_event WHERE action = 'case reference opened'") == [
        ("recall lead", "call in", {"movement": movement[0][0]})
    ]
    with pytest.raises(LotwatchError, match="no such use"):
        tasks.open_case_reference(db, person, CODE, 0, "look", keys)


def test_a_clock_for_answers_ends_once_it_is_clear_that_nobody_has_any(
    db: psycopg.Connection, company: Company
) -> None:
    company.item()
    company.lot()
    company.post()
    case_id = opened(db, [])
    met = "SELECT met_by, evidence FROM lotwatch.recall_clock WHERE duty_id = 'house_class_1'"
    judged(db, case_id, "L1", "needs_review")
    jobs.respond(db, context(run_id="a"), CODE, PEOPLE)
    assert rows(db, met) == [(None, None)], "somebody has to look first"
    judged(db, case_id, "L1", "not_affected")
    jobs.respond(db, context(run_id="b"), CODE, PEOPLE)
    assert rows(db, met) == [("lotwatch", "nobody_has_any")]


def test_a_drill_is_worked_and_measured_and_touches_no_stock(db: psycopg.Connection, company: Company) -> None:
    stocked(company)
    run, due = context(run_id="quarter"), context(run_id="quarter", as_of=NOW - timedelta(days=40))
    code = jobs.start_drill(db, due, NOW)
    assert jobs.start_drill(db, due, NOW) == code == "RD-000001"  # tried again
    assert rows(db, "SELECT opened_at FROM lotwatch.recall_case") == [(NOW,)], (
        "it begins when it does, not when it was due"
    )
    jobs.respond(db, run, code, PEOPLE)
    told = rows(db, "SELECT payload->>'severity', payload->'data'->>'drill' FROM lotwatch.outbox")
    assert set(told) == {("warning", "true")}
    assert rows(db, "SELECT FROM lotwatch.hold") == []
    with pytest.raises(LotwatchError, match="open"):
        report.reopen_case(db, run, lock_case(db, code), "again")
    case_id = lock_case(db, code).case_id
    for (task_id,) in rows(db, "SELECT task_id FROM lotwatch.recall_task"):
        tasks.acknowledge(db, context(as_of=NOW + timedelta(minutes=20), actor="nurse"), task_id)
    measured = drill.measure(db, case_id)
    assert measured.answered == measured.parties > 0
    assert measured.all_answered_at == NOW + timedelta(minutes=20)
    assert measured.all_done_at is None
    assert ledger.verify(db) == []
