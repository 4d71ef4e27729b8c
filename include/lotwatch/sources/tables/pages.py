"""Pages by offset, of a list that may change while it is read.

The list is asked for in the order of its key, so what is changed stays where it is; what is deleted moves the rest up.
Hence each page begins with the last row of the page before: where that is not so, the list has moved, and is read again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.tables import values
from lotwatch.sources.tables.mapper import getter, join_key

Row = Mapping[str, Any]
_RESTARTS = 3


def as_rows(found: Sequence[Any]) -> list[Row]:
    """What a list holds as rows: what is none becomes a row without a key, so that it is told and not lost."""
    return [row if isinstance(row, Mapping) else {"unreadable": row} for row in found]


def key_reader(names: Sequence[str]) -> Callable[[Row], str]:
    """Tells rows apart by their key, or by all they say where a part of it is missing."""
    parts = [getter(name) for name in names]

    def key(row: Row) -> str:
        told = [values.text_of(get(row)) for get in parts]
        return join_key(told) if all(told) else repr(row)

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
    offset, last = 0, ""
    while True:
        rows, more = fetch(max(offset - 1, 0))
        distinct = {key_of(row): row for row in rows}  # what is sent twice is one row, and counts as one
        if offset and (not distinct or next(iter(distinct)) != last):
            raise _MovedError
        fresh = [row for key, row in distinct.items() if not (offset and key == last)]
        if not fresh:
            if more:
                raise _MovedError
            return
        yield fresh
        offset += len(fresh)
        last = key_of(fresh[-1])
