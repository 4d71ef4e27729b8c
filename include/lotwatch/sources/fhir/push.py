"""What a hospital pushes: a Bundle of any kind, or one resource, into records of our entities."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.fhir.around import Around
from lotwatch.sources.fhir.connector import REFERRED, readings
from lotwatch.sources.fhir.places import Tree
from lotwatch.sources.fhir.privacy import Seal, raw
from lotwatch.sources.fhir.reading import Resource, read
from lotwatch.sources.fhir.server import entries
from lotwatch.sources.fhir.site import FhirSite

#: what comes along and is no record: what a notification says of itself, and answers
_ENVELOPES = frozenset({"SubscriptionStatus", "Parameters", "OperationOutcome", "MessageHeader"})


class FhirReceiver:
    """Reads one body after another. Only what comes with a record is known about it: a Device, a place, a request.

    What a Bundle of type history says of earlier versions is read as a pull would. `case_key` seals cases as for a pull.
    """

    def __init__(self, site: FhirSite, case_key: str = "") -> None:
        self._site = site
        self._seal = Seal(case_key)
        self._readings = readings(site)

    def __call__(self, body: Any) -> Iterator[tuple[str, Record]]:
        """(entity, record), what is referred to first. Raises SourceError for what is neither Bundle nor resource."""
        contents = _contents(body)
        stories: dict[str, list[Resource]] = defaultdict(list)
        known: dict[str, Resource] = {}
        for url, content, deleted in contents:
            kind = content.get("resourceType") if isinstance(content, dict) else None
            if isinstance(kind, str) and kind in _ENVELOPES:
                continue
            resource = read(content, kind, self._site, self._site.version) if isinstance(kind, str) else None
            if deleted is not None:
                self._delete(stories, deleted)
            elif resource is None:
                yield "movement", _nameless(content)
            else:
                stories[resource.key].append(resource)
                known[resource.key] = resource
                if url is not None:
                    known[url] = resource
        for story in stories.values():
            story.sort(key=_version)
        yield from self._places(stories)
        around = Around(self._site, self._tree(stories), self._seal, known, REFERRED, _appointments(stories))
        for entity, mappers in self._readings.items():
            for key, story in stories.items():
                mapper = mappers.get(key.partition("/")[0])
                for record in mapper(story, around) if mapper else ():
                    yield entity, record

    def _delete(self, stories: dict[str, list[Resource]], reference: str) -> None:
        """A deletion takes back what came before it in the same body; of anything else the pull learns."""
        story = stories.get(reference)
        if story:
            last = story[-1]
            gone = read(last.content, last.kind, self._site, self._site.version, deleted=True)
            if gone is not None:
                story.append(gone)

    def _tree(self, stories: dict[str, list[Resource]]) -> Tree:
        return Tree(_of(stories, "Location"), _of(stories, "Organization"), self._site)

    def _places(self, stories: dict[str, list[Resource]]) -> Iterator[tuple[str, Record]]:
        tree = self._tree(stories)
        yield from (("legal_entity", record) for record, _ in tree.legal_entities())
        yield from (("location", record) for record, _ in tree.locations())


def _contents(body: Any) -> list[tuple[str | None, Any, str | None]]:
    """(fullUrl, resource, what was deleted) of each entry, in the order of time; of one resource, that."""
    if not isinstance(body, dict) or not isinstance(body.get("resourceType"), str):
        raise SourceError(
            "The body is no FHIR resource", where="its resourceType",
            do="send a Bundle (transaction, batch, collection, history or notification) or one resource, as JSON",
        )  # fmt: skip
    if body["resourceType"] != "Bundle":
        return [(None, body, None)]
    raw_entries = body.get("entry")
    urls = [entry.get("fullUrl") if isinstance(entry, dict) else None for entry in raw_entries or []]
    found = [
        (url if isinstance(url, str) and url.startswith("urn:") else None, entry.content, entry.deleted)
        for url, entry in zip(urls, entries(body), strict=False)
    ]
    return found[::-1] if body.get("type") == "history" else found


def _version(resource: Resource) -> tuple[bool, int]:
    """The order of versions: by their number, where it is one; a deletion comes last."""
    version = resource.version or ""
    return resource.deleted, int(version) if version.isdigit() else 0


def _of(stories: dict[str, list[Resource]], kind: str) -> Sequence[Resource]:
    return [story[-1] for key, story in stories.items() if key.startswith(f"{kind}/")]


def _appointments(stories: dict[str, list[Resource]]) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = defaultdict(list)
    for appointment in _of(stories, "Appointment"):
        for node in appointment.root.nodes("basedOn"):
            found[node.target() or ""].append(appointment)
    return found


def _nameless(content: Any) -> Record:
    kept = raw(content, str(content.get("resourceType"))) if isinstance(content, dict) else {}
    return Record("Bundle/?", kept, {}, (Problem("Bundle.entry.resource", "It is no resource with an id."),))
