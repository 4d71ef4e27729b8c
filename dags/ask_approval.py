"""### Asks people about proposed orders, and writes down what they said

**guard_and_take** checks every proposed order (registration, duplicates, maximum stock, budget), refuses what may not be
ordered with its reason, and takes the rest, at most 200. Then, for each order: **ask** shows it under *Required Actions*
(menu Browse, or the link in the message) until somebody answers; after a day without an answer it is a no. **decide** writes
the decision and, for a yes, puts the order into the outbox and wakes `send_outbox`.

Nothing is sent from here: `send_outbox` believes the decision written in Lotwatch's database, not the colour of a task.

*When*: woken by `watch_inventory`. A run that waits for somebody blocks no other. *When it fails*: clear the failed task;
what is decided stays decided. To take an answer back, cancel the draft in the ERP.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param, dag, task, task_group

from lotwatch_airflow.bells import OUTBOX, PROPOSALS, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job

TIME_TO_ANSWER = timedelta(days=1)


@dag(schedule=[PROPOSALS], doc_md=__doc__, tags=["actions", "approval"], max_active_runs=64, **DEFAULTS)
def ask_approval() -> None:
    @task(outlets=[OUTBOX], retries=2, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=10))
    def guard_and_take() -> list[dict[str, Any]]:
        from lotwatch.jobs import order as jobs

        with job() as work:
            questions = jobs.ask(work.conn, work.context, TIME_TO_ANSWER)
            work.counts = {"asked": len(questions)}
            return questions

    @task_group
    def order(proposal_id: int, code: str, subject: str, body: str) -> None:
        # Not an ApprovalOperator: inside a mapped group a rejection does not reliably skip what follows.
        # The decision is made by `decide`, from the answer itself.
        ask = HITLOperator(
            task_id="ask",
            subject=subject,
            body=body,
            options=["Approve", "Reject"],
            defaults="Reject",
            params={"note": Param("", type="string", title="Note / 备注", maxLength=500)},
            response_timeout=TIME_TO_ANSWER,
            map_index_template="{{ task.subject }}",
            # an answer given before Airflow has put the question away fails the task: it must ask again, not give up
            retries=20,
            retry_delay=timedelta(seconds=5),
        )

        @task(
            outlets=[OUTBOX],
            map_index_template="{{ code }}",
            retries=3,
            retry_delay=timedelta(seconds=5),
            execution_timeout=timedelta(minutes=5),
        )
        def decide(proposal_id: int, code: str, answer: Any) -> None:
            from airflow.sdk import get_current_context

            from lotwatch.jobs import order as jobs

            get_current_context()["code"] = code  # type: ignore[typeddict-unknown-key]  # for map_index_template
            with job() as work:
                approved = jobs.decide(work.conn, work.context, proposal_id, answer)
                work.counts = {"approved": int(approved), "not_approved": int(not approved)}
            ring(worth_it=approved)

        decide(proposal_id, code, ask.output)

    order.expand_kwargs(guard_and_take())


ask_approval()
