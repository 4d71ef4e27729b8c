"""What Airflow has to tell goes through the outbox: failures, retries that go on failing, runs that are late."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from lotwatch.errors import LotwatchError
from tests.integration.company import NOW


@pytest.fixture(autouse=True)
def _airflow(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, db_url: str) -> Iterator[None]:
    """Airflow's home is not anybody's, and its connection leads to this test's database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        from lotwatch_airflow import job
        from lotwatch_airflow.inbox import trigger

        async def address(_: str) -> str:
            return db_url

        monkeypatch.setattr(job, "connect", lambda: psycopg.connect(db_url))
        monkeypatch.setattr(trigger, "address", address)
        yield


def failed(dag_id: str = "sync_wms", try_number: int = 1, **more: Any) -> dict[str, Any]:
    ti = SimpleNamespace(dag_id=dag_id, run_id="r1", task_id="t", map_index=-1, try_number=try_number)
    return {"ti": ti, "exception": RuntimeError("it broke"), **more}


def told(db: psycopg.Connection) -> list[tuple[str, str]]:
    """(template, severity) of what is in the outbox."""
    rows = db.execute(
        "SELECT payload ->> 'template', payload ->> 'severity' FROM lotwatch.outbox WHERE payload -> 'to' = '[\"ops\"]'"
        " ORDER BY outbox_id"
    )
    return rows.fetchall()


def test_a_failure_is_told_once_for_each_try_and_is_critical_where_everything_stands_still(
    db: psycopg.Connection,
) -> None:
    from lotwatch_airflow.failure import TellOps

    for _ in range(2):
        TellOps().notify(failed())
        TellOps().notify(failed("send_outbox"))
    assert told(db) == [("run_failed", "warning"), ("run_failed", "critical")]


def test_the_death_of_a_task_that_could_not_log_it_is_logged_once(db: psycopg.Connection) -> None:
    from lotwatch_airflow.failure import TellOps

    run = SimpleNamespace(run_type="manual", data_interval_end=None, run_after=NOW)
    for _ in range(2):
        TellOps().notify(failed("send_outbox", exception=None, dag_run=run))
    logged = db.execute("SELECT dag_id, run_id, task_id, left(error, 14) FROM lotwatch.run_log").fetchall()
    assert logged == [("send_outbox", "r1", "t", "The task ended")]


def test_what_somebody_was_told_of_better_is_not_told_again(db: psycopg.Connection) -> None:
    from lotwatch_airflow.failure import TellOps

    cause, error = LotwatchError("stopped"), RuntimeError("stopped")
    cause.told = True
    error.__cause__ = cause
    TellOps().notify(failed(exception=error))
    assert told(db) == []


def test_a_task_that_goes_on_failing_is_told_of_once(db: psycopg.Connection) -> None:
    from lotwatch_airflow.failure import TellRetry

    for try_number in (1, 2, 2, 3):
        TellRetry().notify(failed(try_number=try_number))
    assert told(db) == [("run_retried", "info")]


def test_a_late_run_is_told_of_by_the_triggerer_with_a_link_to_it(db: psycopg.Connection) -> None:
    from lotwatch_airflow.failure import tell_late

    context = {"dag_run": {"dag_run_id": "scheduled__1", "state": "running"}, "deadline": {}}
    for _ in range(2):
        asyncio.run(tell_late("send_outbox", 15, context=context))
    assert told(db) == [("run_late", "critical")]
    path = db.execute("SELECT payload -> 'data' ->> 'path' FROM lotwatch.outbox").fetchone()
    assert path == ("/dags/send_outbox/runs/scheduled__1",)


@pytest.mark.parametrize("state", ["failed", "success"])
def test_a_run_that_has_ended_is_not_told_of_as_late(db: psycopg.Connection, state: str) -> None:
    """Airflow keeps the deadline of a run that failed in time, and a failure was told of when it happened."""
    from lotwatch_airflow.failure import tell_late

    asyncio.run(tell_late("send_outbox", 15, context={"dag_run": {"dag_run_id": "scheduled__1", "state": state}}))
    assert told(db) == []
