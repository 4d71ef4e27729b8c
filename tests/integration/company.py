"""A small company for tests, written the way a sync writes it: staged as good rows, then posted."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from lotwatch import ledger, master, sources
from lotwatch.audit import RunContext, begin_run
from lotwatch.gate import GateReport, run_gate
from lotwatch.paths import EXPECTATIONS

NOW = datetime(2026, 6, 15, 8, tzinfo=UTC)
TODAY = NOW.date()


def context(dag_id: str = "test", run_id: str = "run", as_of: datetime = NOW, **changes: Any) -> RunContext:
    plain = RunContext(dag_id, run_id, "manual", "task", -1, 1, None, as_of, f"dag:{dag_id}")
    return replace(plain, **changes)


class Company:
    """Two sites (DC buys, HOSP is supplied by transfer), a supplier, and what a test adds.

    With what a company `remembered`, it is that company once more, in a copy of its database.
    """

    def __init__(self, conn: psycopg.Connection, remembered: dict[str, Any] | None = None) -> None:
        self.conn = conn
        if remembered is not None:
            vars(self).update(deepcopy(remembered))
            return
        self._events = 0
        self.context = begin_run(conn, context())
        self._rows: list[tuple[str, dict[str, Any]]] = []
        self.location("SUPPLIER", kind="supplier")
        self.location("PATIENT", kind="patient")
        self.location("DC", kind="site", region="NORTH", supplied_by="supplier")
        self.location("HOSP", kind="site", region="NORTH", supplied_by="transfer", time_zone="Asia/Shanghai")
        self.location("HOSP/OR", kind="department", parent_code="HOSP")
        self.location("DC/QC", kind="bin", parent_code="DC", status="inspection")
        self.add("supplier", code="S1", name="Supplier One")
        self.post()

    def remembered(self) -> dict[str, Any]:
        return {name: deepcopy(value) for name, value in vars(self).items() if name != "conn"}

    def add(self, entity: str, source_key: str | None = None, **row: Any) -> None:
        if source_key is None:
            self._events += 1
            source_key = f"{entity}-{self._events}"
        self._rows.append((entity, {"source_key": source_key, **row}))

    def location(self, code: str, **row: Any) -> None:
        self.add("location", code=code, name=code.title(), **row)

    def item(self, code: str = "I1", **row: Any) -> None:
        plain = {"name": f"Device {code}", "label_lot": True, "label_serial": False, "label_expiry": True}
        self.add("item", code=code, **(plain | {"base_unit": "u", "unit_cost": Decimal(10)} | row))

    def agreement(self, item: str = "I1", **row: Any) -> None:
        plain = {"supplier_code": "S1", "price": Decimal(10), "currency": "USD", "lead_time_days": 10}
        self.add("agreement", f"agreement {item}", item_code=item, **(plain | row))

    def lot(
        self, number: str = "L1", item: str = "I1", expires: date | None = TODAY + timedelta(days=400), **row: Any
    ) -> None:
        self.add("lot", item_code=item, lot_number=number, usable_through=expires, **row)

    def move(
        self,
        quantity: int,
        to: str,
        origin: str = "SUPPLIER",
        *,
        item: str = "I1",
        lot: str | None = "L1",
        days_ago: float = 1,
        key: str | None = None,
        **row: Any,
    ) -> None:
        self.add(
            "movement",
            key,
            item_code=item,
            lot_number=lot,
            from_location=origin,
            to_location=to,
            quantity=quantity,
            occurred_at=NOW - timedelta(days=days_ago),
            **row,
        )

    def order_line(self, quantity: int, item: str = "I1", key: str | None = None, **row: Any) -> None:
        plain = {
            "order_number": "PO-1",
            "order_state": "open",
            "supplier_code": "S1",
            "site_code": "DC",
            "unit_price": Decimal(10),
            "currency": "USD",
            "ordered_on": TODAY - timedelta(days=5),
            "requested_on": TODAY + timedelta(days=5),
            "promised_on": TODAY + timedelta(days=5),
        }
        self.add("purchase_line", key, item_code=item, quantity=quantity, **(plain | row))

    def post(self, source: str = "test") -> dict[str, int]:
        """Post what was added; returns what was new or changed."""
        return self._post(self.stage(source))

    def sync(self, source: str = "test") -> GateReport:
        """Judge what was added and post what is good; returns the gate's report."""
        batch_id = self.stage(source, judged=False)
        self.conn.commit()
        report = run_gate(self.conn, [batch_id], suites=EXPECTATIONS, docs=Path(), as_of=NOW, referee=False)
        self._post(batch_id)
        return report

    def _post(self, batch_id: int) -> dict[str, int]:
        posted = master.post_master(self.conn, batch_id) | ledger.post_events(self.conn, batch_id)
        sources.finish_batch(self.conn, batch_id)
        self.conn.commit()
        return posted

    def stage(self, source: str = "test", *, judged: bool = True) -> int:
        row = self.conn.execute(
            "INSERT INTO lotwatch.batch (source, as_of) VALUES (%s, %s) RETURNING batch_id", (source, NOW)
        ).fetchone()
        assert row is not None
        for entity, values in self._rows:
            self._insert(entity, values | {"batch_id": row[0], "raw": Jsonb({}), "errors": [] if judged else None})
        self._rows = []
        return int(row[0])

    def _insert(self, entity: str, values: Mapping[str, Any]) -> None:
        statement = sql.SQL("INSERT INTO stage.{} ({}) VALUES ({})").format(
            sql.Identifier(entity),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(map(sql.Placeholder, values)),
        )
        self.conn.execute(statement, values)

    def position(self, location: str, item: str = "I1") -> int:
        row = self.conn.execute(
            "SELECT coalesce(sum(p.quantity), 0) FROM lotwatch.position AS p"
            " JOIN lotwatch.item USING (item_id) JOIN lotwatch.location AS l USING (location_id)"
            " WHERE item.code = %s AND l.code = %s",
            (item, location),
        ).fetchone()
        assert row is not None
        return int(row[0])
