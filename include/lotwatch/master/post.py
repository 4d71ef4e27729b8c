"""Brings judged rows of master data into the master tables: the last row of a batch wins."""

import psycopg

from lotwatch.db.query import query
from lotwatch.db.statistics import MANY, analyze_due

#: entities of this room in the order in which they depend on one another, and the statements that post each
ENTITIES: dict[str, tuple[str, ...]] = {
    "cross_reference": ("post_cross_reference",),
    "legal_entity": ("post_legal_entity",),
    "supplier": ("post_supplier",),
    "location": ("post_location", "link_location"),
    "lane": ("post_lane",),
    "device_record": ("post_device_record",),
    "item": ("drop_overtaken_fill", "post_item", "post_udi_di", "post_registration", "note_label_fill"),
    "item_unit": ("post_item_unit",),
    "substitute": ("post_substitute",),
    "identifier": ("post_identifier",),
    "agreement": ("post_agreement",),
    "credential": ("post_credential",),
    "lot": ("post_lot", "post_serial", "state_lot"),
    "kit": ("post_kit", "post_kit_content"),
    "order_point": ("post_order_point",),
    "notice": ("post_notice", "post_notice_version"),
    "adverse_event": ("post_adverse_event",),
}

TABLES = (
    "cross_reference", "legal_entity", "supplier", "location", "lane", "item", "item_unit", "item_substitute",
    "item_identifier", "supplier_agreement", "credential", "lot", "serial_unit", "kit", "kit_content", "order_point", "notice",
    "notice_version", "device_record", "item_fill", "lot_statement", "adverse_event",
)  # fmt: skip


def post_master(conn: psycopg.Connection, batch_id: int) -> dict[str, int]:
    """Post the batch's good rows; return how many rows of each entity were new or changed."""
    changed = {entity: _post(conn, statements, batch_id) for entity, statements in ENTITIES.items()}
    if sum(changed.values()) >= MANY:
        analyze_due(conn, "lotwatch", TABLES, sum(changed.values()))
    return changed


def _post(conn: psycopg.Connection, statements: tuple[str, ...], batch_id: int) -> int:
    return max(conn.execute(query(__package__, name), {"batch_id": batch_id}).rowcount for name in statements)


def device_identifiers(conn: psycopg.Connection) -> list[str]:
    """The identifiers under which regulators know the devices of our items."""
    return [code for (code,) in conn.execute(query(__package__, "device_identifiers"))]
