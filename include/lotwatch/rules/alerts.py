"""Alerts and what people and the clock do with them: open -> acknowledged or snoozed -> resolved (only the rules do that).

What cannot be done any more (resolved meanwhile, taken on by somebody else) is answered, not raised: who asks for a thousand
at once gets what could be done, and which could not and why.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg
from psycopg.errors import LockNotAvailable
from psycopg.rows import class_row

from lotwatch.audit import RunContext, record_many
from lotwatch.db.query import query
from lotwatch.errors import LotwatchError
from lotwatch.rules.tables import Rule

State = Literal["open", "acknowledged", "snoozed", "suppressed", "resolved"]
Action = Literal["acknowledge", "snooze", "reopen", "assign", "comment", "false_alarm", "useful"]

#: in which states each can be done; a resolved alert opens again by its rule alone
POSSIBLE: Mapping[Action, frozenset[State]] = {
    "acknowledge": frozenset({"open", "snoozed"}),
    "snooze": frozenset({"open", "acknowledged", "snoozed"}),
    "reopen": frozenset({"acknowledged", "snoozed"}),
    "assign": frozenset({"open", "acknowledged", "snoozed", "suppressed"}),
    "comment": frozenset({"open", "acknowledged", "snoozed", "suppressed", "resolved"}),
    "false_alarm": frozenset({"open", "acknowledged", "snoozed", "suppressed", "resolved"}),
    "useful": frozenset({"open", "acknowledged", "snoozed", "suppressed", "resolved"}),
}
#: how an action is called once it was done: the kind of its event
DONE: Mapping[Action, str] = {
    "acknowledge": "acknowledged",
    "snooze": "snoozed",
    "reopen": "reopened",
    "assign": "assigned",
    "comment": "commented",
    "false_alarm": "false_alarm",
    "useful": "useful",
}
#: alerts in one action
MOST_AT_ONCE = 100_000
#: nothing sleeps longer: what nobody looks at again is forgotten
LONGEST_SNOOZE = timedelta(days=90)
_STATEMENT: Mapping[Action, str] = {
    "acknowledge": "acknowledge",
    "snooze": "snooze",
    "reopen": "reopen",
    "assign": "assign",
    "comment": "note",
    "false_alarm": "note",
    "useful": "note",
}
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Alert:
    """An open problem: what it is about (`subject`: codes and names of item, lot, site, supplier, region, where it has
    them) and the values that fired it (`evidence`). `variant`: the override of its rule that counts (`Rule.applied`)."""

    alert_id: int
    rule_id: str
    subject_kind: str
    subject_key: str
    severity: str
    subject: dict[str, Any]
    evidence: dict[str, Any]
    first_seen: datetime
    recurrences: int
    escalations: int
    variant: int


@dataclass(frozen=True, slots=True)
class Standing(Alert):
    """An alert with how it stands."""

    state: State
    last_seen: datetime
    resolved_at: datetime | None
    owner: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    snoozed_until: datetime | None
    escalated_at: datetime | None
    baseline: bool


@dataclass(frozen=True, slots=True)
class Event:
    """What somebody, the clock, or its rule (`actor` is the run) did with an alert."""

    kind: str
    actor: str
    as_of: datetime
    note: str | None
    until: datetime | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """An alert with which it could not be done: its state by now, who brought it there and when, where that is known."""

    alert_id: int
    state: State
    by: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Done:
    """Numbers of the alerts with which it was done, and those with which it was not; what does not exist is in neither."""

    done: list[int]
    refused: list[Refusal]


@dataclass(frozen=True, slots=True)
class Feedback:
    """How a rule's alerts fared. `openings` counts every time one opened; of alerts that were rated, the last word counts;
    `flapping` ones came back three times or more; `median_wait` is until somebody acknowledged."""

    rule_id: str
    alerts: int
    openings: int
    still_open: int
    acknowledged: int
    median_wait: timedelta | None
    escalated: int
    snoozed: int
    rated: int
    false_alarms: int
    recurrences: int
    flapping: int


def take_untold(conn: psycopg.Connection, as_of: datetime) -> list[Alert]:
    """Open alerts that nobody was told of, the most severe first; they count as told from this transaction on."""
    with conn.cursor(row_factory=class_row(Alert)) as cursor:
        return cursor.execute(query(__package__, "take_untold"), {"as_of": as_of}).fetchall()


def act(
    conn: psycopg.Connection,
    context: RunContext,
    action: Action,
    alerts: Sequence[int],
    *,
    note: str | None = None,
    until: datetime | None = None,
    owner: str | None = None,
) -> Done:
    """Do `action` with alerts, in the name of the context's actor: one statement, an event and an audit event for each.

    `until` is when a snooze ends, `owner` to whom it is assigned (None: to nobody). Raises LotwatchError for too many at
    once, an end of the sleep that will not do, a comment without words, or an evaluation that goes on writing them.
    """
    numbers = sorted(set(alerts))
    _check(context, action, numbers, note, until)
    parameters = {
        "alerts": numbers,
        "states": sorted(POSSIBLE[action]),
        "kind": DONE[action],
        "actor": context.actor,
        "as_of": context.as_of,
        "note": (note or "").strip() or None,
        "until": until,
        "owner": owner,
    }
    statement = query(__package__, _STATEMENT[action])
    with conn.transaction():
        done = _patiently(conn, lambda: [number for (number,) in conn.execute(statement, parameters).fetchall()])
        after = {key: parameters[key] for key in ("note", "until", "owner") if parameters[key] is not None}
        _record(conn, context, DONE[action], done, after)
        left = sorted(set(numbers).difference(done))
        with conn.cursor(row_factory=class_row(Refusal)) as cursor:
            refused = cursor.execute(query(__package__, "refusals"), {"alerts": left}).fetchall() if left else []
    return Done(done, refused)


def wake_due(conn: psycopg.Connection, context: RunContext) -> int:
    """Open alerts again whose sleep has ended, to be told anew; how many."""
    with conn.transaction():
        statement = query(__package__, "wake_due")
        woken = [number for (number,) in conn.execute(statement, {"as_of": context.as_of}).fetchall()]
        _record(conn, context, "woken", woken, {})
    return len(woken)


def take_due_escalations(
    conn: psycopg.Connection, rules: Sequence[Rule], context: RunContext
) -> list[tuple[Alert, tuple[str, ...]]]:
    """Open alerts that were told longer than their rule's `escalate_after` ago (told of, or escalated last) and that nobody
    acknowledged, each with the roles to tell; from this transaction on they count as escalated, three times at most."""
    applied = {(rule.id, number): rule.applied(number) for rule in rules for number in range(len(rule.overrides) + 1)}
    waiting = {key: rule for key, rule in applied.items() if rule.escalate_after is not None and rule.escalate_to}
    parameters = {
        "as_of": context.as_of,
        "rules": [rule_id for rule_id, _ in waiting],
        "variants": [number for _, number in waiting],
        "after": [rule.escalate_after for rule in waiting.values()],
    }
    with conn.transaction():
        with conn.cursor(row_factory=class_row(Alert)) as cursor:
            due = cursor.execute(query(__package__, "take_due_escalations"), parameters).fetchall()
        _record(conn, context, "escalated", [alert.alert_id for alert in due], {})
    return [(alert, waiting[alert.rule_id, alert.variant].escalate_to) for alert in due]


def list_alerts(
    conn: psycopg.Connection,
    *,
    state: State | None = "open",
    severity: str | None = None,
    rule: str | None = None,
    site: str | None = None,
    item: str | None = None,
    owner: str | None = None,
    text: str | None = None,
    limit: int = 50,
) -> list[Standing]:
    """Alerts that match what is given, the most severe and newest first, at most `limit`; `state` None: all unresolved."""
    parameters = {
        "alert": None, "state": state, "severity": severity, "rule": rule, "site": site, "item": item, "owner": owner,
        "text": text, "limit": limit,
    }  # fmt: skip
    with conn.cursor(row_factory=class_row(Standing)) as cursor:
        return cursor.execute(query(__package__, "list_alerts"), parameters).fetchall()


def one_alert(conn: psycopg.Connection, alert_id: int) -> tuple[Standing, list[Event]]:
    """An alert and what was done with it, the oldest first. Raises LotwatchError for no such alert."""
    nothing = dict.fromkeys(("state", "severity", "rule", "site", "item", "owner", "text"))
    with conn.cursor(row_factory=class_row(Standing)) as cursor:
        parameters = {**nothing, "alert": alert_id, "limit": 1}
        found = cursor.execute(query(__package__, "list_alerts"), parameters).fetchone()
    if found is None:
        raise LotwatchError("There is no such alert", where=f"alert {alert_id}", do="see: lotwatch alerts list")
    with conn.cursor(row_factory=class_row(Event)) as cursor:
        return found, cursor.execute(query(__package__, "alert_events"), {"alert": alert_id}).fetchall()


def feedback(conn: psycopg.Connection, since: datetime, rule: str | None = None) -> list[Feedback]:
    """How each rule's alerts (or those of one) have fared since a moment, those with the most false alarms first."""
    with conn.cursor(row_factory=class_row(Feedback)) as cursor:
        return cursor.execute(query(__package__, "feedback"), {"since": since, "rule": rule}).fetchall()


def _check(
    context: RunContext, action: Action, alerts: Sequence[int], note: str | None, until: datetime | None
) -> None:
    where = f"{len(alerts)} alerts"
    if len(alerts) > MOST_AT_ONCE:
        raise LotwatchError(
            f"More than {MOST_AT_ONCE:,} alerts at once",
            where=where,
            do="narrow the filter, and do it again for the rest",
        )
    if action == "comment" and not (note or "").strip():
        raise LotwatchError("A comment needs words", where=where, do="write what others should know")
    if action == "snooze" and (until is None or not context.as_of < until <= context.as_of + LONGEST_SNOOZE):
        raise LotwatchError(
            f"An alert cannot sleep until {until}",
            where=where,
            do=f"choose a moment within {LONGEST_SNOOZE.days} days from now",
        )


def _patiently(conn: psycopg.Connection, do: Callable[[], list[int]]) -> list[int]:
    """Do it once no evaluation is writing the same alerts.

    It gives way before a deadlock would be looked for (a second), so that the evaluation is never what is aborted.
    """
    for _ in range(_TRIES):
        try:
            with conn.transaction():
                conn.execute(query(__package__, "lock_patience"))
                return do()
        except LockNotAvailable:
            continue
    raise LotwatchError(
        "These alerts are being evaluated just now, and nothing was changed", do="try again in half a minute"
    )


def _record(conn: psycopg.Connection, context: RunContext, done: str, alerts: list[int], after: dict[str, Any]) -> None:
    if alerts:
        record_many(conn, context, "alert", ((f"alert {done}", str(number), after) for number in alerts))
