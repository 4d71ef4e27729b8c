"""Tells ops that a task has failed: through the outbox, so that the message survives the mail service being down."""

from typing import Any

from airflow.sdk import BaseNotifier

from lotwatch.outbox import enqueue


class TellOps(BaseNotifier):
    """`on_failure_callback` of every DAG's tasks."""

    template_fields = ()

    def notify(self, context: Any) -> None:
        """Put the failure into the outbox, once for each try of a task; unless a better message about it is there."""
        from lotwatch_airflow.job import connect

        if getattr(getattr(context.get("exception"), "__cause__", None), "told", False):
            return
        ti = context["ti"]
        data = {
            "dag_id": ti.dag_id,
            "run_id": ti.run_id,
            "task_id": ti.task_id,
            "error": str(context.get("exception") or "The task ended without saying why; see its log."),
            "path": f"/dags/{ti.dag_id}/runs/{ti.run_id}",
        }
        key = f"run_failed:{ti.dag_id}:{ti.run_id}:{ti.task_id}:{ti.map_index}:{ti.try_number}"
        with connect() as conn:
            enqueue(conn, "message", key, {"template": "run_failed", "to": ["ops"], "data": data})
