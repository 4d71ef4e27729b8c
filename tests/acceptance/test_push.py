"""What is pushed to a real Airflow is in the ledger moments later: once, whoever dies on the way."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from lotwatch.db.query import query
from lotwatch_local.settings import PROJECT, Settings
from lotwatch_local.supervisor import Supervisor
from lotwatch_local.waiting import wait_for
from sandbox.airflow_api import Airflow
from tests.acceptance import PATIENCE
from tests.conftest import AirflowSite
from tests.processes import holder_of

_keys = count(1)
DI = "09506000134369"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program that the manual shows."""
    (program,) = re.findall(r"```python\n(.*?)```", (PROJECT / "docs" / "push.md").read_text(), re.DOTALL)
    path = tmp_path_factory.mktemp("client") / "push.py"
    path.write_text(program)
    return path


class Sender:
    """A system that pushes by the manual's program."""

    def __init__(self, client: Path, site: AirflowSite, settings: Settings) -> None:
        self.url = f"{site.url}/lotwatch-inbox/v1/events"
        self._client, self._key = client, settings.secrets["inbox_key"]

    def push(self, *events: dict[str, Any]) -> None:
        environment = os.environ | {"LOTWATCH_KEY": self._key}
        command = [sys.executable, str(self._client), self.url]
        subprocess.run(command, input=json.dumps(events), env=environment, text=True, check=True)


@pytest.fixture(scope="module")
def sender(client: Path, airflow: AirflowSite, database: Settings) -> Iterator[Sender]:
    """A sender whose item, places and lot have come by the same way; `handle_events` is awake."""
    ops = Airflow(airflow.url, "ops", airflow.passwords["ops"])
    wake(ops, "handle_events", "inbox_filled")
    made = Sender(client, airflow, database)
    made.push(
        master("location", code="PUSH-SUPPLIER", name="S", kind="supplier", time_zone="UTC", active=True),
        master("location", code="PUSH-DC", name="D", kind="site", supplied_by="supplier", time_zone="UTC", active=True),
        master("item", code="PUSH-I", name="I", criticality="standard", base_unit="u", active=True, label_lot=True,
               label_serial=False, label_expiry=True),
        master("lot", item_code="PUSH-I", lot_number="L1", usable_through="2090-01-31"),
    )  # fmt: skip
    yield made
    ops.call("PATCH", "/dags/handle_events", json={"is_paused": True})
    ops.wait_until_idle("handle_events")


def wake(ops: Airflow, dag: str, asset: str) -> None:
    """Unpause a DAG and wait until somebody listens for it: when Airflow next reads its file."""
    ops.unpause(dag)
    ops.parse(dag)
    watched = {"name_pattern": asset}
    wait_for(lambda: ops.call("GET", "/assets", params=watched)["assets"][0]["watchers"], f"{dag}'s watcher", PATIENCE)


@pytest.fixture
def conn(database: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.database_url("app", "lotwatch"), autocommit=True) as conn:
        yield conn


def master(entity: str, **row: Any) -> dict[str, Any]:
    status = {"status": "unrestricted", "owner": "own"} if entity == "location" else {}
    return {"entity": entity, "source_key": f"push-{entity}-{row.get('code', next(_keys))}", "row": row | status}


def movement(quantity: int, **changes: Any) -> dict[str, Any]:
    row = {
        "item_code": "PUSH-I",
        "lot_number": "L1",
        "from_location": "PUSH-SUPPLIER",
        "to_location": "PUSH-DC",
        "quantity": quantity,
        "occurred_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
    }
    return {"entity": "movement", "source_key": f"push-{next(_keys)}", "row": row | changes}


def stock(conn: psycopg.Connection) -> int:
    row = conn.execute(
        "SELECT coalesce(sum(p.quantity), 0) FROM lotwatch.position AS p JOIN lotwatch.item USING (item_id)"
        " JOIN lotwatch.location AS l USING (location_id) WHERE item.code = 'PUSH-I' AND l.code = 'PUSH-DC'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_pushed_movement_is_posted_and_a_bad_one_waits_with_its_reason(sender: Sender, conn) -> None:
    before = stock(conn)
    bad = movement(3, lot_number="NOBODY'S")
    sender.push(movement(5), bad)
    wait_for(lambda: stock(conn) == before + 5, "the movement to be posted", PATIENCE)
    reasons = "SELECT reasons FROM lotwatch.quarantine WHERE source = 'events' AND source_key = %s"
    assert conn.execute(reasons, (bad["source_key"],)).fetchone() == (["Lot NOBODY'S of item PUSH-I is not known"],)


def test_a_pushed_notice_holds_what_it_names(sender: Sender, conn, airflow: AirflowSite) -> None:
    ops = Airflow(airflow.url, "ops", airflow.passwords["ops"])
    wake(ops, "receive_notices", "notices_posted")
    sender.push(
        master("identifier", item_code="PUSH-I", code=DI, package_level="unit", units_contained=1),
        master("lot", item_code="PUSH-I", lot_number="R1", usable_through="2090-01-31"),
        movement(4, lot_number="R1"),
    )
    told = {"authority": "fda", "number": "PUSH-1", "said_at": datetime.now(UTC).isoformat(), "recall_class": "I"}
    sender.push(master("notice", **told, code_info=f"UDI-DI: {DI}, Lot R1"))
    held = (
        "SELECT lot.number, held.quantity, hold.cause FROM lotwatch.held_stock AS held JOIN lotwatch.hold USING (hold_id)"
        " JOIN lotwatch.item ON item.item_id = held.item_id JOIN lotwatch.lot ON lot.lot_id = held.lot_id"
        " WHERE item.code = 'PUSH-I'"
    )
    wait_for(lambda: conn.execute(held).fetchall(), "the lot to be held", PATIENCE)
    assert conn.execute(held).fetchall() == [("R1", 4, "recall")]
    ops.call("PATCH", "/dags/receive_notices", json={"is_paused": True})


def test_a_run_that_is_killed_half_way_posts_nothing_twice(sender: Sender, conn, database: Settings) -> None:
    """It waits for the gate with its events read and committed; there its process is killed."""
    before = stock(conn)
    with psycopg.connect(database.database_url("app", "lotwatch"), autocommit=True) as other:
        other.execute(query("lotwatch.gate", "lock_gate"), {"source": "events"})
        sender.push(movement(7))
        blocked = "SELECT client_port FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = 'lotwatch'"
        (port,) = wait_for(lambda: other.execute(blocked).fetchone(), "the run to wait for the gate", PATIENCE)
        holder_of(port).kill()
    wait_for(lambda: stock(conn) == before + 7, "the next try to post it", PATIENCE)
    runs = "SELECT count(*) FROM lotwatch.inbox WHERE source = 'events' AND taken_at IS NULL"
    assert conn.execute(runs).fetchone() == (0,)


def test_a_triggerer_that_was_away_wakes_for_what_came_meanwhile(
    sender: Sender, conn, supervisor: Supervisor, airflow: AirflowSite
) -> None:
    before = stock(conn)
    supervisor.stop("airflow-triggerer")
    sender.push(movement(2))
    supervisor.start("airflow-triggerer", lambda: True)
    wait_for(lambda: stock(conn) == before + 2, "the movement to be posted", PATIENCE)


def test_only_what_is_signed_comes_in_and_nothing_else_is_open(airflow: AirflowSite, sender: Sender) -> None:
    assert requests.post(sender.url, json={"events": []}, timeout=PATIENCE).status_code == 401
    assert requests.post(f"{airflow.url}/lotwatch-inbox/v1/wms", json={}, timeout=PATIENCE).status_code == 403
    for path in ("/", "/docs", "/openapi.json", "/v1", "/v1/events"):
        assert requests.get(f"{airflow.url}/lotwatch-inbox{path}", timeout=PATIENCE).status_code in {404, 405}, path
    assert requests.get(f"{airflow.url}/lotwatch/", timeout=PATIENCE).status_code == 401
    assert requests.get(f"{airflow.url}/api/v2/dags", timeout=PATIENCE).status_code == 401
