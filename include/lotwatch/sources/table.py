"""Reads an entity from a CSV file whose headers are the columns of its staging table: what a team loads by hand."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lotwatch.errors import SourceError, nearest
from lotwatch.sources.cells import readers
from lotwatch.sources.connector import Page, Problem, Record

#: the columns that together are a record's identity; records of every other entity must bring a source_key
KEYS: dict[str, tuple[str, ...]] = {
    "cross_reference": ("system", "kind", "their_code"),
    "legal_entity": ("code",),
    "supplier": ("code",),
    "location": ("code",),
    "lane": ("from_site_code", "to_site_code"),
    "item": ("code",),
    "item_unit": ("item_code", "unit"),
    "substitute": ("item_code", "substitute_code", "site_code", "region", "valid_from"),
    "identifier": ("code",),
    "agreement": ("supplier_code", "item_code"),
    "credential": ("kind", "number", "item_code", "supplier_code", "legal_entity_code"),
    "notice": ("authority", "supplier_code", "number"),
    "lot": ("item_code", "udi_di", "lot_number", "serial_number"),
    "kit": ("code", "item_code", "lot_number", "serial_number"),
    "stock_level": ("item_code", "udi_di", "location_code", "lot_number", "serial_number"),
    "device_record": ("udi_di",),
    "count": ("number", "location_code", "item_code", "lot_number", "serial_number", "owner", "status"),
}

_PAGE = 2_000
_ENCODINGS = ("utf-8-sig", "gb18030")
_SEPARATORS = ",;\t"


class CsvTable:
    """A connector over one file of one entity, in UTF-8 or GB18030, separated by commas, semicolons or tabs.

    `columns` are the entity's and their types by PostgreSQL's names; a file need not have all of them. Lists are
    separated by semicolons within the cell, JSON is written as JSON, an empty cell says nothing. `zone` is that of
    moments written without one. A cell that cannot be read is the record's problem; a file that cannot be read, a header
    that is no column, and two lines about the same record raise SourceError before anything is kept.
    """

    def __init__(self, path: Path, entity: str, columns: Mapping[str, str], zone: ZoneInfo | None = None) -> None:
        self.entities: tuple[str, ...] = (entity,)
        self._path, self._entity = path, entity
        self._columns = {name: kind for name, kind in columns.items() if name != "stated"}  # that is ours to write
        self._cells = readers(zone)

    def changed(self, entity: str, cursor: Mapping[str, Any] | None) -> Iterator[Page]:
        """Everything in the file: there is no cursor."""
        records = self._records()
        while page := list(islice(records, _PAGE)):
            yield Page(page)

    def changed_between(self, entity: str, start: datetime, end: datetime) -> Iterator[Page]:
        """A file does not know when its lines changed: everything in it."""
        return self.changed(entity, None)

    def server_time(self) -> None:
        """A file tells no time."""

    def _records(self) -> Iterator[Record]:
        lines = self._lines()
        _, header = next(lines, (0, []))
        header = [name.strip() for name in header]
        self._check_header(header)
        first_line: dict[str, int] = {}
        for line, cells in lines:
            if not any(cells):
                continue
            record = self._record(line, header, cells)
            earlier = first_line.setdefault(record.source_key, line)
            if earlier != line:
                raise SourceError(
                    f"Lines {earlier} and {line} are about the same record ({record.source_key})",
                    where=str(self._path),
                    do="keep the one that is right",
                )
            yield record

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        """(line number, stripped cells) of each line of the file."""
        text = self._text()
        separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
        reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
        try:
            for cells in reader:
                yield reader.line_num, [cell.strip() for cell in cells]
        except csv.Error as error:
            raise SourceError(
                f"The file is not CSV: {error}", where=f"{self._path}, line {reader.line_num}", do="mend the line"
            ) from error

    def _text(self) -> str:
        try:
            content = self._path.read_bytes()
        except OSError as error:
            raise SourceError(f"The file cannot be read: {error.strerror}", where=str(self._path)) from error
        for encoding in _ENCODINGS:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise SourceError(
            "The file's text is neither UTF-8 nor GB18030", where=str(self._path), do="save it as CSV UTF-8"
        )

    def _check_header(self, header: Sequence[str]) -> None:
        where = f"{self._path}, line 1"
        for name in header:
            if name not in {*self._columns, "source_key"}:
                raise SourceError(
                    f'"{name}" is no column of {self._entity}', where=where, do=nearest(name, self._columns)
                )
        twice = {name for name in header if header.count(name) > 1}
        if twice or not header:
            what = f"{', '.join(sorted(twice))} is there twice" if twice else "The file is empty"
            raise SourceError(what, where=where, do="name each column once, in the first line")
        if self._entity not in KEYS and "source_key" not in header:
            raise SourceError(
                f"A {self._entity} has no identity without a source_key",
                where=where,
                do="add a column source_key that stays the same whenever the record is loaded again",
            )

    def _record(self, line: int, header: Sequence[str], cells: Sequence[str]) -> Record:
        problems: list[Problem] = []
        if len(cells) != len(header):
            place = f"{self._path.name}, line {line}"
            problems.append(Problem(place, f"it has {len(cells)} cells, the header {len(header)}"))
        raw = dict(zip(header, cells, strict=False))
        row: dict[str, Any] = {}
        for name in self._columns.keys() & raw.keys():
            try:
                row[name] = self._cells[self._columns[name]](raw[name]) if raw[name] else None
            except ValueError as error:
                problems.append(Problem(f"{self._path.name}, line {line}, column {name}", str(error)))
        return Record(self._key(line, raw), raw, row, tuple(problems))

    def _key(self, line: int, raw: Mapping[str, str]) -> str:
        named = raw.get("source_key") or "|".join(raw.get(name, "") for name in KEYS.get(self._entity, ()))
        return named if named.strip("|") else f"line {line}"
