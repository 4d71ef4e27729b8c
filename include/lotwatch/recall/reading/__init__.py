"""Notice text into clauses: which devices, which lots and serials, in the notice's own words, and what was not understood."""

from lotwatch.recall.reading.model import Clause, Dates, Range, identifier_key, kept, near_key, number_key
from lotwatch.recall.reading.read import EDITION, FIELDS, read, standing

__all__ = [
    "EDITION",
    "FIELDS",
    "Clause",
    "Dates",
    "Range",
    "identifier_key",
    "kept",
    "near_key",
    "number_key",
    "read",
    "standing",
]
