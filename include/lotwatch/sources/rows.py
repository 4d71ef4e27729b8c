"""Reads what is pushed in our own terms: for systems that can be taught, and for programs of one's own.

    {"events": [{"entity": "movement", "source_key": "WMS-4711", "row": {"item_code": "I1", "quantity": 5, ...}}]}

`row` holds the entity's fields as its staging table has them; moments with their zone, numbers as numbers or as text.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Problem, Receiver, Record

_LONGEST_KEY = 500
_FIELDS = {"entity", "source_key", "row"}


def receiver() -> Receiver:
    """A Receiver of bodies of rows. It has no options."""
    return read


def read(body: Any) -> Iterator[tuple[str, Record]]:
    """The records of a body. Raises SourceError for a body, or an event, that is nothing of this kind.

    An event without an identity becomes a record with a problem: nothing could tell it from the next one.
    """
    events = body.get("events") if isinstance(body, Mapping) else None
    if not isinstance(events, list):
        raise SourceError('The body holds no list "events"', do='send {"events": [...]}, see docs/push.md')
    for number, event in enumerate(events, start=1):
        yield _record(event, f"event {number}")


def _record(event: Any, where: str) -> tuple[str, Record]:
    if not isinstance(event, Mapping) or not isinstance(event.get("entity"), str):
        raise SourceError("The event names no entity", where=where, do="send entity, source_key and row")
    row = event.get("row")
    if not isinstance(row, Mapping) or not event.keys() <= _FIELDS:
        raise SourceError("The event is not entity, source_key and row", where=where, do="see docs/push.md")
    key = event.get("source_key")
    if isinstance(key, str) and key.strip() and len(key) <= _LONGEST_KEY:
        return event["entity"], Record(key, event, row)
    digest = sha256(json.dumps(event, default=str, sort_keys=True).encode()).hexdigest()[:24]
    problem = Problem("source_key", f"an event needs an identity, a text of 1 to {_LONGEST_KEY} characters")
    return event["entity"], Record(f"unnamed {digest}", event, {}, (problem,))
