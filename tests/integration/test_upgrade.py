"""A database with stock in it is brought up to date and loses nothing."""

from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files

import psycopg
import pytest
from psycopg import sql

from lotwatch import facts, ledger
from lotwatch.db.migrate import migrate
from lotwatch_local import postgres
from lotwatch_local.settings import Settings
from tests.integration.company import NOW, TODAY

#: the last migration of the schema that had no partitions
BEFORE = "006_gate.sql"

STOCK = """
INSERT INTO lotwatch.supplier (code, name) VALUES ('S1', 'Supplier One');
INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit)
VALUES ('I1', 'Device', true, false, true, 'u');
INSERT INTO lotwatch.item_identifier (agency, code, item_id) SELECT 'GS1', '04012345678901', item_id FROM lotwatch.item;
INSERT INTO lotwatch.credential (kind, number, item_id, valid_through)
SELECT 'registration', 'R1', item_id, '2027-01-01' FROM lotwatch.item;
INSERT INTO lotwatch.location (code, name, kind) VALUES
('SUPPLIER', 'Supplier', 'supplier'), ('PATIENT', 'Patient', 'patient'), ('DC', 'DC', 'site');
UPDATE lotwatch.location SET site_id = location_id WHERE kind = 'site';
INSERT INTO lotwatch.lot (item_id, number, usable_through) SELECT item_id, 'L1', '2027-06-30' FROM lotwatch.item;
INSERT INTO lotwatch.movement_source (source, source_event_id, recorded_at) VALUES
('wms', 'receipt', '2026-02-03'), ('wms', 'use', '2026-04-05'), ('wms', 'use without lot', now());
INSERT INTO lotwatch.movement (
    source, source_event_id, item_id, lot_id, from_location_id, to_location_id, from_owner, to_owner, from_status,
    to_status, quantity, order_line_key, occurred_at, recorded_at
)
SELECT
    'wms', e.event, item_id, CASE WHEN e.lot THEN lot_id ELSE 0 END, o.location_id, d.location_id, 'own', 'own',
    'unrestricted', 'unrestricted', e.quantity, e.line, e.at, e.at
FROM (
    VALUES
    ('receipt', 'SUPPLIER', 'DC', 50, 'line-1', timestamptz '2026-02-03', true),
    ('use', 'DC', 'PATIENT', 20, NULL, timestamptz '2026-04-05', true),
    ('use without lot', 'DC', 'PATIENT', 1, NULL, timestamptz '2026-06-01', false)
) AS e (event, origin, destination, quantity, line, at, lot)
CROSS JOIN lotwatch.lot
JOIN lotwatch.location AS o ON o.code = e.origin
JOIN lotwatch.location AS d ON d.code = e.destination;
INSERT INTO lotwatch.position
SELECT item_id, to_location_id, lot_id, 0, 'own', 'unrestricted', sum(quantity) FROM (
    SELECT item_id, to_location_id, lot_id, quantity FROM lotwatch.movement
    UNION ALL
    SELECT item_id, from_location_id, lot_id, -quantity FROM lotwatch.movement
) AS side GROUP BY 1, 2, 3;
INSERT INTO lotwatch.purchase_order_line (source, source_key, state, supplier_id, site_id, item_id, quantity, unit_price, currency, ordered_on)
SELECT 'erp', 'line-1', 'open', supplier_id, location_id, item_id, 80, 1, 'USD', '2026-01-01'
FROM lotwatch.supplier, lotwatch.location AS l, lotwatch.item WHERE l.code = 'DC';
INSERT INTO lotwatch.hold (cause, authority, item_id, lot_id, reference, placed_at)
SELECT 'quality', 'quality', item_id, lot_id, 'Q1', '2026-03-01' FROM lotwatch.lot;
"""


@pytest.fixture
def earlier(database: Settings) -> Iterator[psycopg.Connection]:
    """A database of the earlier schema with stock in it, as its owner."""
    name = "test_upgrade"
    with postgres.connect_superuser(database) as superuser:
        statement = sql.SQL("CREATE DATABASE {} OWNER lotwatch_migrator").format(sql.Identifier(name))
        superuser.execute(statement)
        with psycopg.connect(database.database_url("migrator", name)) as conn:
            conn.execute(
                "CREATE TABLE public.migration"
                " (name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            folder = files("lotwatch.db").joinpath("migrations")
            for script in sorted(folder.iterdir(), key=lambda script: script.name):
                if script.name <= BEFORE:
                    text = script.read_text(encoding="utf-8")
                    conn.execute(text.encode())
                    digest = sha256(text.encode()).hexdigest()
                    conn.execute("INSERT INTO public.migration (name, digest) VALUES (%s, %s)", (script.name, digest))
            conn.execute(STOCK.encode())
            conn.commit()
            yield conn
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_an_upgrade_keeps_movements_positions_holds_and_orders(earlier: psycopg.Connection) -> None:
    assert "008_ledger.sql" in migrate(earlier)
    assert ledger.verify(earlier) == []
    assert earlier.execute("SELECT count(*) FROM lotwatch.movement").fetchone() == (3,)
    assert earlier.execute("SELECT flag, quantity FROM lotwatch.movement_flag").fetchall() == [("lot_missing", 1)]
    facts.live(earlier, NOW)
    measures = "physical, held, available, on_order, without_lot"
    statement = sql.SQL("SELECT {} FROM lotwatch.fact_item_site").format(sql.SQL(measures))
    assert earlier.execute(statement).fetchall() == [(29, 30, -1, 30, 1)]
    facts.at(earlier, NOW.replace(month=3))
    assert earlier.execute(statement).fetchall() == [(50, 50, 0, 30, 0)]
    assert ledger.make_partitions(earlier, TODAY) == 0
