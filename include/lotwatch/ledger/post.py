"""Brings judged rows into the ledger, each source event once for ever."""

import psycopg

from lotwatch.ledger.counts import post_counts
from lotwatch.ledger.holds import hold_failed_lots
from lotwatch.ledger.logistics import complete_deliveries, post_logistics, settle_deliveries
from lotwatch.ledger.posting import post_documents, post_movements


def post_events(conn: psycopg.Connection, batch_id: int) -> dict[str, int]:
    """Post a batch's good movements, documents and counts; return how many of each were new or changed.

    One statement records the movements not seen before and keeps what is derived from them: all of it happens, or
    none. A replay posts nothing. Reversals come last, so that a batch may take back what it brought. Raises
    LotwatchError when a good row found no place: then nothing of the batch is posted.
    """
    moved = post_movements(conn, batch_id)
    tracked = post_logistics(conn, batch_id)
    complete_deliveries(conn, batch_id)
    documents = post_documents(conn, batch_id)
    if tracked["tracking_event"] or tracked["package_event"]:
        settle_deliveries(conn, batch_id)
    hold_failed_lots(conn, batch_id)
    return {"movement": moved, **documents, **tracked, "count": post_counts(conn, batch_id)}
