"""The two agencies of China beside GS1: MA (ZIIOT, IDcode) and AHM (Ali Health).

MA, by the IDcode coding manual for medical devices (医疗器械唯一标识 MA(IDcode) 编码手册): the device identifier is
MA.<country>.M0.<registrant, 6>.<product>, product being package digit, item and check character; then come units of a
dot, a letter and a value: L lot, S serial, M (formerly P) production date, V the last day of use (有效期), E the day on
which it has expired (失效期, so the day before is the last), D sterilisation lot, C check character. Dates are YYMMDD or
YYYYMMDD. The check characters are ZIIOT's own and not verified here. A web address may precede the code.

AHM: its coding rules are not public. A number of twenty digits that begins with 8 is taken for its device identifier,
with a warning; production data is not read.
"""

import re
from datetime import date, timedelta

from lotwatch.master.udi import dates
from lotwatch.master.udi.draft import Draft
from lotwatch.master.udi.model import Udi
from lotwatch.master.udi.text import Text, refuse

_MA = re.compile(
    r"(?:https?://[^\s=]*?[/=])?(MA\.\d{3}\.M0\.[0-9A-Za-z]{6}\.([0-9A-Za-z]{8,16}))((?:\.[^.\s]+)*)", re.ASCII
)
_AHM = re.compile(r"8\d{19}", re.ASCII)


def is_ma(chars: str) -> bool:
    """Say whether a text is in MA's syntax."""
    return bool(re.match(r"(https?://\S*[/=])?MA\.\d{3}\.", chars))


def is_ahm(chars: str) -> bool:
    """Say whether a text can only be a device identifier of AHM."""
    return bool(_AHM.fullmatch(chars))


def read_ma(text: Text, as_of: date) -> Udi:
    """Read a text in MA's syntax; raises UdiError as `parse` does."""
    draft = Draft(text.raw, "MA", as_of)
    plain = text.without_space()
    found = _MA.fullmatch(plain.chars)
    if not found:
        do = "Scan it again, or type it as printed: MA.156.M0.<registrant>.<product>, then the units."
        plain.refuse(0, "The text begins like a UDI of MA but is none", do)
    draft.set("di", found[1])
    if found[2][0].isdigit():
        draft.set("package_level", int(found[2][0]))
    for unit in re.finditer(r"\.([^.])([^.]*)", found[3]):
        _note(unit[1], unit[2], plain.place(found.start(3) + unit.start()), draft)
    return draft.finish()


def read_ahm(text: Text, as_of: date) -> Udi:
    """Read a device identifier of AHM."""
    draft = Draft(text.raw, "AHM", as_of)
    draft.set("di", text.without_space().chars)
    draft.warn("production_data_unread")
    return draft.finish()


def _note(unit: str, value: str, place: int, draft: Draft) -> None:
    if not value:
        refuse(draft.raw, place, f"The unit .{unit} has no value", "Scan the UDI again, or type it as printed.")
    match unit:
        case "L":
            draft.set("lot_number", value, place)
        case "S":
            draft.set("serial_number", value, place)
        case "M" | "P":
            draft.manufactured(_date(value, draft.as_of), f".{unit}", value, place)
        case "V":
            draft.expires(_date(value, draft.as_of), ".V", value)
        case "E":
            expired_on = _date(value, draft.as_of)
            draft.expires(expired_on - timedelta(days=1) if expired_on else None, ".E", value)
        case _:
            draft.keep(unit, value)


def _date(digits: str, as_of: date) -> date | None:
    return dates.yymmdd(digits, as_of) or dates.yyyymmdd(digits)
