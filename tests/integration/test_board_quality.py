"""On the board ops sees what the gate found, mends single records and decides on stopped batches; others only look."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from lotwatch import access
from lotwatch.errors import GateError
from lotwatch.jobs import sync
from tests.integration.company import Company, context
from tests.integration.test_board import HOSTILE
from tests.integration.test_board_ledger import _airflow_home, as_, send, words
from tests.integration.test_mend import Memory, bad, movement, waiting
from tests.worlds import prepared

__all__ = ["_airflow_home", "as_"]
Clients = Callable[..., TestClient]


@prepared
def known(company: Company) -> None:
    """An item with a lot; `ops` and `viewer` see all sites, `ward` one."""
    company.item()
    company.lot()
    company.post()
    access.introduce(company.conn, company.context, dict.fromkeys(("ops", "viewer"), False))
    access.grant(company.conn, company.context, "ward", "HOSP")


@pytest.fixture
def wms(known: Company) -> Company:
    """With a connection as a task has it."""
    known.conn.autocommit = True
    return known


def run(wms: Company, rows: list[dict[str, Any]], tmp_path: Path, run_id: str = "run") -> int:
    """One sync of the WMS; returns its batch."""
    circumstances = context("sync_wms", run_id)
    number = sync.pull(wms.conn, circumstances, "wms", Memory(rows), None)["batch_id"]
    try:
        sync.gate(wms.conn, circumstances, "wms", tmp_path)
    except GateError:
        return int(number)
    sync.post(wms.conn, circumstances, "wms")
    return int(number)


def test_a_record_is_corrected_replayed_and_posted_at_once(as_: Clients, wms: Company, tmp_path: Path) -> None:
    run(wms, [movement("m1", quantity=0), movement("m2", quantity=0)], tmp_path)
    number = waiting(wms.conn)["m1"]
    ops = as_("ops")
    page = ops.get(f"/quality/records/{number}").text
    assert re.search(r'name="field.quantity"[^>]*value="0"', page)
    assert "Quantity 0 of item I1 is not above 0" in words(page)
    assert "物料 I1 的数量 0 不大于 0" in words(ops.get(f"/quality/records/{number}?lang=zh").text)

    shown = dict(re.findall(r'name="(field\.[^"]+)"[^>]*value="([^"]*)"', page))
    answer = send(
        ops,
        f"/quality/records/{number}",
        **(shown | {"field.quantity": "4"}),
        action="replay",
        reason="read off the slip",
    )
    assert answer.headers["location"].endswith(f"/quality/records/{number}?done=passed")
    assert "The record passed and is posted" in words(ops.get(f"/quality/records/{number}?done=passed&lang=en").text)
    assert wms.position("DC") == 4
    audit = wms.conn.execute(
        "SELECT actor, reason, before ->> 'quantity', after ->> 'quantity' FROM lotwatch.audit_event"
        " WHERE action = 'replay'"
    ).fetchall()
    assert audit == [("ops", "read off the slip", "0", "4")]


def test_a_record_that_is_still_refused_says_why_and_keeps_what_was_corrected(
    as_: Clients, wms: Company, tmp_path: Path
) -> None:
    run(wms, [movement("m1", quantity=0)], tmp_path)
    number = waiting(wms.conn)["m1"]
    ops = as_("ops")
    answer = send(ops, f"/quality/records/{number}", **{"field.quantity": "-2"}, action="replay", reason="wrong again")
    assert answer.headers["location"].endswith("done=refused")
    page = ops.get(f"/quality/records/{number}?done=refused").text
    assert "Quantity -2 of item I1 is not above 0" in words(page)
    assert re.search(r'name="field.quantity"[^>]*value="-2"', page)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"field.quantity": "many", "reason": "why"}, "does not fit"),
        ({"field.quantitty": "1", "reason": "why"}, "did you mean quantity"),
        ({"field.quantity": "3"}, "Say why"),
        ({"field.document": "x" * 501, "reason": "why"}, "too long"),
    ],
)
def test_a_mistake_is_said_beside_the_form_and_nothing_is_changed(
    as_: Clients, wms: Company, tmp_path: Path, fields: dict[str, str], says: str
) -> None:
    run(wms, [movement("m1", quantity=0)], tmp_path)
    number = waiting(wms.conn)["m1"]
    answer = send(as_("ops"), f"/quality/records/{number}", action="replay", **fields)
    assert answer.status_code == 409
    assert says in words(answer.text)
    assert waiting(wms.conn) == {"m1": number}


def test_a_record_nobody_wants_is_discarded(as_: Clients, wms: Company, tmp_path: Path) -> None:
    run(wms, [movement("m1", quantity=0)], tmp_path)
    number = waiting(wms.conn)["m1"]
    ops = as_("ops")
    send(ops, f"/quality/records/{number}", action="discard", reason="a test")
    page = ops.get(f"/quality/records/{number}?done=discarded").text
    assert "The record was discarded" in words(page)
    assert "<form" not in page.partition("<main")[2]
    assert send(ops, f"/quality/records/{number}", action="replay", reason="again").status_code == 409


def test_a_stopped_batch_is_seen_first_and_its_good_records_let_on(as_: Clients, wms: Company, tmp_path: Path) -> None:
    number = run(wms, [*bad(25), movement("good", quantity=7)], tmp_path)
    run(wms, [movement("fine")], tmp_path, "next")
    ops = as_("ops")
    listed = ops.get("/quality").text
    assert re.findall(r'quality/batches/(\d+)"', listed)[0] == str(number)
    page = words(ops.get(f"/quality/batches/{number}").text)
    assert "Records: 26. Rules: " in page
    assert "Great Expectations has counted the same" in page
    assert "bad 0 Quantity 0 of item I1 is not above 0" in page
    assert "96.2 %" in page

    assert "40%" in words(send(ops, f"/quality/batches/{number}", action="judge", share="40", reason="try").text), (
        "stopped again: nothing happened"
    )
    assert wms.position("DC") == 1
    answer = send(ops, f"/quality/batches/{number}", action="release", reason="so it is")
    assert answer.headers["location"].endswith("done=judged")
    assert wms.position("DC") == 8
    assert len(waiting(wms.conn)) == 25


def test_a_large_stopped_batch_waits_for_the_next_run_with_what_was_accepted(
    as_: Clients, wms: Company, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lotwatch_airflow.board.pages.quality._SOON_JUDGED", 10)
    number = run(wms, [*bad(25), movement("good", quantity=7)], tmp_path)
    answer = send(as_("ops"), f"/quality/batches/{number}", action="release", reason="so it is")
    assert answer.headers["location"].endswith("done=queued")
    assert wms.position("DC") == 0
    run(wms, [], tmp_path, "next")
    assert wms.position("DC") == 7


def test_the_trend_of_a_rule_goes_back_over_the_batches_of_its_source(
    as_: Clients, wms: Company, tmp_path: Path
) -> None:
    for number, wrong in enumerate((1, 0, 4), start=1):
        rows = [movement(f"{number}-{n}", quantity=0 if n < wrong else 1) for n in range(10)]
        last = run(wms, rows, tmp_path, f"run {number}")
    page = as_("viewer").get(f"/quality/batches/{last}").text
    assert "in the latest 3 batches: 0 % to 40 %" in page
    assert re.search(r'<polyline points="2.0,17.0 50.0,22.0 98.0,2.0"', page)


def test_only_ops_mends(as_: Clients, wms: Company, tmp_path: Path) -> None:
    batch = run(wms, [*bad(25), movement("m1", quantity=0)], tmp_path)
    small = run(wms, [movement("m9", quantity=0)], tmp_path, "next")
    record = waiting(wms.conn)["m9"]
    for page in (f"/quality/records/{record}", f"/quality/batches/{batch}"):
        viewer = as_("viewer")
        html = viewer.get(page).text
        assert "<form" not in html.partition("<main")[2]
        assert "Role ops corrects" in words(html)
        assert send(viewer, page, action="discard", reason="why").status_code == 403
        assert as_("ops").post(page, data={"action": "discard", "reason": "why"}).status_code == 403, "not from a form"
    assert waiting(wms.conn) == {"m9": record}
    ward = as_("ward", "ops")
    for page in (f"/quality/records/{record}", f"/quality/batches/{small}"):
        assert ward.get(page).status_code == 404, "who sees some sites sees no records on their way in"
        assert send(ward, page, action="discard", reason="why").status_code == 404


def test_records_are_found_by_what_a_message_links_to(as_: Clients, wms: Company, tmp_path: Path) -> None:
    first = run(wms, [movement("m1", quantity=0), movement("m2", item_code="NEW", lot_number=None)], tmp_path)
    run(wms, [movement("m3", quantity=0)], tmp_path, "next")
    viewer = as_("viewer")

    def keys(query: str) -> set[str]:
        return set(re.findall(r'quality/records/\d+">([^<]+)</a>', viewer.get(f"/quality?{query}").text))

    assert keys("source=wms") == {"m1", "m2", "m3"}
    assert keys(f"source=wms&batch={first}") == {"m1", "m2"}
    assert keys("rule=REF005") == {"m2"}
    assert keys("entity=lot") == set()


def test_hostile_records_are_shown_not_run(as_: Clients, wms: Company, tmp_path: Path) -> None:
    batch = run(wms, [movement(HOSTILE, quantity=0, document=HOSTILE, item_code=HOSTILE)], tmp_path)
    record = waiting(wms.conn)[HOSTILE]
    for page in (f"/quality/records/{record}", f"/quality/batches/{batch}"):
        html = as_("ops").get(page).text
        assert "alert(" in html, page
        assert "<script>alert" not in html, page
