"""Which rules are in force: the database says so, not the files. Every text that was ever submitted is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from lotwatch import governance
from lotwatch.audit import RunContext, record_many
from lotwatch.db.query import query
from lotwatch.formats import Language
from lotwatch.rules.tables import Rule, load_rules


@dataclass(frozen=True, slots=True)
class Version:
    """A text of a rule and when it was first submitted; `active`: it is in force."""

    rule_id: str
    version: str
    text: str
    submitted_at: datetime
    active: bool


def active_rules(conn: psycopg.Connection, as_of: datetime) -> list[Rule]:
    """The rules in force that are valid on the day of `as_of`. Where nothing was ever activated, what is shipped is."""
    return [rule for rule in rules_in_force(conn, as_of) if rule.in_force(as_of)]


def rules_in_force(conn: psycopg.Connection, as_of: datetime) -> list[Rule]:
    """The rules in force, those included whose days have not come or are over."""
    return rules_of(conn, _in_force(conn, as_of).content)


def rules_of(conn: psycopg.Connection[Any], content: Mapping[str, str]) -> list[Rule]:
    """The rules of a change set: its content is a version for each."""
    parameters = {"rules": list(content), "versions": list(content.values())}
    rows = conn.execute(query(__package__, "rule_bodies"), parameters).fetchall()
    return [Rule.model_validate(body) for (body,) in rows]


def texts_of(conn: psycopg.Connection[Any], content: Mapping[str, str]) -> dict[str, str]:
    """The rules of a change set as they were written, by id."""
    parameters = {"rules": list(content), "versions": list(content.values())}
    return dict(conn.execute(query(__package__, "rule_texts"), parameters).fetchall())


def titles_in_force(conn: psycopg.Connection[Any], lang: Language) -> dict[str, str]:
    """What the rules in force are called in a language, by id; none where nothing was ever activated."""
    return dict(conn.execute(query(__package__, "titles_in_force"), {"lang": lang}).fetchall())


def versions(conn: psycopg.Connection[Any], rule_id: str, limit: int = 50) -> list[Version]:
    """All texts of a rule, the latest first."""
    with conn.cursor(row_factory=class_row(Version)) as cursor:
        return cursor.execute(query(__package__, "versions"), {"rule_id": rule_id, "limit": limit}).fetchall()


def submit(
    conn: psycopg.Connection,
    context: RunContext,
    rules: Sequence[Rule],
    *,
    reason: str,
    effect: Sequence[Mapping[str, Any]] | None = None,
) -> int:
    """Ask for these to be all the rules in force; return the number of the change set. `effect` is what that does to the
    findings, for who has to agree (counts of a trial). Raises LotwatchError."""
    with conn.transaction():
        _in_force(conn, context.as_of)  # so that what is shipped was the first
        _keep(conn, rules, context.as_of)
        return governance.submit(conn, context, "rules", _content(rules), reason=reason, effect=effect)


def activate(conn: psycopg.Connection, context: RunContext, change_set_id: int, *, baseline: bool = False) -> None:
    """Put a change set of rules in force. Open alerts of rules that leave are resolved. With `baseline`, what the rules that
    come find in their first evaluation is told to nobody. Raises LotwatchError, as for the person who submitted it."""
    with conn.transaction():
        before = governance.active(conn, "rules")
        after = governance.activate(conn, context, change_set_id, "rules")
        changed = governance.differences(before.content if before else {}, after.content)
        if changed["removed"]:
            _retire(conn, context, changed["removed"])
        if baseline:
            coming = {"rules": changed["added"], "change_set_id": change_set_id}
            conn.execute(query(__package__, "begin_baseline"), coming)


def release(conn: psycopg.Connection, as_of: datetime, *, baseline: bool = False) -> bool:
    """Put what is shipped in force where nothing ever was; whether that was so."""
    with conn.transaction():
        if governance.active(conn, "rules") is not None:
            return False
        first = _in_force(conn, as_of)
        if baseline:
            parameters = {"rules": list(first.content), "change_set_id": first.change_set_id}
            conn.execute(query(__package__, "begin_baseline"), parameters)
        return True


def retire_expired(conn: psycopg.Connection, context: RunContext) -> None:
    """Resolve the open alerts of rules in force whose days are over, or have not come."""
    _retire(
        conn, context, [rule.id for rule in rules_in_force(conn, context.as_of) if not rule.in_force(context.as_of)]
    )


def baselined(conn: psycopg.Connection) -> set[str]:
    """Rules whose first evaluation is due, and is to be told to nobody."""
    return {rule_id for (rule_id,) in conn.execute(query(__package__, "baselined"))}


def end_baseline(conn: psycopg.Connection, rules: set[str]) -> None:
    """Note that the first evaluation of these rules is done."""
    conn.execute(query(__package__, "end_baseline"), {"rules": list(rules)})


def _retire(conn: psycopg.Connection, context: RunContext, rules: Sequence[str]) -> None:
    ended = conn.execute(query(__package__, "retire"), {"rules": list(rules), "as_of": context.as_of}).fetchall()
    record_many(conn, context, "alert", (("alert resolved", str(alert_id), after) for alert_id, after in ended))


def _in_force(conn: psycopg.Connection, as_of: datetime) -> governance.Change:
    found = governance.active(conn, "rules")
    if found is not None:
        return found
    shipped = load_rules()
    with conn.transaction():
        _keep(conn, shipped, as_of)
        return governance.release(conn, "rules", _content(shipped), as_of)


def _content(rules: Sequence[Rule]) -> dict[str, str]:
    return {rule.id: rule.version for rule in rules}


def _keep(conn: psycopg.Connection, rules: Sequence[Rule], as_of: datetime) -> None:
    rows = [
        {
            "rule_id": rule.id,
            "version": rule.version,
            "pack": rule.pack,
            "body": Jsonb(rule.body()),
            "text": rule.text(),
            "as_of": as_of,
        }
        for rule in rules
    ]
    with conn.cursor() as cursor:
        cursor.executemany(query(__package__, "keep_version"), rows)
