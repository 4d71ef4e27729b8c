"""Migrations: ordered .sql files, each applied once in its own transaction and never edited afterwards.

The documented fact views are not migrated but made anew whenever their files change: they hold no data.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

import psycopg

from lotwatch.errors import LotwatchError

_LOCK = 0x107_3A7C4  # any number of ours: one migrator at a time


def migrate(conn: psycopg.Connection) -> list[str]:
    """Bring the database up to date as its owner; return the names of what was applied.

    Raises LotwatchError when a file that was applied has been edited since.
    """
    with conn.transaction():
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        conn.execute(
            "CREATE TABLE IF NOT EXISTS public.migration"
            " (name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        known: dict[str, str] = dict(conn.execute("SELECT name, digest FROM public.migration").fetchall())
        applied = list(_apply_once(conn, known))
        return [*applied, *_renew_views(conn, known, always=bool(applied))]


def _apply_once(conn: psycopg.Connection, known: dict[str, str]) -> Iterator[str]:
    for script in _scripts("lotwatch.db", "migrations"):
        text = script.read_text(encoding="utf-8")
        digest = sha256(text.encode()).hexdigest()
        if script.name not in known:
            _run(conn, script.name, text)
            conn.execute("INSERT INTO public.migration (name, digest) VALUES (%s, %s)", (script.name, digest))
            yield script.name
        elif known[script.name] != digest:
            raise LotwatchError(
                "A migration that was applied has been edited",
                where=script.name,
                do="restore the file and put the change into a new one",
            )


def _renew_views(conn: psycopg.Connection, known: dict[str, str], *, always: bool) -> Iterator[str]:
    # always after a migration: it may have had to drop a view to change what it reads
    scripts = _scripts("lotwatch.facts", "views")
    text = "\n".join(script.read_text(encoding="utf-8") for script in scripts)
    digest = sha256(text.encode()).hexdigest()
    if always or known.get("views") != digest:
        before = "".join(
            f"DROP VIEW IF EXISTS {name} CASCADE;\n" for name in re.findall(r"(?m)^CREATE VIEW ([\w.]+)", text)
        )
        _run(conn, "facts/views", before + text)
        conn.execute(
            "INSERT INTO public.migration (name, digest) VALUES ('views', %s)"
            " ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, applied_at = now()",
            (digest,),
        )
        yield "views"


def _scripts(package: str, folder: str) -> list[Traversable]:
    found = files(package).joinpath(folder).iterdir()
    return sorted((script for script in found if script.name.endswith(".sql")), key=lambda script: script.name)


def _run(conn: psycopg.Connection, name: str, text: str) -> None:
    try:
        conn.execute(text.encode())  # bytes: a whole script, no parameters
    except psycopg.Error as error:
        raise LotwatchError(f"A migration failed: {error}", where=name) from error
