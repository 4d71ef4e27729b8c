"""An approver answers on the board, in a browser: Airflow's question is answered by the same person, and the row is written."""

from pathlib import Path

import psycopg
from playwright.sync_api import expect

from lotwatch_local.settings import Settings
from lotwatch_local.waiting import wait_for
from sandbox.airflow_api import Airflow
from tests.acceptance import PATIENCE
from tests.browser import chromium, in_browser, log_in
from tests.conftest import AirflowSite

pytestmark = in_browser("answering on the board, as Airflow sees it")

# what was carried out at once and is asked about afterwards: it needs no order to follow it
_PREPARE = """
INSERT INTO lotwatch.location (code, name, kind, region) VALUES ('ASKED', 'Asked site', 'site', 'TEST');
UPDATE lotwatch.location SET site_id = location_id WHERE code = 'ASKED';
INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit)
VALUES ('ASKED-1', 'Stent that was asked about', true, false, true, 'u');
INSERT INTO lotwatch.proposal (kind, site_id, currency, policy_id, steps, details, if_nobody_acts, confidence, created_at)
SELECT 'check', location_id, 'EUR', 'urgent', '{quality}',
    '{"confirms": 1, "code": "LW-000000", "kind": "transfer"}', '{"en": "It is taken back.", "zh": "将被撤回。"}', 0.9, now()
FROM lotwatch.location WHERE code = 'ASKED';
INSERT INTO lotwatch.proposal_line (proposal_id, item_id, quantity, unit_price, requested_on, why)
SELECT max(proposal_id), (SELECT item_id FROM lotwatch.item WHERE code = 'ASKED-1'), 7, 12.5, current_date, '{"reorder_point": 12}'
FROM lotwatch.proposal;
"""


def test_an_answer_on_the_board_is_airflows_too(database: Settings, airflow: AirflowSite, tmp_path: Path) -> None:
    ops = Airflow(airflow.url, "ops", airflow.passwords["ops"])
    with psycopg.connect(database.database_url("app", "lotwatch"), autocommit=True) as conn, chromium() as browser:
        conn.execute(_PREPARE)
        row = conn.execute(
            "SELECT code, proposal_id FROM lotwatch.proposal ORDER BY proposal_id DESC LIMIT 1"
        ).fetchone()
        assert row is not None
        code, proposal_id = row
        was_paused = ops.unpause("ask_approval")
        run_id = ops.trigger("ask_approval")
        [question] = wait_for(
            lambda: [asked for asked in ops.questions() if code in asked["subject"]], f"{code} to be asked", PATIENCE
        )
        page = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}).new_page()
        log_in(page, airflow.url, "approver", airflow.passwords["approver"])
        for width in (1280, 390):
            for language in ("zh", "en"):
                page.set_viewport_size({"width": width, "height": 900})
                for name in ("approvals", f"approvals/{proposal_id}"):
                    page.goto(f"{airflow.url}/lotwatch/{name}?lang={language}")
                    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, name)
                    page.screenshot(path=tmp_path / f"{name.replace('/', '-')}-{width}-{language}.png", full_page=True)
        page.get_by_label("Note").first.fill("seen in a browser")
        page.get_by_role("button", name="Approve").click()
        expect(page.get_by_role("status").filter(has_text="Answered: 1")).to_be_visible()
        written = conn.execute(
            "SELECT decision, decided_by, note, run_id FROM lotwatch.approval WHERE proposal_id = %s", (proposal_id,)
        ).fetchall()
        assert written == [("approved", "approver", "seen in a browser", run_id)]
        assert ops.wait_for_run("ask_approval", run_id) == "success"
        task = question["task_instance"]
        path = f"/dags/ask_approval/dagRuns/{run_id}/taskInstances/{task['task_id']}/{task['map_index']}/hitlDetails"
        answered = ops.call("GET", path)
        assert (answered["responded_by_user"]["name"], answered["chosen_options"]) == ("approver", ["Approve"])
        if was_paused:
            ops.call("PATCH", "/dags/ask_approval", json={"is_paused": True})
