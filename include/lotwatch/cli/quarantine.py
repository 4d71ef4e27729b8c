"""`lotwatch quarantine`: records that were kept out of the ledger, and what becomes of them."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, table
from lotwatch.errors import LotwatchError

if TYPE_CHECKING:
    from lotwatch.gate import Selection
    from lotwatch.jobs.mend import Mended

app = typer.Typer(no_args_is_help=True, help="Records that were kept out of the ledger.")

Ids = Annotated[list[int] | None, typer.Argument(help="quarantine ids; none: all that the options name")]
Source = Annotated[str | None, typer.Option(help="only of this source")]
Entity = Annotated[str | None, typer.Option(help="only of this entity: movement, lot, item, ...")]
Rule = Annotated[str | None, typer.Option(help="only what breaks this rule, such as REF008")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would become of them, and keep nothing")]
#: refused records named after a replay; `lotwatch quarantine list` has all
_NAMED = 20


@app.command("list")
def list_quarantine(
    database: Database,
    source: Source = None,
    entity: Entity = None,
    rule: Rule = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
) -> None:
    """Open records with their reasons, newest first."""
    from lotwatch.gate import open_rows

    with psycopg.connect(database) as conn:
        rows, total = open_rows(conn, source=source, entity=entity, rule=rule, limit=limit)
    shown = table("id", "source", "entity", "record", "reasons")
    for row in rows:
        shown.add_row(str(row.quarantine_id), row.source, row.entity, row.source_key, "; ".join(row.reasons))
    console.print(shown)
    console.print(f"{len(rows)} of {total} open records.")


@app.command()
def show(database: Database, ids: Annotated[list[int], typer.Argument(help="quarantine ids")]) -> None:
    """Records whole: as they were read, as they were understood, and why they were kept out."""
    from lotwatch.gate import kept_rows

    with psycopg.connect(database) as conn:
        rows = kept_rows(conn, ids)
    for row in rows:
        console.print(f"[b]{row.quarantine_id}[/b]  {row.source} {row.entity} {row.source_key}  ({row.state})")
        console.print(
            f"  seen in batches {row.first_batch_id} to {row.last_batch_id}, last {row.last_seen:%Y-%m-%d %H:%M}"
        )
        for rule, reason in zip(row.rules, row.reasons, strict=False):
            console.print(f"  {rule}: {reason}", markup=False)
        console.print("  as it was understood:", _pretty(row.record), markup=False)
        console.print("  as it was read:", _pretty(row.raw), markup=False)
    missing = sorted(set(ids) - {row.quarantine_id for row in rows})
    if missing:
        raise LotwatchError(f"There are no quarantine rows {missing}", do="`lotwatch quarantine list` tells their ids")


@app.command()
def replay(
    database: Database,
    reason: Reason,
    actor: Actor,
    ids: Ids = None,
    source: Source = None,
    entity: Entity = None,
    rule: Rule = None,
    correct: Annotated[str, typer.Option(help='corrected fields as JSON, such as {"quantity": 3}')] = "{}",
    dry_run: DryRun = False,
) -> None:
    """Judge records again, corrected or not, and post those that pass; exit 1 when some are still refused."""
    corrections = _json(correct, "--correct")
    mended = _replay(database, actor, reason, _selection(ids, source, entity, rule), dry_run, corrections=corrections)
    _print(mended, dry_run)


@app.command()
def discard(
    database: Database,
    reason: Reason,
    actor: Actor,
    ids: Ids = None,
    source: Source = None,
    entity: Entity = None,
    rule: Rule = None,
) -> None:
    """Close records that nobody wants. They are kept, and judged again if their source sends them again."""
    from lotwatch.audit import begin_run
    from lotwatch.jobs import mend

    with psycopg.connect(database, autocommit=True) as conn:
        context = begin_run(conn, circumstances("quarantine discard", actor))
        count = mend.discard(conn, context, _selection(ids, source, entity, rule), reason=reason)
    console.print(f"{count} records are discarded.")


@app.command("export")
def export_rows(
    database: Database,
    file: Annotated[Path, typer.Argument(help="CSV or .json to write; correct its fields and import it")],
    entity: Annotated[str, typer.Option(help="of which entity: its fields are the columns")],
    source: Source = None,
    rule: Rule = None,
) -> None:
    """Write open records with their fields into a file, to be corrected by hand."""
    from lotwatch.gate import Selection, kept_rows, matching
    from lotwatch.gate.staging import staged_columns

    with psycopg.connect(database) as conn:
        found = matching(conn, Selection(source=source, entity=entity, rule=rule), mapped=False)
        rows = kept_rows(conn, [each for ids in found.values() for each in ids])
        fields = [column for column in staged_columns(conn)[entity] if column != "stated"]
    written: list[dict[str, Any]] = [
        {
            "quarantine_id": row.quarantine_id,
            "source": row.source,
            "source_key": row.source_key,
            "reasons": "; ".join(row.reasons),
            **{name: (row.record or {}).get(name) for name in fields},
        }
        for row in rows
    ]
    if file.suffix == ".json":
        file.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        with file.open("w", encoding="utf-8-sig", newline="") as target:
            writer = csv.DictWriter(target, list(written[0]))
            writer.writeheader()
            writer.writerows({name: _cell(value) for name, value in row.items()} for row in written)
    console.print(
        f"{len(written)} records are in {file}. Correct their fields, then `lotwatch quarantine import {file}`."
    )


@app.command("import")
def import_rows(
    database: Database,
    file: Annotated[Path, typer.Argument(help="CSV or .json as exported: quarantine_id, and fields to correct")],
    reason: Reason,
    actor: Actor,
    dry_run: DryRun = False,
) -> None:
    """Replay the records of a file with the fields that differ in it; exit 1 when some are still refused."""
    from lotwatch.gate import Selection, kept_rows

    told = _read(file)
    with psycopg.connect(database) as conn:
        known = {row.quarantine_id: row.record or {} for row in kept_rows(conn, list(told))}
    corrections = {
        each: {name: value for name, value in fields.items() if _differs(known.get(each, {}).get(name), value)}
        for each, fields in told.items()
    }
    changed = {each: fields for each, fields in corrections.items() if fields}
    selection = Selection(ids=list(told))
    mended = _replay(database, actor, reason, selection, dry_run, corrections_of=changed)
    console.print(f"{len(changed)} of {len(told)} records have corrections.")
    _print(mended, dry_run)


def _selection(ids: list[int] | None, source: str | None, entity: str | None, rule: str | None) -> "Selection":
    from lotwatch.gate import Selection

    return Selection(ids or None, source, entity, rule)


def _replay(
    database: str,
    actor: str,
    reason: str,
    selection: "Selection",
    dry_run: bool,
    *,
    corrections: Mapping[str, Any] | None = None,
    corrections_of: Mapping[int, Mapping[str, Any]] | None = None,
) -> "Mended":
    from lotwatch.audit import begin_run
    from lotwatch.jobs import mend

    with psycopg.connect(database, autocommit=True) as conn:
        return mend.replay(
            conn,
            begin_run(conn, circumstances("quarantine replay", actor)),
            selection,
            reason=reason,
            corrections=corrections,
            corrections_of=corrections_of,
            dry_run=dry_run,
            progress=lambda done, total: console.print(f"{done} of {total} records judged ..."),
        )


def _print(mended: "Mended", dry_run: bool) -> None:
    for row in mended.refused[:_NAMED]:
        console.print(f"{row.quarantine_id} {row.source_key}: {'; '.join(row.reasons)}", markup=False)
    if len(mended.refused) > _NAMED:
        console.print(f"... and {len(mended.refused) - _NAMED} more")
    posted = ", ".join(f"{count} {entity}" for entity, count in mended.posted.items() if count) or "nothing"
    if dry_run:
        console.print(
            f"{mended.passed} of {mended.selected} records would pass, {len(mended.refused)} would not. "
            f"It would make new or change: {posted}. Nothing was kept."
        )
    else:
        console.print(
            f"{mended.passed} of {mended.selected} records passed, {len(mended.refused)} stay in quarantine. "
            f"New or changed: {posted}."
        )
    raise typer.Exit(bool(mended.refused))


def _read(file: Path) -> dict[int, dict[str, Any]]:
    """Fields by quarantine id, without those that only tell people what the record is. Raises LotwatchError."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = json.loads(text) if file.suffix == ".json" else list(csv.DictReader(text.splitlines()))
        found = {int(row.pop("quarantine_id")): row for row in rows}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        do = "write CSV or a JSON list, each row with its quarantine_id; `lotwatch quarantine export` makes one"
        raise LotwatchError(f"The file cannot be read: {error!r}", where=str(file), do=do) from error
    for row in found.values():
        for name in ("source", "source_key", "reasons"):
            row.pop(name, None)
    return {each: {name: value if value != "" else None for name, value in row.items()} for each, row in found.items()}


def _json(text: str, option: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise typer.BadParameter(f'{option} is not an object: write {{"quantity": 3}}')
    return value


def _cell(value: object) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else value


def _differs(known: object, told: object) -> bool:
    """Whether a field was changed; a spreadsheet tells everything as text."""
    return told != known and str(_cell(known)).lower() != str(told).lower() and not (known is None and told is None)


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
