"""The life of an alert: what people and the clock do with it, alone and side by side, and what is kept of that."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, get_args

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from lotwatch import access, rules
from lotwatch.audit import RunContext, begin_run
from lotwatch.errors import LotwatchError
from lotwatch.rules.alerts import DONE, POSSIBLE, Action, State
from lotwatch.rules.tables import Rule
from lotwatch_local.waiting import wait_for
from tests.integration.company import NOW, context
from tests.integration.test_cli import lotwatch  # noqa: F401

LATER = NOW + timedelta(hours=4)


def by(actor: str, as_of: datetime = NOW) -> RunContext:
    return context("board", f"{actor}-{as_of}", as_of, actor=actor)


def raise_alert(conn: psycopg.Connection, key: str = "k", rule: str = "near_expiry", **columns: Any) -> int:
    row = {
        "rule_id": rule, "subject_kind": "lot", "subject_key": key, "rule_version": "v", "severity": "warning",
        "subject": Jsonb({"site_code": "DC", "item_code": "I1"}), "evidence": Jsonb({"available": 3}),
        "first_seen": NOW - timedelta(hours=2), "last_seen": NOW, "notified_at": NOW - timedelta(hours=1),
    } | columns  # fmt: skip
    statement = psycopg.sql.SQL("INSERT INTO lotwatch.alert ({}) VALUES ({}) RETURNING alert_id").format(
        psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, row)),
        psycopg.sql.SQL(", ").join(map(psycopg.sql.Placeholder, row)),
    )
    number = conn.execute(statement, row).fetchone()
    conn.commit()
    assert number is not None
    return int(number[0])


def stands(conn: psycopg.Connection, alert: int) -> dict[str, Any]:
    found = conn.cursor(row_factory=dict_row).execute("SELECT * FROM lotwatch.alert WHERE alert_id = %s", (alert,))
    row = found.fetchone()
    assert row is not None
    return row


def events(conn: psycopg.Connection, alert: int) -> list[tuple[str, str]]:
    return [(event.kind, event.actor) for event in rules.one_alert(conn, alert)[1]]


def how(action: Action) -> dict[str, Any]:
    """What an action needs beside the alerts."""
    return {"snooze": {"until": LATER}, "assign": {"owner": "bo"}, "comment": {"note": "seen"}}.get(action, {})


@pytest.fixture
def other(db_url: str) -> Iterator[psycopg.Connection]:
    """Somebody else's connection to the same database."""
    with psycopg.connect(db_url) as conn:
        yield conn


#: (state, action): the state that follows; None: it cannot be done
TABLE: dict[tuple[State, Action], State | None] = {
    ("open", "acknowledge"): "acknowledged",
    ("open", "snooze"): "snoozed",
    ("open", "reopen"): None,
    ("acknowledged", "acknowledge"): None,
    ("acknowledged", "snooze"): "snoozed",
    ("acknowledged", "reopen"): "open",
    ("snoozed", "acknowledge"): "acknowledged",
    ("snoozed", "snooze"): "snoozed",
    ("snoozed", "reopen"): "open",
    ("suppressed", "acknowledge"): None,
    ("suppressed", "snooze"): None,
    ("suppressed", "reopen"): None,
    ("resolved", "acknowledge"): None,
    ("resolved", "snooze"): None,
    ("resolved", "reopen"): None,
    ("resolved", "assign"): None,
} | {
    (state, action): state
    for state in get_args(State)
    for action in ("assign", "comment", "false_alarm", "useful")
    if (state, action) != ("resolved", "assign")
}


def test_every_action_in_every_state_does_what_the_table_says(db: psycopg.Connection) -> None:
    assert len(TABLE) == len(get_args(State)) * len(get_args(Action))
    made = {
        (state, action): raise_alert(
            db, f"{state} {action}", state=state,
            acknowledged_by="ann" if state == "acknowledged" else None,
            snoozed_until=LATER if state == "snoozed" else None,
            resolved_at=NOW if state == "resolved" else None,
        )
        for state, action in TABLE
    }  # fmt: skip
    for (state, action), becomes in TABLE.items():
        alert = made[state, action]
        outcome = rules.act(db, by("bo"), action, [alert], **how(action))
        assert (outcome.done == [alert]) is (becomes is not None), (state, action)
        assert (state in POSSIBLE[action]) is (becomes is not None), (state, action)
        assert stands(db, alert)["state"] == (becomes or state), (state, action)
        assert events(db, alert) == ([(DONE[action], "bo")] if becomes else []), (state, action)
        assert [refused.state for refused in outcome.refused] == ([] if becomes else [state]), (state, action)


def test_what_is_done_is_kept_with_who_when_and_why(db: psycopg.Connection) -> None:
    alert = raise_alert(db)
    run = begin_run(db, by("bo"))
    rules.act(db, run, "acknowledge", [alert], note="called the ward")
    kept = stands(db, alert)
    assert (kept["acknowledged_by"], kept["acknowledged_at"], kept["owner"]) == ("bo", NOW, "bo")
    rules.act(db, run, "snooze", [alert], until=LATER)
    (taken, slept) = rules.one_alert(db, alert)[1]
    assert (taken.note, taken.as_of) == ("called the ward", NOW)
    assert (slept.until, slept.as_of) == (LATER, NOW)
    audited = db.execute(
        "SELECT action, actor, object_id, after FROM lotwatch.audit_event WHERE object_kind = 'alert' ORDER BY 1"
    ).fetchall()
    assert [row[:3] for row in audited] == [
        ("alert acknowledged", "bo", str(alert)),
        ("alert snoozed", "bo", str(alert)),
    ]
    assert audited[0][3] == {"note": "called the ward"}


def test_an_event_cannot_be_changed_or_removed(db: psycopg.Connection) -> None:
    rules.act(db, by("bo"), "comment", [raise_alert(db)], note="so it was")
    db.commit()
    for statement in ("UPDATE lotwatch.alert_event SET note = 'not so'", "DELETE FROM lotwatch.alert_event"):
        with pytest.raises(psycopg.Error), db.transaction():
            db.execute(statement)


def test_taken_back_it_is_nobodys_and_told_anew(db: psycopg.Connection) -> None:
    alert = raise_alert(db, escalations=2, escalated_at=NOW)
    rules.act(db, by("bo"), "acknowledge", [alert])
    rules.act(db, by("bo"), "reopen", [alert], note="not mine")
    kept = stands(db, alert)
    cleared = ("owner", "acknowledged_at", "acknowledged_by", "snoozed_until", "notified_at", "escalated_at")
    assert [kept[column] for column in cleared] == [None] * 6
    assert kept["escalations"] == 0
    assert [told.alert_id for told in rules.take_untold(db, NOW)] == [alert]


def test_many_at_once_are_one_answer(db: psycopg.Connection) -> None:
    mine, taken, gone = (raise_alert(db, key) for key in ("1", "2", "3"))
    rules.act(db, by("ann"), "acknowledge", [taken])
    db.execute("UPDATE lotwatch.alert SET state = 'resolved', resolved_at = %s WHERE alert_id = %s", (LATER, gone))
    outcome = rules.act(db, by("bo"), "acknowledge", [gone, taken, mine, mine, 999_999])
    assert outcome.done == [mine]
    assert outcome.refused == [
        rules.Refusal(taken, "acknowledged", "ann", NOW),
        rules.Refusal(gone, "resolved", None, LATER),
    ]


@pytest.mark.parametrize(
    ("action", "given", "said"),
    [
        ("comment", {"note": "  "}, "needs words"),
        ("snooze", {}, "cannot sleep"),
        ("snooze", {"until": NOW}, "cannot sleep"),
        ("snooze", {"until": NOW + timedelta(days=91)}, "within 90 days"),
    ],
)
def test_what_will_not_do_is_said_so(db: psycopg.Connection, action: Action, given: dict[str, Any], said: str) -> None:
    alert = raise_alert(db)
    with pytest.raises(LotwatchError, match=said):
        rules.act(db, by("bo"), action, [alert], **given)
    with pytest.raises(LotwatchError, match="More than"):
        rules.act(db, by("bo"), "acknowledge", range(rules.MOST_AT_ONCE + 1))
    assert events(db, alert) == []


# --- side by side


def test_of_two_who_take_it_on_the_first_has_it_and_the_second_is_told_who(
    db: psycopg.Connection, other: psycopg.Connection
) -> None:
    alert = raise_alert(db)
    with ThreadPoolExecutor(1) as pool:
        _acknowledge_uncommitted(db, "ann", alert)
        second = pool.submit(rules.act, other, by("bo"), "acknowledge", [alert])
        _wait_for_a_lock(db, other)
        db.commit()
        assert second.result(timeout=30) == rules.Done([], [rules.Refusal(alert, "acknowledged", "ann", NOW)])
    other.commit()
    assert stands(db, alert)["owner"] == "ann"
    assert events(db, alert) == [("acknowledged", "ann")]


def test_what_is_resolved_meanwhile_is_not_taken_on(db: psycopg.Connection, other: psycopg.Connection) -> None:
    alert, still = raise_alert(db, "1"), raise_alert(db, "2")
    with ThreadPoolExecutor(1) as pool:
        db.execute("UPDATE lotwatch.alert SET state = 'resolved', resolved_at = %s WHERE alert_id = %s", (NOW, alert))
        second = pool.submit(rules.act, other, by("bo"), "snooze", [alert, still], until=LATER)
        _wait_for_a_lock(db, other)
        db.commit()
        outcome = second.result(timeout=30)
    assert outcome == rules.Done([still], [rules.Refusal(alert, "resolved", None, NOW)])


def test_an_evaluation_that_needs_an_alert_of_theirs_goes_on(db: psycopg.Connection, other: psycopg.Connection) -> None:
    """Each has a row that the other wants: who acts on alerts gives way, and does it afterwards."""
    first, second = raise_alert(db, "1"), raise_alert(db, "2")
    seen = "UPDATE lotwatch.alert SET last_seen = %s WHERE alert_id = %s"
    with ThreadPoolExecutor(1) as pool:
        db.execute(seen, (LATER, second))
        acting = pool.submit(rules.act, other, by("bo"), "acknowledge", [first, second])
        _wait_for_a_lock(db, other)
        db.execute(seen, (LATER, first))
        db.commit()
        assert acting.result(timeout=30).done == [first, second]


def test_who_waits_too_long_for_an_evaluation_is_told_so(
    db: psycopg.Connection, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules.alerts, "_TRIES", 1)
    alert = raise_alert(db)
    db.execute("SELECT FROM lotwatch.alert FOR UPDATE")
    with pytest.raises(LotwatchError, match="being evaluated"):
        rules.act(other, by("bo"), "acknowledge", [alert])
    db.rollback()
    assert rules.act(other, by("bo"), "acknowledge", [alert]).done == [alert]


def _acknowledge_uncommitted(conn: psycopg.Connection, actor: str, alert: int) -> None:
    conn.execute("SELECT")  # or else what follows would be a transaction of its own
    assert rules.act(conn, by(actor), "acknowledge", [alert]).done == [alert]


def _wait_for_a_lock(conn: psycopg.Connection, waiting: psycopg.Connection) -> None:
    """Until the other connection waits for a row of ours."""
    asked = "SELECT FROM pg_locks WHERE pid = %s AND NOT granted"
    wait_for(lambda: conn.execute(asked, (waiting.info.backend_pid,)).fetchone() is not None, "a lock", 30)


# --- the clock


def test_sleep_ends_by_the_clock_and_the_alert_is_told_anew(db: psycopg.Connection) -> None:
    alert, longer = raise_alert(db, "1"), raise_alert(db, "2")
    rules.act(db, by("bo"), "acknowledge", [alert])
    rules.act(db, by("bo"), "snooze", [alert], until=LATER)
    rules.act(db, by("bo"), "snooze", [longer], until=LATER + timedelta(minutes=1))
    assert rules.wake_due(db, by("clock", LATER - timedelta(seconds=1))) == 0
    assert rules.take_untold(db, LATER) == []
    assert rules.wake_due(db, by("clock", LATER)) == 1
    kept = stands(db, alert)
    assert (kept["state"], kept["owner"], kept["acknowledged_by"]) == ("open", "bo", None)
    assert events(db, alert)[-1] == ("woken", "clock")
    assert [told.alert_id for told in rules.take_untold(db, LATER)] == [alert]
    assert rules.wake_due(db, by("clock", LATER)) == 0


def _rule(rule: str = "near_expiry", hours: int | None = 4) -> Rule:
    return Rule.model_validate({
        "id": rule, "title": {"en": rule, "zh": rule}, "subject": "lot", "when": "available > 0",
        "severity": [{"level": "warning"}], "escalate_after": f"{hours}h" if hours else None, "escalate_to": ["boss"],
    })  # fmt: skip


def test_what_nobody_takes_on_is_told_further_up_three_times(db: psycopg.Connection) -> None:
    alert = raise_alert(db, notified_at=NOW)
    raise_alert(db, "untold", notified_at=None)
    raise_alert(db, "of another rule", rule="overstock", notified_at=NOW)
    rules.act(db, by("bo"), "acknowledge", [raise_alert(db, "taken on", notified_at=NOW)])
    tables = [_rule(), _rule("overstock", None)]
    told = []
    for minutes in (0, 239, 240, 241, 479, 480, 720, 960, 9999):
        due = rules.take_due_escalations(db, tables, by("clock", NOW + timedelta(minutes=minutes)))
        told += [(minutes, each.alert_id, each.escalations, roles) for each, roles in due]
    assert told == [(240, alert, 1, ("boss",)), (480, alert, 2, ("boss",)), (720, alert, 3, ("boss",))]
    assert events(db, alert) == [("escalated", "clock")] * 3
    assert stands(db, alert)["state"] == "open"


def test_who_takes_it_on_just_then_is_not_told_on(db: psycopg.Connection, other: psycopg.Connection) -> None:
    alert = raise_alert(db, notified_at=NOW)
    _acknowledge_uncommitted(other, "bo", alert)
    assert rules.take_due_escalations(db, [_rule()], by("clock", NOW + timedelta(hours=5))) == []
    other.commit()
    assert stands(db, alert)["escalations"] == 0


# --- what is learned from it


def test_feedback_tells_of_each_rule_how_its_alerts_fared(db: psycopg.Connection) -> None:
    first, second, third = (raise_alert(db, str(number), recurrences=number, notified_at=NOW) for number in (0, 1, 4))
    for alert, minutes in ((first, 10), (second, 30), (third, 20)):
        rules.act(db, by("bo", NOW + timedelta(minutes=minutes)), "acknowledge", [alert])
    rules.act(db, by("bo"), "useful", [first, second])
    rules.act(db, by("ann"), "false_alarm", [second, third])
    raise_alert(db, rule="quiet")
    loud, quiet = rules.feedback(db, NOW - timedelta(days=30))
    assert (loud.rule_id, loud.alerts, loud.openings, loud.still_open) == ("near_expiry", 3, 8, 3)
    assert (loud.acknowledged, loud.median_wait) == (3, timedelta(minutes=20))
    assert (loud.rated, loud.false_alarms, loud.recurrences, loud.flapping) == (3, 2, 5, 1)
    assert (quiet.rule_id, quiet.rated, quiet.median_wait) == ("quiet", 0, None)


# --- from the shell


def test_alerts_are_listed_acted_on_and_reported_from_the_shell(db: psycopg.Connection, lotwatch: Any) -> None:  # noqa: F811
    worst, other = raise_alert(db, "I1@DC", severity="critical"), raise_alert(db, "I2@DC", rule="overstock")
    listed = lotwatch("alerts", "list").stdout.splitlines()
    assert [line.split()[0] for line in listed[1:]] == [str(worst), str(other)]
    assert "available 3" in listed[1]
    assert len(lotwatch("alerts", "list", "--rule", "overstock", "--site", "DC").stdout.splitlines()) == 2
    assert f"acknowledged: {worst}" in lotwatch("alerts", "ack", str(worst), "--note", "on it").stdout
    again = lotwatch("alerts", "ack", str(worst), "--actor", "bo")
    assert (again.exit_code, "acknowledged by olga" in again.stdout) == (1, True)
    assert lotwatch("alerts", "snooze", str(other), "--until", "4h").exit_code == 0
    assert "no moment" in lotwatch("alerts", "snooze", str(other), "--until", "soon").stderr
    assert "no such alert" in lotwatch("alerts", "rate", "false_alarm", str(worst), "99999").stdout
    assert lotwatch("alerts", "comment", str(worst), "--note", "called").exit_code == 0
    with pytest.raises(LotwatchError, match="Nobody of that name"):
        lotwatch("alerts", "assign", str(worst), "--to", "bo")
    access.introduce(db, by("admin"), {"bo": False})
    db.commit()
    assert lotwatch("alerts", "assign", str(worst), "--to", "bo").exit_code == 0
    shown = json.loads(lotwatch("alerts", "show", str(worst), "--json").stdout)
    assert (shown["owner"], shown["state"]) == ("bo", "acknowledged")
    assert [event["kind"] for event in shown["events"]] == ["acknowledged", "false_alarm", "commented", "assigned"]
    assert "acknowledged by olga" in lotwatch("alerts", "show", str(worst)).stdout
    assert lotwatch("alerts", "reopen", str(worst), str(other)).exit_code == 0
    assert [each["alert_id"] for each in json.loads(lotwatch("alerts", "list", "--json").stdout)] == [worst, other]
    assert "100%" in lotwatch("alerts", "feedback").stdout
    assert {each["rule_id"] for each in json.loads(lotwatch("alerts", "feedback", "--json").stdout)} == {
        "near_expiry", "overstock",
    }  # fmt: skip
    with pytest.raises(LotwatchError, match="no such alert"):
        lotwatch("alerts", "show", "99999")
