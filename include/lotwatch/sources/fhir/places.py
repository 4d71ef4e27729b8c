"""The hospital's Locations and Organizations as places and legal entities."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lotwatch.sources.connector import Record
from lotwatch.sources.fhir.privacy import raw
from lotwatch.sources.fhir.reading import Node, Resource
from lotwatch.sources.fhir.site import FhirSite

#: kinds of place by physical type (http://terminology.hl7.org/CodeSystem/location-physical-type); a site within a site
#: is a department of it
KINDS = {
    "si": "site", "bu": "site", "ho": "site", "wi": "department", "wa": "department", "lvl": "department",
    "co": "department", "ro": "department", "area": "department", "rd": "in_transit", "bd": "bin", "ca": "bin",
    "ve": "in_transit", "jdn": "region",
}  # fmt: skip
#: types of Organization (http://terminology.hl7.org/CodeSystem/organization-type) that use devices
USERS = frozenset({"prov", "govt", "edu"})


@dataclass(frozen=True, slots=True)
class Place:
    """A place as what refers to it needs it: its code, and its site's (None outside, and where nobody knows)."""

    code: str
    site_code: str | None


class Tree:
    """Everything that is a Location or an Organization there, the latest version of each."""

    def __init__(self, locations: Iterable[Resource], organizations: Iterable[Resource], site: FhirSite) -> None:
        self._site = site
        self._locations = {each.key: each for each in locations}
        self._organizations = {each.key: each for each in organizations}
        self._found: dict[str, Place] = {}

    def with_lost(self, lost: Iterable[Resource]) -> "Tree":
        """The tree with resources that are gone, as they were last."""
        kept = [*self._locations.values(), *self._organizations.values(), *lost]
        return Tree(
            [each for each in kept if each.kind == "Location"],
            [each for each in kept if each.kind == "Organization"],
            self._site,
        )

    def place(self, reference: str | None) -> Place | None:
        """The place that a reference names. One that is not known here is taken by its id."""
        if reference is None or not reference.startswith("Location/"):
            return None
        found = self._found.get(reference)
        if found is None:
            above = (each.key for each in self._upward(reference) if self._kind(each) == "site")
            nearest = next(above, None)
            found = self._found[reference] = Place(self._code(reference), self._code(nearest) if nearest else None)
        return found

    def knows(self, reference: str | None) -> bool:
        """Whether a reference names a place of the tree."""
        return reference in self._locations

    def locations(self) -> Iterator[tuple[Record, list[Resource]]]:
        """(a row of stage.location, whatever it depends on), parents first. A kind of place is none."""
        for location in self._parents_first():
            if location.root.text("mode") != "kind":
                organization = self._root(location.root.reference("managingOrganization"))
                depends = [*self._upward(location.key), *([organization] if organization else [])]
                yield self._location(location, organization), depends

    def legal_entities(self) -> Iterator[tuple[Record, list[Resource]]]:
        """(a row of stage.legal_entity, what it depends on). Part of another organization is none of its own."""
        for organization in self._organizations.values():
            if self._root(organization.key) is organization:
                yield self._legal_entity(organization), [organization]

    def _code(self, reference: str) -> str:
        return self._site.prefix + reference.partition("/")[2]

    def _location(self, location: Resource, organization: Resource | None) -> Record:
        root, site = location.root, self._site
        parent = root.reference("partOf")
        kind = self._kind(location)
        name = root.text("name")
        if name is None:
            root.wrong("name", "It has no name.")
        if any(above is location for above in list(self._upward(location.key))[1:]):
            root.wrong("partOf", "It is part of itself.")
        if not self._sound(location, self._locations):
            root.wrong("partOf", "What it is part of cannot be read: send it along, or let it be read.")
        managing = self._organizations.get(root.reference("managingOrganization") or "")
        if (
            self._organizations
            and "managingOrganization" in root.value
            and not (managing and not managing.problems and self._sound(managing, self._organizations))
        ):
            root.wrong("managingOrganization", "It, or what it is part of, cannot be read.")
        row = {
            "code": self._code(location.key),
            "name": name,
            "kind": kind,
            "parent_code": self._code(parent) if parent and parent.startswith("Location/") else None,
            "region": site.region,
            "time_zone": site.time_zone,
            "supplied_by": site.supplied_by if kind == "site" else None,
            "status": "unrestricted",
            "owner": "own",
            "active": not location.deleted and root.text("status") != "inactive",
            "legal_entity_code": self._code(organization.key) if organization else None,
        }
        return Record(location.key, raw(location.content, "Location"), row, tuple(location.problems))

    def _legal_entity(self, organization: Resource) -> Record:
        root = organization.root
        name = root.text("name")
        if name is None:
            root.wrong("name", "It has no name.")
        if not self._sound(organization, self._organizations):
            root.wrong("partOf", "What it is part of cannot be read: send it along, or let it be read.")
        types = [concept.code for kind in root.nodes("type") for concept in kind.concepts()]
        row = {
            "code": self._code(organization.key),
            "name": name,
            "country": _country(root) or self._site.country,
            "roles": ["user"] if USERS & set(types) else [],
            "active": not organization.deleted and root.flag("active") is not False,
        }
        return Record(organization.key, raw(organization.content, "Organization"), row, tuple(organization.problems))

    def _kind(self, location: Resource) -> str:
        above = list(self._upward(location.key))[1:]
        kind = self._own_kind(location)
        if kind is None:
            kind = "department" if above else "site"
        if kind == "site" and any((self._own_kind(each) or "site") == "site" for each in above):
            return "department"
        return kind

    def _own_kind(self, location: Resource) -> str | None:
        """By its physical type (R4) or form (R5), as the site's options or else this module has it."""
        physical = location.root.node("physicalType") or location.root.node("form")
        for concept in physical.concepts() if physical else []:
            kind = self._site.kinds.get(concept.code) or KINDS.get(concept.code)
            if kind:
                return kind
        return None

    def _upward(self, reference: str | None) -> Iterator[Resource]:
        """A location, then what it is part of, up to the root; a circle ends where it began, having come to it again."""
        seen: set[str] = set()
        while reference is not None and reference in self._locations:
            location = self._locations[reference]
            yield location
            if reference in seen:
                return
            seen.add(reference)
            reference = location.root.reference("partOf")

    def _root(self, reference: str | None) -> Resource | None:
        """The organization that an organization is part of in the end."""
        seen: set[str] = set()
        found = None
        while reference in self._organizations and reference not in seen:
            seen.add(reference)
            found = self._organizations[reference]
            reference = found.root.reference("partOf")
        return found

    def _sound(self, resource: Resource, known: Mapping[str, Resource]) -> bool:
        """Whether all that a resource is part of is known, and nothing of it is amiss."""
        seen: set[str] = set()
        while (above := resource.root.reference("partOf")) is not None and above not in seen:
            seen.add(above)
            if above not in known or known[above].problems:
                return False
            resource = known[above]
        return True

    def _parents_first(self) -> Iterator[Resource]:
        depth = {key: sum(1 for _ in self._upward(key)) for key in self._locations}
        return iter(sorted(self._locations.values(), key=lambda each: (depth[each.key], each.key)))


def outside(site: FhirSite) -> Iterator[Record]:
    """The hospital's own places outside it: what deliveries come from, and where what was used on patients is."""
    for code, given, name, kind in (
        (site.suppliers, site.supplier_place, "Suppliers", "supplier"),
        (site.patients, site.patient_place, "Patient use", "patient"),
    ):
        if given is None:
            row: Mapping[str, Any] = {
                "code": code,
                "name": f"{name} ({site.prefix.strip('-/ ') or 'FHIR'})",
                "kind": kind,
                "time_zone": site.time_zone,
                "status": "unrestricted",
                "owner": "own",
                "active": True,
            }
            yield Record(f"outside/{kind}", {"place of the outside world": kind}, row)


def _country(root: Node) -> str | None:
    """The country of an organization's address, in R4 or R5, where it is written as a code."""
    addresses = root.nodes("address") + [
        address for contact in root.nodes("contact") for address in contact.nodes("address")
    ]
    countries = (address.text("country") for address in addresses)
    return next((country for country in countries if country and len(country) == 2), None)
