"""EPCIS 2.0 (GS1): events of things, packages and temperatures, read from a repository or pushed by it."""

from collections.abc import Iterator
from typing import Any

from lotwatch.sources.connector import Connector, Login, Receiver, Record
from lotwatch.sources.epcis.connector import EpcisConnector
from lotwatch.sources.epcis.events import events_of, read_event
from lotwatch.sources.epcis.mapping import MAPPERS, map_event
from lotwatch.sources.epcis.options import EpcisOptions
from lotwatch.sources.http import HttpClient

__all__ = ["EpcisConnector", "EpcisOptions", "pull", "push"]

_VERSION = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}


def pull(login: Login, **options: Any) -> Connector:
    """Read a repository at `login.url`, below which is `/events`."""
    client = HttpClient("the EPCIS repository", login, headers=_VERSION)
    return EpcisConnector(client, EpcisOptions(**options))


def push(**options: Any) -> Receiver:
    """Read what is pushed: an EPCISDocument, an EPCISQueryDocument, an event or a list of events."""
    chosen = EpcisOptions(**options)

    def receive(body: Any) -> Iterator[tuple[str, Record]]:
        events = [read_event(each) for each in events_of(body, "what was pushed")]
        for entity in MAPPERS:
            for event in events:
                for record in map_event(event, entity, chosen, told_in="tracking_event"):
                    yield entity, record

    return receive
