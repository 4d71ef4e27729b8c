"""A supplier's letter into the notices: pull, gate, post, as every record goes."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from lotwatch import gate as quality_gate
from lotwatch import sources
from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.errors import GateError
from lotwatch.jobs import sync
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.letters import Letter, LetterFile, Stated

#: the source whose records are letters that people load
LETTERS = "letters"


@dataclass(frozen=True, slots=True)
class Received:
    """The notice that a letter became, and whether it said something new."""

    notice_id: int
    new: bool


def receive(conn: psycopg.Connection, context: RunContext, letter: Letter, stated: Stated) -> Received:
    """Bring a letter in, at once: without Great Expectations, by the suite alone. Commits what `conn` holds.

    Raises GateError when it was kept out, with the reasons; it is in quarantine then.
    """
    pulled = sync.pull(conn, context, LETTERS, LetterFile(letter, stated, context.as_of), None)
    waiting = sources.pending_batches(conn, LETTERS, "staged")
    quality_gate.run_gate(
        conn, waiting, suites=EXPECTATIONS, docs=Path(), as_of=context.as_of, referee=False
    )  # fmt: skip
    posted = sync.post(conn, context, LETTERS)
    refused = quality_gate.refused(conn, pulled["batch_id"], limit=1)
    if refused:
        raise GateError("; ".join(refused[0][1]), where=f"letter {stated.number}", do="correct it and load it again")
    row = conn.execute(
        query(__package__, "find_letter"), {"supplier": stated.supplier, "number": stated.number}
    ).fetchone()
    assert row is not None  # noqa: S101 (it was posted, now or before)
    conn.commit()
    return Received(int(row[0]), bool(posted.get("notice")))
