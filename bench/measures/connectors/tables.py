"""The connectors: rows of dropped files made into records, by a mapping as a site would write it."""

import csv
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as arrow
from pyarrow import parquet

from bench.figures import Figure, Stopwatch, Yardstick
from bench.world import World
from lotwatch.sources.tables import given_files

_MAPPING = """
time_zone: Asia/Shanghai
entities:
  movement:
    file: "moves*"
    key: [MJAHR, MBLNR, ZEILE]
    where: {XAUTO: {not: X}}
    columns:
      item_code: {from: MATNR, strip_zeros: true}
      lot_number: CHARG
      quantity: MENGE
      unit: MEINS
      document: MBLNR
      occurred_at: {from: BUDAT, time: CPUTM}
    cases:
      - when: {BWART: ["101"]}
        columns: {from_location: {value: SUPPLIER}, to_location: {concat: [WERKS, LGORT], with: /}}
      - when: {BWART: ["201", "261"]}
        columns: {from_location: {concat: [WERKS, LGORT], with: /}, to_location: {value: PATIENT}}
"""
_COLUMNS = (
    "MJAHR", "MBLNR", "ZEILE", "XAUTO", "MATNR", "CHARG", "MENGE", "MEINS", "BUDAT", "CPUTM", "BWART", "WERKS", "LGORT",
)  # fmt: skip


def measure_tables(world: World) -> Iterator[Figure]:
    """Movements of a CSV and of a Parquet file, mapped: thirteen columns become ten."""
    with TemporaryDirectory(dir=world.settings.home) as folder:
        mapping, text, table = (Path(folder) / name for name in ("erp.yaml", "moves.csv", "moves.parquet"))
        mapping.write_text(_MAPPING)
        _write(text, table, world.rows)
        with Stopwatch() as watch, text.open(newline="") as file:
            assert sum(1 for _ in csv.reader(file)) == world.rows + 1
        yield _figure("CSV", mapping, text, world.rows, Yardstick("the same file through csv.reader", watch.seconds))
        with Stopwatch() as watch:
            assert len(parquet.read_table(table).to_pylist()) == world.rows
        yield _figure("Parquet", mapping, table, world.rows, Yardstick("the same file as Python values", watch.seconds))


def _figure(case: str, mapping: Path, file: Path, rows: int, floor: Yardstick) -> Figure:
    with Stopwatch() as watch:
        pages = given_files(mapping, [file]).changed("movement", None)
        read = sum(not record.problems for page in pages for record in page.records)
    assert read == rows
    return Figure("connectors", f"rows of {case} mapped to records", rows, "rows", watch.seconds, floor)


def _write(text: Path, table: Path, rows: int) -> None:
    """As many movements as item-sites, in both forms, a part at a time."""
    with text.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        schema = arrow.schema([(name, arrow.string()) for name in _COLUMNS])
        with parquet.ParquetWriter(table, schema) as columns:
            for start in range(0, rows, 10_000):
                part = [_row(number) for number in range(start, min(start + 10_000, rows))]
                writer.writerows(part)
                columns.write_batch(arrow.record_batch(list(zip(*part, strict=True)), schema=schema))


def _row(number: int) -> tuple[str, ...]:
    return (
        "2026", f"49{number // 4:08}", str(number % 4 + 1), "", f"{number % 5_000:018}", f"L{number % 9_000}",
        f"{number % 90 + 1}.000", "PC", f"2026-0{number % 9 + 1}-15", f"{number % 24:02}3000",
        "101" if number % 3 else "261", "1010", f"17{number % 10}A",
    )  # fmt: skip
