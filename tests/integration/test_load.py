"""A team loads what it knows from a file: every mistake is told with its line, and nothing is kept twice."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from lotwatch.errors import SourceError
from lotwatch.jobs.load import load, try_load
from lotwatch.sources.stage import entity_columns
from lotwatch.sources.table import CsvTable
from tests.integration.company import NOW, TODAY, Company, context

ITEMS = """code,name,criticality,label_lot,label_serial,label_expiry,base_unit,unit_cost,udi_di,active
I1,骨科螺钉,standard,true,no,是,piece,12.50,00841470103934,1
I2,Stent,critical,yes,false,yes,piece,,H123456,true
"""


@pytest.fixture
def conn(company: Company, db_url: str) -> Any:
    """A connection as the command opens it, to the company's database."""
    with psycopg.connect(db_url, autocommit=True) as conn:
        yield conn


def table(
    conn: psycopg.Connection, folder: Path, entity: str, text: str, encoding: str = "utf-8", **options: Any
) -> Any:
    path = folder / f"{entity}.csv"
    path.write_bytes(text.encode(encoding))
    return CsvTable(path, entity, entity_columns(conn, entity), **options)


def loaded(conn: psycopg.Connection, folder: Path, entity: str, text: str, **options: Any) -> Any:
    source = options.pop("source", "file")
    return load(conn, context(), source, table(conn, folder, entity, text, **options), folder / "docs")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_loaded_and_loading_it_again_changes_nothing(
    conn: psycopg.Connection, tmp_path: Path, encoding: str
) -> None:
    first = loaded(conn, tmp_path, "item", ITEMS, encoding=encoding)
    assert (first.read, first.passed, first.quarantined, first.warned) == (2, 2, 0, 1)
    assert first.posted == {"item": 2}
    assert loaded(conn, tmp_path, "item", ITEMS, encoding=encoding).posted == {}
    rows = conn.execute("SELECT code, name, unit_cost::text, label_serial FROM lotwatch.item ORDER BY code").fetchall()
    assert rows == [("I1", "骨科螺钉", "12.5000", False), ("I2", "Stent", None, False)]


def test_every_kind_of_cell_is_read(conn: psycopg.Connection, tmp_path: Path) -> None:
    loaded(conn, tmp_path, "item", ITEMS)
    loaded(conn, tmp_path, "legal_entity", 'code;name;country;roles;active\nA;Acme;CH;"maker; importer";yes\n')
    loaded(
        conn,
        tmp_path,
        "agreement",
        "supplier_code\titem_code\tprice\tcurrency\tminimum_order_quantity\torder_multiple\tlead_time_days\tprice_breaks\n"
        'S1\tI1\t9.9\tCNY\t10\t5\t14\t"[{""quantity"": 1, ""price"": 9.9}, {""quantity"": 100, ""price"": 8}]"\n',
    )
    loaded(
        conn,
        tmp_path,
        "substitute",
        "item_code,substitute_code,site_code,approved_by,valid_from\nI1,I2,HOSP,Dr Wu,2026-01-05\n",
    )
    loaded(conn, tmp_path, "lane", "from_site_code,to_site_code,permitted,departs_on\nDC,HOSP,1,1;3;5\n")
    loaded(
        conn,
        tmp_path,
        "credential",
        "kind,number,item_code,valid_from,valid_through\nlicence,L1,I1,2026/1/5,2030-01-31\n",
    )
    assert conn.execute("SELECT roles FROM lotwatch.legal_entity").fetchall() == [(["maker", "importer"],)]
    assert conn.execute("SELECT price_breaks -> 1 ->> 'price' FROM lotwatch.supplier_agreement").fetchall() == [("8",)]
    statement = "SELECT approved_by, valid_through FROM lotwatch.item_substitute WHERE site_id IS NOT NULL"
    assert conn.execute(statement).fetchall() == [("Dr Wu", None)]
    assert conn.execute("SELECT departs_on FROM lotwatch.lane").fetchall() == [([1, 3, 5],)]
    assert conn.execute("SELECT valid_from::text FROM lotwatch.credential").fetchall() == [("2026-01-05",)]


def test_movements_in_boxes_of_another_system_s_codes_are_posted_once(
    conn: psycopg.Connection, company: Company, tmp_path: Path
) -> None:
    company.item()
    company.lot()
    company.post()
    loaded(conn, tmp_path, "item_unit", "item_code,unit,factor\nI1,box,10\n")
    loaded(conn, tmp_path, "cross_reference", "system,kind,their_code,our_code\nwms,item,4711,I1\n")
    text = (
        "source_key,item_code,lot_number,from_location,to_location,quantity,unit,occurred_at\n"
        f"m1,4711,L1,SUPPLIER,DC,5,box,{TODAY}T07:00+00:00\n"
    )
    assert loaded(conn, tmp_path, "movement", text, source="wms").posted["movement"] == 1
    assert loaded(conn, tmp_path, "movement", text, source="wms").posted == {}
    assert company.position("DC") == 50


def test_a_cell_that_cannot_be_read_keeps_its_record_back_with_file_line_and_column(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    text = (
        "item_code,unit,factor\nI1,box,ten\nI1,case,1.5\n\nI1,pallet\n"
        "I1,crate,99999999999999999999\nI1,tray,NaN\nI1,cage,\n"
    )
    found = loaded(conn, tmp_path, "item_unit", text)
    assert found.passed == 0
    assert dict(found.refused) == {
        "I1|box": ['item_unit.csv, line 2, column factor: "ten" is not a number (write 1234.5, no thousands separators)'],
        "I1|case": ['item_unit.csv, line 3, column factor: "1.5" is not a whole number'],
        "I1|pallet": ["item_unit.csv, line 5: it has 2 cells, the header 3"],
        "I1|crate": ['item_unit.csv, line 6, column factor: "99999999999999999999" is not a whole number'],
        "I1|tray": ['item_unit.csv, line 7, column factor: "NaN" is not a number'],
        "I1|cage": ["It is not said how many base units one cage of item I1 has", "Item I1 of unit cage is not known"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("31.01.2026 08:00", "is not a moment"),
        ("2026-01-31 08:00", "has no time zone"),
        ("2026-02-30T08:00Z", "is not a moment"),
    ],
)
def test_a_moment_must_be_one(conn: psycopg.Connection, tmp_path: Path, cell: str, reason: str) -> None:
    ((_, reasons),) = loaded(conn, tmp_path, "movement", f"source_key,occurred_at\nm1,{cell}\n").refused
    assert reason in reasons[0]


def test_a_moment_without_a_zone_is_in_that_of_the_file(conn: psycopg.Connection, tmp_path: Path) -> None:
    text = "source_key,occurred_at\nm1,2026/06/15 16:00\n"
    (page,) = table(conn, tmp_path, "movement", text, zone=ZoneInfo("Asia/Shanghai")).changed("movement", None)
    assert page.records[0].row["occurred_at"] == NOW


@pytest.mark.parametrize(
    ("entity", "text", "says"),
    [
        ("item", "cod,name\nI1,x\n", '"cod" is no column of item.* did you mean code'),
        ("item", "code,stated\nI1,{}\n", '"stated" is no column of item'),
        ("item", "code,code\nI1,I1\n", "code is there twice"),
        ("item", "", "The file is empty"),
        ("item", 'code,name\nI1,"x\n', "is not CSV.*line 2"),
        ("item", "code,name\nI1,x\nI2,y\nI1,z\n", r"Lines 2 and 4 are about the same record \(I1\)"),
        ("movement", "item_code,quantity\nI1,5\n", "no identity without a source_key"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_before_anything_is_kept(
    conn: psycopg.Connection, tmp_path: Path, entity: str, text: str, says: str
) -> None:
    batches = conn.execute("SELECT count(*) FROM lotwatch.batch").fetchone()
    with pytest.raises(SourceError, match=f"(?s){says}") as refused:
        loaded(conn, tmp_path, entity, text)
    assert f"{entity}.csv" in str(refused.value)
    assert conn.execute("SELECT count(*) FROM lotwatch.batch").fetchone() == batches


def test_neither_encoding_is_an_error_that_says_what_to_do(conn: psycopg.Connection, tmp_path: Path) -> None:
    path = tmp_path / "item.csv"
    path.write_bytes(b"code,name\nI1,\xff\xff\n")
    with pytest.raises(SourceError, match="neither UTF-8 nor GB18030"):
        list(CsvTable(path, "item", entity_columns(conn, "item")).changed("item", None))


def test_a_trial_tells_what_would_be_kept_out_and_keeps_nothing(conn: psycopg.Connection, tmp_path: Path) -> None:
    text = ITEMS + "I3,Gauze,standard,false,false,false,piece,-1,,true\n"
    before = conn.execute("SELECT count(*) FROM lotwatch.audit_event").fetchone()
    outcome = try_load(conn, context(), "file", table(conn, tmp_path, "item", text))
    (entity,) = outcome.entities
    assert (entity.read, entity.quarantined) == (3, 1)
    assert [(rule.rule, rule.failing) for rule in entity.rules if rule.severity == "critical"] == [("ITM011", 1)]
    assert entity.rules[0].examples[0].source_key == "I3"
    kept = conn.execute(
        "SELECT count(*) FROM (SELECT source_key FROM lotwatch.quarantine UNION ALL SELECT code FROM lotwatch.item"
        " UNION ALL SELECT source_key FROM stage.item UNION ALL SELECT kind FROM lotwatch.outbox)"
    )
    assert kept.fetchone() == (0,)
    assert conn.execute("SELECT count(*) FROM lotwatch.audit_event").fetchone() == before


def test_the_command_prints_counts_and_reasons(company: Company, db_url: str, tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_text("item_code,unit,factor\nNONE,box,10\n", encoding="utf-8")
    environment = os.environ | {"LOTWATCH_DATABASE": db_url, "USER": "li.wei", "LOTWATCH_HOME": str(tmp_path)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lotwatch.cli", "load", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    tried = run("item_unit", str(path), "--dry-run")
    assert tried.returncode == 1, tried.stderr
    assert "critical REF031, NONE|box: Item NONE of unit box is not known" in tried.stdout
    done = run("item_unit", str(path))
    assert done.returncode == 1, done.stderr
    assert "NONE|box: Item NONE of unit box is not known" in done.stdout
    assert "1 records read, 0 good (0 with a warning), 1 kept in quarantine" in done.stdout
    assert "did you mean item_unit?" in run("item_units", str(path)).stderr
    actor = company.conn.execute("SELECT DISTINCT actor FROM lotwatch.audit_event").fetchall()
    assert actor == [("li.wei",)]
