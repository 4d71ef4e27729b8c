"""What a scanned label says, filled into the record that brings it: by whatever source, in whatever syntax."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from lotwatch.errors import UdiError
from lotwatch.master import udi
from lotwatch.sources.connector import Record


def labelled(record: Record, columns: Collection[str], as_of: date) -> Record:
    """The record with what its `udi` says in the columns of its entity that it leaves open.

    What the record states itself stays; whether the two agree is checked when the goods are received. A label that cannot
    be read leaves the record as it is, with the text that was scanned. `as_of` settles the century of two-digit years.
    """
    row = record.row
    raw = row.get("udi")
    if not raw or "udi" not in columns:
        return record
    try:
        label = udi.parse(raw, as_of)
    except UdiError:
        return record
    said: dict[str, object] = {
        "udi_di": label.di,
        "lot_number": label.lot_number,
        "manufactured_on": label.manufactured_on,
        "usable_through": label.usable_through,
    }
    if _is_one_unit(row.get("quantity"), row.get("lot_number")):
        said["serial_number"] = label.serial_number
    open_ = {
        name: value for name, value in said.items() if value is not None and name in columns and row.get(name) is None
    }
    return replace(record, row={**row, **open_}) if open_ else record


def _is_one_unit(quantity: object, lot_number: object) -> bool:
    """Whether the record is about the unit that was scanned, and not about its lot or several units of it."""
    return quantity == 1 or (quantity is None and lot_number is None)
