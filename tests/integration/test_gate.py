"""Good rows flow on, bad ones wait with their reasons, and a broken check is never taken for bad data."""

import csv
import gzip
import json
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import biip
import psycopg
import pytest
from biip.gtin import Gtin
from psycopg import sql
from psycopg.types.json import Jsonb

from lotwatch.audit import RunContext
from lotwatch.errors import GateError
from lotwatch.gate import GateReport, Selection, Threshold, matching, quarantine_unmapped, replay, run_gate
from lotwatch.gate.judge import EntityVerdict, Judge, RuleVerdict, referee_counts
from lotwatch.gate.split import split
from lotwatch.gate.staging import staged_columns
from lotwatch.gate.suites import ENTITIES, load_suites
from lotwatch.master.udi import hibc
from lotwatch.sources.connector import Problem, Record
from tests.integration.gate_cases import AS_OF, BREAKS, GOOD, NEAR, UNIQUE
from tests.worlds import prepared

SUITES = Path(__file__).parents[2] / "expectations"
EVERYTHING = dict.fromkeys(ENTITIES, Threshold(share=1.0))
_number = count(1)


@prepared
def world(db: psycopg.Connection) -> None:
    """Some master data: two suppliers' worth, a site with a ward, items of three kinds of label, one lot, one serial."""
    db.execute(
        "INSERT INTO lotwatch.supplier (code, name) VALUES ('ACME', 'Acme'), ('S2', 'B'), ('S3', 'C'), ('S4', 'D'),"
        " ('S5', 'E'), ('S6', 'F'), ('S7', 'G'), ('S8', 'H'), ('S9', 'I')"
    )
    db.execute(
        "INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit) VALUES"
        " ('PLAIN', 'Gauze', false, false, false, 'piece'), ('LABELLED', 'Stent', true, false, true, 'piece'),"
        " ('SERIAL', 'Pump', false, true, false, 'piece')"
    )
    db.execute(
        "INSERT INTO lotwatch.item_identifier (agency, code, item_id)"
        " SELECT 'GS1', '04012345678901', item_id FROM lotwatch.item WHERE code = 'PLAIN'"
    )
    db.execute(
        "INSERT INTO lotwatch.item_identifier (agency, code, item_id, units_contained, valid_from)"
        " SELECT 'NATIONAL', 'YOUNG', item_id, 10, '2027-01-01' FROM lotwatch.item WHERE code = 'PLAIN'"
    )
    db.execute(
        "INSERT INTO lotwatch.item_unit (item_id, unit, factor)"
        " SELECT item_id, 'pack', 5 FROM lotwatch.item WHERE code = 'PLAIN'"
    )
    db.execute(
        "INSERT INTO lotwatch.cross_reference (system, kind, their_code, our_code)"
        " VALUES ('ERP', 'item', 'KNOWN', 'SERIAL'), ('wms', 'item', 'KNOWN', 'SERIAL')"
    )
    db.execute(
        "INSERT INTO lotwatch.movement_source (source, source_event_id, movement_id, reverses_id)"
        " VALUES ('wms', 'mistake', -2, NULL), ('wms', 'correction', -1, -2)"
    )
    db.execute(
        "INSERT INTO lotwatch.location (code, name, kind) SELECT 'SITE' || n, 'Hospital', 'site' FROM generate_series(2, 9) AS n"
    )
    db.execute(
        "INSERT INTO lotwatch.location (code, name, kind) VALUES ('PACK', 'Repack', 'transformation'),"
        " ('LABEL', 'Relabel', 'transformation')"
    )
    db.execute("INSERT INTO lotwatch.location (code, name, kind) VALUES ('SITE', 'Hospital', 'site')")
    db.execute(
        "INSERT INTO lotwatch.location (code, name, kind, parent_id, site_id)"
        " SELECT 'WARD', 'Ward', 'department', location_id, location_id FROM lotwatch.location WHERE code = 'SITE'"
    )
    db.execute(
        "INSERT INTO lotwatch.lot (item_id, number, usable_through, sterile_until)"
        " SELECT item_id, unnest(ARRAY['LOT1', 'LOT2', 'LOT3', 'LOT4', 'LOT6']), '2026-12-31', '2027-12-31'"
        " FROM lotwatch.item WHERE code = 'LABELLED'"
    )
    db.execute(
        "INSERT INTO lotwatch.serial_unit (item_id, number, lot_id, usable_through)"
        " SELECT item.item_id, unit.number, lot.lot_id, unit.usable_through::date FROM lotwatch.item"
        " CROSS JOIN (VALUES ('SN1', NULL, NULL), ('SN2', 'LOT2', NULL), ('SN4', 'LOT2', NULL), ('SN3', NULL, '2026-12-31'))"
        " AS unit (number, lot_number, usable_through)"
        " LEFT JOIN lotwatch.lot ON lot.item_id = item.item_id AND lot.number = unit.lot_number"
        " WHERE item.code = 'LABELLED'"
    )
    _papers(db)
    db.commit()


def _papers(db: psycopg.Connection) -> None:
    """Somebody's registration and licence that lapsed, two legal entities, an order of a hundred, lots with their age."""
    db.execute(
        "INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit)"
        " VALUES ('LAPSED', 'Valve', false, false, false, 'piece')"
    )
    db.execute(
        "INSERT INTO lotwatch.credential (kind, number, item_id, valid_from, valid_through)"
        " SELECT 'registration', 'R9', item_id, '2020-07-01', '2025-06-30' FROM lotwatch.item WHERE code = 'LAPSED'"
    )
    db.execute(
        "INSERT INTO lotwatch.credential (kind, number, supplier_id, valid_through)"
        " SELECT 'licence', 'L9', supplier_id, '2025-12-31' FROM lotwatch.supplier WHERE code = 'S9'"
    )
    db.execute(
        "INSERT INTO lotwatch.legal_entity (code, name, country) VALUES ('ONE', 'One', 'CN'), ('TWO', 'Two', 'CN')"
    )
    db.execute(
        "UPDATE lotwatch.location AS place SET legal_entity_id = entity.legal_entity_id FROM lotwatch.legal_entity AS entity"
        " WHERE (place.code, entity.code) IN (('SITE3', 'ONE'), ('SITE4', 'TWO'))"
    )
    db.execute(
        "INSERT INTO lotwatch.location (code, name, kind, parent_id, site_id)"
        " SELECT 'WARD4', 'Ward', 'department', location_id, location_id FROM lotwatch.location WHERE code = 'SITE4'"
    )
    db.execute("INSERT INTO lotwatch.location (code, name, kind) VALUES ('VENDOR', 'Maker', 'supplier')")
    db.execute(
        "INSERT INTO lotwatch.lot (item_id, number, manufactured_on) SELECT item_id, number, made::date"
        " FROM (VALUES ('LAPSED', 'MADE IN TIME', '2025-01-01'), ('LABELLED', 'LOT5', '2026-03-15')) AS lot (code, number, made)"
        " JOIN lotwatch.item USING (code)"
    )
    db.execute(
        "INSERT INTO lotwatch.purchase_order_line (source, source_key, state, supplier_id, site_id, item_id, quantity,"
        " unit_price, currency) SELECT 'erp', 'hundred', 'open', supplier_id, location_id, item_id, 100, 1, 'CNY'"
        " FROM lotwatch.supplier, lotwatch.location, lotwatch.item"
        " WHERE (supplier.code, location.code, item.code) = ('ACME', 'SITE', 'PLAIN')"
    )


@pytest.fixture
def gate(world: psycopg.Connection, tmp_path: Path) -> Callable[..., GateReport]:
    """The gate over given batches, as the scheduled run calls it unless told otherwise."""

    def call(*batch_ids: int, **options: Any) -> GateReport:
        options = {"suites": SUITES, "docs": tmp_path / "docs", "as_of": AS_OF, "referee": False, **options}
        return run_gate(world, batch_ids, **options)

    return call


def batch(conn: psycopg.Connection, source: str = "wms") -> int:
    """A new, empty batch."""
    row = conn.execute(
        "INSERT INTO lotwatch.batch (source, as_of) VALUES (%s, %s) RETURNING batch_id", (source, AS_OF)
    ).fetchone()
    conn.commit()
    assert row is not None
    return int(row[0])


def stage(conn: psycopg.Connection, batch_id: int, entity: str, key: str, **differing: Any) -> None:
    """Stage the entity's good row, differing as said."""
    row = GOOD[entity] | ({UNIQUE[entity]: f"{entity}{next(_number)}"} if entity in UNIQUE else {})
    if entity == "item":
        row |= {"udi_di": f"H{next(_number):06}", "name": f"Stent {next(_number)}"}
    row |= differing
    statement = sql.SQL("INSERT INTO stage.{} (batch_id, source_key, raw, {}) VALUES (%s, %s, %s, {})").format(
        sql.Identifier(entity),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join([sql.Placeholder()] * len(row)),
    )
    conn.execute(statement, (batch_id, key, Jsonb({"read": key}), *row.values()))
    conn.commit()


def verdicts(conn: psycopg.Connection, batch_id: int, entity: str) -> dict[str, tuple[list[str], list[str]]]:
    """Errors and warnings of the rows still staged, by key."""
    statement = sql.SQL("SELECT source_key, errors, warnings FROM stage.{} WHERE batch_id = %s")
    rows = conn.execute(statement.format(sql.Identifier(entity)), (batch_id,)).fetchall()
    conn.commit()
    return {key: (errors, warnings) for key, errors, warnings in rows}


def quarantined(conn: psycopg.Connection, state: str = "open") -> dict[str, list[str]]:
    """Rules of the rows in quarantine, by key."""
    rows = conn.execute("SELECT source_key, rules FROM lotwatch.quarantine WHERE state = %s", (state,)).fetchall()
    conn.commit()
    return dict(rows)


def state_of(conn: psycopg.Connection, batch_id: int) -> tuple[str, str | None, Mapping[str, Any]]:
    row = conn.execute("SELECT state, error, counts FROM lotwatch.batch WHERE batch_id = %s", (batch_id,)).fetchone()
    conn.commit()
    assert row is not None
    return row[0], row[1], row[2]


def test_each_rule_refuses_what_it_should_and_nothing_else_and_great_expectations_agrees(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    suites = load_suites(SUITES, staged_columns(world))
    critical = {check.rule: check.critical for suite in suites.values() for check in suite.checks}
    assert BREAKS.keys() == critical.keys()
    batch_id = batch(world)
    for entity in ENTITIES:
        stage(world, batch_id, entity, f"good {entity}")
    stage(world, batch_id, "item", "item that waits", udi_di="H-WAITS")
    stage(world, batch_id, "location", "location that waits", code="NEW PACK", kind="transformation")
    for prefix, cases in (("", BREAKS), ("near ", NEAR)):
        for rule, (entity, rows) in cases.items():
            for place, differing in enumerate(rows):
                stage(world, batch_id, entity, f"{prefix}{rule} {place}", **differing)

    report = gate(batch_id, thresholds=EVERYTHING, referee=True)

    assert report.stopped == ()
    refused = quarantined(world)
    passed = {key: found for entity in ENTITIES for key, found in verdicts(world, batch_id, entity).items()}
    broken = {f"{rule} {place}": rule for rule, (_, rows) in BREAKS.items() for place in range(len(rows))}
    assert refused == {key: [rule] for key, rule in broken.items() if critical[rule]}
    warned: dict[str, tuple[list[str], list[str]]] = {
        key: ([], [rule]) for key, rule in broken.items() if not critical[rule]
    }
    assert passed == {key: warned.get(key, ([], [])) for key in passed}
    assert warned.keys() <= passed.keys()


@pytest.mark.parametrize(
    ("told", "stated", "rules"),
    [
        ({"usable_through": date(2027, 6, 1)}, None, (["LOT018"], [])),
        ({"usable_through": date(2027, 6, 1)}, {"usable_through": "2027-01-01", "corrected": True}, ([], [])),
        ({"usable_through": date(2028, 6, 1), "sterile_until": date(2028, 6, 1)}, None, ([], ["LOT014"])),
        ({"usable_through": date(2026, 11, 30)}, None, ([], ["LOT011"])),
        ({"usable_through": None}, None, ([], ["LOT009"])),
    ],
    ids=["later", "later and seen by a person", "sterilised again", "earlier", "not said"],
)
def test_of_two_expiry_dates_of_a_lot_the_earlier_one_counts_until_somebody_has_looked(
    world: psycopg.Connection,
    gate: Callable[..., GateReport],
    told: dict[str, Any],
    stated: dict[str, Any] | None,
    rules: tuple[list[str], list[str]],
) -> None:
    """Whichever system is read first: believed, the later one would make expired stock usable."""
    batch_id = batch(world)
    stage(world, batch_id, "lot", "l1", lot_number="LOT1", **told, stated=Jsonb(stated) if stated else None)
    split(world, load_suites(SUITES, staged_columns(world))["lot"], batch_id)
    assert verdicts(world, batch_id, "lot") == {"l1": rules}


def test_a_report_tells_numbers_and_examples_with_the_row_s_own_values_in_both_languages(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    batch_id = batch(world)
    for number in range(7):
        stage(world, batch_id, "movement", f"bad {number}", quantity=-number, document="100%")
    stage(world, batch_id, "movement", "warned", lot_number=None)
    stage(world, batch_id, "movement", "good")
    report = gate(batch_id)

    expected = {"read": 9, "passed": 2, "quarantined": 7, "warned": 1, "new": 7, "retried": 0}
    assert report.counts == {"movement": expected}
    assert state_of(world, batch_id) == ("judged", None, {"movement": expected})
    by_rule = {outcome.rule: outcome for outcome in report.rules}
    assert by_rule["MOV005"].failing == 7
    assert len(by_rule["MOV005"].examples) == 5
    assert by_rule["MOV005"].examples[1].reason.en == "Quantity -1 of item LABELLED is not above 0"
    assert by_rule["MOV005"].examples[1].reason.zh == "物料 LABELLED 的数量 -1 不大于 0"
    assert by_rule["MOV011"].severity == "warning"
    row = world.execute(
        "SELECT reasons, item_code, raw, record ->> 'document' FROM lotwatch.quarantine WHERE source_key = 'bad 1'"
    ).fetchone()
    assert row == (["Quantity -1 of item LABELLED is not above 0"], "LABELLED", {"read": "bad 1"}, "100%")


def test_a_bad_row_that_is_read_again_stays_one_row_and_is_not_told_again(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    for expected in (1, 0, 0):
        batch_id = batch(world)
        stage(world, batch_id, "movement", "bad", quantity=0)
        assert gate(batch_id).newly_quarantined == expected
    row = world.execute("SELECT count(*), min(first_batch_id) < min(last_batch_id) FROM lotwatch.quarantine").fetchone()
    assert row == (1, True)


def test_a_record_read_twice_in_one_batch_counts_once_as_it_was_read_last(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    batch_id = batch(world)
    stage(world, batch_id, "item", "same", code="A", name=None)
    stage(world, batch_id, "item", "same", code="A", name="Stent")
    assert gate(batch_id).counts["item"]["read"] == 1
    assert verdicts(world, batch_id, "item") == {"same": ([], [])}


def test_a_record_corrected_at_its_source_is_released(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    first, second = batch(world), batch(world)
    stage(world, first, "movement", "m1", quantity=0)
    stage(world, second, "movement", "m1")
    gate(first)
    assert quarantined(world) == {"m1": ["MOV005"]}
    gate(second)
    assert quarantined(world) == {}
    assert quarantined(world, "released") == {"m1": ["MOV005"]}


def test_what_waits_for_a_reference_is_tried_again_by_itself_when_it_comes(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    first, still, then = batch(world), batch(world), batch(world)
    stage(world, first, "movement", "early", lot_number="LOT7", quantity=4)
    stage(world, first, "movement", "early and bad", lot_number="LOT7", quantity=0)
    gate(first)
    assert gate(still).counts["movement"] == {
        "read": 1,
        "passed": 0,
        "quarantined": 1,
        "warned": 0,
        "new": 0,
        "retried": 1,
    }
    stage(world, then, "lot", "lot", lot_number="LOT7")
    report = gate(then)
    assert report.counts["movement"]["passed"] == 1
    assert verdicts(world, then, "movement") == {"early": ([], [])}
    assert quarantined(world) == {"early and bad": ["MOV005", "REF008"]}
    row = world.execute("SELECT raw, quantity, occurred_at FROM stage.movement").fetchone()
    assert row == ({"read": "early"}, 4, GOOD["movement"]["occurred_at"])


def test_what_the_source_sent_anew_is_not_replaced_by_what_waited(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    first, second = batch(world), batch(world)
    stage(world, first, "movement", "m1", lot_number="LOT7", quantity=4)
    gate(first)
    stage(world, second, "movement", "m1", lot_number="LOT1", quantity=5)
    gate(second)
    assert world.execute("SELECT quantity FROM stage.movement").fetchall() == [(5,)]
    assert quarantined(world) == {}


def test_a_good_row_of_another_source_s_waiting_batch_is_known(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    """Sources are pulled at their own times: the ERP's item may wait to be posted when the WMS moves it."""
    erp, wms = batch(world, "erp"), batch(world, "wms")
    stage(world, erp, "item", "good", code="NEW", label_lot=False, label_expiry=False)
    stage(world, erp, "item", "bad", code="NEWER", name=None)
    stage(world, wms, "movement", "known", item_code="NEW", lot_number=None)
    stage(world, wms, "movement", "unknown", item_code="NEWER", lot_number=None)
    gate(erp)
    gate(wms, referee=True)
    assert quarantined(world) == {"bad": ["ITM004"], "unknown": ["REF005"]}


def test_a_bad_location_takes_its_branch_with_it_and_a_good_tree_comes_in_any_order(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    batch_id = batch(world)
    tree = {"leaf": "twig", "twig": "branch", "branch": "SITE", "rotten leaf": "rotten", "rotten": "SITE"}
    for code, parent in tree.items():
        stage(world, batch_id, "location", code, code=code, parent_code=parent)
    world.execute("UPDATE stage.location SET kind = 'cupboard' WHERE code = 'rotten'")
    world.commit()
    assert gate(batch_id, referee=True).stopped == ()
    assert verdicts(world, batch_id, "location").keys() == {"leaf", "twig", "branch"}
    assert quarantined(world) == {"rotten": ["LOC006"], "rotten leaf": ["REF001"]}


def test_locations_that_name_each_other_as_parents_are_refused(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    """Whoever walks up such a tree never arrives."""
    batch_id = batch(world)
    stage(world, batch_id, "location", "egg", code="egg", parent_code="hen")
    stage(world, batch_id, "location", "hen", code="hen", parent_code="egg")
    gate(batch_id, referee=True)
    assert quarantined(world) == {"egg": ["LOC015", "REF001"], "hen": ["LOC015", "REF001"]}


def test_records_that_could_not_be_mapped_are_kept_with_their_reasons_until_they_can_be(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    first, second = batch(world), batch(world)
    record = Record(
        "m1", {"qty": "many"}, {"item_code": "PLAIN"}, (Problem("qty", "not a number"), Problem("uom", "unknown"))
    )
    for batch_id in (first, first):
        with world.transaction():
            quarantine_unmapped(world, batch_id, "wms", "movement", [record])
    report = gate(first)
    assert report.newly_quarantined == 1
    assert report.counts["movement"] == {
        "read": 1,
        "passed": 0,
        "quarantined": 1,
        "warned": 0,
        "new": 1,
        "retried": 0,
    }
    assert [(rule.rule, rule.examples[0].reason.en) for rule in report.rules] == [
        ("MAP", "qty: not a number; uom: unknown")
    ]
    row = world.execute("SELECT rules, reasons, item_code, record FROM lotwatch.quarantine").fetchall()
    assert row == [(["MAP"], ["qty: not a number", "uom: unknown"], "PLAIN", None)]
    stage(world, second, "movement", "m1")
    gate(second)
    assert quarantined(world) == {}


def _broken_suites(folder: Path, query: str) -> Path:
    """The suites with one more rule about movements, which cannot be evaluated."""
    suites = shutil.copytree(SUITES, folder / "expectations")
    path = suites / "movement.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["expectations"].append({
        "type": "unexpected_rows_expectation",
        "kwargs": {"unexpected_rows_query": query},
        "meta": {"rule": "MOV099", "reason": {"en": "Odd", "zh": "异常"}},
        "severity": "critical",
    })
    path.write_text(json.dumps(content), encoding="utf-8")
    return suites


@pytest.mark.parametrize("referee", [True, False])
def test_a_broken_check_stops_the_batch_and_is_not_taken_for_bad_data(
    world: psycopg.Connection, gate: Callable[..., GateReport], tmp_path: Path, referee: bool
) -> None:
    suites = _broken_suites(tmp_path, "SELECT record_no FROM {batch} WHERE 1 / (quantity - quantity) > 0")
    broken, sound = batch(world), batch(world)
    stage(world, broken, "movement", "good")
    stage(world, broken, "movement", "bad", quantity=0)
    stage(world, sound, "supplier", "good")

    report = gate(broken, sound, suites=suites, referee=referee)

    assert [outcome.state for outcome in report.batches] == ["stopped", "judged"]
    state, error, _ = state_of(world, broken)
    assert state == "stopped"
    assert error is not None
    assert "division by zero" in error
    assert "movement.json" in error
    assert "MOV099" in error
    assert ("MOV005" in error) is False
    assert quarantined(world) == {}


def test_both_judges_see_one_moment_whatever_is_posted_meanwhile(
    world: psycopg.Connection, db_url: str, tmp_path: Path
) -> None:
    """Otherwise they would disagree whenever another source's item becomes known between the two."""
    suite = load_suites(SUITES, staged_columns(world))["movement"]
    batch_id = batch(world)
    stage(world, batch_id, "movement", "early", item_code="LATE", lot_number=None)
    with Judge(world, tmp_path, batch_id, AS_OF) as judge, world.transaction():
        world.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        counts = split(world, suite, batch_id)
        with psycopg.connect(db_url) as other:
            other.execute(
                "INSERT INTO lotwatch.item (code, name, label_lot, label_serial, label_expiry, base_unit)"
                " VALUES ('LATE', 'Late', false, false, false, 'piece')"
            )
        assert counts == {"REF005": 1}
        assert judge.verdict(world, suite).rules["REF005"] == RuleVerdict("REF005", 1, 1)


def test_the_judge_never_reads_the_batch_into_memory(
    world: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch may have a million rows; Great Expectations would read them all to learn the names of their columns."""
    suite = load_suites(SUITES, staged_columns(world))["supplier"]
    batch_id = batch(world)
    for number in range(50):
        stage(world, batch_id, "supplier", f"s{number}")
    most = 0
    execute = psycopg.Cursor.execute

    def watched(cursor: psycopg.Cursor, *arguments: Any, **options: Any) -> psycopg.Cursor:
        nonlocal most
        done = execute(cursor, *arguments, **options)
        if "stage" in str(arguments[0]):
            most = max(most, cursor.rowcount)
        return done

    monkeypatch.setattr(psycopg.Cursor, "execute", watched)
    with Judge(world, tmp_path, batch_id, AS_OF) as judge, world.transaction():
        world.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        verdict = judge.verdict(world, suite)
    assert verdict.rules["SUP004"] == RuleVerdict("SUP004", 50, 0)
    assert 0 < most < 50


def test_judges_that_disagree_are_both_distrusted(world: psycopg.Connection) -> None:
    suite = load_suites(SUITES, staged_columns(world))["movement"]
    rules = {check.rule: RuleVerdict(check.rule, 10, 2) for check in suite.checks}
    counts = dict.fromkeys(rules, 2)
    verdict = EntityVerdict("movement", rules, Path("page.html"))
    referee_counts(suite, verdict, counts)
    with pytest.raises(GateError, match=r"disagree about movement \(MOV005: 3 against 2; REF005: 0 against 2"):
        referee_counts(suite, verdict, {rule: n for rule, n in counts.items() if rule != "REF005"} | {"MOV005": 3})


def test_a_batch_with_too_many_newly_bad_rows_is_stopped_and_moves_nothing(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    batch_id = batch(world)
    for number in range(20):
        stage(world, batch_id, "movement", f"bad {number}", quantity=0)
    for number in range(70):
        stage(world, batch_id, "movement", f"good {number}")

    report = gate(batch_id)

    assert report.newly_quarantined == 0
    assert [outcome.batch_id for outcome in report.stopped] == [batch_id]
    state, error, counts = state_of(world, batch_id)
    assert state == "stopped"
    assert error is not None
    assert "20 of 90" in error
    assert "20%" in error
    assert counts["movement"]["quarantined"] == 20
    assert quarantined(world) == {}
    assert len(verdicts(world, batch_id, "movement")) == 90


@pytest.mark.parametrize(("bad", "good"), [(20, 80), (19, 0)])
def test_a_batch_at_its_threshold_flows_on(
    world: psycopg.Connection, gate: Callable[..., GateReport], bad: int, good: int
) -> None:
    batch_id = batch(world)
    for number in range(bad):
        stage(world, batch_id, "movement", f"bad {number}", quantity=0)
    for number in range(good):
        stage(world, batch_id, "movement", f"good {number}")
    assert gate(batch_id).newly_quarantined == bad


def test_rows_that_were_bad_before_do_not_stop_a_batch(
    world: psycopg.Connection, gate: Callable[..., GateReport]
) -> None:
    """Otherwise a source with a few dozen known bad records would stand still at every quiet hour."""
    first, second = batch(world), batch(world)
    for batch_id in (first, second):
        for number in range(25):
            stage(world, batch_id, "movement", f"bad {number}", quantity=0)
    gate(first, thresholds=EVERYTHING)
    assert gate(second).stopped == ()


def test_a_gate_that_was_killed_is_run_again_and_does_nothing_twice(
    world: psycopg.Connection, gate: Callable[..., GateReport], monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier, batch_id = batch(world), batch(world)
    stage(world, earlier, "movement", "waiting", lot_number="LOT7")
    gate(earlier)
    stage(world, batch_id, "movement", "bad", quantity=0)
    stage(world, batch_id, "movement", "good")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killing:
        killing.setattr("lotwatch.gate.gate._conclude", die)
        with pytest.raises(KeyboardInterrupt):
            gate(batch_id)
    assert state_of(world, batch_id)[0] == "staged"
    assert quarantined(world) == {"waiting": ["REF008"]}

    report = gate(batch_id)

    assert report.counts["movement"] == {
        "read": 3,
        "passed": 1,
        "quarantined": 2,
        "warned": 0,
        "new": 1,
        "retried": 1,
    }
    assert gate(batch_id).batches == ()


def test_batches_of_two_sources_are_refused(world: psycopg.Connection, gate: Callable[..., GateReport]) -> None:
    with pytest.raises(GateError, match="batches of one source"):
        gate(batch(world, "erp"), batch(world, "wms"))


@pytest.fixture
def person() -> RunContext:
    return RunContext("replay", "manual__1", "manual", "replay", -1, 1, None, AS_OF, "li.wei")


def test_a_replay_with_a_correction_passes_and_leaves_a_trace(
    world: psycopg.Connection, gate: Callable[..., GateReport], person: RunContext
) -> None:
    first = batch(world)
    stage(world, first, "purchase_line", "p1", quantity=0, unit_price=12.3456)
    gate(first)
    ((quarantine_id,),) = world.execute("SELECT quarantine_id FROM lotwatch.quarantine").fetchall()

    (again,) = replay(world, person, reason="Read it off the order", ids=[quarantine_id], corrections={"quantity": 40})

    assert quarantined(world) == {"p1": ["PUR007"]}
    gate(again)
    assert quarantined(world) == {}
    price = world.execute("SELECT quantity, unit_price::text, ordered_on FROM stage.purchase_line").fetchone()
    assert price == (40, "12.3456", date(2026, 3, 1))
    audit = world.execute(
        "SELECT actor, action, object_id, before ->> 'quantity', after ->> 'quantity', reason FROM lotwatch.audit_event"
    ).fetchall()
    assert audit == [("li.wei", "replay", str(quarantine_id), "0", "40", "Read it off the order")]


def test_a_replay_makes_one_batch_for_each_source(
    world: psycopg.Connection, gate: Callable[..., GateReport], person: RunContext
) -> None:
    for source in ("erp", "wms"):
        batch_id = batch(world, source)
        stage(world, batch_id, "supplier", "s1", name=None)
        stage(world, batch_id, "movement", "m1", quantity=0)
        gate(batch_id)
    found = matching(world, Selection(entity="movement"))
    batch_ids = replay(world, person, reason="again", ids=[each for ids in found.values() for each in ids])
    assert len(batch_ids) == 2
    assert [gate(batch_id).counts["movement"]["quarantined"] for batch_id in batch_ids] == [1, 1]
    assert len(world.execute("SELECT FROM lotwatch.quarantine").fetchall()) == 4


@pytest.mark.parametrize(
    ("ids", "corrections", "says"),
    [
        ([4711], {}, r"\[4711\] cannot be replayed"),
        ([], {}, "nothing to replay"),
        (None, {"quantitty": 1}, "did you mean quantity"),
        (None, {"quantity": "many"}, "does not fit"),
        (None, {"occurred_at": "2026-02-30"}, "does not fit"),
    ],
)
def test_a_replay_that_makes_no_sense_is_refused_in_words(
    world: psycopg.Connection,
    gate: Callable[..., GateReport],
    person: RunContext,
    ids: list[int] | None,
    corrections: dict[str, Any],
    says: str,
) -> None:
    batch_id = batch(world)
    stage(world, batch_id, "movement", "m1", quantity=0)
    gate(batch_id)
    chosen = matching(world, Selection(source="wms"))["wms"] if ids is None else ids
    with pytest.raises(GateError, match=says):
        replay(world, person, reason="again", ids=chosen, corrections=corrections)


def test_the_validation_pages_are_kept_and_tell_nothing_of_the_connection(
    world: psycopg.Connection, gate: Callable[..., GateReport], tmp_path: Path
) -> None:
    first, second = batch(world), batch(world)
    pages = []
    for batch_id in (first, second):
        stage(world, batch_id, "supplier", "bad", email="secretive")
        stage(world, batch_id, "location", "good")
        pages += [entity.page for entity in gate(batch_id, referee=True).batches[0].entities]
    assert len(set(pages)) == 4
    for page in pages:
        assert page is not None
        assert page.is_file()
        assert page.is_relative_to(tmp_path / "docs" / "wms" / "2026-03-10")
    password = world.info.password
    assert password
    for file in (tmp_path / "docs").rglob("*"):
        if file.suffix in {".html", ".json"}:
            assert password not in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("length", [8, 12, 13, 14])
def test_the_check_digit_in_sql_is_that_of_the_standard(db: psycopg.Connection, length: int) -> None:
    for number in range(0, 10**7, 1_234_567):
        for digit in "0123456789":
            code = f"{number:0{length - 1}}{digit}"
            row = db.execute("SELECT lotwatch.gs1_check_digit_holds(%s)", (code,)).fetchone()
            assert row == (_holds(code),), code


def _holds(code: str) -> bool:
    try:
        Gtin.parse(code)
    except biip.ParseError:
        return False
    return True


def test_the_check_character_in_sql_is_that_of_the_label_s_reader(db: psycopg.Connection) -> None:
    for product in ("BJC5D6E7", "1", "99999999999999999", "0A0B0C"):
        message = f"+A123{product}1"
        for last in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%":
            code = message + last
            row = db.execute(
                "SELECT lotwatch.hibcc_check_character_holds(%s), lotwatch.identifier_key(%s)", (code, code)
            ).fetchone()
            holds = last == hibc.check_character(message)
            assert row == (holds, message[1:] if holds else code[1:].lstrip("+")), code


@pytest.mark.realdata
def test_real_device_identifiers_have_few_wrong_check_digits(db: psycopg.Connection, realdata: Path) -> None:
    with gzip.open(realdata / "gudid_devices_25k.csv.gz", "rt", encoding="utf-8") as file:
        codes = [row["primary_di"] for row in csv.DictReader(file) if row["agency"] == "GS1"]
    rows = db.execute(
        "SELECT u.code FROM unnest(%s::text[]) AS u (code) WHERE NOT lotwatch.gs1_check_digit_holds(u.code)", (codes,)
    ).fetchall()
    assert {code for (code,) in rows} == {code for code in codes if not _holds(code)}
    assert 0 < len(rows) < 10
