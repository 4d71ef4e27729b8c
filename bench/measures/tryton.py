"""Connectors against real servers: records read and mapped in a second. Tryton is started here, with its trial company."""

import subprocess
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from bench.figures import Figure, Stopwatch, Yardstick
from bench.world import World
from lotwatch import gate, sources
from lotwatch.audit import RunContext, begin_run
from lotwatch.errors import SourceError
from lotwatch.sources.connector import Page
from lotwatch.sources.tryton import TrytonConnector, TrytonProcurement, TrytonQuality, TrytonWarehouse, connect
from lotwatch_local.settings import Settings
from lotwatch_local.stack import console
from sandbox import programs, trial
from sandbox.tryton import install

_MOVES = 10_000
_PATIENCE = 60
Kind = TypeVar("Kind", bound=TrytonConnector)
_KINDS = (TrytonWarehouse, TrytonProcurement, TrytonQuality)


def measure_tryton(world: World) -> Iterator[Figure]:
    """Every entity of a Tryton, read and mapped; 10,000 of its moves; and one source staged in our database."""
    with _tryton(world.settings) as connector_of:
        yield _some_moves(connector_of(TrytonWarehouse))
        for kind in _KINDS:
            connector = connector_of(kind)
            for entity in connector.entities:
                with Stopwatch() as watch:
                    read = sum(len(page.records) for page in connector.changed(entity, None))
                yield Figure("tryton", entity, read, "records", watch.seconds)
        yield _staged(world, connector_of(TrytonWarehouse))


def _some_moves(warehouse: TrytonWarehouse) -> Figure:
    """The first moves, after the client has logged in; the yardstick is Tryton's own answer with the same fields."""
    site, client = warehouse.site, warehouse.client
    fields = warehouse.fields("movement")
    client.modules()
    with Stopwatch() as floor:
        for after in range(0, _MOVES, site.page_size):
            client.search_read("stock.move", [["id", ">", after]], fields, limit=site.page_size)
    wanted = -(-_MOVES // site.page_size)
    tracemalloc.start()
    list(islice(_sizes(warehouse.changed("movement", None)), 1))
    one_page = tracemalloc.get_traced_memory()[1]
    list(_sizes(warehouse.changed("movement", None)))
    all_pages = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    console.print(f"          {one_page / 1e6:,.0f} MB for one page of movements, {all_pages / 1e6:,.0f} MB for all")
    with Stopwatch() as watch:
        read = sum(islice(_sizes(warehouse.changed("movement", None)), wanted))
    yardstick = Yardstick("Tryton's answers alone", floor.seconds)
    return Figure("tryton", "the first movements", read, "records", watch.seconds, yardstick)


def _sizes(pages: Iterator[Page]) -> Iterator[int]:
    return (len(page.records) for page in pages)


def _staged(world: World, warehouse: TrytonWarehouse) -> Figure:
    """A first pull of the warehouse into staging, committed."""
    context = RunContext("bench", "connectors", "manual", "pull", -1, 1, None, datetime.now(UTC), "bench")
    with world.connect() as conn:
        with Stopwatch() as watch:
            pulled = sources.pull(conn, "bench", warehouse, begin_run(conn, context), gate.quarantine_unmapped)
            conn.commit()
        sources.finish_batch(conn, pulled.batch_id)
        conn.commit()
    return Figure("tryton", "warehouse into staging", sum(pulled.read.values()), "records", watch.seconds)


@contextmanager
def _tryton(settings: Settings) -> Iterator["_Connecting"]:
    """A Tryton of the benchmark's own, filled with the trial company."""
    trial.install_tryton(settings, datetime.now(UTC).date())
    command = install.server_command(python=programs.tryton_python(), work=settings.home / "tryton")
    with (settings.home / "tryton.log").open("ab") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        connecting = _Connecting(settings)
        connecting.wait()
        yield connecting
    finally:
        server.terminate()
        server.wait(_PATIENCE)


class _Connecting:
    """Makes connectors of a running Tryton, each with a session of its own."""

    def __init__(self, settings: Settings) -> None:
        self._url, self._password = f"http://127.0.0.1:{settings.port_tryton}", settings.secrets["tryton_service"]

    def __call__(self, kind: type[Kind]) -> Kind:
        return kind(connect(self._url, "tryton", "lotwatch", self._password))

    @retry(
        retry=retry_if_exception_type(SourceError), wait=wait_fixed(0.2), stop=stop_after_delay(_PATIENCE), reraise=True
    )
    def wait(self) -> None:
        """Until it answers."""
        self(TrytonWarehouse).server_time()
