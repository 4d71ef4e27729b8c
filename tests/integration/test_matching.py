"""A code that nobody knows is never guessed: it is suggested with a reason, and a person says what it is."""

import csv
import gzip
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from typer.testing import CliRunner

from lotwatch import master
from lotwatch.cli import app
from lotwatch.consistency import matching
from lotwatch.consistency.matching import THRESHOLD, Described, Known, Suggestion
from lotwatch.errors import LotwatchError
from lotwatch.master.names import maker
from tests.integration.company import Company
from tests.worlds import prepared

VALVE = "00844588018923"
CASE = "10844588018920"  # the same GTIN at another package level


def suggested(company: Company) -> list[Suggestion]:
    matching.suggest(company.conn, company.context)
    company.conn.commit()
    return matching.list_suggestions(company.conn)


def wait(
    company: Company, code: str | None, source: str = "his", raw: dict[str, Any] | None = None, **row: Any
) -> None:
    """A movement of an item under a code that nobody knows, in quarantine."""
    company.move(1, "DC", item=code, lot=None, **row)  # type: ignore[arg-type]
    entity, values = company._rows.pop()
    batch_id = company.stage(source, judged=False)
    values |= {"batch_id": batch_id, "raw": Jsonb(raw or {}), "errors": None}
    company._insert(entity, values)
    company.conn.commit()
    judge(company, batch_id)


def judge(company: Company, *batch_ids: int) -> None:
    from lotwatch.gate import run_gate
    from lotwatch.paths import EXPECTATIONS
    from tests.integration.company import NOW

    run_gate(company.conn, batch_ids, suites=EXPECTATIONS, docs=Path(), as_of=NOW, referee=False)


def open_rows(company: Company) -> int:
    row = company.conn.execute("SELECT count(*) FROM lotwatch.quarantine WHERE state = 'open'").fetchone()
    assert row is not None
    return int(row[0])


@prepared
def stocked(company: Company) -> None:
    """A stent and a Chinese infusion set; nothing is labelled with lots, so that movements need none."""
    plain = {"label_lot": False, "label_expiry": False}
    company.item("STENT-3015", name="Coronary stent Glide 3.0x15", legal_manufacturer="Acme Medical, Inc.", **plain)
    company.item("STENT-3515", name="Coronary stent Glide 3.5x15", legal_manufacturer="Acme Medical, Inc.", **plain)
    company.item(
        "SET-1",
        name="一次性使用精密过滤输液器 0.55x19",
        legal_manufacturer="山东威高集团医用高分子制品股份有限公司",
        **plain,
    )
    company.item("VALVE", name="Heart valve", udi_di=VALVE, registration_number="国械注进20163461234", **plain)
    company.post()


def test_a_code_is_suggested_by_what_its_records_say_of_it_and_waits_for_a_person(stocked: Company) -> None:
    wait(stocked, "H-77", raw={"product_name": "STENT CORONARY GLIDE 3.0X15", "manufacturer": "ACME MEDICAL INC"})
    wait(stocked, "H-77", raw={"product_name": "STENT CORONARY GLIDE 3.0X15", "manufacturer": "ACME MEDICAL INC"})
    (found,) = suggested(stocked)
    assert (found.system, found.their_code, found.our_code, found.waiting) == ("his", "H-77", "STENT-3015", 2)
    assert "same manufacturer" in found.reason["en"]
    assert "生产企业相同" in found.reason["zh"]
    assert open_rows(stocked) == 2  # nothing is matched by itself
    assert stocked.conn.execute("SELECT count(*) FROM lotwatch.cross_reference").fetchone() == (0,)


def test_chinese_names_are_compared_though_they_have_no_spaces(stocked: Company) -> None:
    wait(
        stocked,
        "H-78",
        raw={"品名": "精密过滤输液器（一次性使用）0.55x19", "生产厂家": "山东威高集团医用高分子制品有限公司"},
    )
    (found,) = suggested(stocked)
    assert found.our_code == "SET-1"


def test_a_size_that_is_not_ours_is_not_suggested(stocked: Company) -> None:
    wait(stocked, "H-79", raw={"name": "Coronary stent Glide 2.25x38", "manufacturer": "Acme Medical"})
    assert suggested(stocked) == []


def test_confirming_makes_a_cross_reference_and_what_waited_is_posted_by_the_next_sync(stocked: Company) -> None:
    wait(stocked, "H-77", raw={"product_name": "Coronary stent Glide 3.0x15", "manufacturer": "Acme Medical"})
    (found,) = suggested(stocked)
    waiting = matching.confirm(stocked.conn, stocked.context, found.suggestion_id, by="ann", note="compared the box")
    assert waiting == 1
    stocked.conn.commit()
    row = stocked.conn.execute("SELECT max(batch_id) FROM lotwatch.batch WHERE state = 'staged'").fetchone()
    assert row is not None
    judge(stocked, row[0])
    stocked._post(row[0])
    assert open_rows(stocked) == 0
    assert stocked.position("DC", "STENT-3015") == 1
    written = stocked.conn.execute(
        "SELECT actor, reason FROM lotwatch.audit_event WHERE action IN ('code matched', 'match confirmed')"
    ).fetchall()
    assert written == [("ann", "compared the box")] * 2
    with pytest.raises(LotwatchError, match="no such suggestion"):
        matching.confirm(stocked.conn, stocked.context, found.suggestion_id, by="bob")


def test_a_rejected_pair_is_not_suggested_again(stocked: Company) -> None:
    wait(stocked, "H-77", raw={"product_name": "Coronary stent Glide 3.0x15", "manufacturer": "Acme Medical"})
    (found,) = suggested(stocked)
    matching.reject(stocked.conn, stocked.context, found.suggestion_id, by="ann", note="that is the old model")
    stocked.conn.commit()
    assert suggested(stocked) == []
    (kept,) = matching.list_suggestions(stocked.conn, state="rejected")
    assert (kept.decided_by, kept.note) == ("ann", "that is the old model")


def test_a_suggestion_for_a_code_that_became_known_is_obsolete(stocked: Company) -> None:
    wait(stocked, "H-77", raw={"product_name": "Coronary stent Glide 3.0x15", "manufacturer": "Acme Medical"})
    suggested(stocked)
    stocked.add("cross_reference", system="his", kind="item", their_code="H-77", our_code="STENT-3015")
    stocked.post()
    stocked.sync("his")
    assert suggested(stocked) == []
    assert [each.state for each in matching.list_suggestions(stocked.conn, state=None)] == ["obsolete"]


def test_a_code_that_is_known_to_be_something_else_is_not_overwritten(stocked: Company) -> None:
    wait(stocked, "H-77", raw={"product_name": "Coronary stent Glide 3.0x15", "manufacturer": "Acme Medical"})
    (found,) = suggested(stocked)
    stocked.add("cross_reference", system="his", kind="item", their_code="H-77", our_code="SET-1")
    stocked.post()
    with pytest.raises(LotwatchError, match="is SET-1 already"):
        matching.confirm(stocked.conn, stocked.context, found.suggestion_id, by="ann")


def test_a_gtin_of_another_package_level_is_suggested_and_its_units_must_be_said(stocked: Company) -> None:
    wait(stocked, None, udi_di=CASE)
    (found,) = suggested(stocked)
    assert (found.kind, found.our_code, found.score, found.units_contained) == ("identifier", "VALVE", 95, None)
    with pytest.raises(LotwatchError, match="how many base units"):
        matching.confirm(stocked.conn, stocked.context, found.suggestion_id, by="ann")
    assert matching.confirm(stocked.conn, stocked.context, found.suggestion_id, by="ann", units_contained=10) == 1
    kept = stocked.conn.execute("SELECT units_contained FROM lotwatch.item_identifier WHERE code = %s", (CASE,))
    assert kept.fetchone() == (10,)


def test_a_device_record_says_which_package_an_identifier_is_and_how_many_it_has(stocked: Company) -> None:
    package = {"udi_di": "99844588018929", "contains": "844588018923", "quantity": 12, "level": "case"}
    stocked.add("device_record", udi_di="844588018923", company="Valves", packages=Jsonb([package]))
    stocked.post("gudid")
    wait(stocked, None, udi_di="99844588018929")
    (found,) = suggested(stocked)
    assert (found.our_code, found.score, found.package_level, found.units_contained) == ("VALVE", 97, "case", 12)


def test_a_code_that_is_a_device_identifier_of_ours_says_so(stocked: Company) -> None:
    wait(stocked, "844588018923")
    (found,) = suggested(stocked)
    assert (found.kind, found.our_code, found.score) == ("item", "VALVE", 99)


def test_registration_and_model_come_before_likeness(stocked: Company) -> None:
    wait(stocked, "H-9", raw={"注册证号": "国械注进20163461234", "型号": "VALVE", "品名": "瓣膜"})
    (found,) = suggested(stocked)
    assert (found.our_code, found.score) == ("VALVE", 93)


def test_an_item_without_identifier_gets_a_device_record_suggested_by_its_number(stocked: Company) -> None:
    record = {"description": "Glide stent", "label_lot": True, "packages": Jsonb([])}
    stocked.add(
        "device_record",
        udi_di="+H123A0",
        company="ACME MEDICAL INC",
        catalogue_number="STENT 3015",
        model="G1",
        **record,
    )
    stocked.add("device_record", udi_di="+H1B", company="Other", catalogue_number="STENT-3515", model="G2", **record)
    stocked.post("gudid")
    (found,) = suggested(stocked)
    assert (found.system, found.their_code, found.our_code, found.score) == ("gudid", "+H123A0", "STENT-3015", 91)
    matching.confirm(stocked.conn, stocked.context, found.suggestion_id, by="ann")
    kept = stocked.conn.execute("SELECT agency, units_contained FROM lotwatch.item_identifier WHERE code = '+H123A0'")
    assert kept.fetchone() == ("HIBCC", 1)


# -- device records fill the item master -------------------------------------------------------------------------------


@prepared
def recorded(stocked: Company) -> None:
    """A device record of the valve, with a case of ten in a pallet of four cases."""
    packages = [
        {"udi_di": "20844588018927", "contains": CASE, "quantity": 4, "level": "pallet", "ended_on": None},
        {"udi_di": CASE, "contains": VALVE, "quantity": 10, "level": "case", "ended_on": None},
        {"udi_di": "30844588018920", "contains": VALVE, "quantity": 2, "level": "inner"},  # a wrong check digit
    ]
    stocked.add(
        "device_record", udi_di=VALVE, company="Valves, Inc.", device_class="III", registration_number="R-9",
        label_lot=False, label_serial=True, label_expiry=True, packages=Jsonb(packages),
    )  # fmt: skip
    stocked.post("gudid")


def item(company: Company, code: str = "VALVE") -> tuple[Any, ...]:
    row = company.conn.execute(
        "SELECT device_class, legal_manufacturer, registration_number, label_serial FROM lotwatch.item WHERE code = %s",
        (code,),
    ).fetchone()
    assert row is not None
    return row


def test_what_the_erp_leaves_out_is_filled_and_what_it_says_is_not_overwritten(recorded: Company) -> None:
    assert master.fill_items(recorded.conn, recorded.context) == {"fields": 2, "identifiers": 2}
    assert item(recorded) == ("III", "Valves, Inc.", "国械注进20163461234", False)
    units = dict(
        recorded.conn.execute(
            "SELECT code, units_contained FROM lotwatch.item_identifier WHERE package_level <> 'unit'"
        ).fetchall()
    )
    assert units == {CASE: 10, "20844588018927": 40}
    assert master.fill_items(recorded.conn, recorded.context) == {"fields": 0, "identifiers": 0}
    told = recorded.conn.execute("SELECT object_id, after FROM lotwatch.audit_event WHERE action = 'item filled'")
    assert ("VALVE", {"device_class": "III", "from": "gudid/device_record-9"}) in [
        (code, after | {"from": "gudid/device_record-9"}) for code, after in told.fetchall()
    ]


def test_what_was_filled_outlives_the_erps_next_reading_until_the_erp_says_it_itself(recorded: Company) -> None:
    master.fill_items(recorded.conn, recorded.context)
    plain = {"label_lot": False, "label_expiry": False, "udi_di": VALVE}
    recorded.item("VALVE", name="Heart valve, renamed", **plain)
    recorded.post()
    assert item(recorded)[:2] == ("III", "Valves, Inc.")
    recorded.item("VALVE", name="Heart valve", device_class="II", **plain)
    recorded.post()
    assert item(recorded)[:2] == ("II", "Valves, Inc.")
    fills = recorded.conn.execute("SELECT field FROM lotwatch.item_fill WHERE field <> 'identifier' ORDER BY 1")
    assert fills.fetchall() == [("legal_manufacturer",)]
    assert master.fill_items(recorded.conn, recorded.context)["fields"] == 1  # registration, which it no longer says
    assert item(recorded)[0] == "II"


def test_what_was_filled_follows_its_record(recorded: Company) -> None:
    master.fill_items(recorded.conn, recorded.context)
    recorded.conn.execute("UPDATE lotwatch.device_record SET device_class = 'II', company = 'Valves Global'")
    master.fill_items(recorded.conn, recorded.context)
    assert item(recorded)[:2] == ("II", "Valves Global")


def test_label_flags_that_nobody_says_come_from_the_device_record(recorded: Company) -> None:
    """An item without them would wait in quarantine: a site's own list seldom has them."""
    recorded.add(
        "item", code="VALVE", name="Heart valve", udi_di=VALVE, base_unit="u", criticality="standard", active=True
    )
    recorded.add(
        "item", code="OTHER", name="No record", udi_di="+H123", base_unit="u", criticality="standard", active=True
    )
    recorded.sync("his")
    assert item(recorded)[3] is True
    flags = recorded.conn.execute("SELECT field, value FROM lotwatch.item_fill WHERE field LIKE 'label%' ORDER BY 1")
    assert flags.fetchall() == [("label_expiry", "true"), ("label_lot", "false"), ("label_serial", "true")]
    waiting = recorded.conn.execute("SELECT source_key, record ->> 'code' FROM lotwatch.quarantine").fetchall()
    assert [code for _, code in waiting] == ["OTHER"]
    recorded.item("VALVE", name="Heart valve", udi_di=VALVE, label_lot=False, label_serial=False, label_expiry=False)
    recorded.post()
    assert recorded.conn.execute("SELECT count(*) FROM lotwatch.item_fill WHERE field LIKE 'label%'").fetchone() == (0,)


# -- measured on real devices ------------------------------------------------------------------------------------------


def devices(realdata: Path) -> list[dict[str, str]]:
    with gzip.open(realdata / "gudid_devices_25k.csv.gz", "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def as_an_erp_names_it(rnd: random.Random, row: dict[str, str]) -> str:
    """A name as somebody typed it: words out of order, one left out or mistyped, the number in six of ten."""
    typed = f"{row['brand']} {row['description']}".split()[:12]
    rnd.shuffle(typed)
    if typed and rnd.random() < 0.5:
        place = rnd.randrange(len(typed))
        word = typed[place]
        if len(word) > 4:
            at = rnd.randrange(1, len(word) - 2)
            typed[place] = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if len(typed) > 3 and rnd.random() < 0.5:
        typed.pop(rnd.randrange(len(typed)))
    number = row["catalog"] or row["version_model"]
    if rnd.random() < 0.6:
        typed.insert(rnd.randrange(len(typed) + 1), number.replace("-", rnd.choice(["-", " ", ""])))
    return " ".join(typed).upper() if rnd.random() < 0.3 else " ".join(typed)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("score", "precision", "recall"),
    [pytest.param(THRESHOLD, 0.92, 0.65, id="shown"), pytest.param(85, 0.98, 0.52, id="with a number in common")],
)
def test_precision_and_recall_on_real_devices(realdata: Path, score: int, precision: float, recall: float) -> None:
    """2,000 of 25,000 devices as an ERP would name them, without identifiers; 500 of them are not in the register."""
    rows = devices(realdata)
    rnd = random.Random(7)
    chosen = rnd.sample(range(len(rows)), 2000)
    absent = set(chosen[:500])
    register = Known({
        row["primary_di"]: Described(
            code=row["catalog"] or row["version_model"],
            name=row["description"],
            brand=row["brand"],
            model=row["version_model"],
            catalogue_number=row["catalog"],
            maker=row["company"],
        )
        for place, row in enumerate(rows)
        if place not in absent
    })
    shown = right = 0
    for place in chosen:
        named = Described(
            code=f"I{place:05}", name=as_an_erp_names_it(rnd, rows[place]), maker=maker(rows[place]["company"])
        )
        best = next(iter(register.matches(named)), None)
        if best and best.score >= score:
            shown += 1
            right += best.key == rows[place]["primary_di"]
    assert right / shown >= precision
    assert right / (len(chosen) - len(absent)) >= recall


@pytest.mark.realdata
def test_real_device_records_pass_the_gate_and_fill_what_items_lack(company: Company, realdata: Path) -> None:
    rows = devices(realdata)
    read: Callable[[str], bool] = lambda cell: cell == "true"
    for row in rows:
        packages = [
            {"udi_di": outer.split("x")[0], "quantity": int(outer.split("x")[1]), "contains": inner, "level": "other"}
            for outer, _, inner in (each.partition("<") for each in row["pkgs"].split(";") if each)
        ]
        company.add(
            "device_record", row["primary_di"], udi_di=row["primary_di"], agency=row["agency"],
            brand=row["brand"] or None, model=row["version_model"], catalogue_number=row["catalog"] or None,
            company=row["company"], description=row["description"] or None, label_lot=read(row["lot"]),
            label_serial=read(row["serial"]), label_expiry=read(row["exp"]), packages=Jsonb(packages),
        )  # fmt: skip
    packed = next(row for row in rows if ";" in row["pkgs"])
    company.sync("gudid")
    counts = company.conn.execute(
        "SELECT (SELECT count(*) FROM lotwatch.device_record), (SELECT count(*) FROM lotwatch.quarantine)"
    ).fetchone()
    assert counts is not None
    passed, refused = counts
    assert passed + refused == 25_000
    assert 0 < refused < 10  # wrong check digits
    company.item("I1", name="Catheter", udi_di=packed["primary_di"])
    company.post()
    assert master.fill_items(company.conn, company.context) == {"fields": 1, "identifiers": 2}
    (first,) = company.conn.execute("SELECT max(units_contained) FROM lotwatch.item_identifier").fetchall()
    assert first[0] > 100


def test_likeness_is_the_same_whatever_the_order_of_what_is_known() -> None:
    things = {
        "A": Described(code="A", name="Coronary stent 3.0x15", maker="Acme"),
        "B": Described(code="B", name="Coronary stent 3.5x15", maker="Acme"),
    }
    theirs = Described(code="X", name="stent coronary 3.0x15", maker="ACME Inc")
    forward = Known(things).matches(theirs)
    assert forward == Known(dict(reversed(things.items()))).matches(theirs)
    assert forward[0].key == "A"
    assert forward[0].score >= THRESHOLD > forward[1].score


def test_nobody_who_is_not_of_ours_is_suggested_without_a_word_in_common() -> None:
    assert Known({"A": Described(code="A", name="Gauze")}).matches(Described(code="X", name="Pump")) == []
    assert Known({}).matches(Described(code="X", name="Pump")) == []


def test_the_database_refuses_an_odd_decision(db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        db.execute(
            "INSERT INTO lotwatch.match_suggestion (system, kind, their_code, our_code, score, reason, theirs, waiting,"
            " state, first_seen, last_seen) VALUES ('s', 'item', 'x', 'y', 80, '{}', '{}', 0, 'confirmed', now(), now())"
        )


def test_the_command_line_suggests_lists_confirms_and_rejects(
    stocked: Company, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(stocked, "H-77", raw={"product_name": "Coronary stent Glide 3.0x15", "manufacturer": "Acme Medical"})
    wait(stocked, "H-78", raw={"product_name": "Coronary stent Glide 3.5x15", "manufacturer": "Acme Medical"})
    monkeypatch.setenv("LOTWATCH_DATABASE", db_url)
    call = CliRunner().invoke
    assert "2 suggestions, 2 of them new" in call(app, ["match", "suggest", "--actor", "ann"]).output
    assert "STENT-3015" in call(app, ["match", "list"]).output
    first, second = (str(each.suggestion_id) for each in matching.list_suggestions(stocked.conn))
    stocked.conn.commit()
    done = call(app, ["match", "confirm", first, "--actor", "ann"])
    assert "judges 1 records again" in done.output
    assert call(app, ["match", "reject", second, "--actor", "ann", "--note", "no"]).exit_code == 0
    assert "H-78" in call(app, ["match", "list", "--state", "rejected"]).output
