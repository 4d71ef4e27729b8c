"""What other systems push: kept as received, then read into batches; nothing that was accepted is ever lost.

The table is the truth; a notification only wakes. A body that cannot be read at all stays with its error.
"""

from lotwatch.sources.inbox.drain import Pushed, Unreadable, draining, read_bodies, refuse_source, stage_pushed
from lotwatch.sources.inbox.keep import CHANNEL, Body, Receipt, announce, backlog, receive, waiting_sources
from lotwatch.sources.inbox.look import Kept, body_of, forget, list_bodies, replay

__all__ = [
    "CHANNEL",
    "Body",
    "Kept",
    "Pushed",
    "Receipt",
    "Unreadable",
    "announce",
    "backlog",
    "body_of",
    "draining",
    "forget",
    "list_bodies",
    "read_bodies",
    "receive",
    "refuse_source",
    "replay",
    "stage_pushed",
    "waiting_sources",
]
