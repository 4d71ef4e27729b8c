"""The whole way through real Airflow, Tryton, portal and mail service: sync, gate, plan, watch, ask, decide, send.

The tests of this file tell one story and run in its order.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import requests

from lotwatch.sources import tryton as erp
from lotwatch_local.settings import Settings
from lotwatch_local.supervisor import Supervisor
from lotwatch_local.waiting import wait_for
from sandbox import demo
from sandbox import programs as outside_programs
from sandbox.airflow_api import Airflow
from tests.acceptance import PATIENCE
from tests.conftest import AirflowSite, Login


@pytest.fixture(scope="module")
def ops(airflow: AirflowSite, outside: Settings) -> Airflow:
    return Airflow(airflow.url, "ops", airflow.passwords["ops"])


@pytest.fixture
def conn(database: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.database_url("app", "lotwatch"), autocommit=True) as conn:
        yield conn


def control(settings: Settings, name: str, method: str, path: str, **arguments: Any) -> Any:
    """The stand-in's control route."""
    headers = {"Authorization": f"Bearer {settings.secrets['sandbox_control_token']}"}
    url = f"http://127.0.0.1:{settings.ports[name]}/control/{path}"
    answer = requests.request(method, url, headers=headers, timeout=PATIENCE, **arguments)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def orders_at_portal(settings: Settings) -> dict[str, str]:
    """Our code -> the ERP number it was ordered under; fails on any order that arrived twice."""
    told = control(settings, "portal", "GET", "orders")
    assert told["duplicates"] == 0
    orders = [received["order"] for received in told["orders"]]
    return {order["buyer_reference"]: order["reference"] for order in orders}


def codes(conn: psycopg.Connection, state: str) -> set[str]:
    """Our references of purchase orders: what is proposed of other kinds goes no further than people or the warehouse."""
    orders = "SELECT code FROM lotwatch.proposal WHERE kind = 'purchase_order' AND state = %s"
    return {code for (code,) in conn.execute(orders, (state,))}


def test_the_syncs_fill_the_ledger_and_keep_bad_records_out(ops: Airflow, conn: psycopg.Connection) -> None:
    for dag_id in demo.SYNCS:
        demo.run(ops, dag_id)
    counts = dict(
        conn.execute(
            "SELECT 'item', count(*) FROM lotwatch.item UNION ALL SELECT 'movement', count(*) FROM lotwatch.movement"
            " UNION ALL SELECT 'open', count(*) FROM lotwatch.quarantine WHERE state = 'open'"
            " UNION ALL SELECT 'line', count(*) FROM lotwatch.purchase_order_line"
            " UNION ALL SELECT 'inspection', count(*) FROM lotwatch.inspection"
        ).fetchall()
    )
    assert counts["item"] >= 195
    assert counts["movement"] > 20_000
    assert 10 <= counts["open"] <= 60
    assert counts["line"] > 100
    assert counts["inspection"] > 10
    # every open row says why
    assert conn.execute("SELECT count(*) FROM lotwatch.quarantine WHERE reasons = '{}'").fetchone() == (0,)


def test_a_second_sync_changes_nothing_and_tells_nobody_again(ops: Airflow, conn: psycopg.Connection) -> None:
    before = conn.execute("SELECT count(*), max(movement_id) FROM lotwatch.movement").fetchone()
    told = conn.execute("SELECT count(*) FROM lotwatch.outbox").fetchone()
    demo.run(ops, "sync_wms")
    assert conn.execute("SELECT count(*), max(movement_id) FROM lotwatch.movement").fetchone() == before
    assert conn.execute("SELECT count(*) FROM lotwatch.outbox").fetchone() == told


def test_planning_wakes_the_watch_which_asks(ops: Airflow, conn: psycopg.Connection) -> None:
    demo.run(ops, "plan_policies")
    ops.unpause("ask_approval")
    demo.run(ops, "watch_inventory")
    runs = len(ops.runs("watch_inventory"))
    demo.run(ops, "plan_policies")
    wait_for(lambda: len(ops.runs("watch_inventory")) > runs, "watch_inventory to be woken", PATIENCE)
    ops.wait_until_idle("watch_inventory")
    fired = {rule for (rule,) in conn.execute("SELECT DISTINCT rule_id FROM lotwatch.alert")}
    assert {"stockout_risk", "near_expiry", "late_inbound", "overstock"} <= fired
    assert fired & {"failed_inspection", "overdue_inspection"}
    found = [
        ops.call(
            "GET", f"/dags/watch_inventory/dagRuns/{run['dag_run_id']}/taskInstances/evaluate/xcomEntries/return_value"
        )
        for run in ops.runs("watch_inventory")
    ]
    assert any(re.search(r"stockout_risk\W+fired", str(each["value"])) for each in found), "on the task's page"
    # what the second watch found is asked in a run of its own
    wait_for(lambda: len(codes(conn, "waiting")) >= 3 and not codes(conn, "proposed"), "all orders to wait", PATIENCE)


def test_a_viewer_may_not_answer(ops: Airflow, airflow: AirflowSite) -> None:
    wait_for(ops.questions, "a question", PATIENCE)
    viewer = Airflow(airflow.url, "viewer", airflow.passwords["viewer"])
    with pytest.raises(requests.HTTPError, match="403"):
        viewer.answer(ops.questions()[0], "Approve")


def test_approved_orders_are_sent_once_and_the_rejected_one_never(
    ops: Airflow, conn: psycopg.Connection, outside: Settings, tryton: Login
) -> None:
    rejected, left, *approved = sorted(codes(conn, "waiting"))
    choice = {rejected: "Reject", left: None}
    # the portal accepts the first order and does not answer in time
    control(outside, "portal", "POST", "misbehave", json={"mode": "timeout_after_accept", "times": 1, "seconds": 30})
    ops.answer_until(
        lambda subject: choice.get(subject.split(":")[0], "Approve"),
        lambda: codes(conn, "waiting") == {left},
        "the decisions",
    )
    assert orders_at_portal(outside) == {}  # send_outbox sleeps: deciding and sending are two things
    ops.unpause("send_outbox")
    yes = set(approved)
    wait_for(lambda: codes(conn, "sent") == yes, "all to be sent", PATIENCE)
    arrived = orders_at_portal(outside)
    assert set(arrived) == yes
    assert codes(conn, "waiting") == {left}
    assert codes(conn, "rejected") == {rejected}
    client = erp.TrytonErp(erp.connect(tryton.url, tryton.database, tryton.user, tryton.password))
    for code, number in arrived.items():
        assert client.find(code) == number
    assert client.find(rejected) is None


def test_what_clinics_wait_for_is_set_aside_for_them_lot_by_lot(conn: psycopg.Connection) -> None:
    waves = "SELECT DISTINCT state FROM lotwatch.proposal WHERE kind = 'pick'"
    wait_for(lambda: conn.execute(waves).fetchall() == [("sent",)], "the pick wave to be confirmed", PATIENCE)
    picked = "SELECT count(DISTINCT demand_order_key), min(state), max(state) FROM lotwatch.warehouse_task WHERE kind = 'pick'"
    orders, *states = conn.execute(picked).fetchall()[0]
    assert (orders >= 2, states) == (True, ["acknowledged"] * 2)


def test_the_next_sync_links_our_drafts_and_does_not_count_them_twice(ops: Airflow, conn: psycopg.Connection) -> None:
    demo.run(ops, "sync_procurement")
    wrong = conn.execute(
        "SELECT p.code, l.quantity, k.quantity FROM lotwatch.proposal AS p"
        " JOIN lotwatch.proposal_line AS l USING (proposal_id)"
        " LEFT JOIN lotwatch.purchase_order_line AS k ON k.order_reference = p.code AND k.item_id = l.item_id"
        " WHERE p.kind = 'purchase_order' AND p.state = 'sent' AND NOT l.refused"
        " AND l.quantity IS DISTINCT FROM k.quantity"
    ).fetchall()
    assert wrong == []
    # suppliers' answers may ask for changes of orders; once that is seen, nothing is needed a second time
    asked = "SELECT kind, count(*) FROM lotwatch.proposal WHERE kind <> 'order_change' GROUP BY kind ORDER BY kind"
    demo.run(ops, "watch_inventory")
    ops.wait_until_idle("watch_inventory")
    before = conn.execute(asked).fetchall()
    demo.run(ops, "watch_inventory")
    assert conn.execute(asked).fetchall() == before


def test_messages_arrive_in_both_languages(conn: psycopg.Connection, outside: Settings) -> None:
    unsent = "SELECT count(*) FROM lotwatch.outbox WHERE state NOT IN ('sent', 'delivered')"
    wait_for(lambda: conn.execute(unsent).fetchone() == (0,), "all messages", PATIENCE)
    subjects = [message["subject"] for message in control(outside, "mail", "GET", "messages")["messages"]]
    for words in ("in quarantine from wms", "wms 有", "new alerts", "for your approval", "sent to the suppliers"):
        assert any(words in subject for subject in subjects), words


RUN = {
    "sync_wms", "sync_procurement", "sync_quality", "plan_policies", "watch_inventory", "ask_approval", "send_outbox"
}  # fmt: skip


def test_every_step_left_an_audit_event_with_its_task(conn: psycopg.Connection) -> None:
    steps = {
        (action, dag_id, task_id)
        for action, dag_id, task_id in conn.execute("SELECT action, dag_id, task_id FROM lotwatch.audit_event")
    }
    assert {
        ("records pulled", "sync_wms", "pull"),
        ("batch gated", "sync_wms", "gate"),
        ("batch posted", "sync_wms", "post"),
        ("policies planned", "plan_policies", "plan"),
        ("alert opened", "watch_inventory", "evaluate"),
        ("order proposed", "watch_inventory", "propose"),
        ("order asked for", "ask_approval", "guard_and_take"),
        ("order approved", "ask_approval", "order.decide"),
        ("order rejected", "ask_approval", "order.decide"),
        ("ERP draft written", "send_outbox", "send"),
        ("order sent", "send_outbox", "send"),
        ("message sent", "send_outbox", "send"),
    } <= steps
    # what people did, and what came with the release, is no task's doing
    lacking = (
        "SELECT count(*) FROM lotwatch.audit_event WHERE dag_id = ANY(%s)"
        " AND (run_id IS NULL OR try_number IS NULL OR dag_version_id IS NULL)"
    )
    assert conn.execute(lacking, ([dag_id for _, dag_id, _ in steps if dag_id in RUN],)).fetchone() == (0,)
    deciders = "SELECT DISTINCT actor FROM lotwatch.audit_event WHERE action IN ('order approved', 'order rejected')"
    assert conn.execute(deciders).fetchall() == [("ops",)]


def test_a_backfill_over_three_past_days_makes_three_runs_and_acts_on_nothing(
    ops: Airflow, conn: psycopg.Connection, outside: Settings
) -> None:
    def traces() -> list:
        return [
            conn.execute("SELECT count(*) FROM lotwatch.proposal").fetchone(),
            conn.execute("SELECT count(*) FROM lotwatch.outbox").fetchone(),
            conn.execute(
                "SELECT array_agg((alert_id, state, last_seen) ORDER BY alert_id)::text FROM lotwatch.alert"
            ).fetchone(),
            orders_at_portal(outside),
            len(ops.runs("ask_approval")),
            len([run for run in ops.runs("watch_inventory") if run["run_type"] != "backfill"]),
        ]

    ops.wait_until_idle("watch_inventory")
    before = traces()
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    body = {
        "dag_id": "watch_inventory",
        # not so late that the run which was due when the DAG was un-paused has been there
        "from_date": (today - timedelta(days=6)).isoformat(),
        "to_date": (today - timedelta(days=3, seconds=1)).isoformat(),
        "max_active_runs": 3,
        "reprocess_behavior": "none",
        "run_on_latest_version": True,
    }
    ops.call("POST", "/backfills", json=body)

    def backfilled() -> list[dict]:
        return [run for run in ops.runs("watch_inventory") if run["run_type"] == "backfill"]

    wait_for(
        lambda: len(backfilled()) == 3 and all(run["state"] == "success" for run in backfilled()),
        "the backfill",
        PATIENCE,
    )
    assert traces() == before
    days = conn.execute("SELECT count(DISTINCT as_of::date), count(*) > 0 FROM lotwatch.backfilled_finding").fetchone()
    assert days == (3, True)


def test_an_erp_that_is_down_says_so_and_nothing_is_lost(
    ops: Airflow, conn: psycopg.Connection, outside: Settings, supervisor: Supervisor
) -> None:
    supervisor.stop("tryton")
    run_id = ops.trigger("sync_quality")
    assert ops.wait_for_run("sync_quality", run_id, PATIENCE) == "failed"
    error = conn.execute(
        "SELECT error FROM lotwatch.run_log WHERE run_id = %s AND error IS NOT NULL", (run_id,)
    ).fetchone()
    assert error is not None
    assert "Tryton" in error[0]
    assert "What to do" in error[0]
    assert error[0][:60] in ops.log("sync_quality", run_id, "pull", try_number=1)
    supervisor.start("tryton", outside_programs.is_well(outside, "tryton"))
    demo.run(ops, "sync_quality")
    wait_for(
        lambda: [
            m for m in control(outside, "mail", "GET", "messages")["messages"] if "sync_quality failed" in m["subject"]
        ],
        "ops to be told",
        PATIENCE,
    )
