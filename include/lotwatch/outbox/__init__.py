"""What must leave the house is written here in the transaction that decided it; `delivery` sends it."""

from lotwatch.outbox.queue import (
    Kind,
    Row,
    claim,
    close,
    close_as_sent,
    enqueue,
    note_payload,
    put_back,
    release,
    try_again,
)

__all__ = [
    "Kind",
    "Row",
    "claim",
    "close",
    "close_as_sent",
    "enqueue",
    "note_payload",
    "put_back",
    "release",
    "try_again",
]
