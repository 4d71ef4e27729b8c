"""Assets that wake other DAGs. An asset event is a bell, never a message: who is woken drains its own tables.

A backfilled run wakes nobody: its last task rings through `ring`, which skips.
"""

from airflow.sdk import Asset, AssetWatcher, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from lotwatch_airflow.inbox.trigger import InboxTrigger
from lotwatch_airflow.job import is_backfill

INVENTORY = Asset("inventory_changed")
POLICIES = Asset("policies_changed")
PROPOSALS = Asset("orders_proposed")
OUTBOX = Asset("outbox_filled")
#: rung by the triggerer, which watches the inbox's table
INBOX = Asset("inbox_filled", watchers=[AssetWatcher(name="inbox", trigger=InboxTrigger())])


def ring(*, worth_it: bool = True) -> None:
    """Let the calling task's `outlets` ring, unless the run is a backfill or there is nothing to tell."""
    if is_backfill(get_current_context()):
        raise AirflowSkipException("A backfilled run wakes no live DAG.")
    if not worth_it:
        raise AirflowSkipException("Nothing to tell.")
