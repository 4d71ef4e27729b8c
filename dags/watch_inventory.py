"""### Evaluates all rules, keeps the alerts, proposes what should be done

**evaluate** compares items, lots, order lines, inspections and whatever else there are facts of with the active rules, and
opens, keeps or resolves alerts. Woken, it looks at what changed since the last time, and at what concerns no item; by the clock
or by hand, when a rule has changed, or when it last looked at everything an hour ago or more, at everything. Its log shows a
table: for each rule how often it fired, of that critical, warning and info, and suppressed because the item's data is in
quarantine; and how many alerts were opened, reopened, worsened and resolved. The same is its return value, which Airflow shows
at the task, under *XCom*.

**propose** puts what is waited for into pick waves, brings forward what waits for sites that are critically short, moves stock
to where it is short, and makes one order for each supplier and site from the alerts whose rules may act; what is on order,
proposed or waiting counts, so nothing is proposed twice. **announce** wakes `ask_approval`.

**tell** puts one message into the outbox for each subscriber (`include/config/people.yaml`) with all that is new and concerns
them, and what is proposed; it does so even when the others failed.

*When*: after each sync or plan, and every day at 05:00 UTC, because some things become wrong by the mere passing of time.
What is pushed is evaluated by `handle_events` itself, which also looks at everything once an hour.

*When it fails*: clear the task; evaluating again gives the same alerts. What changed meanwhile waits in a queue, and after
an outage the first run looks at everything: nothing is missed, and nothing is told twice.

*What a run did to alerts* is at the run, under *Alerts*: each that it opened, found worse or ended.

*Backfill*: looks at each day's facts and records what it finds as backfilled (shown at the run under *Alerts*, and on the board
under Alerts, Evaluations). It touches no alert, proposes and sends nothing, and wakes nobody.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import AssetOrTimeSchedule, CronDataIntervalTimetable, dag, task

from lotwatch_airflow.bells import INVENTORY, POLICIES, PROPOSALS, ring
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.failure import must_end_within
from lotwatch_airflow.job import job


@dag(
    schedule=AssetOrTimeSchedule(
        timetable=CronDataIntervalTimetable("0 5 * * *", timezone="UTC"), assets=INVENTORY | POLICIES
    ),
    doc_md=__doc__,
    tags=["rules", "actions"],
    deadline=must_end_within("watch_inventory", timedelta(minutes=60)),
    **DEFAULTS,
)
def watch_inventory() -> None:
    @task(retries=2, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=30))
    def evaluate() -> dict[str, Any]:
        from lotwatch.jobs import watch as jobs

        with job() as work:
            work.counts = jobs.evaluate(work.conn, work.context)
            return work.counts

    @task(retries=2, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=30))
    def propose() -> dict[str, int]:
        from lotwatch.actions import ProposeSettings
        from lotwatch.jobs import watch as jobs

        with job() as work:
            work.counts = jobs.propose(work.conn, work.context, ProposeSettings())
            return work.counts

    @task(outlets=[PROPOSALS], retries=1, execution_timeout=timedelta(minutes=5))
    def announce(proposed: Any) -> None:
        ring(worth_it=proposed["proposals"] > 0)

    @task(trigger_rule="all_done", retries=2, retry_delay=timedelta(seconds=5), execution_timeout=timedelta(minutes=10))
    def tell() -> None:
        from lotwatch.delivery.people import load_people
        from lotwatch.jobs import tell as jobs

        with job() as work:
            work.counts = jobs.tell_alerts(work.conn, work.context, load_people())

    proposed = propose()
    evaluate() >> proposed >> tell()
    announce(proposed)


watch_inventory()
