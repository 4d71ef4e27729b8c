"""The connector: what is read of a FHIR server for each entity, and how it resumes."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Login, Page, Problem, Record
from lotwatch.sources.fhir import requests, supply, usage
from lotwatch.sources.fhir.around import Around
from lotwatch.sources.fhir.devices import lot
from lotwatch.sources.fhir.events import Told, movements, unique
from lotwatch.sources.fhir.places import Tree, outside
from lotwatch.sources.fhir.privacy import Seal, raw
from lotwatch.sources.fhir.reading import Resource, local, read, stamp
from lotwatch.sources.fhir.server import FhirServer
from lotwatch.sources.fhir.site import FhirSite

#: (the versions of a resource, the oldest first or the last alone; what it refers to) -> rows of one entity
Mapper = Callable[[Sequence[Resource], Around], Iterable[Record]]

#: a record that could not be mapped is asked for again in so many pulls: what spoiled it may have passed
TRIES = 3
#: and so many of them at most
AGAIN = 5_000
#: types whose resources a mapper looks at when a record refers to them
REFERRED = ("Device", "SupplyRequest", "ServiceRequest", "Procedure", "Appointment")
_SECOND = timedelta(seconds=1)


def _lots(versions: Sequence[Resource], around: Around) -> Iterator[Record]:
    device = versions[-1]
    found = lot(device, around.site)
    if found is not None:
        yield (
            found
            if len(set(found.problems)) == len(found.problems)
            else Record(found.source_key, found.raw, found.row, unique(found.problems))
        )
    elif device.problems:
        yield Record(device.key, raw(device.content, "Device"), {}, unique(device.problems))


def readings(site: FhirSite) -> dict[str, dict[str, Mapper]]:
    """Entity -> resource type -> what makes rows of it, in the order in which they depend on one another."""
    used: dict[str, dict[str, Told]] = {
        "usage": {"DeviceUsage": usage.usages, "DeviceUseStatement": usage.usages},
        "dispense": {"DeviceDispense": usage.dispenses},
        "procedure": {"Procedure": usage.procedures},
    }
    told: dict[str, Told] = {"SupplyDelivery": supply.deliveries}
    for name in site.usage_from:
        told |= used[name]
    return {
        "lot": {"Device": _lots},
        "movement": {kind: _movements(each) for kind, each in told.items()},
        "demand_line": {
            "SupplyRequest": _last(requests.supply),
            "DeviceRequest": _last(requests.device),
            "Procedure": requests.procedure,
        },
        "delivery_line": {"SupplyDelivery": _last(supply.delivery_lines)},
    }


def _movements(told: Told) -> Mapper:
    return lambda versions, around: movements(versions, told, around)


def _last(of_one: Callable[[Resource, Around], Iterable[Record]]) -> Mapper:
    return lambda versions, around: of_one(versions[-1], around)


@dataclass(slots=True)
class _Progress:
    """A cursor: how far was read, how far the pull before it had come, what is asked for again, which places were told."""

    since: datetime | None
    before: datetime | None
    again: dict[str, int]
    told: list[str]

    @classmethod
    def of(cls, cursor: Mapping[str, Any] | None) -> "_Progress":
        known = cursor or {}
        return cls(
            stamp(known.get("since")),
            stamp(known.get("before")),
            dict(known.get("again", {})),
            list(known.get("told", [])),
        )

    def start(self, until: datetime | None, overlap: timedelta) -> datetime | None:
        """From when on to read. A clock that went back was wrong then or is now: the pull before is read again, too."""
        if self.since is None:
            return None
        start = self.since if until is None or until >= self.since else self.before
        return start - overlap if start else None

    def cursor(self, until: datetime | None, again: dict[str, int], *, lost: bool, told: list[str]) -> dict[str, Any]:
        """Where the next pull resumes; where this one did if it lost a record that has no name to ask for."""
        since, before = (self.since, self.before) if lost else (until or self.since, self.since)
        return {
            "since": since.isoformat() if since else None,
            "before": before.isoformat() if before else None,
            "again": dict(list(again.items())[-AGAIN:]),
            "told": told,
        }


class FhirConnector:
    """Reads one hospital. `options` are the fields of `FhirSite`; the login's extra holds `case_key`. Raises SourceError.

    A cursor is `{"since": stamp}`, what the server's clock showed when the last pull began, with what could not be mapped
    and is asked for again. What changes while a pull reads is left to the next one.
    """

    entities: tuple[str, ...] = ("legal_entity", "location", "lot", "movement", "demand_line", "delivery_line")

    def __init__(self, login: Login, site: FhirSite) -> None:
        self.site = site
        self._server = FhirServer(login, site)
        self._seal = Seal(str(login.extra.get("case_key", "")))
        self._overlap = timedelta(minutes=site.overlap_minutes)
        self._readings = readings(site)
        self._tree: Tree | None = None
        self.nameless: dict[str, list[Any]] = {}

    def server_time(self) -> datetime | None:
        """What the server's clock shows; asks for a resource too, since anybody may ask what a server can do."""
        moment = self._server.clock()
        self._server.can_read("Location")
        return moment

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """What changed since `cursor`, in the overlap before it, and what could not be mapped; everything when None."""
        progress = _Progress.of(cursor)
        until = self._server.clock()
        start = progress.start(until, self._overlap)
        pull = _Pull(self, entity, start, until, history=cursor is not None)
        told = [code for code in (self.site.suppliers, self.site.patients) if entity == "location"]
        if entity == "location" and told != progress.told:
            yield Page(list(outside(self.site)))
        for records in pull.pages(progress.again):
            yield Page(records)
        yield Page([], progress.cursor(until, pull.again(), lost=pull.lost, told=told))

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What was last changed in [start, end)."""
        pull = _Pull(self, entity, start, end - _SECOND / 1000, history=True, whole_second=False)
        for records in pull.pages({}):
            yield Page(records)

    @property
    def server(self) -> FhirServer:
        """The server it reads."""
        return self._server

    @property
    def seal(self) -> Seal:
        """With which cases are sealed."""
        return self._seal

    def mappers(self, entity: str) -> dict[str, Mapper]:
        """What makes rows of an entity, by the types that the server has. Raises SourceError for an unknown entity."""
        if entity not in self._readings:
            known = ", ".join(self.entities)
            raise SourceError(f"This source has no entity {entity!r}, only {known}.")
        offered = self._server.capability.interactions
        return {kind: mapper for kind, mapper in self._readings[entity].items() if kind in offered}

    def tree(self, *, anew: bool = False) -> Tree:
        """Its places and organizations, all of them, as they are now. What of it has no id is in `nameless`."""
        if self._tree is None or anew:
            self.nameless = {"Location": [], "Organization": []}
            self._tree = Tree(self._all("Location"), self._all("Organization"), self.site)
        return self._tree

    def read(self, content: Any, kind: str, *, deleted: bool = False) -> Resource | None:
        """A resource of the server, checked."""
        return read(content, kind, self.site, self._server.capability.version, deleted=deleted)

    def versions(self, reference: str) -> list[Resource]:
        """All versions of a resource, the oldest first; a deletion shows what was there before it."""
        kind = reference.partition("/")[0]
        found: list[Resource] = []
        for entry in self._server.history(reference):
            content = found[-1].content if entry.deleted and found else entry.content
            version = self.read(content, kind, deleted=entry.deleted is not None)
            if version is not None:
                found.append(version)
        return found

    def _all(self, kind: str) -> list[Resource]:
        """Every resource of a type, in its latest version; and what was deleted, as long as that is told."""
        if kind not in self._server.capability.interactions:
            return []
        latest: dict[str, Resource] = {}
        for page in self._server.changed(kind, None, None):
            for content in page:
                resource = self.read(content, kind)
                if resource is None:
                    self.nameless[kind].append(content)
                else:
                    latest[resource.id] = resource
        return list(latest.values())


class _Pull:
    """One reading of one entity. `lost`: a record had no name to ask for it again."""

    def __init__(
        self,
        source: FhirConnector,
        entity: str,
        start: datetime | None,
        until: datetime | None,
        *,
        history: bool,
        whole_second: bool = True,
    ) -> None:
        self._source, self._entity, self._history = source, entity, history
        self._start = start
        self._until = until + _SECOND if until and whole_second else until  # a clock that is told in whole seconds
        self._failed: dict[str, None] = {}
        self._again: Mapping[str, int] = {}
        self._done: set[str] = set()
        self._lots: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self.lost = False

    def pages(self, again: Mapping[str, int]) -> Iterator[list[Record]]:
        """The records, page by page. `again`: what to read beside what changed, with how often it was."""
        self._again = again
        if self._entity in {"legal_entity", "location"}:
            yield self._of_tree()
            return
        for kind, mapper in self._source.mappers(self._entity).items():
            for contents in self._contents(kind):
                resources = list(self._fresh(contents, kind))
                stories = [self._story(resource) for resource in resources]
                yield [*self._nameless(contents, kind), *self._mapped(stories, mapper)]
            yield list(self._mapped(self._gone(kind), mapper))

    def again(self) -> dict[str, int]:
        """What to ask for again, and how often it was."""
        return {key: tries for key in self._failed if (tries := self._again.get(key, 0) + 1) < TRIES}

    def _contents(self, kind: str) -> Iterator[list[Any]]:
        server = self._source.server
        yield from server.changed(kind, self._start, self._until)
        ids = [identity for key in self._again for type_, _, identity in [key.partition("/")] if type_ == kind]
        if ids:
            yield list(server.by_id(kind, ids))
        if kind == "DeviceRequest" and self._start is not None:
            yield list(server.based_on(kind, self._changed_procedures()))

    def _changed_procedures(self) -> set[str]:
        """The ServiceRequests that changed, or whose appointments did: what is requested for them is wanted otherwise."""
        server, found = self._source.server, set[str]()
        for kind in ("ServiceRequest", "Appointment"):
            if kind not in server.capability.interactions:
                continue
            for page in server.changed(kind, self._start, self._until):
                for content in page:
                    resource = self._source.read(content, kind)
                    if resource is None:
                        self.lost = True
                        continue
                    named = (node.target() for node in resource.root.nodes("basedOn"))
                    found |= {resource.key} if kind == "ServiceRequest" else {each for each in named if each}
        return {each for each in found if each.startswith("ServiceRequest/")}

    def _fresh(self, contents: list[Any], kind: str) -> Iterator[Resource]:
        """The resources that this pull has not mapped yet: what changed since is left to the next one."""
        for content in contents:
            resource = self._source.read(content, kind)
            if resource is not None and resource.key not in self._done:
                self._done.add(resource.key)
                yield resource

    def _nameless(self, contents: list[Any], kind: str) -> Iterator[Record]:
        """What is no resource, or has no id: it goes to quarantine, and this pull counts as not done."""
        for content in contents:
            if self._source.read(content, kind) is None:
                self.lost = True
                named = sha256(json.dumps(content, default=str, sort_keys=True).encode()).hexdigest()[:16]
                kept = raw(content, kind) if isinstance(content, dict) else {}
                yield Record(f"{kind}/?{named}", kept, {}, (Problem(f"{kind}.id", "It is no resource with an id."),))

    def _story(self, resource: Resource) -> list[Resource]:
        """The versions of what moves stock or plans to, where it has several that may have been told; else this one."""
        source = self._source
        tells_changes = self._entity == "movement" or (self._entity, resource.kind) == ("demand_line", "Procedure")
        had_several = tells_changes and self._history and resource.version not in {None, "1"}
        if not had_several or not source.server.capability.offers(resource.kind, "history-instance"):
            return [resource]
        *earlier, last = source.versions(resource.key) or [resource]
        doubtful = last.version != resource.version or any(version.problems for version in earlier)
        if doubtful and resource.key not in self._again:  # what is so again the next time is so
            resource.root.wrong("meta.versionId", "Not all of its earlier versions could be understood: asked again.")
        return [*earlier, resource]

    def _gone(self, kind: str) -> list[list[Resource]]:
        """The versions of what was deleted since, where the server tells."""
        server = self._source.server
        if self._start is None or not server.capability.offers(kind, "history-type"):
            return []
        gone = [key for key in server.deleted(kind, self._start) if key not in self._done]
        stories = [self._source.versions(key) for key in gone]
        return [story for story in stories if story and story[-1].deleted]

    def _mapped(self, stories: Sequence[list[Resource]], mapper: Mapper) -> Iterator[Record]:
        if not stories:
            return
        around = self._around([version for story in stories for version in story])
        for story in stories:
            failed = False
            for record in mapper(story, around):
                if not self._history and story[-1].kind == "Procedure" and record.row.get("state") in requests.CLOSED:
                    continue  # it is over, and nothing was told of it before
                failed = failed or bool(record.problems)
                if self._entity != "lot" or record.problems:
                    yield record
                else:
                    yield from self._lot(record)
            if failed:
                self._failed[story[-1].key] = None

    def _lot(self, record: Record) -> Iterator[Record]:
        """A lot once, however many devices are of it; a problem where they disagree about its dates."""
        row = record.row
        identity = tuple(row[name] for name in ("item_code", "udi_di", "lot_number", "serial_number"))
        dates = (row["manufactured_on"], row["usable_through"])
        known = self._lots.setdefault(identity, dates)
        if known is dates:
            yield record
        elif known != dates:
            reason = "Another Device gives this lot other dates."
            yield Record(record.source_key, record.raw, row, (Problem("Device.expirationDate", reason),))

    def _around(self, versions: Sequence[Resource]) -> Around:
        """Everything that these refer to and a mapper may look at, read in as few questions as there are types."""
        source = self._source
        wanted: defaultdict[str, set[str]] = defaultdict(set)
        for version in versions:
            for reference in _references(version.content):
                kind, _, identity = (local(reference) or "").partition("/")
                if kind in REFERRED and identity:
                    wanted[kind].add(identity)
        known: dict[str, Resource] = {}
        for kind, ids in wanted.items():
            if kind in source.server.capability.interactions:
                found = (source.read(content, kind) for content in source.server.by_id(kind, ids))
                known |= {resource.key: resource for resource in found if resource is not None}
        appointments, doubtful = self._appointments(known)
        offered = source.server.capability.interactions
        return Around(source.site, source.tree(), source.seal, known, offered, appointments, doubtful)

    def _appointments(self, known: Mapping[str, Resource]) -> tuple[dict[str, list[Resource]], set[str]]:
        """(the appointments of the ServiceRequests among these, those of which not all could be read)."""
        source = self._source
        requested = [key for key in known if key.startswith("ServiceRequest/")]
        found: defaultdict[str, list[Resource]] = defaultdict(list)
        doubtful: set[str] = set()
        if requested and "Appointment" in source.server.capability.interactions:
            for content in source.server.based_on("Appointment", requested):
                appointment = source.read(content, "Appointment")
                named = [node.target() or "" for node in appointment.root.nodes("basedOn")] if appointment else []
                if appointment is None or appointment.problems:
                    doubtful.update(named or requested)
                else:
                    for key in named:
                        found[key].append(appointment)
        return found, doubtful

    def _of_tree(self) -> list[Record]:
        """The places, or the organizations, that changed or depend on one that did; and those that were deleted."""
        source = self._source
        kind = "Location" if self._entity == "location" else "Organization"
        tree = source.tree(anew=True)
        rows = tree.locations() if kind == "Location" else tree.legal_entities()
        records = list(self._nameless(source.nameless[kind], kind))
        for record, depends in rows:
            if record.source_key in self._again or any(map(self._has, depends)):
                records.append(record)
                if record.problems:
                    self._failed[record.source_key] = None
        lost = [story[-1] for story in self._gone(kind)]
        if lost:
            past = tree.with_lost(lost)
            told = past.locations() if kind == "Location" else past.legal_entities()
            records += [record for record, _ in told if record.source_key in {each.key for each in lost}]
        return records

    def _has(self, resource: Resource) -> bool:
        moment = resource.changed_at
        return moment is None or (
            (self._start is None or moment >= self._start) and (self._until is None or moment <= self._until)
        )


def _references(node: Any) -> Iterator[str]:
    """Every reference within a resource."""
    if isinstance(node, list):
        for each in node:
            yield from _references(each)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name == "reference" and isinstance(value, str):
                yield value
            elif isinstance(value, dict | list):
                yield from _references(value)
