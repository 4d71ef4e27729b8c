"""On the board the past can be looked at, a number be traced, holds be placed and lifted and counts be decided, by who may."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from lotwatch import access, ledger
from lotwatch_local.settings import Settings
from tests.integration.boards import board_app
from tests.integration.company import NOW, Company, context
from tests.integration.test_board import HOSTILE, rows, table
from tests.worlds import prepared

FORM = {"sec-fetch-site": "same-origin"}
L1 = "kind=lot&item=I1&number=L1"
Clients = Callable[..., TestClient]


@pytest.fixture(scope="module", autouse=True)
def _airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow writes its configuration when it is first imported: not into anybody's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield


@prepared
def stocked(company: Company) -> None:
    """Thirty of a lot went from DC to HOSP ten days ago, and five were used there; `ward` sees HOSP alone."""
    company.item()
    company.lot()
    company.order_line(50, key="line-1", order_number="PO-77")
    company.move(50, "DC", days_ago=20, order_line_key="line-1", document="GR-1")
    company.move(30, "HOSP/OR", "DC", days_ago=10)
    company.move(5, "PATIENT", "HOSP/OR", days_ago=5)
    company.post()
    names = ("viewer", "quality", "warehouse", "approver")
    access.introduce(company.conn, company.context, dict.fromkeys(names, False))
    access.grant(company.conn, company.context, "ward", "HOSP")
    company.conn.commit()


@pytest.fixture
def as_(database: Settings, db_name: str) -> Iterator[Clients]:
    """The board as somebody with some roles sees it, an hour after NOW."""
    from lotwatch_airflow.board import auth
    from lotwatch_airflow.board.database import Reader, Writer
    from lotwatch_airflow.board.forms import Forms
    from lotwatch_airflow.board.person import Person
    from lotwatch_airflow.board.view import Board

    reader = Reader(lambda: database.database_url("board", db_name))
    writer = Writer(lambda: database.database_url("app", db_name))
    app = board_app(Board(reader, writer, Forms("secret"), lambda _: {}, lambda: NOW + timedelta(hours=1)))

    def make(user_name: str, *roles: str) -> TestClient:
        app.dependency_overrides[auth.signed_in] = lambda: Person(user_name, frozenset(roles or [user_name]))
        return TestClient(app, cookies={"_token": f"login of {user_name}"}, follow_redirects=False)

    yield make
    reader.close()


def send(client: TestClient, path: str, **fields: Any) -> Response:
    """Send a form of the board, as a browser does."""
    from lotwatch_airflow.board.forms import FIELD

    token = client.app.state.board.forms.token(client.cookies["_token"])  # type: ignore[attr-defined]
    return client.post(path, data={FIELD: token, **fields}, headers=FORM)


def words(html: str) -> str:
    """What a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", html.partition("<main")[2]).split())


def quantities(text: str) -> dict[str, int]:
    return {row["Site code"]: int(row["Physical"]) for row in table(text)}


def moment(days_ago: float) -> str:
    return f"{NOW - timedelta(days=days_ago):%Y-%m-%dT%H:%M}"


# --- the past


@pytest.mark.usefixtures("stocked")
def test_the_inventory_of_a_past_moment_is_shown_and_said_to_be_the_past(as_: Clients) -> None:
    client = as_("viewer")
    assert quantities(client.get("/inventory.csv").text) == {"DC": 20, "HOSP": 25}
    assert quantities(client.get(f"/inventory.csv?at={moment(15)}").text) == {"DC": 50}
    html = client.get(f"/inventory?at={moment(15)}Z&site=DC").text
    assert "This is the past: 31 May 2026 08:00 UTC" in html
    assert "are as they are kept today" in html
    assert "As of 31 May 2026 08:00 UTC" in html
    assert "data-live" not in html.partition("<main")[2].partition(">")[0], "the past is not refreshed"
    assert f'href="/inventory.csv?at={moment(15)}Z&amp;site=DC"'.replace(":", "%3A") in html
    assert "这是过去的状态" in client.get(f"/inventory?at={moment(15)}&lang=zh").text
    now = client.get("/inventory?lang=en").text
    assert "This is the past" not in now
    assert "data-live" in now.partition("<main")[2].partition(">")[0]


def test_what_was_learned_later_counts_unless_one_asks_for_what_was_known_then(as_: Clients, stocked: Company) -> None:
    stocked.item("I2")
    stocked.post()
    for quantity, recorded_days_ago in ((7, 17), (2, 1)):
        stocked.conn.execute(
            "INSERT INTO lotwatch.movement (movement_id, recorded_at, occurred_at, item_id, from_location_id,"
            " to_location_id, quantity, from_counted, to_counted, from_owner, to_owner, from_status, to_status, kind,"
            " source, source_event_id) SELECT nextval('lotwatch.movement_id'), %s, occurred_at, item.item_id,"
            " from_location_id, to_location_id, %s, from_counted, to_counted, from_owner, to_owner, from_status,"
            " to_status, kind, source, source_event_id FROM lotwatch.movement, lotwatch.item"
            " WHERE document = 'GR-1' AND code = 'I2'",
            (NOW - timedelta(days=recorded_days_ago), quantity),
        )
    stocked.conn.commit()
    client = as_("viewer")
    past = f"at={moment(15)}&item=I2"
    assert quantities(client.get(f"/inventory.csv?{past}").text) == {"DC": 9}
    assert quantities(client.get(f"/inventory.csv?{past}&known=then").text) == {"DC": 7}
    assert "By what had been recorded by then" in client.get(f"/inventory?{past}&known=then").text


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize("at", ["2026-06-15T09:01", "2999-01-01T00:00", "0001-01-01T00:00", moment(21), "yesterday"])
def test_the_past_begins_with_the_first_movement_and_ends_now(as_: Clients, at: str) -> None:
    for path in ("/inventory", "/inventory.csv"):
        answer = as_("viewer").get(path, params={"at": at})
        assert answer.status_code == 422
        assert "are not as they should be: at" in answer.text


@pytest.mark.usefixtures("stocked")
def test_the_control_keeps_the_filters_and_works_as_a_plain_form(as_: Clients) -> None:
    html = as_("viewer").get(f"/inventory?site=DC&group=lot&at={moment(7)}").text
    form = html.partition('<details class="past"')[2].partition("</form>")[0]
    assert '<input type="hidden" name="site" value="DC">' in form
    assert '<input type="hidden" name="group" value="lot">' in form
    assert 'name="page"' not in form
    assert 'type="datetime-local" name="at" max="2026-06-15T09:00"' in form
    assert 'min="-20" max="0"' in form, "the slider goes no further back than the first movement"
    assert 'class="slider" hidden' in form, "of no use without a script"
    assert 'href="/inventory?at=2026-06-14T09%3A00Z&amp;site=DC&amp;group=lot"' in form
    assert f'name="at" value="{moment(7)}Z"' in html.partition("</details>")[0], "other filters keep the moment"


def test_an_item_at_a_site_shows_its_measures_and_what_is_odd(as_: Clients, stocked: Company) -> None:
    stocked.move(2, "PATIENT", "HOSP/OR", lot=None)
    stocked.lot("L2")
    stocked.move(3, "PATIENT", "DC", lot="L2")
    stocked.post()
    client = as_("viewer")
    found = {row["Site code"]: row for row in table(client.get("/inventory.csv?group=item_site&lot=dropped").text)}
    assert (found["HOSP"]["Physical"], found["HOSP"]["Used without lot"]) == ("23", "2")
    assert (found["DC"]["On order"], found["DC"]["Missing on the books"]) == ("0", "3")
    at_dc, at_hosp = rows(client.get("/inventory?group=item_site").text)
    assert "Missing on the books: 3" in at_dc
    assert "Used without lot: 2" in at_hosp
    assert len(rows(client.get("/inventory?group=item_site&sort=allocated&order=desc&site=DC").text)) == 1


@pytest.mark.usefixtures("stocked")
def test_a_lot_tells_its_department_and_leads_to_its_trace(as_: Clients) -> None:
    html = as_("viewer").get("/inventory?site=HOSP").text
    (row,) = rows(html)
    assert "Hosp/Or HOSP/OR 25" in row
    assert 'href="/trace?kind=lot&amp;item=I1&amp;number=L1"' in html


# --- traces


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize("asked", ["q=L1", "q=l1", L1])
def test_a_lot_is_traced_from_its_order_to_its_use(as_: Clients, asked: str) -> None:
    said = words(as_("viewer").get(f"/trace?{asked}").text)
    assert "50 received = 45 there now + 5 used balance closes" in said
    assert "Supplier One S1 · Order PO-77" in said
    assert "30 u Dc DC → Hosp/Or HOSP/OR" in said
    assert "来源" in words(as_("viewer").get(f"/trace?{asked}&lang=zh").text)


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize(
    ("asked", "found"), [("PO-77", "I1 L1 50"), ("GR-1", "I1 L1 50"), ("hosp/or", "I1 L1 30 5 0 25")]
)
def test_a_shipment_and_a_place_lead_to_their_lots(as_: Clients, asked: str, found: str) -> None:
    (row,) = rows(as_("viewer").get("/trace", params={"q": asked}).text)
    assert found in row


def test_a_scanned_label_is_traced(as_: Clients, stocked: Company) -> None:
    client = as_("viewer")
    printed = {"q": "(01)09506000134352(17)270720(10)L1"}
    assert "UDI-DI 09506000134352 names no single item" in words(client.get("/trace", params=printed).text)
    stocked.add(
        "identifier", item_code="I1", agency="GS1", code="09506000134352", package_level="unit", units_contained=1
    )
    stocked.post()
    assert "50 received" in words(client.get("/trace", params=printed).text)
    scanned = client.get("/trace", params={"q": "010950600013435210L1\x1d17270720"})
    assert "50 received" in words(scanned.text)
    link = re.search(r'href="(/trace\.json\?[^"]+)"', scanned.text)
    assert link
    assert client.get(link[1].replace("&amp;", "&")).json()["asked"] == ["I1/lot/L1"]


def test_a_number_that_several_have_is_asked_back(as_: Clients, stocked: Company) -> None:
    stocked.item("I2")
    stocked.lot("L1", item="I2")
    stocked.lot("ABC-7", item="I2")
    stocked.post()
    client = as_("viewer")
    html = client.get("/trace?q=L1").text
    assert "Several things have this number" in html
    assert {f"/trace?kind=lot&amp;item={item}&amp;number=L1" for item in ("I1", "I2")} <= set(
        re.findall(r'href="([^"]+)"', html)
    )
    html = client.get("/trace?q=abc").text
    assert "these are alike" in html
    assert "number=ABC-7" in html
    assert "Nothing is known under 100%" in words(client.get("/trace", params={"q": "100%"}).text)
    assert "the nearest are L1" in words(client.get("/trace?kind=lot&item=I1&number=L11").text)


def test_who_sees_some_sites_sees_their_part_of_a_trace_and_no_balance(as_: Clients, stocked: Company) -> None:
    client = as_("ward", "warehouse")
    html = client.get(f"/trace?{L1}").text
    said = words(html)
    assert "You see some sites only" in said
    assert "30 u another site → Hosp/Or HOSP/OR" in said
    assert "Where it is now, at your sites 25 u" in said
    assert "balance closes" not in said
    assert "PO-77" not in html
    assert "GR-1" not in html
    assert not re.search(r"\bDC\b", html)
    told = client.get(f"/trace.json?{L1}").json()
    assert told["complete"] is False
    assert "balance" not in told["lots"][0]
    assert "DC" not in {
        place["code"] for flow in told["lots"][0]["flow"] for place in (flow["origin"], flow["destination"])
    }
    assert "There is no such place" in words(client.get("/trace?kind=place&number=DC").text)
    assert "Nothing is known under PO-77" in words(client.get("/trace?q=PO-77").text)


@pytest.mark.usefixtures("stocked")
def test_a_trace_can_be_downloaded(as_: Clients) -> None:
    answer = as_("viewer").get(f"/trace.json?{L1}")
    assert answer.headers["content-disposition"].startswith('attachment; filename="lotwatch-trace-')
    assert answer.json()["complete"] is True
    assert answer.json()["lots"][0]["balance"]["closes"] is True
    assert as_("viewer").get("/trace.json?kind=lot&item=I1&number=L9").status_code == 404
    assert as_("viewer").get("/trace.json").status_code == 422


# --- holds


def held(
    company: Company, cause: ledger.holds.Cause = "quality", reference: str = "Q-1", place: str | None = None
) -> int:
    """A hold on item I1, everywhere or at a place."""
    named = ledger.holds.named(company.conn, cause, reference, "found damaged", item="I1", location=place)
    hold_id = ledger.place_hold(company.conn, named, context(), "qa")
    company.conn.commit()
    assert hold_id is not None
    return hold_id


def released(company: Company) -> list[tuple]:
    company.conn.rollback()
    return company.conn.execute(
        "SELECT reference, released_by, release_reason FROM lotwatch.hold WHERE released_at IS NOT NULL"
    ).fetchall()


def test_a_hold_tells_what_it_covers_where_and_its_two_clocks(as_: Clients, stocked: Company) -> None:
    ledger.confirm_hold(stocked.conn, held(stocked), NOW + timedelta(minutes=20))
    held(stocked, "recall", "R-1", "HOSP")
    client = as_("viewer")
    recall, quality = rows(client.get("/holds").text)
    assert "20 Dc 25 Hosp" in quality
    assert "Confirmed there 15 Jun 2026 08:20 UTC" in quality
    assert "25 Hosp" in recall
    assert "Dc" not in recall
    assert "Confirmed there not yet" in recall
    assert "Release…" not in client.get("/holds").text
    assert [row["Covers now"] for row in table(client.get("/holds.csv").text)] == ["25", "45"]
    assert len(rows(client.get("/holds?site=DC").text)) == 1
    assert len(rows(client.get("/holds?text=r-1&cause=recall&authority=recall").text)) == 1
    assert "仓库确认" in client.get("/holds?lang=zh").text


def test_a_hold_of_a_lot_covers_its_units_and_says_in_words_why(as_: Clients, stocked: Company) -> None:
    stocked.item("I9", label_serial=True)
    stocked.lot("L9", "I9")
    stocked.move(1, "DC", item="I9", lot="L9", serial_number="S9")
    stocked.post()
    named = ledger.holds.named(stocked.conn, "recall", "RC-000001", "listed", item="I9", lot="L9")
    ledger.place_hold(stocked.conn, named, context(), "qa")
    stocked.conn.commit()
    (row,) = rows(as_("viewer").get("/holds?lang=en").text)
    assert "1 Dc" in row
    assert "it is listed" in row


def test_who_has_the_authority_releases_a_hold_and_says_why(as_: Clients, stocked: Company) -> None:
    hold_id = held(stocked)
    client = as_("quality")
    assert f'action="/holds/{hold_id}"' in client.get(f"/holds/{hold_id}").text
    answer = send(client, f"/holds/{hold_id}", reason="inspected, sound")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/holds/{hold_id}?done=released")
    assert "The hold was released." in client.get(answer.headers["location"]).text
    again = send(client, f"/holds/{hold_id}", reason="sent twice")
    assert again.status_code == 409
    assert "The hold was released at 2026-06-15 09:00 UTC" in again.text
    assert released(stocked) == [("Q-1", "quality", "inspected, sound")]
    assert rows(client.get("/holds").text) == []
    assert "inspected, sound" in client.get("/holds?state=released").text


def test_nobody_else_releases_a_hold(as_: Clients, stocked: Company) -> None:
    everywhere, data = held(stocked), held(stocked, "data", "D-1")
    for who, roles, hold_id in (
        ("viewer", ["viewer"], everywhere), ("warehouse", ["warehouse"], everywhere), ("quality", ["quality"], data),
        ("ward", ["quality"], everywhere),
    ):  # fmt: skip
        client = as_(who, *roles)
        assert '<form class="act"' not in client.get(f"/holds/{hold_id}").text, who
        assert send(client, f"/holds/{hold_id}", reason="mine").status_code == 403, who
    client = as_("quality")
    assert client.post(f"/holds/{everywhere}", data={"reason": "no token"}, headers=FORM).status_code == 403
    without_reason = send(client, f"/holds/{everywhere}", reason=" ")
    assert without_reason.status_code == 409
    assert "Say why it is released." in without_reason.text
    assert released(stocked) == []


def test_who_sees_some_sites_releases_what_names_a_place_of_theirs(as_: Clients, stocked: Company) -> None:
    elsewhere, here = held(stocked, reference="Q-2", place="DC"), held(stocked, reference="Q-3", place="HOSP/OR")
    client = as_("ward", "quality")
    assert client.get(f"/holds/{elsewhere}").status_code == 404
    assert send(client, f"/holds/{elsewhere}", reason="not mine").status_code == 404
    assert send(client, f"/holds/{here}", reason="inspected").status_code == 303
    assert released(stocked) == [("Q-3", "ward", "inspected")]


def test_a_hold_is_placed_once_however_often_the_form_is_sent(as_: Clients, stocked: Company) -> None:
    assert "冷链" in as_("quality").get("/holds/new?lang=zh").text
    client = as_("quality")
    form = {"cause": "recall", "item": "I1", "lot": "L1", "place": "HOSP", "reference": "FSN-1", "reason": "rupture"}
    first, second = send(client, "/holds/new", **form), send(client, "/holds/new", **form)
    where = first.headers["location"].partition("?")[0]
    assert (first.status_code, first.headers["location"]) == (303, f"{where}?done=placed")
    assert second.headers["location"] == f"{where}?done=known"
    assert "in force already" in client.get(second.headers["location"]).text
    stocked.conn.rollback()
    assert stocked.conn.execute("SELECT reference, placed_by, authority FROM lotwatch.hold").fetchall() == [
        ("FSN-1", "quality", "recall")
    ]
    assert stocked.conn.execute("SELECT actor FROM lotwatch.audit_event WHERE action = 'hold placed'").fetchall() == [
        ("quality",)
    ]


@pytest.mark.parametrize(
    ("who", "change", "status", "said"),
    [
        ("quality", {"item": "I9"}, 422, "Item code: I9 is not known"),
        ("quality", {"lot": "L9"}, 422, "Lot number: L9 is not known"),
        ("quality", {"place": "SUPPLIER"}, 422, "SUPPLIER is not known"),
        ("quality", {"item": ""}, 422, "Say which item"),
        ("quality", {"item": "", "lot": ""}, 422, "Name an item or a place"),
        ("quality", {"reason": ""}, 422, "Say why it is held"),
        ("quality", {"cause": "data"}, 403, "None of your roles"),
        ("quality", {"cause": "x"}, 403, "None of your roles"),
        ("warehouse", {}, 403, "None of your roles"),
        ("viewer", {}, 403, "None of your roles"),
        ("ward", {"cause": "precaution"}, 422, "name a place of yours"),
        ("ward", {"cause": "precaution", "place": "DC"}, 422, "DC is not known"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_hold_is_said_beside_its_form(
    as_: Clients, stocked: Company, who: str, change: dict[str, str], status: int, said: str
) -> None:
    form = {"cause": "recall", "item": "I1", "lot": "L1", "reference": "FSN-1", "reason": "rupture"} | change
    answer = send(as_(who, "warehouse" if who == "ward" else who), "/holds/new", **form)
    assert answer.status_code == status
    assert said in answer.text
    if status == 422:
        assert 'value="FSN-1"' in answer.text, "what was filled in stays"
    stocked.conn.rollback()
    assert stocked.conn.execute("SELECT count(*) FROM lotwatch.hold").fetchone() == (0,)


def test_the_warehouse_sets_aside_what_it_doubts(as_: Clients, stocked: Company) -> None:
    client = as_("ward", "warehouse")
    html = client.get("/holds/new").text
    assert re.findall(r'<option value="(\w+)"', html) == ["precaution"]
    form = {"cause": "precaution", "place": "HOSP/OR", "reference": "WET-1", "reason": "wet boxes"}
    assert send(client, "/holds/new", **form).status_code == 303
    assert as_("viewer").get("/holds/new").status_code == 403


# --- counts


@prepared
def counted(stocked: Company) -> None:
    """HOSP/OR was counted: 22 where the books say 25; and nothing of it was decided."""
    count(stocked, "HOSP/OR", 22)


def count(company: Company, place: str, quantity: int, *, kind: str = "count", by: str = "counter") -> None:
    company.add(
        "count", f"{place}/L1", number=f"C-{place}", kind=kind, site_code=place.partition("/")[0], location_code=place,
        item_code="I1", lot_number="L1", quantity=quantity, counted_at=NOW - timedelta(days=2), counted_by=by,
    )  # fmt: skip
    company.post()


def decided(company: Company) -> list[tuple]:
    company.conn.rollback()
    return company.conn.execute("SELECT state, decided_by, note FROM lotwatch.stocktake ORDER BY 1").fetchall()


def seen(html: str) -> str:
    found = re.search(r'name="seen_variance" value="(\d+)"', html)
    assert found
    return found[1]


@pytest.mark.usefixtures("counted")
def test_a_count_is_shown_beside_the_books(as_: Clients) -> None:
    client = as_("viewer")
    (row,) = rows(client.get("/counts").text)
    assert "Hosp HOSP" in row
    assert "1 of 1 3 -30.00 to be decided" in row
    html = client.get("/counts/1").text
    (line,) = rows(html)
    assert line.endswith("HOSP/OR 22 25 -3 -30.00 –")
    assert "<form" not in html
    (told,) = table(client.get("/counts/1/lines.csv").text)
    assert (told["Counted"], told["On the books"], told["Difference"]) == ("22", "25", "-3")
    assert table(client.get("/counts.csv?state=proposed").text)[0]["Units that differ"] == "3"
    assert "lotwatch load count FILE.csv" in words(as_("viewer").get("/counts?site=nowhere").text)
    assert "盘点 ST-000001" in client.get("/counts/1?lang=zh").text


def test_a_count_is_approved_by_somebody_who_may(as_: Clients, counted: Company) -> None:
    client = as_("approver")
    form = {"decision": "approved", "seen_variance": seen(client.get("/counts/1").text), "note": "agreed"}
    answer = send(client, "/counts/1", **form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/counts/1")
    assert decided(counted) == [("approved", "approver", "agreed")]
    assert counted.position("HOSP/OR") == 22
    again = send(client, "/counts/1", **form)
    assert again.status_code == 409
    assert "The count was approved already" in again.text
    assert counted.position("HOSP/OR") == 22
    assert "<form" not in client.get("/counts/1").text


def test_a_count_is_looked_at_again_when_the_books_of_its_moment_changed(as_: Clients, counted: Company) -> None:
    client = as_("approver")
    before = seen(client.get("/counts/1").text)
    counted.move(1, "PATIENT", "HOSP/OR", days_ago=3)
    counted.move(4, "PATIENT", "HOSP/OR", days_ago=1)
    counted.post()
    answer = send(client, "/counts/1", decision="approved", seen_variance=before)
    assert answer.status_code == 409
    assert "look at the count again" in answer.text
    assert decided(counted) == [("proposed", None, None)]
    (line,) = rows(answer.text)
    assert "22 24 was 25 -2 -20.00 -4" in line, "what was used after the count is no difference"
    assert "changed what the books say of that moment. Lines: 1" in answer.text
    assert send(client, "/counts/1", decision="approved", seen_variance=seen(answer.text)).status_code == 303
    assert counted.position("HOSP/OR") == 18


def test_what_an_opening_does_not_list_is_seen_before_it_is_approved(as_: Clients, stocked: Company) -> None:
    count(stocked, "HOSP/OR", 25, kind="opening")
    stocked.lot("L2")
    stocked.move(6, "HOSP/OR", "DC", lot="L2", days_ago=4)
    stocked.post()
    client = as_("approver")
    html = client.get("/counts/1").text
    unlisted, _ = rows(html)
    assert "L2" in unlisted
    assert "0 not listed 6 -6" in unlisted
    assert len(rows(client.get("/counts/1?off=1").text)) == 1
    assert send(client, "/counts/1", decision="approved", seen_variance=seen(html)).status_code == 303
    assert stocked.position("HOSP/OR") == 25


def test_nobody_else_decides_on_a_count(as_: Clients, counted: Company) -> None:
    count(counted, "DC", 20, by="approver")
    form = {"decision": "approved", "seen_variance": 3}
    for who, roles in (("viewer", ["viewer"]), ("quality", ["quality"]), ("warehouse", ["warehouse"])):
        assert send(as_(who, *roles), "/counts/1", **form).status_code == 403, who
    ward = as_("ward", "approver")
    assert ward.get("/counts/2").status_code == 404
    assert send(ward, "/counts/2", decision="approved", seen_variance=0).status_code == 404
    client = as_("approver")
    assert client.post("/counts/1", data=form, headers=FORM).status_code == 403, "no token"
    assert "You counted this yourself" in client.get("/counts/2").text
    for decision in ("approved", "rejected"):
        own = send(client, "/counts/2", decision=decision, seen_variance=0)
        assert own.status_code == 409
        assert "You counted this yourself" in own.text
    assert send(client, "/counts/1", decision="perhaps", seen_variance=3).status_code == 422
    assert {state for state, _, _ in decided(counted)} == {"proposed"}
    assert send(client, "/counts/1", decision="rejected", seen_variance=3, note="count again").status_code == 303
    assert ("rejected", "approver", "count again") in decided(counted)
    assert counted.position("HOSP/OR") == 25


# --- all of them


def test_hostile_names_are_shown_not_run(as_: Clients, stocked: Company) -> None:
    stocked.item("I2", name=HOSTILE)
    stocked.lot(HOSTILE, item="I2")
    stocked.location("HOSP/X", kind="department", parent_code="HOSP")
    stocked.move(3, "HOSP/X", item="I2", lot=HOSTILE, document=HOSTILE)
    stocked.post()
    count(stocked, "HOSP/OR", 22, by=HOSTILE)
    stocked.conn.execute("UPDATE lotwatch.location SET name = %s WHERE code = 'HOSP/X'", (HOSTILE,))
    named = ledger.holds.named(stocked.conn, "quality", HOSTILE, HOSTILE, item="I2", lot=HOSTILE)
    hold_id = ledger.place_hold(stocked.conn, named, context(), HOSTILE)
    stocked.conn.commit()
    client = as_("quality")
    for path in (
        "/inventory", f"/inventory?at={moment(0.5)}", "/inventory?group=item_site", "/trace?q=script", "/trace?q=HOSP/X",
        "/holds", f"/holds/{hold_id}", "/counts", "/counts/1",
    ):  # fmt: skip
        html = client.get(path).text
        assert "alert(" in html, path
        assert "<script>alert" not in html, path
    for path, parameters in {
        "/trace": {"q": HOSTILE}, "/holds/new": {"item": HOSTILE, "place": HOSTILE}, "/holds": {"text": HOSTILE},
    }.items():  # fmt: skip
        html = client.get(path, params=parameters).text
        assert "&lt;script&gt;" in html, path
        assert "<script>alert" not in html, path
    answer = send(client, "/holds/new", cause="quality", item=HOSTILE, reference=HOSTILE, reason=HOSTILE)
    assert "&lt;script&gt;" in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.usefixtures("counted")
def test_no_page_tells_of_another_site(as_: Clients, counted: Company) -> None:
    count(counted, "DC", 20)
    held(counted, place="DC", reference="a hold of DC")
    client = as_("ward", "quality")
    for path in (
        "/inventory?group=item_site", f"/inventory?at={moment(1)}", "/holds", "/counts", f"/trace?{L1}",
        "/inventory.csv?group=item_site", "/holds.csv", "/counts.csv", f"/trace.json?{L1}",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert not re.search(r"\bDC\b|a hold of", answer.text), path
