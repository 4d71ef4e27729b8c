"""What a UDI label says."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

Agency = Literal["GS1", "HIBCC", "ICCBBA", "MA", "AHM"]

_DESCRIBED = (
    *("agency", "di", "lot_number", "serial_number", "manufactured_on", "usable_through"),
    *("quantity", "sscc", "content_di", "package_level"),
)


class UdiWarning(NamedTuple):
    """Something on the label that a person should know: what was read may still be used."""

    code: str
    en: str
    zh: str


@dataclass(frozen=True)
class Udi:
    """One label, or as much of it as one scan carries (`di` is None on a label of production data alone).

    `raw` is the text exactly as read. Lots and serials are as on the label: leading zeros and lower case are kept.
    `usable_through` is the last day of use, inclusive. `quantity` counts what the package holds. `content_di` says what
    a logistic unit (`sscc`) contains. `package_level` is the agency's own indicator: for GS1 the first digit of a
    GTIN-14 (0: no level stated, 1-8: levels, 9: variable measure), for HIBC the unit of measure (0: unit of use, 1-8:
    levels, 9: variable quantity), for MA the package digit. `others` are the elements with no field of their own, by
    the agency's identifier, in the order of the label.
    """

    raw: str
    agency: Agency
    di: str | None = None
    lot_number: str | None = None
    serial_number: str | None = None
    manufactured_on: date | None = None
    usable_through: date | None = None
    quantity: int | None = None
    sscc: str | None = None
    content_di: str | None = None
    package_level: int | None = None
    others: tuple[tuple[str, str], ...] = ()
    warnings: tuple[UdiWarning, ...] = ()


def describe(udi: Udi) -> list[tuple[str, str]]:
    """Return what the label says as (field, value) for a person to read; fields it does not carry are left out."""
    said = [(field, str(value)) for field in _DESCRIBED if (value := getattr(udi, field)) is not None]
    return said + list(udi.others)
