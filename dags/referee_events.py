"""### Has Great Expectations judge what was pushed, every hour

The gate judges pushed events in SQL alone and keeps their rows as it saw them. **referee** has Great Expectations judge all
of them by the same suites: over the same rows both must count the same for every rule, and a rule that looks at a row alone
must count what it counted when the events came. The pages are among the Data Docs of each source. Then it removes messages
from the inbox that were read 30 days ago.

*When*: every hour, at minute 40. Holds up no event: what was posted is posted.

*When it fails*: the message names the rule and both counts. Look at the rule's SQL and at what Great Expectations makes of
the same check: one of them is wrong about some kind of row. Mend the suite; `lotwatch quarantine replay` judges records
again that were kept back wrongly. What disagreed is told once.

*Backfill*: not needed: a run takes all that waits.
"""

from datetime import timedelta

from airflow.sdk import CronTriggerTimetable, dag, task

from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.job import job


@dag(
    schedule=CronTriggerTimetable("40 * * * *", timezone="UTC"),
    doc_md=__doc__,
    tags=["events"],
    max_active_runs=1,
    **DEFAULTS,
)
def referee_events() -> None:
    @task(retries=2, retry_delay=timedelta(minutes=1), execution_timeout=timedelta(minutes=50))
    def referee() -> None:
        from lotwatch.jobs import events as jobs
        from lotwatch_airflow.defaults import data_docs

        with job(autocommit=True) as work:
            work.counts = jobs.forget(work.conn, work.context)
            work.counts |= jobs.referee(work.conn, work.context, data_docs())

    referee()


referee_events()
