"""What the gate knows of the staging tables: their columns, and which of them names the item."""

from collections.abc import Mapping, Sequence

import psycopg
from psycopg import sql

from lotwatch.db.query import query


def staged_columns(conn: psycopg.Connection) -> dict[str, list[str]]:
    """Each entity's own columns, without those that every staged row has."""
    return dict(conn.execute(query(__package__, "staged_columns")).fetchall())


def item_code(entity: str, columns: Sequence[str]) -> sql.Composable:
    """The staged row's item code; null where the entity has no item."""
    if entity == "item":
        return sql.SQL("s.code")
    return sql.SQL("s.item_code") if "item_code" in columns else sql.SQL("NULL::text")


def for_entity(text: str, entity: str, columns: Sequence[str], **parts: sql.Composable) -> sql.Composed:
    """A template of this room for one entity: its table, its columns and the same columns of a record `r`."""
    names = [sql.Identifier(column) for column in columns]
    return sql.SQL(query(__package__, text)).format(
        entity=sql.Identifier(entity),
        columns=sql.SQL(", ").join(names),
        record_columns=sql.SQL(", ").join(sql.SQL("r.{}").format(name) for name in names),
        **parts,
    )


def item_code_of(entity: str, row: Mapping[str, object]) -> object:
    """The item code in a mapped row; None where the entity has no item or it could not be mapped."""
    return row.get("code" if entity == "item" else "item_code")
