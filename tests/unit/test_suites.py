"""A suite is refused before it judges anything, with the place of the mistake and what to write instead."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

import lotwatch.db
from lotwatch.errors import GateError
from lotwatch.gate.split import FAILS
from lotwatch.gate.suites import CHECK_TYPES, ENTITIES, Suite, load_suites

PROJECT = Path(__file__).parents[2]
SUITES = PROJECT / "expectations"

Mistake = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def columns() -> dict[str, list[str]]:
    """The staging tables' columns, as the migrations say."""
    common = {"batch_id", "record_no", "source_key", "raw", "errors", "warnings"}
    found: dict[str, list[str]] = {}
    for script in sorted(Path(lotwatch.db.__path__[0], "migrations").glob("*.sql")):
        for text in re.findall(
            r"^(?:CREATE|ALTER) TABLE stage\.[^;]+", script.read_text(encoding="utf-8"), re.MULTILINE
        ):
            statement = sqlglot.parse_one(text, dialect="postgres")
            names = [column.name for column in statement.find_all(exp.ColumnDef)]
            entity = statement.find(exp.Table).name
            found.setdefault(entity, []).extend(name for name in names if name not in common)
    return found


@pytest.fixture
def suites(columns: dict[str, list[str]]) -> dict[str, Suite]:
    return load_suites(SUITES, columns)


def test_every_entity_has_a_suite_and_every_check_of_its_file_is_loaded(suites: dict[str, Suite]) -> None:
    assert tuple(suites) == ENTITIES
    for suite in suites.values():
        assert len(suite.checks) == len(json.loads(suite.path.read_text(encoding="utf-8"))["expectations"])


def test_every_rule_gives_its_reason_in_both_languages(suites: dict[str, Suite]) -> None:
    for suite in suites.values():
        for check in suite.checks:
            assert check.reason.en.isascii() or "°" in check.reason.en, check.rule
            assert any("\u4e00" <= character <= "\u9fff" for character in check.reason.zh), check.rule


def test_exactly_the_rules_that_look_up_other_records_have_ids_of_references(suites: dict[str, Suite]) -> None:
    """Only such a row is tried again by itself: a wrong id would retry for ever, or never."""
    for suite in suites.values():
        for check in suite.checks:
            assert ("is not known" in check.reason.en and "Kind" not in check.reason.en) == (
                check.rule.startswith("REF")
            ), check.rule


def test_the_split_can_express_every_type_of_check_that_a_suite_may_use() -> None:
    assert FAILS.keys() == CHECK_TYPES.keys()


def _query(text: str) -> Mistake:
    def write(expectation: dict[str, Any]) -> None:
        expectation["type"] = "unexpected_rows_expectation"
        expectation["kwargs"] = {"unexpected_rows_query": text}

    return write


def _kwargs(check_type: str, **kwargs: Any) -> Mistake:
    return lambda expectation: expectation.update(type=check_type, kwargs=kwargs)


def _set(*path: str, to: Any) -> Mistake:
    def write(expectation: dict[str, Any]) -> None:
        for key in path[:-1]:
            expectation = expectation[key]
        expectation[path[-1]] = to

    return write


def _drop(*path: str) -> Mistake:
    def write(expectation: dict[str, Any]) -> None:
        for key in path[:-1]:
            expectation = expectation[key]
        del expectation[path[-1]]

    return write


_PAIR = "expect_column_pair_values_a_to_be_greater_than_b"
_BETWEEN = "expect_column_values_to_be_between"


@pytest.mark.parametrize(
    ("mistake", "says"),
    [
        (_set("type", to="expect_column_values_to_not_be_nul"), "did you mean expect_column_values_to_not_be_null"),
        (_set("type", to="expect_column_mean_to_be_between"), "is not a known type of check"),
        (_drop("type"), '"None" is not a known type of check'),
        (_set("kwargs", "colunm", to="code"), "did you mean column?"),
        (_drop("kwargs", "column"), "needs column"),
        (_drop("kwargs"), "kwargs are not an object"),
        (_set("kwargs", "column", to="cod"), "did you mean code?"),
        (_set("kwargs", "mostly", to=0.95), "mostly is not supported"),
        (_set("severity", to="crtical"), "did you mean critical?"),
        (_set("severity", to="info"), '"info" is not a known severity'),
        (_drop("severity"), "is not a known severity"),
        (_set("sevreity", to="critical"), "did you mean severity?"),
        (_drop("meta", "rule"), "has no rule id"),
        (_set("meta", "rule", to="SUP002"), "Rule id SUP002 is used twice"),
        (_set("meta", "rule", to="ITM001"), "Rule id ITM001 is used twice"),
        (_drop("meta", "reason"), "has no reason"),
        (_drop("meta", "reason", "zh"), "no reason in zh"),
        (_set("meta", "reason", "en", to=" "), "no reason in en"),
        (_set("meta", "reason", "en", to="Code {kode} is odd"), "did you mean code?"),
        (_set("meta", "reason", "zh", to="{code"), "odd brace"),
        (_kwargs("expect_column_values_to_be_in_set", column="code", value_set=[]), "value_set is not a list"),
        (_kwargs(_BETWEEN, column="code"), "The range has no end"),
        (_kwargs(_PAIR, column_A="code", column_B="name"), "needs ignore_row_if"),
        (
            _kwargs(_PAIR, column_A="code", column_B="name", ignore_row_if="never"),
            '"never" is not a known ignore_row_if',
        ),
        (_query("SELECT record_no FROM {batch} WHERE cod = 'x'"), "did you mean code?"),
        (_query("SELECT code FROM {batch} WHERE name IS NULL"), "does not select record_no alone"),
        (_query("SELECT record_no FROM stage.supplier WHERE name IS NULL"), "does not read {batch}"),
        (_query("SELECT record_no FROM {batch} AS b WHERE b.name IS NULL"), "write FROM {batch} without an alias"),
        (
            _query("SELECT record_no FROM {batch} JOIN lotwatch.supplier AS s ON s.code = name"),
            "write FROM {batch} AS b",
        ),
        (_query("SELECT record_no FROM {batch} WHERE code ~ '^a{3}$'"), "double the braces"),
        (_query("SELECT record_no FROM {batch} WHERE"), "The query cannot be read"),
        (_query("DELETE FROM {batch}"), "it is not one SELECT"),
        (_query("SELECT record_no FROM {batch}; SELECT 1"), "it is not one SELECT"),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_what_to_write(
    tmp_path: Path, columns: dict[str, list[str]], mistake: Mistake, says: str
) -> None:
    folder = shutil.copytree(SUITES, tmp_path / "expectations")
    path = folder / "supplier.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["expectations"][0]["type"] == "expect_column_values_to_not_be_null"
    mistake(content["expectations"][0])
    path.write_text(json.dumps(content), encoding="utf-8")

    with pytest.raises(GateError) as refused:
        load_suites(folder, columns)

    message = str(refused.value)
    assert says in message
    assert "supplier.json, expectation 0" in message
    assert "What to do:" in message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "cannot be read"),
        ('{"name": "item", "expectations": []}', "does not bear its entity's name"),
        ('{"name": "supplier", "expectations": []}', "has no expectations"),
        ('{"name": "supplier", "expectations": ["x"]}', "An expectation is not an object"),
        (None, "There is no suite for supplier"),
    ],
)
def test_a_file_that_is_not_a_suite_is_refused(
    tmp_path: Path, columns: dict[str, list[str]], content: str | None, says: str
) -> None:
    folder = shutil.copytree(SUITES, tmp_path / "expectations")
    path = folder / "supplier.json"
    path.unlink() if content is None else path.write_text(content, encoding="utf-8")
    with pytest.raises(GateError, match=says) as refused:
        load_suites(folder, columns)
    assert "supplier.json" in str(refused.value)
