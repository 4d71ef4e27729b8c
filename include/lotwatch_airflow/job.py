"""A task's body: a connection, the circumstances of the run, and a record of what was done or why it failed."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from airflow.providers.postgres.hooks.postgres import PostgresHook
from airflow.sdk import Context, get_current_context
from airflow.sdk.exceptions import AirflowFailException

from lotwatch.audit import RunContext, begin_run, log_counts, log_error
from lotwatch.errors import LotwatchError, SourceError

DATABASE = "lotwatch_db"


@dataclass(slots=True)
class Job:
    """What a task works with. What it puts into `counts` is logged for people when it ends well."""

    conn: psycopg.Connection
    context: RunContext
    interval: tuple[datetime, datetime] | None
    counts: dict[str, Any] = field(default_factory=dict)


@contextmanager
def job(*, autocommit: bool = False) -> Iterator[Job]:
    """Open the database as the application, and log what the task did, or its error, on the run.

    An error that trying again cannot mend fails the task at once; its message says what to do.
    """
    airflow_context = get_current_context()
    with connect(autocommit=True) as conn:
        context = begin_run(conn, run_context(airflow_context))
        conn.autocommit = autocommit
        work = Job(conn, context, _interval(airflow_context))
        try:
            yield work
            log_counts(conn, context, work.counts)
        except Exception as error:
            _log_error(conn, context, error)
            if isinstance(error, LotwatchError) and not (isinstance(error, SourceError) and error.retry):
                raise AirflowFailException(str(error)) from error
            raise


def connect(conn_id: str = DATABASE, *, autocommit: bool = False) -> psycopg.Connection:
    """A connection to Lotwatch's database by the id of an Airflow connection."""
    conn: Any = PostgresHook(postgres_conn_id=conn_id).get_conn()
    conn.autocommit = autocommit
    return conn


def run_type(airflow_context: Context) -> str:
    """scheduled, manual, backfill, asset_triggered, ..."""
    kind = airflow_context["dag_run"].run_type
    return str(getattr(kind, "value", kind))


def is_backfill(airflow_context: Context) -> bool:
    """Whether the run looks at a past day: then it wakes nobody and sends nothing."""
    return run_type(airflow_context) == "backfill"


def run_context(airflow_context: Context) -> RunContext:
    """The circumstances of the running task. A run that was due looks at the end of its interval, others at when they were due."""
    run, ti = airflow_context["dag_run"], airflow_context["ti"]
    kind = run_type(airflow_context)
    due = run.data_interval_end if kind in {"scheduled", "backfill"} else None
    return RunContext(
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        run_type=kind,
        task_id=ti.task_id,
        map_index=-1 if ti.map_index is None else ti.map_index,
        try_number=ti.try_number,
        dag_version_id=str(ti.dag_version_id) if getattr(ti, "dag_version_id", None) else None,
        as_of=due or run.run_after,
        actor=f"dag:{ti.dag_id}",
    )


def _interval(airflow_context: Context) -> tuple[datetime, datetime] | None:
    """The interval a backfilled run reads; None for a live one, which resumes at its cursor."""
    run = airflow_context["dag_run"]
    if not is_backfill(airflow_context) or run.data_interval_start is None or run.data_interval_end is None:
        return None
    return run.data_interval_start, run.data_interval_end


def _log_error(conn: psycopg.Connection, context: RunContext, error: Exception) -> None:
    if conn.closed:
        return
    conn.rollback()
    log_error(conn, context, str(error))
    conn.commit()
