"""### Brings what other systems push into the ledger, within seconds

What is pushed is kept in the inbox before its sender is told so. **handle** reads all that waits there, source by source,
lets the gate judge it by the suites in `expectations/` (in SQL alone: Great Expectations would take longer than events may
wait, and referees every hour in `referee_events`), and posts the good rows, each source event once for ever. Bad rows go to
quarantine, a message that cannot be read at all stays in the inbox with its error; ops gets one message for each batch.
Then it evaluates the rules on what that changed, and whoever a rule names in `notify` is told; when rules were last
evaluated on everything an hour ago or more, it does that, since some things become wrong by the mere passing of time. The
log shows what each rule found, as that of `watch_inventory` does, which is woken to propose orders unless nothing was
posted. What waits in quarantine for a record it refers to is tried again with the next messages of its source, and once an
hour.

*When*: woken by the triggerer when something comes, and every 5 minutes. Runs may overlap: a source is read by one of them.

*When it fails*: nothing is lost or posted twice, and what was posted and not evaluated waits in a queue; the next run goes
on where this one ended. What waits or could not be read: `lotwatch inbox list`; once the cause is mended, `lotwatch inbox
replay`. If nothing is woken although something waits, look whether the triggerer runs; the run of every 5 minutes reads it
all the same. See docs/push.md.

*Backfill*: reads what waits now, as any run does, evaluates nothing and wakes nobody.
"""

from datetime import timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from lotwatch_airflow.bells import INBOX, INVENTORY, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.failure import must_end_within
from lotwatch_airflow.job import job


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"), assets=[INBOX]),
    doc_md=__doc__,
    tags=["events"],
    deadline=must_end_within("handle_events", timedelta(minutes=30)),
    **DEFAULTS,
)
def handle_events() -> None:
    @task(outlets=[INVENTORY], retries=3, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(hours=1))
    def handle() -> None:
        from lotwatch.jobs import events as jobs

        with job(autocommit=True) as work:
            work.counts = jobs.handle_and_evaluate(work.conn, work.context)
        ring(worth_it=any(name.startswith("posted ") for name in work.counts))

    handle()


handle_events()
