"""Says for whom a transaction reads, and what they may see."""

from typing import Any, NamedTuple

import psycopg

from lotwatch.db.query import query


class Sight(NamedTuple):
    """What somebody sees: all sites, or some (`sites` counts them), or nothing."""

    everything: bool
    sites: int

    @property
    def nothing(self) -> bool:
        return not self.everything and self.sites == 0


def see_as(conn: psycopg.Connection[Any], user_name: str) -> Sight:
    """Show the board's role what `user_name` may see, until the transaction ends; other roles are not bound by it."""
    conn.execute(query(__package__, "see_as"), {"user_name": user_name})
    row = conn.execute(query(__package__, "sight")).fetchone()
    assert row is not None  # noqa: S101 (the statement always answers one row)
    return Sight(*row)


def sees_site(conn: psycopg.Connection[Any], user_name: str, site_id: int) -> bool:
    """Whether `user_name` may see a site: for the roles that are not bound by it, before they write on somebody's behalf."""
    row = conn.execute(query(__package__, "sees_site"), {"user_name": user_name, "site_id": site_id}).fetchone()
    assert row is not None  # noqa: S101 (the statement always answers one row)
    return bool(row[0])
