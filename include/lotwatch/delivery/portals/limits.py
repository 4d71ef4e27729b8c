"""How often a portal may be asked, and when it is left alone: one row in the database, so that all workers keep to it."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from lotwatch.db.query import query
from lotwatch.delivery.outcome import Refused, Unavailable, Unclear
from lotwatch.delivery.portals.documents import PortalClient
from lotwatch.delivery.portals.registry import Portal


class NotYet(Exception):  # noqa: N818 (nothing has gone wrong)
    """The portal is not to be asked for so many seconds."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.seconds = seconds


@contextmanager
def asking(conn: psycopg.Connection, portal: Portal, requests: int = 1) -> Iterator[PortalClient]:
    """The portal's client for so many requests (a look-up and an order go together). Raises NotYet where it is too early for it; notes how the portal did.

    After `breaker.after` requests in a row without a usable answer the portal is left alone for `breaker.seconds`; then
    one request of one worker decides whether it is there again. The pause that a portal asks for is kept by all workers.
    """
    _admit(conn, portal, requests)
    try:
        yield portal.client
    except Unavailable as error:
        _note_failure(conn, portal, error.retry_after or 0.0)
        raise
    except Unclear as error:
        if error.silent:
            _note_failure(conn, portal, 0.0)
        raise
    except Refused:
        _note_answer(conn, portal)
        raise
    _note_answer(conn, portal)


def _admit(conn: psycopg.Connection, portal: Portal, requests: int) -> None:
    breaker = portal.settings.breaker
    with conn.transaction():
        conn.execute(query(__package__, "know_portal"), {"portal": portal.name})
        locked = conn.execute(query(__package__, "lock_portal"), {"portal": portal.name}).fetchall()
        [(failures, closed_for, asked, next_after)] = locked
        if closed_for > 0:
            raise NotYet(f"The portal {portal.name} is left alone for a while.", closed_for)
        if asked + requests > portal.settings.requests_per_minute:
            raise NotYet(f"The portal {portal.name} was asked {asked} times within a minute.", next_after)
        is_trial = failures >= breaker.after
        conn.execute(
            query(__package__, "note_request"),
            {"portal": portal.name, "requests": requests, "trial_seconds": breaker.seconds if is_trial else None},
        )


def _note_failure(conn: psycopg.Connection, portal: Portal, pause: float) -> None:
    parameters = {
        "portal": portal.name,
        "after": portal.settings.breaker.after,
        "seconds": portal.settings.breaker.seconds,
        "pause": pause,
    }
    conn.execute(query(__package__, "note_failure"), parameters)


def _note_answer(conn: psycopg.Connection, portal: Portal) -> None:
    conn.execute(query(__package__, "note_answer"), {"portal": portal.name})
