"""Tryton's location tree as ours: regions, sites, departments, bins, and the outside world."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from lotwatch.sources.tryton.site import TrytonSite

FIELDS = (
    "code", "name", "type", "parent", "active", "consignment_party", "waste_warehouses", "create_date", "write_date",
    "input_location", "storage_location", "picking_location", "output_location",
)  # fmt: skip

#: of a warehouse, where its own store is: no department's, whatever lies under it
ZONES = ("input_location", "storage_location", "picking_location", "output_location")

#: where goods are that are in none of our warehouses, by Tryton's type
OUTSIDE = {
    "supplier": "supplier",
    "customer": "patient",
    "rental": "patient",
    "lost_found": "adjustment",
    "production": "adjustment",
    "drop": "in_transit",
    "storage": "in_transit",
    "view": "network",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A location as the rest of the connector needs it. `site` and `region` are codes, or None outside."""

    code: str
    name: str
    kind: str
    parent: str | None
    site: str | None
    region: str | None
    time_zone: str
    country: str | None
    supplied_by: str | None
    status: str
    owner: str
    active: bool


class Places:
    """The tree, from all records of `stock.location` and the warehouses that another warehouse supplies."""

    def __init__(
        self, records: Iterable[dict[str, Any]], supplied: set[int], site: TrytonSite, company_zone: str
    ) -> None:
        self.records = {record["id"]: record for record in records}
        self._supplied, self._site, self._company_zone = supplied, site, company_zone
        self._zones = {record[zone] for record in self.records.values() for zone in ZONES if record.get(zone)}
        self._children: defaultdict[int, list[int]] = defaultdict(list)
        for record in self.records.values():
            if record["parent"] is not None:
                self._children[record["parent"]].append(record["id"])
        self._places = {identity: self._place(identity) for identity in self.records}

    def __getitem__(self, identity: int) -> Place:
        return self._places[identity]

    def __contains__(self, identity: int) -> bool:
        return identity in self._places

    def zone_of_move(self, source: int, destination: int) -> ZoneInfo:
        """The zone of the site that goods move to, else of the one they come from."""
        place = self[destination] if self[destination].site else self[source]
        return ZoneInfo(place.time_zone)

    def parents_first(self) -> Iterator[int]:
        """Every location's id, parents before their children."""
        waiting = sorted(identity for identity, record in self.records.items() if record["parent"] not in self.records)
        for identity in waiting:  # grows while it is walked
            yield identity
            waiting.extend(sorted(self._children[identity]))

    def line_to_root(self, identity: int) -> Iterator[Mapping[str, Any]]:
        """A location's record, then its parents' up to the root."""
        above: int | None = identity
        while above in self.records:
            yield self.records[above]
            above = self.records[above]["parent"]

    def _place(self, identity: int) -> Place:
        record = self.records[identity]
        line = list(self.line_to_root(identity))
        warehouse = next((above for above in line if above["type"] == "warehouse"), None)
        region = next((above for above in line if self._is_region(above)), None)
        parent = line[1] if len(line) > 1 else None
        inside = line[: line.index(warehouse)] if warehouse else [record]
        return Place(
            code=code_of(record),
            name=record["name"],
            kind=self._kind(record, warehouse),
            parent=code_of(parent) if parent else None,
            site=code_of(warehouse) if warehouse else None,
            region=code_of(region) if region else None,
            time_zone=self._told(self._site.time_zones, warehouse, region) or self._company_zone,
            country=self._told(self._site.countries, warehouse, region),
            supplied_by=None if record is not warehouse else "transfer" if identity in self._supplied else "supplier",
            status=self._status(inside),
            owner=self._owner(inside, warehouse),
            active=record["active"],
        )

    def _is_region(self, record: Mapping[str, Any]) -> bool:
        children = self._children[record["id"]]
        return record["type"] == "view" and any(self.records[child]["type"] == "warehouse" for child in children)

    def _kind(self, record: Mapping[str, Any], warehouse: Mapping[str, Any] | None) -> str:
        """A place with places under it is a department unless it is the warehouse's own store; one without is a bin. Outside,
        Tryton's type tells."""
        if record["type"] == "warehouse":
            return "site"
        if warehouse:
            return "department" if self._children[record["id"]] and record["id"] not in self._zones else "bin"
        if self._is_region(record):
            return "region"
        if record["type"] == "lost_found" and record["waste_warehouses"]:
            return "scrap"
        return OUTSIDE[record["type"]]

    def _told(
        self, told: Mapping[str, str], warehouse: Mapping[str, Any] | None, region: Mapping[str, Any] | None
    ) -> str | None:
        """What the configuration tells of a warehouse, else of its region."""
        named = (told.get(code_of(place)) for place in (warehouse, region) if place)
        return next((value for value in named if value), None)

    def _status(self, inside: Iterable[Mapping[str, Any]]) -> str:
        """What lies in an inspection or blocked place, or anywhere under it, has that status."""
        for status, pattern in (
            ("blocked", self._site.blocked_locations),
            ("inspection", self._site.inspection_locations),
        ):
            if any(matches(pattern, record) for record in inside):
                return status
        return "unrestricted"

    def _owner(self, inside: Iterable[Mapping[str, Any]], warehouse: Mapping[str, Any] | None) -> str:
        if warehouse and any(record["consignment_party"] is not None for record in inside):
            return "consigned"
        return "loaned" if any(matches(self._site.loaner_locations, record) for record in inside) else "own"


def matches(pattern: re.Pattern[str], record: Mapping[str, Any]) -> bool:
    """Whether a location's code fits a pattern."""
    return pattern.search(record["code"] or "") is not None


def code_of(record: Mapping[str, Any]) -> str:
    """A location's code; Tryton asks for none, so one without is known by its id."""
    return record["code"] or f"#{record['id']}"
