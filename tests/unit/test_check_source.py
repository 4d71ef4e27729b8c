"""`lotwatch source check` says of each thing what is wrong and what to do, and looks at everything it can."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lotwatch.errors import SourceError
from lotwatch.jobs.check import Finding, check_source
from lotwatch.sources import registry
from lotwatch.sources.connector import Login, Page, Problem, Record
from lotwatch.sources.registry import Kind, Source

NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)
COLUMNS = {"item": ["code", "name"], "lot": ["item_code"], "movement": ["item_code"]}


class Odd:
    """A system of which everything goes as a test wants it: what it is told is a clock, an error, or pages."""

    entities = ("item", "lot", "movement")

    def __init__(self, login: Login, **options: Any) -> None:
        self.options = options

    def server_time(self) -> datetime | None:
        if "refuses" in self.options:
            raise SourceError("It refuses the password", where="user x", do="correct it")
        return NOW - timedelta(seconds=self.options.get("behind", 0))

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        if entity == self.options.get("denied"):
            raise SourceError("It denies access to lots", do="give the user the right")
        row = {"code": "X", **self.options.get("row", {})} if entity == "item" else {"item_code": "X"}
        problems = (Problem("quantity", "2.5 is not whole"),) if entity == self.options.get("broken") else ()
        if entity != self.options.get("empty"):
            yield Page([Record("1", {}, row, problems)])

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        yield from ()


@pytest.fixture(autouse=True)
def odd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.KINDS, "odd", Kind(pull=f"{__name__}:Odd"))


def found(**options: Any) -> dict[str, Finding]:
    source = Source(kind="odd", connection="odd", schedule="5 * * * *", options=options)
    return {each.subject: each for each in check_source(source, Login("http://odd"), NOW, COLUMNS)}


def test_a_source_that_is_well_is_said_to_be_well_in_every_part() -> None:
    told = found()
    assert list(told) == ["connection", "clock", "item", "lot", "movement"]
    assert {each.state for each in told.values()} == {"ok"}


def test_without_a_login_nothing_more_is_tried() -> None:
    told = found(refuses=True)
    assert list(told) == ["connection"]
    assert (told["connection"].state, told["connection"].do) == ("wrong", "correct it")


@pytest.mark.parametrize(("behind", "state"), [(5, "ok"), (40, "odd"), (-40, "odd"), (301, "wrong"), (-301, "wrong")])
def test_a_clock_that_is_off_is_told(behind: int, state: str) -> None:
    clock = found(behind=behind)["clock"]
    assert clock.state == state
    assert ("behind" if behind > 0 else "ahead of") in clock.what


def test_a_right_that_is_missing_for_one_entity_does_not_hide_the_others() -> None:
    told = found(denied="lot")
    assert [each.state for each in told.values()] == ["ok", "ok", "ok", "wrong", "ok"]
    assert "give the user the right" in told["lot"].do


def test_a_field_that_no_entity_has_is_told_with_the_nearest() -> None:
    item = found(row={"nmae": "Stent"})["item"]
    assert (item.state, item.do) == ("wrong", "did you mean name?")
    assert "nmae" in item.what


def test_records_that_cannot_be_mapped_and_pages_without_any_are_odd() -> None:
    assert "1, quantity: 2.5 is not whole" in found(broken="movement")["movement"].what
    assert found(empty="item")["item"].state == "odd"


def test_options_that_cannot_be_used_are_told_first() -> None:
    source = Source(kind="tryton_quality", connection="x", schedule="5 * * * *", options={"page_sise": 1})
    (told,) = check_source(source, Login("http://127.0.0.1:1"), NOW)
    assert (told.subject, told.state) == ("options", "wrong")
