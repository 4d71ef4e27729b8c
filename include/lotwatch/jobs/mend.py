"""What a person decides on records and batches that the gate kept back: judged and posted at once, not at the next sync."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from lotwatch import gate
from lotwatch.audit import RunContext
from lotwatch.errors import GateError
from lotwatch.gate import Selection, Threshold
from lotwatch.gate.suites import ENTITIES
from lotwatch.jobs import sync
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.registry import load_sources

#: records judged and posted in one transaction: what others wait for, and what is lost when it fails
AT_ONCE = 2_000
#: a replayed batch is never stopped: its records lie in quarantine already
_UNLIMITED = dict.fromkeys(ENTITIES, Threshold(share=1.0))

Corrections = Mapping[int, Mapping[str, Any]]
#: called after each portion: (records done, records in all)
Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Mended:
    """What became of replayed records: how many passed, which are still refused and why, rows new or changed by entity."""

    selected: int = 0
    passed: int = 0
    refused: list[gate.KeptRow] = field(default_factory=list)
    posted: dict[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, Any]:
        """In numbers, for the run's log."""
        return {"selected": self.selected, "passed": self.passed, "refused": len(self.refused), "posted": self.posted}


def replay(
    conn: psycopg.Connection,
    context: RunContext,
    selection: Selection,
    *,
    reason: str,
    corrections: Mapping[str, Any] | None = None,
    corrections_of: Corrections | None = None,
    dry_run: bool = False,
    progress: Progress = _silent,
) -> Mended:
    """Judge records of quarantine once more, corrected or not, and post those that pass.

    `corrections` are for every record, `corrections_of` for some by their quarantine ids; records that could not be
    mapped take part only with corrections. Goes portion by portion, each in a transaction of its own: killed in between,
    what was done stays done and doing it again does the rest. With `dry_run` nothing is kept, and the result says what
    would become of the records. `conn` must be in autocommit mode. Raises GateError for a selection or correction that
    makes no sense; the portions before it are done.
    """
    each_of = corrections_of or {}
    found = gate.matching(conn, selection, corrected=list(each_of), mapped=not corrections)
    mended = Mended()
    total = sum(map(len, found.values()))
    for source, ids in _portions(found):
        with conn.transaction(force_rollback=dry_run):
            gate.wait_for_turn(conn, source)
            chosen = {each: each_of[each] for each in ids if each in each_of}
            replay_portion(conn, context, ids, reason, corrections or {}, chosen, mended)
        mended.selected += len(ids)
        progress(mended.selected, total)
    return mended


def replay_as_asked(conn: psycopg.Connection, context: RunContext, params: Mapping[str, Any]) -> Mended:
    """Replay as the params of the DAG `replay_quarantine` say. Raises GateError as `replay` does, or without a reason."""
    if not params["reason"].strip():
        raise GateError("It is not said why", where="param reason", do="say it: it is kept in the audit trail")
    selection = Selection(
        params["ids"] or None, params["source"] or None, params["entity"] or None, params["rule"] or None
    )
    return replay(
        conn,
        context,
        selection,
        reason=params["reason"],
        corrections=params["corrections"],
        corrections_of={int(key): value for key, value in params["corrections_of"].items()},
        dry_run=params["dry_run"],
    )


def replay_portion(
    conn: psycopg.Connection,
    context: RunContext,
    ids: Sequence[int],
    reason: str,
    corrections: Mapping[str, Any],
    corrections_of: Corrections,
    mended: Mended,
) -> None:
    """Replay some records of one source in the caller's transaction, which has waited for its turn; adds to `mended`.

    What waited for a reference alone may have passed with a portion before: every batch takes such records along.
    """
    waiting = [row.quarantine_id for row in gate.kept_rows(conn, ids) if row.state == "open"]
    mended.passed += len(ids) - len(waiting)
    if not waiting:
        return
    (batch_id,) = gate.replay(
        conn, context, reason=reason, ids=waiting, corrections=corrections, corrections_of=corrections_of
    )
    gate.judge_now(conn, batch_id, suites=EXPECTATIONS, as_of=context.as_of, thresholds=_UNLIMITED)
    for entity, count in sync.post_batch(conn, context, batch_id).items():
        mended.posted[entity] = mended.posted.get(entity, 0) + count
    refused = [row for row in gate.kept_rows(conn, waiting) if row.state == "open"]
    mended.refused += refused
    mended.passed += len(waiting) - len(refused)


def discard(conn: psycopg.Connection, context: RunContext, selection: Selection, *, reason: str) -> int:
    """Close records of quarantine that nobody wants; returns how many. `conn` must be in autocommit mode."""
    with conn.transaction():
        found = gate.matching(conn, selection, mapped=False)
        return sum(gate.discard(conn, context, ids, reason=reason) for ids in found.values())


def judge_batch(
    conn: psycopg.Connection,
    context: RunContext,
    batch_id: int,
    *,
    reason: str,
    docs: Path,
    accepted_share: float | None = None,
) -> dict[str, Any]:
    """Send a stopped batch through the gate once more and post what passes, with what else of its source waits.

    `accepted_share` (0 to 1) of its records may be newly bad this once; None: the source's thresholds. `conn` must be in
    autocommit mode. Raises GateError when it is not stopped, or is stopped again.
    """
    with conn.transaction():
        source = gate.judge_again(conn, context, batch_id, reason=reason, accepted_share=accepted_share)
    judged = sync.gate(conn, context, source, docs, thresholds_of(source))
    return judged | {"posted": sync.post(conn, context, source)}


def judge_small_batch(
    conn: psycopg.Connection, context: RunContext, batch_id: int, *, reason: str, accepted_share: float | None = None
) -> dict[str, int]:
    """The same in the caller's transaction and by the suites alone, for a batch that is soon done; rows posted by entity.

    Raises GateError when it is not stopped, or would be stopped again: then the caller rolls back.
    """
    source = gate.judge_again(conn, context, batch_id, reason=reason, accepted_share=accepted_share)
    gate.judge_now(conn, batch_id, suites=EXPECTATIONS, as_of=context.as_of, thresholds=thresholds_of(source))
    return sync.post_batch(conn, context, batch_id)


def discard_batch(conn: psycopg.Connection, context: RunContext, batch_id: int, *, reason: str) -> int:
    """Let nothing of a stopped batch on; returns how many records it had. `conn` must be in autocommit mode."""
    with conn.transaction():
        return gate.discard_batch(conn, context, batch_id, reason=reason)


def thresholds_of(source: str) -> Mapping[str, Threshold]:
    """A source's thresholds by the registry; the usual ones for what is not in it, such as files."""
    known = load_sources().get(source)
    return sync.thresholds(known) if known else gate.NO_THRESHOLDS


def _portions(found: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, list[int]]]:
    for source, ids in found.items():
        for first in range(0, len(ids), AT_ONCE):
            yield source, list(ids[first : first + AT_ONCE])
