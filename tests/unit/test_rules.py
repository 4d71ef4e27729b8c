"""Decision tables: what may be written in them, and what happens when it is not."""

from pathlib import Path

import pytest

from lotwatch.errors import RuleError
from lotwatch.facts import Column
from lotwatch.rules import load_rules, titles
from lotwatch.rules.compile import compile_rules
from lotwatch.rules.expression import parse

COLUMNS = {
    name: Column("fact_item_site", name, "bigint", comment)
    for name, comment in {
        "subject_key": "what",
        "available": "base units",
        "reorder_point": "base units; null: no policy yet",
        "criticality": "how bad",
        "data_in_quarantine": "yes or no",
    }.items()
}
RULE = """
- id: short
  title: {en: Short, zh: 短缺}
  subject: item_site
  when: available < reorder_point
  missing: {reorder_point: ignore}
  severity: [{level: warning}]
"""


def rules(tmp_path: Path, text: str) -> list:
    (tmp_path / "table.yaml").write_text(text, encoding="utf-8")
    return load_rules(tmp_path)


def test_the_shipped_tables_load_and_have_both_languages() -> None:
    shipped = load_rules()
    assert {"stockout_risk", "near_expiry", "late_inbound", "overstock", "failed_inspection"} <= {r.id for r in shipped}
    assert titles("zh").keys() == titles("en").keys()
    assert all(titles("zh")[rule.id] != titles("en")[rule.id] for rule in shipped)


@pytest.mark.parametrize(
    "hostile",
    [
        "available < 1; DROP TABLE lotwatch.movement",
        "pg_sleep(10) is null",
        "available < (select 1)",
        "available in (select item_id from lotwatch.item)",
        "available::text = 'x'",
        "lotwatch.fact_item_site.available > 1",
        "exists (select 1)",
        "available > 1 union select 1",
        "current_setting('x') = 'y'",
        "available || 'x' = 'y'",
        "count(*) > 1",
        "row_number() over () = 1",
        "available like 'x'",
        "-- nothing",
        "",
        "available <",
        "case when available > 1 then true end",
        " or ".join(["available = 1"] * 100),
        "$1 = 1",
        "available > @x",
    ],
)
def test_an_expression_reads_its_own_row_and_nothing_else(hostile: str) -> None:
    with pytest.raises(RuleError):
        parse(hostile, COLUMNS, "rule x")


@pytest.mark.parametrize(
    "plain",
    [
        "available < reorder_point",
        "available between 0 and 60 and not (reorder_point = 1 or criticality in ('critical', 'standard'))",
        "coalesce(reorder_point, 0) * 2 - 1 >= available / 3",
        "reorder_point is null or -available < 0",
        "greatest(available, 1) <> least(reorder_point, abs(available))",
    ],
)
def test_comparisons_and_arithmetic_are_allowed(plain: str) -> None:
    parse(plain, COLUMNS, "rule x")


def test_a_mistyped_column_is_answered_with_the_nearest(tmp_path: Path) -> None:
    table = rules(tmp_path, RULE.replace("available <", "availabel <"))
    with pytest.raises(RuleError, match=r"no column 'availabel'.*did you mean 'available'"):
        compile_rules("item_site", table, COLUMNS)


def test_a_column_that_can_be_unknown_needs_an_answer(tmp_path: Path) -> None:
    table = rules(tmp_path, RULE.replace("  missing: {reorder_point: ignore}\n", ""))
    with pytest.raises(RuleError, match=r"reorder_point can be unknown"):
        compile_rules("item_site", table, COLUMNS)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("subject: item_site", "subject: a planet"), r"subject"),
        (("when: available", "whem: available"), r"whem"),
        (("zh: 短缺", "de: knapp"), r"title.zh"),
        (("[{level: warning}]", "[{level: warning, when: available < 1}]"), r"last severity"),
        (("id: short", "id: Short Rule"), r"id"),
    ],
)
def test_a_mistake_in_a_table_names_file_rule_and_field(
    tmp_path: Path, change: tuple[str, str], complaint: str
) -> None:
    with pytest.raises(RuleError, match=complaint) as caught:
        rules(tmp_path, RULE.replace(*change))
    assert "table.yaml" in str(caught.value)


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="Two rules are called short"):
        rules(tmp_path, RULE + RULE)


def test_a_rules_version_changes_with_its_text(tmp_path: Path) -> None:
    first = rules(tmp_path, RULE)[0].version
    assert rules(tmp_path, RULE)[0].version == first
    assert rules(tmp_path, RULE.replace("available <", "available <="))[0].version != first
