"""Lists as CSV for spreadsheets."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice

_ROWS_AT_ONCE = 500


def csv_text(heading: Sequence[object], rows: Iterator[list[object]]) -> Iterator[str]:
    """CSV in portions of some hundred rows; text that a spreadsheet would run as a formula is marked as text."""
    portion: list[Sequence[object]] = [heading, *islice(rows, _ROWS_AT_ONCE)]
    mark = "\ufeff"
    while portion:
        text = io.StringIO()
        csv.writer(text).writerows([_cell(value) for value in row] for row in portion)
        yield mark + text.getvalue()
        mark, portion = "", list(islice(rows, _ROWS_AT_ONCE))


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, date | datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) else text
