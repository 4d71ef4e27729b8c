"""`lotwatch alerts`: what is wrong, who has it, and what is thought of it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import psycopg
import typer

from lotwatch.cli.shell import Actor, Database, circumstances, console, moment, table
from lotwatch.errors import LotwatchError, nearest
from lotwatch.rules.alerts import Action, Done, Standing

app = typer.Typer(no_args_is_help=True, help="Alerts.")
Numbers = Annotated[list[int], typer.Argument(min=1, help="numbers of the alerts, as `list` shows them")]
Note = Annotated[str | None, typer.Option(help="what others should know")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON, for other programs")]


@app.command("list")
def list_alerts(
    database: Database,
    state: Annotated[
        Literal["open", "acknowledged", "snoozed", "suppressed", "resolved", "all"],
        typer.Option(help="all: whatever is not resolved"),
    ] = "open",
    severity: Annotated[Literal["critical", "warning", "info"] | None, typer.Option()] = None,
    rule: Annotated[str | None, typer.Option(help="id of the rule")] = None,
    site: Annotated[str | None, typer.Option(help="code of the site")] = None,
    item: Annotated[str | None, typer.Option(help="code of the item")] = None,
    owner: Annotated[str | None, typer.Option(help="who looks after them")] = None,
    text: Annotated[str | None, typer.Option(help="in the subject, or in the name of the item or supplier")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Alerts, the most severe and newest first."""
    from lotwatch import rules

    with psycopg.connect(database) as conn:
        found = rules.list_alerts(
            conn,
            state=None if state == "all" else state,
            severity=severity,
            rule=rule,
            site=site,
            item=item,
            owner=owner,
            text=text,
            limit=limit,
        )
    if as_json:
        _print_json([asdict(alert) for alert in found])
        return
    rows = table("alert", "severity", "rule", "subject", "state", "whose", "since", "values")
    for alert in found:
        rows.add_row(
            str(alert.alert_id),
            alert.severity,
            alert.rule_id,
            alert.subject_key,
            _state(alert),
            alert.owner or "",
            f"{alert.first_seen:%Y-%m-%d %H:%M}",
            _values(alert.evidence),
        )
    console.print(rows if found else "No alert matches.")


@app.command()
def show(
    database: Database,
    alert: Annotated[int, typer.Argument(help="number of the alert, as `list` shows it")],
    as_json: AsJson = False,
) -> None:
    """One alert, with what became of it; why, says `lotwatch rules explain` with its number."""
    from lotwatch import rules

    with psycopg.connect(database) as conn:
        found, events = rules.one_alert(conn, alert)
    if as_json:
        _print_json(asdict(found) | {"events": [asdict(event) for event in events]})
        return
    about = table("alert", str(found.alert_id))
    for name, value in (
        ("rule", found.rule_id),
        ("severity", found.severity),
        ("state", _state(found)),
        ("subject", _values({"key": found.subject_key} | found.subject)),
        ("values", _values(found.evidence)),
        ("first seen", f"{found.first_seen:%Y-%m-%d %H:%M}"),
        ("last seen", f"{found.last_seen:%Y-%m-%d %H:%M}"),
        ("recurrences", str(found.recurrences)),
        ("escalations", str(found.escalations)),
        ("whose", found.owner or "nobody's"),
    ):
        about.add_row(name, value)
    console.print(about)
    if events:
        rows = table("when", "what", "who", "until", "to", "note")
        for event in events:
            until = f"{event.until:%Y-%m-%d %H:%M}" if event.until else ""
            when = f"{event.as_of:%Y-%m-%d %H:%M}"
            rows.add_row(when, event.kind, event.actor, until, event.owner or "", event.note or "")
        console.print(rows)


@app.command()
def ack(database: Database, alerts: Numbers, actor: Actor, note: Note = None) -> None:
    """Acknowledge: you have them from now on, and nobody further up is called. Whoever is first has them."""
    _act(database, actor, "acknowledge", alerts, note=note)


@app.command()
def snooze(
    database: Database,
    alerts: Numbers,
    until: Annotated[str, typer.Option(help="a moment, such as 2026-03-31T18:00+08:00; or 30m, 4h, 2d from now")],
    actor: Actor,
    note: Note = None,
) -> None:
    """Let them sleep: they are told again then, if it is still so."""
    _act(database, actor, "snooze", alerts, note=note, until=_until(until))


@app.command()
def reopen(database: Database, alerts: Numbers, actor: Actor, note: Note = None) -> None:
    """Take back an acknowledgement or a sleep: they are nobody's, and told again."""
    _act(database, actor, "reopen", alerts, note=note)


@app.command()
def comment(
    database: Database,
    alerts: Numbers,
    note: Annotated[str, typer.Option(help="what others should know")],
    actor: Actor,
) -> None:
    """Write something down about them."""
    _act(database, actor, "comment", alerts, note=note)


@app.command()
def assign(
    database: Database,
    alerts: Numbers,
    actor: Actor,
    to: Annotated[str | None, typer.Option(help="user name; nobody unless given")] = None,
    note: Note = None,
) -> None:
    """Say who looks after them."""
    from lotwatch import access

    if to is not None:
        with psycopg.connect(database) as conn:
            known = [person.user_name for person in access.grants(conn)]
        if to not in known:
            raise LotwatchError("Nobody of that name is known", where=to, do=nearest(to, known))
    _act(database, actor, "assign", alerts, note=note, owner=to)


@app.command()
def rate(
    database: Database,
    verdict: Annotated[Literal["useful", "false_alarm"], typer.Argument(help="what you think of them")],
    alerts: Numbers,
    actor: Actor,
    note: Note = None,
) -> None:
    """Say whether they were right. It is kept to tune their rules, and changes nothing else."""
    _act(database, actor, verdict, alerts, note=note)


@app.command()
def feedback(
    database: Database, days: Annotated[int, typer.Option(min=1, max=3650)] = 90, as_json: AsJson = False
) -> None:
    """How each rule's alerts have fared: taken on how fast, false how often, coming and going how often."""
    from lotwatch import rules

    with psycopg.connect(database) as conn:
        since = circumstances("alerts feedback", "").as_of - timedelta(days=days)
        found = rules.feedback(conn, since)
    if as_json:
        _print_json([asdict(rule) for rule in found])
        return
    titles = ("alerts", "openings", "open", "acknowledged", "after", "escalated", "false alarms", "rated", "flapping")
    rows = table("rule", *titles)
    for rule in found:
        rows.add_row(
            rule.rule_id,
            str(rule.alerts),
            str(rule.openings),
            str(rule.still_open),
            str(rule.acknowledged),
            "" if rule.median_wait is None else _length(rule.median_wait),
            str(rule.escalated),
            f"{rule.false_alarms / rule.rated:.0%}" if rule.rated else "",
            str(rule.rated),
            str(rule.flapping),
        )
    console.print(rows)


def _act(
    database: str,
    actor: str,
    action: Action,
    alerts: list[int],
    *,
    note: str | None = None,
    until: datetime | None = None,
    owner: str | None = None,
) -> None:
    """Do it and say how it went. Raises typer.Exit(1) where nothing could be done."""
    from lotwatch import rules
    from lotwatch.audit import begin_run

    with psycopg.connect(database) as conn:
        context = begin_run(conn, circumstances(f"alerts {action}", actor))
        outcome = rules.act(conn, context, action, alerts, note=note, until=until, owner=owner)
    _tell(alerts, rules.DONE[action], outcome)
    if not outcome.done:
        raise typer.Exit(1)


def _tell(asked: list[int], done: str, outcome: Done) -> None:
    if outcome.done:
        console.print(f"{done}: {', '.join(map(str, outcome.done))}")
    for refused in outcome.refused:
        at = f" {refused.at:%Y-%m-%d %H:%M}" if refused.at else ""
        by = f" by {refused.by}" if refused.by else ""
        console.print(f"{refused.alert_id}: not {done}, it is {refused.state}{by}{at}")
    for missing in sorted(set(asked) - set(outcome.done) - {refused.alert_id for refused in outcome.refused}):
        console.print(f"{missing}: there is no such alert")


def _until(text: str) -> datetime:
    """A moment, or a length of time from now. Raises typer.BadParameter."""
    from lotwatch.config import duration

    length = duration(text)
    return datetime.now(UTC) + length if isinstance(length, timedelta) else moment(text)


def _state(alert: Standing) -> str:
    if alert.state == "acknowledged":
        return f"acknowledged by {alert.acknowledged_by}"
    if alert.state == "snoozed" and alert.snoozed_until:
        return f"snoozed until {alert.snoozed_until:%Y-%m-%d %H:%M}"
    return alert.state


def _values(values: dict[str, object]) -> str:
    return ", ".join(f"{name} {'unknown' if value is None else value}" for name, value in values.items())


def _length(length: timedelta) -> str:
    """To the minute, in the largest units: 2d 3h, 3h 10m, 5m."""
    minutes = round(length.total_seconds() / 60)
    parts = ((minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "m"))
    return " ".join([f"{count}{unit}" for count, unit in parts if count][:2]) or "0m"


def _print_json(content: object) -> None:
    typer.echo(json.dumps(content, ensure_ascii=False, indent=2, default=str))
