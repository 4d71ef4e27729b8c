"""On the board a recall is worked on a phone, followed on its page and closed, by who may."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from fastapi.testclient import TestClient
from httpx import Response

from lotwatch import access, ledger
from lotwatch.actions import warehouse
from lotwatch.audit import record
from lotwatch.jobs import recall_response as jobs
from lotwatch.jobs.watch import plan
from lotwatch.planning import PlanSettings
from lotwatch.recall import clocks
from lotwatch.sources.fhir.privacy import Seal
from lotwatch_local.settings import Settings
from tests.integration.company import NOW, TODAY, Company, context
from tests.integration.recalls import PEOPLE, opened, stocked
from tests.integration.test_board import rows

CASE, KEY = "/recalls/RC-000001", "a hospital's long secret"
Clients = Callable[..., TestClient]


@pytest.fixture(scope="module", autouse=True)
def _airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow writes its configuration when it is first imported: not into anybody's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield


@pytest.fixture
def as_(database: Settings, db_name: str, company: Company) -> Iterator[Clients]:
    """The board with a case about L1, two hours old; `ward` sees HOSP alone."""
    from lotwatch_airflow.board import auth
    from lotwatch_airflow.board.app import create_app
    from lotwatch_airflow.board.database import Reader, Writer
    from lotwatch_airflow.board.forms import Forms
    from lotwatch_airflow.board.person import Person
    from lotwatch_airflow.board.view import Board

    stocked(company)
    company.move(1, "PATIENT", "HOSP/OR", days_ago=1, case_reference=Seal(KEY).close("Encounter/77"))
    company.post()
    names = ("viewer", "quality", "warehouse", "recall")
    access.introduce(company.conn, company.context, dict.fromkeys(names, False))
    access.grant(company.conn, company.context, "ward", "HOSP")
    opened(company.conn, ["L1"])
    jobs.respond(company.conn, context(), "RC-000001", PEOPLE)
    company.conn.commit()
    reader = Reader(lambda: database.database_url("board", db_name))
    writer = Writer(lambda: database.database_url("app", db_name))
    now = NOW + timedelta(hours=2)
    app = create_app(Board(reader, writer, Forms("secret"), lambda _: {}, lambda: now, case_key=lambda _: KEY))

    def make(user_name: str, *roles: str) -> TestClient:
        app.dependency_overrides[auth.signed_in] = lambda: Person(user_name, frozenset(roles or [user_name]))
        return TestClient(app, cookies={"_token": f"login of {user_name}"}, follow_redirects=False)

    yield make
    reader.close()


def send(client: TestClient, path: str, **fields: Any) -> Response:
    """Send a form of the board, as a browser does."""
    from lotwatch_airflow.board.forms import FIELD

    token = client.app.state.board.forms.token(client.cookies["_token"])  # type: ignore[attr-defined]
    return client.post(path, data={FIELD: token, **fields}, headers={"sec-fetch-site": "same-origin"})


def words(html: str) -> str:
    """What a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2]).split())


def tasks(conn: psycopg.Connection) -> dict[tuple[str, str], int]:
    return {
        (kind, place): task_id
        for kind, place, task_id in conn.execute(
            "SELECT recall_task.kind, code, task_id FROM lotwatch.recall_task"
            " JOIN lotwatch.location ON location_id = place_id"
        )
    }


def test_a_ward_does_its_tasks_on_a_phone_and_no_other_sites(as_: Clients, company: Company) -> None:
    known = tasks(company.conn)
    count = f"/recalls/tasks/{known['count', 'HOSP/OR']}"
    ward = as_("ward", "warehouse")
    assert "24" in words(ward.get(count).text)
    assert ward.get(f"/recalls/tasks/{known['count', 'DC']}").status_code == 404
    assert send(ward, f"/recalls/tasks/{known['count', 'DC']}", what="acknowledge").status_code == 404
    scanned = {"said": "L1", "quantity": 24, "request_id": str(uuid4())}
    assert [send(ward, f"{count}/finds", **scanned).status_code for _ in range(2)] == [303, 303]
    refused = send(ward, f"{count}/finds", **scanned | {"said": "L2", "request_id": str(uuid4())})
    assert refused.status_code == 409
    assert "This one is not affected" in words(refused.text)
    assert send(ward, count, what="finish").status_code == 303
    assert "已完成" in words(ward.get(f"{count}?lang=zh").text)
    assert send(as_("viewer"), count, what="reopen", note="x").status_code == 403
    assert company.conn.execute("SELECT sum(quantity) FROM lotwatch.recall_find").fetchone() == (24,)


def test_a_case_is_seen_managed_printed_and_closed_by_who_may(as_: Clients, company: Company) -> None:
    (row,) = rows(as_("viewer").get("/recalls?lang=en").text)
    assert "RC-000001" in row
    assert "0 of 7" in row
    page = words(as_("quality").get(f"{CASE}?lang=en").text)
    for said in ("Every site has answered (class I)", "Dc", "sealed", "no answer"):
        assert said in page
    assert "tasks" in words(send(as_("quality"), f"{CASE}/close", reason="x").text)
    assert send(as_("quality"), f"{CASE}/close", reason="x", override="true").status_code == 403
    assert send(as_("quality"), f"{CASE}/clocks/user_stops_use", evidence="letter 7").status_code == 303
    assert send(as_("quality"), f"{CASE}/clocks/us_803_user", happened_at="2026-06-14T08:00").status_code == 303
    assert send(as_("quality"), f"{CASE}/clocks/eu_87_death", happened_at="2026-06-14T08:00").status_code == 409
    assert send(as_("quality"), f"{CASE}/checks", percent=50).status_code == 303
    asked = {"action_kind": "correct", "recall_class": "II"}
    assert "needs a reason" in words(send(as_("quality"), f"{CASE}/asked", **asked).text)
    assert send(as_("buyer"), f"{CASE}/asked", **asked, reason="x").status_code == 403
    site = company.conn.execute("SELECT location_id FROM lotwatch.location WHERE code = 'DC'").fetchone()
    assert site is not None
    answer = {"party": "site", "party_id": site[0], "note": "by phone"}
    assert send(as_("quality"), f"{CASE}/answers", **answer).status_code == 303
    counted = tasks(company.conn)["count", "DC"]
    scanned = {"said": "L1", "quantity": 70, "request_id": str(uuid4())}
    assert send(as_("quality"), f"/recalls/tasks/{counted}/finds", **scanned).status_code == 303
    made = send(as_("quality"), f"{CASE}/documents", kind="return", recipient="Supplier One")
    assert "Return note" in as_("quality").get(made.headers["location"] + "?lang=en").text
    assert send(as_("ward", "quality"), f"{CASE}/close", reason="x").status_code == 403
    named = ledger.holds.named(company.conn, "recall", "RC-000001", "listed", item="I1", lot="L1")
    hold_id = ledger.place_hold(company.conn, named, context(), "qa")
    record(company.conn, context(), "called back", "hold", str(hold_id), after={"task": "LW-WT-000007"})
    company.conn.commit()
    assert send(as_("recall"), f"{CASE}/close", reason="handed over", override="true").status_code == 303
    report = words(as_("viewer").get(f"{CASE}/report?lang=en").text)
    assert "case closed" in report
    for said in ("due: ", "place: Dc", "who: site", "left open: open tasks", "lot: L1", "task: LW-WT-000007"):
        assert said in report
    assert not re.search(r"\dT\d\d:", report), "moments are said as people read them"
    assert "Not settled" in report
    assert re.search(r"\b[0-9a-f]{64}\b", report)
    assert "召回案件" in as_("viewer").get(f"{CASE}/report?lang=zh").text
    assert as_("ward").get(f"{CASE}/report").status_code == 403
    assert send(as_("quality"), f"{CASE}/reopen", reason="one more").status_code == 303


def test_what_met_a_duty_by_itself_is_said_in_the_reader_s_language(as_: Clients, company: Company) -> None:
    met = "UPDATE lotwatch.recall_clock SET met_at = %s, met_by = %s, evidence = %s WHERE duty_id = 'house_class_1'"
    for by, evidence, english, chinese in (
        ("lotwatch", "held RC-000001", "holds of RC-000001", "RC-000001 的隔离"),
        ("lotwatch", "answered 3", "3 answers", "3 份答复"),
        ("lotwatch", "nobody_has_any", "nobody has any of it", "无人持有该产品"),
        ("quinn", "held by hand", "held by hand", "held by hand"),
    ):
        company.conn.execute(met, (NOW, by, evidence))
        company.conn.commit()
        assert f"{by} · {english}" in words(as_("viewer").get(f"{CASE}?lang=en").text)
        assert f"{by} · {chinese}" in words(as_("viewer").get(f"{CASE}?lang=zh").text)


def test_a_duty_that_nobody_held_against_its_source_says_so(as_: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    told = "source not checked: ask regulatory affairs"
    assert told not in words(as_("viewer").get(f"{CASE}?lang=en").text)
    table = clocks.load_duties()
    unchecked = tuple(duty.model_copy(update={"checked": None}) for duty in table.duties)
    monkeypatch.setattr(clocks, "load_duties", lambda: table.model_copy(update={"duties": unchecked}))
    for page in (CASE, f"{CASE}/report"):
        assert told in words(as_("viewer").get(f"{page}?lang=en").text)


def test_what_may_take_its_place_is_seen_where_it_is_used(as_: Clients, company: Company) -> None:
    company.item("I2")
    company.lot("B1", "I2")
    company.move(7, "DC/A1", item="I2", lot="B1", days_ago=3)
    company.add("substitute", item_code="I1", substitute_code="I2", approved_by="Dr Wu", valid_from=TODAY)
    company.post()
    plan(company.conn, company.context, PlanSettings(history_days=10))
    company.conn.commit()
    page = words(as_("quality").get(f"{CASE}?lang=en").text)
    assert "I2 0 here, 7 elsewhere" in page
    assert "I2 本站 0，他处 7" in words(as_("quality").get(f"{CASE}?lang=zh").text)


def test_what_is_called_back_is_seen_and_stands_against_closing(as_: Clients, company: Company) -> None:
    company.add(
        "demand_line", "w1", order_key="stock.shipment.out,7", order_number="CU-7", order_kind="customer", site_code="DC",
        customer_location="PATIENT", ordered_at=NOW, item_code="I1", quantity=3, state="open",
    )  # fmt: skip
    company.add(
        "allocation", "a1", demand_line_key="w1", item_code="I1", location_code="DC/A1", lot_number="L1", quantity=3,
        allocated_at=NOW,
    )  # fmt: skip
    company.post("wms")
    hold = ledger.holds.named(company.conn, "recall", "RC-000001", "recalled", item="I1", lot="L1")
    placed = ledger.place_hold(company.conn, hold, company.context, "test")
    assert warehouse.call_back(company.conn, company.context, holds=[placed or 0]) == 1
    company.conn.commit()
    page = words(as_("quality").get(f"{CASE}?lang=en").text)
    assert "CU-7 LW-WT-000001" in page
    assert "picks not called back yet: 1" in page
    assert "wanted CU-7" in page
    warehouse.refused(company.conn, 1, "It is packed", company.context)
    company.conn.commit()
    page = words(as_("quality").get(f"{CASE}?lang=zh").text)
    assert "It is packed" in page
    assert "1 项只能由人拦截" in page
    assert "尚未撤回的拣货" not in page


def test_what_a_case_asks_for_is_said_by_a_person_and_its_tasks_follow(as_: Clients, company: Company) -> None:
    asked = {"action_kind": "correct", "recall_class": "II", "reason": "see the letter"}
    assert send(as_("quality"), f"{CASE}/asked", **asked).status_code == 303
    company.conn.rollback()
    open_kinds = company.conn.execute("SELECT DISTINCT kind FROM lotwatch.recall_task WHERE state = 'open'").fetchall()
    assert {kind for (kind,) in open_kinds} == {"count", "correct", "follow_up"}
    company.add("notice", authority="fda", number="Z-7", firm="Acme", said_at=NOW, action="Please return it.")
    company.post()
    company.conn.execute(
        "WITH told AS (INSERT INTO lotwatch.recall_case_notice SELECT notice_id, (SELECT min(case_id) FROM lotwatch.recall_case)"
        " FROM lotwatch.notice) INSERT INTO lotwatch.recall_ask SELECT version_id, 1, 'remove', 'action', 0, 16,"
        " 'Please return it' FROM lotwatch.notice_version"
    )
    company.conn.commit()
    page = words(as_("quality").get(f"{CASE}?lang=en").text)
    assert "asked for" in page
    assert re.search("remove Please return it Z-7", page)


def test_only_the_recall_role_learns_on_whom_it_was_used_and_is_written_down(as_: Clients, company: Company) -> None:
    movement = company.conn.execute(
        "SELECT movement_id FROM lotwatch.recall_unit WHERE has_case_reference ORDER BY occurred_at DESC LIMIT 1"
    ).fetchone()
    assert movement is not None
    path = f"{CASE}/used/{movement[0]}"
    assert send(as_("quality"), path, reason="curious").status_code == 403
    assert send(as_("recall"), path, reason="").status_code == 409
    assert "Encounter/77" in send(as_("recall"), path, reason="the surgeon must call").text
    assert "Encounter/77" not in as_("recall").get(CASE).text
    seen = company.conn.execute(
        "SELECT actor, reason FROM lotwatch.audit_event WHERE action = 'case reference opened'"
    ).fetchall()
    assert seen == [("recall", "the surgeon must call")]


def test_quality_reads_the_notice_beside_the_lot_and_says_and_opens_a_case_of_its_own(
    as_: Clients, company: Company
) -> None:
    from tests.integration.recalls import judged

    ((case_id, item, lot),) = company.conn.execute(
        "SELECT case_id, item_id, lot_id FROM lotwatch.recall_case, lotwatch.lot WHERE lot.number = 'L2'"
    )
    judged(company.conn, case_id, "L2", "needs_review")
    company.conn.commit()
    review = "/recalls/review"
    assert "L2" in words(as_("viewer").get(f"{review}?lang=en").text)
    assert "L1" not in words(as_("viewer").get(f"{review}?lang=en").text)
    assert "L1" in words(as_("viewer").get(f"{review}?verdict=affected&code=RC-000001").text)
    assert 'name="subject"' not in as_("viewer").get(review).text
    row = {"subject": f"RC-000001:{item}:{lot}:0", "verdict": "affected", "reason": "named in the letter"}
    for who in (as_("viewer"), as_("ward", "quality")):
        assert send(who, review, **row).status_code == 403
    assert send(as_("recall"), review, **row | {"reason": ""}).status_code == 409
    assert send(as_("recall"), review, verdict="affected", reason="x").status_code == 409
    assert send(as_("recall"), review, **row | {"subject": "RC-000001:1;2"}).status_code == 422
    said = send(as_("recall"), f"{review}?code=RC-000001&page=2", **row)
    assert said.headers["location"].endswith("?code=RC-000001&done=1"), "whoever works on a case goes on with it"
    held = "SELECT hold.cause, hold.reference FROM lotwatch.hold JOIN lotwatch.lot USING (lot_id) WHERE number = %s AND released_at IS NULL"
    assert company.conn.execute(held, ("L2",)).fetchall() == [("recall", "RC-000001")]
    company.conn.commit()
    assert send(as_("quality"), review, **row | {"verdict": "not_affected"}).status_code == 303
    assert company.conn.execute(held, ("L2",)).fetchall() == []
    company.conn.commit()
    decision = {"title": "Seals leak", "item": "I1", "numbers": "l 2", "recall_class": "II", "sureness": "unsure"}
    assert send(as_("viewer"), "/recalls/new", **decision).status_code == 403
    assert send(as_("quality"), "/recalls/new", **decision | {"numbers": "L2, L99"}).status_code == 422
    made = send(as_("quality"), "/recalls/new", **decision)
    assert made.status_code == 303
    code = re.search(r"RC-\d+", made.headers["location"])
    assert code
    assert company.conn.execute(held, ("L2",)).fetchall() == [("precaution", code[0])]
    assert "质量部门决定" in words(as_("quality").get(f"{review}?lang=zh").text)
