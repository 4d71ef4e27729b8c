"""UBL 2.1 despatch advices (OASIS; Peppol BIS Despatch Advice 3): what a supplier says is on its way."""

from collections.abc import Iterator
from typing import Any

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Connector, Login, Receiver, Record
from lotwatch.sources.epcis.events import cleaned
from lotwatch.sources.http import HttpClient
from lotwatch.sources.ubl.connector import UblConnector
from lotwatch.sources.ubl.mapping import ENTITIES, map_advice
from lotwatch.sources.ubl.options import UblOptions

__all__ = ["UblConnector", "UblOptions", "pull", "push"]


def pull(login: Login, **options: Any) -> Connector:
    """Read a server that lists its despatch advices."""
    return UblConnector(HttpClient("the server of despatch advices", login), UblOptions(**options))


def push(**options: Any) -> Receiver:
    """Read a pushed despatch advice: the XML as text."""
    chosen = UblOptions(**options)

    def receive(body: Any) -> Iterator[tuple[str, Record]]:
        try:
            records = list(map_advice(cleaned(body) if isinstance(body, str) else "", chosen))
        except ValueError as error:
            raise SourceError(
                f"This is no despatch advice: {error}", where="what was pushed", do="send UBL 2.1 DespatchAdvice as XML"
            ) from error
        for entity in ENTITIES:
            yield from ((kind, record) for kind, record in records if kind == entity)

    return receive
