"""What a record's references lead to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from zoneinfo import ZoneInfo

from lotwatch.sources.fhir import devices
from lotwatch.sources.fhir.devices import Thing
from lotwatch.sources.fhir.places import Place
from lotwatch.sources.fhir.privacy import Seal
from lotwatch.sources.fhir.reading import Node, Resource
from lotwatch.sources.fhir.site import FhirSite


class Places(Protocol):
    """Finds places by reference."""

    def place(self, reference: str | None) -> Place | None: ...

    def knows(self, reference: str | None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Around:
    """The site's options, its places, its seal, and the resources that the records at hand refer to, by "Type/id".

    `appointments` are those of a ServiceRequest, by its key; of those in `doubtful` not all could be read. What is of a type
    in `offered` can be looked up: that it is not known then is a problem of who refers to it.
    """

    site: FhirSite
    places: Places
    seal: Seal
    known: Mapping[str, Resource]
    offered: Collection[str]
    appointments: Mapping[str, list[Resource]] = field(default_factory=dict)
    doubtful: Collection[str] = ()
    _things: dict[str, Thing | str] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """In which days are meant."""
        return ZoneInfo(self.site.time_zone)

    def device(self, reference: str, resource: Resource, path: str) -> Thing | None:
        """What the Device that a resource refers to is; None, and a problem of the resource, when that is not known."""
        found = self._things.get(reference) or self._device(reference, resource)
        if not reference.startswith("#"):
            self._things[reference] = found
        if isinstance(found, Thing):
            return found
        resource.root.wrong(path, f"Its {_shown(reference)} {found}")
        return None

    def _device(self, reference: str, resource: Resource) -> Thing | str:
        if reference.startswith("#"):
            within = next((each for each in resource.contained() if each.text("id") == reference[1:]), None)
            if within is None:
                return "is not contained in it."
        else:
            known = self.known.get(reference)
            if known is None or known.kind != "Device":
                return "cannot be read: send it along, or let it be read."
            within = known.root
        found, problems = devices.contained(within, self.site)
        return found or f"cannot be used: {problems[0].field}: {problems[0].reason}"

    def item(self, node: Node, names: tuple[str, str, str], resource: Resource) -> Thing | None:
        """The item of a choice (CodeableConcept, Reference, CodeableReference in R5); None with a problem."""
        concept_name, reference_name, either_name = names
        either = node.node(either_name)
        reference = node.reference(reference_name) or (either.target() if either else None)
        path = f"{node.path}.{reference_name if reference_name in node.value else either_name}"
        if reference is not None and reference.startswith(("Device/", "#", "urn:")):
            return self.device(reference, resource, path.partition(".")[2])
        concept = node.node(concept_name) or either
        found = devices.of_concepts(concept.concepts(), self.site) if concept else None
        if found is None:
            name = concept_name if concept_name in node.value else either_name
            node.wrong(name, "No code there names an item: name the system of its codes in item_systems.")
        return found

    def find(self, reference: str | None, kind: str, resource: Resource, path: str) -> Resource | None:
        """The resource of a type that a reference names. That it cannot be read is a problem: without it something else
        would be told."""
        if reference is None or not reference.startswith((f"{kind}/", "urn:")):
            return None
        found = self.known.get(reference)
        if found is not None and found.kind == kind and not found.problems and reference not in self.doubtful:
            return found
        if kind in self.offered and (found is None or found.kind == kind):
            resource.root.wrong(path, f"Its {kind} cannot be read: send it along, or let it be read.")
        return None

    def case(self, resource: Resource, name: str) -> str | None:
        """The case a resource is about: as the hospital has encrypted it, or sealed here; None without a key."""
        subject = resource.root.node(name)
        if subject is None:
            return None
        identifier = subject.node("identifier")
        if identifier and self.site.case_system and identifier.text("system") == self.site.case_system:
            return identifier.text("value")
        return self.seal.close(subject.target())


def _shown(reference: str) -> str:
    kind, _, identity = reference.partition("/")
    return f"{kind}/{identity}" if kind == "Device" else "Device" if reference.startswith("#") else kind[:40]
