"""Pages by offset, of a list that may change while it is read.

The list is asked for in the order of its key, so what is changed stays where it is; what is deleted moves the rest up.
Hence each page begins with the last rows of the page before: where none of them is in its place (one alone may have
been garbled), the list has moved, and is read again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.tables import values
from lotwatch.sources.tables.mapper import getter, join_key

Row = Mapping[str, Any]
_RESTARTS = 3
_SEAM = 3


def as_rows(found: Sequence[Any]) -> list[Row]:
    """What a list holds as rows: what is none becomes a row without a key, so that it is told and not lost."""
    return [row if isinstance(row, Mapping) else {"unreadable": row} for row in found]


def key_reader(names: Sequence[str]) -> Callable[[Row], str]:
    """Tells rows apart by their key, or by all they say where they have none."""
    parts = [getter(name) for name in names]

    def key(row: Row) -> str:
        told = [values.text_of(get(row)) for get in parts]
        return join_key(told) if any(told) else repr(row)

    return key


class _MovedError(Exception):
    """The list has moved under the reading."""


def offset_pages(
    fetch: Callable[[int], tuple[Sequence[Row], bool]], key_of: Callable[[Row], str], where: str
) -> Iterator[list[Row]]:
    """The pages of a list; a row may come more than once.

    `fetch(offset)` returns rows from an offset on, and whether the server says that there are more behind them (False:
    it does not say). Raises SourceError, to be tried again, for a list that never holds still.
    """
    for _ in range(_RESTARTS):
        try:
            yield from _once(fetch, key_of)
        except _MovedError:
            continue
        return
    raise SourceError(
        "Rows were deleted again and again while the list was read", where=where,
        do="nothing, if it passes; otherwise read it when it is quieter", retry=True,
    )  # fmt: skip


def _once(fetch: Callable[[int], tuple[Sequence[Row], bool]], key_of: Callable[[Row], str]) -> Iterator[list[Row]]:
    offset = 0
    tail: list[str] = []
    while True:
        rows, more = fetch(offset - len(tail))
        distinct = {key_of(row): row for row in rows}  # what is sent twice is one row, and counts as one
        if tail and not any(again == before for again, before in zip(distinct, tail, strict=False)):
            raise _MovedError
        fresh = {key: row for place, (key, row) in enumerate(distinct.items()) if place >= len(tail)}
        if not fresh:
            if more:
                raise _MovedError
            return
        yield list(fresh.values())
        offset += len(fresh)
        # shorter than what the server gives at once, so that a page that brings nothing new is the end
        seam = min(_SEAM, len(distinct) - 1)
        tail = [*tail, *fresh][-seam:] if seam else []
