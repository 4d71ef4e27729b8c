"""What the fact views offer: their columns, types and units, from the database's own comments."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from lotwatch.db.query import query

#: which facts are read: of everything at a moment, of everything now, of what changed
Schema = Literal["lotwatch", "lotwatch_now", "lotwatch_changed"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a fact view. `comment` says what it is and in which unit."""

    view: str
    name: str
    type: str
    comment: str | None


def columns(conn: psycopg.Connection, subjects: Collection[str] | None = None) -> dict[str, dict[str, Column]]:
    """Columns by name for each fact view, in their order; of those about `subjects` alone where given."""
    parameters = {"views": None if subjects is None else [f"fact_{subject}" for subject in subjects]}
    known: dict[str, dict[str, Column]] = {}
    with conn.cursor(row_factory=class_row(Column)) as cursor:
        for column in cursor.execute(query(__package__, "columns"), parameters):
            known.setdefault(column.view, {})[column.name] = column
    return known


def absent(conn: psycopg.Connection, schema: Schema) -> set[str]:
    """Subjects of which there is nothing to be seen: not all, but those that are rare or that many companies do without."""
    tables = sql.Identifier("lotwatch_items" if schema == "lotwatch_changed" else "lotwatch")
    statement = sql.SQL(query(__package__, "absent")).format(tables=tables)
    return {subject for (subject,) in conn.execute(statement)}


def as_markdown(conn: psycopg.Connection) -> str:
    """The reference page of all fact views."""
    titles: dict[str, str] = dict(conn.execute(query(__package__, "views")).fetchall())
    parts = ["# Facts\n\nWhat rules and pages read. Made from the database's comments by `lotwatch facts reference`.\n"]
    for view, known in columns(conn).items():
        rows = "".join(f"| `{column.name}` | {column.type} | {column.comment} |\n" for column in known.values())
        parts.append(f"## {view}\n\n{titles[view]}\n\n| column | type | meaning |\n|---|---|---|\n{rows}")
    return "\n".join(parts)
