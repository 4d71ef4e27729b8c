"""Master data is complete, read again without effect, and everything is brought into our codes and base units once."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from lotwatch.gate import replay, run_gate
from lotwatch.gate.staging import staged_columns
from lotwatch.paths import EXPECTATIONS
from lotwatch.sources.resolve import CODES
from tests.integration.company import NOW, TODAY, Company, context
from tests.worlds import prepared

CASE_DI, UNIT_DI = "10841470103931", "00841470103934"
BREAKS = [{"quantity": 1, "price": 10}, {"quantity": 100, "price": 8.5}]


@prepared
def stocked(company: Company) -> None:
    """The company with an item that it receives, in pieces, in boxes of 10 and in cases with an identifier of their own."""
    company.item("I1", udi_di=UNIT_DI)
    company.lot("L1")
    company.post()
    company.add("item_unit", item_code="I1", unit="box", factor=10)
    company.add("identifier", item_code="I1", code=CASE_DI, package_level="case", units_contained=10)
    assert company.sync().newly_quarantined == 0


def rows(conn: psycopg.Connection, statement: str) -> list[tuple[Any, ...]]:
    return conn.execute(statement.encode()).fetchall()


def quarantined(conn: psycopg.Connection) -> dict[str, list[str]]:
    return dict(rows(conn, "SELECT source_key, rules FROM lotwatch.quarantine WHERE state = 'open'"))


def add_master_data(company: Company) -> None:
    """A record of every new entity, and every new column of the others."""
    company.add("cross_reference", "x", system="wms", kind="item", their_code="4711", our_code="I1")
    company.add("legal_entity", "le", code="ACME", name="Acme AG", country="CH", roles=["maker", "importer"])
    company.location(
        "DC", kind="site", region="NORTH", supplied_by="supplier", legal_entity_code="ACME", latitude=47.37,
        longitude=8.54,
    )  # fmt: skip
    company.location(
        "DC/A1", kind="bin", parent_code="DC", x_m=12.5, y_m=3, aisle="A", pick_sequence=7, temperature_min_c=2,
        temperature_max_c=8,
    )  # fmt: skip
    company.location("PACK", kind="transformation")
    company.add(
        "lane", "lane", from_site_code="DC", to_site_code="HOSP", permitted=True, cost=80, currency="CHF",
        transit_days_p50=1, transit_days_p95=2.5, departs_on=[1, 3, 5], temperature_min_c=2, temperature_max_c=8,
    )  # fmt: skip
    company.item("I1", registration_number="R1", registration_from=TODAY, registration_through=date(2030, 1, 1))
    company.add("item_unit", "u", item_code="I1", unit="box", factor=10)
    company.item("I2")
    company.add(
        "substitute", "s", item_code="I1", substitute_code="I2", region="NORTH", approved_by="Dr Wu", valid_from=TODAY
    )
    company.add(
        "identifier", "di", item_code="I1", agency="GS1", code=CASE_DI, package_level="case", units_contained=10,
        valid_from=TODAY,
    )  # fmt: skip
    company.agreement(
        price_ceiling=Decimal(12), price_breaks=Jsonb(BREAKS), minimum_remaining_life_days=180,
        return_window_days=30, bill_only=True,
    )  # fmt: skip
    company.add(
        "credential", "c1", kind="licence", number="L-1", legal_entity_code="ACME", valid_through=date(2030, 1, 1)
    )
    company.add("credential", "c2", kind="authorisation", number="L-1", supplier_code="S1", valid_through=TODAY)
    company.lot("L1", sterile_until=TODAY + timedelta(days=100), udi="(01)00841470103934(10)L1")
    company.lot("L1", serial_number="SN1", sterile_until=TODAY + timedelta(days=90))
    plain = {"code": "SET1", "name": "Hip set", "owner": "loaned", "supplier_code": "S1", "location_code": "HOSP/OR"}
    kit = plain | {"due_back": TODAY, "state": "in_use"}
    company.add("kit", "k1", item_code="I1", lot_number="L1", expected_quantity=4, missing_quantity=1, **kit)
    company.add("kit", "k2", item_code="I1", serial_number="SN1", expected_quantity=1, **kit)


def test_every_entity_is_posted_and_reading_it_again_changes_nothing(company: Company, db: psycopg.Connection) -> None:
    add_master_data(company)
    first = company.post()
    assert {entity for entity, changed in first.items() if changed} >= {
        "cross_reference", "legal_entity", "location", "lane", "item", "item_unit", "substitute", "identifier",
        "agreement", "credential", "lot", "kit",
    }  # fmt: skip
    add_master_data(company)
    assert {entity: changed for entity, changed in company.post().items() if changed} == {}

    assert rows(
        db,
        "SELECT l.latitude, l.longitude, e.code, e.roles FROM lotwatch.location AS l"
        " JOIN lotwatch.legal_entity AS e USING (legal_entity_id)",
    ) == [(Decimal("47.37000"), Decimal("8.54000"), "ACME", ["maker", "importer"])]
    assert rows(
        db, "SELECT x_m, aisle, pick_sequence, temperature_max_c FROM lotwatch.location WHERE code = 'DC/A1'"
    ) == [(Decimal("12.50"), "A", 7, Decimal("8.0"))]
    assert rows(db, "SELECT permitted, transit_days_p95, departs_on FROM lotwatch.lane") == [
        (True, Decimal("2.50"), [1, 3, 5])
    ]
    assert rows(
        db,
        "SELECT price_ceiling, price_breaks, minimum_remaining_life_days, return_window_days, bill_only"
        " FROM lotwatch.supplier_agreement",
    ) == [(Decimal(12), BREAKS, 180, 30, True)]
    assert rows(
        db,
        "SELECT c.kind, c.valid_from, i.code, s.code, e.code FROM lotwatch.credential AS c LEFT JOIN lotwatch.item AS i"
        " USING (item_id) LEFT JOIN lotwatch.supplier AS s USING (supplier_id)"
        " LEFT JOIN lotwatch.legal_entity AS e USING (legal_entity_id) ORDER BY c.kind",
    ) == [
        ("authorisation", None, None, "S1", None),
        ("licence", None, None, None, "ACME"),
        ("registration", TODAY, "I1", None, None),
    ]
    assert rows(
        db,
        "SELECT k.owner, k.due_back, c.lot_id > 0, c.serial_id > 0, c.expected_quantity, c.missing_quantity"
        " FROM lotwatch.kit AS k JOIN lotwatch.kit_content AS c USING (kit_id) ORDER BY c.serial_id",
    ) == [("loaned", TODAY, True, False, 4, 1), ("loaned", TODAY, True, True, 1, 0)]


def test_what_a_unit_s_record_says_is_not_its_lot_s_but_where_nothing_is_known_of_that(company: Company) -> None:
    known, early, late = (TODAY + timedelta(days=days) for days in (100, 50, 400))
    company.item()
    company.lot("KNOWN", expires=known)
    for lot, unit, ends in (
        ("KNOWN", "U1", late),
        ("BY UNITS", "U2", late),
        ("BY UNITS", "U3", early),
        ("BY UNITS", "U4", late),
    ):
        company.add("lot", item_code="I1", lot_number=lot, serial_number=unit, usable_through=ends)
    company.post()
    company.add("lot", item_code="I1", lot_number="KNOWN", serial_number="U5", usable_through=late)
    company.post()
    assert dict(rows(company.conn, "SELECT number, usable_through FROM lotwatch.lot")) == {
        "KNOWN": known,
        "BY UNITS": early,
    }
    assert dict(rows(company.conn, "SELECT number, usable_through FROM lotwatch.serial_unit")) == {
        "U1": late, "U2": late, "U3": early, "U4": late, "U5": late,
    }  # fmt: skip


def test_the_last_day_of_use_is_the_earlier_of_expiry_and_sterility(company: Company, db: psycopg.Connection) -> None:
    early, late = TODAY + timedelta(days=10), TODAY + timedelta(days=20)
    company.item()
    company.lot("STERILE", expires=late, sterile_until=early)
    company.lot("EXPIRY", expires=early, sterile_until=late)
    company.lot("ONLY STERILE", expires=None, sterile_until=early)
    company.lot("NEITHER", expires=None)
    company.post()
    assert dict(rows(db, "SELECT number, last_day FROM lotwatch.lot")) == {
        "STERILE": early, "EXPIRY": early, "ONLY STERILE": early, "NEITHER": None,
    }  # fmt: skip


def test_what_one_system_tells_of_a_place_or_an_agreement_is_not_erased_by_another_that_does_not_know_it(
    company: Company, db: psycopg.Connection
) -> None:
    add_master_data(company)
    company.post()
    company.location("DC", kind="site", region="NORTH", supplied_by="supplier")
    company.agreement(price=Decimal(11))
    company.lot("L1")
    company.post()
    assert rows(
        db,
        "SELECT l.latitude IS NOT NULL, a.price, a.price_ceiling, a.bill_only, t.sterile_until IS NOT NULL"
        " FROM lotwatch.location AS l, lotwatch.supplier_agreement AS a, lotwatch.lot AS t WHERE l.code = 'DC'",
    ) == [(True, Decimal(11), Decimal(12), True, True)]


def test_a_line_that_expects_nothing_leaves_its_kit(company: Company, db: psycopg.Connection) -> None:
    company.item()
    kit = {"code": "SET1", "name": "Hip set", "owner": "own", "state": "ready"}
    company.add("kit", item_code="I1", expected_quantity=4, **kit)
    company.post()
    company.add("kit", item_code="I1", expected_quantity=0, **kit)
    company.post()
    assert rows(db, "SELECT count(*) FROM lotwatch.kit_content") == [(0,)]


def test_the_database_refuses_a_credential_without_a_subject_and_malformed_price_breaks(
    company: Company, db: psycopg.Connection
) -> None:
    company.item()
    company.agreement()
    company.post()
    for statement in (
        "INSERT INTO lotwatch.credential (kind, number, valid_through) VALUES ('licence', 'L', '2030-01-01')",
        """UPDATE lotwatch.supplier_agreement SET price_breaks = '[{"quantity": 5, "price": 1}, {"quantity": 5, "price": 1}]'""",
    ):
        with pytest.raises(psycopg.errors.CheckViolation), db.transaction():
            db.execute(statement.encode())


# Packs, identifiers and other systems' codes


def test_receiving_five_boxes_of_ten_adds_fifty(stocked: Company) -> None:
    stocked.move(5, "DC", unit="box")
    stocked.move(7, "DC", unit="u")
    stocked.sync()
    assert stocked.position("DC") == 57


def test_five_cases_read_by_their_own_identifier_are_fifty(stocked: Company) -> None:
    stocked.move(5, "DC", item=None, udi_di=CASE_DI)
    stocked.move(3, "DC", item=None, udi_di=UNIT_DI)
    stocked.sync()
    assert stocked.position("DC") == 53


def test_a_quantity_with_a_unit_is_not_multiplied_by_the_package_as_well(stocked: Company) -> None:
    stocked.move(5, "DC", item=None, udi_di=CASE_DI, unit="box")
    stocked.move(50, "DC", item=None, udi_di=CASE_DI, unit="u")
    stocked.sync()
    assert stocked.position("DC") == 100


def test_an_identifier_is_found_with_and_without_leading_zeros(stocked: Company) -> None:
    stocked.move(3, "DC", item=None, udi_di=UNIT_DI.lstrip("0"))
    stocked.sync()
    assert stocked.position("DC") == 3


def test_an_identifier_that_has_run_out_still_finds_its_item(stocked: Company) -> None:
    """Packages that were labelled before the last day keep moving under it."""
    stocked.add(
        "identifier", item_code="I1", code=CASE_DI, package_level="case", units_contained=10, valid_through="2020-01-01"
    )
    stocked.move(1, "DC", item=None, udi_di=CASE_DI)
    assert stocked.sync().newly_quarantined == 0
    assert stocked.position("DC") == 10


def test_units_and_identifiers_of_the_same_batch_are_relied_on(company: Company) -> None:
    company.item()
    company.lot()
    company.post()
    company.add("item_unit", item_code="I1", unit="box", factor=10)
    company.add("identifier", item_code="I1", code=CASE_DI, package_level="case", units_contained=10)
    company.move(1, "DC", unit="box")
    company.move(1, "DC", item=None, udi_di=CASE_DI)
    company.sync()
    assert company.position("DC") == 20


def test_a_unit_that_was_refused_is_not_relied_on(company: Company, db: psycopg.Connection) -> None:
    company.item()
    company.lot()
    company.post()
    company.add("item_unit", "bad", item_code="I1", unit="box", factor=0)
    company.move(1, "DC", unit="box", key="m1")
    company.sync()
    assert quarantined(db) == {"bad": ["UOM005"], "m1": ["REF046"]}


def test_what_waits_for_its_unit_or_its_identifier_flows_on_when_it_comes(
    company: Company, db: psycopg.Connection
) -> None:
    company.item()
    company.lot()
    company.post()
    company.move(5, "DC", unit="box", key="m1")
    company.move(5, "DC", item=None, udi_di=CASE_DI, key="m2", lot=None)
    company.sync()
    assert quarantined(db) == {"m1": ["REF046"], "m2": ["REF047"]}
    company.add("item_unit", item_code="I1", unit="box", factor=10)
    company.add("identifier", item_code="I1", code=CASE_DI, package_level="case", units_contained=20)
    company.sync()
    assert quarantined(db) == {}
    assert company.position("DC") == 150


def test_part_of_a_base_unit_is_refused(stocked: Company, db: psycopg.Connection) -> None:
    stocked.move(Decimal("0.25"), "DC", unit="box", key="part")
    stocked.move(Decimal("0.5"), "DC", unit="box", key="half")
    stocked.sync()
    assert quarantined(db) == {"part": ["MOV013"]}
    assert stocked.position("DC") == 5


def test_a_cross_reference_translates_items_places_suppliers_and_units_of_its_system_alone(
    stocked: Company, db: psycopg.Connection
) -> None:
    for kind, theirs, ours in (
        ("item", "4711", "I1"), ("location", "900", "DC"), ("supplier", "V9", "S1"), ("unit", "BX", "box"),
    ):  # fmt: skip
        stocked.add("cross_reference", system="wms", kind=kind, their_code=theirs, our_code=ours)
    stocked.sync("file")
    stocked.move(5, "900", item="4711", unit="BX")
    stocked.order_line(4, item="4711", supplier_code="V9", site_code="900")
    assert stocked.sync("wms").newly_quarantined == 0
    assert stocked.position("DC") == 50
    assert rows(db, "SELECT quantity FROM lotwatch.purchase_order_line") == [(4,)]
    stocked.move(5, "900", item="4711", key="other system's")
    stocked.sync("erp")
    assert quarantined(db) == {"other system's": ["REF005", "REF007", "REF008"]}


def test_codes_that_overlap_are_translated_once(company: Company) -> None:
    """Their 100 is our 200, and their 200 our 300: a second look must not send the first to 300."""
    for code in ("200", "300"):
        company.item(code)
        company.lot("L1", item=code)
    company.post()
    for theirs, ours in (("100", "200"), ("200", "300")):
        company.add("cross_reference", kind="item", their_code=theirs, our_code=ours)
    company.move(5, "DC", item="100")
    company.move(7, "DC", item="200")
    batch_id = company.stage(judged=False)
    company.conn.commit()
    gate(company, batch_id)
    company.conn.execute("UPDATE lotwatch.batch SET state = 'staged' WHERE batch_id = %s", (batch_id,))
    gate(company, batch_id)
    company._post(batch_id)
    assert (company.position("DC", "200"), company.position("DC", "300")) == (5, 7)


def gate(company: Company, *batch_ids: int) -> None:
    run_gate(company.conn, batch_ids, suites=EXPECTATIONS, docs=EXPECTATIONS, as_of=NOW, referee=False)
    company.conn.commit()


def test_a_batch_that_is_judged_twice_is_multiplied_once(stocked: Company, db: psycopg.Connection) -> None:
    stocked.move(5, "DC", unit="box")
    stocked.move(5, "DC", item=None, udi_di=CASE_DI)
    batch_id = stocked.stage(judged=False)
    db.commit()
    for _ in range(2):
        gate(stocked, batch_id)
        db.execute("UPDATE lotwatch.batch SET state = 'staged' WHERE batch_id = %s", (batch_id,))
        db.commit()
    assert rows(db, "SELECT quantity, unit FROM stage.movement") == [(50, None), (50, None)]


def test_a_resolved_record_that_waits_and_is_tried_again_is_multiplied_once(
    stocked: Company, db: psycopg.Connection
) -> None:
    stocked.move(5, "DC", unit="box", lot="LATE", key="m1")
    stocked.move(5, "DC", item=None, udi_di=CASE_DI, lot="LATE", key="m2")
    for _ in range(3):
        stocked.sync()
        assert quarantined(db) == {"m1": ["REF008"], "m2": ["REF008"]}
    stocked.add("lot", item_code="I1", lot_number="LATE", usable_through=TODAY)
    stocked.sync()
    assert stocked.position("DC") == 100


def test_what_was_resolved_wrongly_is_resolved_anew_once_master_data_are_corrected(
    stocked: Company, db: psycopg.Connection
) -> None:
    stocked.add("cross_reference", kind="item", their_code="4711", our_code="TYPO")
    stocked.move(5, "DC", item="4711", unit="box", key="m1")
    stocked.sync()
    assert quarantined(db) == {"m1": ["REF005", "REF008", "REF046"]}
    stocked.add("cross_reference", kind="item", their_code="4711", our_code="I1")
    stocked.add("item_unit", item_code="I1", unit="box", factor=12)
    stocked.sync()
    assert stocked.position("DC") == 60


def test_a_correction_by_a_person_is_in_our_terms_and_final(stocked: Company, db: psycopg.Connection) -> None:
    """The record shows 50 pieces of a lot that does not exist; 40 pieces of another lot is what the person says."""
    stocked.move(5, "DC", unit="box", lot="NONE", key="m1")
    stocked.sync()
    ((quarantine_id, shown),) = rows(db, "SELECT quarantine_id, record -> 'quantity' FROM lotwatch.quarantine")
    assert shown == 50
    corrections = {"quantity": 40, "lot_number": "LATE"}
    gate(stocked, *replay(db, context(), reason="counted", ids=[quarantine_id], corrections=corrections))
    assert quarantined(db) == {"m1": ["REF008"]}
    stocked.add("lot", item_code="I1", lot_number="LATE", usable_through=TODAY)
    stocked.sync()
    assert quarantined(db) == {}
    assert stocked.position("DC") == 40


def test_a_reversal_waits_for_its_event_and_is_refused_with_it(stocked: Company, db: psycopg.Connection) -> None:
    stocked.move(5, "DC", key="event")
    stocked.add("movement", "takes back", reverses_key="event", kind="reversal")
    stocked.move(0, "DC", key="bad event")
    stocked.add("movement", "takes back bad", reverses_key="bad event")
    stocked.add("movement", "early", reverses_key="later")
    stocked.sync()
    assert quarantined(db) == {"bad event": ["MOV005"], "takes back bad": ["REF045"], "early": ["REF045"]}
    assert stocked.position("DC") == 0
    stocked.move(3, "DC", key="later")
    stocked.sync()
    assert quarantined(db).keys() == {"bad event", "takes back bad"}
    assert stocked.position("DC") == 0


def test_every_entity_whose_records_name_something_can_be_resolved(db: psycopg.Connection) -> None:
    """Without the column `stated` its codes, units and identifiers would be taken as ours, silently."""
    naming = {column for columns in CODES.values() for column in columns}
    for entity, columns in staged_columns(db).items():
        if naming & set(columns) and entity != "cross_reference":
            assert "stated" in columns, entity
