"""Somebody who may only look finds the board in Airflow's navigation and reads it there."""

import re
from collections.abc import Iterator
from typing import Literal

import psycopg
import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from lotwatch_local.settings import Settings
from lotwatch_local.waiting import wait_for
from sandbox.airflow_api import Airflow
from tests.browser import chromium, in_browser, log_in
from tests.conftest import AirflowSite

pytestmark = in_browser(
    "the board inside Airflow: its place in the navigation, languages, updates, the way to approvals"
)

_PREPARE = """
INSERT INTO lotwatch.location (code, name, kind, region) VALUES ('BROWSER', 'Browser site', 'site', 'TEST');
UPDATE lotwatch.location SET site_id = location_id WHERE code = 'BROWSER';
INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit)
VALUES ('BROWSER-1', 'Stent as seen in a browser', true, false, true, 'u');
INSERT INTO lotwatch.lot (item_id, number, usable_through)
SELECT item_id, 'BROWSER-L', current_date - 9 FROM lotwatch.item WHERE code = 'BROWSER-1';
INSERT INTO lotwatch.position
SELECT lot.item_id, location_id, lot_id, 0, 'own', 'unrestricted', 7
FROM lotwatch.lot, lotwatch.location WHERE number = 'BROWSER-L' AND code = 'BROWSER';
INSERT INTO lotwatch.alert
(rule_id, subject_kind, subject_key, rule_version, severity, subject, evidence, first_seen, last_seen)
SELECT
    CASE number WHEN 0 THEN 'browser' ELSE 'acted_on' END, 'lot', 'BROWSER-' || number, 'v', 'critical',
    '{"item_code": "BROWSER-1", "item_name": "Stent as seen in a browser", "site_code": "BROWSER"}',
    '{"days_to_expiry": -9, "physical": 7}', now(), now()
FROM generate_series(0, 3) AS number;
"""
# what was done with an alert is never removed: those go on as an ended rule's
_CLEAR = """
UPDATE lotwatch.alert SET state = 'resolved', resolved_at = now() WHERE rule_id IN ('browser', 'acted_on');
DELETE FROM lotwatch.position USING lotwatch.lot WHERE lot.lot_id = position.lot_id AND number = 'BROWSER-L';
DELETE FROM lotwatch.lot WHERE number = 'BROWSER-L';
DELETE FROM lotwatch.item WHERE code = 'BROWSER-1';
DELETE FROM lotwatch.location WHERE code = 'BROWSER';
"""


@pytest.fixture(scope="module", autouse=True)
def _something_to_see(database: Settings) -> Iterator[None]:
    """One lot that expired, and its alert; gone again when these tests are over."""
    with psycopg.connect(database.database_url("app", "lotwatch"), autocommit=True) as conn:
        conn.execute(_PREPARE)
        try:
            yield
        finally:
            conn.execute(_CLEAR)


@pytest.fixture(scope="module")
def viewer(airflow: AirflowSite) -> Iterator[BrowserContext]:
    """A browser in which the viewer is logged in to Airflow."""
    with chromium() as browser:
        context = browser.new_context(locale="en-GB")
        log_in(context.new_page(), airflow.url, "viewer", airflow.passwords["viewer"])
        yield context


@pytest.fixture
def ops(viewer: BrowserContext, airflow: AirflowSite) -> Iterator[Page]:
    """A window of the same browser in which operations are logged in, and look at the alerts of this module."""
    assert viewer.browser is not None
    context = viewer.browser.new_context(locale="en-GB")
    page = context.new_page()
    log_in(page, airflow.url, "ops", airflow.passwords["ops"])
    page.goto(f"{airflow.url}/lotwatch/alerts?rule=acted_on")
    yield page
    context.close()


@pytest.fixture
def page(viewer: BrowserContext) -> Iterator[Page]:
    """A window of that browser."""
    page = viewer.new_page()
    page.set_viewport_size({"width": 1280, "height": 900})
    yield page
    page.close()
    viewer.clear_cookies(name="lotwatch_language")


@pytest.fixture
def board(page: Page, airflow: AirflowSite) -> FrameLocator:
    """The board, opened from Airflow's navigation."""
    page.goto(airflow.url)
    page.get_by_role("link", name="Lotwatch").click()
    board = page.frame_locator("iframe[title=Lotwatch]")
    expect(board.get_by_role("heading", level=1)).to_have_text("Today")
    return board


def _rows_said(board: FrameLocator) -> int:
    said = board.locator(".pager").first.inner_text()
    return int(re.sub(r"\D", "", said.split("·")[0]))


def test_alerts_are_seen_and_filtered_inside_airflow(board: FrameLocator) -> None:
    severities = [int(text.replace(",", "")) for text in board.locator(".severities b").all_inner_texts()]
    board.get_by_role("link", name=re.compile("critical$")).click()
    expect(board.get_by_role("heading", level=1)).to_have_text("Alerts")
    expect(board.get_by_label("Severity")).to_have_value("critical")
    assert _rows_said(board) == severities[0] > 0


def test_alerts_are_acknowledged_one_by_one_and_put_off_together_by_keyboard(ops: Page) -> None:
    rows = ops.locator("tbody tr")
    expect(rows).to_have_count(3)
    rows.first.locator("a.title").click()
    ops.get_by_label("Note").fill("looking into it")
    ops.keyboard.press("Tab")
    expect(ops.get_by_role("button", name="Acknowledge")).to_be_focused()
    ops.keyboard.press("Enter")
    expect(ops.get_by_role("status").filter(has_text="Done")).to_have_text("Done: acknowledged.")
    expect(ops.locator("section[aria-labelledby=history] li").first).to_contain_text("looking into it")
    ops.goto(ops.url.partition("/alerts/")[0] + "/alerts?rule=acted_on")
    expect(rows).to_have_count(2)
    ops.get_by_label("Choose all on this page").focus()
    ops.keyboard.press("Space")
    expect(ops.locator("input[name=alert]:checked")).to_have_count(2)
    ops.get_by_role("button", name="1 day").click()
    expect(ops.get_by_role("status").filter(has_text="snoozed")).to_have_text("snoozed: 2.")
    expect(rows).to_have_count(0)
    expect(ops).to_have_url(re.compile("rule=acted_on"))


def test_an_alert_leads_to_the_stock_it_is_about(board: FrameLocator) -> None:
    link = board.locator("tbody td.name a").first
    item = link.inner_text()
    link.click()
    expect(board.get_by_role("heading", level=1)).to_have_text("Inventory")
    expect(board.locator("tbody").get_by_text(item, exact=True).first).to_be_visible()


def test_a_view_of_the_inventory_can_be_linked_to(board: FrameLocator, page: Page) -> None:
    board.get_by_role("link", name="Inventory").click()
    board.get_by_label("Group by").select_option("site")
    board.get_by_role("button", name="Show").click()
    expect(board.locator("thead th").first).to_have_text("Site")
    groups = board.locator("tbody").inner_text()
    expect(page).to_have_url(re.compile(r"/plugin/lotwatch/lotwatch/inventory\?.*group=site"))
    page.reload()
    expect(board.locator("tbody")).to_have_text(groups, use_inner_text=True)


def test_the_language_can_be_changed(board: FrameLocator) -> None:
    board.get_by_role("link", name="中文").click()
    expect(board.get_by_role("heading", level=1)).to_have_text("今日")
    board.get_by_role("link", name="库存").click()
    expect(board.get_by_role("heading", level=1)).to_have_text("库存")
    board.get_by_role("link", name="EN").click()
    expect(board.get_by_role("heading", level=1)).to_have_text("Inventory")


def test_a_page_updates_itself_without_losing_the_readers_place(board: FrameLocator, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 400})
    board.get_by_role("link", name="All alerts").click()
    expect(board.get_by_role("heading", level=1)).to_have_text("Alerts")
    body = board.locator("body").element_handle()
    frame = body.owner_frame() if body else None
    assert frame is not None
    frame.get_by_label("Text").fill("half a word")
    frame.evaluate("""() => {
        const row = document.querySelector("tbody tr");
        const link = row.querySelector("a");
        link.isTheReaders = true;
        link.focus({ preventScroll: true });
        scrollTo(0, 100);
        row.after(row.cloneNode(true)); // what is not so any more ...
        row.nextSibling.dataset.key = "gone";
        row.querySelector("dd, b").textContent = "once"; // ... or was otherwise
        document.querySelector("#as-of time").textContent = "long ago";
        document.dispatchEvent(new Event("visibilitychange")); // as when somebody looks again
    }""")
    rows = _rows_said(board)
    expect(frame.locator("#as-of")).to_have_text(re.compile("^As of "))
    expect(frame.locator("tbody").first.locator("tr")).to_have_count(min(rows, 50))
    expect(frame.get_by_text("once", exact=True)).to_have_count(0)
    expect(frame.get_by_label("Text")).to_have_value("half a word")
    assert frame.evaluate("document.activeElement.isTheReaders")
    assert frame.evaluate("scrollY") == 100


def test_airflow_shows_beside_each_run_what_it_did_to_alerts(page: Page, airflow: AirflowSite) -> None:
    ops = Airflow(airflow.url, "ops", airflow.passwords["ops"])
    dags = {"dag_id_pattern": "watch_inventory"}
    wait_for(lambda: bool(ops.call("GET", "/dags", params=dags)["dags"]), "the DAG to be read", 300)
    run_id = ops.trigger("watch_inventory")
    page.goto(f"{airflow.url}/dags/watch_inventory/runs/{run_id}")
    page.get_by_role("link", name="Alerts", exact=True).click()
    beside = page.frame_locator("iframe[title=Alerts]")
    expect(beside.get_by_role("heading", level=1)).to_have_text("What a run did to alerts")
    expect(beside.get_by_text(run_id)).to_be_visible()


def test_the_way_to_the_approvals(board: FrameLocator) -> None:
    board.get_by_text("Decide on the Approvals page").click()
    expect(board.get_by_role("heading", level=1)).to_have_text("Approvals")


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_the_screen(
    page: Page, airflow: AirflowSite, width: int, colours: Literal["light", "dark"]
) -> None:
    page.emulate_media(color_scheme=colours)
    page.set_viewport_size({"width": width, "height": 844})
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in (
        "",
        "alerts",
        "alerts?group=storm",
        "inventory",
        "inventory?group=item",
        "approvals?who=all",
        "orders",
        "quality",
    ):
        for language in ("en", "zh"):
            page.goto(f"{airflow.url}/lotwatch/{path}{'&' if '?' in path else '?'}lang={language}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, language)
            expect(page.get_by_role("main")).to_be_visible()
    assert complaints == []
