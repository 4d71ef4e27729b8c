"""Brings judged documents into the ledger, each as its own system has it now.

Orders, invoices, demand, allocations, deliveries, inspections, and what a system states to be where.
"""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from lotwatch.db.query import query
from lotwatch.db.statistics import MANY, analyze_due
from lotwatch.ledger.orders import apply_to_batch
from lotwatch.ledger.posting.loss import refuse_loss


@dataclass(frozen=True, slots=True)
class Document:
    """A staged entity, the table that its rows end in, and what posts them: (what is counted, the statement), in order."""

    entity: str
    table: str
    posts: tuple[tuple[str, str], ...]


#: in the order in which they refer to one another
DOCUMENTS = (
    Document("purchase_line", "purchase_order_line", (("purchase_line", "post_purchase_line"),)),
    Document("invoice_line", "invoice_line", (("invoice_line", "post_invoice_line"),)),
    Document(
        "demand_line",
        "demand_order_line",
        (("demand_order", "post_demand_order"), ("demand_line", "post_demand_line")),
    ),
    Document("allocation", "allocation", (("allocation", "post_allocation"),)),
    Document(
        "delivery_line",
        "delivery_line",
        (("delivery", "post_delivery"), ("delivery_line", "post_delivery_line")),
    ),
    Document("inspection", "inspection", (("inspection", "post_inspection"),)),
    Document("quality_alert", "quality_alert", (("quality_alert", "post_quality_alert"),)),
    Document("stock_level", "stated_stock", (("stock_level", "post_stock_level"),)),
)


def post_documents(conn: psycopg.Connection, batch_id: int) -> dict[str, int]:
    """Post a batch's good documents; return how many of each were new or changed. A replay changes nothing.

    What changed is put into the queue of changes in the same statement. Raises LotwatchError when a good row found no
    place.
    """
    posted = {name: 0 for document in DOCUMENTS for name, _ in document.posts}
    staged = {entity for (entity,) in conn.execute(query(__package__, "staged_documents"), {"batch_id": batch_id})}
    for document in DOCUMENTS:
        if document.entity not in staged:
            continue
        for name, statement in document.posts:
            row = conn.execute(query(__package__, statement), {"batch_id": batch_id}).fetchone()
            posted[name] = int(row[0]) if row else 0
        _refuse_lost_rows(conn, batch_id, document)
        if document.entity == "purchase_line":
            apply_to_batch(conn, batch_id)
        if posted[document.entity] >= MANY:
            analyze_due(conn, "lotwatch", (document.table,), posted[document.entity])
    return posted


def _refuse_lost_rows(conn: psycopg.Connection, batch_id: int, document: Document) -> None:
    statement = sql.SQL(query(__package__, "lost")).format(
        staged=sql.Identifier("stage", document.entity), kept=sql.Identifier("lotwatch", document.table)
    )
    lost = conn.execute(statement, {"batch_id": batch_id}).fetchall()
    refuse_loss(batch_id, document.entity, [source_key for (source_key,) in lost])
