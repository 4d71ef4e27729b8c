"""What vanished in another system is withdrawn here, and only what really did."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from lotwatch import gate, sources
from lotwatch.audit import RunContext, begin_run
from lotwatch.errors import SourceError
from lotwatch.sources import Page, Problem, Reconciled, Record
from lotwatch.sources.registry import Limit
from tests.integration.company import NOW, context

DAY = timedelta(days=1)


@dataclass
class Shop:
    """A system with agreements in it, of which some change and some are deleted."""

    there: dict[str, int] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    entities: tuple[str, ...] = ("agreement",)
    reconciled: tuple[str, ...] = ("agreement",)
    final: frozenset[str] = frozenset()
    broken: bool = False

    def keep(self, **records: int) -> "Shop":
        """These are new or changed: key -> price."""
        self.there |= records
        self.changes += records
        return self

    def delete(self, *keys: str) -> None:
        for key in keys:
            del self.there[key]

    def record(self, key: str) -> Record:
        row = {"supplier_code": "S1", "item_code": key, "price": self.there[key], "currency": "USD", "lead_time_days": 3,
               "price_breaks": [{"quantity": 1, "price": 2.5}]}  # fmt: skip
        problems = (Problem("price", "it is odd"),) if self.there[key] < 0 else ()
        return Record(key, {"key": key}, row, problems)

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        changes, self.changes = self.changes, []
        for key in changes:
            yield Page([self.record(key)], {"after": key})

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        yield from self.changed(entity, None)

    def server_time(self) -> None:
        return None

    def remembers(self, entity: str, record: Record) -> bool:
        return record.source_key not in self.final

    def forgets_before(self, entity: str, moment: datetime) -> datetime | None:
        return None

    def present(self, entity: str, moment: datetime) -> Iterator[list[str]]:
        for key in self.there:
            yield [key]
            if self.broken:
                raise SourceError("It is down.", retry=True)

    def gone(self, entity: str, source_key: str, row: Mapping[str, Any], moment: datetime) -> Record:
        return Record(source_key, {"gone": True}, {**row, "active": False})

    def returned(self, entity: str, source_key: str, row: Mapping[str, Any], moment: datetime) -> Record:
        return Record(source_key, {"returned": True}, row)


@pytest.fixture
def conn(db_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(db_url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def run(conn: psycopg.Connection) -> RunContext:
    return begin_run(conn, context())


def pull(conn: psycopg.Connection, run: RunContext, shop: Shop) -> int:
    return sources.pull(conn, "shop", shop, run, gate.quarantine_unmapped).batch_id


def reconcile(
    conn: psycopg.Connection,
    run: RunContext,
    shop: Shop,
    days_later: float = 1,
    limit: Limit = Limit(rows=20),  # noqa: B008 (frozen)
) -> Reconciled:
    later = replace(run, as_of=NOW + days_later * DAY)
    return sources.reconcile(conn, "shop", shop, later, gate.quarantine_unmapped, every=DAY, limit=limit)


def staged(conn: psycopg.Connection, batch_id: int | None) -> dict[str, Any]:
    """The agreements staged in a batch: key -> (price, whether it is active)."""
    rows = conn.execute(
        "SELECT source_key, price, active, price_breaks FROM stage.agreement WHERE batch_id = %s", (batch_id,)
    ).fetchall()
    assert all(breaks == [{"quantity": 1, "price": 2.5}] for _, _, _, breaks in rows)
    return {key: (int(price), active) for key, price, active, _ in rows}


def test_what_vanished_is_staged_as_it_last_was_and_withdrawn(conn: psycopg.Connection, run: RunContext) -> None:
    shop = Shop().keep(a=1, b=2, c=3)
    pull(conn, run, shop)
    pull(conn, run, shop.keep(b=5))
    shop.delete("b")
    [found] = reconcile(conn, run, shop).found
    assert (found.remembered, found.vanished, found.returned) == (3, 1, 0)
    assert staged(conn, found.batch_id) == {"b": (5, False)}
    [later] = reconcile(conn, run, shop, days_later=2).found
    assert (later.remembered, later.vanished, later.batch_id) == (2, 0, None)


def test_what_is_there_again_comes_back_as_it_last_was_though_nothing_says_that_it_changed(
    conn: psycopg.Connection, run: RunContext
) -> None:
    shop = Shop().keep(a=1, b=2)
    pull(conn, run, shop)
    shop.delete("b")
    reconcile(conn, run, shop)
    shop.there["b"] = 2
    [found] = reconcile(conn, run, shop, days_later=2).found
    assert (found.remembered, found.vanished, found.returned) == (1, 0, 1)
    assert staged(conn, found.batch_id) == {"b": (2, None)}
    [later] = reconcile(conn, run, shop, days_later=3).found
    assert (later.remembered, later.returned) == (2, 0)


def test_what_is_read_again_after_it_was_missed_is_simply_there(conn: psycopg.Connection, run: RunContext) -> None:
    shop = Shop().keep(a=1, b=2)
    pull(conn, run, shop)
    shop.delete("b")
    reconcile(conn, run, shop)
    assert staged(conn, pull(conn, run, shop.keep(b=9))) == {"b": (9, None)}
    [found] = reconcile(conn, run, shop, days_later=2).found
    assert (found.remembered, found.vanished, found.returned) == (2, 0, 0)


def test_it_is_asked_for_only_when_it_is_time(conn: psycopg.Connection, run: RunContext) -> None:
    shop = Shop().keep(a=1, b=2)
    pull(conn, run, shop)
    assert len(reconcile(conn, run, shop, days_later=1).found) == 1
    shop.delete("b")
    assert reconcile(conn, run, shop, days_later=1.9).found == []
    assert [found.vanished for found in reconcile(conn, run, shop, days_later=2).found] == [1]


def test_a_source_that_seems_to_have_lost_everything_is_not_believed(conn: psycopg.Connection, run: RunContext) -> None:
    shop = Shop().keep(**{f"k{number}": 1 for number in range(30)})
    pull(conn, run, shop)
    there, shop.there = shop.there, {}
    done = reconcile(conn, run, shop)
    assert done.found == []
    with pytest.raises(SourceError, match="30 of 30 records of agreement seem to have vanished") as caught:
        raise done.refused[0]
    assert not caught.value.retry
    shop.there = {key: there[key] for key in list(there)[:5]}
    assert [found.vanished for found in reconcile(conn, run, shop, limit=Limit(share=1)).found] == [25]


def test_few_records_may_all_vanish_and_a_small_share_of_many(conn: psycopg.Connection, run: RunContext) -> None:
    shop = Shop().keep(**{f"k{number}": 1 for number in range(100)})
    pull(conn, run, shop)
    shop.delete(*(f"k{number}" for number in range(20)))
    assert [found.vanished for found in reconcile(conn, run, shop).found] == [20]  # a fifth, and not more
    shop.delete(*(f"k{number}" for number in range(20, 81)))
    assert reconcile(conn, run, shop, days_later=2).refused
    assert [found.vanished for found in reconcile(conn, run, shop, days_later=2, limit=Limit(rows=62)).found] == [61]


def test_a_server_that_dies_while_it_is_asked_withdraws_nothing(conn: psycopg.Connection, run: RunContext) -> None:
    shop = Shop().keep(a=1, b=2, c=3)
    pull(conn, run, shop)
    shop.broken = True
    with pytest.raises(SourceError, match="It is down"):
        reconcile(conn, run, shop)
    shop.broken = False
    assert [found.vanished for found in reconcile(conn, run, shop).found] == [0]


def test_a_pull_that_failed_remembers_nothing_and_what_cannot_be_mapped_is_not_remembered(
    conn: psycopg.Connection, run: RunContext
) -> None:
    shop = Shop().keep(a=1, odd=-1)

    class Dying(Shop):
        def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
            yield Page([self.record("a")])
            raise SourceError("It is down.", retry=True)

    with pytest.raises(SourceError):
        pull(conn, run, Dying(shop.there))
    assert conn.execute("SELECT count(*) FROM lotwatch.source_record").fetchone() == (0,)
    pull(conn, run, shop)
    assert conn.execute("SELECT source_key FROM lotwatch.source_record").fetchall() == [("a",)]


def test_what_can_vanish_no_more_is_forgotten(conn: psycopg.Connection, run: RunContext) -> None:
    shop = Shop().keep(a=1, b=2)
    pull(conn, run, shop)
    shop.final = frozenset({"b"})
    pull(conn, run, shop.keep(b=3))
    shop.delete("b")
    [found] = reconcile(conn, run, shop).found
    assert (found.remembered, found.vanished) == (1, 0)


def test_the_memory_of_one_source_is_none_of_another_s(conn: psycopg.Connection, run: RunContext) -> None:
    shop = Shop().keep(a=1)
    pull(conn, run, shop)
    other = Shop().keep(b=1)
    sources.pull(conn, "other", other, run, gate.quarantine_unmapped)
    assert [found.vanished for found in reconcile(conn, run, shop).found] == [0]


def test_an_agreement_that_ended_is_ordered_by_no_more_unless_another_took_its_place(
    conn: psycopg.Connection, company: Any
) -> None:
    def state() -> list[tuple[Any, ...]]:
        return company.conn.execute("SELECT price, active FROM lotwatch.supplier_agreement").fetchall()

    company.item()
    company.post()
    company.agreement(active=None)
    company.post()
    terms = {"item_code": "I1", "supplier_code": "S1", "currency": "USD", "lead_time_days": 10,
             "minimum_order_quantity": 1, "order_multiple": 1}  # fmt: skip
    company.add("agreement", "agreement I1", price=10, active=False, **terms)
    company.add("agreement", "its successor", price=12, **terms)
    assert company.sync().newly_quarantined == 0  # one that has ended is no second agreement
    assert state() == [(12, True)]
    company.add("agreement", "agreement I1", price=10, active=False, **terms)
    company.post()
    assert state() == [(12, True)]
    company.add(
        "agreement",
        "its successor",
        price=12,
        active=False,
        price_breaks=Jsonb([{"quantity": 1, "price": 12}]),
        **terms,
    )
    company.post()
    assert state() == [(12, False)]
