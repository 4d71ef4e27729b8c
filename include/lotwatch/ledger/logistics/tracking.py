"""Posts package events, tracking events and temperatures, and what they say of deliveries."""

import psycopg
from psycopg import sql

from lotwatch.db.query import query
from lotwatch.ledger.posting.loss import refuse_loss

ENTITIES = ("package_event", "tracking_event", "temperature_reading")


def post_logistics(conn: psycopg.Connection, batch_id: int) -> dict[str, int]:
    """Post what a batch tells; return how many rows of each entity were new. A replay posts nothing.

    Raises LotwatchError when a good row found no place.
    """
    return {entity: _post(conn, entity, batch_id) for entity in ENTITIES}


def complete_deliveries(conn: psycopg.Connection, batch_id: int) -> None:
    """Before a batch's delivery lines are posted: what was told of them before, and the order lines they fulfil.

    So it makes no difference which comes first, a delivery's announcement or its receipt or the declaration of its error.
    """
    conn.execute(query(__package__, "find_order_lines"), {"batch_id": batch_id})
    conn.execute(query(__package__, "complete_deliveries"), {"batch_id": batch_id})


def settle_deliveries(conn: psycopg.Connection, batch_id: int) -> None:
    """Announce the packages that a batch's events ship, and note what they say of deliveries known before."""
    announced = [row[0] for row in conn.execute(query(__package__, "announced"), {"batch_id": batch_id}).fetchall()]
    parameters = {"batch_id": batch_id, "announced": announced}
    conn.execute(query(__package__, "settle_lines"), parameters)
    conn.execute(query(__package__, "settle_deliveries"), parameters)


def _post(conn: psycopg.Connection, entity: str, batch_id: int) -> int:
    posted = conn.execute(query(__package__, f"post_{entity}"), {"batch_id": batch_id}).rowcount
    statement = sql.SQL(query(__package__, "lost")).format(
        staged=sql.Identifier("stage", entity), kept=sql.Identifier("lotwatch", entity)
    )
    lost = conn.execute(statement, {"batch_id": batch_id}).fetchall()
    refuse_loss(batch_id, entity, [source_key for (source_key,) in lost])
    return posted
