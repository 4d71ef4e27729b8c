"""### Asks people about what is proposed, step by step, and writes down what they said

**guard_and_take** checks everything that is proposed and not stopped (registration, duplicates, maximum stock, prices, recalls,
caps, budget and more: docs/actions.md), refuses what may not be done with its reason, lets through what its policy approves by
itself (in an emergency it asks afterwards), and takes the rest, at most 200. Then, for each: **ask** shows it under *Required Actions* (menu Browse) until somebody answers there, on the board's page
Approvals or by the link in their message; without an answer in the step's time it is a no, and whoever the step names is told.
**decide** writes the decision. A yes to the last step carries it out and wakes `send_outbox`; a yes to an earlier one wakes the next
run of this DAG, which asks the next step of somebody else.

Who may answer which step is in `include/config/approvals.yaml`. An answer of anybody else is written down, decides nothing, and
the step is asked again. One that comes too late, because it was answered elsewhere or changed (a new revision, asked by a later run),
is written down and decides nothing. See docs/approvals.md. Nothing is sent from here: `send_outbox` believes the decisions written in Lotwatch's database, not the
colour of a task.

*When*: woken by `watch_inventory`, and by its own decisions. A run that waits for somebody blocks no other. *When it fails*:
clear the failed task; what is decided stays decided. To take an answer back, cancel the draft in the ERP.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import dag, task, task_group

from lotwatch_airflow.asking import AskPerson
from lotwatch_airflow.bells import OUTBOX, PROPOSALS, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job


@dag(schedule=[PROPOSALS], doc_md=__doc__, tags=["actions", "approval"], max_active_runs=64, **DEFAULTS)
def ask_approval() -> None:
    @task(outlets=[OUTBOX], retries=2, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=10))
    def guard_and_take() -> list[dict[str, Any]]:
        from lotwatch.jobs import order as jobs

        with job() as work:
            questions = jobs.ask(work.conn, work.context)
            work.counts = {"asked": len(questions)}
            return questions

    @task_group
    def order(proposal_id: int, revision: int, code: str, step: str, subject: str, body: str, seconds: int) -> None:
        # Not an ApprovalOperator: inside a mapped group a rejection does not reliably skip what follows.
        # The decision is made by `decide`, from the answer itself.
        ask = AskPerson(
            task_id="ask",
            subject=subject,
            body=body,
            seconds=seconds,
            question={"proposal_id": proposal_id, "revision": revision, "step": step},
            map_index_template="{{ task.subject }}",
            # an answer given before Airflow has put the question away fails the task: it must ask again, not give up
            retries=20,
            retry_delay=timedelta(seconds=5),
        )

        @task(
            outlets=[OUTBOX, PROPOSALS],
            map_index_template="{{ code }}",
            retries=3,
            retry_delay=timedelta(seconds=5),
            execution_timeout=timedelta(minutes=5),
        )
        def decide(proposal_id: int, revision: int, code: str, step: str, answer: Any) -> None:
            from airflow.sdk import get_current_context

            from lotwatch.jobs import order as jobs

            get_current_context()["code"] = code  # type: ignore[typeddict-unknown-key]  # for map_index_template
            with job() as work:
                state = jobs.decide(work.conn, work.context, proposal_id, revision, step, answer)
                work.counts = {state: 1}
            ring(worth_it=state in {"approved", "proposed"})

        decide(proposal_id, revision, code, step, ask.output)

    order.expand_kwargs(guard_and_take())


ask_approval()
