"""Notice text into clauses, which devices, lots and serials are meant, and into what is asked for: in the notice's own words,
with what was not understood."""

from lotwatch.recall.reading.asking import Ask, asks, decided
from lotwatch.recall.reading.model import Clause, Dates, Range, kept, may_be_of
from lotwatch.recall.reading.numbers import identifier_key, like, near_key, number_key, stems, trade_item_of
from lotwatch.recall.reading.read import EDITION, FIELDS, STRICT, lot_list, prose, read, spoken, standing

__all__ = [
    "EDITION",
    "FIELDS",
    "STRICT",
    "Ask",
    "Clause",
    "Dates",
    "Range",
    "asks",
    "decided",
    "identifier_key",
    "kept",
    "like",
    "lot_list",
    "may_be_of",
    "near_key",
    "number_key",
    "prose",
    "read",
    "spoken",
    "standing",
    "stems",
    "trade_item_of",
]
