"""How one site uses Tryton: what is configuration there is configuration here."""

import re
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from lotwatch.config import Strict


class TrytonSite(Strict):
    """The names a site gives to places and attributes, and how it is read. Patterns are searched in location codes.

    `time_zones` maps the code of a region or a warehouse to an IANA zone; others are in the company's zone.
    `countries` maps such codes to ISO 3166-1 alpha-2: the law of which country holds there.
    `attributes` maps our name of a device attribute to the product attribute's name where they differ.
    `overlap_minutes` is re-read at every pull: it must exceed the longest transaction, since stamps are its start, and
    what Tryton's web server's clock is ahead of its database's.
    `shelf_life_is_sterility`: a lot's shelf life date is that of its sterile barrier, for which Tryton has no field.
    `stock_levels`: state what Tryton itself says is where, every `stock_level_hours`, to be compared with our positions.
    `reconciled_days`: how long a movement is remembered, to be taken back when Tryton has it no more.
    """

    page_size: int = Field(default=2000, ge=1, le=10_000)
    overlap_minutes: float = Field(default=10, ge=0)
    time_zones: dict[str, str] = Field(default={})
    countries: dict[str, Annotated[str, Field(pattern="^[A-Z]{2}$")]] = Field(default={})
    inspection_locations: re.Pattern[str] = re.compile(r"(^|-)(INSP|QC|QUARANTINE)$")
    blocked_locations: re.Pattern[str] = re.compile(r"(^|-)(BLOCKED|REJECTED)$")
    loaner_locations: re.Pattern[str] = re.compile(r"(^|-)LOANERS?$")
    lot_serial_separator: str = Field(default="/", min_length=1)
    attributes: dict[str, str] = Field(default={})
    shelf_life_is_sterility: bool = False
    stock_levels: bool = False
    stock_level_hours: float = Field(default=20, ge=0)
    reconciled_days: int = Field(default=35, ge=1)

    @field_validator("time_zones")
    @classmethod
    def known_zones(cls, zones: dict[str, str]) -> dict[str, str]:
        """Every zone must be one that the time-zone database knows."""
        unknown = sorted(set(zones.values()) - available_timezones())
        if unknown:
            raise ValueError(f"no such time zone: {', '.join(unknown)}")
        return zones

    def attribute(self, name: str) -> str:
        """The name of a device attribute in Tryton."""
        return self.attributes.get(name, name)
