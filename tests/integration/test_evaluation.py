"""What is evaluated after a change is what a sweep over everything would find, and an alert lives as long as its problem."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import sql
from psycopg.rows import dict_row

from lotwatch import facts, ledger, rules
from lotwatch.audit import RunContext, begin_run
from lotwatch.delivery.people import load_people
from lotwatch.jobs import watch
from lotwatch.jobs.tell import tell_alerts
from lotwatch.rules.tables import Rule
from tests.examples import examples
from tests.integration.company import NOW, TODAY, Company, context
from tests.worlds import prepared

DAY = timedelta(days=1)
_serial = count()


# -- what may happen -------------------------------------------------------------------------------------------------

places = st.sampled_from(("DC", "DC/QC", "HOSP", "HOSP/OR", "SUPPLIER", "PATIENT"))
sites = st.sampled_from(("DC", "HOSP"))
lots = st.sampled_from(("L1", "L2"))
things = st.sampled_from(("L1", "L2", "N1", "N2", None))
keys = st.sampled_from(("k1", "k2"))
few = st.integers(1, 9)
days = st.integers(-20, 70)

steps = st.one_of(
    st.tuples(st.just("move"), things, places, places, few, st.one_of(st.none(), keys)),
    st.tuples(st.just("order"), keys, sites, few, days, st.sampled_from(("open", "done", "cancelled"))),
    st.tuples(st.just("delivery"), keys, sites, few, days, st.sampled_from(("shipped", "delivered"))),
    st.tuples(st.just("demand"), keys, sites, few, days, st.sampled_from(("open", "done"))),
    st.tuples(st.just("allocation"), keys, sites, few, lots),
    st.tuples(st.just("inspection"), keys, lots, st.sampled_from(("pending", "passed", "failed"))),
    st.tuples(st.just("hold"), st.one_of(st.none(), lots), st.one_of(st.none(), sites)),
    st.tuples(st.just("release")),
    st.tuples(st.just("policy"), sites, st.integers(0, 30)),
    st.tuples(st.just("label"), lots, days),
    st.tuples(st.just("item"), st.sampled_from(("life_supporting", "standard")), st.booleans()),
    st.tuples(st.just("quarantine"), st.booleans()),
    st.tuples(st.just("time"), st.integers(1, 40)),
)


class History:
    """Things that happen to two items of a company: one by lots, one whose units are numbered."""

    def __init__(self, company: Company) -> None:
        self.company, self.conn, self.as_of = company, company.conn, NOW
        self.run = next(_serial)
        self.by_lot, self.by_unit = f"L{self.run}", f"N{self.run}"
        self._item("standard", active=True)
        company.item(self.by_unit, label_lot=False, label_serial=True)
        for lot in ("L1", "L2"):
            company.lot(lot, self.by_lot, TODAY + 50 * DAY)
        for unit in ("N1", "N2"):
            company.add("lot", item_code=self.by_unit, serial_number=unit, usable_through=TODAY + 50 * DAY)
        company.post()

    def happen(self, step: tuple[Any, ...]) -> None:
        getattr(self, f"_{step[0]}")(*step[1:])
        self.company.post()

    @property
    def context(self) -> RunContext:
        return replace(self.company.context, as_of=self.as_of)

    def _key(self, key: str | None) -> str | None:
        return key and f"{self.run}{key}"

    def _move(self, thing: str | None, origin: str, to: str, quantity: int, order: str | None) -> None:
        if origin == to:
            return
        numbered = thing in ("N1", "N2")
        self.company.move(
            1 if numbered else quantity, to, origin, item=self.by_unit if numbered else self.by_lot,
            lot=None if numbered else thing, serial_number=thing if numbered else None, order_line_key=None if numbered else self._key(order),
        )  # fmt: skip

    def _order(self, key: str, site: str, quantity: int, promised: int, state: str) -> None:
        self.company.order_line(
            quantity, self.by_lot, self._key(key), site_code=site, order_state=state, promised_on=TODAY + promised * DAY
        )

    def _delivery(self, key: str, site: str, quantity: int, expected: int, state: str) -> None:
        row = {"delivery_key": self._key(key), "to_location": site, "state": state, "shipped_at": NOW - 2 * DAY}
        row |= {"expected_at": NOW + expected * DAY, "delivered_at": NOW if state == "delivered" else None}
        row |= {"order_line_key": self._key(key)}
        self.company.add("delivery_line", self._key(key), item_code=self.by_lot, quantity=quantity, **row)

    def _demand(self, key: str, site: str, quantity: int, need: int, state: str) -> None:
        row = {"order_key": self._key(key), "order_kind": "department", "site_code": site, "priority": "routine"}
        row |= {"ordered_at": NOW - 2 * DAY, "state": state, "closed_at": NOW if state == "done" else None}
        row |= {"need_by": TODAY + need * DAY}
        self.company.add("demand_line", self._key(key), item_code=self.by_lot, quantity=quantity, **row)

    def _allocation(self, key: str, site: str, quantity: int, lot: str) -> None:
        row = {"demand_line_key": self._key(key), "location_code": site, "allocated_at": NOW - DAY}
        self.company.add("allocation", self._key(key), item_code=self.by_lot, lot_number=lot, quantity=quantity, **row)

    def _inspection(self, key: str, lot: str, state: str) -> None:
        row = {"opened_at": NOW - 10 * DAY, "closed_at": None if state == "pending" else NOW, "due_on": TODAY + 3 * DAY}
        self.company.add(
            "inspection",
            self._key(key),
            number=self._key(key),
            item_code=self.by_lot,
            lot_number=lot,
            state=state,
            **row,
        )

    def _hold(self, lot: str | None, place: str | None) -> None:
        item_id = None if place else self._one("SELECT item_id FROM lotwatch.item WHERE code = %s", self.by_lot)
        lot_id = (
            lot
            and not place
            and self._one("SELECT lot_id FROM lotwatch.lot WHERE item_id = %s AND number = %s", item_id, lot)
        )
        location_id = place and self._one("SELECT location_id FROM lotwatch.location WHERE code = %s", place)
        ledger.place_hold(
            self.conn,
            ledger.Hold(
                "data", str(self.run), "a doubt", item_id=item_id, lot_id=lot_id or None, location_id=location_id
            ),
            self.context,
            "test",
        )

    def _release(self) -> None:
        open_holds = self.conn.execute("SELECT hold_id FROM lotwatch.hold WHERE released_at IS NULL").fetchall()
        for (hold_id,) in open_holds:
            ledger.release_hold(
                self.conn, hold_id, self.context, authorities=["data", "quality"], released_by="test", reason="over"
            )

    def _policy(self, site: str, level: int) -> None:
        self.conn.execute(
            "INSERT INTO lotwatch.policy (item_id, site_id, valid_from, recorded_at, average_daily_usage, lead_time_days,"
            " safety_stock, reorder_point, target_level, max_level, method, inputs, reason, set_by)"
            " SELECT item_id, location_id, %(as_of)s, clock_timestamp(), %(level)s / 10.0, 10, %(level)s / 2, %(level)s,"
            " %(level)s * 2, %(level)s * 3, 'test', '{}', 'test', 'test' FROM lotwatch.item, lotwatch.location"
            " WHERE item.code = %(item)s AND location.code = %(site)s",
            {"as_of": self.as_of, "level": level, "item": self.by_lot, "site": site},
        )

    def _label(self, lot: str, expires: int) -> None:
        self.company.lot(lot, self.by_lot, TODAY + expires * DAY)

    def _item(self, criticality: str, active: bool) -> None:
        self.company.item(self.by_lot, criticality=criticality, active=active)

    def _quarantine(self, opened: bool) -> None:
        self.conn.execute("UPDATE lotwatch.quarantine SET state = 'discarded' WHERE item_code = %s", (self.by_lot,))
        if opened:
            quarantine(self.conn, self.by_lot)

    def _time(self, passed: int) -> None:
        self.as_of += passed * DAY

    def _one(self, statement: str, *parameters: Any) -> Any:
        row = self.conn.execute(statement, parameters).fetchone()
        assert row is not None
        return row[0]


def quarantine(conn: psycopg.Connection, item: str) -> None:
    conn.execute(
        "INSERT INTO lotwatch.quarantine (source, entity, source_key, item_code, raw, rules, reasons, first_batch_id,"
        " last_batch_id) SELECT 'test', 'movement', gen_random_uuid()::text, %s, '{}', '{MOV001}', '{bad}', min(batch_id),"
        " min(batch_id) FROM lotwatch.batch",
        (item,),
    )


# -- what is so --------------------------------------------------------------------------------------------------------

Rows = dict[str, dict[str, dict[str, Any]]]


def read(conn: psycopg.Connection, schema: str) -> Rows:
    """All rows of all fact views of a schema, by view and subject."""
    found: Rows = {}
    with conn.cursor(row_factory=dict_row) as cursor:
        for view in facts.columns(conn):
            statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, view))
            found[view] = {row["subject_key"]: row for row in cursor.execute(statement)}
    return found


def brought_up_to_date(conn: psycopg.Connection, before: Rows, changed: Rows) -> Rows:
    """What was so, with what `lotwatch_changed` says of what changed."""
    items = {item for (item,) in conn.execute("SELECT item_id FROM lotwatch.changed_item")}
    pairs = set(conn.execute("SELECT item_id, site_id FROM lotwatch.changed_item_site").fetchall())
    by_site = {
        view
        for (view,) in conn.execute(
            "SELECT viewname FROM pg_views WHERE schemaname = 'lotwatch_changed' AND definition LIKE '%changed_item_site%'"
        )
    }

    def is_read_again(view: str, row: dict[str, Any]) -> bool:
        item = row.get("item_id")
        if item is None:
            return True
        return (item, row["site_id"]) in pairs if view in by_site else item in items

    return {
        view: {key: row for key, row in before[view].items() if not is_read_again(view, row)} | rows
        for view, rows in changed.items()
    }


def differences(one: Rows, other: Rows) -> list[tuple[Any, ...]]:
    """(view, subject, column, in one, in the other) wherever they differ."""
    return [
        (view, key, column, mine.get(column), theirs.get(column))
        for view in one.keys() | other.keys()
        for key in one[view].keys() | other[view].keys()
        for mine, theirs in [(one[view].get(key, {}), other[view].get(key, {}))]
        for column in mine.keys() | theirs.keys()
        if mine.get(column) != theirs.get(column)
    ]


def alerts(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT rule_id, subject_key, state, severity, evidence, recurrences FROM lotwatch.alert ORDER BY 1, 2"
    ).fetchall()


@contextmanager
def in_thought(conn: psycopg.Connection) -> Iterator[None]:
    """What is done in it has not happened."""
    with conn.transaction(force_rollback=True):
        yield


def test_what_is_evaluated_after_a_change_is_what_a_sweep_would_find(company: Company) -> None:
    tables = rules.load_rules()

    @settings(
        deadline=None, database=None, max_examples=examples(4), phases=[Phase.generate],
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(st.lists(steps, min_size=4, max_size=10))
    def holds(happened: Sequence[tuple[Any, ...]]) -> None:
        history = History(company)
        rules.evaluate_live(company.conn, tables, history.context)
        company.conn.commit()
        for step in happened:
            with in_thought(company.conn):
                facts.live(company.conn, history.as_of)
                before = read(company.conn, "lotwatch")
            history.happen(step)
            if step[0] == "time":
                rules.evaluate_live(company.conn, tables, history.context)
            else:
                with in_thought(company.conn), ledger.changed_items(company.conn) as changes:
                    facts.live(company.conn, history.as_of)
                    now = read(company.conn, "lotwatch")
                    assert differences(read(company.conn, "lotwatch_now"), now) == []
                    assert not any(now[f"fact_{subject}"] for subject in facts.absent(company.conn, "lotwatch_now"))
                    if not changes.anything:
                        changed = read(company.conn, "lotwatch_changed")
                        assert differences(brought_up_to_date(company.conn, before, changed), now) == [], step
                        absent = facts.absent(company.conn, "lotwatch_changed")
                        assert not any(changed[f"fact_{subject}"] for subject in absent), step
                rules.evaluate_changed(company.conn, tables, history.context)
            company.conn.commit()
            with in_thought(company.conn):
                kept = alerts(company.conn)
                done = rules.evaluate_live(company.conn, tables, history.context)
                assert alerts(company.conn) == kept, step
                assert (done.opened, done.reopened, done.total.worsened, done.resolved) == (0, 0, 0, 0)

    holds()


# -- the queue -----------------------------------------------------------------------------------------------------------


@prepared
def stocked(company: Company) -> None:
    """Ten of a lot that ends in 30 days at each of two sites: two alerts."""
    company.item()
    company.lot(expires=TODAY + 30 * DAY)
    for site in ("DC", "HOSP"):
        company.move(10, site)
    company.post()
    rules.evaluate_live(company.conn, rules.load_rules(), company.context)
    company.conn.commit()


def states(conn: psycopg.Connection) -> dict[str, str]:
    return dict(conn.execute("SELECT rule_id || ' ' || subject_key, state FROM lotwatch.alert").fetchall())


def test_only_what_changed_is_looked_at(stocked: Company) -> None:
    stocked.conn.execute("UPDATE lotwatch.alert SET evidence = '{}'")
    stocked.move(10, "PATIENT", "DC")
    stocked.post()
    done = rules.evaluate_changed(stocked.conn, rules.load_rules(), stocked.context)
    assert (done.swept, done.item_sites, done.resolved) == (False, 1, 1)
    untouched = stocked.conn.execute("SELECT subject_key FROM lotwatch.alert WHERE evidence = '{}'").fetchall()
    assert ("I1/L1@HOSP",) in untouched
    assert states(stocked.conn) == {"near_expiry I1/L1@DC": "resolved", "near_expiry I1/L1@HOSP": "open"}


def test_what_commits_while_an_evaluation_runs_is_left_to_the_next(stocked: Company, db_url: str) -> None:
    with psycopg.connect(db_url) as other:
        company = Company.__new__(Company)
        company.__dict__.update(stocked.__dict__, conn=other)
        company.move(10, "PATIENT", "HOSP")
        batch_id = company.stage()
        ledger.post_events(other, batch_id)  # not committed yet
        assert rules.evaluate_changed(stocked.conn, rules.load_rules(), stocked.context).item_sites == 0
        stocked.conn.commit()
        other.commit()
    assert rules.evaluate_changed(stocked.conn, rules.load_rules(), stocked.context).resolved == 1


def test_evaluations_wait_for_one_another(stocked: Company, db_url: str) -> None:
    with psycopg.connect(db_url) as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(hashtextextended('lotwatch.evaluation', 0))")
        stocked.conn.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            rules.evaluate_changed(stocked.conn, rules.load_rules(), stocked.context)


def test_after_an_outage_nothing_is_missed_and_nothing_told_twice(stocked: Company) -> None:
    """The nights of a week are not made up one by one: the first run sees all that came of them."""
    tell_alerts(stocked.conn, stocked.context, load_people())
    week_later = begin_run(
        stocked.conn,
        context(run_id="after", as_of=NOW + 31 * DAY, run_type="asset_triggered", dag_id="watch_inventory"),
    )
    counts = watch.evaluate(stocked.conn, week_later)
    assert (counts["swept"], counts["opened"], counts["resolved"]) == (1, 2, 2)
    assert sum(each.get("opened", 0) for each in counts["rules"].values()) == 2
    assert counts["rules"]["expired_on_shelf"]["fired"] == 2
    assert tell_alerts(stocked.conn, week_later, load_people())["told"] == 2
    again = watch.evaluate(stocked.conn, week_later)
    assert (again["swept"], again["opened"], again["resolved"]) == (0, 0, 0)
    assert tell_alerts(stocked.conn, week_later, load_people())["told"] == 0


def test_a_rule_that_changed_is_evaluated_on_everything(stocked: Company) -> None:
    tables = rules.load_rules()
    assert not rules.is_sweep_due(stocked.conn, tables, NOW + timedelta(minutes=59))
    assert rules.is_sweep_due(stocked.conn, tables, NOW + timedelta(minutes=61))
    changed = [rule.model_copy(update={"notify": ("ops",)}) if rule.id == "overstock" else rule for rule in tables]
    assert rules.is_sweep_due(stocked.conn, changed, NOW)


# -- the life of an alert -------------------------------------------------------------------------------------------------


def short_of(**changes: Any) -> list[Rule]:
    plain = {
        "id": "few", "title": {"en": "Few", "zh": "少"}, "subject": "item_site", "when": "available < 5",
        "severity": [{"when": "available < 2", "level": "critical"}, {"level": "warning"}],
    }  # fmt: skip
    return [Rule.model_validate(plain | changes)]


def level(company: Company, now: int) -> None:
    """That many are left at DC."""
    company.move(
        abs(now - company.position("DC")), *(("DC", "SUPPLIER") if now > company.position("DC") else ("PATIENT", "DC"))
    )
    company.post()


def one(company: Company, columns: str) -> tuple[Any, ...]:
    statement = sql.SQL("SELECT {} FROM lotwatch.alert WHERE rule_id = 'few' AND subject_key = 'I1@DC'")
    row = company.conn.execute(
        statement.format(sql.SQL(", ").join(map(sql.Identifier, columns.split(", "))))
    ).fetchone()
    assert row is not None
    return row


def acknowledge(company: Company) -> None:
    rules.take_untold(company.conn, NOW)
    company.conn.execute(
        "UPDATE lotwatch.alert SET state = 'acknowledged', acknowledged_at = now(), acknowledged_by = 'a'"
    )


def test_what_gets_worse_is_open_and_told_again_once(stocked: Company) -> None:
    tables = short_of()
    level(stocked, 4)
    rules.evaluate_changed(stocked.conn, tables, stocked.context)
    acknowledge(stocked)
    level(stocked, 3)
    rules.evaluate_changed(stocked.conn, tables, stocked.context)
    assert one(stocked, "state, severity, acknowledged_by") == ("acknowledged", "warning", "a")
    level(stocked, 1)
    assert rules.evaluate_changed(stocked.conn, tables, stocked.context).total.worsened == 1
    assert one(stocked, "state, severity, acknowledged_by") == ("open", "critical", None)
    assert [alert.severity for alert in rules.take_untold(stocked.conn, NOW)] == ["critical"]
    for left in (4, 1):  # up and down again: known
        level(stocked, left)
        rules.evaluate_changed(stocked.conn, tables, stocked.context)
    assert one(stocked, "state, severity, recurrences") == ("open", "critical", 0)
    assert rules.take_untold(stocked.conn, NOW) == []


def test_what_comes_again_is_a_recurrence_that_nobody_has_acknowledged(stocked: Company) -> None:
    tables = short_of()
    rules.take_untold(stocked.conn, NOW)
    level(stocked, 4)
    rules.evaluate_changed(stocked.conn, tables, stocked.context, baseline=["few"])
    assert rules.take_untold(stocked.conn, NOW) == []  # it was so when the rule went live
    acknowledge(stocked)
    for left in (9, 4):
        level(stocked, left)
        rules.evaluate_changed(stocked.conn, tables, stocked.context)
    assert one(stocked, "state, recurrences, acknowledged_by, baseline") == ("open", 1, None, False)
    assert [alert.recurrences for alert in rules.take_untold(stocked.conn, NOW)] == [1]


def test_what_is_in_quarantine_neither_fires_nor_ends(stocked: Company) -> None:
    tables = short_of()
    level(stocked, 4)
    rules.evaluate_changed(stocked.conn, tables, stocked.context)
    rules.take_untold(stocked.conn, NOW)
    quarantine(stocked.conn, "I1")
    level(stocked, 9)
    done = rules.evaluate_changed(stocked.conn, tables, stocked.context)
    assert done.resolved == 0
    assert one(stocked, "state") == ("suppressed",)
    stocked.conn.execute("UPDATE lotwatch.quarantine SET state = 'discarded'")
    assert rules.evaluate_changed(stocked.conn, tables, stocked.context).resolved == 1
    assert one(stocked, "state, recurrences") == ("resolved", 0)


def test_an_alert_that_goes_on_as_it_was_is_not_written(stocked: Company) -> None:
    statement = "SELECT xmin, ctid FROM lotwatch.alert ORDER BY alert_id"
    before = stocked.conn.execute(statement).fetchall()
    assert rules.evaluate_live(stocked.conn, rules.load_rules(), stocked.context).continued == 2
    assert stocked.conn.execute(statement).fetchall() == before


def test_a_flood_of_findings_stays_in_the_database(stocked: Company) -> None:
    """As many as a wrong rule finds: opened, audited and resolved, and Python sees no more than counts."""
    many = 20_000
    stocked.conn.execute(
        "WITH made AS (INSERT INTO lotwatch.lot (item_id, number, usable_through)"
        " SELECT item_id, 'F' || n, %s FROM lotwatch.item, generate_series(1, %s) AS n RETURNING item_id, lot_id)"
        " INSERT INTO lotwatch.position SELECT item_id, location_id, lot_id, 0, 'own', 'unrestricted', 1"
        " FROM made, lotwatch.location WHERE location.code = 'DC'",
        (TODAY - DAY, many),
    )
    done = rules.evaluate_live(stocked.conn, rules.load_rules(), stocked.context)
    assert done.opened == many
    audited = stocked.conn.execute("SELECT count(*) FROM lotwatch.audit_event WHERE action = 'alert opened'").fetchone()
    assert audited == (many + 2,)
    stocked.conn.execute("UPDATE lotwatch.position SET quantity = 0 WHERE quantity = 1")
    assert rules.evaluate_live(stocked.conn, rules.load_rules(), stocked.context).resolved == many
