"""What regulators' databases say of devices is read as device records, and what cannot be read is told."""

import gzip
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from lotwatch import master, sources
from lotwatch.audit import begin_run
from lotwatch.errors import SourceError
from lotwatch.jobs import sync
from lotwatch.sources.connector import Login, LooksUp, Record
from lotwatch.sources.devices import GudidLookUp, gudid, gudid_table, nmpa, nmpa_push
from lotwatch.sources.devices.gudid import of_look_up
from tests.integration.company import Company, context
from tests.integration.servers import COMPLIANCE_KEY, Server, compliance

KNOWN, BOXED, UNKNOWN = "04053210000090", "04053210000014", "04053210999993"
XML = """<?xml version="1.0" encoding="UTF-8"?>
<udid version="1.0"><devices><device>
<zxxsdycpbs>06942221705071</zxxsdycpbs><cpbsbmtxmc>GS1</cpbsbmtxmc><spmc/><cpmctymc>一次性使用导管</cpmctymc>
<ggxh>KPCJ12</ggxh><cphhhbh>KP-12</cphhhbh><ylqxzcrbarmc>广东某医疗器械有限公司</ylqxzcrbarmc>
<zczbhhzbapzbh>国械注准20203140123</zczbhhzbapzbh><flbm>14-05-01</flbm>
<scbssfbhph>是</scbssfbhph><scbssfbhxlh>否</scbssfbhxlh><scbssfbhscrq>是</scbssfbhscrq><scbssfbhsxrq>是</scbssfbhsxrq>
<packingList><packing><bzcpbs>26942221705075</bzcpbs><cpbzjb>箱</cpbzjb><bznhxyjcpbssl>10</bznhxyjcpbssl>
<bznhxyjbzcpbs>06942221705071</bznhxyjbzcpbs></packing></packingList>
<cpbsfbrq>2024-05-06</cpbsfbrq><tsrq/><versionStauts>新增</versionStauts><versionTime>2024-05-07</versionTime>
<deviceRecordKey>KEY1</deviceRecordKey>
</device></devices></udid>"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with compliance(tmp_path_factory.mktemp("compliance"), "2026-06-15") as server:
        yield server


@pytest.fixture
def look_up(server: Server) -> GudidLookUp:
    server.reset()
    made = gudid(Login(server.url, password=COMPLIANCE_KEY), most=2)
    made._http._sleep = lambda seconds: None
    return made


def read(connector: Any, cursor: Any = None) -> tuple[list[Record], Any]:
    records: list[Record] = []
    for page in connector.changed("device_record", cursor):
        records += page.records
        cursor = page.cursor or cursor
    return records, cursor


# --- GUDID


def test_the_devices_of_our_items_are_looked_up_some_at_a_time_round_and_round(look_up: GudidLookUp) -> None:
    look_up.ask_for([KNOWN, UNKNOWN, BOXED])
    first, cursor = read(look_up)
    assert [record.source_key for record in first] == [BOXED, KNOWN]
    second, cursor = read(look_up, cursor)
    assert [record.source_key for record in second] == [BOXED], "what GUDID does not know is no record"
    assert [record.source_key for record in read(look_up, cursor)[0]] == [KNOWN]


def test_a_record_says_what_the_label_carries_and_how_it_is_packed(look_up: GudidLookUp) -> None:
    look_up.ask_for([BOXED])
    ((record,), _) = read(look_up)
    assert record.problems == ()
    row = record.row
    assert (row["udi_di"], row["agency"], row["device_class"]) == (BOXED, "GS1", "II")
    assert (row["label_lot"], row["label_serial"], row["label_expiry"]) == (True, False, True)
    assert row["catalogue_number"].endswith("-0001")
    assert row["nomenclature"] == "GMDN:35000"
    (package,) = row["packages"]
    assert (package["contains"], package["quantity"], package["level"]) == (BOXED, 10, "inner")


def test_the_source_is_told_the_identifiers_of_our_items_before_it_reads(
    company: Company, look_up: GudidLookUp
) -> None:
    company.item(udi_di=KNOWN)
    company.item("I2", udi_di=UNKNOWN)
    company.post()
    assert isinstance(look_up, LooksUp)
    assert sorted(master.device_identifiers(company.conn)) == [KNOWN, UNKNOWN]
    company.conn.commit()
    circumstances = begin_run(company.conn, context("devices"))
    assert sync.pull(company.conn, circumstances, "device_registry", look_up, None)["read"] == {"device_record": 1}
    rows = company.conn.execute("SELECT udi_di, label_lot, packages FROM stage.device_record").fetchall()
    assert rows == [(KNOWN, True, [])]
    assert sources.pending_batches(company.conn, "device_registry", "staged")


@pytest.mark.parametrize("mode", ["cut_off", "429", "500", "latency"])
def test_a_look_up_that_goes_wrong_is_tried_again(look_up: GudidLookUp, server: Server, mode: str) -> None:
    look_up.ask_for([KNOWN])
    server.misbehave(mode, 2, at="read")
    assert [record.source_key for record in read(look_up)[0]] == [KNOWN]


def test_an_answer_that_is_garbled_becomes_a_problem_of_its_record(look_up: GudidLookUp, server: Server) -> None:
    look_up.ask_for([KNOWN])
    server.misbehave("garbage", 1, at="read")
    ((record,), _) = read(look_up)
    assert record.source_key == KNOWN
    assert "identifiers" in {problem.field for problem in record.problems}


def test_what_is_no_answer_of_gudid_becomes_a_problem() -> None:
    assert of_look_up([], KNOWN).problems
    assert of_look_up({"gudid": {"device": {"lotBatch": "perhaps"}}}, KNOWN).problems


def test_a_wrong_address_is_told(server: Server) -> None:
    with pytest.raises(SourceError, match="does not let us read"):
        gudid(Login(server.url, password="no key")).server_time()
    with pytest.raises(SourceError, match="There is no api/v3/devices/lookup"):
        gudid(Login(f"{server.url}/nowhere", password=COMPLIANCE_KEY)).server_time()


@pytest.mark.realdata
def test_every_line_of_a_real_table_becomes_a_record(realdata: Path) -> None:
    path = realdata / "gudid_devices_25k.csv.gz"
    records, cursor = read(gudid_table(Login(""), path=str(path)))
    assert len(records) == 25_000
    assert Counter(bool(record.problems) for record in records) == {False: 25_000}
    assert sum(len(record.row["packages"]) for record in records) > 2_900
    assert read(gudid_table(Login(""), path=str(path)), cursor) == ([], cursor), "it has not changed since"


def test_a_table_is_read_again_when_it_has_changed_and_a_broken_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "devices.csv.gz"
    path.write_bytes(gzip.compress(b"primary_di,agency,lot,pkgs\n04053210000090,GS1,true,1405x10<040 \n,GS1,maybe,\n"))
    (good, bad), cursor = read(gudid_table(Login(""), path=str(path)))
    assert good.row["packages"] == [
        {"udi_di": "1405", "contains": "040", "quantity": 10, "level": "other", "ended_on": None}
    ]
    assert {problem.field for problem in bad.problems} == {"primary_di", "lot"}
    path.write_bytes(b"\x1f\x8bbroken")
    with pytest.raises(SourceError, match="The table cannot be read"):
        read(gudid_table(Login(""), path=str(path)), cursor)
    with pytest.raises(SourceError, match="The files cannot be read"):
        gudid_table(Login(""), path=str(tmp_path / "nothing.csv")).server_time()


# --- NMPA


def expected() -> dict[str, Any]:
    return {
        "udi_di": "06942221705071",
        "agency": "GS1",
        "brand": None,
        "model": "KPCJ12",
        "catalogue_number": "KP-12",
        "company": "广东某医疗器械有限公司",
        "description": "一次性使用导管",
        "device_class": "III",
        "nomenclature": "NMPA:14-05-01",
        "label_lot": True,
        "label_serial": False,
        "label_manufactured": True,
        "label_expiry": True,
        "registration_number": "国械注准20203140123",
        "packages": [
            {
                "udi_di": "26942221705075",
                "contains": "06942221705071",
                "quantity": 10,
                "level": "case",
                "ended_on": None,
            }
        ],
        "published_on": date(2024, 5, 6),
        "ended_on": None,
    }


def as_json() -> dict[str, Any]:
    """The same device as the interface answers it."""
    device = {
        "zxxsdycpbs": "06942221705071", "cpbsbmtxmc": "GS1", "spmc": "", "cpmctymc": "一次性使用导管", "ggxh": "KPCJ12",
        "cphhhbh": "KP-12", "ylqxzcrbarmc": "广东某医疗器械有限公司", "zczbhhzbapzbh": "国械注准20203140123",
        "flbm": "14-05-01", "scbssfbhph": "是", "scbssfbhxlh": "否", "scbssfbhscrq": "是", "scbssfbhsxrq": "是",
        "devicePackage": [{"bzcpbs": "26942221705075", "cpbzjb": "箱", "bznhxyjcpbssl": 10, "bznhxyjbzcpbs": "06942221705071"}],
        "cpbsfbrq": "2024-05-06 00:00:00", "tsrq": "", "versionStatus": "新增", "deviceRecordKey": "KEY1",
    }  # fmt: skip
    return {"returnCode": 1, "dataSet": {"deviceInfo": [device]}}


def test_an_export_says_the_same_as_xml_as_json_packed_and_pushed(tmp_path: Path) -> None:
    (tmp_path / "day.xml").write_text(XML, encoding="utf-8")
    (tmp_path / "day.json").write_text(json.dumps(as_json()), encoding="utf-8-sig")
    with zipfile.ZipFile(tmp_path / "UDID_DAY_UPDATE_20260601.zip", "w") as packed:
        packed.writestr("part1.xml", XML)
        packed.writestr("readme.txt", "x")
    records, cursor = read(nmpa(Login(""), path=str(tmp_path)))
    assert [record.row for record in records] == [expected()] * 3
    assert {record.source_key for record in records} == {"KEY1"}
    assert read(nmpa(Login(""), path=str(tmp_path)), cursor)[0] == [], "each export is read once"
    pushed = [*nmpa_push()(XML), *nmpa_push()(as_json())]
    assert [(entity, record.row) for entity, record in pushed] == [("device_record", expected())] * 2


def test_ma_and_ahm_codes_and_withdrawn_devices_are_told() -> None:
    changes = {"cpbsbmtxmc": "MA码（IDcode）", "versionStauts": "注销", "versionTime": "2026-02-03"}
    changed = {**as_json()["dataSet"]["deviceInfo"][0], **changes, "zczbhhzbapzbh": "粤潮械备20140023"}
    ((_, record),) = nmpa_push()(changed)
    assert (record.row["agency"], record.row["ended_on"]) == ("MA", date(2026, 2, 3))
    assert record.row["device_class"] == "I"
    ((_, record),) = nmpa_push()({**changed, "cpbsbmtxmc": "阿里健康"})
    assert record.row["agency"] == "AHM"
    ((_, record),) = nmpa_push()({**changed, "cpbsbmtxmc": "?", "scbssfbhph": "也许", "zxxsdycpbs": " "})
    assert {problem.field for problem in record.problems} == {"cpbsbmtxmc", "scbssfbhph", "zxxsdycpbs"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("no export", "neither XML nor JSON"),
        ("<udid><devices>", "It is not XML"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><udid/>', "declares entities"),
        ('{"returnCode": 0}', "no list of devices"),
    ],
)
def test_what_is_no_export_is_refused(content: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / "day.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=complaint) as told:
        read(nmpa(Login(""), path=str(path)))
    assert "day.xml" in str(told.value)


def test_rows_can_be_staged_as_they_are(db: psycopg.Connection) -> None:
    columns = sources.stage.entity_columns(db, "device_record")
    assert expected().keys() == columns.keys()
