"""What other systems send either fits its column exactly, or says why not; it is never bent and never raises."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lotwatch.errors import SourceError
from lotwatch.sources.connector import Problem, Record
from lotwatch.sources.fit import as_json, cleaned, fit, misfits, needs_cleaning
from lotwatch.sources.rows import read

TYPES = {
    "text": str, "bool": bool, "int4": int, "int8": int, "numeric": Decimal, "date": date, "timestamptz": datetime,
    "_text": list, "_int4": list,
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def fitted(kind: str, value: Any) -> Record:
    return fit(Record("key", {}, {"column": value}), {"column": kind})


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("text", "a", "a"),
        ("text", 7, "7"),
        ("bool", True, True),
        ("bool", "no", False),
        ("int4", Decimal("3.0"), 3),
        ("int8", "9007199254740993", 9007199254740993),
        ("numeric", Decimal("0.1000000000000000055"), Decimal("0.1000000000000000055")),
        ("numeric", 5, Decimal(5)),
        ("date", "2026-01-31", date(2026, 1, 31)),
        ("timestamptz", "2026-01-31T08:00+08:00", datetime(2026, 1, 31, tzinfo=UTC)),
        ("_text", ["a", "b"], ["a", "b"]),
        ("_int4", "1;2", [1, 2]),
    ],
)
def test_a_value_becomes_what_its_column_holds(kind: str, value: Any, expected: Any) -> None:
    found = fitted(kind, value)
    assert found.problems == ()
    assert found.row == {"column": expected}


@pytest.mark.parametrize(
    ("kind", "value", "complaint"),
    [
        ("text", True, "not text"),
        ("text", ["a"], "not text"),
        ("text", "a\x00", "a character that is none"),
        ("text", "\ud800", "a character that is none"),
        ("bool", 1, "neither true nor false"),
        ("int4", 2**31, "too large"),
        ("int8", 2**63, "too large"),
        ("int4", Decimal("1.5"), "not a whole number"),
        ("int4", True, "not a number"),
        ("numeric", "1,5", "not a number"),
        ("numeric", Decimal("1E+99999"), "too many digits"),
        ("numeric", Decimal("NaN"), "not a number"),
        ("date", "31.1.2026", "not a day"),
        ("date", datetime(2026, 1, 1, tzinfo=UTC), "not a day"),
        ("timestamptz", "2026-01-31T08:00", "no time zone"),
        ("timestamptz", 1_800_000_000, "not a moment"),
        ("_int4", [1, "x"], "not a number"),
    ],
)
def test_what_does_not_fit_says_why(kind: str, value: Any, complaint: str) -> None:
    (problem,) = fitted(kind, value).problems
    assert problem.field == "column"
    assert complaint in problem.reason


@given(st.sampled_from(sorted(TYPES)), JSON)
def test_anything_fits_or_is_a_problem(kind: str, value: Any) -> None:
    found = fitted(kind, value)
    assert bool(found.problems) != bool(found.row) or value in (None, "")
    for each in found.row.values():
        assert type(each) is TYPES[kind]


def test_a_field_that_is_none_and_one_that_is_ours_to_write_are_refused() -> None:
    record = Record("key", {}, {"quantiy": 1, "stated": {}})
    found = fit(record, {"quantity": "int8", "stated": "jsonb"})
    assert [problem.field for problem in found.problems] == ["quantiy", "stated"]
    assert "did you mean quantity" in found.problems[0].reason


def test_a_record_that_has_a_problem_is_left_as_it_is() -> None:
    record = Record("key", {}, {"nothing": object()}, (Problem("a", "b"),))
    assert fit(record, {}) is record


@given(JSON)
def test_what_is_cleaned_can_be_kept(value: Any) -> None:
    text = as_json(cleaned(value))
    assert "\\u0000" not in text
    assert text.encode()


@given(JSON)
def test_what_needs_cleaning_is_noticed(value: Any) -> None:
    for escaped in (True, False):
        written = json.dumps(value, default=str, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
        if cleaned(value) != value and not escaped:
            continue  # half a pair in UTF-8 is refused when the body is decoded
        if cleaned(value) != value:
            assert needs_cleaning(written)


def test_decimals_of_a_raw_record_stay_exact() -> None:
    assert json.loads(as_json({"a": Decimal("1.5"), "b": Decimal("0.1000000000000000055")})) == {
        "a": 1.5,
        "b": "0.1000000000000000055",
    }


@pytest.mark.parametrize("body", [None, [], {}, {"events": {}}, {"events": [1]}, {"events": [{"entity": "item"}]}])
def test_a_body_that_is_no_rows_is_refused(body: Any) -> None:
    with pytest.raises(SourceError):
        list(read(body))


def test_events_without_an_identity_are_told_apart() -> None:
    events = [{"entity": "item", "row": {"code": code}} for code in "ab"]
    keys = {record.source_key for _, record in read({"events": events})}
    assert len(keys) == 2
    assert keys == {record.source_key for _, record in read({"events": events})}, "the same when it is read again"


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800b"])
def test_what_postgresql_cannot_keep_is_found_and_a_raw_record_is_kept_without_it(odd: str) -> None:
    assert [problem.field for problem in misfits({"plain": "ä", "odd": odd, "number": 3})] == ["odd"]
    assert json.loads(as_json({"text": odd})) == {"text": "a\ufffdb" if "\x00" in odd else "a?b"}
    assert json.loads(as_json({"text": "\\u0000 as it is written"})) == {"text": "\\u0000 as it is written"}
