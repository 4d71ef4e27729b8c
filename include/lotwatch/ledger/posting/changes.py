"""The queue of positions that changed and wait to be evaluated."""

import psycopg

from lotwatch.db.query import query


def clear_changes(conn: psycopg.Connection) -> int:
    """Empty the queue, before a full sweep reads the facts; returns how many there were."""
    return conn.execute(query(__package__, "clear_changes")).rowcount
