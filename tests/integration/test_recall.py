"""From a notice to held stock: nothing that is affected stays pickable, and nothing is held for sure that is not."""

import asyncio
from asyncio import create_task, sleep, wait_for
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest
from typer.testing import Result

from lotwatch import facts, ledger
from lotwatch.audit import begin_run
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.jobs.events import handle
from lotwatch.jobs.recall import receive
from lotwatch.jobs.sync import post_batch
from lotwatch.recall.cases import CHANNEL, Opened, answer, hold_arrivals, named, open_by_quality, open_cases
from lotwatch.recall.cases import say as say_asked
from lotwatch.recall.drill import open_drill
from lotwatch.recall.matching import Subject
from lotwatch_local.waiting import wait_for as until
from tests.integration.company import NOW, Company, context
from tests.integration.recall_measure import SECOND, made, measure, real, stock
from tests.integration.test_cli import lotwatch
from tests.integration.test_inbox import body, push
from tests.worlds import prepared

__all__ = ["lotwatch"]
NOTICE = {"authority": "fda", "number": "Z-1-2026", "firm": "Acme", "said_at": NOW, "recall_class": "II"}


def run(company: Company, *, later: timedelta = timedelta(0), **options: bool) -> Opened:
    company.conn.commit()
    company.conn.autocommit = True
    try:
        return open_cases(
            company.conn, begin_run(company.conn, context(run_id=str(later), as_of=NOW + later)), **options
        )
    finally:
        company.conn.autocommit = False


def say(company: Company, code_info: str, *, days: float = 0, **changes: Any) -> None:
    company.add("notice", **NOTICE | {"code_info": code_info, "said_at": NOW + timedelta(days=days)} | changes)
    company.post()


def post_all(company: Company) -> None:
    """Post what was added as a sync does."""
    assert post_batch(company.conn, company.context, judged(company))
    company.conn.commit()


def judged(company: Company, source: str = "test") -> int:
    batch_id = company.stage(source)
    company.conn.execute("UPDATE lotwatch.batch SET state = 'judged' WHERE batch_id = %s", (batch_id,))
    return batch_id


@prepared
def stocked(company: Company) -> None:
    """Ten of each of the lots A1, A2 and A3 of REF AC-1 at DC."""
    item = {
        "code": "AC",
        "maker": "Acme Inc.",
        "name": "Clip",
        "catalogue": "AC-1",
        "lots": {"affected": ["A1", "A2", "A3"]},
    }
    stock(company, [(NOTICE | {"code_info": "REF OTHER, lot 1", "number": "Z-0"}, [item])])


def held(conn: psycopg.Connection) -> set[tuple[str, str]]:
    """(cause, lot or "all") of holds in force."""
    return set(
        conn.execute(
            "SELECT hold.cause, coalesce(lot.number, 'all') FROM lotwatch.hold LEFT JOIN lotwatch.lot USING (lot_id)"
            " WHERE released_at IS NULL"
        )
    )


def verdicts(conn: psycopg.Connection) -> dict[str, tuple[str, str]]:
    return {
        number: (verdict, reason)
        for number, verdict, reason in conn.execute(
            "SELECT coalesce(lot.number, 'all'), verdict, reason FROM lotwatch.recall_match_current"
            " LEFT JOIN lotwatch.lot USING (lot_id)"
        )
    }


def cases(conn: psycopg.Connection) -> list[tuple[str, str, int]]:
    return conn.execute("SELECT code, state, reopened FROM lotwatch.recall_case ORDER BY 1").fetchall()


def subject(conn: psycopg.Connection, lot: str) -> Subject:
    row = conn.execute("SELECT item_id, lot_id FROM lotwatch.lot WHERE number = %s", (lot,)).fetchone()
    assert row is not None
    return Subject(*row)


# --- the measure


@pytest.mark.parametrize(
    ("which", "share"), [("made", 0.42), ("second", 0.6), pytest.param("real", 0.15, marks=pytest.mark.realdata)]
)
def test_nothing_that_is_affected_stays_pickable_and_nothing_is_held_wrongly(
    company: Company, which: str, share: float, request: pytest.FixtureRequest
) -> None:
    if which == "real":
        notices = real(request.getfixturevalue("realdata"))
    else:
        notices = made(SECOND) if which == "second" else made()
    stock(company, notices)
    run(company)
    figures = measure(company, notices)
    assert (figures.escaped, figures.wrong) == ([], [])
    assert figures.for_a_person < figures.units * share


# --- the life of a case


def test_a_notice_opens_one_case_and_holds_its_lots_and_says_so_once_however_often_it_comes(stocked: Company) -> None:
    for _ in range(2):
        say(stocked, "REF AC-1: Lots A1, a2, A9")
        run(stocked)
    assert cases(stocked.conn) == [("RC-000001", "open", 0)]
    assert held(stocked.conn) == {("recall", "A1"), ("recall", "A2")}
    assert verdicts(stocked.conn)["A3"] == ("not_affected", "not_listed")
    row = stocked.conn.execute("SELECT held_at, recall_class, our_role FROM lotwatch.recall_case").fetchone()
    assert row == (NOW, "II", "distributor")
    events = stocked.conn.execute(
        "SELECT action FROM lotwatch.audit_event WHERE object_kind = 'recall_case' ORDER BY audit_event_id"
    ).fetchall()
    assert [action for (action,) in events] == ["recall case opened", "stock matched", "stock held"]


@pytest.mark.parametrize(
    ("firm", "body", "expected"),
    [
        ("Distributor", "Our article 77881: lots A1, A9", {("AC", "precaution"), ("OT", "precaution")}),
        ("Acme", "REF AC-1: lots A1, A9", {("AC", "recall")}),
    ],
)
def test_a_letter_means_lots_by_their_number_alone_where_it_names_nothing_of_ours(
    company: Company, firm: str, body: str, expected: set[tuple[str, str]]
) -> None:
    lots = {"affected": ["A1", "A2"]}
    items = [
        {"code": "AC", "maker": "Acme Inc.", "name": "Clip", "catalogue": "AC-1", "lots": lots},
        {"code": "OT", "maker": "Other", "name": "Tube", "catalogue": "OT-1", "lots": lots},
    ]
    letter = {"authority": "supplier", "number": "L1", "firm": firm, "title": "Recall", "body": body, "said_at": NOW}
    stock(company, [(letter, items)])
    run(company)
    found = company.conn.execute("SELECT item.code, cause FROM lotwatch.hold JOIN lotwatch.item USING (item_id)")
    assert set(found) == expected


def test_a_unit_is_meant_by_its_own_last_day_and_not_by_its_lot_s(company: Company) -> None:
    notice = NOTICE | {"code_info": "REF AC-1, all lots with an expiration date on or before 2027-06-30"}
    stock(
        company, [(notice, [{"code": "AC", "maker": "Acme Inc.", "name": "Clip", "catalogue": "AC-1", "serials": {}}])]
    )
    early, late = date(2027, 1, 31), date(2029, 1, 31)
    for unit, lot_ends, unit_ends in (
        ("S1", late, early),
        ("S2", early, late),
        ("S3", early, None),
        ("S4", late, None),
    ):
        company.lot(f"L {unit}", item="AC", expires=lot_ends)
        company.add("lot", item_code="AC", lot_number=f"L {unit}", serial_number=unit, usable_through=unit_ends)
        company.move(1, "DC", item="AC", lot=f"L {unit}", serial_number=unit)
    company.post()
    run(company)
    found = company.conn.execute(
        "SELECT unit.number FROM lotwatch.held_stock AS held JOIN lotwatch.serial_unit AS unit ON unit.serial_id = held.serial_id"
    )
    assert {number for (number,) in found} == {"S1", "S3"}


def test_a_lot_that_becomes_known_later_is_held_as_it_is_posted_also_for_a_closed_case(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A9")
    run(stocked)
    assert cases(stocked.conn) == [("RC-000001", "closed", 0)], "nothing of ours is affected"
    stocked.lot("A9", item="AC")
    stocked.move(5, "DC", item="AC", lot="A9")
    post_all(stocked)
    assert held(stocked.conn) == {("recall", "A9")}
    assert cases(stocked.conn) == [("RC-000001", "open", 1)]


@pytest.mark.parametrize(
    ("named", "cause"),
    [
        ({"code_info": "REF NEW-1: Lots N9"}, "recall"),
        ({"code_info": "UDI-DI 4007500000122: Lots N9"}, "recall"),
        ({"udi_dis": ["04007500000122"], "code_info": "Lots N9"}, "recall"),
        ({"code_info": "REF TH-77: Lots N9"}, "precaution"),
    ],
)
def test_lots_of_an_item_that_we_did_not_have_are_held_as_they_are_posted(
    stocked: Company, named: dict[str, Any], cause: str
) -> None:
    """By its identifier, however that is written, its maker's number, or what somebody calls it: the item comes after the
    notice, and its lots after the item."""
    say(stocked, **{"code_info": "", "title": "Drill"} | named)
    run(stocked)
    stocked.item("NEW", name="Drill", legal_manufacturer="Acme Inc.")
    stocked.add("identifier", item_code="NEW", code="04007500000122", package_level="unit", units_contained=1)
    stocked.add("device_record", udi_di="04007500000122", agency="GS1", company="Acme Inc.", catalogue_number="NEW-1")
    stocked.conn.execute("INSERT INTO lotwatch.cross_reference VALUES ('test', 'item', 'TH-77', 'NEW')")
    post_all(stocked)
    assert held(stocked.conn) == set()
    stocked.lot("N8", item="NEW")
    stocked.lot("N9", item="NEW")
    stocked.move(5, "DC", item="NEW", lot="N9")
    post_all(stocked)
    assert (cause, "N9") in held(stocked.conn)
    assert ("recall", "N8") not in held(stocked.conn)


def test_stock_without_a_number_is_held_where_it_is_counted(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A9")
    run(stocked)
    stocked.add("count", number="C1", kind="count", site_code="DC", location_code="DC", item_code="AC", quantity=3,
                counted_at=NOW, counted_by="wendy")  # fmt: skip
    post_all(stocked)
    assert held(stocked.conn) == set()
    with hold_arrivals(stocked.conn, stocked.context):
        ledger.decide_count(stocked.conn, 1, "approved", stocked.context, decided_by="fin")
    assert held(stocked.conn) == {("precaution", "all")}


def test_what_arrives_costs_the_same_however_many_old_cases_there_are(stocked: Company) -> None:
    """By rows read: of a known case's item, and of one that no case is about."""
    conn = stocked.conn
    say(stocked, "REF AC-1: Lots A9")
    run(stocked)

    def rows_read(lot: str, item: str) -> float:
        before = conn.execute(query("lotwatch.recall.cases", "before_arrivals")).fetchone()
        stocked.lot(lot, item=item)
        stocked.move(5, "DC", item=item, lot=lot)
        stocked.post()
        conn.execute("ANALYZE lotwatch.recall_match, lotwatch.recall_case")
        marks = dict(zip(("item_id", "lot_id", "serial_id", "change_id"), before, strict=True)) | {"items": []}
        asked = "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + query("lotwatch.recall.cases", "arrived")
        return sum(_read(conn.execute(asked, marks).fetchone()[0][0]["Plan"]))

    stocked.item("OTHER")
    few = rows_read("A4", "AC"), rows_read("O1", "OTHER")
    conn.execute(
        "WITH opened AS (INSERT INTO lotwatch.recall_case (code, kind, origin, title, issuer, action_kind, our_role,"
        " jurisdiction, state, opened_at, opened_by, closed_at, closed_by)"
        " SELECT 'RC-OLD' || n, 'recall', 'notice', '', '', 'remove', 'user', 'us', 'closed', now(), '', now(), ''"
        " FROM generate_series(1, 2000) AS n RETURNING case_id),"
        " item AS (INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit)"
        " SELECT 'OLD' || n, '', true, false, true, 'u' FROM generate_series(1, 100) AS n RETURNING item_id),"
        " lot AS (INSERT INTO lotwatch.lot (item_id, number) SELECT item_id, 'OLD' FROM item RETURNING item_id, lot_id)"
        " INSERT INTO lotwatch.recall_match (case_id, item_id, lot_id, verdict, reason, decided_by, decided_at)"
        " SELECT case_id, item_id, lot_id, 'not_affected', '', '', now() FROM opened"
        " JOIN lot ON mod(opened.case_id, 10) = mod(lot.lot_id, 10)"
    )
    many = rows_read("A5", "AC"), rows_read("O2", "OTHER")
    assert max(few) < 40
    assert all(more <= less + 5 for more, less in zip(many, few, strict=True)), (few, many)


def _read(plan: dict[str, Any]) -> Iterator[float]:
    """Rows that each node of a plan has read from a table."""
    if "Relation Name" in plan:
        removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
        yield (plan["Actual Rows"] + removed) * plan["Actual Loops"]
    for below in plan.get("Plans", ()):
        yield from _read(below)


def test_a_notice_that_is_pushed_holds_what_was_pushed_with_it(stocked: Company, db_url: str) -> None:
    lot = {"item_code": "AC", "lot_number": "A9", "usable_through": "2090-01-31"}
    came = {"item_code": "AC", "lot_number": "A9", "from_location": "SUPPLIER", "to_location": "DC", "quantity": 2}
    rows = {
        "notice": NOTICE | {"code_info": "REF AC-1: Lots A1, A9", "said_at": NOW.isoformat()},
        "lot": lot,
        "movement": came | {"occurred_at": (NOW - timedelta(hours=1)).isoformat()},
    }
    pushed = body(*({"entity": name, "source_key": name, "row": row} for name, row in rows.items()))
    assert push(db_url, pushed, pushed) == ["stored", "known"]
    conn = stocked.conn
    conn.autocommit = True
    conn.execute(f"LISTEN {CHANNEL}")
    posted = handle(conn, begin_run(conn, context("handle_events")))
    assert posted == {
        "bodies": 1, "read": 3, "passed": 3, "posted notice": 1, "posted lot": 1, "posted movement": 1,
    }, [*conn.execute("SELECT reasons FROM lotwatch.quarantine")]  # fmt: skip
    assert [*conn.notifies(timeout=10, stop_after=1)], "who listens is told"
    assert receive(conn, begin_run(conn, context(run_id="woken"))).cases == ["RC-000001"]
    assert held(conn) == {("recall", "A1"), ("recall", "A9")}


def test_a_notice_grows_and_shrinks_and_what_it_names_no_more_is_for_a_person_to_release(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A1, A2")
    run(stocked)
    say(stocked, "REF AC-1: Lots A2, A3", days=1)
    run(stocked)
    assert verdicts(stocked.conn) == {
        "A1": ("needs_review", "no_longer_named"), "A2": ("affected", "listed"), "A3": ("affected", "listed"),
    }  # fmt: skip
    assert {("recall", "A1"), ("recall", "A2"), ("recall", "A3")} <= held(stocked.conn)
    answer(
        stocked.conn, stocked.context, "RC-000001", subject(stocked.conn, "A1"), "not_affected",
        by="quality", reason="the firm took it out",
    )  # fmt: skip
    run(stocked, everything=True)
    assert held(stocked.conn) == {("recall", "A2"), ("recall", "A3")}
    assert verdicts(stocked.conn)["A1"] == ("not_affected", "the firm took it out")


def test_a_version_that_is_learned_late_changes_nothing(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A2", days=1)
    run(stocked)
    say(stocked, "REF AC-1: Lots A1")
    run(stocked)
    assert held(stocked.conn) == {("recall", "A2")}


def test_what_a_person_said_stands_until_the_notice_says_more_of_it(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A1, A2 and similar ones")
    run(stocked)
    assert held(stocked.conn) == {("precaution", "all")}
    conn = stocked.conn
    answer(
        conn, stocked.context, "RC-000001", subject(conn, "A3"), "not_affected", by="quality", reason="other factory"
    )
    answer(conn, stocked.context, "RC-000001", subject(conn, "A1"), "affected", by="quality", reason="named")
    run(stocked, everything=True)
    assert held(conn) == {("precaution", "A1"), ("recall", "A1"), ("precaution", "A2")}
    say(stocked, "REF AC-1: Lots A1, A2, A3", days=1)
    run(stocked)
    assert {("recall", lot) for lot in ("A1", "A2", "A3")} <= held(conn)
    with pytest.raises(LotwatchError, match="reason"):
        answer(conn, stocked.context, "RC-000001", subject(conn, "A3"), "affected", by="quality", reason="")


def test_notices_of_one_event_and_the_supplier_s_letter_about_it_are_one_case(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A1", event_number="777")
    say(stocked, "REF AC-1: Lots A2", event_number="777", number="Z-2-2026")
    letter = {"authority": "supplier", "supplier_code": "S1", "number": "FSN-1", "action_kind": "inspect"}
    say(stocked, "REF AC-1, lots A3", title="About FDA recall Z-1-2026", **letter)
    run(stocked)
    assert len(cases(stocked.conn)) == 1
    assert held(stocked.conn) == {("recall", "A1"), ("recall", "A2"), ("recall", "A3")}


def test_what_only_advises_holds_nothing(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A1", action_kind="advise")
    run(stocked)
    assert (held(stocked.conn), verdicts(stocked.conn)["A1"][0]) == (set(), "affected")


def test_what_a_person_says_is_asked_counts_until_a_notice_asks_for_more(stocked: Company) -> None:
    def asked() -> Any:
        return stocked.conn.execute("SELECT action_kind, recall_class FROM lotwatch.recall_case").fetchone()

    say(stocked, "REF AC-1: Lots A1")
    run(stocked)
    assert asked() == ("other", "II")
    person = {"by": "quality", "reason": "see the letter"}
    say_asked(stocked.conn, stocked.context, "RC-000001", action_kind="inspect", recall_class="III", **person)
    assert asked() == ("inspect", "II"), "the notice's own class is graver"
    say(stocked, "REF AC-1: Lots A1, A2", days=1, action_kind="remove", recall_class="I")
    run(stocked, later=timedelta(days=1))
    assert asked() == ("remove", "I")


def test_what_the_words_ask_for_decides_the_tasks_and_never_weakens_a_hold(stocked: Company) -> None:
    def asked() -> Any:
        return stocked.conn.execute("SELECT action_kind, only_advises FROM lotwatch.recall_case").fetchone()

    kept = "Product may continue to be used and no product needs to be returned."
    say(stocked, "REF AC-1: Lots A1", action=kept)
    run(stocked)
    assert asked() == ("advise", False)
    assert held(stocked.conn) == {("recall", "A1")}, "words that were read leave nothing pickable"
    say(stocked, "REF AC-1: Lots A1", days=1, action="Customers were asked to quarantine the product and return it.")
    run(stocked)
    assert asked() == ("remove", False)
    person = {"by": "quality", "reason": "see the letter", "recall_class": None}
    say_asked(stocked.conn, stocked.context, "RC-000001", action_kind="correct", **person)
    say(stocked, "REF AC-1: Lots A1, A2", days=2, action="Customers were asked to return the product.")
    run(stocked)
    assert asked() == ("correct", False), "who reads it knows better, until it reads otherwise"
    say(stocked, "REF AC-1: Lots A1, A2", days=3, action=kept)
    say(
        stocked,
        "REF AC-1: Lots A3",
        number="Z-9",
        event_number=None,
        action=None,
        title="see Z-1-2026",
        authority="supplier",
    )
    run(stocked)
    assert asked() == ("correct", False)
    words = stocked.conn.execute(
        "SELECT kind, said FROM lotwatch.recall_ask WHERE kind = 'remove' ORDER BY version_id"
    ).fetchall()
    assert words[0] == ("remove", "Customers were asked to quarantine the product and return it")


def test_only_a_person_or_who_recalls_can_say_that_nothing_is_held(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A1", authority="supplier", supplier_code="S1", number="FSN-1", action_kind="advise")
    say(stocked, "REF AC-1: Lots A1", title="About FSN-1", action="The product may continue to be used.")
    run(stocked)
    assert held(stocked.conn) == {("recall", "A1")}, "one of the two does not state it"


#: how real notices say it without a lot that could be read, in openFDA's, NMPA's and MHRA's shape and others'
ODD = (
    {"code_info": "Various; see attached spreadsheet"},
    {"code_info": "N/A", "action": "Consignees were notified by letter dated 3 May."},
    {"code_info": "", "reason": "Sterility cannot be assured."},
    {"body": "涉及产品批次详见附件。", "code_info": None},
    {"body": "Chargen-Nr.: siehe Anhang 1", "code_info": None},
    {"code_info": "UDI codes printed on the pouch, third line under the barcode"},
    {"body": "Numéros de lot concernés : voir l'étiquette du carton", "code_info": None},
    {"code_info": "software builds up to and including winter release"},
    {"body": "All devices supplied since the factory moved. Do not use. 立即停止使用", "code_info": None},
)
#: how they name what is ours
NAMING = (
    {"udi_dis": ["00844588018923"], "firm": "Somebody Else"},
    {"catalogue_numbers": ["AC-1"]},
    {"title": "Clip, ref. AC-1, by Acme"},
    {"title": "Haemostasis clip (all sizes)", "firm": "ACME, Incorporated"},
    {"title": "型号规格 AC-1 的夹子", "authority": "nmpa"},
    {
        "title": "Product hold",
        "product_description": "made by Acme Surgical Clips, distributed by us",
        "firm": "Bolt Distribution",
    },
    {"title": "Field safety notice", "authority": "supplier", "supplier_code": "S1", "firm": None},
)


def test_a_notice_that_names_what_is_ours_always_comes_to_a_person_whatever_of_it_can_be_read(stocked: Company) -> None:
    conn = stocked.conn
    stocked.add("identifier", item_code="AC", code="00844588018923", package_level="unit", units_contained=1)
    stocked.agreement("AC")
    stocked.post()
    conn.execute("UPDATE lotwatch.item SET legal_manufacturer = 'Acme Surgical Clips GmbH'")
    odd = {f"O-{way}-{shape}": NOTICE | naming | {key: text for key, text in words.items() if text is not None}
           for way, naming in enumerate(NAMING) for shape, words in enumerate(ODD)}  # fmt: skip
    for number, notice in odd.items():
        stocked.add("notice", **notice | {"number": number, "firm": notice["firm"] or None})
    stocked.post()
    run(stocked)
    facts.live(conn, datetime.now(UTC))
    known = {
        row[0]: row[1:]
        for row in conn.execute(
            "SELECT number, case_code, to_review, items + items_of_firm, holds FROM lotwatch.fact_notice WHERE number LIKE 'O-%'"
        )
    }
    lost = [number for number, (case, waits, ours, _) in known.items() if not (waits if case else ours)]
    assert (lost, len(known)) == ([], len(odd))
    # what names the item itself has it waiting with its lots held
    free = [
        number
        for number, (case, waits, _, holds) in known.items()
        if number[2] in "0124" and not (waits >= 3 and holds)
    ]
    assert free == []


def known_by_name(company: Company, *lots: str) -> None:
    """An item of Acme's without any number of its device, and lots of it, as a sync posts them."""
    company.item("NEW", name="Vascular clip applier", legal_manufacturer="ACME, Inc.")
    for lot in lots:
        company.lot(lot, "NEW")
        company.move(5, "DC", lot=lot, item="NEW")
    post_all(company)


@pytest.mark.parametrize("item_first", [True, False])
def test_an_item_known_by_maker_and_name_alone_is_matched_in_the_transaction_that_brings_it(
    stocked: Company, item_first: bool
) -> None:
    say(stocked, "Lots N1, N2", title="Acme vascular clip applier", number="Z-7")
    say(stocked, "Lots N1, N2", title="Bolt bone screw", firm="Bolt", number="Z-8")
    run(stocked)
    assert cases(stocked.conn) == []
    if item_first:
        known_by_name(stocked)
        assert held(stocked.conn) == set()
    known_by_name(stocked, "N1", "N3")
    assert held(stocked.conn) == {("precaution", "N1")}


def test_a_lot_that_a_letter_names_without_its_device_is_held_as_it_is_posted(stocked: Company) -> None:
    letter = {"authority": "supplier", "supplier_code": "S1", "number": "FSN-1", "firm": None}
    say(stocked, "Please quarantine lot QX77.", **letter)
    run(stocked)
    stocked.lot("QX77", "AC")
    stocked.move(5, "DC", lot="QX77", item="AC")
    post_all(stocked)
    assert held(stocked.conn) == {("precaution", "QX77")}


def test_the_hourly_look_is_at_what_has_changed_and_what_waits_alone(stocked: Company) -> None:
    for number in range(5):
        say(stocked, "REF XY-1: Lots 5", firm=f"Firm {number}", number=f"Z-{number}-9")
    run(stocked)
    assert run(stocked, changed=True).counts["matched"] == 1, "Acme's alone may mean an item that was not looked at yet"
    assert run(stocked, changed=True).counts["matched"] == 0
    stocked.conn.execute("UPDATE lotwatch.item SET legal_manufacturer = 'Firm 3 Ltd.'")
    assert run(stocked, changed=True).counts["matched"] == 2, "the record of its device says Acme still"
    assert run(stocked, changed=True).counts["matched"] == 0
    say(stocked, "REF AC-1: All lots manufactured between 2024-01-01 and 2024-06-30", firm="Firm 3", number="Z-3-10")
    run(stocked)
    assert ("precaution", "A1") in held(stocked.conn)
    stocked.conn.execute("UPDATE lotwatch.lot SET manufactured_on = '2024-01-05' WHERE number = 'A1'")
    assert run(stocked, changed=True).counts["matched"] == 1, "what waits may be known by now"
    assert verdicts(stocked.conn)["A1"][0] == "affected"
    assert run(stocked, everything=True).counts["matched"] == 7


def test_a_dry_run_tells_what_it_would_hold_and_writes_nothing(stocked: Company) -> None:
    say(stocked, "REF AC-1: Lots A1")
    assert run(stocked, dry_run=True).held == ["RC-000001: recall AC A1"]
    assert (held(stocked.conn), cases(stocked.conn)) == (set(), [])
    with stocked.conn.transaction():
        open_drill(stocked.conn, stocked.context)
    assert run(stocked).held == ["RC-000001: recall AC A1"], "neither a dry run nor a drill uses up a number"


def test_eight_megabytes_that_name_nothing_of_ours_open_no_case(stocked: Company) -> None:
    say(stocked, "REF XY-1, lots 5, 6", body="Thank you very much for your patience.\n" * (8 * 2**20 // 39))
    opened = run(stocked)
    assert (opened.counts["read"], cases(stocked.conn)) == (2, [])


def test_a_task_that_died_before_it_woke_the_response_does_so_when_it_is_tried_again(stocked: Company) -> None:
    def asked(run_id: str) -> list[str]:
        return receive(conn, begin_run(conn, context(run_id=run_id))).cases

    say(stocked, "REF AC-1: Lots A1")
    conn = stocked.conn
    conn.autocommit = True
    assert asked("one") == ["RC-000001"]
    assert asked("one") == ["RC-000001"]
    assert asked("two") == []
    answer(conn, stocked.context, "RC-000001", subject(conn, "A2"), "affected", by="quality", reason="its sister")
    assert asked("two") == ["RC-000001"]


def test_quality_opens_a_case_of_its_own(stocked: Company) -> None:
    given = [subject(stocked.conn, "A1")]
    case = open_by_quality(stocked.conn, stocked.context, given, title="Broken seals", by="quality")
    assert (case.code, held(stocked.conn)) == ("RC-000001", {("recall", "A1")})
    assert run(stocked, everything=True).cases == [], "no notice decides about it"


def test_rules_see_what_a_case_holds(stocked: Company) -> None:
    conn = stocked.conn
    say(stocked, "REF AC-1: Lots A1")
    run(stocked)
    facts.live(conn, datetime.now(UTC))
    (row,) = conn.execute("SELECT reference, lot_number, recall_class, physical FROM lotwatch.fact_recalled_stock")
    assert row == ("RC-000001", "A1", "II", 10)
    notices = "SELECT holds, case_code, to_review FROM lotwatch.fact_notice WHERE number = 'Z-1-2026'"
    assert conn.execute(notices).fetchall() == [(1, "RC-000001", 0)]
    (fact,) = conn.execute("SELECT reference, cause, physical FROM lotwatch.fact_hold")
    assert fact == ("RC-000001", "recall", 10)


def test_a_shell_lists_shows_answers_opens_and_tries(stocked: Company, lotwatch: Callable[..., Result]) -> None:
    say(stocked, "REF AC-1: Lots A1, A2 and similar ones")
    stocked.conn.commit()
    assert "would hold RC-000001: precaution AC all" in lotwatch("recall", "match", "--dry-run").stdout
    assert cases(stocked.conn) == []
    stocked.conn.commit()
    assert "held RC-000001: precaution" in lotwatch("recall", "match").stdout
    assert "A3" in lotwatch("recall", "review").stdout
    assert "noted" in lotwatch(
        "recall", "answer", "RC-000001", "not_affected", "AC", "--number", "a 3", "--reason", "other factory"
    ).stdout  # fmt: skip
    assert "A3" not in lotwatch("recall", "review", "--code", "RC-000001").stdout
    assert "factory" in lotwatch("recall", "show", "RC-000001").stdout
    assert "RC-000002" in lotwatch("recall", "open", "AC", "--title", "Seals", "--number", "A3", "--class", "I").stdout
    assert "Seals" in lotwatch("recall", "list").stdout
    assert held(stocked.conn) == {("precaution", "A1"), ("precaution", "A2"), ("recall", "A3")}
    with pytest.raises(LotwatchError, match="no such lot"):
        named(stocked.conn, "AC", ["A1", "A7"])
    assert len(named(stocked.conn, "AC", [])) == 4


# --- at the same time


def test_stock_that_moves_and_lots_that_come_while_holds_are_placed_do_not_escape(
    stocked: Company, db_url: str
) -> None:
    """One posts movements of a lot, and a new lot, while the other holds: whatever comes first, all of it is held."""
    say(stocked, "REF AC-1: Lots A1, A9")

    def move() -> None:
        with psycopg.connect(db_url) as conn:
            other = Company(conn, stocked.remembered() | {"_events": 10_000})
            other.lot("A9", item="AC")
            for _ in range(5):
                other.move(1, "HOSP", "DC", item="AC", lot="A1")
                other.move(1, "HOSP/OR", item="AC", lot="A9")
                assert (
                    post_batch(conn, begin_run(conn, context(run_id="other")), judged(other, "other"))["movement"] == 2
                )
                conn.commit()

    together(move, lambda: run(stocked))
    assert pickable(stocked.conn) == []
    assert held(stocked.conn) == {("recall", "A1"), ("recall", "A9")}


def pickable(conn: psycopg.Connection) -> list[Any]:
    """Stock of A1 and A9 that nothing holds."""
    return conn.execute(
        "SELECT lot.number, place.code FROM lotwatch.position AS p JOIN lotwatch.lot USING (lot_id)"
        " JOIN lotwatch.location AS place USING (location_id)"
        " WHERE lot.number IN ('A1', 'A9') AND p.quantity > 0 AND place.holds_stock AND NOT EXISTS ("
        "   SELECT FROM lotwatch.held_stock AS held WHERE (held.item_id, held.lot_id, held.location_id)"
        "   = (p.item_id, p.lot_id, p.location_id))"
    ).fetchall()


def syncing(conn: psycopg.Connection, stocked: Company) -> int:
    """Post a lot that is new, and more of a known one, as a sync does, without its commit."""
    other = Company(conn, stocked.remembered() | {"_events": 20_000})
    other.lot("A9", item="AC")
    other.move(4, "HOSP/OR", item="AC", lot="A9")
    other.move(4, "HOSP", item="AC", lot="A1")
    return post_batch(conn, begin_run(conn, context(run_id="sync")), judged(other, "sync"))["movement"]


def test_a_notice_that_is_matched_while_a_sync_posts_is_seen_when_the_sync_holds(
    stocked: Company, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The case is committed when all of the sync is posted and nothing of it is: neither sees the other's rows at first."""
    say(stocked, "REF AC-1: Lots A1, A9")
    posting = ledger.check_labels

    def meanwhile(*given: Any) -> int:
        assert run(stocked).held == ["RC-000001: recall AC A1"]
        return posting(*given)

    monkeypatch.setattr(ledger, "check_labels", meanwhile)
    with psycopg.connect(db_url) as conn:
        assert syncing(conn, stocked) == 2
    assert held(stocked.conn) == {("recall", "A1"), ("recall", "A9")}
    assert pickable(stocked.conn) == []


@pytest.mark.parametrize("first", ["sync", "notice"])
def test_who_comes_second_waits_for_the_first_and_holds_what_that_has_left(
    stocked: Company, db_url: str, first: str
) -> None:
    """One has done all its work and not committed when the other comes to the same point."""
    say(stocked, "REF AC-1: Lots A1, A9")

    def sync(conn: psycopg.Connection) -> None:
        assert syncing(conn, stocked) == 2

    def match(conn: psycopg.Connection) -> None:
        open_cases(conn, begin_run(conn, context(run_id="match")))

    one, other = (sync, match) if first == "sync" else (match, sync)
    waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid = %s"
    with psycopg.connect(db_url) as early, psycopg.connect(db_url) as late, ThreadPoolExecutor(1) as pool:
        one(early)
        begun = pool.submit(other, late)
        pid = (late.info.backend_pid,)
        until(lambda: begun.done() or stocked.conn.execute(waiting, pid).fetchall(), "the second", 60, every=0.01)
        assert not begun.done()
        early.commit()
        begun.result(timeout=60)
    assert held(stocked.conn) == {("recall", "A1"), ("recall", "A9")}
    assert pickable(stocked.conn) == []


def test_two_syncs_that_bring_affected_lots_at_once_hold_both_and_break_neither_off(
    stocked: Company, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(stocked, "REF AC-1: Lots A8, A9")
    run(stocked)
    both, posting = Barrier(2, timeout=60), ledger.check_labels

    def together_with_the_other(*given: Any) -> int:
        both.wait()
        return posting(*given)

    def sync(lot: str) -> None:
        with psycopg.connect(db_url) as conn:
            other = Company(conn, stocked.remembered() | {"_events": 20_000})
            other.lot(lot, item="AC")
            other.move(4, "HOSP/OR", item="AC", lot=lot)
            post_batch(conn, begin_run(conn, context(run_id=lot)), judged(other, lot))

    monkeypatch.setattr(ledger, "check_labels", together_with_the_other)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(sync, ["A8", "A9"]))
    assert held(stocked.conn) == {("recall", "A8"), ("recall", "A9")}


def test_two_runs_at_once_open_one_case(stocked: Company, db_url: str) -> None:
    say(stocked, "REF AC-1: Lots A1")

    def again() -> None:
        with psycopg.connect(db_url, autocommit=True) as conn:
            open_cases(conn, begin_run(conn, context(run_id="other")))

    together(again, lambda: run(stocked))
    assert len(cases(stocked.conn)) == 1


def together(one: Callable[[], Any], other: Callable[[], Any]) -> None:
    thread = Thread(target=one)
    thread.start()
    other()
    thread.join()


def test_who_listens_hears_of_a_notice_whoever_posts_it(stocked: Company, db_url: str) -> None:
    from lotwatch_airflow.notices import NoticeTrigger, watch

    async def story() -> None:
        run(stocked)
        bells = watch(db_url)
        heard = create_task(wait_for(anext(bells), 60))
        async with await psycopg.AsyncConnection.connect(db_url, autocommit=True) as other:
            listening = "SELECT FROM pg_stat_activity WHERE application_name = 'lotwatch notices watch' AND wait_event = 'ClientRead'"
            while not (await (await other.execute(listening)).fetchall()):
                await sleep(0.01)
        stocked.add("notice", **NOTICE | {"code_info": "REF AC-1: Lots A1"})
        assert post_batch(stocked.conn, stocked.context, judged(stocked))["notice"] == 1
        assert not heard.done()
        stocked.conn.commit()
        await heard
        await bells.aclose()
        late = watch(db_url)
        await wait_for(anext(late), 60)
        await late.aclose()

    asyncio.run(story())
    path, arguments = NoticeTrigger("other").serialize()
    assert path == f"{NoticeTrigger.__module__}.{NoticeTrigger.__qualname__}"
    assert arguments == {"conn_id": "other"}
