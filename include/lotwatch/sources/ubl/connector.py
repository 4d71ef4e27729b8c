"""Reads despatch advices from a server that lists what changed: an access point, or a supplier's portal.

`GET <path>?changed_since=<moment>&limit=<n>` answers JSON `{"documents": [{"id", "changed_at", "content"}], "next": an
address or null}`, oldest first; `content` is the XML.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Page
from lotwatch.sources.epcis.events import cleaned, read_moment
from lotwatch.sources.http import Answer, HttpClient
from lotwatch.sources.spool import Spool
from lotwatch.sources.ubl.mapping import ENTITIES, map_advice
from lotwatch.sources.ubl.options import UblOptions


class UblConnector:
    """Reads one server of despatch advices. The cursor is kept as that of EPCIS is: never in the future, never back."""

    def __init__(self, client: HttpClient, options: UblOptions) -> None:
        self.entities: tuple[str, ...] = ENTITIES
        self._client, self._options = client, options
        self._read: tuple[tuple[datetime | None, datetime | None], _Reading] | None = None

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """What changed since the cursor, with an overlap."""
        before = datetime.fromisoformat(cursor["since"]) if cursor else None
        overlap = timedelta(minutes=self._options.overlap_minutes)
        reading = self._reading(before - overlap if before else None, None)
        yield from self._mapped(reading, entity)
        since = max(filter(None, (before, reading.latest)), default=None)
        yield Page([], {"since": since.isoformat()} if since else {})

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What was last changed in [start, end)."""
        yield from self._mapped(self._reading(start, end), entity)

    def server_time(self) -> datetime | None:
        """The Date of an answer to the smallest reading."""
        self._client.get(self._options.path, {"limit": 1})
        return self._client.server_time()

    def _mapped(self, reading: "_Reading", entity: str) -> Iterator[Page]:
        for documents in reading.spool.pages():
            records = []
            for each in documents:
                document = each if isinstance(each, dict) else {}
                content = document.get("content")
                known_as = str(document.get("id") or f"unnamed: {str(each)[:100]}")
                found = map_advice(content if isinstance(content, str) else "", self._options, known_as=known_as)
                records += [record for kind, record in found if kind == entity]
            yield Page(records)

    def _reading(self, since: datetime | None, until: datetime | None) -> "_Reading":
        if self._read is None or self._read[0] != (since, until):
            self._read = (since, until), self._read_all(since, until)
        return self._read[1]

    def _read_all(self, since: datetime | None, until: datetime | None) -> "_Reading":
        reading = _Reading()
        parameters = {
            "limit": self._options.per_page,
            **({"changed_since": since.isoformat()} if since else {}),
            **({"changed_before": until.isoformat()} if until else {}),
        }
        clock = None
        for number, answer in enumerate(self._client.follow(self._options.path, parameters, self._following)):
            if number == 0:
                clock = self._client.server_time()
            reading.add(cleaned(self._page(answer)["documents"]), clock)
        return reading

    def _following(self, answer: Answer) -> str | None:
        address: str | None = self._page(answer)["next"]
        return address

    def _page(self, answer: Answer) -> dict[str, Any]:
        match answer.json():
            case {"documents": list(), "next": str() | None} as page:
                return dict(page)
        raise SourceError(
            f"{self._client.system} answered with something that lists no documents", where=answer.url,
            do="correct the address in the connection, or `path` in the source's options",
        )  # fmt: skip


class _Reading:
    """The documents of one reading; `latest` is the latest moment of change that can be believed."""

    def __init__(self) -> None:
        self.latest: datetime | None = None
        self.spool = Spool()

    def add(self, documents: list[Any], clock: datetime | None) -> None:
        for each in documents:
            changed_at = read_moment(each.get("changed_at")) if isinstance(each, dict) else None
            if changed_at is not None:
                believed = min(changed_at, clock) if clock else changed_at
                self.latest = max(self.latest, believed) if self.latest else believed
        self.spool.add(documents)
