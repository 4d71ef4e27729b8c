"""Tells ops that a task has failed or is tried again, or that a run is late: through the outbox, so that the message
survives every channel being down."""

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseNotifier, DagRunState
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from psycopg import Connection

from lotwatch.audit import begin_run, log_death
from lotwatch.outbox import enqueue

#: while these stand still, nobody hears of anything
_CRITICAL = frozenset({"watch_inventory", "handle_events", "send_outbox", "receive_notices"})
#: the first retry mends most things, and is nobody's business
_TOLD_TRY = 2


class TellOps(BaseNotifier):
    """`on_failure_callback` of every DAG's tasks."""

    template_fields = ()

    def notify(self, context: Any) -> None:
        """Put the failure into the outbox, once for each try of a task; unless a better message about it is there. Today's
        page of the board counts it, too, where the task could not log it itself."""
        from lotwatch_airflow.job import connect, run_context

        if getattr(getattr(context.get("exception"), "__cause__", None), "told", False):
            return
        ti = context["ti"]
        severity, data = "critical" if ti.dag_id in _CRITICAL else "warning", _data(context)
        with connect() as conn:
            if "dag_run" in context:
                log_death(conn, begin_run(conn, run_context(context)), data["error"])
            _put(conn, "run_failed", f"{_task(ti)}:{ti.try_number}", severity, data)


class TellRetry(BaseNotifier):
    """`on_retry_callback` of every DAG's tasks."""

    template_fields = ()

    def notify(self, context: Any) -> None:
        """Tell once that a task goes on failing: when its second try has, and another one follows."""
        from lotwatch_airflow.job import connect

        ti = context["ti"]
        if ti.try_number == _TOLD_TRY:
            with connect() as conn:
                _put(conn, "run_retried", _task(ti), "info", _data(context) | {"tries": _TOLD_TRY})


def must_end_within(dag_id: str, time: timedelta) -> DeadlineAlert:
    """The deadline of each run of a DAG, from when it was queued; ops is told when it passes and the run still goes on."""
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=time,
        callback=AsyncCallback(tell_late, {"dag_id": dag_id, "minutes": int(time.total_seconds() // 60)}),
    )


async def tell_late(dag_id: str, minutes: int, context: Any = None) -> None:
    """Called by the triggerer, with what it knows of the run: not the context of a task. Airflow calls it for a run that failed
    in time, too: that was told when it did."""
    from asyncio import to_thread

    from psycopg import connect

    from lotwatch_airflow.inbox.trigger import address

    run = (context or {}).get("dag_run") or {}
    if run.get("state") in (DagRunState.FAILED, DagRunState.SUCCESS):
        return
    run_id = run.get("dag_run_id", "")
    path = f"/dags/{dag_id}/runs/{run_id}" if run_id else f"/dags/{dag_id}"
    data = {"dag_id": dag_id, "minutes": minutes, "path": path}

    def put(where: str) -> None:
        with connect(where) as conn:
            _put(conn, "run_late", f"{dag_id}:{run_id}", "critical", data)

    await to_thread(put, await address("lotwatch_db"))


def _put(conn: Connection, template: str, key: str, severity: str, data: dict[str, Any]) -> None:
    payload = {"template": template, "severity": severity, "to": ["ops"], "data": data}
    enqueue(conn, "message", f"{template}:{key}", payload)


def _task(ti: Any) -> str:
    return f"{ti.dag_id}:{ti.run_id}:{ti.task_id}:{ti.map_index}"


def _data(context: Any) -> dict[str, Any]:
    ti = context["ti"]
    return {
        "dag_id": ti.dag_id,
        "run_id": ti.run_id,
        "task_id": ti.task_id,
        "error": str(context.get("exception") or "The task ended without saying why; see its log."),
        "path": f"/dags/{ti.dag_id}/runs/{ti.run_id}",
    }
