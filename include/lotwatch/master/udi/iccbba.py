"""ICCBBA: ISBT 128 data structures, as the ISBT 128 Standard Technical Specification (ST-001) gives them.

Read are the data structures that make up a UDI of medical devices of human origin (processor product identification
code 034, product divisions 032, donation identification number 001, expiration date 004, production date 008, MPHO lot
035; both dates also with a time) and of blood bags (container manufacturer and catalogue number, lot), one after another
or in a compound message (023). The donation number, which is the distinct identification code of a UDI, is kept among `others`
under its data identifier "=". Dates are CYYJJJ: century (0 is 2000, 9 is 1900), year, day of the year.
"""

import re
from datetime import date

from lotwatch.master.udi import dates
from lotwatch.master.udi.draft import Draft
from lotwatch.master.udi.model import Udi
from lotwatch.master.udi.text import GS, Text

_STRUCTURE = re.compile(
    r"""
    (?P<compound>=\+\d{5})
    | =/(?P<di>[A-Z0-9]{16}) | =,(?P<division>[A-Z0-9]{6}) | &,1(?P<lot>[A-Z0-9]{18})
    | =\)(?P<bag>[A-Z0-9]{10}) | &\)(?P<bag_lot>[A-Z0-9]{10})
    | =>(?P<expires>\d{6}) | &>(?P<expires_at>\d{10}) | =\}(?P<made>\d{6}) | &\}(?P<made_at>\d{10})
    | =(?P<donation>[A-NP-Z1-9][A-Z0-9]{4}\d{8}[A-Z0-9]{2})
    """,
    re.VERBOSE | re.ASCII,
)


def read(text: Text, as_of: date) -> Udi:
    """Read a text of ISBT 128 data structures; raises UdiError as `parse` does."""
    draft = Draft(text.raw, "ICCBBA", as_of)
    plain = text.without_space()
    index = 0
    while index < len(plain.chars):
        if plain.chars[index] == GS:
            index += 1
            continue
        found = _STRUCTURE.match(plain.chars, index)
        if not found or found.lastgroup is None:
            what = f"{plain.chars[index : index + 20]!r} is no data structure of a UDI of ICCBBA"
            plain.refuse(index, what, "Scan the UDI again, or type it as printed, with its signs.")
        _note(found.lastgroup, found[found.lastgroup], plain.place(index), draft)
        index = found.end()
    return draft.finish()


def _note(structure: str, value: str, place: int, draft: Draft) -> None:
    match structure:
        case "di" | "bag":
            draft.set("di", value, place)
        case "lot" | "bag_lot":
            draft.set("lot_number", value, place)
        case "division":
            draft.set("serial_number", value, place)
        case "donation":
            draft.keep("=", value)
        case "made" | "made_at":
            draft.manufactured(_cyyjjj(value[:6]), "=}", value, place)
        case "expires":
            draft.expires(_cyyjjj(value), "=>", value)
        case "expires_at":
            draft.expires_at(_cyyjjj(value[:6]), value[6:], "&>", value)


def _cyyjjj(digits: str) -> date | None:
    year = (1900 if digits[0] == "9" else 2000 + 100 * int(digits[0])) + int(digits[1:3])
    return dates.day_of_year(year, int(digits[3:]))
