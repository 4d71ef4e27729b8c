"""Connectors' mapping alone, without network or database: from what a system sends to our records."""

from collections.abc import Iterator

from bench.figures import Figure
from bench.measures.connectors.hospital import measure_hospital
from bench.measures.connectors.logistics import measure_logistics
from bench.measures.connectors.tables import measure_tables
from bench.world import World


def measure_connectors(world: World) -> Iterator[Figure]:
    """What each kind of connector makes of the same number of records."""
    yield from measure_logistics(world)
    yield from measure_hospital(world)
    yield from measure_tables(world)
