"""Files dropped into a folder reach the ledger once, whatever happens to them on the way."""

import gzip
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as arrow
import pytest
from pyarrow import parquet

from lotwatch.audit import begin_run
from lotwatch.errors import SourceError
from lotwatch.jobs import sync
from lotwatch.paths import MAPPINGS
from lotwatch.sources.connector import Connector, Login, Page, Record
from lotwatch.sources.registry import Source, connector
from lotwatch.sources.tables import mapping as mapping_module
from tests.integration.company import Company, context

MAPPING = """
time_zone: Asia/Shanghai
decimal: ","
thousands: "."
entities:
  lot:
    file: "lots*"
    key: [MATNR, CHARG]
    columns:
      item_code: {from: MATNR, strip_zeros: true}
      lot_number: CHARG
      usable_through: {from: VFDAT, required: true}
  movement:
    file: "moves*"
    key: MBLNR
    columns:
      item_code: {from: MATNR, strip_zeros: true}
      lot_number: CHARG
      quantity: {from: MENGE, absolute: true}
      occurred_at: {from: BUDAT, time: CPUTM}
      document: MBLNR
    cases:
      - when: {BWART: ["101"]}
        columns: {from_location: {value: SUPPLIER}, to_location: {value: DC}}
      - when: {BWART: "601"}
        columns: {from_location: {value: DC}, to_location: {value: PATIENT}}
"""
LOTS = "MATNR;CHARG;VFDAT\n0001;L1;31.12.2027\n0001;L2;20281231\n"
MOVES = (
    "MBLNR;BWART;MATNR;CHARG;MENGE;BUDAT;CPUTM\n"
    "1;101;0001;L1;1.000,000;20260601;081500\n"
    "2;601;0001;L1;-40;2026-06-02;PT9H30M0S\n"
)

Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "drop"
    path.mkdir()
    return path


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a file as it would come over the network: each with a time of its own."""
    times = iter(range(1_780_000_000, 1_780_009_999))

    def write(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        at = next(times)
        os.utime(path, (at, at))
        return path

    return write


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "erp.yaml"
    path.write_text(MAPPING)
    return path


@pytest.fixture
def conn(company: Company, db_url: str) -> Iterator[psycopg.Connection]:
    company.item("1", base_unit="piece")
    company.post()
    with psycopg.connect(db_url, autocommit=True) as conn:
        yield conn


def drop(folder: Path, mapping: Path, **options: Any) -> Connector:
    source = Source(
        kind="drop_folder", connection="drop", schedule="* * * * *", options={"mapping": str(mapping), **options}
    )
    return connector(source, Login("", extra={"path": str(folder)}))


def synced(conn: psycopg.Connection, made: Connector, tmp_path: Path) -> dict[str, int]:
    run = begin_run(conn, context())
    sync.pull(conn, run, "erp", made, None)
    sync.gate(conn, run, "erp", tmp_path / "docs")
    return sync.post(conn, run, "erp")


def stock(conn: psycopg.Connection, lot: str = "L1") -> int:
    row = conn.execute(
        "SELECT coalesce(sum(quantity), 0) FROM lotwatch.position JOIN lotwatch.location AS l USING (location_id)"
        " JOIN lotwatch.lot USING (lot_id) WHERE l.code = 'DC' AND lot.number = %s",
        (lot,),
    ).fetchone()
    assert row is not None
    return int(row[0])


def quarantined(conn: psycopg.Connection) -> dict[str, list[str]]:
    found = conn.execute("SELECT source_key, reasons FROM lotwatch.quarantine WHERE state = 'open'").fetchall()
    return dict(found)


def read(made: Connector, entity: str, cursor: Mapping[str, Any] | None = None) -> tuple[list[Record], dict[str, Any]]:
    pages: list[Page] = list(made.changed(entity, cursor))
    return [record for page in pages for record in page.records], pages[-1].cursor


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_files_reach_the_ledger_and_are_read_once(
    conn: psycopg.Connection, folder: Path, write: Write, mapping: Path, tmp_path: Path, encoding: str
) -> None:
    write("lots.csv", LOTS.replace("L2", "批二"), encoding)
    write("moves.csv", MOVES)
    made = drop(folder, mapping, complete="renamed")
    assert synced(conn, made, tmp_path) == {"lot": 2, "movement": 2}
    assert (stock(conn), quarantined(conn)) == (960, {})
    assert synced(conn, made, tmp_path) == {}
    occurred = conn.execute("SELECT occurred_at FROM lotwatch.movement ORDER BY occurred_at").fetchall()
    assert occurred == [(datetime(2026, 6, 1, 0, 15, tzinfo=UTC),), (datetime(2026, 6, 2, 1, 30, tzinfo=UTC),)]


def test_parquet_and_compressed_files_say_the_same_as_csv(
    conn: psycopg.Connection, folder: Path, write: Write, mapping: Path, tmp_path: Path
) -> None:
    write("lots.csv.gz", gzip.compress(LOTS.encode(), mtime=0))
    lines = [line.split(";") for line in MOVES.splitlines()]
    rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    typed = [row | {"BUDAT": datetime(2026, 6, day, tzinfo=UTC).date()} for row, day in zip(rows, (1, 2), strict=True)]
    parquet.write_table(arrow.Table.from_pylist(typed), folder / "moves.parquet")
    assert synced(conn, drop(folder, mapping, complete="renamed"), tmp_path) == {"lot": 2, "movement": 2}
    assert (stock(conn), quarantined(conn)) == (960, {})


def test_a_file_that_is_still_written_waits_until_it_no_longer_changes(
    folder: Path, write: Write, mapping: Path
) -> None:
    made = drop(folder, mapping)
    write("moves.csv", MOVES[:70])
    records, cursor = read(made, "movement")
    assert records == []
    write("moves.csv", MOVES)
    records, cursor = read(made, "movement", cursor)
    assert records == []
    records, cursor = read(made, "movement", cursor)
    assert [record.source_key for record in records] == ["1", "2"]
    assert read(made, "movement", cursor)[0] == []


def test_a_file_with_a_marker_is_read_when_the_marker_is_there(folder: Path, write: Write, mapping: Path) -> None:
    made = drop(folder, mapping, complete="marker")
    write("moves.csv", MOVES)
    records, cursor = read(made, "movement")
    assert records == []
    write("moves.csv.done", "")
    assert len(read(made, "movement", cursor)[0]) == 2


def test_the_same_name_with_other_content_is_read_and_other_names_with_the_same_are_not(
    folder: Path, write: Write, mapping: Path
) -> None:
    made = drop(folder, mapping, complete="renamed")
    write("moves.csv", MOVES)
    _, cursor = read(made, "movement")
    write("moves.csv", MOVES)
    write("moves_again.csv", MOVES)
    records, cursor = read(made, "movement", cursor)
    assert records == []
    write("moves.csv", MOVES + "3;101;0001;L1;5;20260603;081500\n")
    records, cursor = read(made, "movement", cursor)
    assert [record.source_key for record in records] == ["1", "2", "3"]


def test_a_file_is_moved_only_after_all_it_concerns_have_stored_it(
    conn: psycopg.Connection, folder: Path, write: Write, mapping: Path, tmp_path: Path
) -> None:
    mapping.write_text(MAPPING.replace('"lots*"', '"*"').replace("from: VFDAT, required: true", "from: VFDAT"))
    mapping.write_text(mapping.read_text().replace('file: "*"', 'where: {VFDAT: {present: true}}\n    file: "*"'))
    both = "MBLNR;BWART;MATNR;CHARG;MENGE;BUDAT;CPUTM;VFDAT\n1;101;0001;L1;7;20260601;081500;20271231\n"
    write("moves.csv", both)
    made = drop(folder, mapping, complete="renamed", move_to="done")
    with conn.transaction(force_rollback=True):  # the worker dies before anything is committed
        sync.pull(conn, begin_run(conn, context()), "erp", made, None)
    assert (folder / "moves.csv").exists()
    assert synced(conn, drop(folder, mapping, complete="renamed", move_to="done"), tmp_path) == {
        "lot": 1,
        "movement": 1,
    }
    assert (folder / "moves.csv").exists()
    assert synced(conn, drop(folder, mapping, complete="renamed", move_to="done"), tmp_path) == {}
    assert [path.name for path in (folder / "done").iterdir()] == ["moves.csv"]
    assert not (folder / "moves.csv").exists()
    assert stock(conn) == 7


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("moves_1.csv", b"\xff\xfe\x00\x81garbage", "its text is neither utf-8-sig nor gb18030"),
        ("moves_1.csv.gz", gzip.compress(MOVES.encode(), mtime=0)[:-20], "it cannot be unpacked"),
        ("moves_1.csv.gz", b"no gzip at all", "it cannot be unpacked"),
        ("moves_1.parquet", b"PAR1 and then nothing", "it is no Parquet that can be read"),
        ("moves_1.csv", b"", "it is empty"),
        ("moves_1.csv", MOVES.encode() + b'3;"101;0001', "line"),
    ],
)
def test_what_is_no_file_of_its_kind_is_told_and_stops_no_other(
    conn: psycopg.Connection, folder: Path, write: Write, mapping: Path, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:  # fmt: skip
    write("lots.csv", LOTS)
    write(name, content)
    write("moves_2.csv", MOVES)
    made = drop(folder, mapping, complete="renamed")
    assert synced(conn, made, tmp_path) == {"lot": 2, "movement": 2}
    ((key, reasons),) = quarantined(conn).items()
    assert key == f"file {name}"
    assert reason in reasons[0]
    assert stock(conn) == 960
    assert synced(conn, made, tmp_path) == {}


def test_a_bad_cell_keeps_its_record_back_with_file_line_column_and_value(
    folder: Path, write: Write, mapping: Path
) -> None:
    write(
        "moves.csv",
        "MBLNR;BWART;MATNR;CHARG;MENGE;BUDAT;CPUTM\n"
        "1;101;0001;L1;ten;20260230;081500\n"
        "2;999;0001;L1;5;20260601;081500\n"
        ";101;0001;L1;5;20260601;081500\n"
        "4;101;0001\n"
        "5;101;0001;L\x001;5;20260601;081500\n",
    )
    records, _ = read(drop(folder, mapping, complete="renamed"), "movement")
    told = {record.source_key: [f"{p.field}: {p.reason}" for p in record.problems] for record in records}
    assert told == {
        "1": [
            "moves.csv, line 2, column MENGE: \"ten\" is not a number with decimal ',' and thousands '.'",
            'moves.csv, line 2, column BUDAT: "20260230" is not a date (2026-01-31, 20260131 or 31.01.2026)',
        ],
        "2": ['moves.csv, line 3: no case of the mapping holds for BWART "999"'],
        "moves.csv, line 4": ["moves.csv, line 4, column MBLNR: it is empty, and part of the key"],
        "moves.csv, line 5": ["moves.csv, line 5: it has 3 cells, the header 7"],
        "5": ['moves.csv, line 6, column CHARG: "L\ufffd1" holds characters that are none (NUL, or half of one)'],
    }
    assert records[4].raw["CHARG"] == "L\ufffd1"


def test_a_column_that_a_file_does_not_have_stops_the_reading_and_names_the_nearest(
    folder: Path, write: Write, mapping: Path
) -> None:
    write("moves.csv", MOVES.replace("CPUTM", "CPUTIME"))
    with pytest.raises(SourceError, match=r'reads "CPUTM", which the header of moves.csv does not have') as caught:
        read(drop(folder, mapping, complete="renamed"), "movement")
    assert "erp.yaml, line" in caught.value.where
    assert "did you mean CPUTIME?" in caught.value.do


def test_a_link_out_of_the_folder_is_refused(folder: Path, write: Write, mapping: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(MOVES)
    (folder / "moves.csv").symlink_to(secret)
    with pytest.raises(SourceError, match="a link that leads out of the folder"):
        read(drop(folder, mapping, complete="renamed"), "movement")


def test_a_file_that_grows_while_it_is_read_is_left_for_the_next_reading(
    folder: Path, write: Write, mapping: Path
) -> None:
    path = write("moves.csv", MOVES)
    pages = drop(folder, mapping, complete="renamed").changed("movement", None)
    next(pages)
    path.write_text(MOVES + "3;101")
    with pytest.raises(SourceError, match="was written to while it was read") as caught:
        list(pages)
    assert caught.value.retry


def test_a_file_that_vanishes_is_passed_over(folder: Path, write: Write, mapping: Path) -> None:
    first, second = write("moves_1.csv", MOVES), write("moves_2.csv", MOVES.replace("\n1;", "\n3;"))
    pages = drop(folder, mapping, complete="renamed").changed("movement", None)
    assert len(next(pages).records) == 2
    second.unlink()
    rest = list(pages)
    assert [record for page in rest for record in page.records] == []
    assert list(rest[-1].cursor["feeds"]["moves*"]["files"]) == [first.name]


def test_a_folder_that_is_not_there_is_told_and_may_come_back(folder: Path, mapping: Path) -> None:
    folder.rmdir()
    with pytest.raises(SourceError, match="The folder cannot be read") as caught:
        read(drop(folder, mapping), "movement")
    assert caught.value.retry


def test_a_backfill_reads_the_files_of_its_time_and_no_others(folder: Path, write: Write, mapping: Path) -> None:
    path = write("moves_1.csv", MOVES)
    write("moves_2.csv", MOVES.replace("\n1;", "\n3;"))
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    pages = list(drop(folder, mapping).changed_between("movement", at, at.replace(microsecond=500_000)))
    assert [record.source_key for page in pages for record in page.records] == ["1", "2"]


def run_map(db_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "lotwatch.cli", "source", "map", *arguments]
    command += ["--database", db_url, "--actor", "tester"]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"COLUMNS": "200"}, check=False)


def test_a_mapping_is_tried_from_the_command_line_and_nothing_is_kept(
    conn: psycopg.Connection, db_url: str, folder: Path, write: Write, mapping: Path
) -> None:
    moves = write("moves.csv", MOVES + "3;999;0001;L1;5;20260603;081500\n")
    lots = write("lots.csv", LOTS)
    tried = run_map(db_url, str(mapping), str(lots), str(moves), "--dry-run")
    assert tried.returncode == 1, tried.stderr
    for shown in ("movement 1", "  quantity: 1000.000", "  usable_through: 2027-12-31", '! moves.csv, line 4: no case',
                  "1 records could not be mapped.", "Nothing was kept."):  # fmt: skip
        assert shown in tried.stdout, tried.stdout
    assert conn.execute("SELECT count(*) FROM lotwatch.lot").fetchone() == (0,)


def test_an_export_of_a_table_is_loaded_by_the_mapping_of_the_table(
    conn: psycopg.Connection, db_url: str, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export = write("export.csv", "Material,Batch,BatchIsMarkedForDeletion,ManufactureDate,ShelfLifeExpirationDate,"
                                 "LastChangeDateTime\n0001,L9,,20260101,20280101,\n")  # fmt: skip
    sap = str(MAPPINGS / "samples" / "sap_s4.yaml")
    monkeypatch.setenv("LOTWATCH_HOME", str(tmp_path))
    loaded = run_map(db_url, sap, str(export), "--entity", "lot")
    assert loaded.returncode == 0, loaded.stdout + loaded.stderr
    assert "New or changed: 1 lot" in loaded.stdout
    unclear = run_map(db_url, sap, str(export), "--dry-run")
    assert unclear.returncode == 1
    assert "say --entity" in unclear.stderr


def test_what_a_mapping_can_fill_is_written_down_as_the_database_has_it(db_url: str) -> None:
    command = [sys.executable, "-m", "lotwatch.cli", "source", "columns", "--database", db_url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    written = Path(mapping_module.__file__).with_name("columns.yaml").read_text()
    assert written == told, "run: lotwatch source columns > include/lotwatch/sources/tables/columns.yaml"
