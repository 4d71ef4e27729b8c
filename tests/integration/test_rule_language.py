"""The language of rules on a real database: types, codes, overrides, hysteresis, dry runs, explanations."""

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from lotwatch import facts
from lotwatch.errors import LotwatchError
from lotwatch.rules import Rule, evaluate_live, load_rules, submit
from lotwatch.rules.check import check
from lotwatch.rules.compile import compile_rules
from lotwatch.rules.explain import explain_alert, explain_now
from lotwatch.rules.trial import Count, try_rules
from tests.integration.company import NOW, TODAY, Company
from tests.worlds import prepared

RULE = """\
- id: much
  title: {en: Much, zh: 多}
  subject: lot
  when: physical > 100
  severity: [{level: warning}]
"""
ROLES = {"buyer", "quality", "warehouse", "ops"}


@pytest.fixture
def written(tmp_path: Path):
    def write(text: str) -> list[Rule]:
        (tmp_path / "table.yaml").write_text(text, encoding="utf-8")
        return load_rules(tmp_path)

    return write


@prepared
def stocked(company: Company) -> None:
    """150 of a lot in DC, 30 of another in HOSP, both in region NORTH."""
    company.item(category="implants", criticality="critical")
    company.lot("L1", expires=TODAY + timedelta(days=30))
    company.lot("L2")
    company.move(150, "DC", lot="L1")
    company.move(30, "HOSP/OR", lot="L2")
    company.post()


def alerts(conn: psycopg.Connection) -> dict[str, tuple]:
    rows = conn.execute("SELECT rule_id || ' ' || subject_key, severity, state, variant FROM lotwatch.alert")
    return {key: tuple(rest) for key, *rest in rows}


@pytest.mark.parametrize(
    ("change", "place", "complaint"),
    [
        (("physical > 100", "physical > 100 and category > 5"), "4:28", "category > 5: operator does not exist: text"),
        (("physical > 100", "physical + 5"), "4:9", "A condition is true or false: .* not type bigint"),
        (("physical > 100", "physical > 'many'"), "4:9", "physical > 'many': invalid input syntax"),
        (("physical > 100", "not physical"), "4:13", "NOT must be type boolean"),
        (("physical > 100", "physical > 100 or coalesce(held, 1) = held"), "4:27", "boolean and integer cannot be matched"),
        (("level: warning", "level: info, when: status + 1 > 2}, {level: warning"), "5:34", "status"),
        (("subject: lot", "subject: lott"), "3:12", "no facts about 'lott'.*did you mean lot"),
        (("id: much", "id: much\n  notify: [byer]"), "2:12", "no role 'byer'.*did you mean buyer"),
        (("id: much", "id: much\n  overrides: [{for: {region: [NROTH]}, mode: act}]"), "2:31", "did you mean NORTH"),
        (("id: much", "id: much\n  overrides: [{for: {site: [HOPS]}, mode: act}]"), "2:29", "did you mean HOSP"),
        (("id: much", "id: much\n  overrides: [{for: {criticality: [critcal]}, mode: act}]"), "2:36", "mean critical"),
        (("id: much", "id: much\n  overrides: [{for: {item: [X]}, mode: act}]"), "2:29", "There is no item 'X'"),
        (("id: much", "id: much\n  clear_when: physical < category"), "2:15", "operator does not exist"),
    ],
)  # fmt: skip
def test_what_the_database_does_not_like_is_pointed_at(
    stocked: Company, written, change: tuple[str, str], place: str, complaint: str
) -> None:
    text = RULE.replace(*change)
    nullable = [name for name in ("category",) if name in text]
    if nullable:
        text += f"  missing: {{{nullable[0]}: ignore}}\n"
    (error,) = check(stocked.conn, written(text), ROLES)
    assert f"table.yaml:{place}," in str(error)
    with pytest.raises(LotwatchError, match=complaint):
        raise error


def test_checking_reads_no_facts_and_runs_nothing(db: psycopg.Connection, written) -> None:
    rules = written(RULE.replace("physical > 100", "physical / 0 > 1 or physical * 999999999999 > 1"))
    assert check(db, rules, ROLES) == []


def test_the_first_override_that_fits_counts(stocked: Company, written) -> None:
    rules = written(
        RULE + "  overrides:\n"
        "    - {for: {site: [HOSP], category: [implants]}, when: physical > 20, severity: [{level: critical}]}\n"
        "    - {for: {region: [NORTH]}, when: physical > 10}\n"
    )
    assert check(stocked.conn, rules, ROLES) == []
    evaluate_live(stocked.conn, rules, stocked.context)
    assert alerts(stocked.conn) == {
        "much I1/L1@DC": ("warning", "open", 2),
        "much I1/L2@HOSP": ("critical", "open", 1),
    }


def test_an_override_can_watch_without_telling(stocked: Company, written) -> None:
    rules = written(RULE.replace("> 100", "> 10") + "  overrides: [{for: {site: [HOSP]}, mode: shadow}]\n")
    evaluate_live(stocked.conn, rules, stocked.context)
    assert alerts(stocked.conn).keys() == {"much I1/L1@DC"}


def test_an_alert_ends_when_its_end_is_so_not_when_its_beginning_is_no_more(stocked: Company, written) -> None:
    rules = written(RULE + "  clear_when: physical < 80\n")
    for left, state in [(150, "open"), (90, "open"), (85, "open"), (70, "resolved"), (90, "resolved")]:
        set_physical(stocked, left)
        evaluate_live(stocked.conn, rules, stocked.context)
        assert alerts(stocked.conn)["much I1/L1@DC"][1] == state, left
    assert alerts(stocked.conn).keys() == {"much I1/L1@DC"}


def set_physical(company: Company, quantity: int) -> None:
    company.conn.execute("UPDATE lotwatch.position SET quantity = %s WHERE quantity <> 30", (quantity,))
    company.conn.commit()


def test_what_is_unknown_does_not_end_an_alert_unless_it_is_ignored(stocked: Company, written) -> None:
    text = RULE + "  clear_when: days_to_expiry > 60 and physical < 100\n"
    ended = {}
    for answer in ("", "  missing: {days_to_expiry: ignore}\n"):
        stocked.conn.execute("DELETE FROM lotwatch.alert")
        stocked.conn.execute("UPDATE lotwatch.lot SET usable_through = %s WHERE number = 'L1'", (TODAY,))
        set_physical(stocked, 150)
        rules = written(text + answer)
        assert check(stocked.conn, rules, ROLES) == []
        evaluate_live(stocked.conn, rules, stocked.context)
        set_physical(stocked, 90)
        stocked.conn.execute("UPDATE lotwatch.lot SET usable_through = NULL")
        stocked.conn.commit()
        evaluate_live(stocked.conn, rules, stocked.context)
        ended[answer != ""] = alerts(stocked.conn)["much I1/L1@DC"][1] == "resolved"
    assert ended == {False: False, True: True}


def test_a_division_by_zero_is_unknown_and_stops_nothing(stocked: Company, written) -> None:
    rules = written(RULE.replace("physical > 100", "physical / (physical - 30) > 1 and physical / 100 > 1.4"))
    evaluate_live(stocked.conn, rules, stocked.context)
    assert alerts(stocked.conn).keys() == {"much I1/L1@DC"}


def test_five_hundred_rules_are_one_statement_for_each_subject(stocked: Company) -> None:
    shipped = load_rules()
    copied = {f"rule_{n}": shipped[n % len(shipped)] for n in range(500)}
    many = [rule.model_copy(update={"id": name}) for name, rule in copied.items()]
    known = facts.columns(stocked.conn)
    statement = compile_rules("lot", [rule for rule in many if rule.subject == "lot"], known["fact_lot"])
    assert statement.count("fact_lot ") == 1
    once = evaluate_live(stocked.conn, shipped, stocked.context).findings
    found = evaluate_live(stocked.conn, many, stocked.context).findings
    assert once["near_expiry"] == 1
    assert found == {name: once[rule.id] for name, rule in copied.items() if rule.id in once}


def test_a_dry_run_tells_what_comes_and_goes_and_keeps_nothing(stocked: Company, written) -> None:
    before = written(RULE + RULE.replace("much", "gone").replace("> 100", "> 10"))
    after = written(RULE.replace("> 100", "> 20").replace("warning", "info") + RULE.replace("much", "fresh"))
    trial = try_rules(stocked.conn, after, before, NOW, limit=2)
    assert trial.counts == [
        Count("fresh", "warning", 1, 0, 0),
        Count("gone", "warning", 0, 2, 0),
        Count("much", "info", 1, 0, 1),
    ]
    assert [(found.rule_id, found.subject_key, found.became) for found in trial.found] == [
        ("fresh", "I1/L1@DC", "new"),
        ("much", "I1/L2@HOSP", "new"),
    ]
    assert alerts(stocked.conn) == {}
    assert try_rules(stocked.conn, written(RULE + "  valid_from: 2027-01-01\n"), [], NOW, 5).counts == []


def test_an_alert_is_explained_by_its_text_and_values_of_then(stocked: Company, written) -> None:
    submit(stocked.conn, stocked.context, written(RULE + "  advice: {en: x, zh: 一}\n"), reason="kept, never in force")
    evaluate_live(stocked.conn, written(RULE + "  advice: {en: x, zh: 一}\n"), stocked.context)
    row = stocked.conn.execute("SELECT alert_id FROM lotwatch.alert").fetchone()
    assert row is not None
    set_physical(stocked, 40)
    found = explain_alert(stocked.conn, row[0])
    assert (found.rule.id, found.subject_key, found.fires, found.level) == ("much", "I1/L1@DC", True, "warning")
    assert [(part.text, part.so) for part in found.conditions] == [("physical [150] > 100", True)]


def test_a_rule_explains_itself_for_a_subject(stocked: Company, written) -> None:
    rules = written(
        RULE.replace("physical > 100", "physical > 100 and days_to_expiry < 5 or category = 'physical'")
        + "  missing: {days_to_expiry: alert, category: ignore}\n"
        "  overrides: [{for: {site: [HOSP]}, when: physical > 20 and days_to_expiry < 90}]\n"
    )
    facts.live(stocked.conn, NOW)
    stocked.conn.execute("UPDATE lotwatch.lot SET usable_through = NULL")
    found = explain_now(stocked.conn, rules[0], "I1/L2@HOSP")
    assert (found.variant, found.fires, found.unknown) == (1, True, ["days_to_expiry"])
    assert [(part.text, part.so) for part in found.conditions] == [
        ("physical [30] > 20", True),
        ("days_to_expiry [unknown] < 90", None),
    ]
    plain = explain_now(stocked.conn, rules[0], "I1/L1@DC")
    assert plain.conditions[-1].text == "category [implants] = 'physical'"
    with pytest.raises(LotwatchError, match="no facts about 'I9@DC'"):
        explain_now(stocked.conn, rules[0], "I9@DC")
