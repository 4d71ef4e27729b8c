"""`lotwatch rules`: what the ops team does with the decision tables before they run, and what runs."""

import difflib
import json as json_
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import psycopg
import typer

from lotwatch.cli.changes import Number, print_changes
from lotwatch.cli.shell import Actor, Database, Reason, circumstances, console, moment, table
from lotwatch.errors import LotwatchError, nearest

if TYPE_CHECKING:
    from lotwatch.rules import Rule
    from lotwatch.rules.trial import Trial

app = typer.Typer(no_args_is_help=True, help="Decision tables: check, try, submit and activate them.")
Files = Annotated[
    list[Path] | None,
    typer.Argument(
        help="tables, or folders of them; without any: all of include/rules, and what is not there is removed"
    ),
]
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="at most so many lines")]
AsOf = Annotated[str | None, typer.Option(help="the moment that decides what is late or expired (default: now)")]
Json = Annotated[bool, typer.Option("--json", help="for programs")]


@app.command()
def check(database: Database, files: Files = None) -> None:
    """Read the tables and ask the database whether every rule can be used; tell all that is wrong (exit 1)."""
    with psycopg.connect(database) as conn:
        rules = _sound(conn, files)
    console.print(f"{len(rules)} rules can be used as written.")


@app.command()
def reference(lang: Annotated[str, typer.Option(help="en or zh")] = "en") -> None:
    """The reference of the built-in rules as Markdown (docs/reference/rules.md, rules.zh.md)."""
    from lotwatch.rules.reference import as_markdown

    if lang not in ("en", "zh"):
        raise typer.BadParameter("en or zh", param_hint="--lang")
    typer.echo(as_markdown(lang), nl=False)  # type: ignore[arg-type]


@app.command("dry-run")
def dry_run(
    database: Database,
    files: Files = None,
    rule: Annotated[str | None, typer.Option(help="this rule alone")] = None,
    against: Annotated[
        int | None, typer.Option(help="number of the change set to compare with (default: what is active)")
    ] = None,
    limit: Limit = 50,
    as_of: AsOf = None,
    json: Json = False,
) -> None:
    """What the tables would find now, for which subjects, compared with what is active. Nothing is kept."""
    from lotwatch.rules.trial import try_rules

    with psycopg.connect(database) as conn:
        at = moment(as_of) if as_of else datetime.now(UTC)
        before = _compared_with(conn, against, at)
        rules = _overlaid(before, _sound(conn, files)) if files else _sound(conn, files)
        wanted, other = _only(rules, before, rule)
        trial = try_rules(conn, wanted, other, at, limit)
    if json:
        typer.echo(json_.dumps(asdict(trial), default=str, ensure_ascii=False))
    else:
        _print_counts(trial)
        _print_found(trial)


@app.command()
def explain(
    database: Database,
    what: Annotated[str, typer.Argument(help="number of an alert, or the id of a rule")],
    subject: Annotated[str | None, typer.Argument(help="with a rule: what it is about, such as I1@DC")] = None,
    as_of: AsOf = None,
) -> None:
    """A rule's text with the values in it: which condition is so, which override counts, what is not known."""
    from lotwatch import facts
    from lotwatch.rules.explain import explain_alert, explain_now
    from lotwatch.rules.versions import rules_in_force

    with psycopg.connect(database) as conn:
        at = moment(as_of) if as_of else datetime.now(UTC)
        if what.isdecimal():
            found = explain_alert(conn, int(what))
        elif subject is None:
            raise typer.BadParameter("Name a subject, too: lotwatch rules explain RULE SUBJECT")
        else:
            known = {rule.id: rule for rule in rules_in_force(conn, at)}
            if what not in known:
                raise LotwatchError(f"No rule {what} is active", do=nearest(what, known))
            facts.live(conn, at)
            found = explain_now(conn, known[what], subject)
    applied = found.rule.applied(found.variant)
    console.print(f"{found.rule.id} ({found.rule.title.en}) for {found.subject_key}", markup=False)
    if found.variant:
        codes = found.rule.overrides[found.variant - 1].scope.codes()
        named = "; ".join(f"{kind} {', '.join(of)}" for kind, of in codes.items())
        console.print(f"Override {found.variant} counts: {named}.", markup=False)
    rows = table("part", "so", "condition")
    for part in found.conditions:
        rows.add_row(part.role, {True: "yes", False: "no", None: "unknown"}[part.so], _plain(part.text))
    console.print(rows)
    for name in found.unknown:
        answer = applied.missing.get(name)
        console.print(f"{name} is not known" + (f": the rule says {answer}." if answer else "."))
    told = f"fires: {found.level}" if found.fires else "does not fire"
    console.print(f"It {told}{', and only watches (shadow)' if applied.mode == 'shadow' else ''}.")


@app.command()
def diff(database: Database, files: Files = None, findings: bool = True, as_of: AsOf = None) -> None:
    """How the tables differ from what is active: rules that come, go and change, and what that does to the findings."""
    from lotwatch.rules.trial import try_rules
    from lotwatch.rules.versions import rules_in_force

    with psycopg.connect(database) as conn:
        at = moment(as_of) if as_of else datetime.now(UTC)
        active = rules_in_force(conn, at)
        wanted = _overlaid(active, _sound(conn, files)) if files else _sound(conn, files)
        before, after = _changing(active, wanted)
        changed = before.keys() | after.keys()
        texts = _texts(conn, active)
        for name in sorted(changed):
            old = texts.get(name, "").splitlines()
            new = after[name].text().splitlines() if name in after else []
            lines = difflib.unified_diff(old, new, f"{name}, active", f"{name}, as written", lineterm="")
            console.print("\n".join(lines), markup=False)
        if not changed:
            console.print("The tables say what is active.")
        elif findings:
            console.print()
            _print_counts(try_rules(conn, list(after.values()), list(before.values()), at, 1))


@app.command()
def submit(database: Database, actor: Actor, reason: Reason, files: Files = None) -> None:
    """Ask a second person to put the tables in force. Of files that are named, their rules take the place of the active ones.

    What that does to the findings is tried, and shown to them.
    """
    from lotwatch.audit import begin_run
    from lotwatch.rules import submit as ask
    from lotwatch.rules.trial import try_rules
    from lotwatch.rules.versions import rules_in_force

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances("rules submit", actor))
        rules, active = _sound(conn, files), rules_in_force(conn, context.as_of)
        if files:
            rules = _overlaid(active, rules)
        before, after = _changing(active, rules)
        trial = try_rules(conn, list(after.values()), list(before.values()), context.as_of, 1)
        number = ask(conn, context, rules, reason=reason, effect=[asdict(count) for count in trial.counts])
    _print_counts(trial)
    console.print(f"Change set {number} waits for a second person: lotwatch rules activate {number}")


@app.command()
def activate(
    database: Database,
    actor: Actor,
    number: Number,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="what rules that come find first was so before: tell nobody")
    ] = False,
) -> None:
    """Put a change set of rules in force. Who submitted it cannot."""
    from lotwatch.audit import begin_run
    from lotwatch.rules import activate as put_in_force

    with psycopg.connect(database) as conn:
        put_in_force(conn, begin_run(conn, circumstances("rules activate", actor)), number, baseline=baseline)
    console.print(f"Change set {number} is in force from the next evaluation on.")


@app.command()
def release(
    database: Database,
    baseline: Annotated[bool, typer.Option("--baseline", help="tell nobody of what they find first")] = False,
) -> None:
    """Go live: put the tables in force where nothing ever was. Without this, the first evaluation does it, and tells all."""
    from lotwatch.rules.versions import release as go_live

    with psycopg.connect(database) as conn:
        fresh = go_live(conn, datetime.now(UTC), baseline=baseline)
    if not fresh:
        raise LotwatchError("Rules are in force already", do="use: lotwatch rules submit, then lotwatch rules activate")
    console.print("The tables are in force.")


@app.command("versions")
def list_versions(
    database: Database,
    rule: Annotated[str | None, typer.Argument(help="id of a rule: all its texts; else all change sets")] = None,
    limit: Limit = 20,
) -> None:
    """Change sets of rules, or all texts that a rule ever had; the latest first."""
    from lotwatch import governance
    from lotwatch.rules.versions import versions

    with psycopg.connect(database) as conn:
        if rule is None:
            print_changes(governance.changes(conn, "rules", pending=False, limit=limit))
            return
        found = versions(conn, rule, limit)
    if not found:
        raise LotwatchError(f"No rule {rule} was ever submitted")
    for version in found:
        state = ", active" if version.active else ""
        console.print(f"{version.version}, submitted {version.submitted_at:%Y-%m-%d %H:%M}{state}", style="bold")
        console.print(version.text, markup=False)


def _sound(conn: psycopg.Connection, files: list[Path] | None) -> list["Rule"]:
    """The rules of the files. Tells everything that is wrong with them, and ends."""
    from lotwatch.delivery.people import load_people
    from lotwatch.rules.check import check as check_rules
    from lotwatch.rules.tables import read_rules

    rules, errors = read_rules(files or ())
    errors += check_rules(conn, rules, {role for each in load_people().root.values() for role in each.roles})
    for error in errors:
        console.print(str(error), markup=False)
    if errors:
        console.print("1 mistake." if len(errors) == 1 else f"{len(errors)} mistakes.")
        raise typer.Exit(1)
    return rules


def _compared_with(conn: psycopg.Connection, change_set: int | None, at: datetime) -> list["Rule"]:
    from lotwatch import governance
    from lotwatch.rules.versions import rules_in_force, rules_of

    if change_set is None:
        return rules_in_force(conn, at)
    found = governance.change(conn, change_set)
    if found.kind != "rules":
        raise LotwatchError(f"Change set {change_set} is of another kind: {found.kind}")
    return rules_of(conn, found.content)


def _overlaid(active: Sequence["Rule"], rules: Sequence["Rule"]) -> list["Rule"]:
    """The active rules with these in their place."""
    return list({rule.id: rule for rule in (*active, *rules)}.values())


def _changing(active: Sequence["Rule"], wanted: Sequence["Rule"]) -> tuple[dict[str, "Rule"], dict[str, "Rule"]]:
    """The rules that come, go or change: as they are, and as they would be."""
    same = {(rule.id, rule.version) for rule in active} & {(rule.id, rule.version) for rule in wanted}
    before, after = ({rule.id: rule for rule in of if (rule.id, rule.version) not in same} for of in (active, wanted))
    return before, after


def _only(
    rules: Sequence["Rule"], before: Sequence["Rule"], rule_id: str | None
) -> tuple[Sequence["Rule"], Sequence["Rule"]]:
    if rule_id is None:
        return rules, before
    known = {rule.id for rule in (*rules, *before)}
    if rule_id not in known:
        raise LotwatchError(f"There is no rule {rule_id}", do=nearest(rule_id, known))
    return [rule for rule in rules if rule.id == rule_id], [rule for rule in before if rule.id == rule_id]


def _texts(conn: psycopg.Connection, rules: Sequence["Rule"]) -> dict[str, str]:
    """Texts of active rules as they were submitted."""
    from lotwatch.rules.versions import texts_of

    return texts_of(conn, {rule.id: rule.version for rule in rules})


def _print_counts(trial: "Trial") -> None:
    rows = table("rule", "severity", "findings", "new", "gone", "same")
    for count in trial.counts:
        numbers = (count.new + count.same, count.new, count.gone, count.same)
        rows.add_row(count.rule_id, count.severity, *(f"{number:,}" for number in numbers))
    total = [sum(getattr(count, name) for count in trial.counts) for name in ("new", "gone", "same")]
    rows.add_row("all", "", *(f"{number:,}" for number in (total[0] + total[2], *total)))
    console.print(rows)


def _print_found(trial: "Trial") -> None:
    rows = table("subject", "rule", "", "severity", "values")
    for found in trial.found:
        severity = found.severity or found.was or ""
        if found.severity and found.was and found.severity != found.was:
            severity = f"{found.was} -> {found.severity}"
        values = ", ".join(f"{name} {'unknown' if value is None else value}" for name, value in found.evidence.items())
        became = f"{found.became} (shadow)" if found.shadow else found.became
        rows.add_row(_plain(found.subject_key), found.rule_id, became, severity, _plain(values))
    console.print(rows)
    total = sum(count.new + count.gone + count.same for count in trial.counts)
    if total > len(trial.found):
        console.print(f"The first {len(trial.found):,} of {total:,}: see --limit and --rule.")


def _plain(text: str) -> str:
    """A text that is no markup."""
    from rich.markup import escape

    return escape(text)
