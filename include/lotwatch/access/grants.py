"""Giving and taking sites: each change is in the audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user was given: all sites, or the ones with these codes."""

    user_name: str
    limited: bool
    sites: list[str]


def grants(conn: psycopg.Connection) -> list[Grant]:
    """All users we know, by name."""
    with conn.cursor(row_factory=class_row(Grant)) as cursor:
        return cursor.execute(query(__package__, "grants")).fetchall()


def introduce(conn: psycopg.Connection, context: RunContext, limited: Mapping[str, bool]) -> list[str]:
    """Make users known, each limited to sites (none yet) or not; return the new ones. Who is known already stays as they are."""
    new = []
    with conn.transaction():
        for user_name, is_limited in limited.items():
            parameters = {"user_name": user_name, "limited": is_limited, "added_by": context.actor}
            if conn.execute(query(__package__, "introduce"), parameters).fetchone():
                record(conn, context, "user introduced", "person", user_name, after={"limited": is_limited})
                new.append(user_name)
    return new


def grant(
    conn: psycopg.Connection, context: RunContext, user_name: str, site_code: str | None, reason: str = ""
) -> bool:
    """Let a user see a site, or all sites (`site_code` None); whether that changed anything. Raises LotwatchError for no site."""
    with conn.transaction():
        if site_code is None:
            introduce(conn, context, {user_name: False})
            return _set_limited(conn, context, user_name, False, reason)
        introduce(conn, context, {user_name: True})
        parameters = {"user_name": user_name, "site_id": _site(conn, site_code), "granted_by": context.actor}
        if conn.execute(query(__package__, "grant"), parameters).fetchone() is None:
            return False
        record(conn, context, "site granted", "person", user_name, after={"site": site_code}, reason=reason or None)
        return True


def revoke(
    conn: psycopg.Connection, context: RunContext, user_name: str, site_code: str | None, reason: str = ""
) -> bool:
    """Take a site from a user, or all sites but those granted one by one (`site_code` None); whether that changed anything.

    Raises LotwatchError for a user or a site that is not there.
    """
    with conn.transaction():
        if user_name not in {known.user_name for known in grants(conn)}:
            raise LotwatchError("Nobody of that name was given a site", where=user_name, do="see: lotwatch access list")
        if site_code is None:
            return _set_limited(conn, context, user_name, True, reason)
        parameters = {"user_name": user_name, "site_id": _site(conn, site_code)}
        if conn.execute(query(__package__, "revoke"), parameters).fetchone() is None:
            return False
        record(conn, context, "site revoked", "person", user_name, before={"site": site_code}, reason=reason or None)
        return True


def _set_limited(conn: psycopg.Connection, context: RunContext, user_name: str, limited: bool, reason: str) -> bool:
    parameters = {"user_name": user_name, "limited": limited}
    if conn.execute(query(__package__, "set_limited"), parameters).fetchone() is None:
        return False
    action = "all sites revoked" if limited else "all sites granted"
    record(
        conn,
        context,
        action,
        "person",
        user_name,
        before={"limited": not limited},
        after={"limited": limited},
        reason=reason or None,
    )
    return True


def _site(conn: psycopg.Connection, code: str) -> int:
    row = conn.execute(query(__package__, "site"), {"code": code}).fetchone()
    if row is None:
        raise LotwatchError("There is no such site", where=code, do="name a site by its code, as on the Inventory page")
    return int(row[0])
