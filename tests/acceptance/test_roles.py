"""Each login of a real Airflow may do what its role is for, and no more; the limited one sees its site alone."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests

from lotwatch import access
from lotwatch_local import airflow as local_airflow
from lotwatch_local.settings import Settings
from lotwatch_local.waiting import wait_for
from tests.acceptance import PATIENCE
from tests.conftest import AirflowSite
from tests.integration.test_access import CONTEXT, DOWNLOADS, PAGES

EVERYBODY = set(local_airflow.LOGINS)
WATCH = {"viewer", "buyer", "approver", "finance", "auditor", "ops", "admin"}
ANSWER = {"buyer", "approver", "finance", "ops", "admin"}
OPERATE = {"ops", "admin"}
READ_ALL = {"auditor", "ops", "admin"}
AUDIT = {"auditor", "admin"}
ADMIN = {"admin"}

RUN = "/api/v2/dags/ask_approval/dagRuns/no_such_run"
OTHER = "/api/v2/dags/no_such_dag"
#: what is tried (nothing of it exists, so nothing is changed): who may
PROBES: dict[tuple[str, str], set[str]] = {
    ("GET", "/lotwatch/static/board.css"): EVERYBODY,
    ("GET", "/api/v2/plugins"): EVERYBODY,
    ("GET", "/api/v2/dags"): WATCH,
    ("GET", "/ui/dags"): WATCH,
    ("GET", "/api/v2/dags/~/dagRuns"): WATCH,
    ("GET", "/api/v2/pools"): WATCH,
    ("GET", f"{RUN}/taskInstances/guard_and_take/logs/1"): WATCH,
    ("GET", "/api/v2/dags/~/dagRuns/~/hitlDetails"): WATCH,
    ("PATCH", f"{RUN}/taskInstances/order.ask/0/hitlDetails"): ANSWER,
    ("PATCH", f"{OTHER}/dagRuns/r/taskInstances/t/-1/hitlDetails"): OPERATE,
    ("POST", f"{OTHER}/dagRuns"): OPERATE,
    ("POST", f"{OTHER}/clearTaskInstances"): OPERATE,
    ("PATCH", f"{OTHER}/dagRuns/r"): OPERATE,
    ("PATCH", OTHER): OPERATE,
    ("POST", "/api/v2/backfills"): OPERATE,
    ("POST", "/api/v2/assets/events"): OPERATE,
    ("GET", f"{RUN}/taskInstances/t/xcomEntries"): READ_ALL,
    ("GET", "/api/v2/eventLogs"): AUDIT,
    ("GET", "/auth/fab/v1/users"): AUDIT,
    ("GET", "/auth/fab/v1/roles"): AUDIT,
    ("POST", f"{RUN}/taskInstances/t/xcomEntries"): ADMIN,
    ("PATCH", f"{RUN}/taskInstances/t/xcomEntries/k"): ADMIN,
    ("DELETE", RUN): ADMIN,
    ("DELETE", OTHER): ADMIN,
    ("GET", "/api/v2/connections"): ADMIN,
    ("POST", "/api/v2/connections"): ADMIN,
    ("GET", "/api/v2/variables"): ADMIN,
    ("GET", "/api/v2/config"): set(),  # not even an administrator, unless Airflow is told to show it
    ("POST", "/api/v2/pools"): ADMIN,
    ("POST", "/auth/fab/v1/users"): ADMIN,
    ("PATCH", "/auth/fab/v1/users/ops"): ADMIN,
    ("PATCH", "/auth/fab/v1/roles/viewer"): ADMIN,
}
BODIES: dict[tuple[str, str], Any] = {
    ("POST", f"{OTHER}/dagRuns"): {"logical_date": None},
    ("POST", f"{OTHER}/clearTaskInstances"): {"dry_run": True},
    ("PATCH", f"{OTHER}/dagRuns/r"): {"state": "failed"},
    ("PATCH", OTHER): {"is_paused": True},
    ("POST", "/api/v2/backfills"): {
        "dag_id": "no_such_dag", "from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z",
    },
    ("POST", "/api/v2/assets/events"): {"asset_id": 999_999},
}  # fmt: skip


@pytest.fixture(scope="module")
def sessions(airflow: AirflowSite) -> dict[str, requests.Session]:
    """Everybody, logged in."""
    found = {}
    for name, password in airflow.passwords.items():
        found[name] = requests.Session()
        login = {"username": name, "password": password}
        answer = found[name].post(f"{airflow.url}/auth/token", json=login, timeout=PATIENCE)
        answer.raise_for_status()
        found[name].headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return found


@pytest.fixture(scope="module", autouse=True)
def _our_dags(airflow: AirflowSite, sessions: dict[str, requests.Session]) -> None:
    """Airflow knows the DAG that asks: who may read no DAG is refused, whatever there is."""
    url = f"{airflow.url}/api/v2/dags/ask_approval"
    wait_for(lambda: sessions["admin"].get(url, timeout=PATIENCE).ok, "ask_approval to be parsed", PATIENCE)


@pytest.mark.parametrize("probe", PROBES, ids=" ".join)
def test_who_may_what(airflow: AirflowSite, sessions: dict[str, requests.Session], probe: tuple[str, str]) -> None:
    method, path = probe
    answers = {
        name: session.request(method, airflow.url + path, json=BODIES.get(probe, {}), timeout=PATIENCE).status_code
        for name, session in sessions.items()
    }
    assert {name for name, status in answers.items() if status not in {401, 403}} == PROBES[probe], answers
    assert not [status for status in answers.values() if status >= 500], answers


@pytest.fixture(scope="module")
def _two_sites(database: Settings) -> Iterator[None]:
    """Two sites with stock and an alert each, the limited login at one of them; gone again when these tests are over."""
    with psycopg.connect(database.database_url("app", "lotwatch"), autocommit=True) as conn:
        conn.execute(
            "INSERT INTO lotwatch.location (code, name, kind)"
            " VALUES ('ROLES-MINE', 'Mine', 'site'), ('ROLES-THEIRS', 'Theirs', 'site');"
            "UPDATE lotwatch.location SET site_id = location_id WHERE code LIKE 'ROLES-%';"
            "INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit)"
            " VALUES ('ROLES-ITEM', 'An item', true, false, true, 'u');"
            "INSERT INTO lotwatch.lot (item_id, number)"
            " SELECT item_id, l.code FROM lotwatch.item AS i, lotwatch.location AS l"
            " WHERE i.code = 'ROLES-ITEM' AND l.code LIKE 'ROLES-%';"
            "INSERT INTO lotwatch.position SELECT item_id, location_id, lot_id, 0, 'own', 'unrestricted', 7"
            " FROM lotwatch.lot AS k JOIN lotwatch.location AS l ON l.code = k.number;"
            "INSERT INTO lotwatch.alert (rule_id, subject_kind, subject_key, rule_version, severity, subject, evidence,"
            " first_seen, last_seen) SELECT 'roles', 'lot', code, 'v', 'critical',"
            " jsonb_build_object('site_id', location_id, 'site_code', code), '{}', now(), now()"
            " FROM lotwatch.location WHERE code LIKE 'ROLES-%'"
        )
        access.grant(conn, CONTEXT, local_airflow.LIMITED, "ROLES-MINE")
        yield
        access.revoke(conn, CONTEXT, local_airflow.LIMITED, "ROLES-MINE")
        conn.execute(
            "DELETE FROM lotwatch.alert WHERE rule_id = 'roles';"
            "DELETE FROM lotwatch.position USING lotwatch.lot AS k WHERE k.lot_id = position.lot_id AND number LIKE 'ROLES-%';"
            "DELETE FROM lotwatch.lot WHERE number LIKE 'ROLES-%';"
            "DELETE FROM lotwatch.item WHERE code = 'ROLES-ITEM';"
            "DELETE FROM lotwatch.location WHERE code LIKE 'ROLES-%'"
        )


@pytest.mark.usefixtures("_two_sites")
@pytest.mark.parametrize("path", [*PAGES, *DOWNLOADS])
def test_everybody_reads_the_board_and_the_limited_login_its_site(
    airflow: AirflowSite, sessions: dict[str, requests.Session], path: str
) -> None:
    for name, session in sessions.items():
        answer = session.get(f"{airflow.url}/lotwatch{path}", timeout=PATIENCE)
        assert answer.status_code == 200, name
        if name == local_airflow.LIMITED:
            assert "ROLES-THEIRS" not in answer.text
            assert "ROLES-MINE" in answer.text or path in {"/orders", "/quality"}
        elif path not in {"/orders", "/quality"}:
            assert "ROLES-THEIRS" in answer.text, name
