"""Connectors' mapping alone, without network or database: from the text that a system sends to our records."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from bench.figures import Figure, Stopwatch, Yardstick
from bench.world import AS_OF, World
from lotwatch.sources.epcis import push as epcis
from lotwatch.sources.ubl import push as ubl
from sandbox.logistics.world import despatch_advice, make_deliveries, tell

_PAGE = 500


def measure_logistics(world: World) -> Iterator[Figure]:
    """Events and lines of despatch advices mapped, against reading the same JSON or nothing."""
    deliveries = list(make_deliveries(AS_OF, None))
    told = [event for number, each in enumerate(deliveries) for _, event in tell(number, each, AS_OF)]
    events = [told[place % len(told)] for place in range(world.rows)]
    pages = [json.dumps(events[place : place + _PAGE]) for place in range(0, len(events), _PAGE)]
    with Stopwatch() as watch:
        for page in pages:
            json.loads(page, parse_float=Decimal)
    floor = Yardstick("reading the JSON", watch.seconds)
    receive = epcis(moves_stock_at=("*",), announces="all")
    with Stopwatch() as watch:
        _map(lambda page: receive(json.loads(page, parse_float=Decimal)), pages)
    yield Figure("connectors", "EPCIS events to records", len(events), "events", watch.seconds, floor)
    advices = [despatch_advice(each) for each in deliveries]
    advices = [advices[place % len(advices)] for place in range(max(world.rows // 10, 1))]
    with Stopwatch() as watch:
        _map(ubl(), advices)
    yield Figure("connectors", "UBL despatch advices to records", len(advices), "documents", watch.seconds)


def _map(receive: Callable[[Any], Iterator[Any]], bodies: list[str]) -> None:
    for body in bodies:
        for _ in receive(body):
            pass
