"""Other systems' records into ours: connectors read them, staging keeps them until they are judged and posted."""

from lotwatch.sources.connector import Connector, Page, Problem, Reconciling, Record
from lotwatch.sources.reconcile import Reconciled, Reconciliation, reconcile
from lotwatch.sources.stage import Pulled, finish_batch, open_batch, pending_batches, pull, take_batch

__all__ = [
    "Connector",
    "Page",
    "Problem",
    "Pulled",
    "Reconciled",
    "Reconciliation",
    "Reconciling",
    "Record",
    "finish_batch",
    "open_batch",
    "pending_batches",
    "pull",
    "reconcile",
    "take_batch",
]
