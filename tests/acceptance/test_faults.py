"""A sync whose task or database is killed half-way ends as one that nothing happened to: nothing lost, nothing twice."""

from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
import pytest
import requests

from lotwatch import ledger
from lotwatch.sources import registry
from lotwatch.sources.connector import Login
from lotwatch_local import airflow as local_airflow
from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from lotwatch_local.waiting import wait_for
from sandbox import demo
from sandbox.airflow_api import Airflow
from tests.acceptance import PATIENCE
from tests.acceptance.test_chain import control
from tests.conftest import AirflowSite
from tests.processes import holder_of

READING = (
    "SELECT pid, client_port FROM pg_stat_activity WHERE datname = 'lotwatch' AND usename = 'lotwatch_app'"
    " AND state = 'idle in transaction' AND query LIKE 'COPY stage.%'"
)


@pytest.fixture(scope="module")
def ops(airflow: AirflowSite, outside: Settings) -> Airflow:
    """The items that the hospital names are known."""
    ops = Airflow(airflow.url, "ops", airflow.passwords["ops"])
    demo.run(ops, "sync_wms")
    return ops


@contextmanager
def slow_hospital(settings: Settings) -> Iterator[None]:
    """Its server takes a second for each page, so that a pull can be met half-way."""
    slow = {"mode": "latency", "times": 1_000_000, "seconds": 1, "at": "read"}
    control(settings, "hospital", "POST", "misbehave", json=slow)
    yield
    control(settings, "hospital", "POST", "misbehave", json=slow | {"times": 1, "seconds": 0})


def meet_half_way(database: Settings) -> tuple[int, int]:
    """(backend, client's port) of a pull of the slow hospital that has staged something and has not committed it."""
    with psycopg.connect(database.database_url("app", "lotwatch"), autocommit=True) as conn:
        found: tuple[int, int] = wait_for(lambda: conn.execute(READING).fetchone(), "a pull to be half-way", PATIENCE)
    return found


def start(ops: Airflow) -> None:
    """Begin a sync of the hospital: the run that is due, or another one."""
    if not ops.unpause("sync_hospital"):
        ops.trigger("sync_hospital")


def states(ops: Airflow) -> set[str]:
    """The states of the hospital's runs; none while Airflow cannot tell."""
    try:
        return {run["state"] for run in ops.runs("sync_hospital")}
    except requests.RequestException:
        return set()


def assert_everything_came_once(database: Settings) -> None:
    """The hospital's own account against ours: each event is in the ledger once, or in quarantine; the books agree."""
    token, port = database.secrets["hospital_token"], database.port_hospital
    login = Login(f"http://127.0.0.1:{port}", "r5", "", token, {"case_key": token})
    connector = registry.connector(registry.source("hospital"), login)
    told = {record.source_key for page in connector.changed("movement", None) for record in page.records}
    assert len(told) > 100
    with psycopg.connect(database.database_url("app", "lotwatch")) as conn:
        kept = {
            key
            for (key,) in conn.execute(
                "SELECT source_event_id FROM lotwatch.movement_source WHERE source = 'hospital'"
                " UNION SELECT source_key FROM lotwatch.quarantine"
                " WHERE source = 'hospital' AND entity = 'movement' AND state = 'open'"
            )
        }
        assert kept == told
        assert list(ledger.verify(conn)) == []


def test_a_task_that_is_killed_while_it_reads_leaves_nothing_and_its_next_try_brings_all(
    ops: Airflow, database: Settings
) -> None:
    with slow_hospital(database):
        start(ops)
        _, port = meet_half_way(database)
        holder_of(port).kill()
    wait_for(lambda: states(ops) == {"success"}, "the next try to end well", PATIENCE)
    assert_everything_came_once(database)


def test_a_database_that_is_killed_under_a_sync_comes_back_and_so_does_the_sync(
    ops: Airflow, database: Settings
) -> None:
    with psycopg.connect(database.database_url("app", "lotwatch")) as conn:
        conn.execute("DELETE FROM lotwatch.source_cursor WHERE source = 'hospital'")  # all of it once more
    with slow_hospital(database):
        start(ops)
        backend, _ = meet_half_way(database)
        psutil.Process(psutil.Process(backend).ppid()).kill()
    wait_for(lambda: bool(postgres.connect_superuser(database)), "PostgreSQL to be back", PATIENCE)
    wait_for(lambda: set(local_airflow.health(database).values()) == {"healthy"}, "Airflow to have noticed", PATIENCE)
    wait_for(lambda: states(ops) == {"success"}, "the sync to end well by itself", PATIENCE)
    assert_everything_came_once(database)
