"""### Sends what has been decided: orders to the ERP and the supplier's portal, tasks to warehouses, messages to people

**send** takes what is due in the outbox, one row at a time. What a stop covers stays where it is until it is lifted.

*Orders*: an order needs its written approval and passes the guards again; its draft is written into the ERP first, and the
number it gets there is its reference at the supplier's portal, which is spoken to in REST, UBL or cXML
(`include/config/portals.yaml`); for a supplier without a portal the draft is all. Each run reads what suppliers have
answered: new dates count at once, and what they decline may be ordered again.

*Warehouses*: what is held here is set aside by the warehouse system, and put back when it is released
(`include/config/warehouses.yaml`); each run asks what has become of it.

*When somebody does not answer*: after an unclear answer (a time-out) the order or task is looked up by our reference before
anything is sent again; a portal is asked no more often than it allows, and left alone for a while when it is down; a busy
or broken recipient is tried again later, at growing intervals; a refusal is final and told to the buyer, or to the
warehouse.

*Messages*: a message goes to each subscriber whom it concerns (`include/config/people.yaml`), by the first of their
channels that works; one that is not critical waits for their quiet hours and digests. See docs/messages.md.

*When*: woken by `ask_approval`, and every minute.

*When it fails*: nothing is lost, and no order is sent twice; the next run goes on. The rows that wait, with their last
error, are on the Today page, messages on the Messages page. Ops is told of a run that has not ended after 15 minutes. Never
waits for a person.
"""

from datetime import timedelta

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task

from lotwatch_airflow.bells import OUTBOX
from lotwatch_airflow.defaults import DEFAULTS
from lotwatch_airflow.failure import must_end_within
from lotwatch_airflow.job import job


@dag(
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("* * * * *", timezone="UTC"), assets=[OUTBOX]),
    doc_md=__doc__,
    tags=["delivery"],
    deadline=must_end_within("send_outbox", timedelta(minutes=15)),
    **DEFAULTS,
)
def send_outbox() -> None:
    @task(retries=2, retry_delay=timedelta(seconds=10), execution_timeout=timedelta(minutes=30))
    def send() -> None:
        from lotwatch.jobs import order as jobs
        from lotwatch_airflow.systems import gateways

        with job(autocommit=True) as work:
            drained = jobs.send(work.conn, work.context, gateways())
            work.counts = dict(drained.counts)
            for error in drained.errors:
                print(error)

    send()


send_outbox()
