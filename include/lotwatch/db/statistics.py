"""Fresh statistics after a large load: the planner would else join the new rows as if there were none."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

from lotwatch.db.query import query

#: rows from which on a load changes what the planner should know; smaller ones are left to autovacuum
MANY = 1_000


def analyze(conn: psycopg.Connection, schema: str, tables: Sequence[str]) -> None:
    """Analyze tables within the transaction. The role needs MAINTAIN on them.

    A partitioned table is looked at as a whole: its parts are autovacuum's.
    """
    names = sql.SQL(", ").join(sql.SQL("ONLY {}").format(sql.Identifier(schema, table)) for table in tables)
    conn.execute(sql.SQL("ANALYZE {}").format(names))


def analyze_due(conn: psycopg.Connection, schema: str, tables: Sequence[str], loaded: int) -> None:
    """Analyze those tables of which `loaded` rows are a sizeable share: large ones are not read again for each load."""
    parameters = {"schema": schema, "tables": list(tables), "loaded": loaded}
    due = [name for (name,) in conn.execute(query(__package__, "due_for_analyze"), parameters)]
    if due:
        analyze(conn, schema, due)
