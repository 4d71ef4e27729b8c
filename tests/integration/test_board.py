"""The board shows what is so, to those who may see it, in their language, and never more than a page."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from psycopg.types.json import Jsonb

from lotwatch_local.settings import Settings
from tests.integration.boards import board_app
from tests.worlds import prepared

AS_OF = datetime(2026, 3, 10, 17, 30, tzinfo=UTC)  # in Shanghai it is the 11th already
HOSTILE = """<script>alert('x')</script>"&'"""


@pytest.fixture(scope="module", autouse=True)
def _airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow writes its configuration when it is first imported: not into anybody's home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield


@pytest.fixture
def make_client(database: Settings, db_name: str) -> Iterator[Callable[..., TestClient]]:
    """A client of the board on this test's database, for somebody who sees all sites; `signed_in=False`: for nobody."""
    from lotwatch_airflow.board import auth
    from lotwatch_airflow.board.database import Reader, Writer
    from lotwatch_airflow.board.forms import Forms
    from lotwatch_airflow.board.person import Person
    from lotwatch_airflow.board.view import Board

    reader = Reader(lambda: database.database_url("board", db_name))
    writer = Writer(lambda: database.database_url("app", db_name))
    titles = {"en": {"near_expiry": "Near expiry"}, "zh": {"near_expiry": "近效期"}}
    with psycopg.connect(database.database_url("app", db_name)) as conn:
        conn.execute("INSERT INTO lotwatch.person (user_name, limited, added_by) VALUES ('viewer', false, 'test')")

    def make(*, signed_in: bool = True, **options: Any) -> TestClient:
        app = board_app(Board(reader, writer, Forms("secret"), lambda language: titles[language], lambda: AS_OF))
        if signed_in:
            app.dependency_overrides[auth.signed_in] = lambda: Person("viewer", frozenset({"viewer"}))
        return TestClient(app, **options)

    yield make
    reader.close()


@pytest.fixture
def client(make_client: Callable[..., TestClient]) -> TestClient:
    return make_client()


class World:
    """A few rows, told in few words."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self._conn = conn

    def _id(self, statement: str, *values: object) -> int:
        row = self._conn.execute(statement, values).fetchone()
        assert row is not None
        return int(row[0])

    def site(self, code: str, name: str = "", region: str = "East", zone: str = "UTC") -> int:
        site = self._id(
            "INSERT INTO lotwatch.location (code, name, kind, region, time_zone)"
            " VALUES (%s, %s, 'site', %s, %s) RETURNING location_id",
            code, name or code, region, zone,
        )  # fmt: skip
        self._conn.execute("UPDATE lotwatch.location SET site_id = location_id WHERE location_id = %s", (site,))
        return site

    def item(self, code: str, name: str = "", cost: float | None = 10) -> int:
        return self._id(
            "INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit, unit_cost)"
            " VALUES (%s, %s, true, false, true, 'piece', %s) RETURNING item_id",
            code, name or code, cost,
        )  # fmt: skip

    def stock(
        self, item: int, site: int, lot: str, quantity: int, *, days: int | None = 100, owner: str = "own",
        status: str = "unrestricted",
    ) -> int:  # fmt: skip
        usable_through = None if days is None else AS_OF.date() + timedelta(days=days)
        lot_id = self._id(
            "INSERT INTO lotwatch.lot (item_id, number, usable_through) VALUES (%s, %s, %s)"
            " ON CONFLICT (item_id, number) DO UPDATE SET number = excluded.number RETURNING lot_id",
            item, lot, usable_through,
        )  # fmt: skip
        self._conn.execute(
            "INSERT INTO lotwatch.position VALUES (%s, %s, %s, 0, %s, %s, %s)",
            (item, site, lot_id, owner, status, quantity),
        )
        return lot_id

    def alert(
        self, rule: str, key: str, *, severity: str = "warning", state: str = "open", first_seen: datetime = AS_OF,
        evidence: dict[str, Any] | None = None, **subject: Any,
    ) -> None:  # fmt: skip
        self._conn.execute(
            "INSERT INTO lotwatch.alert (rule_id, subject_kind, subject_key, rule_version, severity, state, subject,"
            " evidence, first_seen, last_seen) VALUES (%s, 'lot', %s, 'v1', %s, %s, %s, %s, %s, %s)",
            (rule, key, severity, state, Jsonb(subject), Jsonb(evidence or {}), first_seen, AS_OF),
        )

    def proposal(self, site: int, state: str, lines: list[tuple[int, int, float, bool]]) -> int:
        supplier = self._id(
            "INSERT INTO lotwatch.supplier (code, name) VALUES ('S1', 'Supplier one')"
            " ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING supplier_id"
        )
        proposal = self._id(
            "INSERT INTO lotwatch.proposal (kind, supplier_id, site_id, currency, state, created_at)"
            " VALUES ('purchase_order', %s, %s, 'EUR', %s, %s) RETURNING proposal_id",
            supplier, site, state, AS_OF,
        )  # fmt: skip
        for item, quantity, price, refused in lines:
            self._conn.execute(
                "INSERT INTO lotwatch.proposal_line VALUES (%s, %s, NULL, %s, %s, '2026-04-01', '{}', %s)",
                (proposal, item, quantity, price, refused),
            )
        return proposal

    def quarantine(self, key: str, reason: str, raw: dict[str, Any]) -> None:
        batch = self._id(
            "INSERT INTO lotwatch.batch (source, as_of, state, counts) VALUES ('wms', %s, 'posted', %s)"
            " RETURNING batch_id",
            AS_OF, Jsonb({"movement": {"read": 12, "passed": 11, "quarantined": 1, "warned": 0}}),
        )  # fmt: skip
        self._conn.execute(
            "INSERT INTO lotwatch.quarantine (source, entity, source_key, raw, rules, reasons, first_batch_id,"
            " last_batch_id) VALUES ('wms', 'movement', %s, %s, '{quantity_positive}', %s, %s, %s)",
            (key, Jsonb(raw), [reason], batch, batch),
        )

    def run(self, run_id: str, *tries: str | None, at: datetime = AS_OF) -> None:
        """One task of a run, tried once for each outcome: an error, or None."""
        self._conn.execute("INSERT INTO lotwatch.run VALUES ('sync_erp', %s, 'scheduled', %s)", (run_id, at))
        for number, error in enumerate(tries, start=1):
            self._conn.execute(
                "INSERT INTO lotwatch.run_log (recorded_at, dag_id, run_id, task_id, map_index, try_number, error)"
                " VALUES (%s, 'sync_erp', %s, 'pull', -1, %s, %s)",
                (at, run_id, number, error),
            )

    def outbox(self, key: str, state: str) -> None:
        self._conn.execute(
            "INSERT INTO lotwatch.outbox (kind, idempotency_key, payload, state) VALUES ('message', %s, '{}', %s)",
            (key, state),
        )

    def done(self) -> None:
        self._conn.commit()


@pytest.fixture
def world(db: psycopg.Connection) -> World:
    return World(db)


def rows(html: str) -> list[str]:
    """The words of each row of a page's first table, without its markup."""
    body = html.partition("<tbody>")[2].partition("</tbody>")[0]
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in body.split("<tr")[1:]]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


#: something for each part of a route's path
_SOMETHING = {
    "name": "board.css", "check_id": "stock_negative", "rule_id": "late_inbound", "code": "RC-000001",
    "duty_id": "us_806_10", "dag_id": "watch_inventory", "run_id": "manual__1",
} | dict.fromkeys(
    (
        "alert_id",
        "hold_id",
        "count_id",
        "number",
        "finding_id",
        "suggestion_id",
        "notice_id",
        "record_id",
        "batch_id",
        "message_id",
        "proposal_id",
        "task_id",
        "movement_id",
    ),
    1,
)  # fmt: skip


def test_nobody_sees_anything_without_a_login(make_client: Callable[..., TestClient]) -> None:
    client = make_client(signed_in=False)
    routes = [route for route in client.app.routes if isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    assert {"/", "/inventory", "/orders", "/quality", "/static/{name}"} <= {route.path for route in routes}
    for route in routes:
        method = next(iter(route.methods))
        answer = client.request(method, route.path.format(**_SOMETHING))
        assert answer.status_code == 401, route.path
        assert answer.headers["content-security-policy"]


def test_only_what_is_decided_on_the_board_can_be_written(client: TestClient) -> None:
    routes = [route for route in client.app.routes if isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    writing = {route.path for route in routes if route.methods != {"GET"}}
    assert writing == {
        "/approvals/several",
        "/approvals/answers",
        "/approvals/{proposal_id}",
        "/approvals/{proposal_id}/change",
        "/tasks/{task_id}",
        "/alerts",
        "/alerts/all",
        "/alerts/{alert_id}",
        "/holds/new",
        "/holds/{hold_id}",
        "/counts/{count_id}",
        "/notices/new",
        "/quality/records/{record_id}",
        "/quality/batches/{batch_id}",
        "/consistency/{check_id}/{finding_id}",
        "/matches/{suggestion_id}",
        "/rules/changes/{number}",
        "/messages/{message_id}",
        "/orders/stops",
        "/orders/stops/{number}",
        "/recalls/review",
        "/recalls/new",
        "/recalls/{code}/asked",
        "/recalls/{code}/close",
        "/recalls/{code}/reopen",
        "/recalls/{code}/clocks/{duty_id}",
        "/recalls/{code}/answers",
        "/recalls/{code}/documents",
        "/recalls/{code}/checks",
        "/recalls/{code}/used/{movement_id}",
        "/recalls/tasks/{task_id}",
        "/recalls/tasks/{task_id}/finds",
    }
    assert client.post("/").status_code == 405


@pytest.mark.parametrize(
    "path", ["/", "/inventory", "/orders", "/holds", "/quality", "/alerts.csv", "/static/board.js", "/no-such"]
)
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "path",
    ["/", "/alerts", "/alerts?group=storm", "/inventory", "/inventory?group=site", "/inventory?group=item_site", "/orders", "/holds", "/counts", "/trace", "/quality",
     "/consistency/stock_negative", "/consistency?standing=open", "/matches", "/rules"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_of_an_empty_database_say_that_there_is_nothing(client: TestClient, path: str, language: str) -> None:
    answer = client.get(path, headers={"accept-language": language})
    assert answer.status_code == 200
    assert 'class="empty"' in answer.text


def test_today_counts_what_needs_somebody(client: TestClient, world: World) -> None:
    site, item = world.site("A"), world.item("I1")
    world.alert("near_expiry", "1", severity="critical")
    world.alert("near_expiry", "2", severity="warning")
    world.alert("near_expiry", "3", severity="warning", state="resolved")
    world.alert("near_expiry", "4", state="suppressed")
    world.proposal(site, "waiting", [(item, 1, 5, False)])
    world.proposal(site, "sent", [(item, 1, 5, False)])
    world.quarantine("m1", "why", {})
    world.run("failed", "it broke")
    world.run("recovered", "it broke at first", None)
    world.run("long ago", "it broke then", at=AS_OF - timedelta(hours=25))
    for key, state in enumerate(("waiting", "unclear", "failed", "sent", "refused")):
        world.outbox(str(key), state)
    world.done()

    html = client.get("/").text
    tiles = dict(re.findall(r"<h2>([^<]+)</h2>\s*<b class=\"big\">(\d+)</b>", html))
    assert tiles == {
        "Orders waiting for approval": "1",
        "Records in quarantine": "1",
        "Failed runs": "1",
        "Not sent": "3",
    }
    assert re.findall(r"<b>(\d+)</b> (critical|warning|for information)", html) == [
        ("1", "critical"), ("1", "warning"), ("0", "for information"),
    ]  # fmt: skip
    assert "it broke" in html
    assert "it broke at first" not in html
    assert "it broke then" not in html
    assert 'href="/approvals"' in html


def test_an_alert_explains_itself(client: TestClient, world: World) -> None:
    world.site("SH", "Shanghai", zone="Asia/Shanghai")
    world.alert(
        "near_expiry", "I1/L1@SH", item_code="I1", item_name="Stent", lot_number="L1", site_code="SH",
        evidence={
            "item_code": "I1", "available": 1200, "days_of_cover": 2.345, "reorder_point": None,
            "promised_on": "2026-03-01", "criticality": "life_supporting", "some_new_column": "x",
        },
    )  # fmt: skip
    world.done()

    html = client.get("/alerts").text
    (row,) = rows(html)
    assert "Near expiry Stent I1 Lot L1 Shanghai SH" in row
    assert "Available 1,200" in row
    assert "Days of cover 2.345" in row
    assert "Reorder point unknown" in row
    assert "Promised for 1 Mar 2026" in row
    assert "Criticality life-supporting" in row
    assert "some_new_column x" in row
    assert "Item code" not in row, "the subject says it already"
    assert "11 Mar 2026 01:30 UTC+08:00" in row, "in the site's zone"
    assert 'href="/inventory?item=I1&amp;site=SH&amp;lot=L1"' in html

    (row,) = rows(client.get("/alerts?lang=zh").text)
    assert "近效期 Stent I1 批号 L1" in row
    assert "再订货点 未知" in row
    assert "2026年3月1日" in row


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["k1", "k3", "k2"]),
        ("severity=warning", ["k3", "k2"]),
        ("rule=overstock", ["k2"]),
        ("site=B", ["k3"]),
        ("text=K2", ["k2"]),
        ("text=cathe", ["k3"]),
        ("text=100%25", []),
        ("state=suppressed", ["k4"]),
        ("state=all", ["k1", "k4", "k3", "k2"]),
        ("sort=subject&order=asc", ["k1", "k2", "k3"]),
        ("sort=first_seen&order=asc", ["k2", "k1", "k3"]),
        ("severity=&rule=&site=&text=", ["k1", "k3", "k2"]),
    ],
)
def test_alerts_are_filtered_and_sorted(client: TestClient, world: World, query: str, expected: list[str]) -> None:
    hour = timedelta(hours=1)
    world.alert("near_expiry", "k1", severity="critical", first_seen=AS_OF - 2 * hour, site_code="A")
    world.alert("overstock", "k2", first_seen=AS_OF - 3 * hour, site_code="A")
    world.alert("near_expiry", "k3", first_seen=AS_OF - hour, site_code="B", item_name="Catheter")
    world.alert("near_expiry", "k4", first_seen=AS_OF, state="suppressed", severity="warning")
    world.alert("near_expiry", "k5", state="resolved")
    world.done()
    found = [row["Subject key"] for row in table(client.get(f"/alerts.csv?{query}").text)]
    assert found == expected
    assert len(rows(client.get(f"/alerts?{query}").text)) == len(expected)


def test_pages_are_bounded(client: TestClient, world: World) -> None:
    for number in range(7):
        world.alert("near_expiry", f"key-{number}", first_seen=AS_OF + timedelta(minutes=number))
    world.done()
    for bad in (
        "size=201",
        "size=0",
        "size=x",
        "page=0",
        "page=1000001",
        f"text={'x' * 101}",
        "text=%00",
        "sort=evidence",
    ):
        assert client.get(f"/alerts?{bad}").status_code == 422, bad
    seen = [re.findall(r"key-\d", client.get(f"/alerts?size=3&page={number}").text) for number in (1, 2, 3)]
    assert seen == [["key-6", "key-5", "key-4"], ["key-3", "key-2", "key-1"], ["key-0"]]
    beyond = client.get("/alerts?size=3&page=99").text
    assert re.findall(r"key-\d", beyond) == ["key-0"], "beyond the end is the last page"
    assert "Page 3 of 3" in beyond


@prepared
def stocked(db: psycopg.Connection) -> None:
    """Two sites and three items: near their expiry, expired, held, consigned, shared, without an expiry date."""
    world = World(db)
    a, b = world.site("A", region="East", zone="Asia/Shanghai"), world.site("B", region="West")
    stent, stent_kit, mesh = (
        world.item("ST-1", "Stent"),
        world.item("ST-10", "Stent kit"),
        world.item("ME-1", "Mesh 100%"),
    )
    world.stock(stent, a, "L1", 5, days=1)
    world.stock(stent, b, "L1", 7, days=1)
    world.stock(stent, b, "L0", 2, days=-1)
    world.stock(stent_kit, a, "K1", 3, days=40, owner="consigned")
    held = world.stock(mesh, b, "M1", 4, days=200, owner="own")
    world.stock(mesh, b, "M1", 6, days=200, owner="consigned")
    world.stock(mesh, a, "M2", 8, days=None, status="inspection")
    db.execute(
        "INSERT INTO lotwatch.hold (cause, authority, item_id, lot_id, reference, placed_at, placed_by, recorded_at)"
        " VALUES ('quality', 'quality', %s, %s, 'Q1', %s, 'QMS', %s)",
        (mesh, held, AS_OF, AS_OF),
    )


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["L0@B", "L1@A", "L1@B", "K1@A", "M1@B", "M2@A"]),
        ("site=A", ["L1@A", "K1@A", "M2@A"]),
        ("region=West", ["L0@B", "L1@B", "M1@B"]),
        ("region=West&site=A", []),
        ("item=ST-1", ["L0@B", "L1@A", "L1@B"]),
        ("item=st-1", ["L0@B", "L1@A", "L1@B", "K1@A"]),
        ("item=stent+kit", ["K1@A"]),
        ("item=100%25", ["M1@B", "M2@A"]),
        ("item=%25", ["M1@B", "M2@A"]),
        ("lot=l", ["L0@B", "L1@A", "L1@B"]),
        ("status=inspection", ["M2@A"]),
        ("owner=consigned", ["K1@A", "M1@B"]),
        ("owner=own&site=B", ["L0@B", "L1@B", "M1@B"]),
        ("expiring=0", ["L1@A"]),
        ("expiring=1", ["L1@A", "L1@B"]),
        ("expired=1", ["L0@B"]),
        ("held=1", ["M1@B"]),
        ("month=2026-04", ["K1@A"]),
        ("sort=physical&order=desc", ["M1@B", "M2@A", "L1@B", "L1@A", "K1@A", "L0@B"]),
        ("sort=own_value&site=A", ["L1@A", "M2@A", "K1@A"]),
    ],
)
def test_inventory_is_filtered_and_sorted(client: TestClient, query: str, expected: list[str]) -> None:
    found = table(client.get(f"/inventory.csv?{query}").text)
    assert [f"{row['Lot']}@{row['Site code']}" for row in found] == expected
    assert len(rows(client.get(f"/inventory?{query}").text)) == len(expected)


@pytest.mark.usefixtures("stocked")
def test_only_our_own_stock_has_a_value(client: TestClient) -> None:
    by_lot = {(row["Lot"], row["Site code"]): row for row in table(client.get("/inventory.csv").text)}
    consigned, shared = by_lot["K1", "A"], by_lot["M1", "B"]
    assert (consigned["Physical"], consigned["Available"], consigned["Value (own)"]) == ("3", "3", "")
    assert (shared["Physical"], float(shared["Value (own)"])) == ("10", 40.0), "of ten, four are ours"
    footer = client.get("/inventory").text.partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert re.findall(r">([\d,.]+)</td>", footer) == ["35", "15", "17", "260.00"]


@pytest.mark.usefixtures("stocked")
@pytest.mark.parametrize(
    ("group", "names", "physical"),
    [
        ("site", ["A", "B"], [16, 19]),
        ("item", ["ME-1", "ST-1", "ST-10"], [18, 14, 3]),
        ("lot", ["ME-1/M1", "ME-1/M2", "ST-1/L0", "ST-1/L1", "ST-10/K1"], [10, 8, 2, 12, 3]),
        ("month", ["2026-03", "2026-04", "2026-09", ""], [14, 3, 10, 8]),
    ],
)
def test_groups_have_subtotals_that_come_to_the_total(
    client: TestClient, group: str, names: list[str], physical: list[int]
) -> None:
    columns = {"site": ["Site code"], "item": ["Item code"], "lot": ["Item code", "Lot"], "month": ["Month of expiry"]}
    found = table(client.get(f"/inventory.csv?group={group}").text)
    assert ["/".join(row[column] for column in columns[group]) for row in found] == names
    assert [int(row["Physical"]) for row in found] == physical
    html = client.get(f"/inventory?group={group}").text
    assert len(rows(html)) == len(names)
    assert "35" in html.partition("<tfoot>")[2]


@pytest.mark.usefixtures("stocked")
def test_expiry_is_counted_in_the_days_of_the_site(client: TestClient) -> None:
    by_site = {row["Site code"]: row for row in table(client.get("/inventory.csv?lot=L1").text)}
    assert by_site["A"]["Days to expiry"] == "0", "the next day has begun in Shanghai"
    assert by_site["B"]["Days to expiry"] == "1"


@pytest.mark.usefixtures("stocked")
def test_filters_stay_in_the_links(client: TestClient) -> None:
    html = client.get("/inventory?site=B&expiring=9&size=1&held=&lang=en").text
    assert 'href="/inventory.csv?site=B&amp;expiring=9"' in html
    assert 'href="/inventory?size=1&amp;site=B&amp;expiring=9&amp;sort=physical&amp;order=desc"' in html
    assert 'href="/inventory?size=1&amp;site=B&amp;expiring=9&amp;lang=zh"' in html


def test_links_stay_below_where_the_board_is_mounted(client: TestClient) -> None:
    airflow = FastAPI()
    airflow.mount("/lotwatch", client.app)
    html = TestClient(airflow).get("/lotwatch/inventory?lang=zh").text
    links = set(re.findall(r'(?:href|src|action)="([^"]+)"', html))
    assert len(links) > 8
    assert {link for link in links if not link.startswith("/lotwatch/") and link != "#content"} == set()
    assert 'href="/lotwatch/approvals"' in TestClient(airflow).get("/lotwatch/").text


def test_a_spreadsheet_runs_no_formula_from_a_download(client: TestClient, world: World) -> None:
    site = world.site("A")
    for number, name in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain -1")):
        world.stock(world.item(f"I{number}", name), site, "L", 1, days=-5)
    world.done()
    answer = client.get("/inventory.csv?sort=item")
    assert answer.text.startswith("\ufeff"), "so that spreadsheets read Chinese"
    assert answer.headers["content-disposition"] == 'attachment; filename="lotwatch-inventory-20260310T1730Z.csv"'
    found = table(answer.text)
    assert [row["Item"] for row in found] == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain -1"]
    assert {row["Days to expiry"] for row in found} == {"-5"}, "a number stays a number"


def test_a_long_download_is_complete(client: TestClient, world: World, db: psycopg.Connection) -> None:
    world.site("A")
    world.item("I")
    db.execute(
        "INSERT INTO lotwatch.alert (rule_id, subject_kind, subject_key, rule_version, severity, subject, evidence,"
        " first_seen, last_seen) SELECT 'r', 'lot', n::text, 'v', 'info', '{}', '{}', now(), now()"
        " FROM generate_series(1, 1234) AS n"
    )
    world.done()
    assert len({row["Subject key"] for row in table(client.get("/alerts.csv").text)}) == 1234


def test_hostile_names_are_shown_not_run(client: TestClient, world: World, db: psycopg.Connection) -> None:
    site, item = world.site("A", HOSTILE), world.item(HOSTILE, HOSTILE)
    world.stock(item, site, HOSTILE, 1)
    world.alert(HOSTILE, HOSTILE, item_code=HOSTILE, item_name=HOSTILE, site_code="A", evidence={HOSTILE: HOSTILE})
    proposal = world.proposal(site, "refused", [(item, 1, 5, True)])
    db.execute(
        "INSERT INTO lotwatch.guard_event (proposal_id, guard, stage, reason) VALUES (%s, 'budget', 'ask', %s)",
        (proposal, HOSTILE),
    )
    world.quarantine(HOSTILE, HOSTILE, {HOSTILE: HOSTILE})
    world.run(HOSTILE, HOSTILE)
    world.outbox(HOSTILE, "failed")
    world.done()
    for path in (
        "/",
        "/alerts",
        "/alerts?group=rule",
        "/alerts/1",
        "/inventory",
        "/inventory?group=lot",
        "/orders",
        "/quality",
        "/quality/records/1",
    ):
        html = client.get(path, params={"text": HOSTILE} if path == "/quality" else None).text
        assert "alert(" in html, path
        assert "<script>alert" not in html, path
        assert html.count("<script") == 1, path
    html = client.get("/alerts", params={"text": HOSTILE}).text
    assert 'value="&lt;script&gt;' in html


@pytest.mark.parametrize(
    ("asked", "cookie", "accepts", "expected"),
    [
        (None, None, "", "Today"),
        (None, None, "zh-CN,zh;q=0.9,en;q=0.8", "今日"),
        (None, None, "fr,en;q=0.5,zh;q=0.7", "今日"),
        (None, "en", "zh", "Today"),
        ("zh", "en", "en", "今日"),
        ("xx", None, "en", "Today"),
    ],
)
def test_the_language_is_asked_for_remembered_or_accepted(
    make_client: Callable[..., TestClient], asked: str | None, cookie: str | None, accepts: str, expected: str
) -> None:
    client = make_client(cookies={"lotwatch_language": cookie} if cookie else None)
    html = client.get("/", params={"lang": asked} if asked else None, headers={"accept-language": accepts}).text
    assert f"<h1>{expected}</h1>" in html


def test_a_language_once_chosen_is_kept(client: TestClient) -> None:
    client.get("/?lang=zh")
    assert "<h1>库存</h1>" in client.get("/inventory").text


def test_orders_tell_what_became_of_them(client: TestClient, world: World, db: psycopg.Connection) -> None:
    site, one, two = world.site("SH", zone="Asia/Shanghai"), world.item("I1"), world.item("I2")
    proposal = world.proposal(site, "sent", [(one, 10, 2.5, False), (two, 4, 100, True)])
    db.execute(
        "UPDATE lotwatch.proposal SET erp_number = 'PUR7', portal_confirmation = 'C-9' WHERE proposal_id = %s",
        (proposal,),
    )
    db.execute(
        "INSERT INTO lotwatch.approval (proposal_id, decision, decided_by, decided_at, note, run_id)"
        " VALUES (%s, 'approved', 'buyer', %s, 'go on', 'r')",
        (proposal, AS_OF),
    )
    db.execute(
        "INSERT INTO lotwatch.guard_event (proposal_id, item_id, guard, stage, reason)"
        " VALUES (%s, %s, 'max_stock', 'ask', 'Above the maximum of 3')",
        (proposal, two),
    )
    world.proposal(site, "waiting", [(one, 1, 1, False)])
    world.done()

    waiting, sent = rows(client.get("/orders").text)
    assert "LW-000001" in sent
    assert "25.00 EUR without refused lines" in sent
    assert "I2 Above the maximum of 3 (before asking)" in sent
    assert "Purchasing: approved , buyer 11 Mar 2026 01:30 UTC+08:00 · go on" in sent
    assert "ERP PUR7 Supplier C-9" in sent
    assert "Decide on the Approvals page" in waiting
    assert len(rows(client.get("/orders?state=waiting").text)) == 1


def test_data_quality_shows_the_record_and_the_reason(client: TestClient, world: World) -> None:
    world.quarantine("move,1", "quantity is -5", {"name": "手套", "quantity": -5})
    world.quarantine("move,2", "no such item", {})
    world.done()
    html = client.get("/quality").text
    assert len(rows(html)) == 2
    assert "quantity is -5" in html
    (record,) = re.findall(r'/(quality/records/[0-9]+)">move,1<', html)
    assert "手套" in client.get(f"/{record}").text
    assert re.search(r"movements</dt>\s*<dd>read 12, passed 11, quarantined 1</dd>", html)
    assert len(rows(client.get("/quality?text=SUCH").text)) == 1
    assert "move," not in client.get("/quality?source=erp").text


def test_the_board_cannot_write(database: Settings, db_name: str) -> None:
    from lotwatch_airflow.board.database import Reader

    reader = Reader(lambda: database.database_url("board", db_name))
    try:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), reader.transaction(AS_OF, "viewer") as (conn, _):
            conn.execute("DELETE FROM lotwatch.alert")
    finally:
        reader.close()
    url = database.database_url("board", db_name)
    with psycopg.connect(url) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("DELETE FROM lotwatch.alert")


def test_a_database_that_is_away_is_said_in_words() -> None:
    from lotwatch_airflow.board import auth
    from lotwatch_airflow.board.app import create_app
    from lotwatch_airflow.board.database import Reader, Writer
    from lotwatch_airflow.board.forms import Forms
    from lotwatch_airflow.board.person import Person
    from lotwatch_airflow.board.view import Board

    reader = Reader(lambda: "host=127.0.0.1 port=1", patience=0.5)
    writer = Writer(lambda: "host=127.0.0.1 port=1")
    app = create_app(Board(reader, writer, Forms("secret"), lambda _: {}, lambda: AS_OF))
    app.dependency_overrides[auth.signed_in] = lambda: Person("viewer", frozenset())
    with TestClient(app) as client:
        for path in ("/", "/inventory.csv"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "lotwatch_board" in answer.text


def test_every_fact_has_a_name_in_both_languages(db: psycopg.Connection) -> None:
    from lotwatch import facts
    from lotwatch_airflow.board.texts import LANGUAGES, texts

    facts_named = {name for view in facts.columns(db).values() for name in view} - {"subject_key"}
    for language in LANGUAGES:
        assert {f"column.{name}" for name in facts_named} <= texts(language).catalogue.keys()
