"""How one hospital uses FHIR: what the standard leaves open is configuration here."""

from typing import Literal
from zoneinfo import available_timezones

from pydantic import Field, field_validator

from lotwatch.config import Strict

Version = Literal["R4", "R5"]
#: what records that something was used: DeviceUsage (R4: DeviceUseStatement), DeviceDispense (R5), Procedure
Usage = Literal["usage", "dispense", "procedure"]


class FhirSite(Strict):
    """The options of a FHIR source.

    `version` null: as the server's CapabilityStatement says. `prefix` comes before the ids of Locations and
    Organizations, so that they are codes of this hospital alone. `time_zone` is that of its places and of days without
    one. `kinds` says which kind of place a physical type is where our reading of it does not fit. `supplied_by` and
    `region` are those of its sites. `supplier_place` and `patient_place` are codes of places that are known; null: the
    hospital gets its own. `item_systems` are code systems whose codes are our items' (or lead to them by a cross
    reference). `usage_from` names what records use: several only where none tells what another has told. `served_by` is
    the site that serves requests that name none. `case_system`: identifiers of this system in a subject are case
    references that the hospital itself has encrypted. `understood_modifiers` are modifier extensions that change nothing
    of what is read here. `each` are units that mean one.
    """

    version: Version | None = None
    page_size: int = Field(default=200, ge=1, le=1000)
    overlap_minutes: float = Field(default=10, ge=0)
    prefix: str = ""
    time_zone: str = "UTC"
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    region: str | None = None
    supplied_by: Literal["supplier", "transfer"] | None = None
    kinds: dict[str, Literal["network", "region", "site", "department", "bin", "in_transit", "scrap"]] = Field(
        default={}
    )
    supplier_place: str | None = None
    patient_place: str | None = None
    item_systems: frozenset[str] = frozenset()
    usage_from: tuple[Usage, ...] = ("usage",)
    served_by: str | None = None
    case_system: str | None = None
    understood_modifiers: frozenset[str] = frozenset()
    each: frozenset[str] = frozenset({"1", "{each}", "{unit}", "{piece}", "each", "ea", "EA", "unit", "pcs"})

    @field_validator("time_zone")
    @classmethod
    def known_zone(cls, zone: str) -> str:
        """The zone must be one that the time-zone database knows."""
        if zone not in available_timezones():
            raise ValueError(f"no such time zone: {zone}")
        return zone

    @property
    def suppliers(self) -> str:
        """The code of the place outside that deliveries come from."""
        return self.supplier_place or f"{self.prefix}SUPPLIERS"

    @property
    def patients(self) -> str:
        """The code of the place outside where what was used on patients is."""
        return self.patient_place or f"{self.prefix}PATIENTS"
