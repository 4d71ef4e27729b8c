"""Records of quarantine are corrected and replayed by a DAG, as ops triggers it."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.types.json import Jsonb

from lotwatch_local.settings import Settings
from sandbox.airflow_api import Airflow
from tests.conftest import AirflowSite


@pytest.fixture
def ops(airflow: AirflowSite) -> Airflow:
    return Airflow(airflow.url, "ops", airflow.passwords["ops"])


@pytest.fixture
def conn(database: Settings) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.database_url("app", "lotwatch"), autocommit=True) as conn:
        yield conn


def _keep_back(conn: psycopg.Connection) -> int:
    """A supplier without a name, as the gate keeps it back; returns its quarantine id."""
    row = conn.execute(
        "WITH pulled AS (INSERT INTO lotwatch.batch (source, as_of, state, told) VALUES ('replayed', now(), 'posted', true)"
        " RETURNING batch_id) INSERT INTO lotwatch.quarantine (source, entity, source_key, record, raw, rules, reasons,"
        " first_batch_id, last_batch_id) SELECT 'replayed', 'supplier', 's1', %s, '{}', '{SUP004}', '{nameless}', batch_id,"
        " batch_id FROM pulled RETURNING quarantine_id",
        (Jsonb({"code": "REPLAYED", "name": None, "active": True}),),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_trial_keeps_nothing_and_the_replay_posts_in_the_name_of_who_asked(
    ops: Airflow, conn: psycopg.Connection
) -> None:
    number = _keep_back(conn)
    corrections = {str(number): {"name": "Acme"}}
    ops.unpause("replay_quarantine")
    for dry_run, named in ((True, []), (False, [("Acme",)])):
        run_id = ops.trigger(
            "replay_quarantine", ids=[number], corrections_of=corrections, reason="it is Acme", dry_run=dry_run
        )
        assert ops.wait_for_run("replay_quarantine", run_id) == "success"
        assert conn.execute("SELECT name FROM lotwatch.supplier WHERE code = 'REPLAYED'").fetchall() == named
    told = conn.execute(
        "SELECT actor, reason FROM lotwatch.audit_event WHERE action = 'replay' AND object_id = %s", (str(number),)
    ).fetchall()
    assert told == [("ops", "it is Acme")]

    run_id = ops.trigger("replay_quarantine", ids=[number], dry_run=False)
    assert ops.wait_for_run("replay_quarantine", run_id) == "failed"
    assert "It is not said why" in ops.log("replay_quarantine", run_id, "replay")
