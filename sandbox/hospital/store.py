"""What a FHIR server keeps: every version of every resource, in memory and in a journal that survives a crash."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sandbox.http import Journal

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Version:
    """A resource as it was from a moment on; `content` None: it was deleted."""

    kind: str
    id: str
    number: int
    changed_at: datetime
    content: Content | None

    def shown(self) -> Content | None:
        """As it is answered, with its version and moment."""
        if self.content is None:
            return None
        meta = {**self.content.get("meta", {}), "versionId": str(self.number), "lastUpdated": text(self.changed_at)}
        return {**self.content, "meta": meta}


class Written(BaseModel):
    """A version that somebody wrote, as the journal keeps it."""

    kind: str
    id: str
    changed_at: datetime
    content: Content | None


class Store:
    """The resources of one version of FHIR. `seed`: (resource, when it was so), the oldest first."""

    def __init__(self, path: Path, seed: Iterable[tuple[Content, datetime]]) -> None:
        self._seed = list(seed)
        self._journal = Journal(path, Written)
        self._versions: dict[tuple[str, str], list[Version]] = {}
        self._load()

    def current(self, kind: str) -> list[Version]:
        """The resources of a type that are there, the one that changed first first."""
        latest = (versions[-1] for (each, _), versions in self._versions.items() if each == kind)
        return sorted(
            (version for version in latest if version.content is not None),
            key=lambda version: (version.changed_at, version.id),
        )

    def history(self, kind: str, identity: str | None = None) -> list[Version]:
        """The versions of a type, or of one resource, the newest first."""
        found = [
            version
            for (each, its), versions in self._versions.items()
            if each == kind and identity in {None, its}
            for version in versions
        ]
        return sorted(found, key=lambda version: (version.changed_at, version.id, version.number), reverse=True)

    def get(self, kind: str, identity: str) -> Version | None:
        """The latest version; one that is deleted, too."""
        versions = self._versions.get((kind, identity))
        return versions[-1] if versions else None

    def write(self, kind: str, identity: str, content: Content | None) -> Version:
        """A new version, now."""
        moment = datetime.now(UTC)
        moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        self._journal.append(Written(kind=kind, id=identity, changed_at=moment, content=content))
        return self._add(kind, identity, content, moment)

    def clear(self) -> None:
        """As it was before anybody wrote."""
        self._journal.clear()
        self._load()

    def __iter__(self) -> Iterator[Version]:
        return (versions[-1] for versions in self._versions.values())

    def _load(self) -> None:
        self._versions = {}
        for content, moment in self._seed:
            self._add(content["resourceType"], content["id"], content, moment)
        for written in self._journal.records:
            self._add(written.kind, written.id, written.content, written.changed_at)

    def _add(self, kind: str, identity: str, content: Content | None, moment: datetime) -> Version:
        versions = self._versions.setdefault((kind, identity), [])
        version = Version(kind, identity, len(versions) + 1, moment, content)
        versions.append(version)
        return version


def text(moment: datetime) -> str:
    """An instant as FHIR writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
