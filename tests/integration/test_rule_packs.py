"""Where each built-in rule about stock speaks, and that it is silent right beside it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lotwatch import facts, ledger
from lotwatch.audit import begin_run
from lotwatch.planning import PlanSettings, plan
from lotwatch.rules import load_rules
from tests.examples import examples
from tests.integration.company import NOW, TODAY, Company, context
from tests.integration.test_complaints import DAY, HOUR, set_policy, sweep
from tests.worlds import prepared

Setup = Callable[["Case"], None]


@dataclass(frozen=True)
class Case:
    """An item of its own in the company: what is done with it, and at which level the rule then speaks of it."""

    company: Company
    item: str

    def stock(
        self, quantity: int, lot: str = "", ends: int | None = 800, place: str = "DC", days_ago: float = 200, **row: Any
    ) -> None:
        """So many came, of a lot that ends in so many days."""
        number = f"{self.item}{lot}"
        expires = None if ends is None else TODAY + ends * DAY
        self.company.lot(number, item=self.item, expires=expires)
        self.company.move(quantity, place, item=self.item, lot=number, days_ago=days_ago, **row)

    def use(self, quantity: int, days_ago: float, lot: str = "", **row: Any) -> None:
        number = f"{self.item}{lot}"
        self.company.move(quantity, "PATIENT", "DC", item=self.item, lot=number, days_ago=days_ago, **row)

    def order(self, quantity: int, **row: Any) -> None:
        self.company.order_line(quantity, item=self.item, key=f"line {self.item}", **row)

    def demand(self, quantity: int, **row: Any) -> None:
        plain = {
            "order_key": f"D {self.item}", "order_kind": "department", "site_code": "DC", "state": "open",
            "ordered_at": NOW - 2 * DAY, "need_by": TODAY,
        }  # fmt: skip
        self.company.add("demand_line", f"D {self.item}", item_code=self.item, quantity=quantity, **(plain | row))


#: (rule, what is wanted of it, levels of the policy, properties of the item, what happens)
CASES: list[tuple[str, str | None, dict[str, Any], dict[str, Any], Setup]] = []


def each(rule: str, *rows: tuple[str | None, dict[str, Any], Setup], **item: Any) -> None:
    """Cases of a rule: (level or None, levels of the policy, what happens)."""
    CASES.extend((rule, level, policy, item, setup) for level, policy, setup in rows)


each(
    "below_safety_stock",
    ("info", {"safety": 10}, lambda c: c.stock(9)),
    ("warning", {"safety": 10}, lambda c: c.stock(4)),
    (None, {"safety": 10}, lambda c: c.stock(10)),
    (None, {}, lambda c: c.stock(1)),
    (None, {"safety": 10}, lambda c: None),  # out of stock
)
each(
    "stockout_risk",
    ("critical", {"reorder": 5}, lambda c: c.stock(4)),  # less than half of the lead time
    ("warning", {"reorder": 9}, lambda c: c.stock(8)),
    (None, {"reorder": 5}, lambda c: c.stock(5)),
    (None, {"reorder": 5, "usage": 0}, lambda c: c.stock(4)),
    ("warning", {"reorder": 5, "usage": 0, "safety": 2}, lambda c: c.stock(4)),
    ("critical", {"reorder": 5, "usage": 0, "safety": 2}, lambda c: None),
    (None, {"reorder": 5}, lambda c: (c.stock(1), c.order(9, promised_on=TODAY - DAY))),
)
each(
    "out_of_stock",
    ("warning", {}, lambda c: None),
    (None, {"usage": 0}, lambda c: None),
    ("warning", {"usage": 0, "safety": 1}, lambda c: None),  # a reserve that nobody uses is gone all the same
    (None, {}, lambda c: c.stock(1)),
    ("critical", {}, lambda c: c.demand(2)),
)
each("out_of_stock", ("critical", {"usage": 0, "safety": 1}, lambda c: None), criticality="life_supporting")
each(
    "overstock",
    ("info", {"most": 10}, lambda c: c.stock(200)),
    ("warning", {"most": 10}, lambda c: c.stock(2000)),
    (None, {"most": 200}, lambda c: c.stock(200)),
    (None, {"most": 10, "usage": 2}, lambda c: c.stock(200)),
)
each(
    "no_mover",
    ("info", {"usage": 0}, lambda c: c.stock(5, days_ago=180)),
    ("warning", {"usage": 0}, lambda c: c.stock(5000, days_ago=180)),
    (None, {"usage": 0}, lambda c: c.stock(5, days_ago=179)),
    ("info", {}, lambda c: (c.stock(5, days_ago=300), c.use(1, 180))),
    (None, {}, lambda c: (c.stock(5, days_ago=300), c.use(1, 179))),
    (None, {}, lambda c: (c.stock(5, days_ago=300), c.use(5, 200))),
)
each(
    "slow_mover",
    ("info", {"usage": Decimal("0.01"), "most": 10}, lambda c: (c.stock(5), c.use(1, 20))),
    (None, {"usage": Decimal("0.02"), "most": 10}, lambda c: (c.stock(8), c.use(1, 20))),
    (None, {"usage": Decimal("0.01"), "most": 3}, lambda c: (c.stock(5), c.use(1, 20))),
)
each(
    "near_expiry",
    ("info", {}, lambda c: c.stock(5, ends=60)),
    ("warning", {"usage": Decimal("0.01")}, lambda c: c.stock(5, ends=60)),
    (None, {"usage": Decimal("0.01")}, lambda c: c.stock(5, ends=61)),
    # used with 100 others of the same item that end before: alone it would be in time
    ("warning", {}, lambda c: (c.stock(40, "a", ends=39), c.stock(30, "b", ends=49))),
    # the supplier takes it back until tomorrow; a month earlier there is time, a day later it is too late
    (
        "warning",
        {},
        lambda c: (c.company.agreement(c.item, return_window_days=100), c.stock(500, ends=200, days_ago=99)),
    ),
    (None, {}, lambda c: (c.company.agreement(c.item, return_window_days=100), c.stock(500, ends=200, days_ago=60))),
    (None, {}, lambda c: (c.company.agreement(c.item, return_window_days=100), c.stock(500, ends=200, days_ago=101))),
    (None, {}, lambda c: (c.company.agreement(c.item, return_window_days=100), c.stock(50, ends=200, days_ago=99))),
    # customers ask for half a year
    ("warning", {}, lambda c: (c.demand(1, minimum_remaining_life_days=180), c.stock(500, ends=200))),
    (None, {}, lambda c: (c.demand(1, minimum_remaining_life_days=160), c.stock(500, ends=200))),
)
each(
    "expired_on_shelf",
    ("critical", {}, lambda c: c.stock(5, ends=-1)),
    ("warning", {}, lambda c: c.stock(5, ends=-1, place="DC/BAD")),
    (None, {}, lambda c: c.stock(5, ends=0)),
    (None, {}, lambda c: (c.stock(5, ends=-1), c.use(5, 100))),
)
each(
    "consigned_near_expiry",
    ("info", {}, lambda c: c.stock(500, ends=120, to_owner="consigned")),
    ("warning", {}, lambda c: c.stock(500, ends=60, to_owner="consigned")),
    (None, {}, lambda c: c.stock(500, ends=121, to_owner="consigned")),
    (None, {}, lambda c: c.stock(5, ends=120, to_owner="consigned")),
    (None, {}, lambda c: c.stock(500, ends=120)),
)
each(
    "consigned_idle",
    ("info", {"usage": 0}, lambda c: c.stock(5, days_ago=90, to_owner="consigned")),
    (None, {"usage": 0}, lambda c: c.stock(5, days_ago=89, to_owner="consigned")),
    (None, {"usage": 0}, lambda c: c.stock(5, days_ago=90)),
)


def consigned(c: Case, **ordered: Any) -> None:
    c.stock(50, to_owner="consigned")
    c.use(4, 2, from_owner="consigned", to_owner="consigned")
    if ordered:
        c.order(**({"quantity": 4, "ordered_on": TODAY - DAY} | ordered))


each(
    "consigned_not_replaced",
    ("info", {}, consigned),
    ("info", {}, lambda c: consigned(c, quantity=3)),
    ("info", {}, lambda c: consigned(c, ordered_on=TODAY - 3 * DAY)),
    (None, {}, lambda c: consigned(c, quantity=4)),
    (None, {}, lambda c: (c.stock(50), c.use(4, 2))),
    (
        None,
        {},
        lambda c: (c.stock(50, to_owner="consigned"), c.use(4, 1.9, from_owner="consigned", to_owner="consigned")),
    ),
)
each(
    "usage_spike",
    ("info", {"usage": 2}, lambda c: (c.stock(500), c.use(40, 3))),
    (None, {"usage": 2}, lambda c: (c.stock(500), c.use(28, 3))),
    (None, {"usage": 2}, lambda c: (c.stock(500), c.use(40, 7.1))),
    # what varies that much is no surprise
    (None, {"usage": 2, "inputs": '{"usage_variance": 60}'}, lambda c: (c.stock(500), c.use(40, 3))),
    (None, {"usage": 0}, lambda c: (c.stock(500), c.use(1, 3))),
    ("info", {"usage": 0}, lambda c: (c.stock(500), c.use(9, 3))),
)


def received(c: Case, ends: int, demanded: int | None = 180, came: float = 10, **row: Any) -> None:
    c.company.agreement(c.item, minimum_remaining_life_days=demanded)
    c.order(20)
    c.stock(5, ends=ends, days_ago=came, order_line_key=f"line {c.item}", **row)


each(
    "short_life_at_receipt",
    ("info", {}, lambda c: received(c, 169)),
    ("warning", {}, lambda c: received(c, 100)),
    ("warning", {}, lambda c: received(c, -20)),
    (None, {}, lambda c: received(c, 170)),
    (None, {}, lambda c: received(c, 100, demanded=None)),
    (None, {}, lambda c: received(c, 100, came=31)),
)
each(
    "usage_without_lot",
    ("info", {}, lambda c: (c.stock(9), c.company.move(2, "PATIENT", "DC", item=c.item, lot=None))),
    (None, {}, lambda c: (c.stock(9), c.use(2, 1))),
)
each(
    "negative_stock",
    ("warning", {}, lambda c: (c.stock(2), c.use(3, 1))),
    (None, {}, lambda c: (c.stock(3), c.use(3, 1))),
)
each("negative_stock", ("critical", {}, lambda c: (c.stock(2), c.use(3, 1))), criticality="life_supporting")
each(
    "wrong_storage",
    ("warning", {}, lambda c: c.stock(5, place="DC/ROOM")),
    (None, {}, lambda c: c.stock(5, place="DC/FRIDGE")),
    (None, {}, lambda c: c.stock(5)),  # nobody says how warm it is
    ("warning", {}, lambda c: (c.stock(5, place="DC/ROOM"), c.company.move(5, "DC", "DC/ROOM/1", item=c.item, lot=c.item))),
    storage_min_c=2, storage_max_c=8,
)  # fmt: skip
each("wrong_storage", (None, {}, lambda c: c.stock(5, place="DC/ROOM")))


@prepared
def world(company: Company) -> None:
    """The company with places that are kept warm and cool."""
    company.location("DC/ROOM", kind="bin", parent_code="DC", temperature_min_c=15, temperature_max_c=25)
    company.location("DC/ROOM/1", kind="bin", parent_code="DC/ROOM")
    company.location("DC/BAD", kind="bin", parent_code="DC", status="blocked")
    company.location("DC/FRIDGE", kind="bin", parent_code="DC", temperature_min_c=2, temperature_max_c=8)


def test_rules_speak_where_they_should_and_not_next_to_it(world: Company) -> None:
    wanted, policies = {}, {}
    for number, (rule, level, policy, properties, setup) in enumerate(CASES):
        item = f"{rule}-{number}"
        world.item(item, **properties)
        setup(Case(world, item))
        wanted[item] = level
        policies[item] = policy
    world.post()
    plan(world.conn, NOW - HOUR, PlanSettings(), "test")  # it notes since when nothing was used
    for item, policy in policies.items():
        set_policy(world.conn, item, **policy)
    assert spoken(world) == {item: level for item, level in wanted.items() if level}


def spoken(company: Company) -> dict[str, str]:
    """The worst level by item, for items that are named after a rule that speaks of them: it may speak of several lots."""
    sweep(company)
    rows = company.conn.execute(
        "SELECT rule_id, subject ->> 'item_code', severity FROM lotwatch.alert"
        " ORDER BY array_position(ARRAY['info', 'warning', 'critical'], severity)"
    ).fetchall()
    return {item: level for rule, item, level in rows if item and item.rpartition("-")[0] == rule}


# -- rules about what has no item, or more than one ------------------------------------------------------------------


@prepared
def lot(company: Company) -> None:
    """Ten of a lot at the distribution centre for a long time."""
    company.item(unit_cost=Decimal(1000))
    company.lot()
    company.move(10, "DC", days_ago=200)
    company.post()


def rules_that_speak(company: Company) -> dict[str, str]:
    sweep(company)
    return dict(company.conn.execute("SELECT rule_id, severity FROM lotwatch.alert").fetchall())


def levels(company: Company, *rules: str) -> dict[str, str]:
    """After a sweep: level by subject, of these rules."""
    sweep(company)
    statement = "SELECT subject_key, severity FROM lotwatch.alert WHERE rule_id = ANY(%s)"
    return dict(company.conn.execute(statement, (list(rules),)).fetchall())


def hold(company: Company, hours_ago: float, cause: Any = "recall", reference: str = "R-1") -> int:
    """Hold the lot since so many hours."""
    row = company.conn.execute("SELECT item_id, lot_id FROM lotwatch.lot").fetchone()
    assert row is not None
    run = begin_run(company.conn, context(run_id=f"hold {reference}", as_of=NOW - hours_ago * HOUR))
    placed = ledger.place_hold(company.conn, ledger.Hold(cause, reference, "x", *row), run, "somebody")
    assert placed is not None
    return placed


def test_holds_that_the_warehouse_does_not_confirm(lot: Company) -> None:
    held = {
        hold(lot, hours, cause, f"{cause} {hours}"): level
        for hours, cause, level in (
            (24, "recall", "critical"), (24, "precaution", "warning"), (24, "quality", None), (23, "recall", None)
        )
    }  # fmt: skip
    wanted = {str(hold_id): level for hold_id, level in held.items() if level}
    assert levels(lot, "hold_unconfirmed") == wanted
    lot.conn.execute("UPDATE lotwatch.hold SET confirmed_at = %s", (NOW,))
    sweep(lot)
    assert lot.conn.execute("SELECT count(*) FROM lotwatch.alert WHERE state = 'open'").fetchone() == (0,)


def test_what_comes_in_after_its_recall(lot: Company) -> None:
    hold(lot, 20)
    lot.move(5, "DC/QC", "DC", days_ago=0.1)  # from one shelf to another
    lot.post()
    assert rules_that_speak(lot) == {}
    lot.move(5, "DC", days_ago=0.1)
    lot.post()
    assert rules_that_speak(lot) == {"received_after_recall": "critical"}


def test_recalled_items_that_are_on_order(lot: Company) -> None:
    lot.order_line(100, key="line-1")
    lot.post()
    assert levels(lot, "ordered_though_recalled") == {}
    hold_id = hold(lot, 1)
    hold(lot, 1, "precaution", "R-2")
    assert levels(lot, "ordered_though_recalled") == {"test:line-1": "warning"}
    facts.live(lot.conn, NOW)
    assert lot.conn.execute("SELECT recalled_by FROM lotwatch.fact_order_line").fetchall() == [("R-1",)]
    ledger.release_hold(lot.conn, hold_id, lot.context, authorities=["recall"], released_by="x", reason="x")
    facts.live(lot.conn, NOW)
    assert lot.conn.execute("SELECT recalled_by FROM lotwatch.fact_order_line").fetchall() == [(None,)]


def test_notices_that_nobody_answers(lot: Company) -> None:
    lot.add("identifier", item_code="I1", agency="GS1", code="04012345678901", package_level="unit", units_contained=1)
    lot.item(legal_manufacturer="Maker")
    lot.post()
    ours, others = ["4012345678901"], ["04000000000006"]
    cases = {
        "serious": ("I", ours, "X", "critical"),
        "of no class": (None, ours, "X", "critical"),
        "less serious": ("III", ours, "X", "warning"),
        "of its firm": ("I", others, "MAKER", "warning"),
        "of its firm, less serious": ("II", others, "MAKER", "info"),
        "of others": ("I", others, "X", None),
        "answered": ("I", ours, "X", None),
    }
    for number, (recall_class, identifiers, firm, _) in cases.items():
        lot.conn.execute(
            "WITH n AS (INSERT INTO lotwatch.notice (authority, number, source, source_key, recorded_at)"
            " VALUES ('fda', %(number)s, 'test', %(number)s, %(at)s) RETURNING notice_id)"
            " INSERT INTO lotwatch.notice_version (notice_id, source, source_key, said_at, digest, recall_class, udi_dis,"
            " firm, raw) SELECT notice_id, 'test', %(number)s, %(at)s, '', %(class)s, %(dis)s, %(firm)s, '{}' FROM n",
            {"number": number, "at": NOW - DAY, "class": recall_class, "dis": identifiers, "firm": firm},
        )
    hold(lot, 1, reference="answered")
    told = {f"fda::{n}": level for n, (*_, level) in cases.items() if level}
    assert levels(lot, "notice_unanswered") == told
    lot.conn.execute(
        "WITH c AS (INSERT INTO lotwatch.recall_case (code, kind, origin, title, issuer, action_kind, our_role, jurisdiction,"
        " opened_at, opened_by) VALUES ('RC-000009', 'recall', 'notice', 't', 'i', 'remove', 'user', 'us', %s, 'test')"
        " RETURNING case_id), n AS (INSERT INTO lotwatch.recall_case_notice SELECT notice_id, case_id FROM lotwatch.notice, c"
        " WHERE number = 'serious')"
        " INSERT INTO lotwatch.recall_match (case_id, item_id, verdict, reason, decided_by, decided_at)"
        " SELECT case_id, item_id, 'needs_review', 'unclear', 'lotwatch', %s FROM c, lotwatch.item",
        (NOW - DAY, NOW - DAY),
    )
    assert levels(lot, "notice_unanswered", "recall_review_waits") == told, "it waits for a person now"
    facts.live(lot.conn, NOW)
    (case,) = lot.conn.execute("SELECT case_code, to_review, holds FROM lotwatch.fact_notice WHERE number = 'serious'")
    assert case == ("RC-000009", 1, 0)


def test_times_outside_of_the_range(lot: Company) -> None:
    plain = {"beyond_tolerance": True, "is_over": True, "withdrawn": False, "held": True}
    cases: list[tuple[dict[str, bool], str | None]] = [
        ({}, "critical"),
        ({"beyond_tolerance": False}, None),
        ({"beyond_tolerance": False, "is_over": False}, "warning"),
        ({"withdrawn": True}, None),
        ({"held": False}, None),
    ]
    wanted = {}
    for changes, level in cases:
        row = lot.conn.execute(
            "INSERT INTO lotwatch.excursion (location_id, sensor, allowed_max_c, started_at, ended_at, is_over, coldest_c,"
            " warmest_c, beyond_tolerance, withdrawn) SELECT location_id, 'S', 8, %(start)s, %(end)s, %(is_over)s, 3, 12,"
            " %(beyond_tolerance)s, %(withdrawn)s FROM lotwatch.location WHERE code = 'DC' RETURNING code",
            plain | changes | {"start": NOW - 3 * HOUR, "end": NOW - HOUR},
        ).fetchone()
        assert row is not None
        if (plain | changes)["held"]:
            hold(lot, 1, "cold_chain", row[0])
        if level:
            wanted[row[0]] = level
    assert levels(lot, "cold_chain_excursion") == wanted


def test_differences_that_nobody_settles(lot: Company) -> None:
    plain = {"check": "stated_stock_differs", "days": 4, "value": 1, "accepted": None}
    cases: dict[str, tuple[dict[str, Any], str | None]] = {
        "plain": ({}, "info"),
        "young": ({"days": 3}, None),
        "dear": ({"value": 10_000}, "warning"),
        "dear, and less than ours": ({"value": -10_000}, "warning"),
        "accepted": ({"accepted": TODAY}, None),
        "no longer accepted": ({"accepted": TODAY - DAY}, "info"),
        "of another check": ({"check": "item_two_codes", "days": 8}, "info"),
        "of another check, young": ({"check": "item_two_codes", "days": 7}, None),
    }
    for name, (changes, _) in cases.items():
        row = plain | changes
        accepted_by = row["accepted"] and "somebody"
        lot.conn.execute(
            "INSERT INTO lotwatch.check_finding (check_id, subject_key, severity, item_id, quantity, value, evidence,"
            " first_seen, last_seen, accepted_by, accepted_at, accepted_through, accept_reason)"
            " SELECT %(check)s, %(name)s, 'warning', item_id, 3, %(value)s, '{}', %(first)s, %(now)s, %(by)s, %(at)s,"
            " %(accepted)s, %(by)s FROM lotwatch.item",
            row
            | {"name": name, "first": NOW - row["days"] * DAY, "now": NOW, "by": accepted_by}
            | {"at": row["accepted"] and NOW},
        )
    assert levels(lot, "unreconciled_stock", "difference_left_open") == {
        f"{(plain | changes)['check']}|{name}": level for name, (changes, level) in cases.items() if level
    }


def test_counts_that_wait(lot: Company) -> None:
    cases = [(3, 9, "info"), (8, 9, "warning"), (2, 9, None), (3, 10, None), (3, 0, "warning")]
    codes = [
        lot.conn.execute(
            "WITH s AS (INSERT INTO lotwatch.stocktake (source, number, kind, site_id, counted_at, recorded_at)"
            " SELECT 'test', %(number)s, 'count', location_id, %(at)s, %(at)s FROM lotwatch.location WHERE code = 'DC'"
            " RETURNING stocktake_id, site_id, code), l AS (INSERT INTO lotwatch.stocktake_line"
            " (stocktake_id, item_id, location_id, owner, status, counted, expected)"
            " SELECT stocktake_id, item_id, site_id, 'own', 'unrestricted', %(counted)s, 10 FROM s, lotwatch.item)"
            " SELECT code FROM s",
            {"number": number, "at": NOW - days * DAY, "counted": counted},
        ).fetchone()
        for number, (days, counted, _) in enumerate(cases)
    ]
    wanted = {row[0]: level for row, (*_, level) in zip(codes, cases, strict=True) if row and level}
    assert levels(lot, "undecided_count") == wanted


def test_sources_that_are_not_read_or_are_stopped(company: Company) -> None:
    cases: dict[str, tuple[tuple[float, ...], str, str | None]] = {
        "silent": ((30, 28, 26, 24), "posted", "warning"),
        "silent for days": ((80, 78, 76, 60), "posted", "critical"),
        "read often, and not for some hours": ((9, 8, 6.5, 6), "posted", None),
        "read once a day": ((90, 60, 30, 24), "posted", None),
        "new": ((24, 1), "posted", None),
        "stopped": ((9, 6, 3, 1), "stopped", "warning"),
        "stopped since yesterday": ((36, 32, 28, 25), "stopped", "critical"),
    }
    for source, (hours_ago, state, _) in cases.items():
        for number, hours in enumerate(hours_ago, start=1):
            company.conn.execute(
                "INSERT INTO lotwatch.batch (source, as_of, state) VALUES (%s, %s, %s)",
                (source, NOW - hours * HOUR, state if number == len(hours_ago) else "posted"),
            )
    told = levels(company, "batch_stopped")
    assert told == {source: level for source, (_, state, level) in cases.items() if level and state == "stopped"}
    assert levels(company, "source_silent") == {
        source: level for source, (_, state, level) in cases.items() if level and state == "posted"
    } | {"stopped since yesterday": "warning"}


def test_records_that_are_bad_or_wait_too_long(company: Company) -> None:
    company.conn.execute(
        "INSERT INTO lotwatch.batch (source, as_of, state)"
        " SELECT 'bad ' || days, %s::timestamptz - make_interval(days => days), 'posted' FROM generate_series(2, 5) AS days",
        (NOW,),
    )
    company.conn.execute(
        "INSERT INTO lotwatch.validation (batch_id, entity, source, judged_at, evaluated, checks, refereed)"
        " SELECT batch_id, 'item', source, as_of, 100 * right(source, 1)::integer, 1, false FROM lotwatch.batch"
        " WHERE source LIKE 'bad %'"
    )
    company.conn.execute(
        "INSERT INTO lotwatch.quarantine (source, entity, source_key, item_code, raw, rules, reasons, first_batch_id,"
        " last_batch_id) SELECT source, 'item', n, 'X', '{}', '{}', '{}', batch_id, batch_id FROM lotwatch.batch,"
        " generate_series(1, 8) AS n WHERE source LIKE 'bad %'"
    )
    sweep(company)
    rows = company.conn.execute(
        "SELECT rule_id, subject_key, severity FROM lotwatch.alert WHERE rule_id <> 'source_silent' ORDER BY 1, 2"
    ).fetchall()
    assert rows == [
        ("item_in_quarantine", "bad 4:item:X", "info"),
        ("item_in_quarantine", "bad 5:item:X", "info"),
        ("quarantined_share", "bad 2", "info"),  # 8 of 200
        ("quarantined_share", "bad 3", "info"),  # 8 of 300; of 400 and more it is not above a fiftieth
    ]


def test_duties_of_recalls_that_are_nearly_or_past_due(lot: Company) -> None:
    cases: dict[str, tuple[str, str | None, float, float, bool, str | None]] = {
        "RC-young": ("recall", "I", 7.4, 2.6, False, None),
        "RC-three quarters gone": ("recall", "II", 7.5, 2.5, False, "warning"),
        "RC-the same of class I": ("recall", "I", 7.5, 2.5, False, "critical"),
        "RC-the same of no class": ("recall", None, 7.5, 2.5, False, "critical"),
        "RC-past due": ("recall", "III", 10, -0.1, False, "critical"),
        "RC-met": ("recall", "I", 10, -1, True, None),
        "RD-drill": ("drill", "I", 10, -1, False, "info"),
    }
    for name, (kind, recall_class, since, left, met, _) in cases.items():
        lot.conn.execute(
            "WITH made AS (INSERT INTO lotwatch.recall_case (code, kind, origin, title, issuer, action_kind, our_role,"
            " recall_class, jurisdiction, opened_at, opened_by) VALUES (%(name)s, %(kind)s, 'notice', 't', 'A', 'remove',"
            " 'user', %(class)s, 'us', %(since)s, 'qa') RETURNING case_id)"
            " INSERT INTO lotwatch.recall_clock (case_id, duty_id, starts_at, due_at, met_at, met_by, evidence)"
            " SELECT case_id, 'user_stops_use', %(since)s, %(due)s, %(met)s, %(by)s, %(by)s FROM made",
            {"name": name, "kind": kind, "class": recall_class, "since": NOW - since * HOUR, "due": NOW + left * HOUR}
            | {"met": NOW - HOUR if met else None, "by": "qa" if met else None},
        )  # fmt: skip
    told = {f"{name}:user_stops_use": level for name, (*_, level) in cases.items() if level}
    assert levels(lot, "recall_clock_due") == told


def test_every_rule_that_is_shipped_is_tried_by_name() -> None:
    tried = "\n".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))
    assert {rule.id for rule in load_rules() if not re.search(rf"\b{rule.id}\b", tried)} == set()


def test_sets_with_parts_missing(lot: Company) -> None:
    cases = {"ready": (1, "warning"), "processing": (1, "info"), "in_use": (1, None), "returned": (1, None)}
    for state, (missing, _) in cases.items():
        lot.add(
            "kit", code=state, name="Set", owner="own", location_code="DC", state=state, item_code="I1",
            expected_quantity=2, missing_quantity=missing,
        )  # fmt: skip
    lot.post()
    assert levels(lot, "kit_incomplete") == {state: level for state, (_, level) in cases.items() if level}


# -- what the facts behind them say ----------------------------------------------------------------------------------


def ending(company: Company) -> dict[str, tuple[Any, ...]]:
    """(deadline, day, what helps, where to, at risk) by lot."""
    facts.live(company.conn, NOW)
    rows = company.conn.execute(
        "SELECT lot_number, deadline, deadline_on, disposition, transfer_to, quantity_at_risk FROM lotwatch.fact_ending_lot"
    ).fetchall()
    company.conn.commit()
    return {number: tuple(rest) for number, *rest in rows}


def test_what_still_helps_and_until_when(company: Company) -> None:
    """
    A: 100 end in 100 days, at 1 a day nothing is left
    B: 150 end in 150 days: of 250, 151 are used by then, 99 are not; the other site uses 99 in 33 days, the way takes 4
    C: 10 more end in 170 days; one of the 20 days after B takes nothing of it away: 0, since B's waste leaves 20 days for 10
    """
    company.item()
    for lot, ends, quantity in (("A", 100, 100), ("B", 150, 150), ("C", 170, 10), ("OLD", -1, 3)):
        company.lot(lot, expires=TODAY + ends * DAY)
        company.move(quantity, "DC", lot=lot, days_ago=200)
    company.add(
        "lane",
        from_site_code="DC",
        to_site_code="HOSP",
        permitted=True,
        transit_days_p50=2,
        transit_days_p95=Decimal("3.5"),
    )
    company.post()
    set_policy(company.conn, "I1")
    assert ending(company) == {
        "A": ("last_day", TODAY + 100 * DAY, "use_first", None, 0),
        "B": ("last_day", TODAY + 150 * DAY, "use_first", None, 99),
        "C": ("last_day", TODAY + 170 * DAY, "use_first", None, 0),
        "OLD": (None, None, "scrap", None, 3),
    }
    set_policy(company.conn, "I1", "HOSP", usage=3)
    assert ending(company)["B"] == ("transfer", TODAY + (150 - 4 - 33) * DAY, "redistribute", "HOSP", 99)
    company.agreement(return_window_days=210)
    company.post()
    assert ending(company)["B"] == ("return", TODAY + 10 * DAY, "return_to_supplier", "HOSP", 99)
    sweep(company)
    told = "SELECT evidence FROM lotwatch.alert WHERE rule_id = %s AND subject ->> 'lot_number' = %s"
    (near,) = company.conn.execute(told, ("near_expiry", "B")).fetchone() or ({},)
    assert near.items() >= {"disposition": "return_to_supplier", "transfer_to": "HOSP", "quantity_at_risk": 99}.items()
    assert near["deadline_on"] == f"{TODAY + 10 * DAY}", "the advice speaks of the deadline, and the alert says which"
    (old,) = company.conn.execute(told, ("expired_on_shelf", "OLD")).fetchone() or ({},)
    assert old == {
        "expired": True, "held": False, "blocked": False, "physical": 3, "usable_through": f"{TODAY - DAY}",
        "disposition": "scrap",
    }  # fmt: skip


_items = count()
EXAMPLES = settings(
    deadline=None,
    database=None,
    print_blob=True,
    max_examples=examples(20),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FOREVER = 10**6
quantities = st.integers(1, 60)
usages = st.decimals("0.05", 9, places=2)


def shelf(company: Company, lots: dict[int, int], usage: Decimal) -> str:
    """A new item with lots that end in so many days."""
    item = f"F{next(_items)}"
    company.item(item)
    for day, quantity in lots.items():
        company.lot(f"ends {day}", item=item, expires=TODAY + day * DAY)
        company.move(quantity, "DC", item=item, lot=f"ends {day}", days_ago=200)
    return item


@EXAMPLES
@given(lots=st.dictionaries(st.integers(-3, 179), quantities, min_size=1, max_size=6), usage=usages)
def test_what_is_at_risk_of_each_lot_is_what_a_simulation_wastes_of_it(
    company: Company, lots: dict[int, int], usage: Decimal
) -> None:
    item = shelf(company, lots, usage)
    company.post()
    set_policy(company.conn, item, usage=usage)
    facts.live(company.conn, NOW)
    rows = company.conn.execute(
        "SELECT days_to_expiry, quantity_at_risk FROM lotwatch.fact_ending_lot WHERE item_code = %s", (item,)
    ).fetchall()
    company.conn.commit()
    # whole units: what is wasted by a day, less what was wasted by the days before
    waste, wasted, whole = Fraction(0), {day: quantity for day, quantity in lots.items() if day < 0}, 0
    left = {day: Fraction(quantity) for day, quantity in lots.items() if day >= 0}
    for today in range(180):
        wish = Fraction(usage)
        for day in sorted(left):
            taken = min(wish, left[day])
            left[day] -= taken
            wish -= taken
        if today in left:
            waste += left.pop(today)
            wasted[today] = int(waste) - whole
            whole = int(waste)
    assert dict(rows) == wasted


@EXAMPLES
@given(
    lots=st.dictionaries(st.sampled_from([*range(-3, 90), 700]), quantities, max_size=5),
    orders=st.dictionaries(st.integers(-9, 60), quantities, max_size=4),
    usage=usages,
)
def test_the_day_of_a_stockout_is_that_of_a_simulation(
    company: Company, lots: dict[int, int], orders: dict[int, int], usage: Decimal
) -> None:
    item = shelf(company, lots, usage)
    for day, quantity in orders.items():
        company.order_line(quantity, item=item, key=f"{item} {day}", promised_on=TODAY + day * DAY)
    company.post()
    set_policy(company.conn, item, usage=usage)
    facts.live(company.conn, NOW)
    row = company.conn.execute(
        "SELECT days_to_stockout, days_to_arrival FROM lotwatch.fact_item_site WHERE item_code = %s", (item,)
    ).fetchone()
    company.conn.commit()
    # what arrives keeps; it is used after what ends
    left = {day: Fraction(quantity) for day, quantity in lots.items() if day >= 0}
    for today in count():
        left[FOREVER] = left.get(FOREVER, Fraction(0)) + orders.get(today, 0)
        wish = Fraction(usage)
        for day in sorted(left):
            taken = min(wish, left[day])
            left[day] -= taken
            wish -= taken
        if wish:
            break
        left.pop(today, None)
    assert row == (today, min((day for day in orders if day >= 0), default=None))
