"""A whole Tryton into the ledger: what is kept out is what was planted, and the measures are what Tryton's papers say."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lotwatch import facts, gate, ledger, master, sources
from lotwatch.audit import RunContext, begin_run
from lotwatch.gate import run_gate
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.registry import Limit
from lotwatch.sources.tryton import TrytonConnector, TrytonProcurement, TrytonQuality, TrytonWarehouse, connect
from lotwatch_local.settings import Settings
from tests.integration.company import context

SOURCES: dict[str, type[TrytonConnector]] = {
    "wms": TrytonWarehouse, "procurement": TrytonProcurement, "quality": TrytonQuality,
}  # fmt: skip
DAY = timedelta(days=1)


@pytest.fixture
def conn(db_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(db_url, autocommit=True) as conn:
        yield conn


def post(conn: psycopg.Connection, run: RunContext, batch: int) -> None:
    run_gate(conn, [batch], suites=EXPECTATIONS, docs=Path(), as_of=run.as_of, referee=False)
    with conn.transaction():
        master.post_master(conn, batch)
        ledger.post_events(conn, batch)
        sources.finish_batch(conn, batch)


def count(conn: psycopg.Connection, table: str) -> int:
    row = conn.execute(f"SELECT count(*) FROM lotwatch.{table}").fetchone()  # noqa: S608 (ours)
    assert row is not None
    return int(row[0])


def test_a_whole_tryton_is_kept_but_for_what_was_planted_and_nothing_of_it_has_vanished(
    conn: psycopg.Connection, tryton: Any, outside: Settings
) -> None:
    run = begin_run(conn, context(as_of=datetime.now(UTC)))
    connectors = {
        name: kind(connect(tryton.url, tryton.database, tryton.user, tryton.password)) for name, kind in SOURCES.items()
    }
    for name, connector in connectors.items():
        post(conn, run, sources.pull(conn, name, connector, run, gate.quarantine_unmapped).batch_id)

    # the new entities are good, and those kept out are the planted ones and what refers to them
    seeded = json.loads((outside.home / "tryton" / "tryton_seed.json").read_text())
    planted = {(row["entity"], row["source_key"]) for row in seeded["planted"]}
    kept_out = {
        (entity, key): rules
        for entity, key, rules in conn.execute(
            "SELECT entity, source_key, rules FROM lotwatch.quarantine WHERE state = 'open'"
        )
    }
    further = {record: rules for record, rules in kept_out.items() if record not in planted}
    referring = {"LOT001", "MOV001", "PUR005", "DEL005", "MAP"}  # to an item without a code, or in a quantity like it
    assert {rule for rules in further.values() for rule in rules if not rule.startswith("REF")} <= referring, further
    assert len(further) < 20, further
    assert not {"order_point", "quality_alert", "identifier", "item_unit"} & {entity for entity, _ in kept_out}
    for table in (
        "order_point", "quality_alert", "item_unit", "supplier_agreement", "inspection", "delivery_line", "invoice_line",
    ):  # fmt: skip
        assert count(conn, table) > 0, table

    # what was announced is in transit, of an order line of which nothing is on order any more
    announced = seeded["special"]["announced"]["item"]
    with conn.transaction():
        facts.live(conn, run.as_of)
        lines = conn.execute(
            "SELECT outstanding, in_transit FROM lotwatch.fact_order_line WHERE item_code = %s AND in_transit > 0",
            (announced,),
        ).fetchall()
        row = conn.execute(
            "SELECT sum(in_transit), sum(in_transit + on_order) FROM lotwatch.fact_item_site WHERE item_code = %s",
            (announced,),
        ).fetchone()
        outstanding = conn.execute(
            "SELECT sum(outstanding) FROM lotwatch.fact_order_line WHERE item_code = %s", (announced,)
        ).fetchone()
    assert lines
    assert all(left == moving for left, moving in lines)
    assert row is not None
    assert outstanding is not None
    assert row[0] >= sum(moving for _, moving in lines)
    assert row[1] >= outstanding[0]

    bills_are_compared(conn, run, seeded["special"])

    # all that was read is there, so nothing is withdrawn
    later = replace(run, as_of=run.as_of + DAY)
    for name, connector in connectors.items():
        done = sources.reconcile(conn, name, connector, later, gate.quarantine_unmapped, every=DAY, limit=Limit())
        assert done.refused == []
        assert {found.entity for found in done.found} == set(connector.reconciled)
        assert [found for found in done.found if found.vanished or found.returned] == []


def bills_are_compared(conn: psycopg.Connection, run: RunContext, special: dict[str, dict[str, str]]) -> None:
    """What suppliers billed wrongly is seen, what they billed rightly is not, and a budget is billed what is posted."""
    with conn.transaction():
        facts.live(conn, run.as_of)
        rows = conn.execute(
            "SELECT invoice_numbers, percent_over_order, over_order, repeated_invoices, invoiced_quantity - quantity"
            " FROM lotwatch.fact_billed_line WHERE invoice_numbers LIKE 'INV-%'"
            " AND (percent_over_order <> 0 OR over_order > 0 OR repeated_invoices > 0)"
        ).fetchall()
        billed = conn.execute(
            "SELECT sum(used.invoiced) FROM lotwatch.budget_use AS used WHERE used.order_number IN ("
            " SELECT line.order_number FROM lotwatch.purchase_order_line AS line JOIN lotwatch.fact_billed_line AS bill"
            " ON bill.subject_key = line.source || ':' || line.source_key WHERE bill.invoice_numbers = %s)",
            (special["billed_dear"]["number"],),
        ).fetchone()
        posted = conn.execute(
            "SELECT sum(quantity * unit_price) FROM lotwatch.invoice_line WHERE supplier_number = %s",
            (special["billed_dear"]["number"],),
        ).fetchone()
    found = {row[0]: row[1:] for row in rows}
    assert found[special["billed_dear"]["number"]] == (8, 0, 0, 0)
    assert found[special["billed_too_much"]["number"]][1] >= 10
    assert found[special["billed_twice"]["number"]][2] == 1
    assert len(found) == 3  # what was credited, and billed anew, is as it was ordered
    assert billed == posted
    assert posted is not None
    assert posted[0] > 0
