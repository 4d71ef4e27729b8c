"""Other systems' records into ours: connectors read them, staging keeps them until they are judged and posted."""

from lotwatch.sources.connector import Connector, Page, Problem, Record
from lotwatch.sources.stage import Pulled, finish_batch, open_batch, pending_batches, pull, take_batch

__all__ = [
    "Connector",
    "Page",
    "Problem",
    "Pulled",
    "Record",
    "finish_batch",
    "open_batch",
    "pending_batches",
    "pull",
    "take_batch",
]
