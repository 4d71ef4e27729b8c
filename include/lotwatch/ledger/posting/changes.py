"""The queue of what changed and waits to be evaluated: written by triggers and by the posting statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from lotwatch.db import statistics
from lotwatch.db.query import query

#: so many item-sites are evaluated one by one, whatever there is; of more, when they are less than a tenth of all positions
_FEW = 1_000
_SHARE = 10


@dataclass(frozen=True, slots=True)
class Changes:
    """How many item-sites changed, beside how many positions there are, and whether something did that concerns
    `anything`."""

    anything: bool
    item_sites: int
    positions: int

    @property
    def are_many(self) -> bool:
        """Whether it is cheaper to look at everything."""
        return self.anything or (self.item_sites > _FEW and self.item_sites * _SHARE > self.positions)


def clear_changes(conn: psycopg.Connection) -> int:
    """Empty the queue, before a full sweep reads the facts; returns how many there were."""
    return conn.execute(query(__package__, "clear_changes")).rowcount


@contextmanager
def changed_items(conn: psycopg.Connection) -> Iterator[Changes]:
    """Take what waits off the queue; meanwhile the facts in `lotwatch_changed` are of those item-sites alone.

    Within a transaction, and read the facts in statements of their own: what commits after the queue was taken stays in
    it, and is read all the same.
    """
    with conn.cursor(row_factory=class_row(Changes)) as cursor:
        changes = cursor.execute(query(__package__, "take_changes")).fetchone()
    assert changes is not None  # noqa: S101 (the statement always answers one row)
    statistics.analyze(conn, "lotwatch", ["changed_item", "changed_item_site"])
    yield changes
    conn.execute(query(__package__, "forget_changed"))
