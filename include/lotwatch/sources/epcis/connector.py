"""Reads events over the REST interface of EPCIS 2.0 (GS1, EPCIS 2.0, section 12): `GET /events`, page by page."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from lotwatch.sources.connector import Page, Record
from lotwatch.sources.epcis.events import Event, events_of, read_event
from lotwatch.sources.epcis.mapping import MAPPERS, map_event
from lotwatch.sources.epcis.options import EpcisOptions
from lotwatch.sources.http import HttpClient, next_link
from lotwatch.sources.spool import Spool


class EpcisConnector:
    """Reads one repository of events. `since` and `until` of a reading are moments of recording (recordTime).

    One reading serves every entity: all of them are made from the same events, whatever comes in between. The cursor is
    the latest recordTime seen, never later than the server's own clock and never earlier than before; each reading goes
    back `overlap_minutes` behind it, for events that were recorded late or under a clock that went wrong.
    """

    def __init__(self, client: HttpClient, options: EpcisOptions) -> None:
        self.entities: tuple[str, ...] = tuple(MAPPERS)
        self._client, self._options = client, options
        self._read: tuple[tuple[datetime | None, datetime | None], _Reading] | None = None

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """What was recorded since the cursor, with an overlap."""
        before = datetime.fromisoformat(cursor["since"]) if cursor else None
        overlap = timedelta(minutes=self._options.overlap_minutes)
        reading = self._reading(before - overlap if before else None, None)
        since = max(filter(None, (before, reading.latest)), default=None)
        resume = {"since": since.isoformat()} if since else {}
        for records in self._mapped(reading, entity):
            yield Page(records)
        yield Page([], resume)

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """What was recorded in [start, end)."""
        for records in self._mapped(self._reading(start, end), entity):
            yield Page(records)

    def server_time(self) -> datetime | None:
        """The Date of an answer to the smallest reading."""
        self._client.get("events", {"perPage": 1})
        return self._client.server_time()

    def _mapped(self, reading: "_Reading", entity: str) -> Iterator[list[Record]]:
        told_in = "tracking_event" if "tracking_event" in self.entities else self.entities[0]
        for events in reading.pages():
            yield [record for event in events for record in map_event(event, entity, self._options, told_in=told_in)]

    def _reading(self, since: datetime | None, until: datetime | None) -> "_Reading":
        if self._read is None or self._read[0] != (since, until):
            self._read = (since, until), self._read_all(since, until)
        return self._read[1]

    def _read_all(self, since: datetime | None, until: datetime | None) -> "_Reading":
        reading = _Reading()
        parameters: dict[str, Any] = {
            "perPage": self._options.per_page,
            "orderBy": "recordTime",
            "orderDirection": "ASC",
            **({"GE_recordTime": since.isoformat()} if since else {}),
            **({"LT_recordTime": until.isoformat()} if until else {}),
        }
        clock = None
        for number, answer in enumerate(self._client.follow("events", parameters, next_link)):
            if number == 0:
                clock = self._client.server_time()
            reading.add(events_of(answer.json(), answer.url), clock)
        return reading


class _Reading:
    """The events of one reading, page by page; `latest` is the latest moment of recording that can be believed."""

    def __init__(self) -> None:
        self.latest: datetime | None = None
        self._spool = Spool()

    def add(self, events: list[Any], clock: datetime | None) -> None:
        for body in events:
            recorded = read_event(body).recorded_at
            if recorded is not None:
                believed = min(recorded, clock) if clock else recorded
                self.latest = max(self.latest, believed) if self.latest else believed
        self._spool.add(events)

    def pages(self) -> Iterator[list[Event]]:
        for page in self._spool.pages():
            yield [read_event(body) for body in page]
