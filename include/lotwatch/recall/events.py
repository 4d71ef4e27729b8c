"""Which lots reports of adverse events name, where one field may name several."""

import psycopg

from lotwatch.db.query import query
from lotwatch.recall.reading import lot_list


def read_events(conn: psycopg.Connection) -> int:
    """Read the lots of reports that came or changed since; returns how many reports list several. What is no list of lots
    alone stays a document."""
    listed = 0
    for source, key, said in conn.execute(query(__package__, "unread_events")).fetchall():
        lots = lot_list(said)
        listed += len(lots) > 1
        conn.execute(query(__package__, "keep_event"), {"source": source, "key": key, "said": said, "lots": lots})
    return listed
