"""Brings staged records into our codes and base units, before the gate judges them.

A source may name things by its own codes, an item by the identifier on its label, and a quantity in packs. Cross
references, identifiers and units that are known, or good and waiting to be posted, say what that is here. What a column
held before is kept in `stated`: so nothing is translated or multiplied twice, and a record that comes back from
quarantine is brought into our terms anew, by what is known then. What cannot be resolved stays as it is, for the gate to
refuse. An item whose label nobody described gets its label flags from the device record of its UDI-DI in the same way.
"""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from lotwatch.db.query import query

#: the columns that name something of each kind; an entity's own code comes beside them
CODES: dict[str, tuple[str, ...]] = {
    "item": ("item_code", "kit_item_code", "substitute_code"),
    "location": (
        "parent_code", "location_code", "site_code", "from_site_code", "to_site_code", "from_location", "to_location",
        "from_site", "customer_location",
    ),
    "supplier": ("supplier_code",),
    "legal_entity": ("legal_entity_code",),
    "lot": ("lot_number",),
    "unit": ("unit", "base_unit"),
}  # fmt: skip


def resolve(conn: psycopg.Connection, batch_id: int, source: str, entity: str, columns: Sequence[str]) -> None:
    """Resolve the batch's rows of one entity, in the caller's transaction; doing it again changes nothing.

    `columns` are the entity's own. One without `stated` has nothing to be resolved. What it refers to must have been
    judged before: only good records are relied on.
    """
    if "stated" not in columns:
        return
    parameters = {"batch_id": batch_id, "source": source, "kinds": list(CODES)}
    for (kind,) in conn.execute(query(__package__, "resolve_kinds"), parameters).fetchall():
        for column in _naming(kind, entity, columns):
            _run(conn, "resolve_code", entity, parameters | {"kind": kind, "column": column}, column)
    if {"item_code", "udi_di", "quantity", "unit"} <= set(columns):
        _run(conn, "resolve_package", entity, parameters)
    elif {"item_code", "udi_di"} <= set(columns):
        _run(conn, "resolve_identifier", entity, parameters)
    if {"item_code", "quantity", "unit"} <= set(columns):
        _run(conn, "resolve_unit", entity, parameters)
    if entity == "item":
        conn.execute(query(__package__, "resolve_labels"), {"batch_id": batch_id})


def _naming(kind: str, entity: str, columns: Sequence[str]) -> list[str]:
    """The columns of an entity that name something of a kind; those of the ledger's events never name themselves."""
    own = ("code",) if kind == entity else ()
    return [column for column in (*own, *CODES[kind]) if column in columns]


def _run(conn: psycopg.Connection, name: str, entity: str, parameters: dict[str, object], column: str = "") -> None:
    statement = sql.SQL(query(__package__, name)).format(
        entity=sql.Identifier(entity), column=sql.Identifier(column or "-")
    )
    conn.execute(statement, parameters)
