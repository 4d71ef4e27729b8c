"""A file into the ledger, or a look at what would become of it: pull, gate, post, as for any other source."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from lotwatch import gate as quality_gate
from lotwatch.audit import RunContext
from lotwatch.gate import BatchOutcome
from lotwatch.jobs import sync
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.connector import Connector

#: records whose reasons are told; the rest is in quarantine all the same
_TOLD = 50


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a file: records read and kept out, rows new or changed by entity, and why records were kept out.

    With what the file's source had left waiting, of which `passed` and `quarantined` count too.
    """

    read: int
    passed: int
    quarantined: int
    warned: int
    posted: dict[str, int]
    refused: list[tuple[str, list[str]]]


def load(conn: psycopg.Connection, context: RunContext, source: str, table: Connector, docs: Path) -> Loaded:
    """Pull the file into a batch of `source`, judge and post it. `conn` must be in autocommit mode.

    Raises SourceError for a file that cannot be read, GateError when the gate stopped the batch.
    """
    pulled = sync.pull(conn, context, source, table, None)
    judged = sync.gate(conn, context, source, docs)
    posted = sync.post(conn, context, source)
    return Loaded(
        read=sum(pulled["read"].values()),
        passed=judged.get("passed", 0),
        quarantined=judged.get("quarantined", 0),
        warned=judged.get("warned", 0),
        posted=posted,
        refused=quality_gate.refused(conn, pulled["batch_id"], limit=_TOLD),
    )


def try_load(conn: psycopg.Connection, context: RunContext, source: str, table: Connector) -> BatchOutcome:
    """What the gate would say of the file, by the suites alone; nothing is kept."""
    with conn.transaction(force_rollback=True):
        pulled = sync.pull(conn, context, source, table, None)
        return quality_gate.preview(conn, pulled["batch_id"], suites=EXPECTATIONS)
