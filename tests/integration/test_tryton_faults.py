"""Faults between us and a real Tryton: what is staged in the end is what a run without the fault stages."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from lotwatch import gate, ledger, master, sources
from lotwatch.audit import RunContext, begin_run
from lotwatch.errors import SourceError
from lotwatch.gate import run_gate
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.jsonrpc import TrytonClient
from lotwatch.sources.registry import Limit
from lotwatch.sources.tryton import TrytonConnector, TrytonProcurement, TrytonWarehouse, connect
from lotwatch_local.settings import Settings
from tests.integration.company import context
from tests.proxy import Proxy

ENTITIES = ("item", "lot")
SMALL = 500  # lots on a page: there are thousands


@pytest.fixture
def proxy(tryton: Any) -> Iterator[Proxy]:
    with Proxy(tryton.url) as proxy:
        yield proxy


@pytest.fixture
def boss(tryton: Any, outside: Settings) -> TrytonClient:
    return connect(tryton.url, tryton.database, "admin", outside.secrets["tryton_admin"])


@pytest.fixture
def conn(db_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(db_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def run(conn: psycopg.Connection) -> RunContext:
    return begin_run(conn, context(as_of=datetime.now(UTC)))


def reader(tryton: Any, url: str, *entities: str, timeout_seconds: float = 30, **options: Any) -> TrytonConnector:
    client = connect(url, tryton.database, tryton.user, tryton.password, timeout_seconds=timeout_seconds)
    connector = TrytonWarehouse(client, **options)
    connector.entities = entities or ENTITIES
    return connector


def pull(conn: psycopg.Connection, run: RunContext, connector: TrytonConnector, source: str = "wms") -> int:
    return sources.pull(conn, source, connector, run, gate.quarantine_unmapped).batch_id


Known = dict[tuple[str, str], Any]


def known(conn: psycopg.Connection, *batches: int) -> Known:
    """What the batches say of each record in the end: (entity, key) -> its raw record and its lot's or item's own columns."""
    found: Known = {}
    for entity, columns in (
        ("item", "code, name, active"),
        ("lot", "item_code, lot_number, serial_number, usable_through"),
    ):
        rows = conn.execute(
            f"SELECT source_key, raw::text, {columns} FROM stage.{entity}"  # noqa: S608 (ours)
            " WHERE batch_id = ANY(%s) ORDER BY batch_id, record_no",
            (list(batches),),
        )
        found |= {(entity, row[0]): row[1:] for row in rows.fetchall()}
    return found


@pytest.fixture
def whole(conn: psycopg.Connection, run: RunContext, tryton: Any) -> Known:
    """What a run without a fault stages."""
    return known(conn, pull(conn, run, reader(tryton, tryton.url), "undisturbed"))


def test_an_answer_that_is_cut_off_is_asked_for_again_and_nothing_is_missed_or_doubled(
    conn: psycopg.Connection, run: RunContext, tryton: Any, proxy: Proxy, whole: Known
) -> None:
    connector = reader(tryton, proxy.url, page_size=SMALL)
    proxy.cut(after_bytes=150_000, times=4)
    batch = pull(conn, run, connector)
    assert known(conn, batch) == whole
    assert conn.execute("SELECT count(*) FROM stage.lot WHERE batch_id = %s", (batch,)).fetchone() == (
        len([key for key in whole if key[0] == "lot"]),
    )


def test_a_server_that_dies_mid_page_keeps_nothing_and_the_next_pull_reads_all(
    conn: psycopg.Connection, run: RunContext, tryton: Any, proxy: Proxy, whole: Known
) -> None:
    connector = reader(tryton, proxy.url, page_size=SMALL)
    proxy.at_request(9, proxy.down)
    with pytest.raises(SourceError) as caught:
        pull(conn, run, connector)
    assert caught.value.retry
    assert conn.execute("SELECT count(*) FROM lotwatch.source_cursor WHERE source = 'wms'").fetchone() == (0,)
    proxy.up()
    assert known(conn, pull(conn, run, connector)) == whole


def test_a_server_that_was_down_for_a_while_is_caught_up_with(
    conn: psycopg.Connection, run: RunContext, tryton: Any, proxy: Proxy, boss: TrytonClient
) -> None:
    connector = reader(tryton, proxy.url, "lot")
    first = pull(conn, run, connector)
    proxy.down()
    with pytest.raises(SourceError, match="does not answer"):
        pull(conn, run, connector)
    [device] = boss.search_read("product.product", [["code", "=", "MD-0002"]], ["id"])
    number = f"L{uuid4()}"
    boss.do("model.stock.lot.create", [{"number": number, "product": device["id"]}], boss.context())
    proxy.up()
    second = pull(conn, run, connector)
    fresh = [row for key, row in known(conn, second).items() if key not in known(conn, first)]
    assert [row[2] for row in fresh] == [number]


def test_a_slow_server_is_waited_for_and_one_that_never_answers_is_not(
    conn: psycopg.Connection, run: RunContext, tryton: Any, proxy: Proxy, whole: Known
) -> None:
    proxy.delay(0.05)
    slowly = known(conn, pull(conn, run, reader(tryton, proxy.url, "item")))
    assert slowly == {key: row for key, row in whole.items() if key[0] == "item"}
    proxy.delay(30)
    with pytest.raises(SourceError, match="no clear answer") as caught:
        pull(conn, run, reader(tryton, proxy.url, "item", timeout_seconds=0.2))
    assert caught.value.retry


def test_records_that_change_while_paging_are_known_as_they_are_in_the_end(
    conn: psycopg.Connection, run: RunContext, tryton: Any, proxy: Proxy, boss: TrytonClient
) -> None:
    """One that has been read already, one that is still to come, and one that is made meanwhile."""
    lots = boss.search_read("stock.lot", [["product.code", "=", "MD-0002"]], ["id"])
    early, late, device = (
        lots[0]["id"],
        lots[-1]["id"],
        boss.read("stock.lot", [lots[0]["id"]], ["product"])[0]["product"],
    )
    made: list[int] = []

    def meddle() -> None:
        boss.do(
            "model.stock.lot.write",
            [early, late],
            {"expiration_date": datetime(2031, 1, 31, tzinfo=UTC).date()},
            boss.context(),
        )
        made.extend(boss.do("model.stock.lot.create", [{"number": f"L{uuid4()}", "product": device}], boss.context()))

    connector = reader(tryton, proxy.url, "lot", page_size=SMALL)
    proxy.at_request(9, meddle)
    first = pull(conn, run, connector)
    assert made
    second = pull(conn, run, connector)
    undisturbed = known(conn, pull(conn, run, reader(tryton, tryton.url, "lot"), "undisturbed"))
    assert known(conn, first, second) == undisturbed
    assert ("lot", f"stock.lot,{made[0]}") in undisturbed


@pytest.fixture
def inside(outside: Settings) -> Iterator[psycopg.Connection]:
    """A connection to Tryton's own database, as Tryton has it."""
    with psycopg.connect(
        host="127.0.0.1", port=outside.port_postgres, user="tryton", password=outside.secrets["database_tryton"],
        dbname="tryton",
    ) as conn:  # fmt: skip
        yield conn


@pytest.mark.parametrize(("overlap", "seen"), [(10, True), (0, False)])
def test_a_transaction_that_began_before_a_pull_and_ended_after_it_is_seen_within_the_overlap(
    conn: psycopg.Connection, run: RunContext, tryton: Any, inside: psycopg.Connection, overlap: float, seen: bool
) -> None:
    """Tryton stamps with the transaction's start, so the change lies before the cursor when it becomes visible."""
    row = inside.execute("SELECT max(id) FROM stock_lot").fetchone()
    assert row is not None
    inside.commit()
    inside.execute("UPDATE stock_lot SET write_date = CURRENT_TIMESTAMP AT TIME ZONE 'UTC' WHERE id = %s", row)
    connector = reader(tryton, tryton.url, "lot", overlap_minutes=overlap)
    pull(conn, run, connector)
    wait_a_second(connector)
    pull(conn, run, connector)  # its cursor is after the stamp, which it could not see
    inside.commit()
    later = known(conn, pull(conn, run, connector))
    assert (("lot", f"stock.lot,{row[0]}") in later) is seen


def wait_a_second(connector: TrytonConnector) -> None:
    """Until Tryton's clock, which HTTP tells to the second, shows another one."""
    before = connector.server_time()
    while connector.server_time() == before:
        pass


def test_a_purchase_line_that_is_deleted_in_tryton_is_cancelled_in_the_ledger(
    conn: psycopg.Connection, run: RunContext, tryton: Any, boss: TrytonClient
) -> None:
    """All the way: read, judged, posted; deleted there; missed, judged, posted."""
    client = connect(tryton.url, tryton.database, tryton.user, tryton.password)
    [offer] = boss.search_read(
        "purchase.product_supplier", [["product.code", "=", "MD-0002"]], ["product", "party"], limit=1
    )
    [party] = boss.read("party.party", [offer["party"]], ["addresses"])
    [site] = boss.search_read("stock.location", [["code", "=", "DC-N"]], ["id"])
    [currency] = boss.search_read("currency.currency", [["code", "=", "EUR"]], ["id"])
    [device] = boss.read("product.product", [offer["product"]], ["default_uom"])
    line = {"product": offer["product"], "quantity": 9.0, "unit": device["default_uom"], "unit_price": 2}
    values = {
        "company": boss.context()["company"], "party": offer["party"], "invoice_party": None,
        "invoice_address": party["addresses"][0], "warehouse": site["id"], "currency": currency["id"],
        "invoice_method": "manual", "lines": [["create", [line, line]]],
    }  # fmt: skip
    purchases = boss.do("model.purchase.purchase.create", [values], boss.context())
    kept, deleted = (row["id"] for row in boss.search_read("purchase.line", [["purchase", "in", purchases]], ["id"]))
    warehouse, procurement = reader(tryton, tryton.url, "location", "item"), TrytonProcurement(client)
    procurement.entities = ("supplier", "purchase_line")
    procurement.reconciled = ("purchase_line",)
    keep(conn, run, pull(conn, run, warehouse))
    keep(conn, run, pull(conn, run, procurement, "erp"))
    assert states(conn, kept, deleted) == {kept: "draft", deleted: "draft"}
    boss.do("model.purchase.line.delete", [deleted], boss.context())
    later = replace(run, as_of=run.as_of + timedelta(days=1))
    done = sources.reconcile(
        conn, "erp", procurement, later, gate.quarantine_unmapped, every=timedelta(days=1), limit=Limit()
    )
    [found] = done.found
    assert (found.vanished, found.returned) == (1, 0)
    assert found.batch_id is not None
    keep(conn, run, found.batch_id)
    assert states(conn, kept, deleted) == {kept: "draft", deleted: "cancelled"}


def keep(conn: psycopg.Connection, run: RunContext, batch: int) -> None:
    run_gate(conn, [batch], suites=EXPECTATIONS, docs=Path(), as_of=run.as_of, referee=False)
    with conn.transaction():
        master.post_master(conn, batch)
        ledger.post_events(conn, batch)
        sources.finish_batch(conn, batch)


def states(conn: psycopg.Connection, *lines: int) -> dict[int, str]:
    rows = conn.execute(
        "SELECT split_part(source_key, ',', 2)::int, state FROM lotwatch.purchase_order_line WHERE source_key = ANY(%s)",
        ([f"purchase.line,{line}" for line in lines],),
    )
    return dict(rows.fetchall())
