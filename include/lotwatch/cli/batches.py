"""`lotwatch batch`: what each pull brought, and what becomes of one that the gate has stopped."""

from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, data_docs, table
from lotwatch.errors import LotwatchError

if TYPE_CHECKING:
    from lotwatch.gate import Batch

app = typer.Typer(no_args_is_help=True, help="Batches of records on their way in.")

BatchId = Annotated[int, typer.Argument(help="number of the batch")]


@app.command("list")
def list_all(
    database: Database,
    source: Annotated[str | None, typer.Option(help="only of this source")] = None,
    state: Annotated[str | None, typer.Option(help="staged, judged, posted, stopped or discarded")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 20,
) -> None:
    """Batches with what became of them, the latest first."""
    from lotwatch.gate import list_batches

    with psycopg.connect(database) as conn:
        batches = list_batches(conn, source=source, state=state, limit=limit)
    rows = table("batch", "source", "as of", "state", "read", "passed", "quarantined", "error")
    for batch in batches:
        sums = [str(sum(counts.get(name, 0) for counts in batch.counts.values())) for name in _SUMS]
        rows.add_row(
            str(batch.batch_id), batch.source, f"{batch.as_of:%Y-%m-%d %H:%M}", batch.state, *sums, batch.error or ""
        )
    console.print(rows)


_SUMS = ("read", "passed", "quarantined")


@app.command()
def show(database: Database, batch: BatchId) -> None:
    """One batch: its records by entity, and the rules they broke, with examples."""
    from lotwatch.gate import broken_rules

    with psycopg.connect(database) as conn:
        found = _found(conn, batch)
        rules = broken_rules(conn, [batch])
    console.print(f"Batch {found.batch_id} of {found.source}, {found.as_of:%Y-%m-%d %H:%M} UTC: {found.state}")
    if found.error:
        console.print(found.error, markup=False)
    for entity, counts in found.counts.items():
        told = ", ".join(f"{name} {number}" for name, number in counts.items() if number or name == "read")
        console.print(f"  {entity}: {told}")
    for rule in rules:
        console.print(f"{rule.severity} {rule.rule} ({rule.entity}): {rule.failing} records", markup=False)
        for example in rule.examples:
            console.print(f"    {example['source_key']}: {example['reason']['en']}", markup=False)


@app.command()
def judge(
    database: Database,
    batch: BatchId,
    reason: Reason,
    actor: Actor,
    share: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="of its records that may be newly bad, this once (default: as set)"),
    ] = None,
) -> None:
    """Send a stopped batch through the gate once more, and post what passes: after a suite was corrected, or with a share."""
    _judge(database, batch, reason, actor, share)


@app.command()
def release(database: Database, batch: BatchId, reason: Reason, actor: Actor) -> None:
    """Let the good records of a stopped batch on, however many are bad; the bad ones wait in quarantine."""
    _judge(database, batch, reason, actor, 1.0)


@app.command()
def discard(database: Database, batch: BatchId, reason: Reason, actor: Actor) -> None:
    """Let nothing of a stopped batch on. Its source's cursor is past it: read again what is wanted, by a backfill."""
    from lotwatch.audit import begin_run
    from lotwatch.jobs import mend

    with psycopg.connect(database, autocommit=True) as conn:
        context = begin_run(conn, circumstances("batch discard", actor))
        records = mend.discard_batch(conn, context, batch, reason=reason)
    console.print(f"Batch {batch} is discarded. Its {records} records stay readable in quarantine.")


def _judge(database: str, batch: int, reason: str, actor: str, share: float | None) -> None:
    from lotwatch.audit import begin_run
    from lotwatch.jobs import mend

    with psycopg.connect(database, autocommit=True) as conn:
        context = begin_run(conn, circumstances("batch judge", actor))
        found: dict[str, Any] = mend.judge_batch(
            conn, context, batch, reason=reason, docs=data_docs(), accepted_share=share
        )
    posted = ", ".join(f"{count} {entity}" for entity, count in found["posted"].items()) or "nothing"
    console.print(
        f"{found['passed']} of {found['read']} records passed, {found['quarantined']} wait in quarantine. "
        f"New or changed: {posted}."
    )


def _found(conn: psycopg.Connection, batch_id: int) -> "Batch":
    from lotwatch.gate import list_batches

    found = list_batches(conn, batch_id=batch_id)
    if not found:
        raise LotwatchError(f"There is no batch {batch_id}", do="`lotwatch batch list` tells the latest")
    return found[0]
