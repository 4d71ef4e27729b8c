"""What people are told of alerts: each subscriber only what concerns them, once, and many alike as one line."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args
from urllib.parse import urlencode

import psycopg

from lotwatch import facts, outbox, rules
from lotwatch.audit import RunContext
from lotwatch.db.query import query
from lotwatch.delivery.messages import MOST_ROWS
from lotwatch.delivery.people import LAST_RESORT, RANK, About, People
from lotwatch.formats import Language
from lotwatch.rules import Alert, Rule

Counts = dict[str, int]
#: alerts of one rule that get a line each; more of them share one
MOST_ALONE = 5
#: alerts named for each line of many; rules counted in one message
_EXAMPLES, _MOST_COUNTS = 3, 30
#: alerts that a message is found by on their own pages; of a flood the worst
_MOST_LISTED = 1_000
#: what a line says of its subject
_SUBJECT = (
    "item_code", "item_name", "lot_number", "serial_number", "order_number", "delivery_number", "demand_number", "number",
    "carrier", "supplier_code", "supplier_name", "site_code", "site_name", "region", "category",
)  # fmt: skip
_UNIT = re.compile(r"\((base units a day|base units|days|hours|percent)\)|^(days|hours) ")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOARD = "/plugin/lotwatch/lotwatch/alerts"


class _Kind(NamedTuple):
    """What decides whom an alert concerns."""

    rule_id: str
    severity: str
    site: str | None
    region: str | None
    category: str | None
    roles: tuple[str, ...]


@dataclass(slots=True)
class _Line:
    """One alert, or many that are told as one."""

    rule_id: str
    alerts: list[Alert] = field(default_factory=list)

    @property
    def worst(self) -> str:
        return max((alert.severity for alert in self.alerts), key=RANK.__getitem__)


def tell_alerts(conn: psycopg.Connection, context: RunContext, people: People) -> Counts:
    """One message for each subscriber with the alerts that concern them and that nobody was told of yet, those among them
    whose sleep has ended; one with those that nobody acknowledged in time, for whoever is further up; and one with the
    critical ones that are over. A backfilled run tells nobody.
    """
    if context.backfilled:
        return {"told": 0}
    tables = rules.active_rules(conn, context.as_of)
    known = {rule.id: rule for rule in tables}
    with conn.transaction():
        rules.wake_due(conn, context)
        fresh = rules.take_untold(conn, context.as_of)
        _tell(conn, context, people, known, [(alert, _notified(known, alert)) for alert in fresh])
        escalated = rules.take_due_escalations(conn, tables, context)
        _tell(conn, context, people, known, escalated, escalated=True)
        cleared = rules.take_cleared(conn, context.as_of)
        for name, theirs in _by_subscriber(people, [(alert, _notified(known, alert)) for alert in cleared]).items():
            rows = [_short_row(known, line) for line in _lines(known, theirs)]
            data = {"total": len(theirs), "all_rows": len(rows), "rows": rows[:MOST_ROWS]}
            _enqueue(conn, context, name, "all_clear", "info", theirs, data)
    return {"told": len(fresh), "escalated": len(escalated), "cleared": len(cleared)}


def _tell(
    conn: psycopg.Connection,
    context: RunContext,
    people: People,
    known: Mapping[str, Rule],
    due: Sequence[tuple[Alert, Sequence[str]]],
    *,
    escalated: bool = False,
) -> None:
    if not due:
        return
    by_subscriber = _by_subscriber(people, due)
    lines = {name: _lines(known, theirs) for name, theirs in by_subscriber.items()}
    shown = [alert for each in lines.values() for line in each[:MOST_ROWS] for alert in line.alerts[:_EXAMPLES]]
    composer = _Composer(known, _units(conn), _proposed(conn, shown), escalated)
    for name, theirs in by_subscriber.items():
        worst = max((alert.severity for alert in theirs), key=RANK.__getitem__)
        _enqueue(conn, context, name, "alerts", worst, theirs, composer.data(theirs, lines[name]), escalated=escalated)


def _enqueue(
    conn: psycopg.Connection,
    context: RunContext,
    name: str,
    template: str,
    severity: str,
    alerts: Sequence[Alert],
    data: Mapping[str, Any],
    *,
    escalated: bool = False,
) -> None:
    payload = {
        "template": template,
        "severity": severity,
        "subscribers": [name],
        "alerts": [alert.alert_id for alert in alerts[:_MOST_LISTED]],
        "data": dict(data),
    }
    kind = "escalated" if escalated else template
    # with the try: what a cleared task finds anew is another message
    outbox.enqueue(conn, "message", f"{kind}:{context.run_id}:{context.try_number}:{name}", payload)


def _notified(known: Mapping[str, Rule], alert: Alert) -> tuple[str, ...]:
    """Whoever the rule names; ops, of a rule that was removed."""
    rule = known.get(alert.rule_id)
    return (LAST_RESORT,) if rule is None else rule.applied(alert.variant).notify


def _by_subscriber(people: People, due: Iterable[tuple[Alert, Sequence[str]]]) -> dict[str, list[Alert]]:
    """Which alerts concern whom. Alerts alike are decided at once: there may be a hundred thousand."""
    kinds: dict[_Kind, list[Alert]] = defaultdict(list)
    for alert, roles in due:
        site, region, category = (alert.subject.get(name) for name in ("site_code", "region", "category"))
        kinds[_Kind(alert.rule_id, alert.severity, site, region, category, tuple(roles))].append(alert)
    found: dict[str, list[Alert]] = defaultdict(list)
    for kind, alerts in kinds.items():
        about = About(*(frozenset({name} if name else ()) for name in (kind.site, kind.region, kind.category)))
        for name in people.concerned(kind.roles, kind.severity, about):
            found[name] += alerts
    return dict(sorted(found.items()))


def _lines(known: Mapping[str, Rule], alerts: Sequence[Alert]) -> list[_Line]:
    """The lines of a message, the most severe first: by the rule's `group_by`, or its alerts together where they are many."""
    fired = Counter(alert.rule_id for alert in alerts)
    lines: dict[tuple[Any, ...], _Line] = {}
    for alert in alerts:
        group_by = known[alert.rule_id].group_by if alert.rule_id in known else ()
        if group_by:
            key: tuple[Any, ...] = (alert.rule_id, *(alert.subject.get(name) for name in group_by))
        else:
            key = (alert.rule_id, alert.alert_id if fired[alert.rule_id] <= MOST_ALONE else None)
        lines.setdefault(key, _Line(alert.rule_id)).alerts.append(alert)
    return sorted(lines.values(), key=lambda line: (-RANK[line.worst], -len(line.alerts)))


@dataclass(frozen=True, slots=True)
class _Composer:
    """Puts alerts into the data of a message; what it says in which language is decided when it is sent."""

    known: Mapping[str, Rule]
    units: Mapping[str, Mapping[str, str]]
    proposed: Mapping[int, Sequence[str]]
    escalated: bool

    def data(self, alerts: Sequence[Alert], lines: Sequence[_Line]) -> dict[str, Any]:
        rows = [self.row(line) for line in lines[:MOST_ROWS]]
        fired = Counter(alert.rule_id for alert in alerts)
        counts = fired.most_common(_MOST_COUNTS) if len(alerts) > len(rows) else []
        return {
            "total": len(alerts),
            "critical": sum(alert.severity == "critical" for alert in alerts),
            "escalated": self.escalated,
            "only": {"headline": rows[0]} if len(rows) == 1 else None,
            "counts": [{"rule": _title(self.known, rule_id), "count": count} for rule_id, count in counts],
            "query": urlencode(_common(alerts)),
            "page": rows[0]["path"] if len(rows) == 1 else None,
            "all_rows": len(lines),
            "rows": rows,
        }

    def row(self, line: _Line) -> dict[str, Any]:
        first = line.alerts[0]
        rule = self.known.get(line.rule_id)
        codes = sorted({code for alert in line.alerts[:_EXAMPLES] for code in self.proposed.get(alert.alert_id, ())})
        advice = [rule.advice.model_dump()] if rule and rule.advice else []
        duty = [{"duty": {lang: rule.duty.told(lang) for lang in get_args(Language)}}] if rule and rule.duty else []
        units = self.units.get(f"fact_{first.subject_kind}", {})
        values = [each | {"unit": units.get(each["name"])} for each in _values(line.alerts)]
        return _short_row(self.known, line, escalated=self.escalated) | {
            "why": {"values": values},
            "do": {"several": advice + duty + ([{"proposed": codes}] if codes else [])},
            "path": _BOARD + (f"/{first.alert_id}" if len(line.alerts) == 1 else f"?{urlencode(_common(line.alerts))}"),
        }


def _short_row(known: Mapping[str, Rule], line: _Line, *, escalated: bool = False) -> dict[str, Any]:
    """What, where and how bad."""
    subjects = [_subject(alert) for alert in line.alerts[:_EXAMPLES]]
    recurrences = line.alerts[0].recurrences if len(line.alerts) == 1 else 0
    if len(line.alerts) == 1:
        where: dict[str, Any] = {"subject": subjects[0]}
    else:
        same = {
            name: value
            for name, value in subjects[0].items()
            if all(alert.subject.get(name) == value for alert in line.alerts)
        }
        examples = [
            {name: value for name, value in subject.items() if name not in same} or subject for subject in subjects
        ]
        where = {"group": {"count": len(line.alerts), "common": same, "examples": examples}}
    return {
        "severity": {"severity": line.worst},
        "what": {"rule": {"title": _title(known, line.rule_id), "recurrences": recurrences, "escalated": escalated}},
        "where": where,
    }


def _values(alerts: Sequence[Alert]) -> Iterator[dict[str, Any]]:
    """The values of the evidence: of several alerts what they have in common, and from where to where (`most`) numbers and days
    go; other texts that differ say nothing about all of them."""
    for name in (name for name in alerts[0].evidence if name not in alerts[0].subject):
        found = {value for alert in alerts if (value := alert.evidence.get(name)) is not None}
        if len(found) < 2:
            yield {"name": name, "value": next(iter(found), None)}
        elif all(_is_measured(value) for value in found):
            yield {"name": name, "value": min(found), "most": max(found)}


def _is_measured(value: object) -> bool:
    return (isinstance(value, int | float) and not isinstance(value, bool)) or (
        isinstance(value, str) and _DAY.fullmatch(value) is not None
    )


def _subject(alert: Alert) -> dict[str, Any]:
    return {name: alert.subject[name] for name in _SUBJECT if alert.subject.get(name)} or {
        "subject_key": alert.subject_key
    }


def _title(known: Mapping[str, Rule], rule_id: str) -> dict[str, str]:
    return known[rule_id].title.model_dump() if rule_id in known else {"en": rule_id, "zh": rule_id}


def _common(alerts: Sequence[Alert]) -> dict[str, str]:
    """What the board's list of alerts is asked for to show these: by what they share."""
    asked = {}
    shared: dict[str, set[str | None]] = {
        "rule": {alert.rule_id for alert in alerts},
        "site": {alert.subject.get("site_code") for alert in alerts},
        "supplier": {alert.subject.get("supplier_code") for alert in alerts},
        "item": {alert.subject.get("item_code") for alert in alerts},
        "lot": {alert.subject.get("lot_number") for alert in alerts},
    }
    for name, values in shared.items():
        value = next(iter(values))
        if len(values) == 1 and value:
            asked[name] = str(value)
    return asked


def _units(conn: psycopg.Connection) -> dict[str, dict[str, str]]:
    """Units of the columns of each fact view, as their comments tell them."""
    return {
        view: {
            column.name: unit[1] or unit[2]
            for column in columns.values()
            if (unit := _UNIT.search(column.comment or ""))
        }
        for view, columns in facts.columns(conn).items()
    }


def _proposed(conn: psycopg.Connection, alerts: Sequence[Alert]) -> dict[int, list[str]]:
    """Codes of the orders that are under way because of alerts."""
    found = conn.execute(query(__package__, "proposed"), {"alerts": [alert.alert_id for alert in alerts]})
    return dict(found.fetchall())
