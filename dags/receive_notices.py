"""### Holds what a recall notice concerns, before anything else is done about it

**hold** reads what notices say that nobody has read, compares it with our items, lots and units, and holds at once what is affected (until the
recall role releases it) or may be (a precaution, until a person has said so on the page *Recalls to review*). It has a pool of its own,
`recall`, so no other work is in its way. **respond** starts one run of `respond_to_recall` for each case that was opened or
has changed: clocks, tasks, messages.

*When*: woken when a notice is posted, from wherever (a source that is read or pushes, a letter loaded on the board or by
`lotwatch notice load`) and when stock comes that a known notice concerns (that is held as it is posted), and every 5
minutes; once an hour it compares those anew that may mean what has changed of our items, or of which something waits for a person, and
at 02:00 all. By hand: with `{"dry_run": true}` it writes nothing, and its log says what
it would hold.

*When it fails*: clear the task. Each notice is one transaction: what was held stays held, nothing is held twice, and what
was not compared is so by the next run. What was read, and by which words each lot was judged: `lotwatch recall show`. See docs/recall.md.

*Backfill*: does nothing. A notice counts from when it is known.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, Param, dag, task

from lotwatch_airflow.bells import CASES, NOTICES, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.failure import must_end_within
from lotwatch_airflow.job import job


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"), assets=[NOTICES]),
    params={"dry_run": Param(False, type="boolean", title="Dry run / 试运行")},
    doc_md=__doc__,
    tags=["recall"],
    max_active_runs=4,
    deadline=must_end_within("receive_notices", timedelta(minutes=10)),
    **DEFAULTS,
)
def receive_notices() -> None:
    @task(
        pool="recall",
        priority_weight=1_000,
        weight_rule="absolute",
        retries=5,
        retry_delay=timedelta(seconds=5),
        execution_timeout=timedelta(minutes=30),
    )
    def hold() -> list[str]:
        from airflow.sdk import get_current_context

        from lotwatch.jobs import recall as jobs

        dry_run = get_current_context()["params"]["dry_run"]
        with job(autocommit=True) as work:
            done = jobs.receive(work.conn, work.context, dry_run=dry_run)
            work.counts = done.counts | {"dry_run": dry_run}
        for words in done.held:
            print("would hold" if dry_run else "held", words)
        return done.cases

    @task(outlets=[CASES], retries=5, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=5))
    def respond(cases: Any) -> None:
        ring(worth_it=bool(cases), cases=cases)

    respond(hold())


receive_notices()
