"""A mapping file says what another system's columns are to us; a mistake in it is told with its place."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lotwatch.errors import SourceError
from lotwatch.paths import MAPPINGS
from lotwatch.sources.connector import Record
from lotwatch.sources.tables.connector import load_jobs
from lotwatch.sources.tables.mapper import Source
from lotwatch.sources.tables.mapping import Changed
from lotwatch.sources.tables.watermark import TRIES, Watermark

READ_AT = datetime(2026, 6, 15, 8, tzinfo=UTC)


def mapped(tmp_path: Path, text: str, *rows: dict[str, Any]) -> list[Record]:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    (job,) = load_jobs(path)
    return [
        record
        for number, row in enumerate(rows, 1)
        for record in job.mapper.records(Source(f"row {number}", row, {"$read_at": READ_AT}))
    ]


def one(tmp_path: Path, entity: str, column: str, field: str, value: Any, top: str = "", **others: Any) -> Any:
    """What a field of the mapping makes of a value: the value of our column, or the reason why there is none."""
    text = f"{top}\nentities:\n  {entity}:\n    file: '*'\n    key: k\n    columns:\n      {column}: {field}\n"
    (record,) = mapped(tmp_path, text, {"k": "1", "x": value, **others})
    return record.problems[0].reason if record.problems else record.row[column]


@pytest.mark.parametrize(
    ("field", "value", "day"),
    [
        ("x", "2026-01-31", date(2026, 1, 31)),
        ("x", "20260131", date(2026, 1, 31)),
        ("x", "31.01.2026", date(2026, 1, 31)),
        ("x", "2026/1/31", date(2026, 1, 31)),
        ("x", "2026年1月31日", date(2026, 1, 31)),
        ("x", "/Date(1769817600000)/", date(2026, 1, 31)),
        ("x", "00000000", None),
        ("x", "", None),
        ("{from: x, format: excel}", "46053", date(2026, 1, 31)),
        ("{from: x, format: mm/dd/yyyy}", "1/31/2026", date(2026, 1, 31)),
        ("{from: x, format: dd/mm/yyyy}", "31/1/2026", date(2026, 1, 31)),
        ("{from: x, format: '%d-%b-%y'}", "31-Jan-26", date(2026, 1, 31)),
        ("{from: x, empty: '9999-12-31'}", "9999-12-31", None),
        ("{from: x, default: '2026-02-01'}", " ", date(2026, 2, 1)),
        ("x", datetime(2026, 1, 31, 23, tzinfo=UTC), date(2026, 1, 31)),
    ],
)
def test_a_day_is_read_as_it_is_written(tmp_path: Path, field: str, value: Any, day: date | None) -> None:
    assert one(tmp_path, "lot", "usable_through", field, value) == day


@pytest.mark.parametrize("value", ["31/01/2026", "46053", "2026-02-30", "soon", "/Date(x)/"])
def test_a_day_that_could_be_another_is_a_problem(tmp_path: Path, value: str) -> None:
    assert one(tmp_path, "lot", "usable_through", "x", value).startswith(f'"{value}" is not a date')


@pytest.mark.parametrize(
    ("field", "value", "moment"),
    [
        ("x", "2026-06-15 16:00", READ_AT),
        ("x", "2026-06-15T16:00:00+08:00", READ_AT),
        ("x", "2026-06-15T08:00:00Z", READ_AT),
        ("x", "/Date(1781510400000+0000)/", READ_AT),
        ("x", "/Date(1781539200000)/", READ_AT),  # a wall clock's
        ("{from: x, format: unix_ms}", 1781510400000, READ_AT),
        ("{from: x, time: t}", "20260615", READ_AT),
        ("{from: x, time_zone: UTC}", "2026-06-15 08:00", READ_AT),
        ("$read_at", "", READ_AT),
    ],
)
def test_a_local_moment_is_that_of_its_zone(tmp_path: Path, field: str, value: Any, moment: datetime) -> None:
    top = "time_zone: Asia/Shanghai"
    assert one(tmp_path, "movement", "occurred_at", field, value, top, t="160000") == moment


def test_a_moment_without_a_zone_is_a_problem(tmp_path: Path) -> None:
    assert "has no time zone" in one(tmp_path, "movement", "occurred_at", "x", "2026-06-15 16:00")


@pytest.mark.parametrize(
    ("field", "value", "number"),
    [
        ("{from: x, decimal: ',', thousands: .}", "1.234,50", Decimal("1234.50")),
        ("{from: x, thousands: ','}", "1,234.5", Decimal("1234.5")),
        ("x", "12-", Decimal(-12)),
        ("{from: x, absolute: true}", "-40", Decimal(40)),
        ("{from: x, multiply: 0.001}", 1500, Decimal("1.500")),
        ("{from: x, times: n, over: [d]}", "15", Decimal(150)),
        ("x", 0.1, Decimal("0.1")),
    ],
)
def test_a_number_is_exact(tmp_path: Path, field: str, value: Any, number: Decimal) -> None:
    assert one(tmp_path, "item", "unit_cost", field, value, n="10", d="1") == number


@pytest.mark.parametrize(
    ("field", "value"),
    [("x", "1,5"), ("{from: x, decimal: ','}", "1.5"), ("x", "NaN"), ("x", True), ("x", "1_000"), ("x", "9e9999"),
     ("{from: x, over: z}", "5")],
)  # fmt: skip
def test_a_number_that_is_doubtful_is_a_problem(tmp_path: Path, field: str, value: Any) -> None:
    assert isinstance(one(tmp_path, "item", "unit_cost", field, value, z="0"), str)


def test_a_whole_number_does_not_lose_its_fraction(tmp_path: Path) -> None:
    field = "{from: x, over: d}"
    assert "is not a whole number" in one(tmp_path, "purchase_line", "quantity", field, "15", d="2")
    assert one(tmp_path, "purchase_line", "quantity", field, "15", d="3") == 5


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("{from: x, strip_zeros: true}", "000000000000004711", "4711"),
        ("{from: x, strip_zeros: true}", "00A7", "00A7"),
        ("{from: x, split: {at: /, part: 2}}", "L1 / S7", "S7"),
        ("{from: x, split: {at: /, part: 3}}", "L1 / S7", None),
        ("{from: x, pattern: 'LOT (\\w+)'}", "LOT A7, 2026", "A7"),
        ("{concat: [x, y, z], with: -}", "A", "A-B"),
        ("{first: [z, x]}", "A", "A"),
        ("{from: x, map: {A: open}}", "A", "open"),
        ("{from: x, map: {A: open}, otherwise: done}", "B", "done"),
        ("{from: x, map: {A: open}, keep_unknown: true}", "B", "B"),
        ("{from: x, map: {'1': open}}", 1, "open"),
        ("{from: x, map: {true: open}}", True, "open"),
        ("{key: [x, y]}", "a|b", "a\\|b|B"),
        ("{from: x, prefix: P-}", "1", "P-1"),
        ("{from: x, trim: false}", " A", " A"),
        ("x.y.0", {"y": ["deep"]}, "deep"),
        ("{from: x, udi: lot_number}", "(01)00841470103934(17)280131(10)SL1(21)S77", "SL1"),
    ],
)  # fmt: skip
def test_text_is_cut_joined_and_looked_up(tmp_path: Path, field: str, value: Any, text: str | None) -> None:
    assert one(tmp_path, "movement", "document", field, value, y="B", z="") == text


def test_a_code_that_is_in_no_list_is_a_problem(tmp_path: Path) -> None:
    field = "{from: x, map: {A: open}}"
    assert one(tmp_path, "movement", "document", field, "B") == '"B" is not in the map: write what it means to us'


@pytest.mark.parametrize(("value", "expected"), [("X", False), ("", True), (None, True), ("是", False)])
def test_an_empty_cell_can_mean_a_boolean(tmp_path: Path, value: Any, expected: bool) -> None:
    assert one(tmp_path, "item", "active", "{from: x, no: [X, 是], default: yes}", value, "yes: [yes]") is expected


def test_what_is_deleted_there_is_taken_back_here_with_its_movement(tmp_path: Path) -> None:
    text = """
entities:
  movement:
    file: '*'
    key: id
    prefix: "m:"
    where: {kind: {not: X}}
    deleted: {when: {gone: "1"}, reverse: true}
    columns: {item_code: item}
"""
    rows = [{"id": "1", "item": "A"}, {"id": "2", "item": "B", "gone": "1"}, {"id": "3", "kind": "X"}]
    records = mapped(tmp_path, text, *rows)
    assert [record.source_key for record in records] == ["m:1", "m:2", "m:2|deleted"]
    assert records[2].row == {"kind": "reversal", "reverses_key": "m:2"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("entities:\n  item: {file: '*', key: k, columns: {cod: x}}", ["line 2", "entity item", "cod", "did you mean code?"]),
        ("entities:\n  itm: {file: '*', key: k, columns: {}}", ['"itm" is no entity', "did you mean item?"]),
        ("entities:\n  item:\n    file: '*'\n    key: k\n    colums: {}\n    columns: {}", ['"colums"', "did you mean columns?", "line 5"]),
        ("entities:\n  item:\n    file: '*'\n    key: k\n    columns:\n      code: {frm: x}", ["line 6", "did you mean from?", "field"]),
        ("entities:\n  item: {file: '*', columns: {}}", ['"key" is missing']),
        ("entities:\n  item: {key: k, columns: {}}", ["exactly one of file, view"]),
        ("entities:\n  item: {file: '../*', key: k, columns: {}}", ["without folders"]),
        ("entities:\n  lot: {file: '*', key: k, columns: {usable_through: {from: x, format: ddmm}}}", ['"ddmm" is no format']),
        ("entities:\n  lot: {file: '*', key: k, columns: {usable_through: {value: soon}}}", ['"soon" is not a date', "field usable_through"]),
        ("entities:\n  item: {file: '*', key: k, columns: {active: {from: x, map: {A: maybe}}}}", ['"maybe"', "field active"]),
        ("entities:\n  item: {file: '*', key: k, columns: {code: {from: x, decimal: ','}}}", ["decimal means nothing for code"]),
        ("entities:\n  item: {file: '*', key: k, columns: {code: $raed_at}}", ["did you mean $read_at?"]),
        ("entities:\n  item: {file: '*', key: k, deleted: {when: {x: y}, reverse: true}, columns: {}}", ["cannot be taken back"]),
        ("time_zone: Asia/Peking\nentities: {}", ["Asia/Peking", "line 1"]),
        ("entities:\n  item: [", ["is no YAML", "line 2"]),
        ("entities:\n  item: {file: a, key: k, columns: {}}\n  item: {file: b, key: k, columns: {}}", ['"item" is written twice', "line 3"]),
        ("entities:\n  item:\n  - {file: a, key: k, columns: {}}\n  - {file: a, key: k, columns: {}}", ['called "a"', "line 4"]),
        ("", ["says nothing"]),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_the_nearest_name(tmp_path: Path, text: str, says: list[str]) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(text)
    with pytest.raises(SourceError) as caught:
        load_jobs(path)
    told = str(caught.value)
    assert [part for part in [*says, "map.yaml"] if part not in told] == [], told


@pytest.mark.parametrize("path", sorted((MAPPINGS / "samples").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_samples_are_right(path: Path) -> None:
    assert load_jobs(path)


def test_the_mark_never_passes_the_clock_as_reading_began() -> None:
    mark = Watermark(Changed(column="at"), None, None)
    mark.note({"at": "2026-06-15T09:00:00Z"})
    state = mark.state(READ_AT)
    assert state["seen"] == READ_AT.isoformat()
    assert Watermark(Changed(column="at"), None, state).since() == READ_AT.replace(hour=7, minute=50)


def test_a_counter_stays_behind_by_a_whole_reading() -> None:
    changed = Changed(column="n", type="number")
    state: dict[str, Any] | None = None
    since = []
    for highest in (100, 250, 300):
        mark = Watermark(changed, None, state)
        since.append(mark.since())
        mark.note({"n": highest})
        state = mark.state(READ_AT)
    assert since == [None, None, 100]


def test_what_could_not_be_mapped_is_read_again_a_few_times_and_then_left() -> None:
    changed = Changed(column="at", overlap="0s")
    state: dict[str, Any] | None = None
    since = []
    for hour in range(8):
        mark = Watermark(changed, None, state)
        since.append(mark.since())
        mark.note({"at": f"2026-06-15T0{hour}:00:00Z"})
        if hour < 4:
            mark.trouble({"at": "2026-06-14T00:00:00Z"})
        state = mark.state(READ_AT.replace(hour=23))
    again = datetime(2026, 6, 14, tzinfo=UTC)
    assert since[1 : 1 + TRIES] == [again] * TRIES
    assert since[5] == datetime(2026, 6, 15, 4, tzinfo=UTC)
