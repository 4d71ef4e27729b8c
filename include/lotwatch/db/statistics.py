"""Fresh statistics after a large load: the planner would else join the new rows as if there were none."""

from collections.abc import Sequence

import psycopg
from psycopg import sql

#: rows from which on a load changes what the planner should know; smaller ones are left to autovacuum
MANY = 1_000


def analyze(conn: psycopg.Connection, schema: str, tables: Sequence[str]) -> None:
    """Analyze tables within the transaction. The role needs MAINTAIN on them."""
    names = sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)
    conn.execute(sql.SQL("ANALYZE {}").format(names))
