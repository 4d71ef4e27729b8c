"""Decision tables: what may be written in them, and what happens when it is not."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lotwatch.errors import RuleError
from lotwatch.facts import Column
from lotwatch.rules import load_rules, titles
from lotwatch.rules.compile import compile_rules
from lotwatch.rules.expression import parse
from lotwatch.rules.tables import Rule, read_rules

COLUMNS = {
    name: Column("fact_item_site", name, kind, comment)
    for name, kind, comment in [
        ("subject_key", "text", "what"),
        ("available", "bigint", "base units"),
        ("reorder_point", "bigint", "base units; null: no policy yet"),
        ("criticality", "text", "how bad"),
        ("region", "text", "where; null: not told"),
        ("item_code", "text", "code"),
        ("data_in_quarantine", "boolean", "yes or no"),
    ]
}
RULE = """\
- id: short
  title: {en: Short, zh: 短缺}
  subject: item_site
  when: available < reorder_point
  missing: {reorder_point: ignore}
  severity: [{level: warning}]
"""


def rules(tmp_path: Path, text: str) -> list[Rule]:
    (tmp_path / "table.yaml").write_text(text, encoding="utf-8")
    return load_rules(tmp_path)


def compiled(tmp_path: Path, text: str) -> str:
    return compile_rules("item_site", rules(tmp_path, text), COLUMNS)


def at(offset: int) -> str:
    return f"character {offset + 1}"


def test_the_shipped_tables_load_and_have_both_languages() -> None:
    shipped = load_rules()
    assert {"stockout_risk", "near_expiry", "late_inbound", "overstock", "failed_inspection"} <= {r.id for r in shipped}
    english, chinese = titles("en"), titles("zh")
    assert chinese.keys() == english.keys()
    assert all(chinese[rule.id] != english[rule.id] for rule in shipped)


@pytest.mark.parametrize(
    "hostile",
    [
        # more than one statement, or more than a condition
        "available < 1; DROP TABLE lotwatch.movement",
        "available > 1 union select 1",
        "available < (select 1)",
        "available in (select item_id from lotwatch.item)",
        "exists (select 1)",
        "available > all (array[1])",
        "available > 1) or (1 = 1",
        "case when available > 1 then true end",
        "available > 1 as x",
        "(available, 1) = (1, 1)",
        # what does something, or tells about the database
        "pg_sleep(10) is null",
        "set_config('lotwatch.user', 'x', false) = 'x'",
        "nextval('lotwatch.alert_alert_id_seq') > 0",
        "current_setting('x') = 'y'",
        "pg_read_file('/etc/passwd') = ''",
        "lo_import('/etc/passwd') > 0",
        "current_user = 'x'",
        "now() > '2026-01-01'",
        "count(*) > 1",
        "row_number() over () = 1",
        "coalesce(pg_sleep(1), 1) = 1",
        # casts and other types
        "available::text = 'x'",
        "cast(available as regclass) = 'lotwatch.alert'",
        "'lotwatch.alert'::regclass = 'x'",
        "date '2026-01-01' > '2025-01-01'",
        "available = interval '1 day'",
        "E'\\x61' = 'a'",
        "U&'a' = 'a'",
        "$$a$$ = 'a'",
        "b'1' = b'1'",
        # other names, and texts that are not what they look like
        "lotwatch.fact_item_site.available > 1",
        '"available" > 1',
        '"lotwatch"."alert" is null',
        "available[1] > 1",
        "subject_key.available > 1",
        "available > 1 -- or 1 = 1",
        "available > 1 /* or */",
        "/*/**/ 1 */ available > 1",
        "available ＞ 1",
        "аvailable > 1",  # a Cyrillic a
        "available > 1\u200b",
        "available > \u202e1",
        "available\u00a0> 1",
        "available > 1\x00",
        # operators that are not on the list
        "available || 'x' = 'y'",
        "available like 'x'",
        "criticality ~ '(a+)+$'",
        "available % 2 = 1",
        "available @> 1",
        "available between symmetric 1 and 2",
        "available is distinct from 1",
        "available in (available)" * 2,
        # parameters
        "$1 = 1",
        "available > @x",
        "available > :x",
        "available > %(x)s",
        "available > ?",
        # nothing, or a part
        "-- nothing",
        "",
        " ",
        "available <",
        "available < 1 and",
        # too much
        " or ".join(["available = 1"] * 100),
        "(" * 200 + "available" + ")" * 200 + " > 1",
        "not " * 100 + "available > 1",
        "- " * 5_000 + "available > 1",
        "abs(" * 100 + "available" + ")" * 100 + " > 1",
        "available > 1e400",
        "available > 99999999999999999999",
        "available > 0x1F",
        "available > 1_000",
    ],
)
def test_an_expression_reads_its_own_row_and_nothing_else(hostile: str) -> None:
    with pytest.raises(RuleError, match="character"):
        parse(hostile, COLUMNS, at)


@pytest.mark.parametrize(
    "plain",
    [
        "available < reorder_point",
        "available between 0 and 60 and not (reorder_point = 1 or criticality in ('critical', 'standard'))",
        "coalesce(reorder_point, 0) * 2 - 1 >= available / 3",
        "reorder_point is null or -available < 0",
        "reorder_point is not null and (available > 1) is not true",
        "greatest(available, 1) <> least(reorder_point, abs(available))",
        "round(available / 3, 1) != .5 and criticality not in ('植入物', 'it''s; --')",
        "(" * 15 + "available" + ")" * 15 + " > 1",
        " or ".join(["available = 1"] * 60),
    ],
)
def test_comparisons_and_arithmetic_are_allowed(plain: str) -> None:
    parse(plain, COLUMNS, at)


def test_division_is_exact_and_never_stops_an_evaluation() -> None:
    written = parse("available / reorder_point > 2", COLUMNS, at).sql(COLUMNS)
    assert written == 'CAST((fact."available") AS DECIMAL) / NULLIF(fact."reorder_point", 0) > 2'


@pytest.mark.parametrize(
    ("change", "place", "complaint"),
    [
        (("when: available", "when: availabel"), "4:9", "There is no column 'availabel'.*did you mean available"),
        (("< reorder_point", "< reorder_pont"), "4:21", "did you mean reorder_point"),
        (("when: available < ", "when: >-\n    available\n    < 1 or pg_sleep(1) < "), "6:12", "PG_SLEEP.* not allowed"),
        (("when: available < ", "when: 'criticality = ''x'' and nothing < "), "4:34", "no column 'nothing'"),
        (("available < reorder_point", '"available < \\u0072eorder"'), "4:22", "no column 'reorder'"),
        (("< reorder_point", "< 5 5"), "4:23", "cannot be read"),
        (("subject: item_site", "subject: a planet"), "3:12", "subject"),
        (("when: available", "whem: available"), "4:3", "There is no field whem.*did you mean when"),
        (("when: available", "whem: available"), "1:3", "when: Field required"),
        (("zh: 短缺", "de: knapp"), "2:22", "no field de.*use one of en, zh"),
        (("level: warning", "level: warnin"), "6:22", "severity.1.level cannot be 'warnin'.*did you mean warning"),
        (("level: warning", "level: warning, when: available < 1"), "6:13", "last severity"),
        (("id: short", "id: Short Rule"), "1:7", "id cannot be 'Short Rule'.*small letters"),
        (("id: short", "id: short\n  actions: [purchase_ordr]"), "2:13", "did you mean purchase_order"),
        (("id: short", "id: short\n  mode: shaddow"), "2:9", "did you mean shadow"),
        (("id: short", "id: short\n  escalate_after: 4 hours"), "2:19", "30m, 4h or 2d"),
        (("id: short", "id: short\n  valid_from: 2026-02-30"), "table.yaml", "day is out of range"),
        (("{reorder_point: ignore}", "{reorder_point: ignore, availible: ignore}"), "5:36", "no column 'availible'"),
        (("{reorder_point: ignore}", "{reorder_point: ignore, available: ignore}"), "5:36", "decides nothing"),
        (("  missing: {reorder_point: ignore}\n", ""), "4:9", "reorder_point can be unknown"),
        (("id: short", "id: short\n  group_by: [regoin]"), "2:14", "did you mean region"),
        (("id: short", "id: short\n  show: [criticallity]"), "2:10", "no column 'criticallity'.*did you mean criticality"),
        (("id: short", "id: short\n  overrides: [{for: {regoin: [N]}, mode: act}]"), "2:22", "did you mean region"),
        (("id: short", "id: short\n  overrides: [{for: {region: []}, mode: act}]"), "2:21", "at least one code"),
        (("id: short", "id: short\n  overrides: [{for: {region: [NO]}, mode: act}]"), "2:31", "quote it"),
        (("id: short", "id: short\n  overrides: [{for: {region: [N]}}]"), "2:15", "changes something"),
        (("id: short", "id: short\n  overrides: [{for: {region: [N]}, when: null}]"), "2:15", "cannot be nothing"),
        (("id: short", "id: short\n  overrides: [{for: {supplier: [S]}, mode: act}]"), "2:22", "has no supplier"),
        (
            ("id: short", "id: short\n  overrides: [{for: {region: [N]}, when: availible < 1}]"),
            "2:42",
            "overrides.1.when.*did you mean available",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_pointed_at(tmp_path: Path, change: tuple[str, str], place: str, complaint: str) -> None:
    text = RULE.replace(*change)
    if "''x''" in text:
        text = text.replace("reorder_point\n", "reorder_point'\n", 1)
    (tmp_path / "table.yaml").write_text(text, encoding="utf-8")
    found, errors = read_rules([tmp_path])
    if not errors:
        with pytest.raises(RuleError) as caught:
            compile_rules("item_site", found, COLUMNS)
        errors = [caught.value]
    told = [str(error) for error in errors]
    assert any(re.search(complaint, line) and place in line and "table.yaml" in line for line in told), told


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: &a [x, x]\nb: [*a, *a]", "2:5.*|Aliases"),
        ("- &r {id: a}\n- *r", "Aliases"),
        ("[" * 5_000 + "]" * 5_000, "Nested too deeply"),
        ("- id: a\n  id: b", "2:3|id is said twice"),
        ("- !!python/object/apply:os.system ['true']", "tag"),
        ("- {1: x}", "a word"),
        ("- {[a]: x}", "a word"),
        ("- id: [", "Not valid YAML"),
        ("- a\n---\n- b", "Not valid YAML"),
        ("id: a", "list of rules"),
        ("", "list of rules"),
        ("- just a text", "rule number 1"),
        ("- id: \x07", "Not valid YAML"),
        ("#" + "x" * 1_000_001, "megabyte"),
    ],
)
def test_a_file_that_is_no_plain_table_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(RuleError, match=complaint) as caught:
        rules(tmp_path, text)
    assert "table.yaml" in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_bytes(b"- id: \xff\xfe")
    with pytest.raises(RuleError, match="not in UTF-8"):
        load_rules(tmp_path)


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(RULE.replace("level: warning", "level: bad").replace("when:", "whem:"))
    (tmp_path / "b.yaml").write_text("a: [")
    found, errors = read_rules([tmp_path])
    assert (found, len(errors)) == ([], 4)
    assert not [error for error in errors if re.search("Tuple|Value error", str(error))], "in words of ours"


def test_an_alert_keeps_what_decided_and_what_its_rule_shows_beside_that(tmp_path: Path) -> None:
    shown = compiled(tmp_path, RULE + "  show: [criticality, available]\n")
    assert """'reorder_point', fact."reorder_point") || jsonb_strip_nulls(jsonb_build_object('criticality'""" in shown
    assert "jsonb_strip_nulls" not in compiled(tmp_path, RULE)


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"Two rules are called short.*:1:7 and .*:7:7"):
        rules(tmp_path, RULE + RULE)


def test_a_rules_version_changes_with_what_it_says(tmp_path: Path) -> None:
    first = rules(tmp_path, RULE)[0]
    assert rules(tmp_path, "# a comment\n" + RULE)[0].version == first.version
    assert rules(tmp_path, RULE.replace("available <", "available <="))[0].version != first.version
    assert Rule.model_validate(first.body()).version == first.version


def test_a_rule_is_shown_as_it_was_written(tmp_path: Path) -> None:
    assert rules(tmp_path, RULE + RULE.replace("id: short", "id: second"))[0].text() == (
        RULE.removeprefix("- ").replace("\n  ", "\n")
    )


def test_an_override_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    text = RULE + (
        "  notify: [buyer]\n"
        "  escalate_after: 4h\n"
        "  overrides:\n"
        "    - {for: {region: [N]}, mode: act, escalate_after: null}\n"
        "    - {for: {region: [S], criticality: [critical]}, when: available < 5, notify: [quality]}\n"
    )
    rule = rules(tmp_path, text)[0]
    north, south = rule.applied(1), rule.applied(2)
    assert (north.when, north.mode, north.escalate_after, north.notify) == (rule.when, "act", None, ("buyer",))
    assert (south.when, south.mode, south.escalate_after) == ("available < 5", "alert", rule.escalate_after)
    assert south.notify == ("quality",)
    assert rule.applied(0) is rule


def test_a_rule_is_in_force_on_its_days(tmp_path: Path) -> None:
    rule = rules(tmp_path, RULE + "  valid_from: 2026-03-01\n  valid_through: 2026-03-31\n")[0]
    days = [(2, 28), (3, 1), (3, 31), (4, 1)]
    assert [rule.in_force(datetime(2026, *day, 23, tzinfo=UTC)) for day in days] == [False, True, True, False]
    with pytest.raises(RuleError, match="before valid_from"):
        rules(tmp_path, RULE + "  valid_from: 2026-03-02\n  valid_through: 2026-03-01\n")
