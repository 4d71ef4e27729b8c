"""What is in force of rules and budgets: the database says so, by the word of two persons."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege, RaiseException
from typer.testing import CliRunner, Result

from lotwatch import actions, governance, rules
from lotwatch.cli import app
from lotwatch.errors import LotwatchError
from lotwatch.jobs import watch
from lotwatch.rules import Rule, active_rules, load_rules, take_untold
from tests.integration.company import NOW, TODAY, Company, context
from tests.worlds import prepared

OLGA, PETER = (context(actor=name, run_id=name) for name in ("olga", "peter"))
RULE = """\
- id: held_stock
  title: {en: Held, zh: 隔离}
  subject: lot
  when: physical > 5
  severity: [{level: info}]
  notify: [quality]
"""


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> list[Rule]:
        (tmp_path / "table.yaml").write_text(text, encoding="utf-8")
        return load_rules(tmp_path)

    return write


@prepared
def expired(company: Company) -> None:
    company.item()
    company.lot(expires=TODAY - timedelta(days=1))
    company.move(10, "DC")
    company.post()


def agreed(conn: psycopg.Connection, wanted: list[Rule], *, baseline: bool = False) -> int:
    number = rules.submit(conn, OLGA, wanted, reason="as agreed")
    rules.activate(conn, PETER, number, baseline=baseline)
    conn.commit()
    return number


def ids(found: list[Rule]) -> set[str]:
    return {rule.id for rule in found}


def alerts(conn: psycopg.Connection) -> dict[str, tuple]:
    rows = conn.execute("SELECT rule_id, state, baseline FROM lotwatch.alert")
    return {rule_id: (state, baseline) for rule_id, state, baseline in rows}


def test_what_is_shipped_is_in_force_from_the_first_use_on(db: psycopg.Connection, written) -> None:
    shipped = load_rules()
    assert sorted(rule.version for rule in active_rules(db, NOW)) == sorted(rule.version for rule in shipped)
    first = governance.active(db, "rules")
    assert first is not None
    assert (first.released, first.submitted_by) == (True, "release")
    assert governance.release(db, "rules", {}, NOW) == first  # once
    assert db.execute("SELECT actor, action FROM lotwatch.audit_event").fetchall() == [("release", "change activated")]


def test_a_file_alone_changes_nothing_and_two_persons_do(expired: Company, written) -> None:
    conn = expired.conn
    before = ids(active_rules(conn, NOW))
    number = rules.submit(conn, OLGA, written(RULE), reason="pilot")
    assert ids(active_rules(conn, NOW)) == before
    with pytest.raises(LotwatchError, match=r"olga submitted change set .* cannot activate it"):
        rules.activate(conn, replace(OLGA, actor=" Olga"), number)
    rules.activate(conn, PETER, number)
    assert ids(active_rules(conn, NOW)) == {"held_stock"}
    with pytest.raises(LotwatchError, match="was activated by peter"):
        rules.activate(conn, PETER, number)
    events = conn.execute(
        "SELECT actor, action, reason, after ->> 'added' FROM lotwatch.audit_event WHERE object_id = %s"
        " AND object_kind = 'change_set' ORDER BY audit_event_id",
        (str(number),),
    ).fetchall()
    assert events == [
        ("olga", "change submitted", "pilot", '["held_stock"]'),
        ("peter", "change activated", None, None),
    ]


def test_the_database_itself_wants_a_second_person_and_keeps_what_was(db: psycopg.Connection, written) -> None:
    active_rules(db, NOW)
    number = rules.submit(db, OLGA, written(RULE), reason="pilot")
    db.commit()
    decide = (
        "UPDATE lotwatch.change_set SET decision = 'activated', decided_by = %s, decided_at = now()"
        " WHERE change_set_id = %s"
    )
    with pytest.raises(CheckViolation, match="second_person"), db.transaction():
        db.execute(decide, ("OLGA", number))
    with pytest.raises(CheckViolation, match="second_person"), db.transaction():
        db.execute(
            "INSERT INTO lotwatch.change_set (kind, content, reason, submitted_by, submitted_at, decision, decided_by,"
            " decided_at) VALUES ('rules', '{}', 'x', 'olga', now(), 'activated', 'olga', now())"
        )
    for statement in (
        "UPDATE lotwatch.change_set SET content = '{}'",
        "UPDATE lotwatch.change_set SET submitted_by = 'someone'",
        "DELETE FROM lotwatch.change_set",
        "UPDATE lotwatch.rule_version SET text = ''",
        "DELETE FROM lotwatch.rule_version",
    ):
        with pytest.raises(InsufficientPrivilege), db.transaction():
            db.execute(statement)
    rules.activate(db, PETER, number)
    with pytest.raises(RaiseException, match="append-only"), db.transaction():
        db.execute("UPDATE lotwatch.change_set SET decided_by = 'someone' WHERE change_set_id = %s", (number,))


def test_what_was_submitted_on_other_grounds_is_not_activated(db: psycopg.Connection, written) -> None:
    early = rules.submit(db, OLGA, written(RULE), reason="first")
    late = rules.submit(db, PETER, written(RULE.replace("> 5", "> 6")), reason="second")
    rules.activate(db, PETER, early)
    with pytest.raises(LotwatchError, match="Something else was activated since"):
        rules.activate(db, OLGA, late)
    governance.reject(db, PETER, late, reason="overtaken")  # who submitted it may take it back
    with pytest.raises(LotwatchError, match="was rejected by peter"):
        rules.activate(db, OLGA, late)
    with pytest.raises(LotwatchError, match="in force already"):
        rules.submit(db, OLGA, written(RULE), reason="again")
    with pytest.raises(LotwatchError, match="needs a reason"):
        rules.submit(db, OLGA, written(RULE.replace("> 5", "> 7")), reason=" ")


def test_alerts_of_a_rule_that_leaves_are_resolved(expired: Company, written) -> None:
    watch.evaluate(expired.conn, expired.context)
    assert alerts(expired.conn)["expired_on_shelf"] == ("open", False)
    agreed(expired.conn, written(RULE))
    assert alerts(expired.conn)["expired_on_shelf"] == ("resolved", False)


def test_a_baseline_is_told_to_nobody_and_what_comes_later_is(expired: Company, written) -> None:
    active_rules(expired.conn, NOW)
    agreed(expired.conn, load_rules() + written(RULE), baseline=True)
    assert rules.baselined(expired.conn) == {"held_stock"}
    watch.evaluate(expired.conn, expired.context)
    assert alerts(expired.conn)["held_stock"] == ("open", True)
    assert alerts(expired.conn)["expired_on_shelf"] == ("open", False)
    assert "held_stock" not in {alert.rule_id for alert in take_untold(expired.conn, NOW)}
    expired.conn.commit()
    expired.lot("L2")
    expired.move(10, "DC", lot="L2")
    expired.post()
    watch.evaluate(expired.conn, expired.context)
    assert [alert.subject_key for alert in take_untold(expired.conn, NOW)] == ["I1/L2@DC"]


def test_a_rule_counts_on_its_days(db: psycopg.Connection, written) -> None:
    agreed(db, written(RULE + "  valid_from: 2026-07-01\n"))
    assert ids(active_rules(db, NOW)) == set()
    assert ids(active_rules(db, NOW + timedelta(days=30))) == {"held_stock"}


def test_a_budget_needs_a_second_person_too(db: psycopg.Connection) -> None:
    shipped = actions.active_budgets(db, NOW)
    assert shipped == actions.load_budgets()
    content = {"DC": {"currency": "USD", "monthly": "5"}}
    number = governance.submit(db, OLGA, "budget", content, reason="new year")
    assert actions.active_budgets(db, NOW) == shipped
    with pytest.raises(LotwatchError, match="cannot activate"):
        governance.activate(db, OLGA, number, "budget")
    with pytest.raises(LotwatchError, match="of another kind: budget"):
        rules.activate(db, PETER, number)
    governance.activate(db, PETER, number, "budget")
    assert {site: int(budget.monthly) for site, budget in actions.active_budgets(db, NOW).items()} == {"DC": 5}


@pytest.fixture
def lotwatch(db_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOTWATCH_DATABASE", db_url)

    def run(*arguments: str, user: str = "olga") -> Result:
        monkeypatch.setenv("USER", user)
        result = CliRunner().invoke(app, list(arguments))
        if isinstance(result.exception, LotwatchError):
            raise result.exception
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


def test_the_shipped_tables_can_be_used(db: psycopg.Connection, lotwatch) -> None:
    checked = lotwatch("rules", "check")
    assert (checked.exit_code, "can be used as written" in checked.stdout) == (0, True), checked.stdout


def test_a_rule_goes_from_its_file_into_force(expired: Company, lotwatch, tmp_path: Path) -> None:
    table = tmp_path / "table.yaml"
    table.write_text(RULE.replace("physical > 5", "phisical > 5"), encoding="utf-8")
    wrong = lotwatch("rules", "check", str(table))
    assert (wrong.exit_code, "table.yaml:4:9" in wrong.stdout, "did you mean physical" in wrong.stdout) == (
        1,
        True,
        True,
    )
    table.write_text(RULE, encoding="utf-8")
    assert "1 rules can be used" in lotwatch("rules", "check", str(table)).stdout
    tried = lotwatch("rules", "dry-run", str(table), "--rule", "held_stock", "--as-of", NOW.isoformat()).stdout
    assert [line.split() for line in tried.splitlines()][1:3] == [
        ["held_stock", "info", "1", "1", "0", "0"],
        ["all", "1", "1", "0", "0"],
    ]
    assert '"became": "new"' in lotwatch("rules", "dry-run", str(table), "--rule", "held_stock", "--json").stdout
    difference = lotwatch("rules", "diff", str(table)).stdout
    assert "+++ held_stock, as written" in difference
    assert "+when: physical > 5" in difference
    submitted = lotwatch("rules", "submit", str(table), "--reason", "pilot").stdout
    assert "Change set 2 waits" in submitted
    assert ["held_stock", "info", "1", "1", "0", "0"] in [line.split() for line in submitted.splitlines()]
    assert governance.change(expired.conn, 2).effect == [
        {"rule_id": "held_stock", "severity": "info", "new": 1, "gone": 0, "same": 0}
    ], "the second person sees it"
    with pytest.raises(LotwatchError, match="second person"):
        lotwatch("rules", "activate", "2")
    assert "Change set 2 is in force" in lotwatch("rules", "activate", "2", user="peter").stdout
    assert "The tables say what is active" in lotwatch("rules", "diff", str(table)).stdout
    assert "activated" in lotwatch("rules", "versions").stdout
    assert "when: physical > 5" in lotwatch("rules", "versions", "held_stock").stdout
    explained = lotwatch("rules", "explain", "held_stock", "I1/L1@DC").stdout
    assert "physical [10] > 5" in explained
    assert "fires: info" in explained
    with pytest.raises(LotwatchError, match="did you mean held_stock"):
        lotwatch("rules", "explain", "held_stok", "I1/L1@DC")
    with pytest.raises(LotwatchError, match="in force already"):
        lotwatch("rules", "release")


def test_going_live_tells_nobody_of_old_problems(expired: Company, lotwatch) -> None:
    assert "in force" in lotwatch("rules", "release", "--baseline").stdout
    expired.conn.commit()
    watch.evaluate(expired.conn, expired.context)
    assert take_untold(expired.conn, NOW) == []


def test_a_budget_goes_from_its_file_into_force(db: psycopg.Connection, lotwatch, tmp_path: Path) -> None:
    (tmp_path / "budgets.yaml").write_text("DC-N: {currency: EUR, monthly: 7}")
    lotwatch("budget", "submit", str(tmp_path / "budgets.yaml"), "--reason", "cut")
    assert "7 EUR" not in lotwatch("budget", "show").stdout
    lotwatch("budget", "activate", "2", user="peter")
    assert "DC-N: 7 EUR a month" in lotwatch("budget", "show").stdout


def test_approval_policies_go_from_their_file_into_force(db: psycopg.Connection, lotwatch, tmp_path: Path) -> None:
    path = tmp_path / "approvals.yaml"
    path.write_text(
        "steps: {boss: {title: {en: Boss, zh: 院长}, approvers: [olga, ada], answer_within: 4h}}\n"
        "policies: [{id: all_of_it, steps: [boss]}]"
    )
    assert actions.active_policies(db) == actions.load_policies()
    lotwatch("approvals", "submit", str(path), "--reason", "one boss")
    assert "small_transfer: automatic" in lotwatch("approvals", "show").stdout
    lotwatch("approvals", "activate", "2", user="peter")
    assert "all_of_it: boss" in lotwatch("approvals", "show").stdout
    assert actions.active_policies(db) == actions.load_policies(path)
    assert actions.policies_as_content(actions.active_policies(db)) == actions.policies_as_content(
        actions.load_policies(path)
    )
